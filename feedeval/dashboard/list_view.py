"""The list of sessions: layout and bindings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import ipywidgets
import pandas as pd

from feedeval.dashboard.frame import DashboardFrame
from feedeval.dashboard.session_list import COLUMNS, nothing_here, session_rows
from feedeval.html import escape
from feedeval.notebook.browser.grid import Grid, Pager, bar, stack
from feedeval.notebook.browser.rows import Span
from feedeval.notebook.widgets import text_button

PAGE = 12
"""Sessions on a page."""


class SessionsView:
    """All sessions of a folder, a page at a time.

    Args:
        page_frame: Where news and faults are shown.
        folder: The folder.
        open_session: Called with the name of the session to open.
        refresh: Lists the folder anew.
    """

    def __init__(
        self, page_frame: DashboardFrame, folder: Path, open_session: Callable[[str], None], refresh: Callable[[], None]
    ) -> None:
        self._folder = folder
        self._open_session = open_session
        self._frame = pd.DataFrame()
        self._page = 0
        self._page_frame = page_frame
        title = ipywidgets.HTML(
            f'<span class="fe-title">Sessions</span> <span class="fe-quiet">in {escape(folder)}</span>'
        )
        again = text_button(
            "Refresh", "refresh", "Look again at what is in the folder", lambda: page_frame.act(refresh)
        )
        self._empty = ipywidgets.HTML(f"<p>{escape(nothing_here(folder))}</p>")
        self._grid = Grid(COLUMNS, lambda place: page_frame.act(lambda: self._open(place)))
        self._pager = Pager("sessions", lambda page: page_frame.act(lambda: self._turn(page)))
        self.root = stack(bar(title, again), self._empty, self._grid.root, self._pager.root)

    def paint(self, frame: pd.DataFrame) -> None:
        """Show a listing."""
        self._frame = frame
        span = Span(len(frame), PAGE, self._page)
        part = frame.iloc[span.start : span.stop]
        self._empty.layout.display = None if frame.empty else "none"
        self._grid.root.layout.display = "none" if frame.empty else None
        self._pager.root.layout.display = None if span.pages > 1 else "none"
        self._grid.paint(session_rows(part, self._folder, datetime.now(UTC)))
        self._pager.paint(span)

    def _turn(self, page: int) -> None:
        self._page = page
        self.paint(self._frame)

    def _open(self, place: int) -> None:
        span = Span(len(self._frame), PAGE, self._page)
        self._open_session(str(self._frame["session"].iloc[span.start + place]))
