"""Cells of tables that people open in a spreadsheet: written so that nothing runs, and read back as they were."""

from __future__ import annotations

import re
from typing import Any

# What a spreadsheet takes for the start of a formula or a command (OWASP, CSV injection), also full-width and behind
# white space or characters that take no room.
_FORMULA = re.compile(r"[\t\r\n]|[\s\u0000-\u001f\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def safe_cell(cell: Any) -> Any:
    """Return `cell`, with an apostrophe in front where it is text that a spreadsheet would run."""
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return "'" + cell
    return cell


def bare_cell(text: str) -> str:
    """Return a text without the apostrophe that `safe_cell` or a spreadsheet put before what looks like a formula."""
    return text[1:] if text.startswith("'") and safe_cell(text[1:]) != text[1:] else text
