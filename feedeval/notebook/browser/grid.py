"""Widgets that show a list a page at a time: a grid of rows that can be opened and sorted, and a pager."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import ipywidgets

from feedeval.notebook.browser.rows import GridColumn, Row, Span, cells_html, classes
from feedeval.notebook.browser.style import grid_sheet
from feedeval.notebook.widgets import text_button

_RISING, _FALLING = " ▲", " ▼"


def bar(*widgets: ipywidgets.Widget) -> ipywidgets.Box:
    """Return widgets side by side, in as many lines as they need."""
    made = ipywidgets.HBox(widgets)
    made.add_class("fe-bar")
    return made


def stack(*widgets: ipywidgets.Widget) -> ipywidgets.Box:
    """Return widgets one under the other."""
    made = ipywidgets.VBox(widgets)
    made.add_class("fe-stack")
    return made


class Grid:
    """Rows of which each is a button and a few cells; the widgets of a page are made once and used for all pages.

    Args:
        columns: The first is that of the buttons.
        open_row: Called with the row's place on the page.
        sort: Called with the name of a column whose head was pressed.
    """

    def __init__(
        self, columns: Sequence[GridColumn], open_row: Callable[[int], None], sort: Callable[[str], None] | None = None
    ) -> None:
        self._columns = columns
        self._open = open_row
        self._can_sort = sort is not None
        self._titles: Mapping[str, str] = {}
        self._heads = [self._head(place, sort) for place in range(len(columns))]
        self._rows: list[tuple[ipywidgets.Button, ipywidgets.HTML]] = []
        self._grid = ipywidgets.GridBox(self._heads)
        name = f"fe-{self._grid.model_id}"
        self._grid.add_class("fe-grid")
        self._grid.add_class(name)
        self.root = ipywidgets.VBox([ipywidgets.HTML(grid_sheet(name, columns)), self._grid])

    def _head(self, place: int, sort: Callable[[str], None] | None) -> ipywidgets.Button:
        column = self._columns[place]
        sorts = self._sorts(column)
        head = text_button(
            column.title,
            "",
            f"Sort by {column.title.lower()}" if sorts else column.title,
            lambda: sort(column.name) if sort is not None else None,
        )
        head.disabled = not sorts
        for name in ("fe-head", *classes(self._columns, place)):
            head.add_class(name)
        return head

    def _sorts(self, column: GridColumn) -> bool:
        return self._can_sort and column.sorts

    def name_heads(self, titles: Mapping[str, str]) -> None:
        """Give columns, by their name, another heading from the next rows on; by what they show then, nobody sorts."""
        self._titles = titles

    def paint(self, rows: Sequence[Row], *, sort: str = "", descending: bool = False) -> None:
        """Show rows, and which column they are sorted by."""
        for head, column in zip(self._heads, self._columns, strict=True):
            title = self._titles.get(column.name)
            arrow = (_FALLING if descending else _RISING) if column.name == sort and title is None else ""
            head.description = (title or column.title) + arrow
            head.disabled = not self._sorts(column) or title is not None
        if len(self._rows) < len(rows):
            self._rows += [self._row(place) for place in range(len(self._rows), len(rows))]
            self._grid.children = (*self._heads, *(widget for pair in self._rows for widget in pair))
        for (button, cells), row in zip(self._rows, rows, strict=False):
            with button.hold_sync():
                button.description, button.tooltip = row.words, row.tip
            cells.value = cells_html(self._columns, row.cells)
        for place, pair in enumerate(self._rows):
            for widget in pair:
                widget.layout.display = None if place < len(rows) else "none"

    def focus(self, place: int = 0) -> None:
        """Give a row of the page the focus, by default the first."""
        if place < len(self._rows):
            self._rows[place][0].focus()

    def _row(self, place: int) -> tuple[ipywidgets.Button, ipywidgets.HTML]:
        button = text_button("", "", "", lambda: self._open(place))
        button.add_class("fe-open")
        return button, ipywidgets.HTML()


class Pager:
    """Buttons that turn the page, and where one is.

    Args:
        what: What is listed, in the plural.
        turn: Called with the number of the page to show, from 0.
    """

    def __init__(self, what: str, turn: Callable[[int], None]) -> None:
        self._what = what
        self._turn = turn
        self._span = Span(0, 1)
        self._words = ipywidgets.HTML()
        steps = (("First", "angle-double-left", 0), ("Previous", "angle-left", -1), ("Next", "angle-right", 1))
        self._buttons = [text_button("", icon, f"{name} page", partial(self._press, by)) for name, icon, by in steps]
        self.root = bar(*self._buttons[:2], self._words, self._buttons[2])

    def _press(self, by: int) -> None:
        self._turn(0 if by == 0 else self._span.page + by)

    def paint(self, span: Span) -> None:
        """Show which part of the list is on the page."""
        self._span = span
        page = span.start // span.size
        self._words.value = span.words(self._what)
        for button, usable in zip(self._buttons, (page > 0, page > 0, page + 1 < span.pages), strict=True):
            button.disabled = not usable
            button.layout.display = None if span.pages > 1 else "none"
