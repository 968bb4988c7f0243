"""Goes through the records for what would be asked, without asking it.

The job does its work as ever, in front of a courier that puts off what may wait: what has to be known at once, such as
a question set, is asked live on the way. What goes wrong with a record here goes wrong again when it is worked on, and
is told then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar

from feedeval.errors import ConnectionLost, RunFault
from feedeval.records import Record
from feedeval.records.delivery import Courier, Letter
from feedeval.run.context import RunContext
from feedeval.run.delivery.packing import Limits, Package
from feedeval.run.ledger import RecordLedger

_LOOK_S = 0.05
_SLICE_S = 0.005
_IDLE_LOOKS = 2
"""Two looks, so that a reply that has just come in is not taken for a wait."""

_batch: ContextVar[int] = ContextVar("batch")
"""The batch of the record that is being tried."""


class Gatherer:
    """Gathers the requests of a run.

    Args:
        context: The run.
        courier: Who puts requests off.
        halted: Returns whether a halt was called.
        done: Called with each part that is full.
    """

    def __init__(
        self, context: RunContext, courier: Courier, *, halted: Callable[[], bool], done: Callable[[Package], object]
    ) -> None:
        self._context = context
        self._courier = courier
        self._halted = halted
        self._done = done
        self._taken: list[tuple[int, Letter]] = []
        self.found: dict[str, int] = {}
        """Requests of parts whose entry was lost, each with the batch that it belongs to, once it was gone by."""

    async def gather(self, spoken_for: set[str], limits: Limits) -> bool:
        """Gather all that nobody has asked; return whether it came to the end.

        Args:
            spoken_for: Requests to be left out; those that are gathered are added.
            limits: What a part may hold.

        Raises:
            ConnectionLost: The endpoint cannot be reached.
            RunFault: A person has to mend something.
        """
        package = Package()
        records = self._records()
        while chunk := await self._chunk(records):
            for batch_number, letter in await self._asked(chunk, spoken_for):
                if not package.fits(letter, limits):
                    self._done(package)
                    package = Package()
                package.add(batch_number, letter)
                spoken_for.add(letter.request_hash)
            if self._halted():
                return False
        if package.lines:
            self._done(package)
        return True

    def _records(self) -> Iterator[Record | None]:
        yield from self._context.queue.untouched()

    async def _chunk(self, records: Iterator[Record | None]) -> list[Record]:
        """Return the next records; a single one as long as a live call has to show something first."""
        size = min(self._context.settings.max_workers, 64) if self._knows_enough else 1
        chunk: list[Record] = []
        until_s = time.perf_counter() + _SLICE_S
        for record in records:
            if record is not None:
                chunk.append(record)
                if len(chunk) == size:
                    break
            if time.perf_counter() > until_s:
                await asyncio.sleep(0)
                until_s = time.perf_counter() + _SLICE_S
        return chunk

    @property
    def _knows_enough(self) -> bool:
        """Whether live calls have shown what the endpoint understands and, under a budget, how long replies are."""
        capped = self._context.run_ledger.budget.limit_usd is not None
        return self._courier.proven and (self._courier.priced or not capped)

    async def _asked(self, chunk: list[Record], spoken_for: set[str]) -> list[tuple[int, Letter]]:
        new = await self._tried(chunk, spoken_for, put_off=True)
        if not new or self._knows_enough or self._halted():
            return new
        # One that is in no part is asked live, before thousands are sent in vain or too much money is set aside.
        return await self._tried(chunk, spoken_for, put_off=False)

    async def _tried(self, chunk: list[Record], spoken_for: set[str], *, put_off: bool) -> list[tuple[int, Letter]]:
        self._taken = []
        self._courier.gather(self._take if put_off else None)
        tasks = [asyncio.create_task(self._try(record)) for record in chunk]
        try:
            await self._through(tasks)
        finally:
            self._courier.gather(None)
        fresh: dict[str, tuple[int, Letter]] = {}
        for number, letter in sorted(self._taken, key=lambda pair: pair[0]):
            if letter.request_hash in self.found:
                self.found[letter.request_hash] = number
            if letter.request_hash not in spoken_for:
                fresh.setdefault(letter.request_hash, (number, letter))
        return list(fresh.values())

    def _take(self, letter: Letter) -> None:
        self._taken.append((_batch.get(), letter))

    async def _through(self, tasks: list[asyncio.Task[None]]) -> None:
        """Wait for all; at a halt those that only wait for their turn at the endpoint are let go of."""
        idle = 0
        pending = set(tasks)
        while pending:
            _, pending = await asyncio.wait(pending, timeout=_LOOK_S)
            waits = self._halted() and self._context.job.backend.gauges().in_flight == 0
            idle = idle + 1 if waits else 0
            if idle > _IDLE_LOOKS:
                for task in pending:
                    task.cancel()
        faults = [exc for task in tasks if not task.cancelled() and (exc := task.exception()) is not None]
        if faults:
            raise faults[0]

    async def _try(self, record: Record) -> None:
        number = self._context.batches.number_of(record.index)
        _batch.set(number)
        ledger = RecordLedger(self._context.run_ledger, number)
        try:
            await self._context.job.process(record, ledger)
        except (ConnectionLost, RunFault):
            raise
        except Exception:  # put off, or a fault of the record that shows again when it is worked on
            return
        finally:
            ledger.close(put_back=True)
