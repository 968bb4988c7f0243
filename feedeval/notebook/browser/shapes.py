"""Which columns of a session's results are shown, filtered and searched, by kind of session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from feedeval.formatting import clip, plain
from feedeval.html import Markup, escape
from feedeval.notebook.browser.rows import GridColumn, meter, picture, quiet
from feedeval.notebook.report.parts import foreign, text_of
from feedeval.records import COUNTED
from feedeval.records.kinds import kind_words
from feedeval.results.frames.lazytext import LazyTextDtype
from feedeval.results.frames.results import RowStatus
from feedeval.results.session import Session

PRESENT = "missing"
"""Name of the column that shows, among the products of an action, what each says about its attribute."""

_CELL_CHARS = 60
_MOST_COLUMNS = 7
_MOST_GROUPS = 500

_NAMES = ("filename", "title", "image", "question", "key")
_GROUPS = ("predicted_class", "prediction", "category", "verdict")
_SCORES = ("confidence",)
_FIRST = ("true_class", "label", "predicted_class", "prediction", "agrees", "confidence", "critical", "severity")
"""Columns that are shown first, in sessions that are no audits."""
_LAST = ("engine", "cost_usd", "error")
"""Columns that are left to the record's own page."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of the results: where its values come from and how one is shown."""

    column: GridColumn
    source: str
    """Column of the frame."""
    show: Callable[[Any], Markup]
    rank_by: Callable[[pd.Series], pd.Series] | None = None
    """What is sorted by in place of the values."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How the results of a session are shown."""

    what: str
    """What a row is, in the plural."""
    cells: tuple[Cell, ...]
    """The first is the one whose text opens the record."""
    group: str = ""
    """Column of the filter by group; empty for none."""
    group_title: str = ""
    score: str = ""
    """Column of the filter by range; empty for none."""
    score_title: str = ""
    per_cent: float = 1.0
    """What a value of the score is multiplied with to be a percentage."""
    searched: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[GridColumn, ...]:
        """The columns of the grid."""
        return tuple(cell.column for cell in self.cells)


def shape_of(session: Session, results: pd.DataFrame) -> Shape:
    """Return how the results of a session are shown."""
    what = kind_words(session.progress.kind).units
    if not session.has_evaluations:
        return shape_of_any(results, what)
    # Only where something was not judged there is a column that says so; and pictures where there are any.
    dull = set() if results["not_judged_count"].sum() else {"not_judged"}
    if "image_link" not in results.columns:
        dull.add("picture")
    return replace(AUDIT, what=what, cells=tuple(cell for cell in AUDIT.cells if cell.column.name not in dull))


def name_of(values: Mapping[Any, Any], source: str) -> str:
    """Return what a record is called: its title, else what else identifies it."""
    for column in (source, "title", "product_id", "key"):
        if column in values and (said := plain(text_of(values[column]))):
            return said
    return "(no name)"


def _picture(value: object) -> Markup:
    return picture(text_of(value))


def _category(value: object) -> Markup:
    path = text_of(value)
    if not path:
        return quiet("(no category)")
    return Markup(f'<span title="{escape(path)}">{foreign(path.rpartition(" > ")[2], _CELL_CHARS)}</span>')


def _figure(value: Any) -> Markup:
    return quiet("–") if pd.isna(value) else escape(f"{value:,}")


def _coverage(value: float) -> Markup:
    return quiet("–") if pd.isna(value) else meter(value / 100, f"{value:.1f} %")


def _share(value: float) -> Markup:
    return quiet("–") if pd.isna(value) else meter(value, f"{100 * value:.0f} %")


def _names(value: object) -> Markup:
    names = text_of(value)
    return Markup(f'<span title="{escape(names)}">{foreign(names, 30)}</span>') if names else quiet("none")


def present_cell(value: str) -> Markup:
    """Return what a product says about an attribute, or that it says nothing."""
    if not value:
        return quiet("missing")
    return Markup(f'<span title="{escape(clip(value, 400))}">{foreign(value, 40)}</span>')


def _count_names(values: pd.Series) -> pd.Series:
    said = values.fillna("")
    return said.str.count(",") + said.ne("")


def _status(value: object) -> Markup:
    if value == RowStatus.FAILED.value:
        return Markup('<span aria-hidden="true" style="color:var(--jp-error-color1,#d32f2f)">✖\ufe0e</span> failed')
    return Markup('<span aria-hidden="true">✔\ufe0e</span> done')


def _any(value: Any) -> Markup:
    if isinstance(value, bool):
        return escape("yes" if value else "no")
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return quiet("–")
    if isinstance(value, float):
        return escape(f"{value:,.3g}")
    said = value if isinstance(value, str) else str(value)
    return Markup(f'<span title="{escape(clip(said, 400))}">{foreign(said, _CELL_CHARS)}</span>')


def _name(value: object) -> Markup:
    return escape(value)


_STATUS = Cell(GridColumn("status", "State", rank=1, sorts=True), "status", _status)

AUDIT = Shape(
    what="products",
    cells=(
        Cell(GridColumn("title", "Product", sorts=True), "title", _name),
        Cell(GridColumn("picture", "", rank=1), "image_link", _picture),
        Cell(GridColumn("category", "Category", rank=1, sorts=True), "category", _category),
        Cell(GridColumn("coverage", "Coverage", figure=True, sorts=True), "coverage_pct", _coverage),
        *(
            Cell(
                GridColumn(verdict.value, verdict.words.capitalize(), figure=True, rank=2, sorts=True),
                f"{verdict}_count",
                _figure,
            )
            for verdict in COUNTED
        ),
        Cell(GridColumn("not_judged", "Not judged", figure=True, rank=2, sorts=True), "not_judged_count", _figure),
        Cell(
            GridColumn("required", "Required open", figure=True, rank=2, sorts=True),
            "unanswered_required_count",
            _figure,
        ),
        Cell(GridColumn(PRESENT, "Missing fields", rank=2, sorts=True), "missing_core_fields", _names, _count_names),
        _STATUS,
    ),
    group="category",
    group_title="Category",
    score="coverage_pct",
    score_title="Coverage",
    searched=("title", "product_id", "category", "missing_core_fields", "error"),
)


def shape_of_any(results: pd.DataFrame, what: str) -> Shape:
    """Return a shape made of the columns that are there: other kinds of session have their own."""
    kinds = {str(name): results[name].dtype for name in results.columns}
    texts = [name for name, kind in kinds.items() if isinstance(kind, pd.StringDtype) or _is_text(results[name])]
    name = next((n for n in _NAMES if n in kinds), next(iter(kinds)))
    group = next((n for n in _GROUPS if n in texts and results[n].nunique() <= _MOST_GROUPS), "")
    score = next((n for n in _SCORES if n in kinds and pd.api.types.is_float_dtype(kinds[n])), "")
    left = [n for n in kinds if n not in (name, "key", "status", *_FIRST, *_LAST) and _is_shown(results[n])]
    chosen = [*(n for n in _FIRST if n in kinds and n != name), *left][: _MOST_COLUMNS - 1]
    cells = [Cell(GridColumn("name", _title(name), sorts=True), name, _name)]
    for place, column in enumerate(chosen):
        figure = pd.api.types.is_numeric_dtype(kinds[column]) and not pd.api.types.is_bool_dtype(kinds[column])
        show = _share if column == score else _any
        rank = 0 if place < 2 else 1 if place < 3 else 2
        cells.append(Cell(GridColumn(f"n{place}", _title(column), figure, rank, sorts=True), column, show))
    return Shape(
        what,
        (*cells, _STATUS),
        group=group,
        group_title=_title(group),
        score=score,
        score_title=_title(score),
        per_cent=100.0,
        searched=tuple(texts),
    )


def _is_text(values: pd.Series) -> bool:
    if not pd.api.types.is_object_dtype(values.dtype):
        return False
    known = values.dropna()
    return bool(len(known)) and all(isinstance(value, str) for value in known)


def _is_shown(values: pd.Series) -> bool:
    """Say whether a column's values fit in a cell; long texts and what is nested belong on the record's page."""
    if isinstance(values.dtype, LazyTextDtype):
        return False
    if not (isinstance(values.dtype, pd.StringDtype) or pd.api.types.is_object_dtype(values.dtype)):
        return True
    known = values.dropna().head(200)
    return (
        len(known) > 0
        and all(isinstance(v, str | int | float) for v in known)
        and known.astype(str).str.len().median() <= _CELL_CHARS
    )


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
