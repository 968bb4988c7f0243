"""The loop that drives a run from its start to its end.

A run is a sequence of stretches. In a stretch records are worked on, until none is left or something calls a halt; then
what is in flight finishes, nothing new starts, and the run rests until a person, the network or the machine's memory
lets it go on. Everything here lives on one event loop; other threads ask through `call`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from feedeval.errors import ConnectionLost, FeedevalError, RunFault, StorageError
from feedeval.records import Status
from feedeval.records.kinds import units
from feedeval.run.collector import Collector
from feedeval.run.context import Halt, HaltCause, RunContext
from feedeval.run.delivery.delivery import PartDelivery, parts_of
from feedeval.run.failures import sentence
from feedeval.run.health import Pressure
from feedeval.run.progress import Need
from feedeval.run.telling.place import PlaceWatch
from feedeval.run.telling.waits import Waits, warn_of
from feedeval.run.telling.words import counted, reason_in_words
from feedeval.run.workers import Workers
from feedeval.storage.requests import Action, RequestListener

_TICK_S = 0.1
_PROBE_TIMEOUT_S = 30.0


class RunLoop:
    """Drives one run. Made on the event loop that it lives on."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._halt: Halt | None = None
        self._resume = False
        self._wake = asyncio.Event()
        self._pressure = Pressure.NONE
        self._narrowed: int | None = None
        self.collector = Collector(context, self.halt, self._crashed)
        self._workers = Workers(context, self.collector, self.halt, lambda: self._halt is not None)
        self._parts = parts_of(context, halted=lambda: self._halt is not None, slept=self._slept)
        self._leaves = False
        self._requests = RequestListener(
            context.store.paths,
            {
                Action.PAUSE: lambda: self.halt(HaltCause.PERSON, "paused by hand, from another window"),
                Action.RESUME: self.resume,
                Action.STOP: lambda: self.halt(HaltCause.STOP, "stopped by hand, from another window"),
            },
            log=context.log,
            began=datetime.fromisoformat(context.now()),
        )
        self.crash: BaseException | None = None
        """A fault of the program itself, raised where the run is waited for."""
        self._waits = Waits(context.clock, self._warn)
        self._place = PlaceWatch(context.store, self._tell)

    def call(self, action: Callable[[], None]) -> None:
        """Do something on the loop's thread. Callable from any thread; nothing happens when the run is over."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(action)

    async def run(self) -> None:
        """Drive the run to its end."""
        ticker = asyncio.create_task(self._tick())
        finished = False
        try:
            going = await self._open()
            while going and not finished:
                if await self._delivered():
                    await self._workers.work()
                    finished = self._halt is None and await self.collector.written()
                going = finished or await self._rest()
        except Exception as exc:  # a fault of the program itself must not leave the session locked
            self._crashed(exc)
        finally:
            ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticker
            await self._end(finished=finished)

    async def _delivered(self) -> bool:
        """See what goes in parts through; return whether the rest can be worked on."""
        parts = self._parts
        if parts is None:
            return True
        over = False

        async def deliver() -> None:
            nonlocal over
            over = await parts.deliver()

        await self._tried(deliver())
        if over:
            self._parts = None
        return over

    @property
    def fault(self) -> RunFault | None:
        """What a person has to mend before the run can go on."""
        return self._halt.fault if self._halt is not None else None

    def halt(self, cause: HaltCause, why: str | RunFault) -> None:
        """Start nothing more and let what is in flight finish.

        The first reason stands; a stop outranks it. Of a person's pauses, resumes and stops the last one counts.
        """
        current, state = self._halt, self._context.state
        if current is None or (current.cause.clears_itself and not cause.clears_itself):
            self._halt = Halt.made(cause, why)
        elif cause is HaltCause.STOP:
            # The reason of a fault is what a person needs to know, also after a stop.
            self._halt = replace(current, cause=cause) if current.fault is not None else Halt.made(cause, why)
        elif cause is HaltCause.PERSON:
            # Nothing new, but it has to be seen that somebody spoke: a pause after a resume takes that back.
            self._halt = replace(current)
        if cause in (HaltCause.PERSON, HaltCause.STOP):
            self._resume = False
        if cause is HaltCause.STOP:
            self._workers.stop_soon()
        with state.lock:
            if state.status is Status.RUNNING:
                state.leaving = "stopping" if HaltCause.STOP in (cause, self._halt and self._halt.cause) else "pausing"
        if current is None:
            self._context.job.backend.narrow(0)
        self._wake.set()
        self._context.reporter_thread.touch()

    def leave(self, reason: str) -> None:
        """Halt for good without calling off what is out at the endpoint: it is picked up another time."""
        self._leaves = True
        self.halt(HaltCause.STOP, reason)

    def resume(self) -> None:
        """Go on after a pause, also after one whose calls in flight have not finished yet."""
        if self._halt is not None:
            self._resume = True
            self._wake.set()

    def set_budget(self, budget_usd: float | None) -> None:
        """Change the cap."""
        self._context.run_ledger.budget.set_limit(budget_usd)
        self._context.state.budget_usd = budget_usd

    def _crashed(self, exc: BaseException) -> None:
        self.crash = self.crash or exc
        self.halt(HaltCause.STOP, f"{type(exc).__name__}: {sentence(exc)}")

    async def _open(self) -> bool:
        """Get the job ready; return whether to go on."""
        while self._halt is None or await self._rest():
            if await self._tried(self._context.job.open(self._context.store)):
                self._context.state.begin_running()
                return True
        return False

    async def _tried(self, action: Awaitable[None]) -> bool:
        """Await something that goes to the engine; a fault calls a halt."""
        try:
            await action
        except ConnectionLost as exc:
            self.halt(HaltCause.NETWORK, f"no network: {sentence(exc)}")
        except RunFault as exc:
            self.halt(HaltCause.FAULT, exc)
        else:
            return True
        return False

    async def _rest(self) -> bool:
        """Rest until the run may go on; return False where it was stopped."""
        self._context.state.end_running()
        shown: Halt | None = None
        wait_s = self._context.settings.probe_first_s
        while True:
            halt = self._halt
            if halt is None or halt.cause is HaltCause.STOP:
                return False
            if halt is not shown:
                shown = self._rest_because(halt)
            if self._resume:
                self._resume = False
                if halt.cause is HaltCause.FAULT:
                    self._context.monitor.forget_failures()
                problem = await self.collector.write_again()
                if self._halt is not halt:
                    continue
                if not problem:
                    return self._end_rest()
                self._halt = Halt.made(HaltCause.FAULT, StorageError(problem))
            elif halt.cause is HaltCause.NETWORK and await self._slept(wait_s):
                wait_s = min(2 * wait_s, self._context.settings.probe_longest_s)
                if await self._probed() and self._halt is halt:
                    return self._end_rest()
            elif halt.cause is HaltCause.PRESSURE and self._pressure is not Pressure.CRITICAL:
                return self._end_rest()
            elif halt.cause is not HaltCause.NETWORK:
                await self._slept(None)

    def _rest_because(self, halt: Halt) -> Halt:
        state = self._context.state
        with state.lock:
            state.status = Status.PAUSED
            state.status_reason = halt.reason
            state.leaving = ""
            state.needs_person = not halt.cause.clears_itself and not self._resume
            state.needs = halt.needs
        self.collector.write_progress(at_once=True)
        self._context.log.warning(f"paused: {halt.reason}")
        self._context.reporter_thread.say(f"Paused. {reason_in_words(halt.reason)}")
        return halt

    def _end_rest(self) -> bool:
        self._halt = None
        self._resume = False
        self._context.job.backend.narrow(self._narrowed)
        state = self._context.state
        with state.lock:
            state.status, state.status_reason, state.leaving = Status.RUNNING, "", ""
            state.needs_person, state.needs = False, Need.NOTHING
            state.begin_running()
        self.collector.write_progress(at_once=True)
        self._context.log.info("goes on")
        self._context.reporter_thread.say("Goes on.")
        return True

    async def _slept(self, seconds: float | None) -> bool:
        """Sleep until something happens, or for so long; return whether nothing happened."""
        self._wake.clear()
        if self._resume:
            return False
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return True
        return False

    async def _probed(self) -> bool:
        """Probe the engine; return whether it can be reached. A person's word ends the wait for it."""
        probe = asyncio.ensure_future(self._context.job.backend.probe())
        awake = asyncio.create_task(self._wake.wait())
        done, _ = await asyncio.wait({probe, awake}, timeout=_PROBE_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        awake.cancel()
        if probe not in done:
            probe.cancel()
            return False
        fault = probe.exception()
        if isinstance(fault, RunFault):
            self.halt(HaltCause.FAULT, fault)
        elif fault is not None and not isinstance(fault, FeedevalError):
            self._context.log.warning(f"probe: {type(fault).__name__}: {sentence(fault)}")
        return fault is None

    async def _tick(self) -> None:
        """Look around: gauges, health, progress file."""
        looked_s = float("-inf")
        while True:
            now_s = self._loop.time()
            if now_s - looked_s >= self._context.settings.health.interval_s:
                looked_s = now_s
                self._look(now_s)
            self._requests.look(now_s)
            self.collector.refresh()
            self._follow_waits(now_s)
            if self._halt is None:
                self.collector.write_progress(at_once=False)
            await asyncio.sleep(_TICK_S)

    def _follow_waits(self, now_s: float) -> None:
        halt, state = self._halt, self._context.state
        if halt is not None and not halt.cause.clears_itself:
            self._waits.forget()
        else:
            rests = halt is not None and state.status is Status.PAUSED
            self._waits.look(halt.reason if halt and rests else "", state.gauges, state.done + state.failed, now_s)
        with state.lock:
            state.waits_for, state.waited_s = self._waits.reason, self._waits.waited_s

    def _warn(self, text: str) -> None:
        self._context.log.warning(text)
        warn_of(text)

    def _tell(self, text: str) -> None:
        self._warn(text)
        self._context.reporter_thread.say(text)

    def _look(self, now_s: float) -> None:
        context = self._context
        self._place.look()
        memory, disk_mb = context.readers.memory(), context.readers.disk_free_mb(context.store.output_dir)
        opinion = context.monitor.look(memory, disk_mb, context.job.backend.gauges(), now_s)
        with context.state.lock:
            context.state.memory, context.state.disk_free_mb, context.state.health = memory, disk_mb, opinion.health
        before, self._pressure = self._pressure, opinion.pressure
        if opinion.pressure is Pressure.NONE:
            if self._narrowed is not None:
                self._narrow(None)
            self._room_made()
        elif opinion.pressure is Pressure.LOW or before is Pressure.NONE:
            # Also a critical shortage is met by narrowing first; the pause comes if it is still there at the next look.
            self._narrow(max(1, self._workers.allowed // 2))
            context.log.warning(f"{opinion.shortage}: {self._workers.allowed} records under way at most")
            self._room_made()
        elif self._halt is None:
            self.halt(HaltCause.PRESSURE, f"{opinion.shortage}; the run goes on by itself when there is more room")

    def _room_made(self) -> None:
        # Only a rest for want of room is over then: a wait for the network would never come to its end if every look
        # at the machine cut it short.
        if self._halt is not None and self._halt.cause is HaltCause.PRESSURE:
            self._wake.set()

    def _narrow(self, limit: int | None) -> None:
        self._narrowed = limit
        self._workers.allowed = limit if limit is not None else self._context.settings.max_workers
        if self._halt is None:
            self._context.job.backend.narrow(limit)

    async def _end(self, *, finished: bool) -> None:
        """Write the last state, and close what is open; what cannot be written is said."""
        context = self._context
        if self._parts is not None:
            with contextlib.suppress(FeedevalError):
                await self._end_parts(self._parts)
        context.state.end_running()
        if not finished:
            # Once more, as a last chance; what is not on disk now is in the call logs.
            with contextlib.suppress(FeedevalError):
                await self.collector.write_again()
        await self.collector.written()
        self.collector.refresh()
        unsaved = context.batches.forget_open()
        with context.state.lock:
            context.state.status = Status.FINISHED if finished else Status.STOPPED
            context.state.status_reason = "" if finished or self._halt is None else self._halt.reason
            context.state.leaving, context.state.needs_person, context.state.needs = "", False, Need.NOTHING
            context.state.waits_for, context.state.waited_s = "", 0.0
            context.state.batch = None
            saved = context.batches.durable
            context.state.done, context.state.failed, context.state.reused = saved.done, saved.failed, saved.reused
        if lost := self._workers.given_up:
            several = units(context.job.kind)[lost != 1]
            text = (
                f"Calls without a reply were given up {self._workers.grace_s:.0f} s after the stop: those of {lost:,} "
                f"{several}. The endpoint may bill them all the same; they are made again when the session is gone "
                "on with."
            )
            context.log.warning(text)
            context.reporter_thread.say(text)
        if unsaved:
            context.reporter_thread.say(
                f"{counted(unsaved, context.job.kind)} done so far belong to batches that are not complete. The "
                "answers are kept: when the session is gone on with, no call is paid for twice."
            )
        await self._closed(finished=finished)

    async def _end_parts(self, parts: PartDelivery) -> None:
        """Call off what is out where a person stopped the run; else it stays, as after a crash."""
        if self._leaves or self.crash is not None:
            parts.leave()
        else:
            await parts.stop()

    async def _closed(self, *, finished: bool) -> None:
        context = self._context
        try:
            context.write_thread.close()
            context.progress_writer.write_now()
            if finished:
                context.progress_writer.write_summary(context.state.snapshot())
        except Exception as exc:  # whatever it is, the lock has to be given back
            context.log.warning(f"the last state could not be written: {sentence(exc)}")
            context.reporter_thread.say(f"The last state could not be written: {sentence(exc)}")
            if not isinstance(exc, FeedevalError):
                self.crash = self.crash or exc
        for close in (context.job.close, context.job.backend.aclose):
            try:
                await close()
            except Exception as exc:  # what closes badly has done its work
                context.log.warning(f"closing the job: {type(exc).__name__}: {sentence(exc)}")
        with contextlib.suppress(FeedevalError):
            context.store.close()
        self._place.leave()
