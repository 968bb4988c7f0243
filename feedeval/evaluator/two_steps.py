"""The handle of an audit with a second step behind it: one thing to wait for, to pause and to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from feedeval.errors import InputError
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.notebook.panel.render import run_html, run_text
from feedeval.notebook.panel.reporter import PanelReporter
from feedeval.records import Status
from feedeval.results.session import Session
from feedeval.run.progress import Reporter, Snapshot
from feedeval.run.runner import Run

READING = "The feed is through; now its landing pages are read, each once."
LEAST_USD = 1e-6
"""What is left for the second step where the audit used the budget up: it ends at once, unless it is through."""

Step = Callable[[Session, PanelReporter | None, Callable[[], bool]], EvaluationRun]
"""Starts what comes behind an audit, in the audit's panel where it has one; the last argument is asked whether it was
stopped meanwhile."""


class TwoSteps(EvaluationRun):
    """An audit, and when it is finished what comes behind it: both are one run to whoever waits for it.

    Results, session and panel are those of the audit; where it stands is where the step stands that goes on. What has
    gone wrong in the second step is raised by `wait` and `block`, and the same call goes on with it.
    """

    def __init__(self, audit: EvaluationRun, step: Step, *, blocking: bool) -> None:
        """Use `ProductFeedEvaluator.start`."""
        self._audit = audit
        self._step = step
        self._second: EvaluationRun | None = None
        self._failed: BaseException | None = None
        self._ended = False
        self._over = threading.Event()
        self._panel = audit._panel
        if self._panel is not None:
            self._panel.attach(self)
        if not blocking:
            self._follow_in_background()

    @property
    def sid(self) -> str:
        """Name of the audit's session; waits for it while the feed is still being gone through."""
        return self._audit.sid

    @property
    def second(self) -> EvaluationRun | None:
        """The second step, once it has begun."""
        return self._second

    @property
    def done(self) -> bool:
        """Whether both steps are over, or the second will not begin."""
        return self._over.is_set()

    def snapshot(self) -> Snapshot:
        """Return where the step stands that goes on."""
        return self._now.snapshot()

    def pause(self) -> None:
        """Start no more calls; those in flight finish."""
        self._now.pause()

    def resume(self, **changes: Any) -> None:
        """Go on after a pause, as `EvaluationRun.resume`; a budget holds for both steps together."""
        if self._second is not None and changes.get("budget_usd") is not None:
            left_usd = changes["budget_usd"] - (self._audit.snapshot().cost_usd or 0.0)
            changes["budget_usd"] = max(left_usd, LEAST_USD)
        self._now.resume(**changes)

    def stop(self) -> None:
        """Stop the step that goes on; where that is the audit, the second step does not begin."""
        self._ended = True
        self._now.stop()

    def leave(self) -> None:
        """End as `stop` does, but leave what is out at the endpoint there."""
        self._ended = True
        self._now.leave()

    def retry_failed(self) -> None:
        """Try what failed again, in the background, once the run is over."""
        if not self.done:
            raise InputError(f"session {self.sid} is still being worked on: wait() for it, or stop() it, first")
        self._over.clear()
        self._ended, self._failed, self._second = False, None, None
        if self._audit.snapshot().counts.failed:
            self._audit.retry_failed()
        self._follow_in_background()

    def wait(self, timeout_s: float | None = None, *, until_paused: bool = False) -> Snapshot:
        """Wait until both steps are over, as `EvaluationRun.wait`."""
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._over.is_set():
            left_s = 0.2 if until_s is None else min(0.2, until_s - time.monotonic())
            if left_s <= 0:
                return self.snapshot()
            now = self._now
            found = now.wait(left_s, until_paused=until_paused)
            if until_paused and not found.done and found.needs_person:
                return found
            if now.done:
                self._over.wait(min(left_s, 0.02))
        if self._failed is not None:
            raise self._failed
        return self.snapshot()

    def block(self) -> Snapshot:
        """Wait as a blocking call does: Ctrl-C stops cleanly, and a fault that a person has to mend is raised."""
        try:
            found = self._audit.block()
            if found.status is Status.FINISHED and not self._ended:
                self._second = self._begin_second()
                found = self._second.block()
                self._show_audit(found)
            return found
        finally:
            self._over.set()

    def session(self) -> Session:
        """Return the audit's session as it stands on disk now."""
        return self._audit.session()

    def results(self) -> pd.DataFrame:
        """Return a row a product, as `EvaluationRun.results`: what the feed says, whatever its pages do."""
        return self._audit.results()

    def say(self, text: str) -> None:
        """Show a sentence where the run is shown."""
        self._now.say(text)

    def add_reporter(self, reporter: Reporter) -> None:
        """Show the step that goes on in one more place from now on."""
        self._now.add_reporter(reporter)

    def shared(self, reporters: Sequence[Reporter]) -> Run:
        """Return the audit's run for a second handle on it."""
        return self._audit.shared(reporters)

    def then(self, action: Callable[[Run], None]) -> None:
        """Do something as soon as the audit has begun, which may be now."""
        self._audit.then(action)

    @property
    def _now(self) -> EvaluationRun:
        return self._second or self._audit

    def _follow_in_background(self) -> None:
        threading.Thread(target=self._follow, name="feedeval-second-step", daemon=True).start()

    def _follow(self) -> None:
        try:
            if self._audit.wait().status is not Status.FINISHED or self._ended:
                return
            self._second = self._begin_second()
            if self._ended:
                self._second.stop()
            self._show_audit(self._second.wait())
        except Exception as exc:  # raised where the run is waited for
            if not self._ended:
                self._failed = exc
        finally:
            self._over.set()

    def _begin_second(self) -> EvaluationRun:
        if self._panel is not None:
            self._panel.message(READING)
            self._panel.close(self._audit.snapshot())
        second = self._step(self._audit.session(), self._panel, lambda: self._ended)
        if self._panel is not None:
            self._panel.attach(self)
        return second

    def _show_audit(self, end: Snapshot) -> None:
        """Let the panel show the audit in the end, with what the second step found."""
        if self._panel is not None and end.status is Status.FINISHED:
            self._panel.message(f"Pages: {self.session().ledger().headline}.")
            self._panel.close(self._audit.snapshot())

    def __repr__(self) -> str:
        return run_text(self.snapshot())

    def _repr_html_(self) -> str:
        return run_html(self.snapshot())
