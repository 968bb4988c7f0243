"""Rate limits of the model server: token buckets for requests and tokens, and the headers that tell of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass


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


@dataclass(frozen=True)
class Refused:
    """A request over the limit."""

    what: str
    """`requests` or `tokens`."""
    retry_after_s: float


class RateLimits:
    """Requests and tokens a minute; a shorter `window_s` makes both flow faster."""

    def __init__(
        self, rpm: int | None, tpm: int | None, *, window_s: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        now = clock()
        self._buckets: dict[str, Bucket] = {}
        if rpm:
            self._buckets["requests"] = Bucket(rpm, window_s, now)
        if tpm:
            self._buckets["tokens"] = Bucket(tpm, window_s, now)

    def __bool__(self) -> bool:
        return bool(self._buckets)

    def admit(self, tokens: int) -> Refused | None:
        """Charge one request of `tokens` tokens, or charge nothing and say why not."""
        now = self._clock()
        amounts = {"requests": 1, "tokens": tokens}
        for what, bucket in self._buckets.items():
            bucket.refill(now)
            wait_s = bucket.wait_s(amounts[what])
            if wait_s > 0:
                return Refused(what, wait_s)
        for what, bucket in self._buckets.items():
            bucket.level -= amounts[what]
        return None

    def headers(self) -> dict[str, str]:
        """Return the `x-ratelimit-*` headers as they stand."""
        headers: dict[str, str] = {}
        for what, bucket in self._buckets.items():
            headers[f"x-ratelimit-limit-{what}"] = str(bucket.limit)
            headers[f"x-ratelimit-remaining-{what}"] = str(max(0, math.floor(bucket.level)))
            headers[f"x-ratelimit-reset-{what}"] = go_duration(bucket.reset_s)
        return headers


def go_duration(seconds: float) -> str:
    """Write a duration as the API does: `120ms`, `6.5s`, `1m3s`, `1h0m5s`."""
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))}ms"
    if seconds < 60:
        return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}h" if hours else "") + f"{minutes}m{rest}s"
