"""`fe.dashboard()`: where it is shown, what stands in its place without a page, and who keeps it up to date."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from feedeval.dashboard.actions import Confirmation
from feedeval.dashboard.session_list import listing_html, listing_text, refreshed, worked_on
from feedeval.notebook.panel.output import NOTHING, Bundle, Output, kernel_shell
from feedeval.results.finding import find_session
from feedeval.results.library import list_sessions
from feedeval.results.session import Session
from feedeval.storage.paths import folder_path

if TYPE_CHECKING:
    from feedeval.dashboard.frame import DashboardFrame
    from feedeval.dashboard.list_view import SessionsView
    from feedeval.dashboard.session_view import SessionView

WATCH_EVERY_S = 2.0
"""Least time between two looks at sessions that somebody works on."""
_OUTPUTS_KEPT = 8
"""Cells whose static form is kept up to date; older ones were most likely run again."""


class Dashboard:
    """The sessions of a folder; displayed in a notebook, each can be opened, looked through and gone on with.

    A process has one of them a folder: shown in several cells, it is the same in all. It keeps itself up to date while
    somebody works on a session, also another kernel, and is at rest otherwise.
    """

    def __init__(self, output_dir: Path, *, confirmation: Callable[[], Confirmation] = Confirmation) -> None:
        """Use `dashboard`."""
        self.output_dir = output_dir
        self._confirmation = confirmation
        self._frame = pd.DataFrame()
        self._page_frame: DashboardFrame | None = None
        self._list: SessionsView | None = None
        self._opened: SessionView | None = None
        self._outputs: deque[Output] = deque(maxlen=_OUTPUTS_KEPT)
        self._watch: threading.Thread | None = None
        self._rest = threading.Event()

    def open(self, session: str | None = None) -> Dashboard:
        """Open a session, the latest by default, and return the dashboard.

        Args:
            session: The session's name, or the beginning of one if no other begins so.

        Raises:
            SessionNotFound: There is no such session.
        """
        sid = find_session(session, self.output_dir)
        page_frame = self._lay_out()
        with page_frame.lock:
            self.refresh()
            self._open(sid)
        return self

    def refresh(self) -> None:
        """Look again at what is in the folder."""
        self._frame = list_sessions(self.output_dir)
        if self._page_frame is None:
            return
        with self._page_frame.lock:
            self._paint()
            for output in self._outputs:
                output.change(self._still())
            self._keep_watch()

    def close(self) -> None:
        """Take it off the page and let go of everything that it read."""
        self._rest.set()
        if self._page_frame is not None and self._list is not None:
            with self._page_frame.lock:
                # What is shown is closed with the frame around it, and the list is not shown beside an opened session.
                self._page_frame.show(self._list.root)
                if self._opened is not None:
                    self._opened.close()
                self._page_frame.close()
        self._page_frame = self._list = self._opened = None
        _boards.pop(self.output_dir.resolve(), None)

    def display(self) -> None:
        """Show it in the output of the cell that is being executed; outside a notebook, print the sessions."""
        if kernel_shell() is None:
            print(self)
            return
        if find_spec("ipywidgets") is None:
            self.refresh()
            self._outputs.append(Output(self._still()))
            return
        page_frame = self._lay_out()
        self.refresh()
        # The second output is what a saved notebook shows; the page hides it for as long as it shows the first.
        Output(page_frame.root._repr_mimebundle_() | NOTHING)
        self._outputs.append(Output(self._still()))

    _ipython_display_ = display

    def __repr__(self) -> str:
        return listing_text(list_sessions(self.output_dir), self.output_dir, datetime.now(UTC))

    def _repr_html_(self) -> str:
        return listing_html(list_sessions(self.output_dir), self.output_dir, datetime.now(UTC))

    def _still(self) -> Bundle:
        now = datetime.now(UTC)
        html = str(listing_html(self._frame, self.output_dir, now))
        if self._page_frame is not None:
            mark = self._page_frame.mark
            hide = f"<style>body:has(.{mark}) .behind-{mark}{{display:none}}</style>"
            html = f'{hide}<div class="behind-{mark}">{html}</div>'
        return {"text/html": html, "text/plain": listing_text(self._frame, self.output_dir, now)}

    def _lay_out(self) -> DashboardFrame:
        """Make the widgets, where that has not been done."""
        if self._page_frame is None:
            # Imported where they are needed: a terminal has no use for widgets.
            from feedeval.dashboard.frame import DashboardFrame
            from feedeval.dashboard.list_view import SessionsView

            self._rest.clear()
            self._page_frame = DashboardFrame()
            self._list = SessionsView(self._page_frame, self.output_dir, self._open, self.refresh)
            self._page_frame.show(self._list.root)
        return self._page_frame

    def _paint(self) -> None:
        assert self._page_frame is not None and self._list is not None
        self._list.paint(self._frame)
        if self._opened is not None:
            self._opened.look()
        self._page_frame.foot(f"as of {datetime.now().astimezone():%H:%M:%S} · if nothing answers, run this cell again")

    def _open(self, sid: str) -> None:
        from feedeval.dashboard.session_view import SessionView

        page_frame = self._lay_out()
        if self._opened is not None:
            self._opened.close()
        session = Session(sid, self.output_dir)
        self._opened = SessionView(page_frame, session, self._leave, self.refresh, self._confirmation())
        page_frame.show(self._opened.root)

    def _leave(self, news: str) -> str:
        """Show the list again, with a piece of news."""
        page_frame, opened = self._lay_out(), self._opened
        assert self._list is not None
        self._opened = None
        page_frame.show(self._list.root)
        if opened is not None:
            opened.close()
        self.refresh()
        return news

    def _keep_watch(self) -> None:
        """Look every now and then at the sessions that somebody works on, until nobody does."""
        if (self._watch is not None and self._watch.is_alive()) or not worked_on(self._frame, self.output_dir):
            return
        self._watch = threading.Thread(
            target=_watch, args=(weakref.ref(self), self._rest), name="feedeval-dashboard-watch", daemon=True
        )
        self._watch.start()

    def _look(self) -> bool:
        """Show what changed in the meantime; return whether anything may change again."""
        page_frame = self._page_frame
        if page_frame is None or not threading.main_thread().is_alive():
            return False
        try:
            # Before it is painted: what ends in the meantime is looked at once more.
            going = worked_on(self._frame, self.output_dir)
            frame = refreshed(self._frame, self.output_dir, going)
            with page_frame.lock:
                if page_frame.closed:
                    return False
                self._frame = frame
                self._paint()
                if going or worked_on(frame, self.output_dir):
                    return True
                # From here on who begins something begins another watch.
                self._watch = None
                return False
        except Exception as exc:  # shown to whoever looks
            with page_frame.lock:
                page_frame.fail(exc)
            return False


def _watch(ref: weakref.ref[Dashboard], rest: threading.Event) -> None:
    """Look until nothing moves, or the dashboard is closed or gone; the thread keeps it alive only while it looks."""
    while not rest.wait(WATCH_EVERY_S):
        board = ref()
        if board is None or not board._look():
            return
        del board


def dashboard(output_dir: str | Path = "output") -> Dashboard:
    """Return the dashboard of a folder: its sessions, their results, errors and health, and what can be done with them.

    Displaying it shows it; in a terminal it is a table of the sessions.

    Args:
        output_dir: Folder of the sessions.
    """
    folder = folder_path(output_dir)
    with _boards_lock:
        board = _boards.get(folder.resolve())
        if board is None:
            board = _boards[folder.resolve()] = Dashboard(folder)
        return board


_boards: weakref.WeakValueDictionary[Path, Dashboard] = weakref.WeakValueDictionary()
_boards_lock = threading.Lock()
