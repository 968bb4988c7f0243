"""What a shop filled in, laid over its feed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from feedeval.errors import InputError
from feedeval.feed.checks.cells import cell
from feedeval.feed.checks.supplemental import waits
from feedeval.feed.filled import read_filled
from feedeval.feed.parsing.columns import AttributeShape, attributes
from feedeval.feed.parsing.faults import warn
from feedeval.feed.parsing.frames.kinds import FeedLike
from feedeval.feed.parsing.product import FieldValue
from feedeval.feed.reader import products, read_feed
from feedeval.feed.spec import is_filled
from feedeval.feed.spreadsheet import bare_cell

_SHOWN = 5
_KEYS = {"question_and_answer": ("question",), "product_detail": ("section_name", "attribute_name")}
"""The parts that say which of several groups one is: another value for it takes its place."""


@dataclass
class _Tally:
    """What became of the rows of a file."""

    changed: set[int] = field(default_factory=set)
    """Rows of the feed."""
    cells: int = 0
    unanswered: int = 0
    unknown: list[str] = field(default_factory=list)
    without_id: int = 0
    repeated: list[str] = field(default_factory=list)


def apply_fixes(feed: FeedLike, fixes: FeedLike) -> pd.DataFrame:
    """Return the feed with what a filled file says, so that the next audit asks about the changed products alone.

    Cells that are empty change nothing, and questions without an answer are left out. A value takes the place of the
    feed's own; what an attribute can hold several of (highlights, details, questions and answers, links) is added to
    what is there, and an answer to the same question or a value for the same detail takes its place. Every product of
    an id gets what is filled in for it. The apostrophe that keeps a spreadsheet from running a cell is taken off.

    Args:
        feed: A frame of `read_feed`, or anything that `read_feed` takes.
        fixes: The file that `Session.fix_file` or `Session.workbook` wrote, any other table with an `id` column (CSV,
            Excel, OpenDocument), or a frame of one. Of a workbook, its sheet *To fill in* is read where it has one.

    Returns:
        A new frame, in the feed's order. `attrs["feedeval"]["fixes"]` holds `source`, `products` (changed), `cells`
        (changed), `unanswered` (questions), `unknown_ids` and `repeated_ids`. A session on it cannot read the feed
        again by itself: going on with one takes the frame.

    Raises:
        InputError: The fixes have no `id` column, or the feed has none.
        FeedError: The feed or the fixes cannot be read.

    Warns:
        FeedWarning: Ids are not in the feed, or stand in several rows of the file.
    """
    base = feed if isinstance(feed, pd.DataFrame) else read_feed(feed)
    filled = fixes if isinstance(fixes, pd.DataFrame) else _read(fixes)
    for frame, what in ((base, "feed"), (filled, "file of fixes")):
        if "id" not in frame.columns:
            raise InputError(
                f"the {what} has no id column: without it nobody can tell which product is meant; it has "
                f"{', '.join(map(str, frame.columns[:_SHOWN])) or 'no columns'}"
            )
    laying = _Laying(base)
    # A frame that somebody made or read from a spreadsheet holds questions and lists as text, as a file does.
    for entry in products(filled):
        laying.add(entry)
    result = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in laying.columns.items()})
    result.index = base.index
    result.attrs["feedeval"] = _note(base, filled, laying.tally)
    _tell(laying.tally)
    return result


def _read(fixes: FeedLike) -> pd.DataFrame:
    filled = read_filled(fixes)
    return read_feed(fixes) if filled is None else filled


def _rows_by_id(base: pd.DataFrame) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, value in enumerate(base["id"]):
        if is_filled(value):
            rows.setdefault(_text(value), []).append(row)
    return rows


def _text(value: object) -> str:
    """Return an id as text, as it is read: a column of whole numbers with a gap is one of floats."""
    text = cell(value[0] if isinstance(value, list) and value else value)
    return text if isinstance(text, str) else ""


class _Laying:
    """Lays the rows of a file over a feed, one by one."""

    def __init__(self, base: pd.DataFrame) -> None:
        self.columns: dict[str, list[Any]] = {str(name): base[name].tolist() for name in base.columns}
        self.tally = _Tally()
        self._rows = _rows_by_id(base)
        self._seen: set[str] = set()

    def add(self, entry: Mapping[Any, Any]) -> None:
        """Lay one row of the file over the products of its id."""
        values = self._values(entry)
        given = entry.get("id")
        if not is_filled(given):
            self.tally.without_id += bool(values)
            return
        # An id that really begins with an apostrophe stands for itself.
        product_id = next((each for each in (_text(given), bare_cell(_text(given))) if each in self._rows), None)
        if product_id is None:
            self.tally.unknown.append(bare_cell(_text(given)))
            return
        if product_id in self._seen:
            self.tally.repeated.append(product_id)
        self._seen.add(product_id)
        for name, value in values.items():
            for row in self._rows[product_id]:
                self._set(name, row, value)

    def _values(self, entry: Mapping[Any, Any]) -> dict[str, Any]:
        """Return what is filled in, without questions that wait for their answer."""
        values = {str(name): _bare(value) for name, value in entry.items() if is_filled(value)}
        pairs = values.get("question_and_answer", [])
        if isinstance(pairs, list):
            answered = [pair for pair in pairs if not waits(pair)]
            self.tally.unanswered += len(pairs) - len(answered)
            values["question_and_answer"] = answered
        return {name: value for name, value in values.items() if is_filled(value) and name != "id" and name[:1] != "_"}

    def _set(self, name: str, row: int, value: FieldValue) -> None:
        column = self.columns.setdefault(name, [None] * len(self.columns["id"]))
        merged = _merged(name, column[row], value)
        if merged != column[row]:
            column[row] = merged
            self.tally.changed.add(row)
            self.tally.cells += 1


def _bare(value: Any) -> Any:
    if isinstance(value, str):
        return bare_cell(value)
    if isinstance(value, list):
        return [_bare(item) for item in value]
    return {name: _bare(part) for name, part in value.items()} if isinstance(value, dict) else value


def _merged(name: str, old: Any, new: FieldValue) -> Any:
    """Return what a cell holds after `new` came; the feed's own list is not changed."""
    attribute = attributes().get(name)
    if not is_filled(old) or attribute is None or attribute.shape not in (AttributeShape.MANY, AttributeShape.GROUPS):
        return new
    kept = list(old) if isinstance(old, list) else [old]
    for item in new if isinstance(new, list) else [new]:
        same = next((n for n, have in enumerate(kept) if _key(name, have) == _key(name, item)), None)
        if same is None:
            kept.append(item)
        else:
            kept[same] = item
    return kept


def _key(name: str, item: Any) -> object:
    parts = _KEYS.get(name)
    if not isinstance(item, dict) or parts is None or not any(item.get(part) for part in parts):
        return item
    return tuple(" ".join(str(item.get(part) or "").split()).casefold().rstrip(" ?") for part in parts)


def _note(base: pd.DataFrame, filled: pd.DataFrame, tally: _Tally) -> dict[str, Any]:
    note: dict[str, Any] = json.loads(json.dumps(base.attrs.get("feedeval", {})))
    note["fixes"] = {
        "source": filled.attrs.get("feedeval", {}).get("source", "a frame"),
        "products": len(tally.changed),
        "cells": tally.cells,
        "unanswered": tally.unanswered,
        "unknown_ids": tally.unknown,
        "repeated_ids": tally.repeated,
    }
    return note


def _tell(tally: _Tally) -> None:
    said = []
    if tally.unknown:
        said.append(
            f"{_ids(tally.unknown, 'not in the feed')}, so nothing was changed for them (a spreadsheet may have cut "
            "leading zeros or written long numbers short)"
        )
    if tally.repeated:
        said.append(f"{_ids(tally.repeated, 'in several rows')}; where two fill the same cell, the later one counts")
    if tally.without_id == 1:
        said.append("1 filled row has no id and was left out")
    elif tally.without_id:
        said.append(f"{tally.without_id:,} filled rows have no id and were left out")
    if said:
        warn(f"Fixes: {'; '.join(said)}.")


def _ids(ids: list[str], where: str) -> str:
    unique = list(dict.fromkeys(ids))
    shown = ", ".join(f"{each[:60]!r}" for each in unique[:_SHOWN]) + (", …" if len(unique) > _SHOWN else "")
    return f"{len(unique):,} id{'s are' if len(unique) > 1 else ' is'} {where} ({shown})"
