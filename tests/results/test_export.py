from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from feedeval.errors import InputError, StorageError
from feedeval.feed.spreadsheet import bare_cell, safe_cell
from feedeval.results.export import write_frame
from feedeval.results.session import load_session
from tests.results.factory import Plan, write_session

FORMULAS = [
    "=1+1",
    '=HYPERLINK("http://evil.example","click")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(A1)",
    "-cmd|' /C calc'!A0",
    "+49 30 1234567",
]


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert safe_cell(cell) == "'" + cell
    assert bare_cell(safe_cell(cell)) == cell


@pytest.mark.parametrize(
    "cell", ["-12.5", "+3", "-1e5", "-.5", "12", "", "oak - oiled", "a=b", "x@y.example", "–20 °C"]
)
def test_numbers_and_ordinary_text_stay(cell: str) -> None:
    assert safe_cell(cell) == cell
    assert not isinstance(cell, str) or bare_cell(cell) == cell


def csv_lines(frame: pd.DataFrame, folder: Path) -> list[str]:
    return write_frame(frame, folder / "cells.csv").read_text(encoding="utf-8-sig").splitlines()


def test_numbers_are_never_touched_and_the_frame_given_stays(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"=n": [-1.5, 2.0], "i": pd.array([-1, None], dtype="Int64"), "t": ["=1", "ok"], "o": [-3, "=x"]}
    )
    before = frame.copy()
    assert csv_lines(frame, tmp_path) == ["'=n,i,t,o", "-1.5,-1,'=1,-3", "2.0,,ok,'=x"]
    pd.testing.assert_frame_equal(frame, before)


def test_categories_are_neutralised_too(tmp_path: Path) -> None:
    frame = pd.DataFrame({"c": pd.Categorical(["=1", "b", "=1"]), "b": [True, False, True]})
    assert csv_lines(frame, tmp_path) == ["c,b", "'=1,True", "b,False", "'=1,True"]


def test_repeated_column_names_are_each_kept(tmp_path: Path) -> None:
    frame = pd.DataFrame([["=a", "b"]], columns=["x", "x"])
    assert csv_lines(frame, tmp_path) == ["x,x", "'=a,b"]


def test_a_csv_is_the_one_that_pandas_would_write(tmp_path: Path) -> None:
    texts = ['a "quoted" word', "one,two", "line\nbreak", "", None, "ümlaut", " edge ", "'"] * 30
    frame = pd.DataFrame({"t": texts, "f": np.arange(len(texts)) / 7, "n": pd.array(range(len(texts)), dtype="Int64")})
    ours = write_frame(frame, tmp_path / "ours.csv")
    frame.to_csv(tmp_path / "theirs.csv", index=False, encoding="utf-8-sig")
    assert ours.read_bytes() == (tmp_path / "theirs.csv").read_bytes()
    returns = pd.DataFrame({"t": ["carriage\rreturn"]})
    assert csv_lines(returns, tmp_path)[1:] == ['"carriage', 'return"'], "a return inside quotes ends no row"
    lonely = pd.DataFrame({"t": ["a", None, "b"]})
    assert len(pd.read_csv(write_frame(lonely, tmp_path / "lonely.csv"), skip_blank_lines=True)) == 3


def hostile(tmp_path: Path, title: str) -> pd.DataFrame:
    write_session(tmp_path, Plan(products=4, batch_size=2, overrides={1: {"title": title, "product_id": "@id"}}))
    return load_session(output_dir=tmp_path).results


def test_a_session_as_csv_opens_in_excel_and_in_pandas(tmp_path: Path) -> None:
    results = hostile(tmp_path, "=cmd|' /C calc'!A0, “größer”")
    path = write_frame(results, tmp_path / "out.csv")
    assert path.read_bytes().startswith("\ufeffproduct_id".encode())
    back = pd.read_csv(path)
    assert list(back.columns) == list(results.columns)
    assert back["title"][1] == "'=cmd|' /C calc'!A0, “größer”"
    assert back["product_id"][1] == "'@id"
    assert back["name_plus_context"][1].startswith("'=cmd")
    assert json.loads(back["judgements_json"][0]) == json.loads(results["judgements_json"][0])
    assert back["coverage_pct"].tolist() == results["coverage_pct"].tolist()


def test_json_lines_keep_every_text_as_it_is(tmp_path: Path) -> None:
    results = hostile(tmp_path, "=cmd “größer” <script>")
    lines = write_frame(results, tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4
    assert json.loads(lines[1])["title"] == "=cmd “größer” <script>"
    assert json.loads(lines[0])["error"] is None


def test_parquet_keeps_dtypes(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    results = hostile(tmp_path, "=1")
    back = pd.read_parquet(write_frame(results, tmp_path / "out.parquet"))
    assert back["title"][1] == "=1"
    assert back["yes_count"].dtype == "Int64"


def test_parquet_of_many_parts_is_one_table(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": range(4_001), "t": pd.array([None] * 4_000 + ["late"], dtype="str")})
    back = pd.read_parquet(write_frame(frame, tmp_path / "parts.parquet"))
    assert back["n"].tolist() == list(range(4_001)) and back["t"].iloc[-1] == "late"
    mixed = pd.DataFrame({"o": pd.Series([None] * 3_000 + [1.5], dtype=object)})
    assert pd.read_parquet(write_frame(mixed, tmp_path / "mixed.parquet"))["o"].iloc[-1] == 1.5


def test_more_rows_than_are_written_at_once_come_out_in_order(tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": range(4_001), "t": ["=x"] * 4_001})
    assert pd.read_csv(write_frame(frame, tmp_path / "n.csv"))["n"].tolist() == list(range(4_001))
    assert len((write_frame(frame, tmp_path / "n.jsonl")).read_text().splitlines()) == 4_001


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet", "xlsx"])
def test_an_empty_frame_is_written_too(tmp_path: Path, suffix: str) -> None:
    path = write_frame(pd.DataFrame({"a": pd.array([], dtype="str")}), tmp_path / f"e.{suffix}")
    assert path.exists()


@pytest.mark.parametrize("name", ["out.xls", "out", "nowhere/out.csv"])
def test_an_unusable_path_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"out|nowhere"):
        write_frame(pd.DataFrame({"a": [1]}), tmp_path / name)


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken.csv").mkdir()
    with pytest.raises(StorageError, match=r"taken\.csv"):
        write_frame(pd.DataFrame({"a": [1]}), tmp_path / "taken.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["taken.csv"]


def test_half_a_surrogate_pair_does_not_stop_an_export(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": pd.Series(["broken \ud83d emoji"], dtype=object)})
    for name in ("s.csv", "s.jsonl"):
        assert "broken" in write_frame(frame, tmp_path / name).read_text(encoding="utf-8")
