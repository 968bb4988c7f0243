"""The results of a session of shards as a table to be looked through: filtered, searched, sorted, a few rows at a time.

Held are the columns that sums are made of, and a few bytes of each product: where it is, and its place by title. The
other columns are gone through shard by shard, and rows are read when they are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.results.frames.lazytext import TEXT, LazyText, TextFiles, TextKind
from feedeval.results.frames.results import RESULT_COLUMNS, TEXT_COLUMNS
from feedeval.results.large import copies
from feedeval.results.large.frames import column_of
from feedeval.results.large.parts import codes_of
from feedeval.results.large.ranked import Ranked
from feedeval.storage.shards import Shards

if TYPE_CHECKING:
    import pyarrow

Mask = NDArray[np.bool_]
_TITLES_AT_ONCE = 1_000


class LargeTable:
    """The results of one session, in the order of the feed.

    Args:
        shards: Its shards.
        engine: The session's engine, for products that failed.
        figures: The columns that sums are made of.
    """

    columns = (*RESULT_COLUMNS, copies.KEY)

    def __init__(self, shards: Shards, *, engine: str, figures: pd.DataFrame) -> None:
        self._shards = shards
        self._engine = engine
        self._figures = figures

    def __len__(self) -> int:
        return len(self._figures)

    def values(self, name: str) -> pd.Series[Any]:
        """Return a column: one of those that sums are made of, or one whose texts repeat."""
        if name in self._figures.columns:
            return self._figures[name]
        found = np.empty(len(self), dtype=object)
        known: dict[str, str] = {}
        for number, at in self._positions.items():
            codes, words = codes_of(self._read(number, [name]).column(name))
            found[at] = np.array([known.setdefault(word, word) for word in words] or [""], dtype=object)[codes]
        return pd.Series(pd.array(found, dtype=TEXT), name=name)

    def says(self, word: str, names: Sequence[str]) -> Mask:
        """Return which products have a word in one of some columns, whatever its case."""
        said = np.zeros(len(self), dtype=bool)
        for number, at in self._positions.items():
            table = self._read(number, [name for name in names if name in self.columns])
            for name in table.column_names:
                said[at] |= _says(table.column(name), word)
        return said

    def ranks(self, name: str) -> pd.Series[Any]:
        """Return what a column sorts by: figures by themselves, words as a person sorts them, whatever their case."""
        if name == "title":
            return pd.Series(self._title_ranks).astype("float64").where(self._title_ranks >= 0)
        values = self.values(name)
        if pd.api.types.is_numeric_dtype(values.dtype):
            return values
        places = {word: n for n, word in enumerate(sorted({str(w).casefold() for w in values.dropna().unique()}))}
        of_word = {word: places[str(word).casefold()] for word in values.dropna().unique()}
        return values.astype(object).map(of_word).astype("float64")

    def rows(self, at: Sequence[int] | NDArray[np.intp], names: Sequence[str]) -> pd.DataFrame:
        """Return some columns of the products at some positions, long texts among them."""
        wanted = np.asarray(at, dtype=np.int64)
        short = [name for name in names if name not in TEXT_COLUMNS]
        long = [name for name in names if name in TEXT_COLUMNS]
        parts = []
        for number in np.unique(self._shard[wanted]).tolist():
            mine = np.flatnonzero(self._shard[wanted] == number)
            parts.append(self._rows_of(number, self._row[wanted[mine]], (short, long)).set_index(mine))
        if not parts:
            return pd.DataFrame({name: pd.Series(dtype=TEXT) for name in names})
        return pd.concat(parts).sort_index().set_index(wanted)[list(names)]

    @cached_property
    def repeats(self) -> Mask:
        """Of each product, whether another one has its title."""
        hashes = np.zeros(len(self), dtype=np.uint64)
        for number, titles in self._titles():
            words = np.array([title or "" for title in titles], dtype=object)
            hashes[self._positions[number]] = np.where(words == "", 0, pd.util.hash_array(words, categorize=False))
        _, member, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        return np.asarray((counts[member] > 1) & (hashes != 0))

    @cached_property
    def _title_ranks(self) -> NDArray[np.int32]:
        ranked: Ranked[int] = Ranked(block=_TITLES_AT_ONCE)
        for number, titles in self._titles():
            places = self._positions[number].tolist()
            ranked.add((title.casefold(), at) for title, at in zip(titles, places, strict=True) if title is not None)
        ranks = np.full(len(self), -1, dtype=np.int32)
        rank, before = -1, None
        for title, at in ranked:
            rank += title != before
            before, ranks[at] = title, rank
        return ranks

    def _titles(self) -> Iterator[tuple[int, list[str | None]]]:
        for number in self._shards.numbers:
            yield number, self._read(number, ["title"]).column("title").to_pylist()

    def _read(self, number: int, columns: Sequence[str]) -> pyarrow.Table:
        return copies.shard_table(self._shards, number, columns, engine=self._engine)

    @cached_property
    def _positions(self) -> dict[int, NDArray[np.int32]]:
        """By shard, where each of its products stands among all."""
        places = [self._read(number, [copies.PLACE]).column(0).to_numpy() for number in self._shards.numbers]
        together = np.concatenate(places)
        ranks = np.empty(len(together), dtype=np.int32)
        ranks[np.argsort(together, kind="stable")] = np.arange(len(together))
        ends = np.cumsum([len(each) for each in places])[:-1]
        return dict(zip(self._shards.numbers, np.split(ranks, ends), strict=True))

    @cached_property
    def _shard(self) -> NDArray[np.int32]:
        """Of each product, the number of its shard."""
        found = np.empty(len(self), dtype=np.int32)
        for number, at in self._positions.items():
            found[at] = number
        return found

    @cached_property
    def _row(self) -> NDArray[np.int32]:
        """Of each product, its row in the table of its shard."""
        found = np.empty(len(self), dtype=np.int32)
        for at in self._positions.values():
            found[at] = np.arange(len(at))
        return found

    def _rows_of(self, number: int, rows: NDArray[np.int32], names: tuple[list[str], list[str]]) -> pd.DataFrame:
        """Return short and long columns of some rows of a shard."""
        short, long = names
        wanted = list(dict.fromkeys([*short, copies.FILE, copies.PLACE]))
        table = copies.rows_in(self._shards, number, (rows, wanted), engine=self._engine)
        columns = {name: column_of(table, name) for name in short}
        if long:
            files = TextFiles(self._shards.batch_files_of(number))
            where = np.column_stack([table.column(name).to_numpy() for name in (copies.FILE, copies.PLACE)])
            texts = {name: LazyText(files, TextKind(name), where) for name in long}
            # Row by row, so that each file is read once for all of its columns.
            cells = [[column[row] for column in texts.values()] for row in range(len(where))]
            columns |= {name: pd.array([each[n] for each in cells], dtype=TEXT) for n, name in enumerate(long)}
        return pd.DataFrame(columns, index=range(len(rows)))


def _says(column: Any, word: str) -> Mask:
    import pyarrow as arrow
    import pyarrow.compute as compute

    if arrow.types.is_dictionary(column.type):
        codes, words = codes_of(column)
        found = compute.match_substring(arrow.array(words or [""], arrow.string()), word, ignore_case=True)
        return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)[codes]
    found = compute.fill_null(compute.match_substring(column, word, ignore_case=True), False)
    return np.asarray(found.to_numpy(), dtype=bool)
