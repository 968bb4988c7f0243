"""Several sessions as one table: a row a product or a row a judgement."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import feedeval as fe
from feedeval.cli import main
from feedeval.errors import InputError
from feedeval.records import Status
from tests.results.audits import Planted, write
from tests.results.factory import Plan, write_session, write_shadow_session

FIRST, SECOND, THIRD = "20261101_090000", "20261102_090000", "20261103_090000"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, Planted({"A": "nnn", "B": "nnn", "C": ""}))
    write(tmp_path, Planted({"C": "yyy", "B": "ynn", "D": "ppp"}, sid=SECOND))
    write(tmp_path, Planted({"D": "", "B": "yyn", "E": ""}, sid=THIRD))
    return tmp_path


def merged(folder: Path, rows: str, suffix: str = "csv") -> pd.DataFrame:
    path = fe.consolidate([THIRD, FIRST, SECOND], folder / f"all.{suffix}", rows=rows, output_dir=folder)
    readers = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": pd.read_excel}
    return pd.read_json(path, lines=True, dtype=False) if suffix == "jsonl" else readers[suffix](path)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx", "jsonl"])
def test_of_each_product_the_newest_result_counts_and_a_failure_hides_none(folder: Path, suffix: str) -> None:
    table = merged(folder, "products", suffix)
    assert table[["product_id", "session", "status"]].astype(str).to_numpy().tolist() == [
        ["A", FIRST, "done"],
        ["B", THIRD, "done"],
        ["C", SECOND, "done"],
        ["D", SECOND, "done"],
        ["E", THIRD, "failed"],
    ]
    assert table["coverage_pct"].tolist()[:4] == [0.0, 75.0, 100.0, 50.0]
    assert list(table.columns)[-1] == "session"


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx", "jsonl"])
def test_a_row_a_judgement_holds_those_of_the_same_results(folder: Path, suffix: str) -> None:
    table = merged(folder, "judgements", suffix)
    assert len(table) == 4 * 3 and list(table.columns)[-1] == "session"
    verdicts = table.groupby("key", sort=True)["verdict"].agg(list).to_dict()
    assert verdicts == {"A": ["no"] * 3, "B": ["yes", "yes", "no"], "C": ["yes"] * 3, "D": ["partial"] * 3}
    assert table.groupby("key")["session"].first().astype(str).to_dict() == {
        "A": FIRST, "B": THIRD, "C": SECOND, "D": SECOND,
    }  # fmt: skip


def test_one_session_alone_has_no_column_for_its_name(folder: Path) -> None:
    session = fe.load_session(SECOND, output_dir=folder)
    table = pd.read_csv(session.consolidate(folder / "one.csv", rows="judgements"))
    assert list(table.columns) == list(session.judgements.columns) and len(table) == 9


def test_what_a_row_is_has_to_be_known_and_to_be_there(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="rows='pairs'"):
        fe.consolidate(FIRST, folder / "x.csv", rows="pairs", output_dir=folder)
    shadow = write_shadow_session(tmp_path / "shadow")
    with pytest.raises(InputError, match="has no judgements"):
        fe.consolidate(shadow, folder / "x.csv", rows="judgements", output_dir=tmp_path / "shadow")


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx", "jsonl"])
@pytest.mark.parametrize("rows", ["products", "judgements"])
def test_a_session_without_results_between_others_changes_nothing(tmp_path: Path, rows: str, suffix: str) -> None:
    write_session(tmp_path, Plan(complete=0, status=Status.STOPPED, sid="20260101_090000"))
    empty = fe.consolidate("20260101", tmp_path / f"empty.{suffix}", rows=rows, output_dir=tmp_path)
    assert empty.exists()
    write(tmp_path, Planted({"A": "nnn"}))
    write_session(tmp_path, Plan(complete=0, status=Status.STOPPED, sid=SECOND))
    write(tmp_path, Planted({"B": "yyy"}, sid=THIRD))
    table = merged(tmp_path, rows, suffix)
    assert table.groupby("product_id")["session"].first().astype(str).to_dict() == {"A": FIRST, "B": THIRD}


def test_the_terminal_writes_judgements_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = folder / "all.csv"
    arguments = ["consolidate", FIRST, THIRD, "--rows", "judgements", "--to", str(target)]
    assert main([*arguments, "--output-dir", str(folder)]) == 0
    assert "Written" in capsys.readouterr().out and len(pd.read_csv(target)) == 6
