"""Which row of a sheet names its columns, and how much of a product feed a sheet is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from feedeval.feed.parsing.columns import ColumnNames, recognised, squeeze
from feedeval.feed.parsing.lines import is_preamble
from feedeval.feed.parsing.shops import adapter_for

LOOKED_AT = 40
"""Rows at the top of a sheet among which its header is looked for."""

_OF_A_SHOP = 3
"""What a header counts beside its own columns when it is that of a shop's export."""


@dataclass(frozen=True, slots=True)
class Header:
    """The row that names the columns.

    Attributes:
        index: Its place in the sheet, from 0.
        known: How many attributes of a product it names.
    """

    index: int
    known: int


def header_of(rows: Sequence[Sequence[str]], given: Collection[str]) -> Header | None:
    """Return the row that names the most attributes; where none names any, the first with several cells.

    Args:
        rows: The top of a sheet.
        given: Names that a person told the meaning of, squeezed.
    """
    best: Header | None = None
    first: Header | None = None
    for index, cells in enumerate(rows[:LOOKED_AT]):
        names = [cell.strip() for cell in cells]
        filled = [name for name in names if name]
        if len(filled) < 2 or is_preamble(filled[0]):
            continue  # a title, or what somebody has to say about the table
        known = _known(filled, given)
        if known and (best is None or known > best.known):
            best = Header(index, known)
        if first is None:
            first = Header(index, 0)
    return best or first


def _known(names: list[str], given: Collection[str]) -> int:
    told = sum(squeeze(name) in given for name in names)
    known = len(recognised(target.name for target in ColumnNames().resolve(names)))
    return told + known + (_OF_A_SHOP if adapter_for(names) else 0)
