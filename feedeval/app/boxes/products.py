"""The box in which results are read and used: what to do first, what would be refused, and the products."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import ipywidgets

from feedeval.app.boxes.common import Line
from feedeval.app.render import Tone, fault_in_words
from feedeval.html import Markup
from feedeval.notebook.browser.actions_view import ActionsView
from feedeval.notebook.browser.browse import Browser, Wanted
from feedeval.notebook.browser.opened import Opened
from feedeval.notebook.browser.result_html import findings_html
from feedeval.notebook.browser.results_view import ResultsView
from feedeval.notebook.browser.style import ROOT, sheet
from feedeval.notebook.report.findings import Checked
from feedeval.notebook.widgets import close
from feedeval.results.session import Session


class ProductsBox:
    """Shows the actions, the findings and the products of a session."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        """Held while the widgets are changed: by the page, and by what shows another session."""
        self._fault = Line()
        self._place = ipywidgets.VBox()
        self._views: tuple[ActionsView, ResultsView] | None = None
        self.widget = ipywidgets.VBox([ipywidgets.HTML(sheet()), self._fault.widget, self._place])
        # MathJax would set what stands between two dollar signs as a formula.
        for name in (ROOT, "tex2jax_ignore", "mathjax_ignore"):
            self.widget.add_class(name)

    def show(self, session: Session, checked: Checked) -> None:
        """Show what a session found, and what checking its feed did, in place of an earlier one's."""
        opened = Opened(session)
        with self._lock:
            self.clear()
            browser = Browser(opened.table, opened.shape, opened.actions)
            view = ResultsView(self._act, browser, opened.record_html, wanted=Wanted(sort="coverage"))
            actions = ActionsView(
                self._act,
                session.action_cards,
                lambda action: view.show_only(action.attribute),
                known=session.summary().notes,
            )
            self._views = actions, view
            self._place.children = (actions.root, ipywidgets.HTML(findings_html(checked)), view.root)

    def come_into_view(self) -> None:
        """Scroll the page to the first action, or to the products where there is none."""
        with self._lock:
            if self._views is not None and not self._views[0].come_into_view():
                self._views[1].come_into_view()

    def clear(self) -> None:
        """Show nothing."""
        with self._lock:
            self._views = None
            old, self._place.children = self._place.children, ()
            for widget in old:
                close(widget)

    def _act(self, what: Callable[[], Any]) -> None:
        with self._lock:
            try:
                what()
            except Exception as exc:  # shown to the person who pressed
                self._fault.say(Tone.PROBLEM, fault_in_words(exc))
            else:
                self._fault.show(Markup(""))
