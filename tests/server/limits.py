"""Rate limits of the model server, for requests and tokens, and the headers that tell of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """How a limit is counted."""

    BUCKET = "bucket"
    FIXED = "fixed"
    """In windows that begin and end whatever is asked."""


class Headers(StrEnum):
    """What the `x-ratelimit-*` headers tell."""

    AGREE = "agree"
    MINUTE = "minute"
    """The limit of a minute, although a shorter one is enforced."""
    NONE = "none"


class Bucket:
    """A bucket that holds `limit` and refills evenly over `window_s`."""

    def __init__(self, limit: int, window_s: float, now: float) -> None:
        self.limit = limit
        self.rate = limit / window_s
        self.level = float(limit)
        self.at = now

    def refill(self, now: float) -> None:
        """Add what came in since the last look."""
        self.level = min(self.limit, self.level + (now - self.at) * self.rate)
        self.at = now

    def wait_s(self, amount: float) -> float:
        """Return how long until `amount` is there; more than the limit never is, and is told to come back later."""
        return max(0.0, (amount - self.level) / self.rate)

    @property
    def reset_s(self) -> float:
        """Seconds until the bucket is full again."""
        return (self.limit - self.level) / self.rate


class FixedWindow:
    """A count that starts anew every `window_s`; the first window began `phase` of its length ago."""

    def __init__(self, limit: int, window_s: float, now: float, phase: float) -> None:
        self.limit = limit
        self.level = float(limit)
        self._window_s = window_s
        self._begin = now - phase * window_s
        self._at = now

    def refill(self, now: float) -> None:
        """Start a new window where the last is over."""
        self._at = now
        over = (now - self._begin) // self._window_s
        if over >= 1:
            self._begin += over * self._window_s
            self.level = float(self.limit)

    def wait_s(self, amount: float) -> float:
        """Return how long until `amount` is there."""
        return 0.0 if amount <= self.level else self.reset_s

    @property
    def reset_s(self) -> float:
        """Seconds until the next window."""
        return self._begin + self._window_s - self._at


@dataclass(frozen=True)
class Refused:
    """A request over the limit."""

    what: str
    """`requests` or `tokens`."""
    retry_after_s: float


@dataclass(frozen=True)
class Enforced:
    """How a limit of a minute is enforced, and what is told of it."""

    window_s: float | None = None
    """Seconds over which it is enforced; None: over the whole minute."""
    shape: Shape = Shape.BUCKET
    headers: Headers = Headers.AGREE
    phase: float = 0.0
    """Share of the first fixed window that is over at the start."""


class RateLimits:
    """Requests and tokens a minute; a shorter `window_s` makes both flow faster."""

    def __init__(
        self,
        rpm: int | None,
        tpm: int | None,
        *,
        window_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        enforced: Enforced | None = None,
    ) -> None:
        enforced = enforced or Enforced()
        self._clock = clock
        self._told = enforced.headers
        self._real: dict[str, Bucket | FixedWindow] = {}
        self._stated: dict[str, Bucket | FixedWindow] = {}
        for what, limit in (("requests", rpm), ("tokens", tpm)):
            if limit:
                self._real[what] = _limit(limit, window_s, enforced.window_s or window_s, enforced, clock())
                self._stated[what] = self._real[what]
                if enforced.headers is Headers.MINUTE:
                    self._stated[what] = _limit(limit, window_s, window_s, enforced, clock())

    def __bool__(self) -> bool:
        return bool(self._real)

    def admit(self, tokens: int) -> Refused | None:
        """Charge one request of `tokens` tokens, or charge nothing and say why not."""
        now = self._clock()
        amounts = {"requests": 1, "tokens": tokens}
        for limits in (self._real, self._stated):
            for limit in limits.values():
                limit.refill(now)
        for what, limit in self._real.items():
            wait_s = limit.wait_s(amounts[what])
            if wait_s > 0:
                return Refused(what, wait_s)
        for what, limit in self._real.items():
            limit.level -= amounts[what]
            if self._stated[what] is not limit:
                self._stated[what].level -= amounts[what]
        return None

    def headers(self) -> dict[str, str]:
        """Return the `x-ratelimit-*` headers as they stand."""
        headers: dict[str, str] = {}
        for what, limit in self._stated.items() if self._told is not Headers.NONE else ():
            headers[f"x-ratelimit-limit-{what}"] = str(limit.limit)
            headers[f"x-ratelimit-remaining-{what}"] = str(max(0, math.floor(limit.level)))
            headers[f"x-ratelimit-reset-{what}"] = go_duration(limit.reset_s)
        return headers


def _limit(limit: int, minute_s: float, window_s: float, enforced: Enforced, now: float) -> Bucket | FixedWindow:
    limit = max(1, round(limit * window_s / minute_s))
    if enforced.shape is Shape.FIXED:
        return FixedWindow(limit, window_s, now, enforced.phase)
    return Bucket(limit, window_s, now)


def go_duration(seconds: float) -> str:
    """Write a duration as the API does: `120ms`, `6.5s`, `1m3s`, `1h0m5s`."""
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))}ms"
    if seconds < 60:
        return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}h" if hours else "") + f"{minutes}m{rest}s"
