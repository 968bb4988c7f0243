"""What the states of all workers mean for the run as a whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from feedeval.errors import RunFault
from feedeval.evaluator.cluster.messages import Command, Do, ShardNews
from feedeval.evaluator.cluster.summing import QUIET_S
from feedeval.evaluator.cluster.worker import fault_of
from feedeval.records import Status
from feedeval.run.progress import Need

ALONE_S = 10.0
"""After so long without any worker it is said that there is none."""


class Standing(NamedTuple):
    """How the run stands."""

    status: Status
    reason: str = ""
    fault: RunFault | None = None
    need: Need = Need.NOTHING


def standing(
    before: Status, command: Command, told: Mapping[int, ShardNews], lost: Mapping[int, str]
) -> Standing | None:
    """Return how the run stands, where it is not as before.

    Args:
        before: How it stood.
        command: The last word to all.
        told: What is known of the shards that somebody works on.
        lost: Why shards could not be worked on, where no others are left.
    """
    if any(each.serial < command.serial and each.heard_s < QUIET_S for each in told.values()):
        return None  # some have yet to hear the last word: what they say is of before
    live = [each.snapshot for each in told.values() if each.snapshot is not None]
    resting = [each for each in live if each.status is Status.PAUSED]
    waiting = [each for each in resting if each.needs_person]
    halted = waiting if command.do is not Do.WORK or len(waiting) == len(live) else []
    all_rest = len(resting) == len(live)
    if lost:
        why = "; ".join(lost.values())
        return Standing(Status.PAUSED, why, RunFault(why))
    if command.do is Do.PAUSE and all_rest:
        # What it was paused for before still holds, also where the scheduler is another one.
        return None if before is Status.PAUSED else Standing(Status.PAUSED, "paused by hand")
    if halted and all_rest:
        first = next((each for each in halted if each.needs is not Need.NOTHING), halted[0])
        return Standing(Status.PAUSED, first.status_reason, fault_of(first.status_reason), first.needs)
    if before is Status.PAUSED and command.do is Do.WORK and live and not resting:
        return Standing(Status.RUNNING)
    return None


class Company:
    """Whether there are workers: without any, a run waits, and would do so in silence.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._heard_s = clock()
        self._told = False

    def missed(self, news: Mapping[int, ShardNews], workers: Callable[[], int]) -> str:
        """Return a sentence where nobody works for a while and there is no worker; each time once."""
        now_s = self._clock()
        if any(not each.over and each.heard_s < QUIET_S for each in news.values()):
            self._heard_s, self._told = now_s, False
        if self._told or now_s - self._heard_s < ALONE_S or workers():
            return ""
        self._told = True
        return "The cluster has no worker: the run goes on as soon as there is one."
