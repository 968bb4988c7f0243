"""Request and token budgets, learned from the `x-ratelimit-*` headers of replies."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

ASSUMED_WINDOW_S = 60.0
"""Limits are given for a minute until the headers show another pace."""

ROUND_WINDOWS_S = (1, 2, 5, 6, 10, 12, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 86400)
"""Lengths of the fixed windows that are counted in."""
ENOUGH_USED = 4
"""Used part of a limit from which on its rounding no longer blurs the pace."""
UNEVEN = 3.0
"""Times by which the paces that replies show differ where a limit is counted in fixed windows."""

LARGEST_CUSHION = 0.1
"""Share of a limit that may be left untouched."""
NEWEST_COUNTS = 0.05

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s|d)")
_UNIT_S = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def parse_duration(text: str) -> float | None:
    """Return the seconds in a reset header, such as `120ms`, `6.5s`, `1m3s` or plain `12`; None if it is none."""
    text = text.strip()
    try:
        plain = float(text)
    except ValueError:
        parts = _DURATION.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            return None
        return sum(float(number) * _UNIT_S[unit] for number, unit in parts)
    return plain if math.isfinite(plain) and plain >= 0 else None


@dataclass(frozen=True, slots=True)
class LimitReading:
    """What one reply said of one limit."""

    limit: float
    remaining: float
    reset_s: float | None
    """Seconds until the whole limit is there again."""


def read_headers(headers: Mapping[str, str], what: str) -> LimitReading | None:
    """Return what the headers say of `what` (`requests` or `tokens`), or None where they say nothing usable."""
    limit, remaining = headers.get(f"x-ratelimit-limit-{what}"), headers.get(f"x-ratelimit-remaining-{what}")
    if limit is None or remaining is None:
        return None
    try:
        reading = float(limit), float(remaining)
    except ValueError:
        return None
    if not (math.isfinite(reading[0]) and math.isfinite(reading[1])) or reading[0] <= 0:
        return None
    reset = headers.get(f"x-ratelimit-reset-{what}")
    return LimitReading(reading[0], reading[1], None if reset is None else parse_duration(reset))


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a budget stood when a call started."""

    at: float
    amount: float
    taken: float
    """All that had been taken, this call included."""
    finished: float
    """All that had been taken by calls which were finished."""


class RateBudget:
    """A bucket that mirrors the endpoint's: calls take from it when they start, it refills evenly, replies correct it.

    Each reply says what remained at the endpoint at some moment between the call's start and now. Calls that were out
    at that moment may or may not have been counted in it, so a reply bounds the level from both sides, and the mirror
    is moved only as far as into these bounds. Being a few calls too careful costs a constant, not a share of the
    limit, because an endpoint's bucket that never runs full loses nothing.

    What a call really uses differs from what was taken for it, and the endpoint counts it before the mirror learns of
    it; so a cushion is left that grows with these differences and with the calls that are out.

    The pace of the refill is (limit - remaining) / reset, from the reply that showed the most in use, where rounding
    matters least. Where that is another one with each reply, the limit is counted in fixed windows, whose whole is back
    at the reset; the longest one tells the length.
    """

    def __init__(self) -> None:
        self.limit: float | None = None
        self.rate = 0.0
        """Refill a second."""
        self._level = 0.0
        self._at = 0.0
        self._taken = 0.0
        self._finished = 0.0
        self._forget()
        self._difference = 0.0
        self._out = 0

    @property
    def is_windowed(self) -> bool:
        """Whether replies show that the limit is counted in fixed windows."""
        return self._fastest > UNEVEN * self._slowest

    def _forget(self) -> None:
        """Forget what replies showed of the pace, as the limit is another one."""
        self._most_used = self._longest_reset_s = self._fastest = 0.0
        self._slowest = math.inf

    @property
    def _cushion(self) -> float:
        """What is left untouched: two usual differences of the sum over all calls that are out."""
        assert self.limit is not None
        return min(2.0 * self._difference * math.sqrt(self._out + 1), LARGEST_CUSHION * self.limit)

    def wait_s(self, now: float, amount: float) -> float:
        """Return how long until `amount` can be taken; 0 where nothing is known of a limit."""
        if self.limit is None:
            return 0.0
        self._refill(now)
        needed = min(amount + self._cushion, self.limit)
        return max(0.0, (needed - self._level) / self.rate)

    def is_short(self, now: float, amount: float) -> bool:
        """Say whether what is left would explain that a call of `amount` was refused."""
        return self.limit is not None and self.wait_s(now, 2.0 * amount) > 0.0

    def take(self, now: float, amount: float) -> Mark:
        """Take `amount` for a call that starts now."""
        if self.limit is not None:
            self._refill(now)
        self._level -= amount
        self._taken += amount
        self._out += 1
        return Mark(now, amount, self._taken, self._finished)

    def finish(self, mark: Mark, used: float | None = None) -> float:
        """Settle a call by what it really used, if that is known; return the amount that it counts for."""
        self._out -= 1
        if used is None:
            used = mark.amount
        elif used:
            self._difference += (abs(used - mark.amount) - self._difference) * NEWEST_COUNTS
        self._level -= used - mark.amount
        self._taken += used - mark.amount
        self._finished += used
        return used

    def learn(self, now: float, mark: Mark, used: float, reading: LimitReading) -> None:
        """Correct the level by what the reply to the call of `mark` said; call it after `finish`."""
        known = self.limit is not None
        if reading.limit != self.limit:
            self.limit = reading.limit
            self.rate = reading.limit / ASSUMED_WINDOW_S
            self._forget()
        self._learn_rate(reading)
        in_flight_then = mark.taken - mark.amount - mark.finished
        in_flight_now = self._taken - self._finished
        since = self._taken - (mark.taken - mark.amount + used)
        refilled = self.rate * (now - mark.at)
        low = reading.remaining - max(in_flight_now, in_flight_then + since - refilled)
        high = reading.remaining + max(0.0, refilled - since)
        if known:
            self._refill(now)
            self._level = min(max(self._level, low), max(high, low))
        else:
            self._level, self._at = low, now
        self._level = min(self._level, self.limit)

    def _learn_rate(self, reading: LimitReading) -> None:
        used = reading.limit - reading.remaining
        if not reading.reset_s:
            return
        self._longest_reset_s = max(self._longest_reset_s, reading.reset_s)
        if used <= 0:
            return
        pace = used / reading.reset_s
        if used >= ENOUGH_USED:
            self._slowest, self._fastest = min(self._slowest, pace), max(self._fastest, pace)
        if self.is_windowed:
            self.rate = reading.limit / _round_window_s(self._longest_reset_s)
        elif used >= 0.8 * self._most_used:
            self._most_used = max(used, self._most_used)
            self.rate = pace if used >= ENOUGH_USED * UNEVEN else max(pace, reading.limit / ASSUMED_WINDOW_S)

    def _refill(self, now: float) -> None:
        assert self.limit is not None
        # A clock that was set back refills nothing; it must not drain the bucket either.
        self._level = min(self.limit, self._level + max(0.0, now - self._at) * self.rate)
        self._at = now


def _round_window_s(longest_reset_s: float) -> float:
    """Return the length of a window of which at most so much was seen to be left."""
    return next((length for length in ROUND_WINDOWS_S if length >= 0.99 * longest_reset_s), longest_reset_s)
