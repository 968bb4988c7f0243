"""How many calls may be out, and when the next may start.

The rule, for each endpoint and key:

1. *Window.* At most `width` calls are out. It starts at 8, doubles after each clean saturated round until the first
   refusal (HTTP 429), then grows by a twentieth; a refusal narrows it by a fifth, once a burst. Successes during a
   cooldown, after a retry or from a call log do not count; a 5xx stops growth and does not narrow (`window.py`).
   Where headers state a limit, the window opens to what remains of it at once; the pace is another matter.
2. *Budgets.* Every call takes one request and its estimated tokens from buckets that mirror the endpoint's, and
   settles by the tokens that it really used. Size, level and pace of the buckets are learned from the
   `x-ratelimit-*` headers of every reply; without such headers there are no budgets (`budgets.py`).
3. *Pace.* Until something is refused, calls start ever faster, but no faster than six times the pace that headers
   state. What is accepted from one refusal to the next tells the true pace, and from the first on calls start evenly
   at 0.98 of it, or of what headers state where that is less. It widens with use and is kept for the endpoint as long
   as the process lives. An endpoint that limits calls at once is told from that by their number (`pace.py`).
4. *Cooldown.* A refusal stops all new calls to the endpoint for the longer of `retry-after` and a floor of 1 s (of two
   calls where the pace is known), which doubles with every burst that follows without a success in between, up to a
   minute.
5. *Order.* Calls start in the order in which they asked, repeated ones first; a caller whose own ceiling is reached
   is passed over.

Where its parts come from, all public: the adaptive window is that of Inspect (UK AI Security Institute: adaptive
concurrency for model calls), the request and token buckets are as in Bespoke Labs' Curator, narrowing once a burst
is the rule of NVIDIA's NeMo DataDesigner. The correction of the buckets by two-sided bounds and the
learned pace are ours.
"""

from __future__ import annotations

import asyncio
import collections
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from feedeval.model.budgets import Mark, RateBudget, read_headers
from feedeval.model.pace import LearnedPace
from feedeval.model.window import START, AdaptiveWindow

COOLDOWN_FLOOR_S = 1.0
COOLDOWN_CEILING_S = 60.0
MOST_OPENED = 1024
"""Calls that may be out at most because headers state a limit; the pace of their starts is another matter."""
CALLS_WAITED = 2.0
"""The floor of a cooldown in calls, where the endpoint's pace is known."""


class Outcome(StrEnum):
    """How a call ended, as far as pacing is concerned."""

    OK = "ok"
    RETRIED_OK = "retried_ok"
    """A success after a retry: shows nothing of what the endpoint can take."""
    REFUSED = "refused"
    """Too many requests or tokens."""
    FAULT = "fault"
    """The server's side failed."""
    NEUTRAL = "neutral"
    """Anything that says nothing of load: a rejected request, a wrong key."""


@dataclass(eq=False, slots=True)
class Permit:
    """The right to make one call; goes back by `Lane.leave`."""

    generation: int
    number: int
    """How many calls had started, this one included."""
    in_flight: int
    """How many were out when it started, itself included."""
    requests: Mark
    tokens: Mark


@dataclass(eq=False, slots=True)
class _Waiter:
    lane: Lane
    tokens: float
    loop: asyncio.AbstractEventLoop
    granted: asyncio.Future[Permit]


@dataclass(eq=False)
class Lane:
    """One run's way through a pacer that it may share: with its own ceiling and its own counts."""

    pacer: Pacer
    ceiling: int
    """Calls that this run may have out."""
    gap_s: float = 0.0
    """Least time between the starts of two of its calls."""
    narrowed: int | None = None
    """A lower ceiling for a time, such as under memory pressure."""
    in_flight: int = 0
    refusals: int = 0
    last_start: float = field(default=float("-inf"))

    @property
    def limit(self) -> int:
        """Calls that this run may have out now, as far as it alone is concerned."""
        return self.ceiling if self.narrowed is None else max(0, min(self.ceiling, self.narrowed))

    async def enter(self, tokens: float, *, ahead: bool = False) -> Permit:
        """Wait until a call of about `tokens` tokens may start; one that is repeated goes `ahead` of all who wait."""
        return await self.pacer.enter(self, tokens, ahead=ahead)

    def leave(
        self,
        permit: Permit,
        outcome: Outcome,
        *,
        headers: Mapping[str, str] | None = None,
        tokens: float | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        """Give a permit back and tell how the call went.

        Args:
            permit: What `enter` returned.
            outcome: How the call ended.
            headers: The reply's headers, if there was a reply.
            tokens: Tokens that were really used, if known.
            retry_after_s: How long the endpoint asked to wait.
        """
        self.pacer.leave(self, permit, Ended(outcome, headers, tokens, retry_after_s))

    def abort(self, error: Exception) -> None:
        """Let everybody who waits in this lane fail with `error`."""
        self.pacer.abort(self, error)

    def narrow(self, max_in_flight: int | None) -> None:
        """Allow at most so many calls out; None gives back the ceiling. Calls that are out already go on."""
        self.narrowed = max_in_flight
        self.pacer.pump()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended, with what `Lane.leave` was told."""

    outcome: Outcome
    headers: Mapping[str, str] | None
    tokens: float | None
    retry_after_s: float | None


class Pacer:
    """Paces the calls to one endpoint with one key; may be shared by runs on different threads and event loops.

    Args:
        start: Width of the window at the start.
        clock: Monotonic seconds.
        pace: What was learned of the endpoint's pace before.
    """

    def __init__(
        self, *, start: int = START, clock: Callable[[], float] = time.monotonic, pace: LearnedPace | None = None
    ) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._window = AdaptiveWindow(start)
        self._requests = RateBudget()
        self._tokens = RateBudget()
        self.pace = LearnedPace() if pace is None else pace
        """What refusals told of the endpoint's pace."""
        self._in_flight = 0
        self._waiters: collections.deque[_Waiter] = collections.deque()
        self._timer: tuple[_Waiter, float] | None = None
        self._cool_until = float("-inf")
        self._cooled_s = 0.0
        self._bursts_in_a_row = 0

    def lane(self, ceiling: int, *, gap_s: float = 0.0) -> Lane:
        """Open a lane for one run."""
        return Lane(self, ceiling, gap_s)

    @property
    def width(self) -> int:
        """Calls that may be out now, of all lanes together."""
        return self._window.width

    @property
    def in_flight(self) -> int:
        """Calls that are out now, of all lanes together."""
        return self._in_flight

    @property
    def token_limit(self) -> float | None:
        """Tokens that the endpoint allows in its window, where it said so: no single call can take more."""
        return self._tokens.limit

    @property
    def cooldown_s(self) -> float:
        """Seconds until calls may start again; 0 when they may."""
        return max(0.0, self._cool_until - self._clock())

    @property
    def cooled_s(self) -> float:
        """Seconds spent cooling down so far."""
        return max(0.0, self._cooled_s - self.cooldown_s)

    async def enter(self, lane: Lane, tokens: float, *, ahead: bool = False) -> Permit:
        """Wait until a call of about `tokens` tokens may start in this lane."""
        with self._lock:
            if (ahead or not self._waiters) and self._blocked_s(lane, tokens) == 0.0:
                return self._start(lane, tokens)
            loop = asyncio.get_running_loop()
            waiter = _Waiter(lane, tokens, loop, loop.create_future())
            if ahead:
                self._waiters.appendleft(waiter)
            else:
                self._waiters.append(waiter)
            self.pump()
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            self._give_up(waiter)
            raise

    def try_enter(self, lane: Lane, tokens: float) -> Permit | float:
        """Return a permit, or how many seconds until there may be one: infinity until another call ends."""
        with self._lock:
            wait_s = self._blocked_s(lane, tokens)
            return self._start(lane, tokens) if wait_s == 0.0 else wait_s

    def leave(self, lane: Lane, permit: Permit, ended: Ended) -> None:
        """Take a permit back and learn from how the call ended."""
        with self._lock:
            now = self._clock()
            self._in_flight -= 1
            lane.in_flight -= 1
            used = self._requests.finish(permit.requests)
            used_tokens = self._tokens.finish(permit.tokens, ended.tokens)
            back_in_s = None
            if ended.headers is not None:
                back_in_s = self._learn(now, permit, used, used_tokens, ended.headers)
            if ended.outcome in (Outcome.OK, Outcome.RETRIED_OK):
                self.pace.accepted(permit.in_flight)
            if ended.outcome is Outcome.OK and now >= self._cool_until:
                self._window.succeeded(permit.generation)
                self._bursts_in_a_row = 0
            elif ended.outcome is Outcome.REFUSED:
                lane.refusals += 1
                self._cool_down(now, permit, back_in_s if ended.retry_after_s is None else ended.retry_after_s)
            elif ended.outcome is Outcome.FAULT:
                self._window.failed()
            if self._waiters:
                self.pump()

    def abort(self, lane: Lane, error: Exception) -> None:
        """Let everybody who waits in this lane fail with `error`."""
        with self._lock:
            gone = [waiter for waiter in self._waiters if waiter.lane is lane]
            for waiter in gone:
                self._waiters.remove(waiter)
                _tell(waiter, lambda w: _fail(w, error))
            self.pump()

    def pump(self) -> None:
        """Let every waiting call start that may start now, and set a timer for the first that may start later."""
        with self._lock:
            kept: collections.deque[_Waiter] = collections.deque()
            while self._waiters:
                waiter = self._waiters.popleft()
                if waiter.loop.is_closed():
                    # Its run was torn down without closing: nobody is there to use or give back a permit.
                    continue
                if waiter.lane.in_flight >= waiter.lane.limit:
                    kept.append(waiter)
                    continue
                wait_s = self._blocked_s(waiter.lane, waiter.tokens)
                if wait_s == 0.0:
                    permit = self._start(waiter.lane, waiter.tokens)
                    _tell(waiter, lambda w, p=permit: self._grant(w, p))  # type: ignore[misc]
                    continue
                kept.append(waiter)
                if wait_s != float("inf"):
                    self._wake_in(waiter, wait_s)
                break
            self._waiters.extendleft(reversed(kept))

    def _blocked_s(self, lane: Lane, tokens: float) -> float:
        """Return how long a call must wait: 0 not at all, infinity until another call ends."""
        now = self._clock()
        if now < self._cool_until:
            return self._cool_until - now
        if self._in_flight >= self._window.width or lane.in_flight >= lane.limit:
            return float("inf")
        return max(
            0.0,
            lane.last_start + lane.gap_s - now,
            self.pace.wait_s(now),
            self._requests.wait_s(now, 1.0),
            self._tokens.wait_s(now, tokens),
        )

    def _start(self, lane: Lane, tokens: float) -> Permit:
        now = self._clock()
        self._in_flight += 1
        lane.in_flight += 1
        lane.last_start = now
        self._window.entered(self._in_flight)
        number = self.pace.start(now, self._stated)
        taken = self._requests.take(now, 1.0), self._tokens.take(now, tokens)
        return Permit(self._window.generation, number, self._in_flight, *taken)

    def _grant(self, waiter: _Waiter, permit: Permit) -> None:
        if waiter.granted.done():
            # Cancelled or aborted on the way here: the place goes to somebody else.
            self.leave(waiter.lane, permit, Ended(Outcome.NEUTRAL, None, 0.0, None))
        else:
            waiter.granted.set_result(permit)

    def _give_up(self, waiter: _Waiter) -> None:
        with self._lock:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            elif waiter.granted.done() and not waiter.granted.cancelled() and waiter.granted.exception() is None:
                self.leave(waiter.lane, waiter.granted.result(), Ended(Outcome.NEUTRAL, None, 0.0, None))
            if self._timer is not None and self._timer[0] is waiter:
                self._timer = None
            self.pump()

    def _wake_in(self, waiter: _Waiter, wait_s: float) -> None:
        due = self._clock() + wait_s
        if self._timer is not None and self._timer[0] is waiter and self._timer[1] <= due:
            return
        self._timer = (waiter, due)

        def wake() -> None:
            with self._lock:
                if self._timer == (waiter, due):
                    self._timer = None
                self.pump()

        # A little late rather than a little early: an early look finds the call still blocked and costs a second one.
        _tell(waiter, lambda w: w.loop.call_later(wait_s + 1e-4, wake))

    def _learn(
        self, now: float, permit: Permit, requests: float, tokens: float, headers: Mapping[str, str]
    ) -> float | None:
        """Take what a reply said of the limits into account; return when there is room again, if it says that."""
        back_in_s = None
        reading = read_headers(headers, "requests")
        if reading is not None:
            self._requests.learn(now, permit.requests, requests, reading)
            self._window.open(min(reading.remaining, MOST_OPENED))
            if reading.remaining < 1 and self._requests.is_windowed:
                back_in_s = reading.reset_s
        reading = read_headers(headers, "tokens")
        if reading is not None:
            self._tokens.learn(now, permit.tokens, tokens, reading)
        return back_in_s

    @property
    def _stated(self) -> float | None:
        """Calls a second that headers state; None where they state nothing."""
        return None if self._requests.limit is None else self._requests.rate

    def _cool_down(self, now: float, permit: Permit, retry_after_s: float | None) -> None:
        known = self.pace.known(self._stated)
        if not self._tokens.is_short(now, permit.tokens.amount):
            back_s = permit.requests.at + (retry_after_s or 0.0)
            self.pace.refused(permit.number, permit.in_flight, back_s, self._stated)
        if self._window.refused(permit.generation, gently=self.pace.known(self._stated) is not None):
            self._bursts_in_a_row += 1
        # At a pace that is known, a refusal is a matter of a call or two.
        floor_s = COOLDOWN_FLOOR_S if known is None else min(COOLDOWN_FLOOR_S, CALLS_WAITED / known)
        floor_s = min(floor_s * 2 ** max(0, self._bursts_in_a_row - 1), COOLDOWN_CEILING_S)
        until = now + max(floor_s, retry_after_s or 0.0)
        if until > self._cool_until:
            self._cooled_s += until - max(now, self._cool_until)
            self._cool_until = until
        self.pace.resumes(self._cool_until)


def _tell(waiter: _Waiter, action: Callable[[_Waiter], object]) -> None:
    """Do something to a waiter on its own event loop; a loop that is closed waits for nothing any more."""
    try:
        here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        here = None
    if here is waiter.loop:
        action(waiter)
    elif not waiter.loop.is_closed():
        waiter.loop.call_soon_threadsafe(action, waiter)


def _fail(waiter: _Waiter, error: Exception) -> None:
    if not waiter.granted.done():
        # A copy for each: an exception that is raised in many tasks gathers all their tracebacks.
        waiter.granted.set_exception(type(error)(*error.args))
