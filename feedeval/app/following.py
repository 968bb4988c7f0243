"""What the app does with the audits of its folder: finds them, follows them, asks whoever works on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from feedeval.app.audits import FoundAudit, audits_of, look_at
from feedeval.app.render import Tone, fault_in_words
from feedeval.errors import InputError
from feedeval.evaluator import resume
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.evaluator.launching import live_run
from feedeval.records import Status
from feedeval.results.session import Session
from feedeval.storage.paths import session_paths
from feedeval.storage.requests import HEARD_WITHIN_S, Action, ask, heard

if TYPE_CHECKING:
    from feedeval.app.boxes.audits import AuditsBox

FOLLOW_EVERY_S = 1.0
_ASKED = {
    Action.PAUSE: "It pauses: calls that are under way finish first.",
    Action.RESUME: "It goes on.",
    Action.STOP: "It stops: calls that are under way finish and are saved.",
}


class Page(Protocol):
    """What the rest of the app does with an audit that was found."""

    def attach(self, run: EvaluationRun) -> None:
        """Show a run of this kernel with its panel, and its results at the end."""

    def show_session(self, session: Session) -> None:
        """Show the results of a session."""

    def key(self) -> str | None:
        """Return the key that was entered."""


class AuditsOfFolder:
    """The audits of a folder, in a box of their own.

    Args:
        folder: Where they lie.
        page: The rest of the app.
    """

    def __init__(self, folder: Path, page: Page) -> None:
        # Imported here, so that naming the app loads no widgets.
        from feedeval.app.boxes.audits import AuditsBox

        self._folder = folder
        self._page = page
        self._lock = threading.Lock()
        self._follower: threading.Thread | None = None
        self.box: AuditsBox = AuditsBox(self)

    def open(self) -> None:
        """Look what is there: attach to an audit of this kernel, follow one of another, or show the latest."""
        self._do(self._open)

    def _open(self) -> None:
        audits = audits_of(self._folder)
        self.box.offer(audits)
        for audit in audits:
            run = live_run(session_paths(self._folder, audit.sid)) if audit.own else None
            if run is not None:
                self._page.attach(run)
                return
        # A page that is opened anew leads to what was done last: its results are one press away.
        first = next((audit for audit in audits if audit.elsewhere), audits[0] if audits else None)
        if first is not None and self.box.shown is None:
            self._show(first)

    def look(self, sid: str) -> None:
        """Show an audit as it stands now."""

        def work() -> None:
            audit = look_at(session_paths(self._folder, sid))
            if audit is not None:
                self._show(audit)

        self._do(work)

    def request(self, action: Action) -> None:
        """Ask whoever works on the audit that is shown."""

        def work() -> None:
            paths = session_paths(self._folder, self._chosen().sid)
            ask(paths, action)
            self.box.line.say(Tone.WORKING, f"Asked to {action} …")
            if heard(paths):
                self.box.line.say(Tone.DONE, _ASKED[action])
            else:
                self.box.line.say(
                    Tone.PROBLEM,
                    f"there was no answer within {HEARD_WITHIN_S:.0f} s. The request stands until the program that "
                    "works on the audit looks for it; one of an earlier version of feedeval does not.",
                )

        self._do(work)

    def show_audit(self) -> None:
        """Show the results of the audit that is shown."""
        self._do(lambda: self._page.show_session(Session(self._chosen().sid, self._folder)))

    def go_on_with(self) -> None:
        """Go on with the audit that is shown, in this kernel."""

        def work() -> None:
            sid = self._chosen().sid
            self.box.line.say(Tone.WORKING, "Reading its feed …")
            try:
                run = resume(sid, api_key=self._page.key(), output_dir=self._folder)
            except InputError as exc:
                raise InputError(
                    f"{exc} Give the same feed with the same settings below: “Start the audit” goes on with it."
                ) from exc
            self.box.line.say(Tone.DONE, "It goes on; its panel is below.")
            self.box.show(None)
            self._page.attach(run)

        self._do(work)

    def _chosen(self) -> FoundAudit:
        if self.box.shown is None:
            raise InputError("no audit is chosen")
        return self.box.shown

    def _show(self, audit: FoundAudit) -> None:
        self.box.line.say(Tone.HINT, "")
        self.box.show(audit)
        with self._lock:
            if audit.elsewhere and (self._follower is None or not self._follower.is_alive()):
                self._follower = threading.Thread(target=self._follow, name="feedeval-app-follow", daemon=True)
                self._follower.start()

    def _follow(self) -> None:
        """Keep what is shown of an audit of another kernel up to date, and show its results at the end."""
        while threading.main_thread().is_alive():
            time.sleep(FOLLOW_EVERY_S)
            before = self.box.shown
            if before is None or not before.elsewhere:
                return
            try:
                now = look_at(session_paths(self._folder, before.sid))
                if now is None or self.box.shown is not before:
                    continue
                if now != before:
                    self.box.show(now)
                if not now.writer:
                    self.box.offer(audits_of(self._folder))
                    if now.status is Status.FINISHED:
                        self._page.show_session(Session(now.sid, self._folder))
                    return
            except Exception as exc:  # shown to the person who looks
                self.box.line.say(Tone.PROBLEM, fault_in_words(exc))
                return

    def _do(self, work: Callable[[], None]) -> None:
        """Do something on a thread of its own; what goes wrong is shown."""

        def guarded() -> None:
            try:
                work()
            except Exception as exc:  # shown to the person who pressed
                self.box.line.say(Tone.PROBLEM, fault_in_words(exc))

        threading.Thread(target=guarded, name="feedeval-app-audits", daemon=True).start()
