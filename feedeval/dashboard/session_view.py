"""An opened session: what can be done with it, and its pages; layout and bindings."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import ipywidgets

from feedeval.dashboard import actions
from feedeval.dashboard.errors_view import batches_html, errors_html, health_html
from feedeval.dashboard.frame import DashboardFrame
from feedeval.dashboard.overview import findings_html, headline, overview_html
from feedeval.errors import FeedevalError, SessionError
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.html import Markup
from feedeval.notebook.browser.browse import Browser
from feedeval.notebook.browser.grid import Pager, bar, stack
from feedeval.notebook.browser.opened import Opened, read, stand_of
from feedeval.notebook.browser.results_view import ResultsView
from feedeval.notebook.browser.rows import Span, quiet
from feedeval.notebook.panel.render import fault_line
from feedeval.notebook.widgets import answering, close, text_button
from feedeval.records import Status
from feedeval.results.session import Session
from feedeval.storage.requests import Action

TABS = ("Overview", "Results", "Errors", "Health", "Batches")
BATCHES_PAGE = 50


class SessionView:
    """One session.

    Args:
        page_frame: Where news and faults are shown.
        session: The session.
        leave: Shows the list again, with a piece of news.
        changed: Called when the session was taken up, so that it is watched.
        confirmation: Asks before files are deleted.
    """

    def __init__(
        self,
        page_frame: DashboardFrame,
        session: Session,
        leave: Callable[[str], str],
        changed: Callable[[], None],
        confirmation: actions.Confirmation,
    ) -> None:
        self.session = session
        self._page_frame = page_frame
        self._leave = leave
        self._changed = changed
        self._opened: Opened | None = None
        self._results: ResultsView | None = None
        self._reading: object = None
        """Which reading of the session is the latest; what an earlier one brings is not shown any more."""
        self._tab = TABS[0]
        self._drawn: set[str] = set()
        self._confirmation = confirmation
        self._timer: threading.Timer | None = None
        self._head = ipywidgets.HTML()
        self._panel = ipywidgets.VBox()
        self._pages = {name: ipywidgets.VBox([ipywidgets.HTML("Reading…")]) for name in TABS}
        self._overview, self._findings = ipywidgets.HTML(), ipywidgets.HTML("Reading…")
        self._fill("Overview", stack(self._overview, self._findings))
        self.root = stack(self._top(), self._head, self._actions(), self._panel, self._tabs(), *self._pages.values())
        self._show_tab(TABS[0])
        self.refresh()
        if (run := actions.own_run(session)) is not None:
            self._panel.children = (run.panel.widget(),)

    def _top(self) -> ipywidgets.Widget:
        title = ipywidgets.HTML(f'<span class="fe-title">Session {self.session.id}</span>')
        back = text_button(
            "Sessions", "arrow-left", "Back to the list of sessions", self._press(lambda: self._leave(""))
        )
        again = text_button("Refresh", "refresh", "Read the session again", self._press(self.refresh))
        self._when = ipywidgets.HTML()
        return bar(back, title, again, self._when)

    def _actions(self) -> ipywidgets.Widget:
        self._resume = text_button("Resume", "play", "", self._press(self._go_on))
        self._path = answering(
            ipywidgets.Text(
                value=str(actions.table_path(self.session)), layout={"width": "34em"},
                tooltip="Where the table is written to; the button says in which format",
            )
        )  # fmt: skip
        formats = [
            text_button(f"Consolidate to {name}", "table", f"Write the results as one {name} file", self._write(suffix))
            for name, suffix in (("CSV", ".csv"), ("Parquet", ".parquet"))
        ]
        back_up = text_button("Back up", "archive", "Write all files of the session into one archive", self._back_up)
        self._delete = text_button(
            "Delete", "trash", "Delete the files of the session", self._press(self._ask_or_delete)
        )
        self._slow = [*formats, back_up, self._delete]
        self._there = {
            action: text_button(action.capitalize(), icon, "In the process that works on it", self._ask(action))
            for action, icon in ((Action.PAUSE, "pause"), (Action.RESUME, "play"), (Action.STOP, "stop"))
        }
        return stack(bar(self._resume, *self._there.values(), back_up, self._delete), bar(self._path, *formats))

    def _tabs(self) -> ipywidgets.Widget:
        self._tab_buttons = {
            name: text_button(name, "", "", self._press(partial(self._show_tab, name))) for name in TABS
        }
        row = bar(*self._tab_buttons.values())
        row.add_class("fe-tabs")
        return row

    def _press(self, what: Callable[[], Any]) -> Callable[[], None]:
        return lambda: self._page_frame.act(what)

    def refresh(self) -> None:
        """Read the session again: the state at once, the results on a thread of their own."""
        self.paint_state()
        self._reading = reading = object()
        session = Session(self.session.id, self.session.output_dir)
        self._page_frame.later("", lambda: read(session), self._take, wanted=lambda: self._reading is reading)

    def look(self) -> None:
        """Show the state as it is now, and read the session again where it went on and has come to rest."""
        self.paint_state()
        opened = self._opened
        try:
            went_on = opened is not None and opened.stand != stand_of(self.session)
            if went_on and self.session.status is not Status.RUNNING:
                self.refresh()
        except SessionError as exc:
            self._page_frame.fail(exc)

    def paint_state(self) -> None:
        """Show the state as the progress file has it now."""
        self.session.reload()
        self._head.value = headline(self.session, actions.who_works_on(self.session))
        self._overview.value = overview_html(self.session, datetime.now(UTC))
        words, self._resume.tooltip = actions.resume_words(self.session)
        self._resume.description = words or "Resume"
        self._resume.disabled = not words
        there = actions.reachable(self.session)
        for action, button in self._there.items():
            button.layout.display = None if action in there else "none"
        # Nothing is gone on with here for as long as another process works on it.
        self._resume.layout.display = "none" if there else None

    def _take(self, got: Opened | FeedevalError) -> None:
        """Show what was read; the pages that are not looked at are drawn when they are."""
        if isinstance(got, FeedevalError):
            self._findings.value = ""
            for name in ("Results", "Errors", "Health", "Batches"):
                self._fill(name, ipywidgets.HTML(fault_line(str(got))))
            return
        self._opened = got
        self._when.value = quiet(f"results read at {datetime.now().astimezone():%H:%M:%S}")
        self._drawn.clear()
        self._draw(self._tab)

    def _show_tab(self, name: str) -> None:
        self._tab = name
        for other, button in self._tab_buttons.items():
            (button.add_class if other == name else button.remove_class)("fe-on")
            self._pages[other].layout.display = None if other == name else "none"
        self._draw(name)

    def _draw(self, name: str) -> None:
        """Fill a page when it is first looked at."""
        opened = self._opened
        if opened is None or name in self._drawn:
            return
        self._drawn.add(name)
        if name == "Overview":
            self._later(
                opened,
                lambda: findings_html(opened.session, opened.results),
                lambda html: self._findings.set_trait("value", html),
            )
        elif name == "Results":
            self._show_results(Browser(opened.results, opened.shape), opened.record_html)
        elif name == "Errors":
            self._later(
                opened, lambda: errors_html(opened.session), lambda html: self._fill(name, ipywidgets.HTML(html))
            )
        elif name == "Health":
            self._later(
                opened, lambda: health_html(opened.session), lambda html: self._fill(name, ipywidgets.HTML(html))
            )
        else:
            self._fill(name, self._batches(opened))

    def _show_results(self, browser: Browser, show_record: Callable[[int], Markup]) -> None:
        if self._results is not None and self._results.columns == browser.shape.columns:
            self._results.renew(browser, show_record)
            return
        self._results = ResultsView(self._page_frame.act, browser, show_record)
        self._fill("Results", self._results.root)

    def _later(self, opened: Opened, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Do work on what was read, and show what came of it unless the session was read again meanwhile."""
        self._page_frame.later("", work, done, wanted=lambda: self._opened is opened)

    def _fill(self, name: str, content: ipywidgets.Widget) -> None:
        old = self._pages[name].children
        self._pages[name].children = (content,)
        for widget in old:
            close(widget)

    def _batches(self, opened: Opened) -> ipywidgets.Widget:
        listing = ipywidgets.HTML()

        def turn(page: int) -> None:
            span = Span(len(opened.reports), BATCHES_PAGE, page)
            listing.value = batches_html(opened.reports, span)
            pager.paint(span)

        pager = Pager("batches", lambda page: self._page_frame.act(lambda: turn(page)))
        turn(0)
        return ipywidgets.VBox([listing, pager.root])

    def _go_on(self) -> None:
        self._page_frame.later("Going on with the session…", lambda: actions.go_on(self.session), self._show_panel)

    def _show_panel(self, run: EvaluationRun) -> str:
        self._panel.children = (run.panel.widget(),)
        self._changed()
        return f"Session {self.session.id} goes on; its panel is below."

    def _ask(self, action: Action) -> Callable[[], None]:
        return lambda: self._page_frame.later(
            f"Asking to {action}…", lambda: actions.request(self.session, action), self._told
        )

    def _told(self, news: str) -> str:
        self.paint_state()
        self._changed()
        return news

    def _write(self, suffix: str) -> Callable[[], None]:
        return lambda: self._long(
            "Writing the table…", lambda: actions.write_table(self.session, self._path.value, suffix)
        )

    def _back_up(self) -> None:
        self._long("Backing up…", lambda: actions.back_up(self.session))

    def _long(self, doing: str, work: Callable[[], str]) -> None:
        """Do what takes its time, with the buttons out of reach that must not be pressed meanwhile."""
        self._set_slow(usable=False)
        self._page_frame.later(doing, work, lambda told: told, at_the_end=lambda: self._set_slow(usable=True))

    def _set_slow(self, *, usable: bool) -> None:
        for button in self._slow:
            button.disabled = not usable

    def _ask_or_delete(self) -> str | None:
        actions.refuse_while_worked_on(self.session, "be deleted")
        if self._confirmation.press():
            self._withdraw()
            return self._leave(actions.delete(self.session))
        self._delete.description, self._delete.button_style = "Delete for good?", "danger"
        self._timer = threading.Timer(self._confirmation.within_s, self._time_out)
        self._timer.daemon = True
        self._timer.start()
        return None

    def _time_out(self) -> None:
        with self._page_frame.lock:
            self._withdraw()

    def _withdraw(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._confirmation.reset()
        self._delete.description, self._delete.button_style = "Delete", ""

    def close(self) -> None:
        """Close the widgets; the panel of a run is the run's own and stays."""
        self._reading = self._opened = None
        if self._timer is not None:
            self._timer.cancel()
        self._panel.children = ()
        close(self.root)
