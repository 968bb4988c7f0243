"""The handle of an audit that goes on in the background."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from feedeval.errors import InputError
from feedeval.notebook.panel.render import run_html, run_text
from feedeval.notebook.panel.reporter import PanelReporter, panel_for
from feedeval.results.session import Session, load_session
from feedeval.run.progress import Reporter, Snapshot
from feedeval.run.runner import Run, run_blocking


class EvaluationRun:
    """An audit that goes on in the background; displayed, it shows its panel in a notebook and its state elsewhere.

    Every method may be called from any thread.
    """

    def __init__(self, begin: Callable[[Mapping[str, Any]], Run], reporters: Sequence[Reporter] = ()) -> None:
        """Use `ProductFeedEvaluator.start`."""
        self._begin = begin
        self._panel = next((r for r in reporters if isinstance(r, PanelReporter)), None)
        self._run = begin({})
        if self._panel is not None:
            self._panel.attach(self)

    @property
    def sid(self) -> str:
        """Name of the session."""
        return self._run.sid

    @property
    def done(self) -> bool:
        """Whether the run is over: finished or stopped."""
        return self._run.done

    def snapshot(self) -> Snapshot:
        """Return where the run stands at this moment."""
        return self._run.snapshot()

    def pause(self) -> None:
        """Start no more calls; those in flight finish."""
        self._run.pause()

    def resume(self, **changes: Any) -> None:
        """Go on after a pause, with new settings where they are needed.

        Args:
            **changes: `budget_usd`, `api_key`, and the settings of calls that results do not depend on: `timeout_s`,
                `max_retries`, `max_in_flight`, `delay_s`, `max_output_tokens`, `service_tier`, `flex_fallback`,
                `extra_headers`, `input_price`, `output_price`, `cached_price`.

        Raises:
            InputError: A setting cannot be changed or has no usable value, or the run is over.
        """
        self._run.resume(**changes)

    def retry_failed(self) -> None:
        """Try the products that failed again, in the background, once the run is over.

        Raises:
            InputError: The run still goes on; it tries them when it is started again after its end.
        """
        if not self.done:
            raise InputError(f"session {self.sid} is still being worked on: wait() for it, or stop() it, first")
        # The cap that it ended with, which may have been raised since it was started.
        self._run = self._begin({"session": self.sid, "budget_usd": self.snapshot().budget_usd})
        if self._panel is not None:
            self._panel.attach(self)

    def stop(self) -> None:
        """Start no more calls, let those in flight finish, write the state, and end. Does not wait.

        With `delivery="batch"` what is out at the endpoint is called off, after it was said what is still billed.
        """
        self._run.stop()

    def leave(self) -> None:
        """End as `stop` does, but leave what is out at the endpoint there: the same call picks it up later."""
        self._run.leave()

    def wait(self, timeout_s: float | None = None, *, until_paused: bool = False) -> Snapshot:
        """Wait until the run is over, and return where it stands then or when the time is up.

        Ctrl-C ends the waiting, not the run.

        Args:
            timeout_s: Longest time to wait; None waits as long as it takes.
            until_paused: Also return when the run is paused and needs a person.
        """
        try:
            return self._run.wait(timeout_s, until_paused=until_paused)
        except KeyboardInterrupt:
            self._run.say("The run goes on in the background; stop() ends it.")
            raise

    def block(self) -> Snapshot:
        """Wait as a blocking call does: Ctrl-C stops cleanly, and a fault that a person has to mend is raised.

        Raises:
            RunFault: The run had to pause; what is done is saved, and the same call goes on with it.
        """
        snapshot = run_blocking(self._run)
        if (fault := self._run.fault) is not None:
            raise type(fault)(f"{fault} What is done is saved in session {self.sid}; the same call goes on with it.")
        return snapshot

    def session(self) -> Session:
        """Return the session as it stands on disk now."""
        return load_session(self.sid, output_dir=self._run.output_dir)

    def results(self) -> pd.DataFrame:
        """Return a row a product that is done or failed, in the feed's order, as `Session.results`."""
        return self.session().results

    def say(self, text: str) -> None:
        """Show a sentence where the run is shown."""
        self._run.say(text)

    def add_reporter(self, reporter: Reporter) -> None:
        """Show the run in one more place from now on."""
        self._run.add_reporter(reporter)

    @property
    def panel(self) -> PanelReporter:
        """The panel of the run, to be shown among other widgets too."""
        return self._panel or panel_for(self)

    def display(self) -> None:
        """Show the panel in the output of this cell; outside a notebook, print where the run stands."""
        self.panel.display()

    _ipython_display_ = display

    def __repr__(self) -> str:
        return run_text(self.snapshot())

    def _repr_html_(self) -> str:
        return run_html(self.snapshot())
