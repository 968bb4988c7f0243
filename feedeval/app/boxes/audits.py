"""The box with the audits of the folder: those that go on in another kernel, and earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import ipywidgets

from feedeval.app.audits import FoundAudit, card
from feedeval.app.boxes.common import Line, display, field, row
from feedeval.app.render import block
from feedeval.html import Markup
from feedeval.notebook.widgets import text_button
from feedeval.records import Status
from feedeval.storage.requests import Action

_NONE = "choose one"
_HEADING = block(
    Markup(
        '<div role="heading" aria-level="3" style="font-size:16px;font-weight:600;margin-top:14px">Your audits</div>'
    )
)


class AuditActs(Protocol):
    """What the buttons do. Each returns at once."""

    def look(self, sid: str) -> None:
        """Show an audit as it stands now."""

    def request(self, action: Action) -> None:
        """Ask whoever works on the audit that is shown."""

    def show_audit(self) -> None:
        """Show the results of the audit that is shown."""

    def go_on_with(self) -> None:
        """Go on with the audit that is shown."""


class AuditsBox:
    """Offers the audits of the folder; hidden where there are none.

    Args:
        acts: What the buttons do.
    """

    def __init__(self, acts: AuditActs) -> None:
        self._acts = acts
        self._shown: FoundAudit | None = None
        self._telling = False
        self._choice = field(ipywidgets.Dropdown, "Show", options=[(_NONE, "")], value="")
        self._choice.observe(lambda change: self._choose(change["new"]), "value")
        self._card = Line()
        self.line = Line()
        self.pause_button = text_button("Pause", "pause", "Start no more calls", lambda: acts.request(Action.PAUSE))
        self.resume_button = text_button("Resume", "play", "Let it go on there", lambda: acts.request(Action.RESUME))
        self.stop_button = text_button("Stop", "stop", "Save and end it", lambda: acts.request(Action.STOP))
        self.results_button = text_button("Show its results", "table", "What is done so far", acts.show_audit)
        self.go_on_button = text_button("Go on", "play", "Read its feed again and do what is left", acts.go_on_with)
        self._buttons = row(
            self.pause_button, self.resume_button, self.stop_button, self.go_on_button, self.results_button
        )
        self.widget = ipywidgets.VBox(
            [ipywidgets.HTML(_HEADING), self._choice, self._card.widget, self._buttons, self.line.widget]
        )
        self.offer([])

    @property
    def shown(self) -> FoundAudit | None:
        """The audit that is shown; None where none was chosen."""
        return self._shown

    def offer(self, audits: Sequence[FoundAudit]) -> None:
        """Offer these audits, in place of those that were offered; the one that is shown stays."""
        options = [(_NONE, ""), *((audit.title, audit.sid) for audit in audits)]
        kept = self._shown.sid if self._shown is not None else ""
        self._telling = True
        try:
            self._choice.options = options
            self._choice.value = kept if kept in {sid for _, sid in options} else ""
        finally:
            self._telling = False
        display(self.widget, bool(audits))
        if not self._choice.value:
            self.show(None)

    def show(self, audit: FoundAudit | None) -> None:
        """Show where an audit stands, with the buttons that reach it."""
        self._card.show(card(audit) if audit is not None else Markup(""))
        display(self._buttons, audit is not None)
        if audit is not None:
            self._offer_what_can_be_done(audit)
        self._shown = audit  # last: what is told to be shown is there with its buttons

    def _offer_what_can_be_done(self, audit: FoundAudit) -> None:
        self._telling = True
        try:
            if self._choice.value != audit.sid and audit.sid in {sid for _, sid in self._choice.options}:
                self._choice.value = audit.sid
        finally:
            self._telling = False
        paused, going = audit.status is Status.PAUSED, audit.elsewhere
        display(self.pause_button, going and not paused)
        display(self.resume_button, going and paused)
        display(self.stop_button, going)
        display(self.go_on_button, not audit.writer and audit.status is not Status.FINISHED)
        display(self.results_button, audit.progress.counts.done > 0)

    def _choose(self, sid: str) -> None:
        if self._telling:
            return
        if sid:
            self._acts.look(sid)
        else:
            self.show(None)
