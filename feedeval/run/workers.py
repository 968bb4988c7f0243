"""The workers of a run: they take records in order and process them, until there are none left or a halt is called."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from feedeval.errors import ConnectionLost, RunFault
from feedeval.records import Failure, Record
from feedeval.run.batches import Outcome
from feedeval.run.collector import Collector
from feedeval.run.context import CallHalt, HaltCause, RunContext
from feedeval.run.failures import make_failure, make_result, sentence
from feedeval.run.ledger import RecordLedger
from feedeval.run.record_queue import TakeResult

_LOOK_S = 0.25
_REAP_S = 0.025
_WAIT_S = 0.002
_ROUND_S = 0.02
"""How long all workers together may keep the loop to themselves with records that never wait."""
_BREATH_EVERY_S = 0.01
_BREATH_S = 0.0002
"""Records that never wait hand over the interpreter for so long, so often, that a notebook's kernel stays quick."""
_GRACE_TIMES = 3
_LONGEST_GRACE_S = 60.0
_STRAYS_BORNE = 3
"""Times a record may be cancelled from within before it counts as a failure."""


@dataclass(slots=True)
class _UnderWay:
    """A record that a worker has in hand."""

    ledger: RecordLedger
    task: asyncio.Task[None]
    idle_looks: int = 0
    given_up: bool = False


class Workers:
    """The workers.

    Args:
        context: The run.
        collector: Where outcomes go.
        halt: Calls a halt.
        halted: Returns whether one was called.
    """

    def __init__(self, context: RunContext, collector: Collector, halt: CallHalt, halted: Callable[[], bool]) -> None:
        self._context = context
        self._collector = collector
        self._halt = halt
        self._halted = halted
        self.allowed = context.settings.max_workers
        """Records that may be under way; fewer under memory pressure."""
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._hands: dict[int, _UnderWay] = {}
        self._attempts: dict[int, int] = {}
        self._calls_are_gauged = False
        self._breathed_s = 0.0
        self._stopped_s: float | None = None
        self._typical_s = 0.0
        self.given_up = 0
        """Records whose calls had not come back in time after a stop."""

    @property
    def grace_s(self) -> float:
        """How long calls in flight are waited for after a stop: one that takes no longer than others is not lost."""
        grace_s = self._context.settings.stop_grace_s
        return max(grace_s, min(_GRACE_TIMES * self._typical_s, _LONGEST_GRACE_S))

    def stop_soon(self) -> None:
        """Give up what is in flight when the time for it is over."""
        if self._stopped_s is None:
            self._stopped_s = time.monotonic()

    async def work(self) -> None:
        """Work until there are no records left, or until all that was in flight at a halt has finished."""
        self._spawn()
        while self._tasks:
            timeout_s = _REAP_S if self._halted() else _LOOK_S
            await asyncio.wait(self._tasks.values(), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            for slot, task in list(self._tasks.items()):
                if task.done():
                    del self._tasks[slot]
                    task.result()
            if self._halted():
                self._reap()
            elif self._context.queue.left:
                self._spawn()

    def _spawn(self) -> None:
        for slot in range(self.allowed):
            if slot not in self._tasks:
                self._tasks[slot] = asyncio.create_task(self._take_records(slot))

    async def _take_records(self, slot: int) -> None:
        p = self._context
        turn_s = time.perf_counter()
        while not self._halted() and slot < self.allowed:
            if self._collector.full:
                await self._collector.room()
                continue
            try:
                taken = p.queue.take(4 * p.settings.max_workers)
            except Exception as exc:  # the source of the records, whatever it is made of
                p.queue.read_again()
                self._halt(HaltCause.FAULT, f"The records could not be read: {type(exc).__name__}: {sentence(exc)}")
                return
            if taken is TakeResult.NONE_LEFT:
                return
            if isinstance(taken, TakeResult):
                await asyncio.sleep(_WAIT_S if p.queue.waiting else 0)
                continue
            waited = await self._process(slot, taken)
            now_s = time.perf_counter()
            if not waited and now_s - self._breathed_s > _BREATH_EVERY_S:
                # Blocks the loop on purpose: only a real sleep lets go of the interpreter for certain.
                time.sleep(_BREATH_S)
                self._breathed_s = now_s
            if now_s - turn_s > _ROUND_S / len(self._tasks):
                await asyncio.sleep(0)
                turn_s = time.perf_counter()

    async def _process(self, slot: int, record: Record) -> bool:
        """Process one record; return whether it went to the network."""
        p = self._context
        ledger = RecordLedger(p.run_ledger, p.batches.number_of(record.index))
        task = asyncio.current_task()
        assert task is not None  # a coroutine that runs has a task; this is for the type checker
        self._hands[slot] = _UnderWay(ledger, task)
        p.state.in_hand = len(self._hands)
        begun_s = time.perf_counter()
        outcome: Outcome | None = None
        try:
            value = await p.job.process(record, ledger)
            took_s = time.perf_counter() - begun_s
            outcome = make_result(record, value, ledger.tally, 1000 * took_s)
            self._typical_s += (took_s - self._typical_s) / (10 if self._typical_s else 1)
        except asyncio.CancelledError as exc:
            # By `_reap`, or from within by a call shared with a record that was reaped.
            task.uncancel()
            if not self._halted() and not self._may_try_again(record, _STRAYS_BORNE):
                outcome = self._failure(record, exc, ledger, begun_s)
        except ConnectionLost as exc:
            if self._may_try_again(record, p.settings.connection_tries):
                self._halt(HaltCause.NETWORK, f"no network: {sentence(exc)}")
            else:
                outcome = self._failure(record, exc, ledger, begun_s)
        except RunFault as exc:
            self._halt(HaltCause.FAULT, exc)
        except Exception as exc:  # a failing record is a row and stops nothing
            outcome = self._failure(record, exc, ledger, begun_s)
        finally:
            ledger.close(put_back=outcome is None)
            del self._hands[slot]
            p.state.in_hand = len(self._hands)
        if outcome is None:
            p.queue.put_back(record)
        else:
            self._attempts.pop(record.index, None)
            self._collector.settle(outcome, worked=True)
            p.queue.finished(record, outcome)
        return ledger.touched

    def _may_try_again(self, record: Record, tries: int) -> bool:
        """Count a try that ended without an outcome; return whether the record may have another."""
        ended = self._attempts.get(record.index, 0) + 1
        if ended < tries:
            self._attempts[record.index] = ended
        return ended < tries

    def _failure(self, record: Record, exc: BaseException, ledger: RecordLedger, begun_s: float) -> Failure:
        context = {
            "batch_number": self._context.batches.number_of(record.index),
            "attempts": self._attempts.get(record.index, 0) + 1,
            "timestamp": self._context.now(),
        }
        elapsed_ms = 1000 * (time.perf_counter() - begun_s)
        return make_failure(record, exc, ledger.tally, elapsed_ms=elapsed_ms, context=context)

    def _reap(self) -> None:
        """Put back records that only wait to make a call: for money, for their turn at the endpoint, for a retry.

        A call in flight is not cut off, as its reply is paid for, unless it hangs while the run is to stop. Whether any
        is, the job's gauges tell; where a job has none, its records are left to end by themselves.
        """
        if self._stopped_s is not None and time.monotonic() - self._stopped_s >= self.grace_s:
            for hand in self._hands.values():
                if not hand.given_up:
                    hand.given_up = True
                    self.given_up += 1
                    hand.task.cancel()
            return
        gauges = self._context.job.backend.gauges()
        self._calls_are_gauged |= gauges.limit is not None or gauges.in_flight > 0
        for hand in list(self._hands.values()):
            waits = self._calls_are_gauged and gauges.in_flight == 0 and hand.ledger.touched
            hand.idle_looks = hand.idle_looks + 1 if waits else 0
            # Two looks, so that a reply that has just come in is written down and not taken for a wait.
            if hand.ledger.parked or hand.idle_looks > 2:
                hand.task.cancel()
