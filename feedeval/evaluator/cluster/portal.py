"""A shard's way to the coordinator: a thread that carries what its run wants and gives back, and brings the answers."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from feedeval.errors import BudgetReached, ConnectionLost, FeedevalError
from feedeval.evaluator.cluster.messages import Command, PaceNow, Reserve, Return, Said, Settle, Told, Want
from feedeval.model.pacing import Ended, Lane, Outcome
from feedeval.run.progress import Snapshot

HEARTBEAT_S = 0.25
"""Longest silence: how soon a pause reaches a worker."""
LOST_AFTER_S = 60.0
"""Without an answer for so long the shard gives up; what it did is saved, and another worker takes it up."""
_BETWEEN_S = 0.005
"""Least time between two words: what comes up meanwhile goes along."""
_ROOM = 256
"""Of what waits, so much is told at once."""
_UNUSED = Ended(Outcome.NEUTRAL, None, 0.0, None)

Link = Callable[[Said], Told]
"""Carries a word to the coordinator and returns its answer; raises where there is none."""


@dataclass(eq=False, slots=True)
class Waiting:
    """A call that waits: for its turn, in a lane, or for money."""

    number: int
    amount: float
    """Tokens, or dollars."""
    lane: Lane | None
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]


class Portal:
    """Speaks for one shard. Every method may be called from any thread.

    Args:
        link: The way there.
        shard: Number of the shard.
        worker: What the worker is called.
    """

    def __init__(self, link: Link, shard: int, worker: str) -> None:
        self._link = link
        self._shard = shard
        self._worker = worker
        self._token = secrets.token_hex(8)
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._wants: deque[Waiting] = deque()
        self._reserves: deque[Waiting] = deque()
        self._returns: list[Return] = []
        self._settles: list[Settle] = []
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._heard = 0
        self._answered_s = time.monotonic()
        self._told_state: tuple[object, ...] = ()
        self._told_s = float("-inf")
        self.pace = PaceNow()
        self.capped = False
        self.spent_usd: Callable[[], float | None] = lambda: None
        self.snapshot: Callable[[], Snapshot | None] = lambda: None
        self.act: Callable[[Command], None] = lambda command: None
        """What is done at a command; called on the portal's thread."""
        self.lost: Callable[[], None] = lambda: None
        """Called when there has been no answer for `LOST_AFTER_S`."""
        self._thread = threading.Thread(target=self._work, name=f"feedeval-shard-{shard}", daemon=True)

    def open(self) -> None:
        """Introduce the shard, hear what everybody is to do, and begin to speak.

        Raises:
            ConnectionLost: There is no coordinator.
        """
        self._speak()
        self._thread.start()

    def close(self) -> None:
        """Say a last word, and end."""
        self._closing.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            self._link(self._said(over=True))
        except Exception:  # whoever hears it will find the same in the shard's files
            return

    async def turn(self, lane: Lane, tokens: float, *, ahead: bool = False) -> int:
        """Wait for a call's turn; return the number of its permit."""
        waiting = self._queue(self._wants, tokens, lane, ahead=ahead)
        try:
            permit: int = await waiting.answer
            return permit
        except asyncio.CancelledError:
            self._take_out(self._wants, waiting)
            raise

    async def money(self, estimate_usd: float) -> tuple[int, float]:
        """Wait until money is set aside for a call; return the number of the hold, and what was set aside.

        Raises:
            BudgetReached: The cap has no room for it.
        """
        waiting = self._queue(self._reserves, estimate_usd, None)
        try:
            held_usd: float = await waiting.answer
            return waiting.number, held_usd
        except asyncio.CancelledError:
            self._take_out(self._reserves, waiting)
            raise

    def leave(self, lane: Lane, permit: int, ended: Ended) -> None:
        """Give a permit back by whose right a call was made."""
        with self._lock:
            lane.in_flight -= 1
        self.give_back(permit, ended)

    def give_back(self, permit: int, ended: Ended) -> None:
        """Give a permit back."""
        with self._lock:
            self._returns.append(Return(permit, ended))
        self._wake.set()

    def settle(self, settle: Settle) -> None:
        """Give money back, and say what a call cost."""
        with self._lock:
            self._settles.append(settle)
        self._wake.set()

    def fail(self, lane: Lane, error: Exception) -> None:
        """Let everybody who waits in a lane fail."""
        with self._lock:
            gone = [each for each in self._wants if each.lane is lane]
            for each in gone:
                self._wants.remove(each)
        for each in gone:
            _tell(each, lambda w: w.answer.set_exception(type(error)(*error.args)))

    def look(self) -> None:
        """Speak soon: a lane has room, or the run's state changed."""
        self._wake.set()

    def _queue(self, where: deque[Waiting], amount: float, lane: Lane | None, *, ahead: bool = False) -> Waiting:
        loop = asyncio.get_running_loop()
        waiting = Waiting(next(self._numbers), amount, lane, loop, loop.create_future())
        with self._lock:
            if ahead:
                where.appendleft(waiting)
            else:
                where.append(waiting)
        self._wake.set()
        return waiting

    def _take_out(self, where: deque[Waiting], waiting: Waiting) -> None:
        """Forget a wait that was given up; what was granted on the way goes back."""
        with self._lock:
            if waiting in where:
                where.remove(waiting)
                return
        answer = waiting.answer
        if answer.done() and not answer.cancelled() and answer.exception() is None:
            self._return_unused(waiting, answer.result())

    def _return_unused(self, waiting: Waiting, result: Any) -> None:
        if waiting.lane is None:
            self.settle(Settle(waiting.number, waiting.amount))
        else:
            self.leave(waiting.lane, result, _UNUSED)

    def _work(self) -> None:
        next_s: float | None = None
        while not self._closing.is_set():
            self._wake.wait(HEARTBEAT_S if next_s is None else min(next_s, HEARTBEAT_S))
            self._wake.clear()
            try:
                next_s = self._speak()
            except Exception:  # the coordinator is away for a moment, or for good
                next_s = HEARTBEAT_S
                if time.monotonic() - self._answered_s > LOST_AFTER_S:
                    self.lost()
                    self._answered_s = time.monotonic()
            self._closing.wait(_BETWEEN_S)

    def _speak(self) -> float | None:
        """Say what there is to say, and act on the answer; return when to speak again at the latest."""
        said = self._said()
        try:
            told = self._link(said)
        except Exception as exc:
            with self._lock:
                self._returns[:0], self._settles[:0] = said.returns, said.settles
            if isinstance(exc, FeedevalError):
                raise
            raise ConnectionLost(f"the coordinator of this run does not answer: {type(exc).__name__}") from exc
        self._answered_s = time.monotonic()
        self.pace, self.capped = told.pace, told.capped
        self._deliver(told)
        if told.command is not None:
            self._heard = told.command.serial
            self.act(told.command)
        return told.again_s

    def _said(self, *, over: bool = False) -> Said:
        snapshot = self._news()
        with self._lock:
            returns, self._returns = tuple(self._returns), []
            settles, self._settles = tuple(self._settles), []
            wants = tuple(Want(each.number, each.amount) for each in self._startable())
            reserves = tuple(Reserve(each.number, each.amount) for each in itertools.islice(self._reserves, _ROOM))
        # After what goes back: money that is free again and not yet in the books would be spent twice.
        spent_usd = self.spent_usd()
        return Said(
            shard=self._shard,
            token=self._token,
            worker=self._worker,
            heard=self._heard,
            spent_usd=spent_usd,
            snapshot=snapshot,
            wants=wants,
            returns=returns,
            reserves=reserves,
            settles=settles,
            over=over,
        )

    def _news(self) -> Snapshot | None:
        """Return how the run stands, where it is time for that or the state is another one; without its long texts."""
        snapshot, now_s = self.snapshot(), time.monotonic()
        if snapshot is None:
            return None
        state = (snapshot.status, snapshot.leaving, snapshot.needs_person, snapshot.needs)
        if state == self._told_state and now_s - self._told_s < HEARTBEAT_S and not self._closing.is_set():
            return None
        self._told_state, self._told_s = state, now_s
        return replace(snapshot, latest_results=(), trace=(), batch=None)

    def _startable(self) -> list[Waiting]:
        """Return those whose lane has room for them."""
        room: dict[int, int] = {}
        found = []
        for each in itertools.islice(self._wants, _ROOM):
            assert each.lane is not None  # of a turn, which is always in a lane
            left = room.setdefault(id(each.lane), each.lane.limit - each.lane.in_flight)
            if left > 0:
                room[id(each.lane)] = left - 1
                found.append(each)
        return found

    def _deliver(self, told: Told) -> None:
        for grant in told.grants:
            waiting = self._found(self._wants, grant.number)
            if waiting is None or waiting.lane is None:
                # Given up while the word was on its way.
                self.give_back(grant.permit, _UNUSED)
                continue
            with self._lock:
                waiting.lane.in_flight += 1
            _tell(waiting, lambda w, g=grant: self._start(w, g.permit, g.delay_s))  # type: ignore[misc]
        for number, held_usd in told.held.items():
            waiting = self._found(self._reserves, number)
            if waiting is None:
                self.settle(Settle(number, 0.0))
            else:
                _tell(waiting, lambda w, held=held_usd: self._answer(w, held))  # type: ignore[misc]
        for number, why in told.refused.items():
            waiting = self._found(self._reserves, number)
            if waiting is not None:
                _tell(waiting, lambda w, text=why: _fail(w, BudgetReached(text)))  # type: ignore[misc]

    def _found(self, where: deque[Waiting], number: int) -> Waiting | None:
        with self._lock:
            waiting = next((each for each in where if each.number == number), None)
            if waiting is not None:
                where.remove(waiting)
            return waiting

    def _start(self, waiting: Waiting, permit: int, delay_s: float) -> None:
        if delay_s > 0:
            waiting.loop.call_later(delay_s, self._answer, waiting, permit)
        else:
            self._answer(waiting, permit)

    def _answer(self, waiting: Waiting, result: Any) -> None:
        if waiting.answer.done():
            self._return_unused(waiting, result)
        else:
            waiting.answer.set_result(result)


def _fail(waiting: Waiting, error: Exception) -> None:
    if not waiting.answer.done():
        waiting.answer.set_exception(error)


def _tell(waiting: Waiting, action: Callable[[Waiting], object]) -> None:
    """Do something to a wait on its own event loop; a loop that is closed waits for nothing any more."""
    if not waiting.loop.is_closed():
        waiting.loop.call_soon_threadsafe(action, waiting)
