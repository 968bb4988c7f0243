"""What all views stand on: one place for news and faults, and callbacks whose errors are never lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import ipywidgets

from feedeval.errors import FeedevalError
from feedeval.html import Markup, escape
from feedeval.notebook.browser.style import ROOT, sheet
from feedeval.notebook.widgets import close


class DashboardFrame:
    """The frame of the dashboard: a line for news, the view below it, a line at the foot."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        """Held while the widgets are changed: the page, a long piece of work and the watch all do."""
        self.closed = False
        self._news = ipywidgets.HTML()
        self._body = ipywidgets.VBox()
        self._foot = ipywidgets.HTML()
        self.root = ipywidgets.VBox([ipywidgets.HTML(sheet()), self._news, self._body, self._foot])
        self.mark = f"feedeval-dash-{self.root.model_id}"
        """CSS class that says the dashboard is on the page."""
        # MathJax would set what stands between two dollar signs as a formula.
        for name in (ROOT, self.mark, "tex2jax_ignore", "mathjax_ignore"):
            self.root.add_class(name)

    def show(self, view: ipywidgets.Widget) -> None:
        """Show a view in place of the one before, which is left as it is."""
        self._body.children = (view,)

    def foot(self, text: str) -> None:
        """Show a line under everything."""
        self._foot.value = f'<div class="fe-quiet">{escape(text)}</div>'

    def say(self, text: str) -> None:
        """Show a piece of news; an empty one takes the last away."""
        self._news.value = Markup(f'<div class="fe-notice" role="status">{escape(text)}</div>') if text else ""

    def fail(self, exc: BaseException) -> None:
        """Show what went wrong."""
        # Our own errors are sentences; of any other the name tells more than its words.
        words = str(exc) if isinstance(exc, FeedevalError) else f"{type(exc).__name__}: {exc}"
        said = f"<b>That did not work:</b> {escape(words)}"
        self._news.value = Markup(f'<div class="fe-notice fe-bad" role="alert">{said}</div>')

    def act(self, what: Callable[[], Any]) -> None:
        """Do what a button says, at once; what it raises is shown, and a text that it returns is told."""
        with self.lock:
            if self.closed:
                return
            self.say("")
            try:
                told = what()
            except Exception as exc:  # shown to the person who pressed
                self.fail(exc)
                return
            if isinstance(told, str):
                self.say(told)

    def later(
        self,
        doing: str,
        work: Callable[[], Any],
        done: Callable[[Any], str | None],
        *,
        at_the_end: Callable[[], None] | None = None,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """Do a long piece of work on a thread of its own, so that the page and the kernel stay usable.

        Args:
            doing: What is told meanwhile; empty tells nothing but faults.
            work: The work; it must not touch a widget.
            done: Shows what came of it; what it returns is told.
            at_the_end: Called in any case, before `done`.
            wanted: Whether what came of it is still to be shown, a fault included: a view that was left in the
                meantime has nothing more to say.
        """

        def run() -> None:
            result, fault = None, None
            try:
                result = work()
            except Exception as exc:  # shown to the person who pressed
                fault = exc
            with self.lock:
                if self.closed:
                    return
                try:
                    if at_the_end is not None:
                        at_the_end()
                    if not wanted():
                        return
                    if fault is not None:
                        raise fault
                    told = done(result)
                except Exception as exc:  # shown to the person who pressed
                    self.fail(exc)
                    return
                if doing:
                    self.say(told or "")

        if doing:
            self.say(doing)
        threading.Thread(target=run, name="feedeval-dashboard-work", daemon=True).start()

    def close(self) -> None:
        """Close all widgets."""
        with self.lock:
            self.closed = True
            close(self.root)
