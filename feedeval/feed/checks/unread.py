"""What the reader could not understand or had to make is not held against the feed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from feedeval.feed.checks.cells import Cell, Cells
from feedeval.feed.checks.findings import Finding, Issue

_ALIKE = (frozenset({"gtin", "mpn"}), frozenset({"google_product_category", "product_type"}))
"""Attributes of which one is enough; a finding names the first only."""
_OF_FORM = frozenset(
    {"too_long", "value_form", "placeholder", "html", "double_escaped", "broken_characters", "invisible_characters"}
)
_NAMES_SHOWN = 8


def as_read(found: Iterable[Finding], feed: object, cells: Cells) -> list[Finding]:
    """Return findings without those that the feed is not to blame for.

    The form of a value that the reader made, such as an id of handle and options, is left out (the note `_made`), and
    how words are spelled that it translated, such as `in_stock` for a number of pieces (`translated` in the `attrs`).
    An attribute is not missing where a column that nobody understood may hold it: where one looks like it, or where
    fewer than half of the columns are understood. One finding then says which columns these are.

    Args:
        found: The findings.
        feed: What was checked; what its columns were read as stands in the `attrs` of a frame that `read_feed` made.
        cells: The cells of it.
    """
    made = cells.columns.get("_made")
    if made:
        found = [one for one in found if one.issue.check not in _OF_FORM or one.field not in _made(made, one.row)]
    translated = _note(feed).get("translated") or ()
    if translated:
        found = [one for one in found if one.issue.check != "value_form" or one.field not in translated]
    columns = _columns(feed)
    unread = [column for column in columns if not column["means"]]
    if not unread:
        return list(found)
    mostly = 2 * len(unread) > len(columns)
    understood = {"image_link" if column["means"] == "images" else column["means"] for column in columns}
    proposed = {column["proposal"] for column in unread}
    kept: list[Finding] = []
    withheld: dict[str, None] = {}
    for one in found:
        names = next((group for group in _ALIKE if one.field in group), {one.field})
        if one.issue.check.startswith("missing_") and not names & understood and (mostly or names & proposed):
            withheld[one.field] = None
        else:
            kept.append(one)
    return [_told(unread, len(columns), list(withheld)), *kept] if withheld else kept


def _made(made: Sequence[Cell | None], row: int) -> Sequence[str]:
    names = made[row] if row >= 0 else None
    return names if isinstance(names, list) else ()


def _note(feed: object) -> Mapping[str, Any]:
    """Return what the reader noted of a frame."""
    note = feed.attrs.get("feedeval") if isinstance(feed, pd.DataFrame) else None
    return note if isinstance(note, Mapping) else {}


def _columns(feed: object) -> list[Mapping[str, Any]]:
    """Return what the columns of a read table that hold anything were read as."""
    columns = _note(feed).get("columns", [])
    return [column for column in columns if isinstance(column, Mapping) and column.get("sample")]


def _told(unread: list[Mapping[str, Any]], count: int, withheld: list[str]) -> Finding:
    names = [str(column["column"]) for column in unread]
    shown = ", ".join(names[:_NAMES_SHOWN]) + (", …" if len(names) > _NAMES_SHOWN else "")
    looks = [f"“{column['column']}” looks like {column['proposal']}" for column in unread if column["proposal"]]
    also = f"; {', '.join(looks[:_NAMES_SHOWN])}" if looks else ""
    message = (
        f"{len(unread)} of {count} columns are not understood ({shown}), so it is open whether "
        f"{', '.join(withheld)} {'is' if len(withheld) == 1 else 'are'} missing{also}"
    )
    return Finding(-1, "", Issue("unread_columns", message, ", ".join(names)))
