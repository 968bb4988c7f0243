"""How fast calls may start, learned from refusals whatever an endpoint's headers promise."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

START_SPEED = 400.0
"""Calls a second with which an endpoint is tried of which nothing is known."""
MEASURING_SPEED = 160.0
"""And after its first refusal, where no header states a pace: the second comes soon, and tells it."""
GROWTH_S = 1.0
"""While nothing is refused, calls start at the pace that would take this long for all that were started so far."""
OF_STATED = 6.0
"""Times the stated pace at which what an endpoint has saved up is used."""

MARGIN = 0.98
"""Share of a pace, found or stated, that is used."""
STEP_OF_AGE = 0.15
SMALLEST_STEP, LARGEST_STEP = 0.002, 0.05
"""A pace widens in a second of use by `STEP_OF_AGE` over its age in seconds, within these bounds."""
SURE = 2
"""Findings of one pace from which on it widens slowly."""
FEWEST = 4
"""Accepted calls between two refusals from which on these tell a pace."""
SOLID = 20
"""Accepted calls from which on a finding makes a pace surer."""
WEIGHTY = 400
"""Accepted calls over which a finding takes away all of a pace that others found before: few of them tell little."""
MOST_LOST = 0.5
"""Share of a pace that one finding can take away."""
SLIGHTLY = 0.97
"""Share of a pace that a refusal leaves where it may have been nearly right."""
CHANGED = 0.8
"""A finding below this share of the pace shows that the endpoint allows less than it did: it is young again."""
CROWDED = 3
"""Bursts of refusals in a row that show a limit of calls at once."""
NOTICEABLY = 1.02
"""Times a pace from which on it counts as wider."""
GRACE = 1.5
"""Calls that may make up for those that started late."""


class LearnedPace:
    """The pace of starts that an endpoint was found to allow.

    Providers state a limit for a minute and enforce it over seconds. What headers promise is believed until a refusal
    shows it false; from then on calls start evenly, without bursts, which suits buckets and fixed windows alike. A
    refusal finds a bucket empty or a window used up: what was accepted from one refusal to the next is what came in
    meanwhile, and by the time between them it is the pace. It widens with use, the more slowly the longer it is known,
    and never beyond what headers state.
    """

    def __init__(self) -> None:
        self.rate: float | None = None
        """Calls a second that the endpoint was found to allow; None until refusals tell."""
        self._started = 0
        self._next_s = float("-inf")
        self._base: _Base | None = None
        self._burst_ends = 0
        """The number of the last call that had started when the newest burst of refusals showed."""
        self._findings = 0
        self._found_s = 0.0
        self._used_s = 0.0
        self._most_accepted = 0
        self._crowded = 0
        """Bursts of refusals in a row, of calls with more beside them than any that was accepted meanwhile."""

    def wait_s(self, now: float) -> float:
        """Return how long until a call may start."""
        return max(0.0, self._next_s - now)

    def known(self, stated: float | None) -> float | None:
        """Return the pace that is kept since a refusal; None where there was none, or nothing tells a pace yet."""
        if self.rate is not None:
            return self.rate if stated is None else min(self.rate, stated)
        return None if self._base is None else stated

    def start(self, now: float, stated: float | None) -> int:
        """Note that a call starts and return its number; `stated` is the pace that headers tell, in calls a second."""
        if self.rate is not None:
            self._widen(now, self.rate, stated)
        self._started += 1
        gap_s = 1.0 / self._speed(stated)
        self._next_s = max(self._next_s, now - GRACE * gap_s) + gap_s
        return self._started

    def _speed(self, stated: float | None) -> float:
        known = self.known(stated)
        if known is not None:
            return MARGIN * known
        if self._base is None:
            speed = max(START_SPEED, self._started / GROWTH_S)
        else:
            speed = max(MEASURING_SPEED, (self._started - self._base.number) / GROWTH_S)
        return speed if stated is None else min(speed, max(OF_STATED * stated, 1.0))

    def _widen(self, now: float, rate: float, stated: float | None) -> None:
        # Only a pace that calls had to wait for shows by its success that there may be more.
        used_s, self._used_s = min(1.0, now - self._used_s), now
        if now - self._next_s > GRACE / rate or now <= self._found_s:
            return
        step = min(LARGEST_STEP, max(SMALLEST_STEP, STEP_OF_AGE / (now - self._found_s)))
        if self._findings < SURE:
            step = LARGEST_STEP
        wider = rate * (1.0 + step * used_s)
        self.rate = wider if stated is None else min(wider, max(stated, rate))
        if self._base is not None:
            self._base.note(self.rate, self._started, now)

    def accepted(self, in_flight: int) -> None:
        """Note that a call was accepted that was one of so many."""
        self._most_accepted = max(self._most_accepted, in_flight)

    def refused(self, number: int, in_flight: int, back_s: float, stated: float | None) -> None:
        """Learn from the refusal of a call.

        Args:
            number: The call's number.
            in_flight: Calls that were out when it started, itself included.
            back_s: When the endpoint said that there is room again; when the call started, where it said nothing.
            stated: Calls a second that headers tell.
        """
        base = self._base
        if base is not None:
            base.refused += 1
        if number <= self._burst_ends:
            return
        self._burst_ends = self._started
        if self._is_crowd(in_flight):
            self.rate, self._base = None, None
        elif base is None:
            self._base = _Base(number, back_s)
        elif (accepted := number - base.number - base.refused) >= FEWEST and back_s > base.back_s:
            self._find(accepted, base, back_s, stated)
            self._base = _Base(number, back_s)

    def _is_crowd(self, in_flight: int) -> bool:
        """Say whether the endpoint limits calls at once: then it is the window's matter, and no pace is learned."""
        above, self._most_accepted = in_flight > self._most_accepted, 0
        # What was refused before a pace was kept says nothing: the calls grew more and more until then.
        self._crowded = self._crowded + 1 if above and (self.rate is not None or self._crowded >= CROWDED) else 0
        return self._crowded >= CROWDED

    def resumes(self, at_s: float) -> None:
        """Note that calls start again at `at_s`, after a refusal."""
        if self._base is not None:
            self._base.resumed_s = max(self._base.resumed_s, at_s)

    def _find(self, accepted: int, base: _Base, back_s: float, stated: float | None) -> None:
        found, kept = base.found(accepted, back_s), self.known(stated)
        # What came in while nobody was allowed to ask may have been lost: the pace may be better than the time tells.
        best = accepted / max(back_s - base.resumed_s, 1e-9)
        self._findings += accepted >= SOLID or self._findings >= SURE
        if self.rate is None or best < CHANGED * self.rate:
            self._findings, self._found_s = 1, back_s
        if kept is None:
            self.rate = found
        else:
            likely = math.sqrt(found * max(found, min(best, SLIGHTLY * kept)))
            most_lost = MOST_LOST if self._findings <= SURE else min(MOST_LOST, accepted / WEIGHTY)
            self.rate = max((1 - most_lost) * kept, min(kept, likely))


@dataclass(slots=True)
class _Base:
    """The refused call from which accepted ones are counted."""

    number: int
    back_s: float
    resumed_s: float = float("-inf")
    """When calls were allowed again."""
    refused: int = 1
    """Calls refused since, this one included."""
    steps: list[tuple[float, int, float]] = field(default_factory=list)
    """The pace, the calls started and refused so far, and the time, each time that the pace had widened noticeably."""

    def note(self, rate: float, started: int, now: float) -> None:
        """Note how wide the pace is now."""
        if not self.steps or rate > NOTICEABLY * self.steps[-1][0]:
            self.steps.append((rate, started - self.refused, now))

    def found(self, accepted: int, back_s: float) -> float:
        """Return the pace at which calls were accepted, but for the time in which they were slower than that.

        An endpoint saves up little or nothing: what it would have allowed then tells of no limit.
        """
        found = accepted / (back_s - self.back_s)
        for rate, before, since_s in self.steps:
            later = accepted - (before - self.number)
            if rate < found and later >= FEWEST and back_s > since_s:
                found = max(found, later / (back_s - since_s))
        return found
