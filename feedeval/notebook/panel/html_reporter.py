"""A run as static HTML, renewed now and then: for pages that show no widgets and for those who want no buttons."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from feedeval.notebook.panel.output import Bundle, Output
from feedeval.notebook.panel.render import run_html, run_text
from feedeval.records import BatchReport
from feedeval.run.progress import Snapshot

RENEW_EVERY_S = 1.0
_MESSAGES_KEPT = 4


class HtmlReporter:
    """A reporter that shows a run in the output of the cell that starts it.

    Args:
        monotonic: The clock that spaces redraws.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._messages: deque[str] = deque(maxlen=_MESSAGES_KEPT)
        self._output: Output | None = None
        self._renewed_s = 0.0

    def start(self, snapshot: Snapshot) -> None:
        """Show that a run begins."""
        if self._output is None:
            self._renewed_s = self._monotonic()
            self._output = Output(self._bundle(snapshot))
        else:
            self._renew(snapshot)

    def plan(self, snapshot: Snapshot) -> None:
        """Show how far the planning of the run is."""
        if self._output is None:
            self.start(snapshot)
        elif snapshot.done:
            self._renew(snapshot)
        else:
            self.update(snapshot)

    def update(self, snapshot: Snapshot) -> None:
        """Show where it stands, if it is time."""
        if self._monotonic() - self._renewed_s >= RENEW_EVERY_S:
            self._renew(snapshot)

    def batch(self, report: BatchReport, snapshot: Snapshot) -> None:
        """Leave batches to their bar."""

    def message(self, text: str) -> None:
        """Show a sentence at the next redraw."""
        self._messages.append(text)

    def close(self, snapshot: Snapshot) -> None:
        """Show the last state."""
        self._renew(snapshot)

    def _renew(self, snapshot: Snapshot) -> None:
        self._renewed_s = self._monotonic()
        if self._output is not None:
            self._output.change(self._bundle(snapshot))

    def _bundle(self, snapshot: Snapshot) -> Bundle:
        messages = tuple(self._messages)
        return {"text/plain": run_text(snapshot, messages), "text/html": run_html(snapshot, messages)}
