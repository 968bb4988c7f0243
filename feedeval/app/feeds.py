"""What somebody gave as a feed, and what the reader makes of it: all that is known before an audit starts."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from feedeval.errors import FeedError, InputError
from feedeval.feed.parsing.faults import ReadColumn
from feedeval.feed.parsing.product import Product
from feedeval.feed.parsing.sources import shown_address
from feedeval.feed.reader import iter_feed
from feedeval.feed.source import FeedSource
from feedeval.feed.text import category_of, descriptive_fields

READ_AT_MOST = 20_000
"""Products that a preview goes through; enough for fill rates, and a feed of a million is shown within seconds."""
SUFFIXES = (
    *(".xml", ".rss", ".atom", ".tsv", ".txt", ".csv", ".json", ".jsonl", ".ndjson", ".gz"),
    *(".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".parquet", ".arrow", ".feather"),
)
UPLOAD_MB = 10
"""A page sends a file as one message, and the server behind it takes 10 MiB at once: `websocket_max_message_size` of
tornado, which neither Jupyter's server nor Voilà changes. A larger message is dropped with the connection."""
_ROWS = 5


@dataclass(frozen=True, slots=True)
class Given:
    """A feed as it was given."""

    name: str
    """What people call it: the file's name, the path, the address without secrets."""
    source: str | bytes
    """A path, an address, or the content itself."""
    kind: str = ""
    """What a session writes down of content that is given itself."""
    columns: tuple[tuple[str, str], ...] = ()
    """What a person said that its columns are, as `read_feed` takes it."""

    @property
    def in_memory(self) -> bool:
        """Whether the content is here alone, so that it cannot be read again after the kernel is gone."""
        return isinstance(self.source, bytes)

    def for_audit(self, limit: int | None) -> FeedSource:
        """Return the source that an audit goes through; what is wrong with it was told in the preview."""
        return FeedSource(self.source, limit, name=self.kind, quiet=True, columns=dict(self.columns))


def uploaded(name: str, content: bytes) -> Given:
    """Return a file that came with its content.

    Raises:
        InputError: It is empty.
    """
    if not content:
        raise InputError(f"{name} is empty (0 bytes): choose the feed's own file")
    return Given(name, content, kind=f"the upload {name}")


def pasted(text: str) -> Given:
    """Return a feed that was pasted.

    Raises:
        InputError: There is no text.
    """
    if not text.strip():
        raise InputError("nothing is pasted yet: put the feed's text into the box, header line included")
    return Given("The pasted text", text.encode("utf-8", "replace"), kind="pasted text")


def named(text: str) -> Given:
    """Return a feed by its path or address.

    Raises:
        InputError: Nothing was entered.
    """
    # A path that was copied in a file manager comes in quotation marks.
    place = text.strip().strip("\"'")
    if not place:
        raise InputError("nothing is entered yet: give the path of a file on this machine, or an address with https://")
    return Given(shown_address(place) if "://" in place else place, place)


@dataclass(frozen=True, slots=True)
class Filled:
    """How many products fill a field."""

    name: str
    products: int
    descriptive: bool
    """A buyer can read it, so that the judge sees it unless somebody chooses otherwise."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What the reader understood."""

    name: str
    format: str
    """As `feed.sniff.Format` names it."""
    products: int
    whole: bool
    """The feed was read to its end."""
    warnings: tuple[str, ...]
    rows: tuple[Product, ...]
    """The first products."""
    categories: tuple[tuple[str, int], ...]
    """Categories and their products, the largest first; an empty name for products that have none."""
    fields: tuple[Filled, ...]
    """Descriptive ones first, in the order in which the judge sees them."""
    columns: tuple[ReadColumn, ...] = ()
    """What the columns of a table are read as; none for what is no table."""

    @property
    def default_fields(self) -> tuple[str, ...]:
        """Names of the fields that the judge sees unless somebody chooses otherwise."""
        return tuple(field.name for field in self.fields if field.descriptive)


@dataclass(frozen=True, slots=True)
class Refused:
    """A table of which too little is understood to read it as a feed; a person can say what its columns are."""

    name: str
    reason: str
    columns: tuple[ReadColumn, ...]


def preview(given: Given, *, most: int = READ_AT_MOST) -> Preview | Refused:
    """Read a feed, or the first `most` products of a long one.

    Raises:
        FeedError: It cannot be read, or is no feed and no table that a person could explain.
    """
    tally = _Tally()
    source = _Named(given.source, given.name) if isinstance(given.source, bytes) else given.source
    stream = iter_feed(source, limit=most + 1, columns=dict(given.columns) or None)
    # The warnings are shown in the page, not below the cell.
    stream.quiet = True
    try:
        descriptive = descriptive_fields(tally.watch(stream, most))
    except FeedError as exc:
        if not any(column.sample for column in stream.columns):
            raise
        return Refused(given.name, str(exc), tuple(stream.columns))
    others = [name for name in tally.filled if name not in descriptive]
    return Preview(
        name=given.name,
        format=stream.format,
        products=tally.products,
        whole=stream.count <= most,
        warnings=tuple(sentence[0].upper() + sentence[1:] for sentence in stream.warnings),
        rows=tuple(tally.rows),
        categories=tuple(tally.categories.most_common()),
        fields=tuple(Filled(name, tally.filled[name], True) for name in descriptive)
        + tuple(Filled(name, tally.filled[name], False) for name in others),
        columns=tuple(stream.columns),
    )


class Remembered:
    """What was said of the columns of tables, for other tables with the same ones."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, ...], tuple[tuple[str, str], ...]] = {}

    def preview(self, given: Given) -> tuple[Given, Preview | Refused]:
        """Read a feed, with what was said of its columns earlier where nothing is said now; return it as it was read.

        Raises:
            FeedError: As `preview`.
        """
        found = preview(given)
        header = tuple(column.column for column in found.columns)
        if given.columns:
            self._said[header] = given.columns
        elif header in self._said:
            given = replace(given, columns=self._said[header])
            found = preview(given)
        return given, found


class _Named(io.BytesIO):
    """Content that messages call by the name of its file."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


class _Tally:
    """Counts products as they pass by."""

    def __init__(self) -> None:
        self.products = 0
        self.rows: list[Product] = []
        self.categories: Counter[str] = Counter()
        self.filled: Counter[str] = Counter()

    def watch(self, products: Iterator[Product], most: int) -> Iterator[Product]:
        """Pass on the first `most` products, and look whether there are more."""
        for product in products:
            if self.products == most:
                continue
            self.products += 1
            if len(self.rows) < _ROWS:
                self.rows.append(product)
            self.categories[category_of(product)] += 1
            self.filled.update(name for name, value in product.items() if value and not name.startswith("_"))
            yield product
