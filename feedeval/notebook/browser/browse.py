"""Looking through the results of a session: filtered, sorted, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.formatting import clip
from feedeval.notebook.browser.rows import Row
from feedeval.notebook.browser.shapes import Shape, name_of

Positions = NDArray[np.intp]

ALL = ""
"""A filter that lets everything through."""
_NAME_CHARS = 300


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


class Browser:
    """The results of a session, to be looked through.

    Args:
        results: A row a record; it is not changed.
        shape: How they are shown.
        actions: Rows of the products of each action, by its attribute.
    """

    def __init__(self, results: pd.DataFrame, shape: Shape, actions: Mapping[str, Positions] | None = None) -> None:
        self.results = results
        self.shape = shape
        self.actions = actions or {}
        self._cells = {cell.column.name: cell for cell in shape.cells}
        self._found: tuple[Wanted, Positions] | None = None

    def groups(self) -> list[tuple[str, str]]:
        """Return the groups as words and value, the most frequent first."""
        if not self.shape.group:
            return []
        counts = self.results[self.shape.group].fillna("").value_counts()
        return [(f"{clip(str(name) or '(none)', 60)} ({count:,})", str(name)) for name, count in counts.items() if name]

    def find(self, wanted: Wanted) -> Positions:
        """Return the rows that are wanted, in their order."""
        if self._found is None or self._found[0] != wanted:
            self._found = (wanted, self._sort(np.flatnonzero(self._fits(wanted)), wanted))
        return self._found[1]

    def _fits(self, wanted: Wanted) -> NDArray[np.bool_]:
        results, shape = self.results, self.shape
        fits = np.ones(len(results), dtype=bool)
        if wanted.status:
            fits &= results["status"].eq(wanted.status).to_numpy(dtype=bool, na_value=False)
        if wanted.group and shape.group:
            fits &= results[shape.group].eq(wanted.group).to_numpy(dtype=bool, na_value=False)
        if wanted.action in self.actions:
            among = np.zeros(len(results), dtype=bool)
            among[self.actions[wanted.action]] = True
            fits &= among
        if shape.score and (wanted.low_pct > 0 or wanted.high_pct < 100):
            score = results[shape.score].to_numpy(dtype=float, na_value=np.nan) * shape.per_cent
            fits &= (score >= wanted.low_pct) & (score <= wanted.high_pct)
        for word in wanted.text.split():
            fits &= self._says(word)
        return fits

    def _says(self, word: str) -> NDArray[np.bool_]:
        said = np.zeros(len(self.results), dtype=bool)
        for name in self.shape.searched:
            if name in self.results.columns:
                said |= self.results[name].str.contains(word, case=False, regex=False, na=False).to_numpy(dtype=bool)
        return said

    def _sort(self, positions: Positions, wanted: Wanted) -> Positions:
        cell = self._cells.get(wanted.sort)
        if cell is None:
            return positions
        values = self.results[cell.source].iloc[positions].reset_index(drop=True)
        if cell.rank_by is not None:
            values = cell.rank_by(values)
        elif not (pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype)):
            # As a person sorts words: capitals beside small letters. Values of several types are sorted by their text.
            values = values.where(values.isna(), values.astype(str).str.casefold())
        order = values.sort_values(ascending=not wanted.descending, kind="stable", na_position="last").index
        found: Positions = positions[order.to_numpy()]
        return found

    def rows(self, positions: Sequence[int] | Positions) -> list[Row]:
        """Return the rows at some positions, as they are shown."""
        shape = self.shape
        sources = list(dict.fromkeys([cell.source for cell in shape.cells]))
        also = [n for n in ("title", "product_id", "key") if n in self.results.columns and n not in sources]
        part = self.results.iloc[np.asarray(positions, dtype=np.intp)][sources + also]
        return [self._row(values) for values in part.to_dict("records")]

    def _row(self, values: dict[Any, Any]) -> Row:
        first, *rest = self.shape.cells
        name = clip(name_of(values, first.source), _NAME_CHARS)
        return Row(name, f"Open {name}", tuple(cell.show(values[cell.source]) for cell in rest))
