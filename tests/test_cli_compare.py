"""`feedeval compare`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from feedeval.cli import main
from tests.results.audits import Planted, write

NASTY = "\x1b]0;x\x07A"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "output"
    write(folder, Planted({NASTY: "nnn", "B": "yyy"}))
    write(folder, Planted({NASTY: "ynn", "B": "yyy"}, sid="20261102_090000"))
    write(folder, Planted({NASTY: "yyn", "B": "yyy"}, sid="20261103_090000"))
    return folder


def run(output: Path, *arguments: str) -> int:
    return main(["compare", "--output-dir", str(output), *arguments])


def test_two_sessions_are_compared_in_the_terminal(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(output, "20261101", "20261103") == 0
    shown = capsys.readouterr().out
    assert "Comparison of 20261101_090000 with 20261103_090000" in shown
    assert "2 questions more, 0 fewer" in shown and "\x1b" not in shown


def test_without_names_the_two_latest_audits_are_compared(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(output) == 0
    assert "Comparison of 20261102_090000 with 20261103_090000" in capsys.readouterr().out
    assert run(output, "20261101") == 0
    assert "Comparison of 20261101_090000 with 20261103_090000" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["changes.html", "changes.csv"])
def test_a_file_is_written_where_one_is_named(output: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    assert run(output, "--to", str(target)) == 0
    if name.endswith(".csv"):
        assert pd.read_csv(target)["gained"].tolist() == [1, 0]
    else:
        assert target.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_what_cannot_be_compared_ends_with_code_2_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, Planted({"A": "nnn"}))
    assert run(tmp_path) == 2
    assert "no audit before 20261101_090000" in capsys.readouterr().err
    write(tmp_path, Planted({"A": "nnn"}, sid="20261102_090000", engine="other"))
    assert run(tmp_path) == 2
    assert "other_engine=True" in capsys.readouterr().err
    assert run(tmp_path, "--other-engine") == 0
