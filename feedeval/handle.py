"""The handle of an audit that goes on in the background."""

from __future__ import annotations

from typing import Any

import pandas as pd

from feedeval import html
from feedeval.results.session import Session, load_session
from feedeval.run.progress import Snapshot
from feedeval.run.reporters import status_line
from feedeval.run.runner import Run, run_blocking


class EvaluationRun:
    """An audit that goes on in the background; displayed, it shows where it stands.

    Every method may be called from any thread.
    """

    def __init__(self, run: Run, *, note: str = "") -> None:
        """Use `ProductFeedEvaluator.start`."""
        self._run = run
        self._note = note

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
                `max_retries`, `max_in_flight`, `delay_s`, `input_price`, `output_price`.

        Raises:
            InputError: A setting cannot be changed or has no usable value, or the run is over.
        """
        self._run.resume(**changes)

    def stop(self) -> None:
        """Start no more calls, let those in flight finish, write the state, and end. Does not wait."""
        self._run.stop()

    def wait(self, timeout_s: float | None = None, *, until_paused: bool = False) -> Snapshot:
        """Wait until the run is over, and return where it stands then or when the time is up.

        A KeyboardInterrupt comes through; the run goes on, and `stop()` ends it.

        Args:
            timeout_s: Longest time to wait; None waits as long as it takes.
            until_paused: Also return when the run is paused and needs a person.
        """
        return self._run.wait(timeout_s, until_paused=until_paused)

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

    def __repr__(self) -> str:
        return "\n".join([f"Session {self.sid}  {status_line(self.snapshot())}", *([self._note] if self._note else [])])

    def _repr_html_(self) -> str:
        snapshot = self.snapshot()
        parts = [html.bar(snapshot.share), html.escape(status_line(snapshot))]
        if self._note:
            parts.append(html.Markup(f"<p><small>{html.escape(self._note)}</small></p>"))
        return html.section(f"Session {self.sid}", *parts)
