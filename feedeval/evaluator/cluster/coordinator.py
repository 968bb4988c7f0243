"""One limit and one budget for all workers of a run, and one word to all of them.

The rule. Every call of every worker takes its place in one `Pacer`, the same that a single run has: window, budgets,
pace and cooldown are the endpoint's, not a worker's. A worker asks for the calls that it has in hand, and is granted
those that may start within `HORIZON_S`, each with its moment; so a slow way to the coordinator costs nothing of the
pace. Of the window each worker that asks has an equal share. What a worker gives back unused, and what one had out that
is not heard for `SILENT_S`, goes back to all.

Money is set aside call by call in one `Budget`, by its rule: the cap is overrun by no more than the price of one call.
What is spent is what stands in the shards' own books: a coordinator that is made anew begins with these, and each
worker tells it again with every word.

A fault that no worker can mend halts them all.
"""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from feedeval.errors import BudgetReached
from feedeval.evaluator.cluster.messages import (
    Command,
    Do,
    Grant,
    Orders,
    PaceNow,
    Said,
    Sealed,
    Settle,
    ShardNews,
    Told,
)
from feedeval.model.pacing import Lane, Outcome, Pacer, Permit
from feedeval.run.budget import Budget, Hold
from feedeval.run.progress import Need, Snapshot

HORIZON_S = 0.1
"""How far ahead a call is granted."""
SILENT_S = 15.0
"""After so long without a word a worker's calls count as gone."""
ASK_AGAIN_S = 0.05
"""When to ask again where another call has to end first."""
ABANDONED_S = 600.0
"""A run that rests and whose driver has not looked for so long is stopped: it would hold the workers for ever."""
_ASKED_LATELY_S = 1.0
_WIDEST = 4096
_TOLD_TO_ALL = (Need.KEY, Need.MODEL)
"""What every worker would run into."""


@dataclass
class _Worker:
    token: str
    lane: Lane
    name: str = ""
    seen_s: float = 0.0
    asked_s: float = float("-inf")
    permits: dict[int, Permit] = field(default_factory=dict)
    holds: dict[int, Hold] = field(default_factory=dict)
    snapshot: Snapshot | None = None
    heard: int = 0
    over: bool = False


class Coordinator:
    """What the workers of one run share. Every method may be called from any thread; none of them waits.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ahead_s = float("-inf")
        self._lock = threading.RLock()
        self._pacer = Pacer(clock=self._ahead)
        self._budget = Budget()
        self._spent: dict[int, float] = {}
        self._workers: dict[int, _Worker] = {}
        self._numbers = itertools.count(1)
        self._command = Command()
        self._orders: Sealed | None = None
        self._ceiling = _WIDEST
        self._gap_s = 0.0
        self._started_s = float("-inf")
        self.looked_s = clock()
        """When the driver last looked."""

    def _ahead(self) -> float:
        """Return the time, or that of the last grant where this lies ahead: the pacer's clock never goes back."""
        self._ahead_s = max(self._ahead_s, self._clock())
        return self._ahead_s

    # What the driver says.

    def order(self, orders: Orders, *, budget_usd: float | None, spent_usd: Mapping[int, float]) -> None:
        """Take the orders for the shards, the cap, and what each shard has spent as far as is on record."""
        with self._lock:
            self._orders = Sealed(orders)
            self._ceiling = orders.max_in_flight or _WIDEST
            self._gap_s = orders.gap_s
            for shard, usd in spent_usd.items():
                self._note_spent(shard, usd)
            self._budget.set_limit(budget_usd)

    def orders(self) -> Sealed | None:
        """Return the orders; None before there are any."""
        return self._orders

    def say(self, do: Do, *, why: str = "", changes: Sealed | None = None) -> None:
        """Have all workers do something, those that join later too."""
        with self._lock:
            self._command = Command(self._command.serial + 1, do, why, changes)

    def set_budget(self, budget_usd: float | None) -> None:
        """Change the cap."""
        with self._lock:
            self._budget.set_limit(budget_usd)

    def news(self) -> dict[int, ShardNews]:
        """Return how the shards stand that were worked on."""
        with self._lock:
            now_s = self.looked_s = self._clock()
            return {
                shard: ShardNews(each.name, each.snapshot, now_s - each.seen_s, each.over, each.heard)
                for shard, each in self._workers.items()
            }

    @property
    def command(self) -> Command:
        """The last word to all."""
        return self._command

    # What the workers say.

    def exchange(self, said: Said) -> Told:
        """Take what a worker gives back, and grant what may start now."""
        with self._lock:
            now_s = self._clock()
            worker = self._worker(said, now_s)
            self._take_back(worker, said)
            self._forget_silent(now_s)
            if self._command.do in (Do.PAUSE, Do.HALT) and now_s - self.looked_s > ABANDONED_S:
                self.say(Do.STOP)
            if said.snapshot is not None:
                worker.snapshot, worker.heard = said.snapshot, said.heard
                self._look_for_fault(said)
            if said.over:
                worker.over = True
                self._give_up(worker)
                return Told()
            goes_on = self._command.do is Do.WORK
            grants, again_s = self._granted(worker, said, now_s) if goes_on and said.wants else ((), None)
            held, refused = self._set_aside(worker, said) if goes_on and said.reserves else ({}, {})
            if len(held) + len(refused) < len(said.reserves):
                again_s = ASK_AGAIN_S if again_s is None else min(again_s, ASK_AGAIN_S)
            return Told(
                grants=grants,
                held=held,
                refused=refused,
                again_s=again_s,
                capped=self._budget.limit_usd is not None,
                command=self._command if said.heard < self._command.serial else None,
                pace=PaceNow(
                    width=min(self._pacer.width, self._ceiling),
                    token_limit=self._pacer.token_limit,
                    cooldown_s=self._pacer.cooldown_s,
                    cooled_s=self._pacer.cooled_s,
                ),
            )

    def _worker(self, said: Said, now_s: float) -> _Worker:
        worker = self._workers.get(said.shard)
        if worker is None or worker.token != said.token:
            if worker is not None:
                self._give_up(worker)
            worker = self._workers[said.shard] = _Worker(said.token, self._pacer.lane(_WIDEST))
        worker.name, worker.seen_s = said.worker, now_s
        if said.wants:
            worker.asked_s = now_s
        return worker

    def _take_back(self, worker: _Worker, said: Said) -> None:
        for back in said.returns:
            permit = worker.permits.pop(back.permit, None)
            if permit is not None:
                self._pacer.leave(worker.lane, permit, back.ended)
        for settle in said.settles:
            self._settle(worker, settle)
        if said.spent_usd is not None:
            self._note_spent(said.shard, said.spent_usd)

    def _note_spent(self, shard: int, usd: float) -> None:
        # Money that was spent stays so: a worker that has yet to read the shard's books tells of less.
        self._spent[shard] = max(usd, self._spent.get(shard, 0.0))
        self._budget.spent_usd = sum(self._spent.values())

    def _settle(self, worker: _Worker, settle: Settle) -> None:
        hold = worker.holds.pop(settle.number, None)
        if hold is None:
            # Not asked for, as there was no cap, or granted by a coordinator that is no more: its price tells all the
            # same what calls cost.
            hold = Hold(settle.estimate_usd, 0.0)
            self._budget.in_flight += 1
        self._budget.release(hold, settle.cost_usd, replied=settle.replied)

    def _forget_silent(self, now_s: float) -> None:
        for worker in self._workers.values():
            if now_s - worker.seen_s > SILENT_S and (worker.permits or worker.holds):
                self._give_up(worker)

    def _give_up(self, worker: _Worker) -> None:
        """Give back all that a worker had out."""
        for permit in worker.permits.values():
            worker.lane.leave(permit, Outcome.NEUTRAL)
        for hold in worker.holds.values():
            self._budget.release(hold)
        worker.permits.clear()
        worker.holds.clear()

    def _look_for_fault(self, said: Said) -> None:
        """Halt all where one met what every other would meet, too."""
        snapshot = said.snapshot
        # Who has not heard yet that the run goes on still tells of the fault that it was paused for.
        if snapshot is None or said.heard < self._command.serial or self._command.do is not Do.WORK:
            return
        if snapshot.needs_person and snapshot.needs in _TOLD_TO_ALL:
            self.say(Do.HALT, why=snapshot.status_reason)

    def _granted(self, worker: _Worker, said: Said, now_s: float) -> tuple[tuple[Grant, ...], float | None]:
        asking = sum(now_s - each.asked_s < _ASKED_LATELY_S for each in self._workers.values()) or 1
        open_calls = min(self._pacer.width, self._ceiling)
        worker.lane.narrowed = max(1, math.ceil(open_calls / asking))
        grants: list[Grant] = []
        for want in said.wants:
            wait_s = self._granted_one(worker, want.tokens)
            if isinstance(wait_s, float):
                return tuple(grants), min(max(wait_s, 0.001), ASK_AGAIN_S if math.isinf(wait_s) else wait_s)
            number = next(self._numbers)
            worker.permits[number] = wait_s
            grants.append(Grant(want.number, number, max(0.0, self._ahead_s - now_s)))
        return tuple(grants), None

    def _granted_one(self, worker: _Worker, tokens: float) -> Permit | float:
        """Return a permit for a call that may start within the horizon, or how long to wait before asking again."""
        while True:
            real_s = self._clock()
            if self._pacer.in_flight >= self._ceiling:
                return math.inf
            after_gap_s = max(0.0, self._started_s + self._gap_s - self._ahead())
            got = after_gap_s or self._pacer.try_enter(worker.lane, tokens)
            if isinstance(got, Permit):
                self._started_s = self._ahead_s
                return got
            if math.isinf(got):
                return got
            if self._ahead_s + got - real_s > HORIZON_S:
                return max(self._ahead_s + got - real_s - HORIZON_S, 0.001)
            self._ahead_s += got + 1e-6

    def _set_aside(self, worker: _Worker, said: Said) -> tuple[dict[int, float], dict[int, str]]:
        held: dict[int, float] = {}
        refused: dict[int, str] = {}
        for reserve in said.reserves:
            try:
                hold = self._budget.try_reserve(reserve.estimate_usd)
            except BudgetReached as exc:
                refused[reserve.number] = str(exc)
                continue
            if hold is None:
                break
            worker.holds[reserve.number] = hold
            held[reserve.number] = hold.held_usd
        return held, refused
