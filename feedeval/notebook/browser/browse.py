"""Looking through the results of a session: filtered, sorted, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

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
        if reads := bool(wanted or self._repeats[at].any()):
            sources |= {"name_plus_context", "context_fields"}
        part = self.results.iloc[at][[name for name in self.results.columns if name in sources]]
        found = part.to_dict("records")
        fields = [field_values(v.get("name_plus_context"), v.get("context_fields")) if reads else {} for v in found]
        first = self.shape.cells[0].source
        names = [clip(name_of(values, first), _NAME_CHARS) for values in found]
        told = told_apart(
            names, fields, [text_of(values.get("product_id")) for values in found], self._repeats[at].tolist()
        )
        return [self._row(*row, wanted) for row in zip(told, found, fields, strict=True)]

    def _row(self, name: str, values: dict[Any, Any], fields: Mapping[str, str], action: str) -> Row:
        cells = (
            present_cell(present_value(action, fields))
            if action and cell.column.name == PRESENT
            else cell.show(values[cell.source])
            for cell in self.shape.cells[1:]
        )
        return Row(name, f"Open {name}", tuple(cells))

    @cached_property
    def _repeats(self) -> NDArray[np.bool_]:
        """Of each product of an audit, whether another one has its title."""
        if "context_fields" not in self.results.columns:
            return np.zeros(len(self.results), dtype=bool)
        titles = self.results["title"]
        return (titles.duplicated(keep=False) & titles.fillna("").ne("")).to_numpy(dtype=bool)
