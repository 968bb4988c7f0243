"""The results of an opened session: filters, a grid, a pager, and the record that was opened; layout and bindings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from feedeval.formatting import clip
from feedeval.html import Markup, escape
from feedeval.notebook.browser.browse import ALL, Browser, Wanted
from feedeval.notebook.browser.grid import Grid, Pager, bar, stack
from feedeval.notebook.browser.rows import GridColumn, Span
from feedeval.notebook.widgets import answering, text_button
from feedeval.results.frames.results import RowStatus

Act = Callable[[Callable[[], Any]], None]

PAGE = 20
"""Records on a page."""

_NO_FILTER = {"text": "", "group": ALL, "action": ALL, "status": ALL, "score": (0, 100)}
_STATES = (("Any state", ALL), ("Done", RowStatus.DONE.value), ("Failed", RowStatus.FAILED.value))


class ResultsView:
    """The results of a session, to be looked through.

    Args:
        act: Does what a button says, and shows what it raises.
        browser: The results.
        show_record: Returns a record, by its row, as HTML.
        wanted: What is shown first, without filters; None: everything in the order of the feed.
    """

    def __init__(
        self, act: Act, browser: Browser, show_record: Callable[[int], Markup], *, wanted: Wanted | None = None
    ) -> None:
        self._act = act
        self._browser = browser
        self._show_record = show_record
        self._wanted = wanted or Wanted()
        self._page = 0
        self._open_place = 0
        shape = browser.shape
        self._fields = self._filters()
        clear = text_button("Clear", "times", "Show everything, in the order of the feed", self._clear)
        self._grid = Grid(
            shape.columns,
            lambda row: act(lambda: self._open_row(row)),
            lambda name: act(lambda: self._sort(name)),
        )
        self._pager = Pager(shape.what, lambda page: act(lambda: self._turn(page)))
        title = f'<div class="fe-title" role="heading" aria-level="3">{escape(shape.what.capitalize())}</div>'
        self._list = stack(
            ipywidgets.HTML(title), bar(*self._fields.values(), clear), self._grid.root, self._pager.root
        )
        self._record = ipywidgets.HTML()
        self._where = ipywidgets.HTML()
        self._steps = [
            text_button("Previous", "angle-left", "The one before", lambda: self._step(-1)),
            text_button("Next", "angle-right", "The one after", lambda: self._step(1)),
        ]
        self._leave = text_button("Back to the list", "arrow-left", "Back to the list", lambda: act(self._back))
        self._opened = stack(bar(self._leave, self._steps[0], self._where, self._steps[1]), self._record)
        self._opened.layout.display = "none"
        self.root = ipywidgets.VBox([self._list, self._opened])
        self._paint()

    def _filters(self) -> dict[str, ipywidgets.Widget]:
        shape = self._browser.shape
        fields: dict[str, ipywidgets.Widget] = {
            "text": ipywidgets.Text(
                placeholder="Search, then Enter", continuous_update=False, layout={"width": "14em"},
                tooltip="Words that must be in the text, the id or another column",
            )
        }  # fmt: skip
        if groups := self._browser.groups():
            options = [(f"Any {shape.group_title.lower()}", ALL), *groups]
            fields["group"] = ipywidgets.Dropdown(options=options, layout={"width": "16em"}, tooltip=shape.group_title)
        fields["status"] = ipywidgets.Dropdown(options=_STATES, layout={"width": "8em"}, tooltip="State")
        if actions := self._browser.actions:
            options = [("Any action", ALL), *((f"{clip(n, 60)} ({len(rows):,})", n) for n, rows in actions.items())]
            # Wide enough for the longest name and the arrow.
            width_em = max(16, min(3 + max(len(words) for words, _ in options) * 0.55, 36))
            layout = {"width": f"{width_em:.0f}em", "max_width": "100%"}
            fields["action"] = ipywidgets.Dropdown(options=options, layout=layout, tooltip="Action")
        if shape.score:
            fields["score"] = ipywidgets.IntRangeSlider(
                value=(0, 100), min=0, max=100, continuous_update=False, description=f"{shape.score_title} %",
                readout_format="d", layout={"width": "22em"}, style={"description_width": "initial"},
            )  # fmt: skip
        for field in fields.values():
            answering(field).observe(lambda _: self._act(self._filter), "value")
        return fields

    @property
    def columns(self) -> tuple[GridColumn, ...]:
        """The columns of the grid."""
        return self._browser.shape.columns

    def renew(self, browser: Browser, show_record: Callable[[int], Markup]) -> None:
        """Show the results as they were read again, filtered and sorted as they are."""
        self._browser, self._show_record = browser, show_record
        self._paint()

    def show_only(self, action: str) -> None:
        """Show the products of an action, by its attribute, and bring the table into view."""
        for name, value in (_NO_FILTER | {"action": action}).items():
            if name in self._fields:
                self._fields[name].value = value
        self._filter()
        self._list.layout.display, self._opened.layout.display = None, "none"
        self.come_into_view()

    def come_into_view(self) -> None:
        """Scroll the page to the first record: it takes the focus, and the page scrolls to what has it."""
        self._grid.focus()

    def _filter(self) -> None:
        values: dict[str, Any] = {name: field.value for name, field in self._fields.items()}
        low, high = values.get("score", (0, 100))
        order = self._wanted
        self._wanted = Wanted(
            text=values["text"], group=values.get("group", ALL), action=values.get("action", ALL),
            status=values["status"], low_pct=low, high_pct=high, sort=order.sort, descending=order.descending,
        )  # fmt: skip
        self._turn(0)

    def _clear(self) -> None:
        def clear() -> None:
            self._wanted = Wanted()
            for name, value in _NO_FILTER.items():
                if name in self._fields:
                    self._fields[name].value = value
            self._turn(0)

        self._act(clear)

    def _sort(self, name: str) -> None:
        self._wanted = self._wanted.sorted_by(name)
        self._turn(0)

    def _turn(self, page: int) -> None:
        self._page = page
        self._paint()

    def _paint(self) -> None:
        found = self._browser.find(self._wanted)
        span = Span(len(found), PAGE, self._page)
        self._page = span.start // PAGE
        wanted = self._wanted
        rows = self._browser.rows(found[span.start : span.stop], action=wanted.action)
        self._grid.name_heads(self._browser.titles(wanted.action))
        self._grid.paint(rows, sort=wanted.sort, descending=wanted.descending)
        self._pager.paint(span)

    def _step(self, by: int) -> None:
        self._act(lambda: self._open(self._open_place + by))

    def _open_row(self, row: int) -> None:
        self._open(self._page * PAGE + row)
        # The record takes the list's place, whose top may lie above what is seen: the page scrolls to what has the
        # focus.
        self._leave.focus()

    def _open(self, place: int) -> None:
        found = self._browser.find(self._wanted)
        self._open_place = place
        self._record.value = self._show_record(int(found[place]))
        self._where.value = f"{place + 1:,} of {len(found):,}"
        self._steps[0].disabled, self._steps[1].disabled = place == 0, place + 1 >= len(found)
        self._list.layout.display, self._opened.layout.display = "none", None

    def _back(self) -> None:
        self._turn(self._open_place // PAGE)
        self._list.layout.display, self._opened.layout.display = None, "none"
        self._grid.focus(self._open_place % PAGE)
