"""What is tried again, how often, and after how long.

How often it is by default stands in `settings` (`max_retries`), how long an endpoint is left alone after a 429 in
`pacing`, and what becomes of a record that lost the network in `run/workers`.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from feedeval.errors import ConnectionLost, NoCapacity, RateLimited, ServerFault, TransientError

T = TypeVar("T")

BACKOFF_START_S = 0.5
BACKOFF_CEILING_S = 30.0
RECONNECT_TRIES = 2
"""Tries after a connection could not be made: few and quick, as the run waits for the network better than a call."""
REFUSALS_PER_RETRY = 4
"""Refusals by rate wear out a call's patience this much slower: the whole endpoint cools down after each."""


RETRIED = (TransientError, ConnectionLost)


class Patience:
    """Decides for one call whether to try again, and after how long.

    Faults of the server's side count up to `max_retries`; refusals by rate, or for want of capacity, count a quarter
    each. Want of capacity may last for minutes and is a matter of each call: the waits grow as after a fault.

    Args:
        max_retries: Tries after the first.
        rng: Draws the jitter.
    """

    def __init__(self, max_retries: int, rng: random.Random) -> None:
        self._max_retries = max_retries
        self._rng = rng
        self._lost = 0
        self._worn = 0.0
        self._crowded = 0
        self.retries = 0
        """Tries that failed so far."""
        self.asked_s = 0.0
        """How long the endpoint asked to wait after the latest of them."""

    def wait_s(self, state: RetryCallState) -> float:
        """Count the failed try and return how long to wait before the next; tenacity asks this before `spent`."""
        fault = _fault(state)
        self.retries += 1
        self.asked_s = getattr(fault, "retry_after_s", None) or 0.0
        if isinstance(fault, ConnectionLost):
            self._lost += 1
            return self._backoff_s(self._lost)
        if isinstance(fault, RateLimited):
            # The pacer holds the next try back until the endpoint's cooldown is over.
            self._worn += 1 / REFUSALS_PER_RETRY
            return 0.0
        if isinstance(fault, NoCapacity):
            self._worn += 1 / REFUSALS_PER_RETRY
            self._crowded += 1
            return max(self._backoff_s(self._crowded), fault.retry_after_s or 0.0)
        self._worn += 1
        asked_s = fault.retry_after_s if isinstance(fault, ServerFault) else None
        return max(self._backoff_s(self._worn), asked_s or 0.0)

    def spent(self, state: RetryCallState) -> bool:
        """Tell whether the failed try was the last."""
        if isinstance(_fault(state), ConnectionLost):
            return self._lost > min(RECONNECT_TRIES, self._max_retries)
        return self._worn > self._max_retries

    def _backoff_s(self, steps: float) -> float:
        jitter: float = 0.75 + self._rng.random() / 2
        return float(min(BACKOFF_CEILING_S, BACKOFF_START_S * 2.0 ** (steps - 1))) * jitter


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A call that waits to be tried again."""

    until_s: float
    asked_until_s: float
    """Until when the endpoint asked to wait; no later than now where it did not."""
    next_try: int


class RetryWaits:
    """The calls that wait to be tried again, as gauges show them; read from any thread.

    Args:
        clock: Monotonic seconds.
        sleep: How a retry waits.
    """

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._waiting: dict[object, _Waiting] = {}

    async def wait(self, call: object, patience: Patience, seconds: float) -> None:
        """Wait before a call's next try; it counts as waiting until `leave`, as it may have to wait for its turn."""
        now_s = self._clock()
        self._waiting[call] = _Waiting(now_s + seconds, now_s + patience.asked_s, patience.retries + 1)
        await self._sleep(seconds)

    def leave(self, call: object) -> None:
        """Note that a call is out again, or over."""
        self._waiting.pop(call, None)

    def figures(self) -> tuple[int, int, float, float]:
        """Return how many wait, which try the next one will be, and the seconds until then and until what was asked."""
        waiting = list(self._waiting.values())
        if not waiting:
            return 0, 0, 0.0, 0.0
        now_s = self._clock()
        first = min(waiting, key=lambda wait: wait.until_s)
        return len(waiting), first.next_try, max(first.until_s - now_s, 0.0), max(first.asked_until_s - now_s, 0.0)


def _fault(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None


async def retry(
    attempt: Callable[[], Awaitable[T]], patience: Patience, sleep: Callable[[float], Awaitable[None]]
) -> T:
    """Call `attempt` until it returns, raises what no retry mends, or patience is spent; then raise its last fault."""
    try:
        return await attempt()
    except RETRIED as exc:
        first: Exception | None = exc

    async def again() -> T:
        """Hand the first fault over to tenacity, which was not troubled for the many calls that just succeed."""
        nonlocal first
        if first is not None:
            fault, first = first, None
            raise fault
        return await attempt()

    retrying = AsyncRetrying(
        sleep=sleep,
        stop=patience.spent,
        wait=patience.wait_s,
        retry=retry_if_exception_type(RETRIED),
        reraise=True,
    )
    return await retrying(again)
