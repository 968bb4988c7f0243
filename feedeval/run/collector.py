"""Where outcomes go: into the figures, into their batch, and with a complete batch to disk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from feedeval.errors import UNREADABLE, RunFault, StorageError
from feedeval.records import BatchFile, Failure, Status
from feedeval.run.batches import Outcome, charge, make_report
from feedeval.run.context import CallHalt, HaltCause, RunContext
from feedeval.run.failures import sentence
from feedeval.run.telling.trace import TracePoint

_BACKLOG = 8
"""Writes that may wait before the workers do."""


class Collector:
    """Files the outcomes of a run. Lives on its event loop.

    Args:
        context: The run.
        halt: Called when something cannot be written, or when too much fails.
        crash: Called with a fault of the program itself.
    """

    def __init__(self, context: RunContext, halt: CallHalt, crash: Callable[[BaseException], None]) -> None:
        self._context = context
        self._halt = halt
        self._crash = crash
        self._loop = asyncio.get_running_loop()
        self._moved = asyncio.Event()
        context.queue.connect(lambda outcome: self.settle(outcome, worked=False))
        context.write_thread.begin(lambda exc: self._post(lambda: self.write_failed(exc)))

    def settle(self, outcome: Outcome, *, worked: bool) -> None:
        """Enter an outcome; `worked` is False where it cost no work."""
        p = self._context
        batch = p.batches.opened(p.batches.number_of(outcome.index))
        full = p.batches.settle(batch, outcome)
        if isinstance(outcome, Failure):
            p.state.record_failed(outcome, worked=worked)
            said = f"record {outcome.index} ({outcome.key}) failed: {outcome.error_type}: {outcome.message[:500]}"
            p.log.warning(said)
            # Rows that cannot be read say nothing of how well the run goes: they stop nothing, however many they are.
            if worked and outcome.error_type not in UNREADABLE:
                p.monitor.note(outcome.error_type, outcome.message)
                if fault := p.monitor.failing():
                    self._halt(HaltCause.FAULT, fault)
        else:
            p.state.record_done(outcome.index, reused=outcome.reused_from is not None, worked=worked)
            if worked:
                p.monitor.note()
                p.state.latest_done.append(outcome)
        if full:
            charge(batch, p.run_ledger.close_batch(batch.number))
            report = make_report(batch, p.state, timestamp=p.now())
            self._write_batch(p.batches.close(batch, report, p.store.sid))

    @property
    def full(self) -> bool:
        """Whether so much waits to be written that no more should be done."""
        return self._context.write_thread.backlog > _BACKLOG

    async def room(self) -> None:
        """Wait until a write has gone through."""
        self._moved.clear()
        await self._moved.wait()

    def write_progress(self, *, at_once: bool) -> None:
        """Write progress and errors, now or when it is time."""
        self.refresh()
        self._context.progress_writer.write_soon(self._context.write_thread, self._told(lambda: None), at_once=at_once)

    def refresh(self) -> None:
        """Bring the figures up to date that are not counted record by record."""
        p = self._context
        gauges = p.job.backend.gauges()
        with p.state.lock:
            p.state.gauges = gauges
            p.state.batch = p.batches.bar()
            p.state.calls, p.state.retries = p.run_ledger.run.calls, p.run_ledger.run.retries
            p.state.usage, p.state.cost_usd = p.run_ledger.run.usage, p.run_ledger.run.cost_usd
            p.state.updated = p.now()
            if p.state.status is Status.RUNNING:
                through = p.state.done + p.state.failed
                p.state.course.note(TracePoint(p.state.elapsed_s, through, p.state.cost_usd))

    async def written(self) -> bool:
        """Wait until everything queued is written; return whether all complete batches are on disk."""
        through = self._loop.create_future()
        self._context.write_thread.submit(lambda: None, self._told(lambda: through.set_result(None)))
        await through
        return not self._context.batches.unwritten

    async def write_again(self) -> str:
        """Write what could not be written before; return why not, or nothing where all is written."""
        p = self._context
        await self.written()  # what is still queued is not written twice
        try:
            p.run_ledger.write_again()
        except StorageError as exc:
            return sentence(exc)
        failed: list[str] = []

        def told(file: BatchFile) -> Callable[[BaseException | None], None]:
            def tell(exc: BaseException | None) -> None:
                if exc is None:
                    self._batch_written(file)
                else:
                    failed.append(sentence(exc))

            return lambda exc: self._post(lambda: tell(exc))

        for file in list(p.batches.unwritten.values()):
            p.write_thread.submit(lambda file=file: p.store.write_batch(file), told(file))  # type: ignore[misc]
        await self.written()
        return failed[0] if failed else ""

    def _write_batch(self, file: BatchFile) -> None:
        self._context.write_thread.submit(
            lambda: self._context.store.write_batch(file), self._told(lambda: self._batch_written(file))
        )

    def _batch_written(self, file: BatchFile) -> None:
        p = self._context
        p.batches.saved(file)
        report = file.report
        with p.state.lock:
            p.state.batches_complete = p.batches.written
            p.state.latest_report = report
        p.reporter_thread.batch(report)
        p.log.info(
            f"batch {report.batch_number}/{report.total_batches}: {report.successful} done, {report.failed} failed in "
            f"{report.elapsed_ms / 1000:.1f} s"
        )
        self.write_progress(at_once=False)

    def _told(self, written: Callable[[], None]) -> Callable[[BaseException | None], None]:
        """Return what the writer tells on its own thread: it is acted on here, on the loop."""

        def act(exc: BaseException | None) -> None:
            self._moved.set()
            if exc is None:
                written()
            else:
                self.write_failed(exc)

        return lambda exc: self._post(lambda: act(exc))

    def write_failed(self, exc: BaseException) -> None:
        """Halt because something could not be written; what could not stays in memory."""
        if isinstance(exc, RunFault):
            self._halt(HaltCause.FAULT, exc)
        else:
            self._crash(exc)

    def _post(self, action: Callable[[], None]) -> None:
        # Nobody is left to act when the loop is closed: the last writes are made after it has done its work.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(action)
