"""The results of a session of shards as a frame: a few columns, or all with the long texts left on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.results.frames.lazytext import TEXT, LazyText, TextFiles, TextKind
from feedeval.results.frames.results import COUNTS, RESULT_COLUMNS, TEXT_COLUMNS
from feedeval.results.large import copies
from feedeval.storage.paths import StoredFile
from feedeval.storage.shards import Shards

if TYPE_CHECKING:
    import pyarrow

ReadTable = Callable[[int, Sequence[str]], Any]
_SHORT = [name for name in RESULT_COLUMNS if name not in TEXT_COLUMNS]


def results_frame(shards: Shards, *, engine: str) -> tuple[pd.DataFrame, pd.Series[str]]:
    """Return all results in the order of the feed, as `load_audit` does, and the keys of the rows."""

    def read(number: int, columns: Sequence[str]) -> Any:
        return copies.shard_table(shards, number, columns, engine=engine)

    files: list[StoredFile] = []
    where = []
    for number in shards.numbers:
        where.append(_with_file(read(number, [copies.PLACE, copies.FILE]), len(files)))
        files += shards.batch_files_of(number)
    place, file = (np.concatenate([each[name] for each in where]) for name in (copies.PLACE, copies.FILE))
    order = np.argsort(place, kind="stable")
    addresses = np.column_stack([file, place])[order]
    texts = TextFiles(files)
    columns: dict[str, Any] = {}
    # One after the other, so that the peak is the frame and a column.
    for name in RESULT_COLUMNS:
        if name in TEXT_COLUMNS:
            columns[name] = LazyText(texts, TextKind(name), addresses)
        else:
            columns[name] = column_of(_joined([read(number, [name]) for number in shards.numbers]), name)[order]
    return pd.DataFrame(columns), pd.Series(_keys(read, shards.numbers, (columns["product_id"], order)), name="key")


def _keys(read: ReadTable, numbers: Sequence[int], known: tuple[Any, NDArray[np.intp]]) -> Any:
    """Return the keys; they mostly are the product ids, and then one string does for both."""
    import pyarrow.compute as compute

    ids, order = known
    table = _joined([read(number, [copies.KEY, "product_id"]) for number in numbers])
    key = table.column(copies.KEY)
    differs = compute.fill_null(compute.not_equal(key, table.column("product_id")), True).to_numpy()
    keys = np.array(ids, dtype=object)
    at = np.flatnonzero(differs[order])
    keys[at] = key.take(order[at]).to_pylist()
    return pd.array(keys, dtype=TEXT)


def _joined(tables: Sequence[pyarrow.Table]) -> pyarrow.Table:
    import pyarrow as arrow

    return arrow.concat_tables(tables).unify_dictionaries()


def figures_frame(read: ReadTable, numbers: Sequence[int], columns: Sequence[str]) -> pd.DataFrame:
    """Return some columns of the results in the order of the feed, but no long texts; the index counts the rows."""
    wanted = [*columns, copies.PLACE]
    table, _ = _ordered([read(number, wanted) for number in numbers])
    return pd.DataFrame({name: column_of(table, name) for name in columns})


def rows_at(read: ReadTable, numbers: Sequence[int], columns: Sequence[str], rows: Sequence[int]) -> pd.DataFrame:
    """Return some columns of a few rows, in the order in which these are named by their place among all."""
    import pyarrow as arrow

    places = np.sort(np.concatenate([read(number, [copies.PLACE]).column(0).to_numpy() for number in numbers]))
    wanted = places[np.asarray(rows, dtype=np.int64)]
    found = []
    for number in numbers:
        place = read(number, [copies.PLACE]).column(0).to_numpy()
        if len(at := np.flatnonzero(np.isin(place, wanted))):
            found.append(read(number, [*columns, copies.PLACE]).take(at))
    if not found:
        return pd.DataFrame({name: pd.Series(dtype=_kind(name)) for name in columns})
    table = arrow.concat_tables(found).unify_dictionaries()
    place = table.column(copies.PLACE).to_numpy()
    order = np.argsort(place)
    table = table.take(order[np.searchsorted(place[order], wanted)])
    return pd.DataFrame({name: column_of(table, name) for name in columns}, index=pd.Index(rows))


def _with_file(table: pyarrow.Table, first: int) -> dict[str, NDArray[np.int64]]:
    """Return the places and files of a shard's products; files are numbered among those of all shards."""
    place, file = (table.column(name).to_numpy() for name in (copies.PLACE, copies.FILE))
    return {copies.PLACE: place, copies.FILE: np.where(file < 0, -1, file + first)}


def _ordered(tables: Sequence[pyarrow.Table]) -> tuple[pyarrow.Table, Any]:
    table = _joined(tables)
    place = table.column(copies.PLACE).to_numpy()
    if (np.diff(place) > 0).all():
        return table, place
    order = np.argsort(place, kind="stable")
    return table.take(order), place[order]


def column_of(table: pyarrow.Table, name: str) -> Any:
    """Return a column of the results as the frame of results has it."""
    import pyarrow as arrow

    column = table.column(name)
    if name in COUNTS:
        missing = column.is_null().to_numpy()
        return pd.arrays.IntegerArray(column.fill_null(0).to_numpy().astype(np.int64, copy=False), mask=missing)
    if name in ("coverage_pct", "cost_usd"):
        return column.to_numpy().astype(np.float64, copy=False)
    if arrow.types.is_dictionary(column.type):
        whole = column.combine_chunks()
        words = np.array([*whole.dictionary.to_pylist(), None], dtype=object)
        codes = whole.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)
        return pd.array(words[codes], dtype=TEXT)
    return pd.array(column.to_numpy().astype(object, copy=False), dtype=TEXT)


def _kind(name: str) -> Any:
    if name in COUNTS:
        return "Int64"
    return "float64" if name in ("coverage_pct", "cost_usd") else TEXT
