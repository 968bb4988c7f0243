"""Any frame or list of products as columns of plain cells, which is what the checks read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from feedeval.errors import InputError
from feedeval.feed.parsing.frames.kinds import TableLike, kind_of
from feedeval.feed.parsing.stream import iter_feed
from feedeval.feed.reader import unfolded
from feedeval.feed.spec import first_text

Cell = str | list[Any] | dict[str, Any]
"""Text, the values of a repeated attribute, or the parts of a nested one; an absent cell is None."""

# Deep enough for every feed format; below it, what a person nested by mistake is read as text.
_MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Cells:
    """The products of a feed by column."""

    count: int
    columns: Mapping[str, list[Cell | None]]
    """All of the length `count`; columns without any value are left out."""

    def texts(self, *names: str) -> list[str]:
        """Return one text for each product, from the first of the columns `names` that has one, else empty."""
        found = [""] * self.count
        for name in names:
            for row, value in enumerate(self.columns.get(name, ())):
                if value is not None and not found[row]:
                    found[row] = first_text(value.get("content") if isinstance(value, dict) else value)
        return found


def cells_of(feed: pd.DataFrame | Iterable[Mapping[str, Any]] | TableLike) -> Cells:
    """Return the products of a frame, or of an iterable of mappings, as columns of cells.

    Raises:
        InputError: It is neither, or has no products.
    """
    feed = unfolded(feed)
    if isinstance(feed, pd.DataFrame):
        count = len(feed)
        raw: Iterable[tuple[object, list[Any]]] = (
            (label, feed.iloc[:, position].tolist()) for position, label in enumerate(feed.columns)
        )
    else:
        products = _products(feed)
        count = len(products)
        labels = dict.fromkeys(name for product in products for name in product)
        raw = ((label, [product.get(label) for product in products]) for label in labels)
    if not count:
        raise InputError("the feed holds 0 products, so there is nothing to check; look at what read_feed was given")
    columns: dict[str, list[Cell | None]] = {}
    for label, values in raw:
        column = [(value.strip() or None) if type(value) is str else cell(value) for value in values]
        name = str(label).strip()
        if name in columns:
            column = [_both(first, second) for first, second in zip(columns[name], column, strict=True)]
        if any(value is not None for value in column):
            columns[name] = column
    return Cells(count, columns)


def _products(feed: object) -> list[Mapping[str, Any]]:
    if kind_of(feed) is not None:
        return list(iter_feed(feed))  # type: ignore[arg-type]
    if isinstance(feed, Iterable) and not isinstance(feed, str | bytes | Mapping):
        products = list(feed)
        if all(isinstance(product, Mapping) for product in products):
            return products
    kind = type(feed).__name__
    raise InputError(
        f"check_feed reads a DataFrame or a list of products, not a {kind}; read a file with read_feed first"
    )


def cell(value: object, depth: int = 0) -> Cell | None:
    """Return a value of any type as a cell: trimmed text, a list, a mapping of parts, or None where there is none."""
    if isinstance(value, str):
        return value.strip() or None
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return _number(float(value))
    if isinstance(value, dict | Mapping) and depth < _MAX_DEPTH:
        return _group(value, depth + 1)
    if isinstance(value, list | tuple | set | frozenset | np.ndarray) and depth < _MAX_DEPTH:
        return [part for part in (cell(item, depth + 1) for item in value) if part is not None] or None
    return _text(value)


def _group(value: Mapping[Any, Any], depth: int) -> dict[str, Any] | None:
    parts: dict[str, Any] = {}
    for key, part in value.items():
        plain = part.strip() if type(part) is str else cell(part, depth)
        if plain:
            parts[str(key).strip()] = plain
    return parts or None


def _number(value: float) -> str | None:
    if math.isnan(value):
        return None
    # A column of whole numbers with gaps is a column of floats in pandas: a gtin must not grow a `.0`.
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _text(value: object) -> str | None:
    try:
        return str(value).strip() or None
    except (ValueError, RecursionError):
        # Integers of thousands of digits and endless nesting have no text that anybody could read.
        return f"({type(value).__name__})"


def _both(first: Cell | None, second: Cell | None) -> Cell | None:
    """Return the values of two columns of the same name as one repeated attribute."""
    if first is None or second is None:
        return second if first is None else first
    return [*(first if isinstance(first, list) else [first]), *(second if isinstance(second, list) else [second])]
