"""Products of a table in memory or on its way, some rows at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from feedeval.errors import FeedError
from feedeval.feed.parsing.columns import ColumnNames, recognised
from feedeval.feed.parsing.documents.shapes import document_pairs
from feedeval.feed.parsing.faults import Faults
from feedeval.feed.parsing.frames.kinds import Kind, TableSource
from feedeval.feed.parsing.frames.raw_values import raw_value, single_precision
from feedeval.feed.parsing.proposals import read_columns
from feedeval.feed.parsing.shops.choose import shop_of
from feedeval.feed.parsing.sniff import Sniffed
from feedeval.feed.parsing.sources import Source
from feedeval.feed.parsing.table import LOOKED_AT, headings, pairs_of_rows
from feedeval.feed.parsing.values import Pair

AT_ONCE = 1000
"""Rows that are taken out of a table at once."""

Part = Sequence[Iterable[Any]]
"""Some rows of a table, as columns."""
_SINGLE = {"float32", "float16", "float", "halffloat", "float[pyarrow]", "halffloat[pyarrow]"}
"""What the libraries call numbers of single precision; double precision is called `double` where `float` is not it."""


def frame_pairs(source: Source, sniffed: Sniffed, faults: Faults) -> Iterator[tuple[int, list[Pair]]]:
    """Yield row number and pairs of each product of a table."""
    assert isinstance(source, TableSource)
    names, rows = _OF_KIND[source.kind](source.table)
    yield from table_pairs_of(names, rows, faults)


def table_pairs_of(
    names: Sequence[str], rows: Iterable[Sequence[Any]], faults: Faults
) -> Iterator[tuple[int, list[Pair]]]:
    """Yield row number and pairs of each product of rows of cells, those of a shop's export as its table has them."""
    header = headings(names)
    coming = iter(rows)
    first = list(islice(coming, LOOKED_AT))
    samples = [[_as_text(raw_value(cell)) for cell in row] for row in first]
    everything = chain(first, coming)
    if shop_of(header, samples):
        texts = ([_as_text(raw_value(cell)) for cell in row] for row in everything)
        yield from pairs_of_rows(enumerate(texts, start=1), header, faults)
        return
    faults.columns = read_columns(header, samples, None)
    cells = ([(name, raw_value(cell)) for name, cell in zip(header, row, strict=False)] for row in everything)
    if len(set(header)) < len(header):
        yield from enumerate(cells, start=1)
        return
    entries = ({name: value for name, value in row if value is not None} for row in cells)
    yield from document_pairs(enumerate(entries, start=1), headed=False, note=faults.note, adapted=faults.adapt)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def pandas_rows(frame: Any) -> tuple[list[str], Iterator[Sequence[Any]]]:
    """Return the names and the rows of a pandas frame, an index that has the name of an attribute among them."""
    if recognised(meaning.name for meaning in ColumnNames().resolve(_index_names(frame))):
        frame = frame.reset_index()
    columns = [frame.iloc[:, position] for position in range(frame.shape[1])]
    names = [" ".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns]
    return names, _exact(zip(*columns, strict=True), [str(column.dtype) for column in columns])


def _index_names(frame: Any) -> list[str]:
    """Return the names of an index that say what no column does."""
    columns = set(map(str, frame.columns))
    named = [name for name in frame.index.names if isinstance(name, str)]
    return named if len(named) == len(frame.index.names) and not columns & set(named) else []


def _exact(rows: Iterable[Sequence[Any]], types: Iterable[str]) -> Iterator[Sequence[Any]]:
    """Yield rows whose numbers of single precision have the digits that they had."""
    single = {position for position, name in enumerate(types) if name.lower() in _SINGLE}
    if not single:
        yield from rows
        return
    for row in rows:
        yield [single_precision(cell) if position in single else cell for position, cell in enumerate(row)]


def _polars(frame: Any) -> tuple[list[str], Iterator[Sequence[Any]]]:
    rows = chain.from_iterable(part.rows() for part in frame.iter_slices(AT_ONCE))
    return list(frame.columns), _exact(rows, map(str, frame.dtypes))


def _polars_lazy(frame: Any) -> tuple[list[str], Iterator[Sequence[Any]]]:
    schema = frame.collect_schema()
    # Batches came in polars 1.34.
    parts = frame.collect_batches(maintain_order=True) if hasattr(frame, "collect_batches") else [frame.collect()]
    rows = chain.from_iterable(_polars(part)[1] for part in parts)
    return list(schema.names()), rows


def arrow_rows(schema: Any, batches: Iterable[Any]) -> tuple[list[str], Iterator[Sequence[Any]]]:
    """Return the names and the rows of batches of Arrow."""
    slices = (batch.slice(start, AT_ONCE) for batch in batches for start in range(0, batch.num_rows, AT_ONCE))
    rows = chain.from_iterable(zip(*(column.to_pylist() for column in part.columns), strict=True) for part in slices)
    return list(schema.names), _exact(rows, map(str, schema.types))


def _arrow(table: Any) -> tuple[list[str], Iterator[Sequence[Any]]]:
    if hasattr(table, "scanner"):
        # A dataset by itself reads far ahead.
        table = table.scanner(batch_size=AT_ONCE, batch_readahead=1, fragment_readahead=1)
    schema = getattr(table, "projected_schema", None) or table.schema
    if hasattr(table, "to_batches"):
        return arrow_rows(schema, table.to_batches())
    return arrow_rows(schema, [table] if hasattr(table, "num_rows") else table)


def _stream(table: Any) -> tuple[list[str], Iterator[Sequence[Any]]]:
    pyarrow = needed_pyarrow(f"a {type(table).__name__}")
    try:
        if hasattr(table, "__arrow_c_stream__"):
            return _arrow(pyarrow.RecordBatchReader.from_stream(table))
        return _arrow(pyarrow.record_batch(table))
    except (pyarrow.ArrowException, TypeError, ValueError) as error:
        raise FeedError(f"cannot read a feed from {type(table).__name__}: it holds no table ({error})") from error


def _interchange(table: Any) -> tuple[list[str], Iterator[Sequence[Any]]]:
    needed_pyarrow(f"a {type(table).__name__}")
    from pyarrow.interchange import from_dataframe

    return _arrow(from_dataframe(table))


def _executed(result: Any) -> tuple[list[str], Iterator[Sequence[Any]]]:
    if type(result).__name__ == "DuckDBPyRelation":
        result.execute()  # from its first row, whatever was taken of it before
    if not result.description:
        raise FeedError(f"cannot read a feed from {type(result).__name__}: no query was executed on it that gives rows")
    names = [str(column[0]) for column in result.description]
    types = [str(column[1]) for column in result.description]
    if hasattr(result, "types"):
        types = [str(each) for each in result.types]
    parts = iter(lambda: result.fetchmany(AT_ONCE), [])
    return names, _exact(chain.from_iterable(parts), types)


_OF_KIND: Mapping[Kind, Callable[[Any], tuple[list[str], Iterator[Sequence[Any]]]]] = {
    Kind.PANDAS: pandas_rows,
    Kind.POLARS: _polars,
    Kind.POLARS_LAZY: _polars_lazy,
    Kind.ARROW: _arrow,
    Kind.EXECUTED: _executed,
    Kind.STREAM: _stream,
    Kind.INTERCHANGE: _interchange,
}


def needed_pyarrow(what: str) -> Any:
    """Return the package pyarrow.

    Raises:
        FeedError: It is not installed.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise FeedError(
            f"reading {what} needs the package pyarrow: run `pip install 'feedeval[parquet]'`, or give the rows as a "
            "pandas frame or a CSV file"
        ) from error
    return pyarrow
