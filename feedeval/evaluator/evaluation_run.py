"""The handle of an audit that goes on in the background."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from feedeval.errors import InputError
from feedeval.notebook.panel.render import run_html, run_text
from feedeval.notebook.panel.reporter import PanelReporter, panel_for
from feedeval.results.session import Session, load_session
from feedeval.run.progress import Need, Reporter, Snapshot
from feedeval.run.runner import Run, run_blocking
from feedeval.run.telling.beginning import Beginning

Starter = Callable[[Mapping[str, Any]], Beginning]
"""Begins to plan a run with some of its settings changed."""
_SETTLED_S = 0.3
"""So long it may take to see that a run has nothing left to do, before it is shown."""


class EvaluationRun:
    """An audit that goes on in the background; displayed, it shows its panel in a notebook and its state elsewhere.

    It begins with going through the feed, which takes a while where the feed is large: until then its status is
    `pending`, and what has gone wrong by its end is raised by `wait`, `sid`, `session` and `results`. Every method may
    be called from any thread.
    """

    def __init__(
        self,
        start: Starter,
        reporters: Sequence[Reporter] = (),
        *,
        begun: Callable[[EvaluationRun, Run], None] = lambda handle, run: None,
    ) -> None:
        """Use `ProductFeedEvaluator.start`."""
        self._start = start
        self._panel = next((r for r in reporters if isinstance(r, PanelReporter)), None)
        self._told = begun
        self._begin_again({})

    @property
    def sid(self) -> str:
        """Name of the session; waits for it while the feed is still being gone through."""
        return self._begun.sid

    @property
    def done(self) -> bool:
        """Whether the run is over: finished, stopped, or not begun because something was wrong."""
        run = self._beginning.run
        return self._beginning.failed if run is None else run.done

    def snapshot(self) -> Snapshot:
        """Return where the run stands at this moment."""
        return self._beginning.snapshot()

    def pause(self) -> None:
        """Start no more calls; those in flight finish."""
        self._beginning.pause()

    def resume(self, **changes: Any) -> None:
        """Go on after a pause, with new settings where they are needed.

        Args:
            **changes: `budget_usd`, `api_key`, and the settings of calls that results do not depend on: `timeout_s`,
                `max_retries`, `max_in_flight`, `delay_s`, `max_output_tokens`, `service_tier`, `flex_fallback`,
                `extra_headers`, `input_price`, `output_price`, `cached_price`. Where the endpoint does not know the
                model also `model`: what is not done yet is asked of that one, in a session of its own.

        Raises:
            InputError: A setting cannot be changed or has no usable value, the budget is reached and no higher one is
                given, or the run is over.
        """
        if not changes:
            self._beginning.resume()
        elif "model" in changes and self.snapshot().needs is Need.MODEL:
            self._ask_another(changes)
        else:
            self._begun.resume(**changes)

    def retry_failed(self) -> None:
        """Try the products that failed again, in the background, once the run is over.

        Raises:
            InputError: The run still goes on; it tries them when it is started again after its end.
        """
        if not self.done:
            raise InputError(f"session {self.sid} is still being worked on: wait() for it, or stop() it, first")
        # The cap that it ended with, which may have been raised since it was started.
        self._begin_again({"session": self.sid, "budget_usd": self.snapshot().budget_usd})

    def stop(self) -> None:
        """Start no more calls, let those in flight finish, write the state, and end. Does not wait.

        Calls that have not ended after a few seconds, or after several times what a product takes, are given up. With
        `delivery="batch"` what is out at the endpoint is called off, after it was said what is still billed.
        """
        self._beginning.stop()

    def leave(self) -> None:
        """End as `stop` does, but leave what is out at the endpoint there: the same call picks it up later."""
        self._beginning.leave()

    def wait(self, timeout_s: float | None = None, *, until_paused: bool = False) -> Snapshot:
        """Wait until the run is over, and return where it stands then or when the time is up.

        Ctrl-C ends the waiting, not the run.

        Args:
            timeout_s: Longest time to wait; None waits as long as it takes.
            until_paused: Also return when the run is paused and needs a person, or has waited for `give_up_after_s`.

        Raises:
            FeedevalError: What was found wrong before the run could begin.
        """
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        try:
            if not self._beginning.wait(timeout_s) or (run := self._beginning.run) is None:
                return self.snapshot()
            left_s = None if until_s is None else max(until_s - time.monotonic(), 0.0)
            return run.wait(left_s, until_paused=until_paused)
        except KeyboardInterrupt:
            self.say("The run goes on in the background; stop() ends it.")
            raise

    def block(self) -> Snapshot:
        """Wait as a blocking call does: Ctrl-C stops cleanly, and a fault that a person has to mend is raised.

        Raises:
            RunFault: The run had to pause; what is done is saved, and the same call goes on with it. `WaitedTooLong`
                where it waited longer than `give_up_after_s`.
        """
        try:
            run = self._begun
        except KeyboardInterrupt:
            self._beginning.stop()
            raise
        snapshot = run_blocking(run)
        if (fault := run.fault) is not None:
            raise type(fault)(f"{fault} What is done is saved in session {self.sid}; the same call goes on with it.")
        return snapshot

    def session(self) -> Session:
        """Return the session as it stands on disk now."""
        return load_session(self.sid, output_dir=self._begun.output_dir)

    def results(self) -> pd.DataFrame:
        """Return a row a product that is done or failed, in the feed's order, as `Session.results`."""
        return self.session().results

    def say(self, text: str) -> None:
        """Show a sentence where the run is shown."""
        self._beginning.then(lambda run: run.say(text))

    def add_reporter(self, reporter: Reporter) -> None:
        """Show the run in one more place from now on."""
        self._beginning.show(reporter)

    def shared(self, reporters: Sequence[Reporter]) -> Run:
        """Return the run for a second handle on it, and show it in these places too."""
        run = self._begun
        for reporter in reporters:
            run.add_reporter(reporter)
        return run

    def then(self, action: Callable[[Run], None]) -> None:
        """Do something as soon as the run has begun, which may be now."""
        self._beginning.then(action)

    @property
    def panel(self) -> PanelReporter:
        """The panel of the run, to be shown among other widgets too."""
        return self._panel or panel_for(self)

    def display(self) -> None:
        """Show the panel in the output of this cell; outside a notebook, print where the run stands."""
        # A run with nothing left to do is over at once: the page would still be drawing its live panel when that goes.
        with contextlib.suppress(Exception):  # what was found wrong is shown, and raised by `wait`
            self._beginning.wait(_SETTLED_S)
        self.panel.display()

    _ipython_display_ = display

    @property
    def _begun(self) -> Run:
        return self._beginning.begun()

    def _ask_another(self, changes: Mapping[str, Any]) -> None:
        """Begin anew with another model: results depend on it, so that the session of this one ends here."""
        run = self._begun
        run.stop()
        run.wait()
        self._begin_again({"session": None, "budget_usd": self.snapshot().budget_usd, **changes})

    def _begin_again(self, changes: Mapping[str, Any]) -> None:
        self._beginning = self._start(changes)
        self._beginning.then(lambda run: self._told(self, run))
        if self._panel is not None:
            self._panel.attach(self)
        self._beginning.at_once()

    def __repr__(self) -> str:
        return run_text(self.snapshot())

    def _repr_html_(self) -> str:
        return run_html(self.snapshot())
