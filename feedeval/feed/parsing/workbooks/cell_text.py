"""A cell of a sheet as the text that the same table has as CSV."""

from __future__ import annotations

import datetime as dt
import re

from feedeval.feed.parsing.faults import Fault, Faults

SheetCell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta

DIGITS_KEPT = 15
"""Significant digits of a number that spreadsheets keep and show; what follows is how the number is stored."""

# The errors of spreadsheets, in English, German, French, Spanish and LibreOffice's numbers.
_ERROR = re.compile(
    r"#(?:N/A|NV|N/D|REF!|BEZUG!|DIV/0!|¡DIV/0!|VALUE!|WERT!|VALEUR!|¡VALOR!|NAME\?|NOM\?|¿NOMBRE\?|NUM!|ZAHL!|NOMBRE!|"
    r"NULL!|NUL!|SPILL!|CALC!|FIELD!|BLOCKED!|GETTING_DATA)|Err:5\d\d"
)


def cell_text(cell: SheetCell, line: int, faults: Faults) -> str:
    """Return the text of a cell; an error of the spreadsheet is empty and counted."""
    if isinstance(cell, str):
        if cell[:1] in ("#", "E") and _ERROR.fullmatch(cell.strip()):
            faults.add(Fault.ERROR_CELL, line=line)
            return ""
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        if abs(cell) >= 10**DIGITS_KEPT:
            faults.add(Fault.LONG_NUMBER, line=line)
        return number_text(cell)
    if isinstance(cell, dt.timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(cell, dt.datetime):
        # A moment is stored as a fraction of a day, which is a hair beside the second that was typed.
        cell = (cell + dt.timedelta(microseconds=500_000)).replace(microsecond=0)
    return cell.isoformat()


def number_text(number: float) -> str:
    """Return a number as it was typed: no exponent, no `.0`, and not the last bits that storing it adds."""
    if isinstance(number, int):
        return str(number)
    text = f"{number:.{DIGITS_KEPT}g}"
    if "e" in text:
        text = f"{number:.0f}" if number.is_integer() else f"{number:.20f}".rstrip("0")
    return text
