"""An opened session: what can be done with it, and its pages; layout and bindings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets
import pandas as pd
from pydantic import SecretStr

from feedeval.dashboard import actions
from feedeval.dashboard.errors_view import batches_html, errors_html, health_html
from feedeval.dashboard.frame import DashboardFrame
from feedeval.dashboard.overview import findings_html, headline, lead_html, overview_html, refused_html
from feedeval.errors import FeedevalError, SessionError
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.html import Markup, escape
from feedeval.notebook.browser.actions_view import ActionsView
from feedeval.notebook.browser.browse import Browser, Wanted
from feedeval.notebook.browser.grid import Pager, bar, stack
from feedeval.notebook.browser.opened import Opened, read, stand_of
from feedeval.notebook.browser.results_view import ResultsView
from feedeval.notebook.browser.rows import Span, quiet
from feedeval.notebook.links import offered
from feedeval.notebook.panel.render import fault_line
from feedeval.notebook.widgets import answering, close, text_button
from feedeval.records import Status
from feedeval.results.gaps.actions import Action, Actions
from feedeval.results.session import Session
from feedeval.storage.requests import Action as Request

TABS = ("Overview", "Results", "Errors", "Health", "Batches")
BATCHES_PAGE = 50
_KEY_KEPT = "The key is kept in this kernel's memory only; it is written to no file."
_KEY_OFFERED = "The environment's key is for another endpoint, and is not sent to this one."


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
        self._overview, self._findings = ipywidgets.HTML(), ipywidgets.HTML()
        self._lead, self._refused = ipywidgets.HTML("Reading…"), ipywidgets.HTML()
        self._to_do = ipywidgets.VBox()
        self._fill("Overview", stack(self._lead, self._to_do, self._refused, self._findings, self._overview))
        self.root = stack(self._top(), self._head, self._actions(), self._panel, self._tabs(), *self._pages.values())
        self._show_tab(TABS[0])
        self.refresh()
        if (run := actions.own_run(session)) is not None:
            self._panel.children = (run.panel.widget(),)

    def _top(self) -> ipywidgets.Widget:
        title = ipywidgets.HTML(_title(self.session))
        back = text_button(
            "Sessions", "arrow-left", "Back to the list of sessions", self._press(lambda: self._leave(""))
        )
        again = text_button("Refresh", "refresh", "Read the session again", self._press(self.refresh))
        self._when = ipywidgets.HTML()
        return bar(back, title, again, self._when)

    def _actions(self) -> ipywidgets.Widget:
        self._resume = text_button("Resume", "play", "", self._press(self._go_on))
        self._key = answering(
            ipywidgets.Password(
                placeholder="API key", continuous_update=False, layout={"width": "20em", "display": "none"}
            )
        )
        self._given_key: SecretStr | None = None
        self._key.observe(lambda _: self._take_key(), "value")
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
        book = text_button(
            "Workbook to fill in",
            "download",
            "Write what was found and what to add as an Excel file, with a sheet to fill in",
            self._write_workbook,
        )
        book.layout.display = None if actions.is_audit(self.session) else "none"
        self._slow.append(book)
        self._link = ipywidgets.HTML()
        self._there = {
            action: text_button(action.capitalize(), icon, "In the process that works on it", self._ask(action))
            for action, icon in ((Request.PAUSE, "pause"), (Request.RESUME, "play"), (Request.STOP, "stop"))
        }
        return stack(
            bar(self._resume, self._key, *self._there.values(), book, back_up, self._delete),
            self._link,
            bar(self._path, *formats),
        )

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
        self._ask_for_key()
        there = actions.reachable(self.session)
        for action, button in self._there.items():
            button.layout.display = None if action in there else "none"
        # Nothing is gone on with here for as long as another process works on it.
        self._resume.layout.display = "none" if there else None

    def _take(self, got: Opened | FeedevalError) -> None:
        """Show what was read; the pages that are not looked at are drawn when they are."""
        if isinstance(got, FeedevalError):
            self._lead.value = ""
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
            self._draw_overview(opened)
        elif name == "Results":
            self._show_results(Browser(opened.table, opened.shape, opened.actions), opened.record_html)
        elif name == "Errors":
            self._later(
                opened, lambda: errors_html(opened.session), lambda html: self._fill(name, ipywidgets.HTML(html))
            )
        elif name == "Health":
            self._later(
                opened, lambda: health_html(opened.session), lambda html: self._fill(name, ipywidgets.HTML(html))
            )
        elif opened.session.large is None:
            self._fill(name, self._batches(opened.reports))
        else:
            self._later(opened, lambda: opened.reports, lambda reports: self._fill(name, self._batches(reports)))

    def _draw_overview(self, opened: Opened) -> None:
        """Show the result, what to do first, what would be refused and the lists, each as soon as it is there."""
        session, results = opened.session, opened.results
        blocks = (
            (lead_html, self._lead),
            (lambda s, _: refused_html(s), self._refused),
            (findings_html, self._findings),
        )
        if opened.session.is_audit and session.is_small and session.progress.counts.done:
            self._later(opened, lambda: (session.action_cards, session.summary().notes), self._show_actions)
        for made, place in blocks:
            self._later(opened, partial(made, session, results), partial(place.set_trait, "value"))

    def _show_actions(self, found: tuple[Actions, Sequence[str]]) -> None:
        actions, known = found
        old = self._to_do.children
        self._to_do.children = (ActionsView(self._page_frame.act, actions, self._show_them, known=known).root,)
        for widget in old:
            close(widget)

    def _show_them(self, action: Action) -> None:
        self._show_tab("Results")
        if self._results is not None:
            self._results.show_only(action.attribute)

    def _show_results(self, browser: Browser, show_record: Callable[[int], Markup]) -> None:
        if self._results is not None and self._results.columns == browser.shape.columns:
            self._results.renew(browser, show_record)
            return
        # Of an audit, those to work on come first.
        wanted = Wanted(sort="coverage") if self.session.is_audit else None
        self._results = ResultsView(self._page_frame.act, browser, show_record, wanted=wanted)
        self._fill("Results", self._results.root)

    def _later(self, opened: Opened, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Do work on what was read, and show what came of it unless the session was read again meanwhile."""
        self._page_frame.later("", work, done, wanted=lambda: self._opened is opened)

    def _fill(self, name: str, content: ipywidgets.Widget) -> None:
        old = self._pages[name].children
        self._pages[name].children = (content,)
        for widget in old:
            close(widget)

    def _batches(self, reports: pd.DataFrame) -> ipywidgets.Widget:
        listing = ipywidgets.HTML()

        def turn(page: int) -> None:
            span = Span(len(reports), BATCHES_PAGE, page)
            listing.value = batches_html(reports, span)
            pager.paint(span)

        pager = Pager("batches", lambda page: self._page_frame.act(lambda: turn(page)))
        turn(0)
        return ipywidgets.VBox([listing, pager.root])

    def _go_on(self) -> None:
        given, self._given_key = self._given_key, None
        key = None if given is None else given.get_secret_value()
        self._page_frame.later("Going on with the session…", lambda: actions.go_on(self.session, key), self._show_panel)

    def _ask_for_key(self) -> None:
        asked = actions.key_for(self.session)
        self._key.layout.display = "none" if asked is actions.Key.NONE else None
        self._key.tooltip = f"{_KEY_KEPT} {_KEY_OFFERED if asked is actions.Key.OFFERED else ''}".strip()
        needed = "needed" if asked is actions.Key.NEEDED else "if the endpoint needs one"
        self._key.placeholder = "The key is taken: press the button" if self._given_key else f"API key, {needed}"

    def _take_key(self) -> None:
        """Take the key out of the widget, whose state a page may save."""
        typed = self._key.value.strip()
        if typed:
            self._given_key = SecretStr(typed)
            self._key.value = ""
            self._ask_for_key()

    def _show_panel(self, run: EvaluationRun) -> str:
        self._panel.children = (run.panel.widget(),)
        self._changed()
        # Where its feed takes long to go through, its files tell of it only then.
        self._page_frame.later("", lambda: run.sid, lambda _: self._changed())
        return f"Session {self.session.id} goes on; its panel is below."

    def _ask(self, action: Request) -> Callable[[], None]:
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

    def _write_workbook(self) -> None:
        def show(path: Path) -> str:
            self._link.value = offered(path, "Save the workbook")
            return (
                "The workbook is written: save it with the link below, fill it in, and upload it in the app (fe.app())."
            )

        self._set_slow(usable=False)
        self._page_frame.later(
            "Writing the workbook…",
            lambda: actions.write_workbook(self.session),
            show,
            at_the_end=lambda: self._set_slow(usable=True),
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
        lost = actions.what_deleting_loses(self.session)
        self._timer = threading.Timer(self._confirmation.within_s, self._time_out)
        self._timer.daemon = True
        self._timer.start()
        return lost or None

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


def _title(session: Session) -> Markup:
    """Return the name of a session, and its id, which is what is typed."""
    try:
        name = session.title
    except SessionError:
        name = session.id
    more = "" if name == session.id else f' <span class="fe-quiet">{escape(session.id)}</span>'
    return Markup(f'<span class="fe-title">{escape(name)}</span>{more}')
