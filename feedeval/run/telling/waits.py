"""What a run waits for that is no reply: for how long, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from feedeval.errors import RunWarning, warn_caller
from feedeval.records import Gauges
from feedeval.run.telling.words import held_back

TOLD_AFTER_S = 30.0
"""A cooldown of an endpoint that takes longer is warned of; a want of room or network is at once."""


class Waits:
    """Follows what a run waits for. Lives on its event loop.

    Args:
        now: The time of day, as people see it.
        warn: Told in one sentence, once for each cause.
    """

    def __init__(self, now: Callable[[], datetime], warn: Callable[[str], None]) -> None:
        self._now = now
        self._warn = warn
        self._since_s: float | None = None
        self._through = 0
        self._told: set[str] = set()
        self.reason = ""
        """What it waits for at this moment; empty where it does not."""
        self.waited_s = 0.0
        """Seconds since the waiting began, with nothing done meanwhile."""

    def look(self, resting: str, gauges: Gauges, through: int, now_s: float) -> None:
        """Look at the run.

        Args:
            resting: Why it rests, where it goes on by itself; empty where it does not rest.
            gauges: Of those who make its calls.
            through: Records done or failed.
            now_s: Monotonic seconds.
        """
        self.reason = resting or held_back(gauges, self._now())
        if through != self._through:
            # A try between two waits ends none; a record that is through does.
            self._through, self._since_s = through, None
        if self.reason and self._since_s is None:
            self._since_s = now_s
        self.waited_s = 0.0 if self._since_s is None else now_s - self._since_s
        if resting:
            self._tell(resting.partition(":")[0], f"the run waits: {resting}")
        elif self.reason and gauges.waits_s >= TOLD_AFTER_S:
            self._tell("cooldown", f"the run is {self.reason}")

    def forget(self) -> None:
        """Begin anew: a person paused the run, or let it go on."""
        self._since_s, self.reason, self.waited_s = None, "", 0.0

    def _tell(self, cause: str, text: str) -> None:
        if cause not in self._told:
            self._told.add(cause)
            self._warn(f"{text}.")


def warn_of(text: str) -> None:
    """Warn of a wait, once a run; where warnings are errors it stays a word, as the run must go on."""
    try:
        warn_caller(text, RunWarning, again=True)
    except RunWarning:
        return
