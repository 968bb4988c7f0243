"""Tables as Excel workbooks: every text is stored as text, so nothing in them runs.

Rows go to the file as they come (XlsxWriter's constant memory), so memory does not grow with the table.
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
    import xlsxwriter  # only who has the extra has it

    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("feedeval")
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True})
    for place, name in enumerate(names):
        sheet.set_column(place, place, _WIDEST if name in _LONG else max(_NARROWEST, len(name) + 4))
        sheet.write_string(0, place, _fit(name), bold)
    cut = last = 0
    for last, row in enumerate(rows, 1):
        for place, value in enumerate(row):
            if value is None:
                continue
            if isinstance(value, bool):
                sheet.write_boolean(last, place, value)
            elif isinstance(value, int | float):
                if math.isfinite(value):
                    sheet.write_number(last, place, value)
            else:
                # Whatever it looks like (a formula, an error value, an address), it is text.
                text = str(value)
                sheet.write_string(last, place, _fit(text))
                cut += len(text) > MOST_CHARS
    if names:
        sheet.autofilter(0, 0, last, len(names) - 1)
    book.close()
    if cut:
        warnings.warn(
            f"{cut:,} texts were longer than the {MOST_CHARS:,} characters that a cell takes and end in{CUT}: .csv, "
            ".parquet and .jsonl hold them whole",
            CutWarning,
            stacklevel=2,
        )


_LONG = frozenset({"title", "question", "evidence", "reason", "name_plus_context", "error"})
"""Columns that are given room to be read."""


def _fit(text: str) -> str:
    """Return a text as a cell can hold it: without what XML has no place for, and cut visibly where it is too long."""
    if not text.isprintable():
        text = _ILLEGAL.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text if len(text) <= MOST_CHARS else text[: MOST_CHARS - len(CUT)] + CUT
