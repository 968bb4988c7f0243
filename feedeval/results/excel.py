"""Tables as Excel workbooks: every text is stored as text, so nothing in them runs.

Rows go to the file as they come (openpyxl's write-only mode), so memory does not grow with the table.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from feedeval.errors import InputError

MOST_ROWS = 1_048_575
"""Rows below the header; a worksheet has 1,048,576."""
MOST_CHARS = 32_767
"""Characters that a cell takes."""
CUT = " […]"

_WIDEST = 60
_NARROWEST = 10

# What XML 1.0 has no place for: a workbook with it cannot be opened.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class CutWarning(UserWarning):
    """Texts were longer than the format takes, and were cut."""


def refuse_too_many(rows: int) -> None:
    """Refuse a table that no worksheet holds.

    Raises:
        InputError: There are too many rows; the message says what to do.
    """
    if rows > MOST_ROWS:
        raise InputError(
            f"{rows:,} rows do not fit on a worksheet, which takes {MOST_ROWS:,}: write .csv, .parquet or .jsonl"
        )


def write_excel(names: Sequence[str], rows: Iterable[Sequence[Any]], path: Path) -> None:
    """Write a table as a workbook with one sheet: a header that stays in view and filters.

    Args:
        names: The columns.
        rows: Plain values: text, numbers, truth values, None.
        path: Where to write.
    """
    from openpyxl import Workbook  # only who has the extra has it
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet("feedeval")
    sheet.freeze_panes = "A2"
    for place, name in enumerate(names, 1):
        width = _WIDEST if name in _LONG else max(_NARROWEST, len(name) + 4)
        sheet.column_dimensions[get_column_letter(place)].width = width
    cut = 0

    def cell(value: Any, font: Font | None = None) -> Any:
        nonlocal cut
        if not isinstance(value, str):
            return _number(value)
        text = _ILLEGAL.sub("\ufffd", value)
        if len(text) > MOST_CHARS:
            text, cut = text[: MOST_CHARS - len(CUT)] + CUT, cut + 1
        made = WriteOnlyCell(sheet, text)
        # Whatever it looks like (a formula, an error value), it is text.
        made.data_type = "s"
        if font is not None:
            made.font = font
        return made

    sheet.append([cell(name, Font(bold=True)) for name in names])
    last = 1
    for row in rows:
        sheet.append([cell(value) for value in row])
        last += 1
    if names:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(names))}{last}"
    book.save(path)
    if cut:
        warnings.warn(
            f"{cut:,} texts were longer than the {MOST_CHARS:,} characters that a cell takes and end in{CUT}: .csv, "
            ".parquet and .jsonl hold them whole",
            CutWarning,
            stacklevel=2,
        )


_LONG = frozenset({"title", "question", "evidence", "reason", "name_plus_context", "error"})
"""Columns that are given room to be read."""


def _number(value: Any) -> Any:
    """Return a value that a worksheet has a cell for."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)
