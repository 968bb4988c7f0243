"""`feedeval gaps`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from feedeval.cli import main
from feedeval.results.session import load_session
from tests.results.factory import CATEGORIES, Plan, write_session

NASTY = "\x1b]0;x\x07A"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "output"
    folder.mkdir()
    write_session(folder, Plan(questions=12, overrides={0: {"product_id": NASTY, "title": NASTY}}))
    return folder


def run(output: Path, *arguments: str) -> int:
    return main(["gaps", "--output-dir", str(output), *arguments])


def test_what_to_add_first_is_said_with_its_figures(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(output) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("1. Add `product_detail` to 30 products: answers")
    assert "Gain, in points" in shown and "\x1b" not in shown


def test_gaps_are_told_apart_by_question_and_category(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(output, "20261120", "--by", "question", "--within", "category") == 0
    shown = capsys.readouterr().out
    rows = shown.partition("Gain, in points")[2].splitlines()
    # In the table a category goes by its own name, which is what tells it from its neighbours.
    own = CATEGORIES[0].rpartition(" > ")[2]
    assert any("What is it made of?" in row and f"… > {own} " in row for row in rows) and "more" in rows[-1]


def test_files_are_written_where_they_are_named(
    output: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, fixes = tmp_path / "gaps.csv", tmp_path / "fixes.tsv"
    assert run(output, "--to", str(table), "--fix-file", str(fixes)) == 0
    assert pd.read_csv(table)["attribute"][0] == "product_detail"
    assert fixes.read_text(encoding="utf-8-sig").startswith("id\t")
    assert "30" in capsys.readouterr().out.rpartition("Products")[2]


def test_a_file_of_another_kind_is_refused(output: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(output, "--fix-file", str(tmp_path / "fixes.xlsx")) == 2
    assert ".tsv" in capsys.readouterr().err


def test_a_filled_file_is_audited_with_its_feed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    feed, fixes, folder = tmp_path / "feed.tsv", tmp_path / "fixes.tsv", str(tmp_path / "output")
    feed.write_text("id\ttitle\tproduct_type\nA\tOak chair\tFurniture > Chairs\nB\tBeech table\tFurniture > Tables\n")
    assert main(["run", str(feed), "--model", "offline", "--output-dir", folder]) == 0
    fixes.write_text("id\tcolor\nB\tRed\n")
    capsys.readouterr()
    assert main(["run", str(feed), "--model", "offline", "--fixes", str(fixes), "--output-dir", folder]) == 0
    shown = capsys.readouterr()
    assert "kept 1 · changed 1" in shown.out + shown.err
    sid = load_session(output_dir=folder).id
    assert main(["resume", sid, "--fixes", str(fixes), "--output-dir", folder]) == 2
    assert "--feed" in capsys.readouterr().err
    assert main(["resume", sid, "--feed", str(feed), "--fixes", str(fixes), "--output-dir", folder]) == 0
