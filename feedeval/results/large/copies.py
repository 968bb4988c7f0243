"""The table that a shard leaves beside it: its results, and what came of each question, a row a product.

It is written a few batch files at a time and read a few columns at a time. A shard without one, or with one of an
earlier version, gives the same table from its batch files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.errors import SessionDamaged
from feedeval.results.export import write_whole
from feedeval.results.frames.decoding import Asked, SampledMeta, read_or_warn
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.frames.results import COUNTS, RESULT_COLUMNS, feed_order, load_audit
from feedeval.storage.batch_files import collector_paused
from feedeval.storage.batch_shapes import ResultOf, batch_decoder
from feedeval.storage.paths import StoredFile
from feedeval.storage.shards import Shards

if TYPE_CHECKING:
    import pyarrow

PLACE = "place"
"""Where the product stands in the feed."""
KEY = "key"
COLUMNS = (*RESULT_COLUMNS, KEY)
"""What people can ask for."""

FILE = "file"
"""Which of the shard's batch files the product is in; -1 where it failed."""
FIELDS, LACKING, NOTES = "fields", "lacking", "notes"
"""Lists of names as JSON."""
TEXT_LENGTH = "text_length"
JUDGED = ("question", "taxonomy", "required", "verdict", "attribute")
"""Lists, an entry a judgement."""
_DETAILS = (FIELDS, LACKING, NOTES, TEXT_LENGTH, *JUDGED)
"""What the results do not say, or not so that it can be counted; missing where a product failed."""
DICTIONARIES = (
    *("category", "missing_core_fields", "context_fields", "engine", "status", FIELDS, LACKING, NOTES),
    *(f"{name}.list.element" for name in JUDGED if name != "required"),
)
"""Texts that repeat: they are read once each."""
_ROW_GROUP = 5_000
_ROWS_AT_ONCE = 1_000
"""A batch file has a dozen rows or so, and what a frame costs beside its rows is paid once for so many."""


class _Judged(Asked, gc=False):
    attribute: str = ""


class _Value(msgspec.Struct, gc=False):
    judgements: list[_Judged]
    context_fields: list[str] = []
    notes: list[str] = []
    context: msgspec.Raw = msgspec.Raw()


class _Place(msgspec.Struct, gc=False):
    index: int


_decode = batch_decoder(ResultOf[_Value, SampledMeta], _Place)


def schema() -> pyarrow.Schema:
    """Return the columns of the table."""
    import pyarrow as arrow

    kinds = {**dict.fromkeys(COUNTS, arrow.int64()), "coverage_pct": arrow.float64(), "cost_usd": arrow.float64()}
    fields = [(name, kinds.get(name, arrow.string())) for name in COLUMNS]
    fields += [(PLACE, arrow.int64()), (FILE, arrow.int64())]
    fields += [(name, arrow.string()) for name in (FIELDS, LACKING, NOTES)]
    fields += [(TEXT_LENGTH, arrow.int64())]
    fields += [(name, arrow.list_(arrow.bool_() if name == "required" else arrow.string())) for name in JUDGED]
    return arrow.schema(fields)


def write_copy(shards: Shards, number: int, *, engine: str) -> None:
    """Write the table of a shard that is through; some thousand rows are held.

    Raises:
        SessionDamaged: A batch file cannot be read.
        StorageError: The table cannot be written.
    """
    import pyarrow.parquet as parquet

    def write(path: Path) -> None:
        with parquet.ParquetWriter(path, schema()) as out:
            for table in tables_of(shards.batch_files_of(number), engine=engine, strict=True):
                out.write_table(table, row_group_size=_ROW_GROUP)

    with shards.made_here(shards.results(number)) as path:
        write_whole(path, write)


def tables_of(
    files: Sequence[StoredFile], *, engine: str, strict: bool = False, texts: bool = True
) -> Iterator[pyarrow.Table]:
    """Yield the tables of the batch files, some of them at a time.

    Args:
        files: The batch files.
        engine: The session's engine, for products that failed.
        strict: Whether a damaged file is an error; else it is left out with a `DamagedFileWarning`.
        texts: Whether the long texts are wanted; else they are missing.

    Raises:
        SessionDamaged: A batch file cannot be read, and `strict`.
    """
    for group in _groups(files, strict=strict):
        yield _table(group, engine=engine, texts=texts)


class _Read(NamedTuple):
    number: int
    file: StoredFile
    batch: Any


def _groups(files: Sequence[StoredFile], *, strict: bool) -> Iterator[list[_Read]]:
    group: list[_Read] = []
    rows = 0
    for number, file in enumerate(files):
        with collector_paused():
            batch = read_or_warn(file, _decode)
        if batch is not None:
            group.append(_Read(number, file, batch))
            rows += len(batch.results) + len(batch.failures)
        elif strict:
            raise SessionDamaged(f"{file.path} cannot be read")
        if rows >= _ROWS_AT_ONCE:
            yield group
            group, rows = [], 0
    if group:
        yield group


def _table(group: Sequence[_Read], *, engine: str, texts: bool) -> pyarrow.Table:
    import pyarrow as arrow

    loaded = load_audit([each.file for each in group], engine=engine, in_memory=texts)
    frame = loaded.results.assign(**{KEY: loaded.keys})
    results = [row for each in group for row in each.batch.results]
    failures = [row for each in group for row in each.batch.failures]
    index = np.array([row.index for row in (*results, *failures)], dtype=np.int64)
    numbers = [each.number for each in group for _ in each.batch.results]
    where = np.array([*numbers, *(-1 for _ in failures)], dtype=np.int64)
    order = feed_order(index, where)
    columns: dict[str, Any] = {name: _plain(frame[name]) for name in COLUMNS}
    columns |= {PLACE: arrow.array(index[order]), FILE: arrow.array(where[order])}
    details: dict[str, list[Any]] = {
        FIELDS: [_names(row.value.context_fields) for row in results],
        LACKING: [_names(row.meta.missing_core_fields) for row in results],
        NOTES: [_names(row.value.notes) for row in results],
        TEXT_LENGTH: [len(memoryview(row.value.context)) for row in results],
        **{name: [[getattr(j, name) for j in row.value.judgements] for row in results] for name in JUDGED},
    }
    known = schema()
    taken = arrow.array(order)
    for name, values in details.items():
        columns[name] = arrow.array([*values, *(None for _ in failures)], known.field(name).type).take(taken)
    return arrow.table([columns[name] for name in known.names], schema=known)


def _names(names: Sequence[str]) -> str:
    return msgspec.json.encode(names).decode()


def _plain(column: pd.Series[Any]) -> Any:
    import pyarrow as arrow

    if pd.api.types.is_float_dtype(column.dtype):
        return arrow.array(column.to_numpy(), arrow.float64(), from_pandas=True)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return arrow.array(column.array, arrow.int64())
    if column.dtype == TEXT:
        return arrow.array(column.astype(object).to_numpy(), arrow.string(), from_pandas=True)
    return arrow.nulls(len(column), arrow.string())


def has_table(shards: Shards, number: int) -> bool:
    """Return whether a shard has left a table, be it one of an earlier version."""
    return shards.here(shards.results(number)).exists()


def has_copy(shards: Shards, number: int) -> bool:
    """Return whether a shard has left its table, with all columns."""
    import pyarrow.parquet as parquet

    path = shards.here(shards.results(number))
    return path.exists() and set(_DETAILS) <= set(parquet.read_schema(path).names)


def shard_table(shards: Shards, number: int, columns: Sequence[str], *, engine: str) -> pyarrow.Table:
    """Return some columns of the table of one shard, but no long texts."""
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    names = list(columns)
    if has_copy(shards, number):
        path = shards.here(shards.results(number))
        return parquet.read_table(path, columns=names, read_dictionary=list(DICTIONARIES))
    made = tables_of(shards.batch_files_of(number), engine=engine, texts=False)
    tables = [_as_read(table.select(names)) for table in (schema().empty_table(), *made)]
    return arrow.concat_tables(tables).unify_dictionaries()


def rows_in(
    shards: Shards, number: int, wanted: tuple[NDArray[np.int32], Sequence[str]], *, engine: str
) -> pyarrow.Table:
    """Return some rows and columns of the table of one shard; only the parts of the file that they are in are read.

    Args:
        shards: The shards.
        number: Which of them.
        wanted: The rows, in whatever order, and the columns.
        engine: The session's engine, for products that failed.
    """
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    rows, columns = wanted
    if not has_copy(shards, number):
        return shard_table(shards, number, columns, engine=engine).take(rows)
    found, places = [], []
    with parquet.ParquetFile(shards.here(shards.results(number))) as file:
        sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
        ends = np.cumsum(sizes)
        of_row = np.searchsorted(ends, rows, side="right")
        for group in np.unique(of_row).tolist():
            mine = np.flatnonzero(of_row == group)
            part = file.read_row_group(group, columns=list(columns))
            found.append(part.take(rows[mine] - (ends[group] - sizes[group])))
            places.append(mine)
    order = np.argsort(np.concatenate(places))
    return arrow.concat_tables(found).take(order)


def _as_read(table: pyarrow.Table) -> pyarrow.Table:
    """Return a table with the texts that repeat held once each, as they are read from a file."""
    for at, name in enumerate(table.column_names):
        if name in DICTIONARIES:
            table = table.set_column(at, name, table.column(name).dictionary_encode())
    return table
