"""Looking through the results of a session: filtered, sorted, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.formatting import clip
from feedeval.notebook.browser.rows import Row
from feedeval.notebook.browser.shapes import PRESENT, Shape, name_of, present_cell
from feedeval.notebook.browser.variants import short_attribute, told_apart
from feedeval.notebook.report.parts import text_of
from feedeval.results.gaps.present_values import field_values, present_value

Positions = NDArray[np.intp]

ALL = ""
"""A filter that lets everything through."""
_NAME_CHARS = 300
_HEAD_CHARS = 24


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the results is to be seen, and in which order."""

    text: str = ""
    group: str = ALL
    action: str = ALL
    """Attribute of an action whose products alone are seen."""
    status: str = ALL
    low_pct: float = 0.0
    high_pct: float = 100.0
    """With the whole range, records without a score are among them."""
    sort: str = ""
    """Name of a column; empty for the order of the feed."""
    descending: bool = False

    @property
    def filters(self) -> tuple[object, ...]:
        """What decides which records are seen."""
        return self.text.strip().casefold(), self.group, self.action, self.status, self.low_pct, self.high_pct

    def sorted_by(self, column: str) -> Wanted:
        """Return the order after a press on a column's head: rising, then falling, then that of the feed."""
        if self.sort != column:
            return replace(self, sort=column, descending=False)
        return replace(self, sort="" if self.descending else column, descending=not self.descending)


class Table(Protocol):
    """Results that are looked through, wherever they are; `LargeTable` leaves them on disk."""

    @property
    def columns(self) -> Sequence[str]:
        """Names of the columns."""

    def __len__(self) -> int: ...

    def values(self, name: str) -> pd.Series:
        """Return a column."""

    def says(self, word: str, names: Sequence[str]) -> NDArray[np.bool_]:
        """Return which records have a word in one of some columns, whatever its case."""

    def ranks(self, name: str) -> pd.Series:
        """Return what a column sorts by: figures by themselves, words as a person sorts them."""

    def rows(self, at: NDArray[np.intp], names: Sequence[str]) -> pd.DataFrame:
        """Return some columns of the records at some positions."""

    @property
    def repeats(self) -> NDArray[np.bool_]:
        """Of each product of an audit, whether another one has its title."""


class HeldTable:
    """Results that are held.

    Args:
        results: A row a record; it is not changed.
    """

    def __init__(self, results: pd.DataFrame) -> None:
        self._results = results
        self.columns = [str(name) for name in results.columns]

    def __len__(self) -> int:
        return len(self._results)

    def values(self, name: str) -> pd.Series:
        """Return a column."""
        return self._results[name]

    def says(self, word: str, names: Sequence[str]) -> NDArray[np.bool_]:
        """Return which records have a word in one of some columns, whatever its case."""
        said = np.zeros(len(self), dtype=bool)
        for name in names:
            if name in self.columns:
                said |= self._results[name].str.contains(word, case=False, regex=False, na=False).to_numpy(dtype=bool)
        return said

    def ranks(self, name: str) -> pd.Series:
        """Return what a column sorts by: words as a person sorts them, and values of several types by their text."""
        values = self._results[name]
        if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
            return values
        return values.where(values.isna(), values.astype(str).str.casefold())

    def rows(self, at: NDArray[np.intp], names: Sequence[str]) -> pd.DataFrame:
        """Return some columns of the records at some positions."""
        return self._results.iloc[at][list(names)]

    @cached_property
    def repeats(self) -> NDArray[np.bool_]:
        """Of each product of an audit, whether another one has its title."""
        if "context_fields" not in self.columns:
            return np.zeros(len(self), dtype=bool)
        titles = self._results["title"]
        return (titles.duplicated(keep=False) & titles.fillna("").ne("")).to_numpy(dtype=bool)


class Browser:
    """The results of a session, to be looked through.

    Args:
        results: A row a record, in a frame or where they are on disk; they are not changed.
        shape: How they are shown.
        actions: Rows of the products of each action, by its attribute.
    """

    def __init__(
        self, results: pd.DataFrame | Table, shape: Shape, actions: Mapping[str, Positions] | None = None
    ) -> None:
        self.results = results
        self._table: Table = HeldTable(results) if isinstance(results, pd.DataFrame) else results
        self.shape = shape
        self.actions = actions or {}
        self._cells = {cell.column.name: cell for cell in shape.cells}
        self._found: tuple[Wanted, Positions] | None = None

    def groups(self) -> list[tuple[str, str]]:
        """Return the groups as words and value, the most frequent first."""
        if not self.shape.group:
            return []
        counts = self._table.values(self.shape.group).fillna("").value_counts()
        return [(f"{clip(str(name) or '(none)', 60)} ({count:,})", str(name)) for name, count in counts.items() if name]

    def find(self, wanted: Wanted) -> Positions:
        """Return the rows that are wanted, in their order."""
        if self._found is None or self._found[0] != wanted:
            self._found = (wanted, self._sort(np.flatnonzero(self._fits(wanted)), wanted))
        return self._found[1]

    def _fits(self, wanted: Wanted) -> NDArray[np.bool_]:
        table, shape = self._table, self.shape
        fits = np.ones(len(table), dtype=bool)
        if wanted.status:
            fits &= table.values("status").eq(wanted.status).to_numpy(dtype=bool, na_value=False)
        if wanted.group and shape.group:
            fits &= table.values(shape.group).eq(wanted.group).to_numpy(dtype=bool, na_value=False)
        if wanted.action in self.actions:
            among = np.zeros(len(table), dtype=bool)
            among[self.actions[wanted.action]] = True
            fits &= among
        if shape.score and (wanted.low_pct > 0 or wanted.high_pct < 100):
            score = table.values(shape.score).to_numpy(dtype=float, na_value=np.nan) * shape.per_cent
            fits &= (score >= wanted.low_pct) & (score <= wanted.high_pct)
        for word in wanted.text.split():
            fits &= table.says(word, shape.searched)
        return fits

    def _sort(self, positions: Positions, wanted: Wanted) -> Positions:
        cell = self._cells.get(wanted.sort)
        if cell is None:
            return positions
        table, source = self._table, cell.source
        values = table.ranks(source) if cell.rank_by is None else cell.rank_by(table.values(source))
        values = values.iloc[positions].reset_index(drop=True)
        order = values.sort_values(ascending=not wanted.descending, kind="stable", na_position="last").index
        found: Positions = positions[order.to_numpy()]
        return found

    def titles(self, action: str) -> dict[str, str]:
        """Return the headings of columns that show something else where the products of an action alone are seen."""
        return {PRESENT: f"{clip(short_attribute(action), _HEAD_CHARS)} now"} if action in self.actions else {}

    def rows(self, positions: Sequence[int] | Positions, *, action: str = ALL) -> list[Row]:
        """Return the rows at some positions, as they are shown.

        Args:
            positions: Which they are.
            action: Attribute of the action whose products alone are seen: each shows what it says about it.
        """
        at = np.asarray(positions, dtype=np.intp)
        sources = {cell.source for cell in self.shape.cells} | {"title", "product_id", "key"}
        wanted = action if action in self.actions else ALL
        repeats = self._table.repeats[at]
        if reads := bool(wanted or repeats.any()):
            sources |= {"name_plus_context", "context_fields"}
        found = self._table.rows(at, [name for name in self._table.columns if name in sources]).to_dict("records")
        fields = [field_values(v.get("name_plus_context"), v.get("context_fields")) if reads else {} for v in found]
        first = self.shape.cells[0].source
        names = [clip(name_of(values, first), _NAME_CHARS) for values in found]
        told = told_apart(names, fields, [text_of(values.get("product_id")) for values in found], repeats.tolist())
        return [self._row(*row, wanted) for row in zip(told, found, fields, strict=True)]

    def _row(self, name: str, values: dict[Any, Any], fields: Mapping[str, str], action: str) -> Row:
        cells = (
            present_cell(present_value(action, fields))
            if action and cell.column.name == PRESENT
            else cell.show(values[cell.source])
            for cell in self.shape.cells[1:]
        )
        return Row(name, f"Open {name}", tuple(cells))
