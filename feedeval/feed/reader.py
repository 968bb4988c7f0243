"""Any source -> products: XML (RSS, Atom), TSV, CSV, JSON, JSON Lines, .gz, from a path, an address, bytes or an open file."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Unpack

import pandas as pd

from feedeval.errors import FeedError, InputError
from feedeval.feed.columns import Names, recognised
from feedeval.feed.elements import NEWS_NAMES
from feedeval.feed.faults import Fault, Faults, FeedWarning
from feedeval.feed.jsontext import json_pairs
from feedeval.feed.product import FieldValue, Product
from feedeval.feed.sniff import XML_FORMATS, Format, Sniffed, refuse, sniff
from feedeval.feed.sources import Source, SourceLike, WebLimits, open_source
from feedeval.feed.tabular import table_pairs
from feedeval.feed.text import clean_url
from feedeval.feed.values import ESCAPED, Builder, Pair
from feedeval.feed.xml import xml_pairs

__all__ = ["FeedStream", "FeedWarning", "FieldValue", "Product", "deduplicate", "iter_feed", "products", "read_feed"]

_LOOKED_AT = 50
"""Entries among which at least one must be a product before a source is taken for a feed."""
_INNER = frozenset({ESCAPED})


class FeedStream(Iterator[Product]):
    """The products of a source, one at a time; closes the source at the end and says then what was wrong with it.

    Attributes:
        source: What the source is called.
        format: The format that was found.
        count: Products given so far.
        warnings: One sentence for each kind of fault so far.
    """

    def __init__(self, source: Source, sniffed: Sniffed, faults: Faults, names: Names) -> None:
        self.source = source.name
        self.format = sniffed.format.value
        self.count = 0
        self._opened = source
        self._faults = faults
        self._names = names
        self._told = False
        reading: Callable[[Source, Sniffed, Faults], Iterator[tuple[int, list[Pair]]]] = (
            xml_pairs if sniffed.format in XML_FORMATS else json_pairs if "json" in sniffed.format else table_pairs
        )
        flat = sniffed.format not in XML_FORMATS
        self._products = self._checked(reading(source, sniffed, faults), Builder(names, flat=flat), sniffed)

    @property
    def warnings(self) -> list[str]:
        return self._faults.sentences()

    def __next__(self) -> Product:
        try:
            product = next(self._products)
        except StopIteration:
            self.close()
            raise
        except BaseException:
            self._opened.close()
            raise
        self.count += 1
        return product

    def close(self) -> None:
        """Stop reading, release the source, and warn of what was wrong so far."""
        self._products.close()
        self._opened.close()
        if not self._told and self._faults:
            self._told = True
            found = f"{self.source}: {self.count:,} products read. " + ". ".join(
                sentence[0].upper() + sentence[1:] for sentence in self.warnings
            )
            warnings.warn(f"{found}.", FeedWarning, stacklevel=3)

    def __del__(self) -> None:
        self._opened.close()

    def _checked(self, entries: Iterator[tuple[int, list[Pair]]], builder: Builder, sniffed: Sniffed) -> Iterator[Product]:
        """Yield products; raise where the first entries show that these are none."""
        waiting: list[Product] = []
        count = 0
        for _, pairs in entries:
            count += 1
            product = builder.build(pairs)
            if not product:
                continue
            waiting.append(product)
            if _is_product(product, pairs, sniffed, self._names):
                break
            if count >= _LOOKED_AT:
                raise self._no_products(waiting, sniffed)
        else:
            if waiting or not self._faults:
                raise self._no_products(waiting, sniffed)
            raise FeedError(f"{self.source} holds no product that can be read: {'; '.join(self.warnings)}")
        yield from waiting
        for _, pairs in entries:
            if product := builder.build(pairs):
                yield product
        if self._names.unused:
            self._faults.add(Fault.UNUSED_COLUMN, detail=", ".join(self._names.unused), count=len(self._names.unused))

    def _no_products(self, seen: list[Product], sniffed: Sniffed) -> FeedError:
        if not seen:
            return refuse(self.source, f"{_KINDS[sniffed.format]} without a single product")
        names = ", ".join(list(seen[0])[:8])
        news = sniffed.format in XML_FORMATS and set(seen[0]) <= NEWS_NAMES | {"image_link", "product_type"}
        what = "a news feed, whose entries" if news else f"{_KINDS[sniffed.format]} whose entries"
        return refuse(
            self.source, f"{what} have none of the attributes that make a product (they have {names}); "
            "if they are products, say with columns= which name is which attribute"
        )  # fmt: skip


_KINDS = {
    Format.RSS: "RSS",
    Format.ATOM: "Atom",
    Format.XML: "XML",
    Format.TSV: "a tab-separated table",
    Format.CSV: "a table",
    Format.JSON: "JSON",
    Format.JSONL: "JSON Lines",
}


def _is_product(product: Product, pairs: list[Pair], sniffed: Sniffed, names: Names) -> bool:
    if names.used:
        return True
    known = recognised(product)
    if sniffed.format in XML_FORMATS:
        # A news item has title, link and description too.
        own = {name for name, _ in pairs} - NEWS_NAMES
        return bool(known - NEWS_NAMES) and bool(own) and bool(recognised(t.name for t in names.resolve(tuple(own))))
    return len(known) >= 2


def iter_feed(
    source: SourceLike,
    *,
    format: str | None = None,
    limit: int | None = None,
    strict: bool = False,
    columns: Mapping[str, str] | None = None,
    **web: Unpack[WebLimits],
) -> FeedStream:
    """Iterate over the products of a feed in memory that does not grow with its length.

    Args:
        source: A path, an http(s) address, the content as bytes, or an open file; each may be gzipped.
        format: `rss`, `atom`, `xml`, `tsv`, `csv`, `json` or `jsonl`; found from the content if not given.
        limit: Read at most so many products.
        strict: Raise at the first fault instead of reading on and warning at the end.
        columns: The feed's own names to standard attributes, such as `{"Artikel": "title"}`; goes before what is known of names.
        **web: `timeout_s`, the longest silence of a server, and `max_mb`, the largest download.

    Returns:
        An iterator over products: dicts of standard attribute names; unknown ones are kept in snake case.

    Raises:
        FeedError: The source is not a feed that can be read, or is broken and the reading is strict.
        InputError: A setting is out of range.
    """
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        raise InputError(f"limit={limit!r}: give a whole number from 1, or None for all products")
    names = Names(columns)
    opened = open_source(source, **web)
    try:
        sniffed = sniff(opened.head(), opened.name, format, opened.encoding)
        faults = Faults(opened.name, strict)
        if sniffed.override and opened.encoding is None:
            faults.add(Fault.DECODING, detail="declared otherwise, read as the UTF-8 that it is")
        stream = FeedStream(opened, sniffed, faults, names)
    except BaseException:
        opened.close()
        raise
    return stream if limit is None else _Limited(stream, limit)


class _Limited(FeedStream):
    """The first products of a stream."""

    def __init__(self, stream: FeedStream, limit: int) -> None:
        self.__dict__.update(stream.__dict__)
        self._stream = stream
        self._limit = limit

    def __next__(self) -> Product:
        if self.count >= self._limit:
            self.close()
            raise StopIteration
        return super().__next__()


def read_feed(
    source: SourceLike,
    *,
    format: str | None = None,
    limit: int | None = None,
    strict: bool = False,
    columns: Mapping[str, str] | None = None,
    **web: Unpack[WebLimits],
) -> pd.DataFrame:
    """Read a feed into a frame, a row a product.

    Takes what `iter_feed` takes.

    Returns:
        A frame of object columns named by standard attributes in the order in which the feed first has them; a cell is text, a
        list or a dict, or None where the product has not the attribute. `frame.attrs["feedeval"]` holds `source`, `format`,
        `count` and `warnings`.

    Raises:
        FeedError: The source is not a feed that can be read, or is broken and the reading is strict.
        InputError: A setting is out of range.
    """
    stream = iter_feed(source, format=format, limit=limit, strict=strict, columns=columns, **web)
    rows = list(stream)
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    frame = pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names})
    frame.attrs["feedeval"] = {
        "source": stream.source,
        "format": stream.format,
        "count": stream.count,
        "warnings": stream.warnings,
    }
    return frame


def products(feed: pd.DataFrame | Iterable[Mapping[str, Any]] | SourceLike) -> Iterator[Product]:
    """Iterate over the products of a frame, of mappings, or of anything that `read_feed` takes.

    Names of other exports are read as standard attributes, and numbers become text; empty cells have no key.

    Raises:
        FeedError: It is none of these.
    """
    if isinstance(feed, FeedStream):
        yield from feed
    elif isinstance(feed, pd.DataFrame):
        yield from _from_frame(feed)
    elif isinstance(feed, Mapping):
        yield from _from_mappings([feed])
    elif isinstance(feed, str | bytes | bytearray | memoryview) or hasattr(feed, "read") or hasattr(feed, "__fspath__"):
        yield from iter_feed(feed)  # type: ignore[arg-type]
    elif isinstance(feed, Iterable):
        yield from _from_mappings(feed)
    else:
        open_source(feed)


def _from_frame(frame: pd.DataFrame) -> Iterator[Product]:
    names = [str(name) for name in frame.columns]
    columns = [frame.iloc[:, position] for position in range(len(names))]
    cells = zip(*columns, strict=True) if columns else iter(())
    yield from _from_mappings(dict(zip(names, row, strict=True)) for row in cells)


def _from_mappings(rows: Iterable[Any]) -> Iterator[Product]:
    builder = Builder(Names(), flat=True)
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise FeedError(
                f"product {number:,} is a {type(row).__name__}; give a frame, mappings of field names to values, or a source"
            )
        product = builder.build([(str(name), cell) for name, raw in row.items() if (cell := _cell(raw)) is not None])
        if product:
            yield product


def _cell(raw: Any) -> Any:
    """Return a cell as text, list or dict; None where it is missing."""
    if raw is None or isinstance(raw, str | list | dict | bool):
        return raw
    if isinstance(raw, float):
        if math.isnan(raw):
            return None
        # A column of whole numbers with a gap is a column of floats to pandas: 12345.0 was 12345.
        return str(int(raw)) if raw.is_integer() and abs(raw) < 1e15 else repr(raw)
    if isinstance(raw, tuple | set):
        return list(raw)
    if isinstance(raw, Mapping):
        return dict(raw)
    if hasattr(raw, "tolist"):
        return _cell(raw.tolist())
    return None if pd.api.types.is_scalar(raw) and pd.isna(raw) else str(raw)


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
        warnings.warn(f"{sentence}.", FeedWarning, stacklevel=2)
    note["count"] = len(kept)
    kept.attrs["feedeval"] = note
    return kept


def _key(cell: Any, by: str) -> str | None:
    cell = _cell(cell)
    if cell is None or cell == "":
        return None
    text = cell if isinstance(cell, str) else json.dumps(cell, sort_keys=True)
    return clean_url(text) if by.endswith("link") else text
