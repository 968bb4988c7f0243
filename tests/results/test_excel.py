"""Tables as Excel workbooks, read back by openpyxl."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from feedeval.errors import InputError
from feedeval.results.export import CUT, MOST_CHARS, MOST_ROWS, CutWarning, write_chunks, write_excel, write_frame
from feedeval.results.session import load_session
from tests.results.factory import Plan, write_session
from tests.results.test_export import FORMULAS


def sheet_of(path: Path) -> Any:
    return openpyxl.load_workbook(path).active


@pytest.mark.parametrize("text", [*FORMULAS, "#N/A", "#REF!", "00123", "-12.5", "1E5", "TRUE", "2026-01-01"])
def test_a_text_is_stored_as_text_whatever_it_looks_like(tmp_path: Path, text: str) -> None:
    path = write_frame(pd.DataFrame({"t": pd.Series([text], dtype=object)}), tmp_path / "t.xlsx")
    cell = sheet_of(path)["A2"]
    assert cell.data_type == "s" and cell.value == text.replace("\r", "\n")
    with zipfile.ZipFile(path) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


def test_numbers_truth_values_and_gaps_keep_their_kind(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"i": pd.array([3, None], dtype="Int64"), "f": [0.5, float("inf")], "b": [True, False], "=h": ["a", None]}
    )
    rows = list(sheet_of(write_frame(frame, tmp_path / "t.xlsx")).values)
    assert rows == [("i", "f", "b", "=h"), (3, 0.5, True, "a"), (None, None, False, None)]


def test_characters_that_no_workbook_takes_are_shown_as_replaced(tmp_path: Path) -> None:
    frame = pd.DataFrame({"t": pd.Series(["a\x00b\x1bc\ud83dd\ufffee\tf"], dtype=object)})
    assert sheet_of(write_frame(frame, tmp_path / "t.xlsx"))["A2"].value == "a�b�c�d�e\tf"


def test_a_text_that_is_too_long_is_cut_visibly_and_said_to_be(tmp_path: Path) -> None:
    frame = pd.DataFrame({"t": ["x" * (MOST_CHARS + 1), "y" * MOST_CHARS]})
    with pytest.warns(CutWarning, match="1 texts were longer"):
        path = write_frame(frame, tmp_path / "t.xlsx")
    first, second = (sheet_of(path)[f"A{row}"].value for row in (2, 3))
    assert len(first) == MOST_CHARS and first.endswith(CUT) and second == "y" * MOST_CHARS


def test_more_rows_than_a_worksheet_takes_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"1,048,576 rows do not fit.*\.parquet"):
        write_chunks(iter([pd.DataFrame({"n": [1]})]), tmp_path / "t.xlsx", rows=MOST_ROWS + 1)
    assert not list(tmp_path.iterdir())


def test_the_header_stays_in_view_and_filters(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    write_excel(["a", "title"], [(1, "x"), (2, "y")], path)
    sheet = sheet_of(path)
    assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref == "A1:B3" and sheet["A1"].font.bold


def test_a_session_is_written_whole(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=25, failed=(3,), overrides={1: {"title": "=1+1"}}))
    session = load_session(output_dir=tmp_path)
    rows = list(sheet_of(session.consolidate(tmp_path / "s.xlsx")).values)
    assert rows[0] == tuple(session.results.columns) and len(rows) == 26
    assert rows[2][rows[0].index("title")] == "=1+1"
    assert rows[4][rows[0].index("status")] == "failed" and rows[4][rows[0].index("coverage_pct")] is None
