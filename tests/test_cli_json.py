"""`--json`: every command that finds something says it as one JSON document, and nothing else on standard output."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from feedeval.cli import main
from feedeval.cli.documents import as_plain, encoded
from feedeval.cli.main import parser
from feedeval.feed.checks.findings import COLUMNS
from feedeval.results.library import LIST_COLUMNS
from feedeval.results.session import load_session
from tests.results.audits import Planted, write
from tests.test_cli_run import write_feed

SAMPLE = Path(__file__).resolve().parents[1] / "notebooks" / "data"
NASTY = "=1+1 \x9b31m <b>\u202eIgnore\ud800"
NO_FINDINGS = {"mcp"}
"""Commands that print neither a table nor facts."""


@pytest.fixture(autouse=True)
def no_engine_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "output"
    attributes = ("material", "weight", "care")
    others = {f"P{n}": "ypn" for n in range(8)}
    write(folder, Planted({"A": "nnn", "B": "yyn", **others}, attributes=attributes))
    write(folder, Planted({"A": "ynn", "B": "yyn", **others}, sid="20261102_090000", attributes=attributes))
    return folder


def no_number(found: str) -> None:
    pytest.fail(f"{found} is no JSON")


def commands() -> dict[str, argparse.ArgumentParser]:
    [found] = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(found.choices)


def typed(folder: Path) -> dict[str, list[str]]:
    """A call of each command that works in `folder`."""
    feed = str(write_feed(folder / "feed.tsv"))
    labels = folder / "labels.csv"
    judged = load_session("20261102", output_dir=folder / "output").judgements
    judged.assign(label=judged["verdict"].astype(str))[["product_id", "question", "label"]].to_csv(labels, index=False)
    return {
        "run": ["run", feed, "--no-reuse"],
        "estimate": ["estimate", feed, "--pilot", "2"],
        "resume": ["resume"],
        "check": ["check", feed],
        "targets": ["targets"],
        "pages": ["pages", str(SAMPLE / "sample_feed.xml"), "--folder", str(SAMPLE / "pages")],
        "gaps": ["gaps", "20261102"],
        "ledger": ["ledger", "20261102"],
        "workbook": ["workbook", "20261102", "--to", str(folder / "audit.xlsx")],
        "answers": ["answers", "--to", str(folder / "answers.tsv")],
        "compare": ["compare", "20261101", "20261102"],
        "certify": ["certify", "20261102", str(labels)],
        "shadow": ["shadow", str(SAMPLE / "sample_labels.csv"), "--limit", "3"],
        "list": ["list"],
        "info": ["info", "20261102"],
        "status": ["status", "20261102"],
        "consolidate": ["consolidate", "20261102", "--to", str(folder / "out.csv")],
        "verify": ["verify", "20261102"],
        "backup": ["backup", "20261102", "--to", str(folder / "backup.zip")],
        "restore": ["restore", str(folder / "backup.zip"), "--overwrite"],
        "cache": ["cache"],
        "cleanup": ["cleanup", "20261101_090000", "--yes"],
    }


ASKS_ANOTHER_PROCESS = {"pause", "stop"}
"""They are tried where there is one, in `test_cli_requests`."""


def test_every_command_that_finds_something_has_the_option() -> None:
    lacking = {name for name, command in commands().items() if "--json" not in command._option_string_actions}
    assert lacking == NO_FINDINGS


def test_every_command_prints_one_document_and_nothing_else(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls = typed(output.parent)
    assert set(calls) | ASKS_ANOTHER_PROCESS | NO_FINDINGS == set(commands())
    for name, words in calls.items():
        where = ["--output-dir", str(output if name != "restore" else output.parent / "restored")]
        assert main([*words, *where, "--json"]) == 0, name
        printed = capsys.readouterr().out
        document = json.loads(printed, parse_constant=no_number)
        assert isinstance(document, dict) and document, name
        assert printed.count("\n") == 1, name


def said(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    main([*words, "--json"])
    return json.loads(capsys.readouterr().out)


def test_keys_are_the_columns_of_the_frames(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("--output-dir", str(output))
    sessions = said(capsys, "list", *where)["sessions"]
    assert [list(row) for row in sessions] == [list(LIST_COLUMNS)] * 2
    assert datetime.fromisoformat(sessions[0]["started"]) and "T" in sessions[0]["started"]
    findings = said(capsys, "check", str(write_feed(output.parent / "feed.tsv")), *where)
    assert findings["findings"] and all(list(row) == list(COLUMNS) for row in findings["findings"])
    assert findings["checked"]["products"] == 3 and findings["missed"] == []
    session = load_session("20261102", output_dir=output)
    gaps = said(capsys, "gaps", "20261102", *where)["gaps"]
    assert len(gaps) == len(session.gaps()) and list(gaps[0]) == list(session.gaps().columns)
    compared = said(capsys, "compare", "20261101", "20261102", *where)
    assert compared["gained"] == 1 and set(compared["change"]) == {"estimate", "low", "high"}
    assert compared["products"][0]["coverage_before_pct"] == 0.0


def test_the_end_of_a_run_says_what_came_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed = str(write_feed(tmp_path / "feed.tsv"))
    found = said(capsys, "run", feed, "--output-dir", str(tmp_path / "out"), "--progress", "text")
    assert (found["status"], found["total"], found["done"]) == ("finished", 3, 3)
    assert found["coverage"]["coverage_pct"] > 0 and found["missed"] == []


def test_what_is_not_known_is_null_and_text_is_as_it_is() -> None:
    cells = {"n": [1.5, float("nan")], "i": pd.array([3, None], dtype="Int64")}
    frame = pd.DataFrame({**cells, "s": pd.Series([NASTY, None], dtype=object)})
    when = datetime(2026, 1, 31, 14, 25, tzinfo=UTC)
    document = {"rows": frame, "when": when, "infinite": float("inf"), "where": Path("a/b")}
    text = encoded(document)
    assert "\x9b" not in text and "\u202e" not in text and "'" not in text
    read = json.loads(text)
    assert read["rows"] == [{"n": 1.5, "i": 3, "s": NASTY}, {"n": None, "i": None, "s": None}]
    assert (read["when"], read["infinite"], read["where"]) == ("2026-01-31T14:25:00+00:00", None, "a/b")
    assert json.loads(encoded({"a": "Größe"}, ascii_only=True)) == {"a": "Größe"}
    assert as_plain({1: (True, None)}) == {"1": [True, None]}


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_program_writes_whole_text_whatever_the_terminal_knows(tmp_path: Path, encoding: str) -> None:
    feed = write_feed(tmp_path / "feed.tsv", [("Ä-1", "Größe", "")])
    command = [sys.executable, "-m", "feedeval", "check", str(feed), "--json", "--csv", str(tmp_path / "f.csv")]
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, env=env, capture_output=True, check=False, timeout=120, cwd=tmp_path)
    document = json.loads(done.stdout)
    assert {row["product_id"] for row in document["findings"]} >= {"Ä-1"}
    assert Path(document["written"]["csv"]).exists() and b"Written" in done.stderr


def test_an_error_leaves_standard_output_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--json", "--output-dir", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and "no session" in printed.err
