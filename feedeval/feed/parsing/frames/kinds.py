"""Which library's table a thing is, told without loading that library."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol

from feedeval.feed.parsing.sources import Source, SourceLike


class ArrowStream(Protocol):
    """A table that gives itself away as Arrow does: polars, pyarrow, DuckDB and many others."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return a capsule with the stream."""


class ArrowBatch(Protocol):
    """A part of a table that gives itself away as Arrow does."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> object:
        """Return two capsules, with the schema and the values."""


class Interchangeable(Protocol):
    """A table that follows the data frame interchange protocol, as pandas does."""

    def __dataframe__(self, nan_as_null: bool = False, allow_copy: bool = True) -> Any:
        """Return the table as the protocol has it."""


class Batched(Protocol):
    """A table that gives itself in batches: a pyarrow dataset or a scanner of one."""

    def to_batches(self) -> Any:
        """Return an iterator over batches."""


class Lazy(Protocol):
    """A table that has yet to be made: a polars LazyFrame."""

    def collect(self) -> Any:
        """Return the table."""


class Executed(Protocol):
    """What a query gave: a DuckDB relation or connection, or any cursor of a database (PEP 249)."""

    @property
    def description(self) -> Any:
        """The names of the columns, and what else is known of them."""

    def fetchmany(self, size: int = 1) -> Any:
        """Return the next rows."""


TableLike = ArrowStream | ArrowBatch | Interchangeable | Batched | Lazy | Executed
"""A table of another library."""

FeedLike = SourceLike | TableLike
"""A path, an http(s) address, the content itself as bytes, an open file, or a table of another library."""


class Kind(StrEnum):
    """How rows are got from a table."""

    PANDAS = "pandas"
    POLARS = "polars"
    POLARS_LAZY = "polars lazy"
    ARROW = "arrow"
    """A pyarrow table, batch, reader, dataset or scanner."""
    EXECUTED = "executed"
    STREAM = "stream"
    """Of a library that is not known, by Arrow's protocols."""
    INTERCHANGE = "interchange"


_BY_TYPE = {
    ("pandas", "DataFrame"): Kind.PANDAS,
    ("polars", "DataFrame"): Kind.POLARS,
    ("polars", "LazyFrame"): Kind.POLARS_LAZY,
    ("pyarrow", "Table"): Kind.ARROW,
    ("pyarrow", "RecordBatch"): Kind.ARROW,
    ("pyarrow", "RecordBatchReader"): Kind.ARROW,
    ("pyarrow", "Scanner"): Kind.ARROW,
    ("pyarrow", "Dataset"): Kind.ARROW,
}
_AGAIN = {("pandas", "DataFrame"), ("polars", "DataFrame")} | {
    ("pyarrow", name) for name in ("Table", "RecordBatch", "Dataset")
}


def kind_of(thing: object) -> Kind | None:
    """Return how rows are got from a table of another library; None where it is no such table."""
    names = _names(thing)
    for name in names:
        if name in _BY_TYPE:
            return _BY_TYPE[name]
    if isinstance(thing, type) or names[0][0] in ("pandas", "polars", "pyarrow"):
        return None  # a column or a value of theirs
    if hasattr(thing, "fetchmany") and hasattr(thing, "description"):
        return Kind.EXECUTED
    if hasattr(thing, "__arrow_c_stream__") or hasattr(thing, "__arrow_c_array__"):
        return Kind.STREAM
    return Kind.INTERCHANGE if hasattr(thing, "__dataframe__") else None


def is_repeatable(thing: object) -> bool:
    """Whether a table gives the same rows in the same order as often as it is asked."""
    return kind_of(thing) is not None and any(name in _AGAIN for name in _names(thing))


def is_used_up(thing: object) -> bool:
    """Whether a table of another library may give its rows only once."""
    return kind_of(thing) is not None and not is_repeatable(thing)


def _names(thing: object) -> list[tuple[str, str]]:
    """Return package and name of the types of a thing, its own first."""
    return [(each.__module__.partition(".")[0], each.__name__) for each in type(thing).__mro__]


class TableSource(Source):
    """A table as the source of a feed.

    Attributes:
        table: The table.
        kind: How rows are got from it.
    """

    def __init__(self, table: Any, kind: Kind) -> None:
        package, name = _names(table)[0]
        note = getattr(table, "attrs", {}).get("feedeval", {}) if kind is Kind.PANDAS else {}
        known = kind not in (Kind.STREAM, Kind.INTERCHANGE)
        called = f"{package.lstrip('_')} {name}" if known else name
        super().__init__(note.get("source") or f"the given {called}")
        self.table = table
        self.kind = kind
