"""The products of a source, one at a time, from whatever it is and whatever state it is in."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from typing import Unpack, cast

from feedeval.errors import FeedError, InputError
from feedeval.feed.parsing.columns import SUPPLEMENTS, ColumnNames, recognised
from feedeval.feed.parsing.containers import sniff_source
from feedeval.feed.parsing.dialects.anything import names_of_elements
from feedeval.feed.parsing.elements import NEWS_NAMES
from feedeval.feed.parsing.faults import Fault, Faults, ReadColumn, warn
from feedeval.feed.parsing.formats import FORMATS, WORKBOOK_FORMATS, XML_FORMATS, Format
from feedeval.feed.parsing.frames.kinds import FeedLike, TableSource, kind_of
from feedeval.feed.parsing.frames.rows import frame_pairs
from feedeval.feed.parsing.jsontext import json_pairs
from feedeval.feed.parsing.product import Product
from feedeval.feed.parsing.proposals import mapping, note_of
from feedeval.feed.parsing.sniff import Sniffed, Wish, refuse
from feedeval.feed.parsing.sources import Source, WebLimits, open_source
from feedeval.feed.parsing.table import table_pairs
from feedeval.feed.parsing.values import Builder, Pair

Reader = Callable[[Source, Sniffed, Faults], Iterator[tuple[int, list[Pair]]]]
"""Gives the entries of a source: the number of each in it, and its names with their raw values."""


def _read_xml(source: Source, sniffed: Sniffed, faults: Faults) -> Iterator[tuple[int, list[Pair]]]:
    # It brings lxml, which no other format needs.
    from feedeval.feed.parsing.xml import xml_pairs

    return xml_pairs(source, sniffed, faults)


def _read_workbook(source: Source, sniffed: Sniffed, faults: Faults) -> Iterator[tuple[int, list[Pair]]]:
    from feedeval.feed.parsing.workbooks.workbook import workbook_pairs

    return workbook_pairs(source, sniffed, faults)


def _read_columnar(source: Source, sniffed: Sniffed, faults: Faults) -> Iterator[tuple[int, list[Pair]]]:
    from feedeval.feed.parsing.frames.columnar_files import columnar_pairs

    return columnar_pairs(source, sniffed, faults)


READERS: Mapping[Format, Reader] = {
    **dict.fromkeys(XML_FORMATS, _read_xml),
    **dict.fromkeys((Format.JSON, Format.JSONL), json_pairs),
    **dict.fromkeys((Format.TSV, Format.CSV), table_pairs),
    **dict.fromkeys(WORKBOOK_FORMATS, _read_workbook),
    **dict.fromkeys((Format.PARQUET, Format.ARROW), _read_columnar),
    Format.FRAME: frame_pairs,
}

_LOOKED_AT = 50
"""Entries among which at least one must be a product before a source is taken for a feed."""


class ReadOptions(WebLimits, total=False):
    """What else can be said of how a source is read."""

    item: str
    """Local name of the XML elements that hold a product; found from the content if not given."""
    sheet: str | int | None
    """Name of a workbook's sheet, or its number from 1; found from the content if not given."""


class FeedStream(Iterator[Product]):
    """The products of a source, one at a time; closes the source at the end and says then what was wrong with it.

    Attributes:
        source: What the source is called.
        format: The format that was found.
        title: What the feed calls itself; empty where it does not.
        count: Products given so far.
        quiet: Set it to keep the warnings to oneself, as in a second pass over the same source.
    """

    def __init__(self, source: Source, sniffed: Sniffed, faults: Faults, names: ColumnNames, limit: int | None) -> None:
        self.source = source.origin
        self.format = sniffed.format.value
        self.title = sniffed.title
        self.count = 0
        self.quiet = False
        self._opened = source
        self._faults = faults
        self._names = names
        self._limit = limit
        self._told = False
        self._bare = True
        if sniffed.dialect is not None:
            faults.adapt()
        flat = sniffed.format not in XML_FORMATS
        self._products = self._checked(
            READERS[sniffed.format](source, sniffed, faults), Builder(names, flat=flat), sniffed
        )

    @property
    def warnings(self) -> list[str]:
        """One sentence for each kind of fault so far."""
        return self._faults.sentences()

    @property
    def translated(self) -> list[str]:
        """The attributes whose words are the reader's so far, as a platform's export writes them otherwise."""
        return ["availability"] if self._faults.adapted else []

    @property
    def columns(self) -> list[ReadColumn]:
        """What the columns of a table are read as, once a product was read; nothing for what is no table."""
        given = self._names.given
        return [
            replace(column, means=given[column.column], proposal="", why="") if column.column in given else column
            for column in self._faults.columns
        ]

    def __next__(self) -> Product:
        if self.count == self._limit:
            self.close()
            raise StopIteration
        try:
            product = next(self._products)
        except StopIteration:
            self.close()
            raise
        except BaseException:
            self._opened.close()
            raise
        self.count += 1
        if self._bare and not product.keys() <= SUPPLEMENTS:
            self._bare = False
        return product

    def close(self) -> None:
        """Stop reading, release the source, and warn of what was wrong so far."""
        self._products.close()
        self._opened.close()
        if self.count and self._bare:
            self._faults.note(
                "a supplemental feed: an id and attributes for the platform alone, no products of its own"
            )
        if not self._told and not self.quiet and self.warnings:
            self._told = True
            sentences = [sentence[0].upper() + sentence[1:] for sentence in self.warnings]
            read = f"{self.count:,} product{'' if self.count == 1 else 's'} read"
            warn(f"{self._opened.name}: {read}. {'. '.join(sentences)}.")

    def __del__(self) -> None:
        self._opened.close()

    def _checked(
        self, entries: Iterator[tuple[int, list[Pair]]], builder: Builder, sniffed: Sniffed
    ) -> Generator[Product]:
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
            raise FeedError(f"{self._opened.name} holds no product that can be read: {'; '.join(self.warnings)}")
        if "store_code" in waiting[-1] and "title" not in waiting[-1]:
            self._faults.note("a local inventory feed: an entry is a product in one store (store_code), not a product")
        if note := note_of(self.columns):
            self._faults.note(note)
        yield from waiting
        for _, pairs in entries:
            if product := builder.build(pairs):
                yield product
        if self._names.unused:
            self._faults.add(Fault.UNUSED_COLUMN, detail=", ".join(self._names.unused), count=len(self._names.unused))

    def _no_products(self, seen: list[Product], sniffed: Sniffed) -> FeedError:
        if not seen:
            return refuse(self._opened.name, f"{FORMATS[sniffed.format].found} without a single product")
        names = ", ".join(list(seen[0])[:8])
        news = sniffed.format in XML_FORMATS and set(seen[0]) <= NEWS_NAMES | {"image_link", "product_type"}
        what = "a news feed, whose entries" if news else f"{FORMATS[sniffed.format].found} whose entries"
        return refuse(
            self._opened.name, f"{what} have none of the attributes that make a product (they have {names}); "
            f"if they are products, say with columns= (in a terminal --map) which is which attribute{self._proposed()}"
        )  # fmt: skip

    def _proposed(self) -> str:
        proposed = mapping(self.columns)
        return f"; by names and values it may be {proposed}" if proposed else ""


def _is_product(product: Product, pairs: list[Pair], sniffed: Sniffed, names: ColumnNames) -> bool:
    if names.used:
        return True
    if "id" in product and product.keys() & SUPPLEMENTS - {"id"}:
        return True
    known = recognised(product)
    if sniffed.dialect is not None:
        return bool(known)
    if sniffed.format in XML_FORMATS and not sniffed.google and not sniffed.chosen:
        # A news item has title, link and description too.
        own = {name for name, _ in pairs} - NEWS_NAMES
        return bool(known - NEWS_NAMES) and bool(own) and bool(recognised(t.name for t in names.resolve(tuple(own))))
    return len(known) >= 2 or (sniffed.google and bool(known))


def iter_feed(
    source: FeedLike,
    *,
    format: str | None = None,
    limit: int | None = None,
    strict: bool = False,
    columns: Mapping[str, str] | None = None,
    **options: Unpack[ReadOptions],
) -> FeedStream:
    """Iterate over the products of a feed in memory that does not grow with its length.

    Only a workbook (Excel, OpenDocument) is read whole, one sheet of it. Parquet and Arrow files, and tables of
    libraries that are not pandas or polars, need the extra `parquet`.

    Args:
        source: A path, an http(s) address, the content as bytes, or an open file; each may be gzipped. Or a table: a
            pandas or polars frame, a polars LazyFrame, a table, batch, reader or dataset of pyarrow, a DuckDB relation
            or connection after a query, any cursor of a database, and whatever gives itself as an Arrow stream.
        format: `rss`, `atom`, `xml`, `tsv`, `csv`, `json`, `jsonl`, `xlsx`, `xlsb`, `xls`, `ods`, `parquet` or
            `arrow`; found from the content if not given.
        limit: Read at most so many products.
        strict: Raise at the first fault instead of reading on and warning at the end.
        columns: The feed's own names to standard attributes, such as `{"Artikel": "title"}`; goes before all else.
        **options: `item`, the local name of the XML elements that hold a product; `sheet`, a workbook's sheet, by name
            or number from 1 (where not given, the one whose header names most attributes); `timeout_s`, the longest
            silence of a server; `max_mb`, the largest download, and the most that a workbook may unpack to.

    Returns:
        An iterator over products: dicts of standard attribute names; unknown ones are kept in snake case.

    Raises:
        FeedError: The source is not a feed that can be read, or is broken and the reading is strict.
        InputError: A setting is out of range.
    """
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        raise InputError(f"limit={limit!r}: give a whole number from 1, or None for all products")
    item = options.get("item")
    if item is not None and not (isinstance(item, str) and item.strip(" <>")):
        raise InputError(f"item={item!r}: give the name of an XML element as text, such as 'offer'")
    wish = Wish(item.strip(" <>") if item else None, columns, options.get("sheet"))
    names = ColumnNames(columns)
    kind = kind_of(source)
    limits = cast(WebLimits, {name: value for name, value in options.items() if name not in ("item", "sheet")})
    opened = TableSource(source, kind) if kind else open_source(source, **limits)  # type: ignore[arg-type]
    opened.max_mb = limits.get("max_mb", opened.max_mb)
    try:
        sniffed = sniff_source(opened, format, wish)
        faults = Faults(opened.name, strict)
        if sniffed.format in XML_FORMATS:
            names = ColumnNames(columns, also=names_of_elements())
        if sniffed.note:
            faults.note(sniffed.note)
        if sniffed.mislabelled:
            faults.add(Fault.DECODING, detail="declared otherwise, read as the UTF-8 that it is")
        stream = FeedStream(opened, sniffed, faults, names, limit)
    except BaseException:
        opened.close()
        raise
    return stream
