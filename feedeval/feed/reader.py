"""Any source -> products: a path, an address, bytes, an open file or a table, in any format that `sniff` knows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from typing import Any, Unpack

import numpy as np
import pandas as pd

from feedeval.errors import FeedError, InputError
from feedeval.feed.parsing.columns import ColumnNames, recognised
from feedeval.feed.parsing.documents.shapes import document_pairs, holds_products
from feedeval.feed.parsing.faults import Faults, FeedWarning, warn
from feedeval.feed.parsing.frames.kinds import FeedLike, kind_of
from feedeval.feed.parsing.frames.raw_values import raw_value
from feedeval.feed.parsing.frames.rows import pandas_rows, table_pairs_of
from feedeval.feed.parsing.product import BuiltProducts, FieldValue, Product
from feedeval.feed.parsing.sources import open_source
from feedeval.feed.parsing.stream import FeedStream, ReadOptions, iter_feed
from feedeval.feed.parsing.values import Builder, Pair
from feedeval.feed.text import clean_url

_LOOKED_AT = 50
"""Products given as mappings of which at least one has to have an attribute of a product."""

__all__ = ["FeedStream", "FeedWarning", "FieldValue", "Product", "deduplicate", "iter_feed", "products", "read_feed"]


def read_feed(
    source: FeedLike,
    *,
    format: str | None = None,
    limit: int | None = None,
    strict: bool = False,
    columns: Mapping[str, str] | None = None,
    **options: Unpack[ReadOptions],
) -> pd.DataFrame:
    """Read a feed into a frame, a row a product.

    Takes what `iter_feed` takes: files of any format, Excel sheets and Parquet among them, and tables of pandas,
    polars, Arrow and DuckDB, whose columns get the names of the attributes that they are.

    Returns:
        A frame of object columns named by standard attributes in the order in which the feed first has them; a cell is
        text, a list or a dict, or None where the product has not the attribute. `frame.attrs["feedeval"]` holds
        `source`, `format`, `count` and `warnings`; `title` where the feed has one of its own; for a table `columns`:
        what each column is read as (`column, means, proposal, sample, why`); for a platform's own export `translated`:
        the attributes whose words are not the export's but the reader's; and `reading`: the options that decide what is
        read, where any was given.

    Raises:
        FeedError: The source is not a feed that can be read, or is broken and the reading is strict.
        InputError: A setting is out of range.
    """
    stream = iter_feed(source, format=format, limit=limit, strict=strict, columns=columns, **options)
    rows = list(stream)
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    frame = pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names})
    frame.attrs["feedeval"] = {
        "source": stream.source,
        "format": stream.format,
        "count": stream.count,
        "warnings": stream.warnings,
    }
    if stream.title:
        frame.attrs["feedeval"]["title"] = stream.title
    if stream.translated:
        frame.attrs["feedeval"]["translated"] = stream.translated
    if reading := _reading(format, limit, columns, options):
        frame.attrs["feedeval"]["reading"] = reading
    if stream.columns:
        frame.attrs["feedeval"]["columns"] = [asdict(column) for column in stream.columns]
    return frame


def _reading(
    format: str | None, limit: int | None, columns: Mapping[str, str] | None, options: ReadOptions
) -> dict[str, Any]:
    """Return the options that were given, for reading the same again; they go into a session, so they are plain."""
    given = {"format": format and str(format), "limit": limit, "columns": dict(columns or {}), **options}
    return {name: value for name, value in given.items() if value not in (None, {}, "")}


def products(feed: Iterable[Mapping[str, Any]] | FeedLike) -> Iterator[Product]:
    """Iterate over the products of a frame, of mappings, or of anything that `read_feed` takes.

    Names of other exports are read as standard attributes, and numbers become text; empty cells have no key.

    Raises:
        FeedError: It is none of these.
    """
    if isinstance(feed, FeedStream | BuiltProducts):
        yield from feed
    elif isinstance(feed, pd.DataFrame):
        yield from _from_frame(feed)
    elif kind_of(feed) is not None:
        yield from iter_feed(feed)  # type: ignore[arg-type]
    elif isinstance(feed, Mapping):
        _refuse_columns(feed)
        yield from _from_mappings(_known([feed]))
    elif isinstance(feed, str | bytes | bytearray | memoryview) or hasattr(feed, "read") or hasattr(feed, "__fspath__"):
        yield from iter_feed(feed)  # type: ignore[arg-type]
    elif isinstance(feed, Iterable):
        yield from _from_mappings(_known(feed))
    else:
        open_source(feed)  # type: ignore[arg-type]


def _from_frame(frame: pd.DataFrame) -> Iterator[Product]:
    names = [str(name) for name in frame.columns]
    if len(frame) and not recognised(target.name for target in ColumnNames().resolve(names)):
        raise FeedError(
            f"the frame's columns are none of the attributes that make a product ({', '.join(names[:8])}): "
            "rename them to attributes such as id, title and description"
        )
    if "feedeval" in frame.attrs:
        # It was read already, so what its cells hold is no document any more.
        header, rows = pandas_rows(frame)
        cells = _cells(dict(zip(header, row, strict=True)) for row in rows)
        yield from _built((number, list(row.items())) for number, row in cells)
    else:
        yield from _built(table_pairs_of(*pandas_rows(frame), Faults("the frame")))


def _from_mappings(rows: Iterable[Any]) -> Iterator[Product]:
    return _built(document_pairs(_cells(rows)))


def _built(entries: Iterable[tuple[int, list[Pair]]]) -> Iterator[Product]:
    builder = Builder(ColumnNames(), flat=True)
    return (product for _, pairs in entries if (product := builder.build(pairs)))


def _cells(rows: Iterable[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise FeedError(
                f"product {number:,} is a {type(row).__name__}; give a frame, a source, "
                "or mappings of field names to values"
            )
        yield number, {str(name): cell for name, raw in row.items() if (cell := raw_value(raw)) is not None}


def unfolded(feed: Any) -> Any:
    """Return the products of documents that hold their variants inside, a row each; anything else as it is."""
    if isinstance(feed, pd.DataFrame):
        head = feed.head(0 if "feedeval" in feed.attrs else _LOOKED_AT)
        few = _cells(head.loc[:, ~head.columns.duplicated()].to_dict("records"))
        rows: Sequence[Any] = [row for _, row in few]
    else:
        rows = feed[:_LOOKED_AT] if isinstance(feed, list | tuple) else []
    held = any(isinstance(row, Mapping) and holds_products(row) for row in rows)
    return list(products(feed)) if held else feed


def _refuse_columns(feed: Mapping[Any, Any]) -> None:
    """Refuse a mapping of columns to their values, which would become one product of everything."""
    names = list(feed)
    called = [target.name for target in ColumnNames().resolve([str(name) for name in names])]
    several = {name for name, key in zip(called, names, strict=True) if _is_column(feed[key])}
    # A product has one id; where it states none, all of its values being columns says what it is.
    if "id" in several or ("id" not in called and "title" in several and len(several) == len(names)):
        raise FeedError(
            f"a dict of columns ({', '.join(map(str, names[:8]))}) is no product: give pandas.DataFrame(…) of it"
        )


def _is_column(value: Any) -> bool:
    if isinstance(value, Mapping):
        # As a frame's `to_dict` has them: by the labels of its rows.
        return len(value) > 1 and not any(isinstance(key, str) for key in value)
    return hasattr(value, "__len__") and not isinstance(value, str | bytes) and np.size(value) > 1


def _known(rows: Iterable[Any]) -> Iterator[Any]:
    """Pass rows on once one of the first has an attribute of a product; what is no mapping is told by its row."""
    names = ColumnNames()
    coming = iter(rows)
    waiting: list[Any] = []
    strangers: list[Mapping[Any, Any]] = []
    for row in coming:
        waiting.append(row)
        if (
            not isinstance(row, Mapping)
            or holds_products(row)
            or recognised(t.name for t in names.resolve([str(name) for name in row]))
        ):
            strangers.clear()
            break
        strangers += [row] if row else []
        if len(strangers) == _LOOKED_AT:
            break
    if strangers:
        raise FeedError(
            f"a {type(strangers[0]).__name__} without an attribute of a product (keys: "
            f"{', '.join(map(str, list(strangers[0])[:8]))}): give a frame, a source, or mappings of names such as id, "
            "title and description to values"
        )
    yield from waiting
    yield from coming


def deduplicate(frame: pd.DataFrame, *, by: str = "id") -> pd.DataFrame:
    """Return the frame without the rows that repeat an earlier row's `by`; rows without a value stay.

    Links are compared without their tracking parameters. How many rows were dropped is warned of and noted in
    `attrs["feedeval"]["warnings"]`.

    Args:
        frame: What `read_feed` returned.
        by: A column: `id`, `link`, `item_group_id` or any other.

    Raises:
        InputError: There is no such column.
    """
    if by not in frame.columns:
        raise InputError(f"by={by!r}: no such column; the feed has {', '.join(map(str, frame.columns))}")
    keys = [_key(cell, by) for cell in frame[by]]
    seen: set[str] = set()
    keep = [key is None or not (key in seen or seen.add(key)) for key in keys]  # type: ignore[func-returns-value]
    kept = frame.loc[keep].reset_index(drop=True)
    dropped = len(frame) - len(kept)
    note = json.loads(json.dumps(frame.attrs.get("feedeval", {})))
    if dropped:
        sentence = f"{dropped:,} of {len(frame):,} rows repeat the {by} of an earlier row and were dropped"
        note["warnings"] = [*note.get("warnings", []), sentence]
        note["deduplicated"] = [*note.get("deduplicated", []), by]
        warn(f"{sentence}.")
    note["count"] = len(kept)
    kept.attrs["feedeval"] = note
    return kept


def _key(cell: Any, by: str) -> str | None:
    cell = raw_value(cell)
    if cell is None or cell == "":
        return None
    text = cell if isinstance(cell, str) else json.dumps(cell, sort_keys=True)
    return clean_url(text) if by.endswith("link") else text
