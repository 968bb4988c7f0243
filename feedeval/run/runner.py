"""Starts a run and hands out the handle that drives it from any thread.

`start` plans, chooses the session, takes its lock and says what a person should know, all on the calling thread, so
that whatever a person has to see at once is raised there. Then the run has a thread and an event loop of its own: it
goes on while a notebook's kernel is free, and does not care whether another loop runs in the process.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import contextvars
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from feedeval.errors import (
    CALLED_FROM,
    BudgetReached,
    FeedevalError,
    InputError,
    RunFault,
    WaitedTooLong,
    calling_place,
)
from feedeval.formatting import duration, money
from feedeval.records import Progress, Status
from feedeval.run.context import HaltCause, Hooks, RunContext
from feedeval.run.job import Job
from feedeval.run.loop import RunLoop
from feedeval.run.plan import make_plan
from feedeval.run.progress import Reporter, RunState, Snapshot
from feedeval.run.resume import decide_session
from feedeval.run.settings import HealthSettings, RunSettings
from feedeval.run.setup import RunInputs, finished_state, set_up
from feedeval.run.telling.planning import Planning
from feedeval.run.telling.words import outcome
from feedeval.storage.paths import AnyFolder, SessionFolder, folder_path

__all__ = ["HealthSettings", "Hooks", "Run", "RunSettings", "run_blocking", "start"]

_EXIT_BOUND_S = 10.0
_WAIT_STEP_S = 0.2


class Run:
    """A session that is being worked on. Every method may be called from any thread."""

    def __init__(self, state: RunState, context: RunContext | None, hooks: Hooks) -> None:
        """Use `start`."""
        self._state = state
        self._context = context
        self._hooks = hooks
        self._run_loop: RunLoop | None = None
        self._ready = threading.Event()
        self._over = threading.Event()
        self._crash: BaseException | None = None
        self._thread: threading.Thread | None = None
        if context is None:
            self._over.set()

    @property
    def sid(self) -> str:
        """Name of the session."""
        return self._state.session

    @property
    def output_dir(self) -> Path:
        """Folder of the session."""
        return folder_path(self._state.output_dir)

    @property
    def done(self) -> bool:
        """Whether the run is over: finished or stopped."""
        return self._over.is_set()

    @property
    def _waited_too_long(self) -> bool:
        limit_s = self._context.settings.give_up_after_s if self._context is not None else None
        return limit_s is not None and bool(self._state.waits_for) and self._state.waited_s >= limit_s

    @property
    def fault(self) -> RunFault | None:
        """What a person has to mend: why the run is paused, or why it was stopped before its end."""
        return self._run_loop.fault if self._run_loop is not None else None

    def snapshot(self) -> Snapshot:
        """Return where the run stands at this moment."""
        return self._state.snapshot()

    def pause(self) -> None:
        """Start no more calls; those in flight finish."""
        self._halt(HaltCause.PERSON, "paused by hand")

    def stop(self) -> None:
        """Start no more calls, let those in flight finish, write the state, and end. Does not wait.

        Parts that are out at the endpoint are called off, after it was said what of them is still billed.
        """
        self._halt(HaltCause.STOP, "stopped by hand")

    def leave(self) -> None:
        """End as `stop` does, but leave parts where they are: the same call picks them up later."""
        self._halt(HaltCause.STOP, "stopped by hand", leaves=True)

    def pause_for(self, fault: RunFault) -> None:
        """Pause for what a person has to mend, which was found elsewhere."""
        self._call(lambda run_loop: run_loop.halt(HaltCause.FAULT, fault))

    def resume(self, **changes: Any) -> None:
        """Go on after a pause, with new settings where they are needed; a run that is finished has nothing to do.

        Args:
            changes: `budget_usd` (None takes the cap away), and what `Hooks.on_change` can change, such as `api_key`.

        Raises:
            InputError: A setting cannot be changed or has no usable value, or the run was stopped.
        """
        if self._state.status is Status.FINISHED:
            return
        if self.done:
            raise InputError(f"Session {self.sid} is not being worked on; start it again to go on with it.")
        rest = dict(changes)
        self._refuse_same_budget(rest)
        if "budget_usd" in rest:
            budget_usd = RunSettings(budget_usd=rest.pop("budget_usd")).budget_usd
            self._call(lambda run_loop: run_loop.set_budget(budget_usd))
        if rest:
            if self._hooks.on_change is None:
                raise InputError(f"{', '.join(rest)} cannot be changed while this run goes on; budget_usd can.")
            self._hooks.on_change(rest)
        # Said at once, as a halt is: whoever waits for the next pause must not be given this one.
        with self._state.lock:
            self._state.needs_person = False
        self._call(lambda run_loop: run_loop.resume())

    def _refuse_same_budget(self, changes: Mapping[str, Any]) -> None:
        """Say what is needed where the run would only pause again."""
        then_usd = self._state.budget_usd
        now_usd = changes.get("budget_usd", then_usd)
        if not isinstance(self.fault, BudgetReached) or then_usd is None or now_usd is None:
            return
        if not isinstance(now_usd, int | float) or now_usd <= then_usd:
            raise InputError(
                f"the budget of {money(then_usd)} is reached ({money(self._state.cost_usd)} is spent): give a higher "
                f"one, such as resume(budget_usd={2 * then_usd:g}), or None for none"
            )

    def wait(self, timeout_s: float | None = None, *, until_paused: bool = False) -> Snapshot:
        """Wait until the run is over, and return where it stands then or when the time is up.

        A KeyboardInterrupt comes through; the run goes on.

        Args:
            timeout_s: Longest time to wait; None waits as long as it takes.
            until_paused: Also return when the run is paused and needs a person, or has waited for `give_up_after_s`.

        Raises:
            Exception: What went wrong in the program itself, where it did.
        """
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._over.is_set():
            left_s = _WAIT_STEP_S if until_s is None else min(_WAIT_STEP_S, until_s - time.monotonic())
            if left_s <= 0 or (until_paused and (self._state.needs_person or self._waited_too_long)):
                break
            self._over.wait(left_s)
        if self._over.is_set() and self._crash is not None:
            raise self._crash
        return self.snapshot()

    def say(self, text: str) -> None:
        """Show a sentence where the run is shown."""
        if self._context is not None:
            self._context.reporter_thread.say(text)

    def add_reporter(self, reporter: Reporter) -> None:
        """Show the run in one more place from now on."""
        if self._context is not None and not self.done:
            self._context.reporter_thread.add(reporter)

    def __repr__(self) -> str:
        snapshot = self.snapshot()
        counts = snapshot.counts
        figures = f"{counts.done:,} of {counts.total:,} done, {counts.failed:,} failed"
        return f"Run({self.sid}: {snapshot.state_text}, {figures})"

    def _begin(self) -> None:
        context = contextvars.copy_context()
        context.run(CALLED_FROM.set, CALLED_FROM.get() or calling_place())
        self._thread = threading.Thread(
            target=context.run, args=(self._work,), name=f"feedeval-run-{self.sid}", daemon=True
        )
        _live.add(self)
        # Anew each time, so that it comes before the connections to a store are closed: last in, first out.
        atexit.unregister(_stop_all)
        atexit.register(_stop_all)
        self._thread.start()
        if self._context is not None:
            self._context.reporter_thread.run()

    def _work(self) -> None:
        context = self._context
        assert context is not None  # `start` begins only runs that have something to do
        try:
            asyncio.run(self._main(context))
        except BaseException as exc:  # raised again where the run is waited for
            self._crash = exc
        finally:
            with contextlib.suppress(FeedevalError):
                context.store.close()
            snapshot = self.snapshot()
            context.log.info(f"{snapshot.state_text}: {snapshot.counts.done} done, {snapshot.counts.failed} failed")
            context.reporter_thread.close()
            context.close()
            self._ready.set()
            self._over.set()
            _live.discard(self)

    async def _main(self, context: RunContext) -> None:
        self._run_loop = run_loop = RunLoop(context)
        self._ready.set()
        await run_loop.run()
        self._crash = run_loop.crash

    def _halt(self, cause: HaltCause, reason: str, *, leaves: bool = False) -> None:
        # Said at once, before the loop has heard of it: whoever asks next sees it.
        with self._state.lock:
            if self._state.status is Status.RUNNING and not self._state.leaving:
                self._state.leaving = "stopping" if cause is HaltCause.STOP else "pausing"
        self._call(lambda run_loop: run_loop.leave(reason) if leaves else run_loop.halt(cause, reason))

    def _call(self, action: Callable[[RunLoop], None]) -> None:
        if self._thread is None:
            return
        self._ready.wait()
        run_loop = self._run_loop
        if run_loop is not None:
            run_loop.call(lambda: action(run_loop))


def start(
    job: Job,
    output_dir: AnyFolder,
    settings: RunSettings | None = None,
    *,
    reporters: Sequence[Reporter] = (),
    hooks: Hooks | None = None,
) -> Run:
    """Start a run, or go on with one; return at once.

    Args:
        job: What to do.
        output_dir: Folder of the sessions; made if it is not there. A `SessionFolder` names its file system as well.
        settings: How to go through the records.
        reporters: Who shows the run.
        hooks: clocks, readers of the machine, and who hears of changed settings.

    Raises:
        InputError: There are no records, or the session that was named does not fit.
        SessionNotFound: There is no session of the name that was given.
        SessionLocked: Another process or kernel is writing the session.
        SessionDamaged: The session's progress file is lost and cannot be rebuilt.
        SchemaTooNew: A later version of feedeval wrote it.
        StorageError: The folder cannot be written.
    """
    settings = settings or RunSettings()
    hooks = hooks or Hooks()
    folder = SessionFolder.of(output_dir)
    planning = hooks.planning or plan_of(job, output_dir, settings)
    with planning.shown(reporters):
        plan = make_plan(job.records(), planning.count)
        planning.phase("Looking for earlier sessions that can be gone on with.")
        settled = folder.file_system.settle(folder.path)
        with _choosing:
            decision = decide_session(job, folder, settings, plan)
            if decision.finished is None:
                context, messages = set_up(RunInputs(job, folder, settings, plan, decision, reporters, hooks))
    if decision.finished is not None:
        job.planned_records()  # nobody else asks for them, and they need not lie in memory
        return finished_run(decision.finished, folder, [*settled, *decision.messages], reporters)
    state = context.state
    context.log.info(
        f"starts: {state.total:,} records of {state.kind} with {state.engine}, batches of {state.batch_size}, "
        f"{settings.max_workers} records under way at most"
    )
    for text in messages:
        context.log.info(text)
    context.reporter_thread.open([*settled, *messages])
    run = Run(context.state, context, hooks)
    run._begin()
    return run


def plan_of(job: Job, output_dir: AnyFolder, settings: RunSettings) -> Planning:
    """Return what is told of a run before it begins.

    Args:
        job: What is done; where it has an attribute `expected`, that is the number of records to expect.
        output_dir: Folder of the sessions.
        settings: How the records are gone through.
    """
    state = RunState(
        session=settings.session or "",
        kind=job.kind,
        engine=job.engine,
        output_dir=SessionFolder.of(output_dir).shown,
        total=0,
        batch_size=settings.batch_size,
        total_batches=0,
        started=datetime.now().astimezone().isoformat(timespec="milliseconds"),
        budget_usd=settings.budget_usd,
    )
    return Planning(state, expected=getattr(job, "expected", None), refresh_s=settings.refresh_s)


def finished_run(
    progress: Progress, folder: SessionFolder, messages: Sequence[str], reporters: Sequence[Reporter]
) -> Run:
    """Return the run of a session in which nothing is left to do."""
    run = Run(finished_state(progress, folder), None, Hooks())
    snapshot = run.snapshot()
    for reporter in reporters:
        with contextlib.suppress(Exception):  # a broken way of showing a run must not break it
            reporter.start(snapshot)
            for text in messages:
                reporter.message(text)
            reporter.close(snapshot)
    return run


def run_blocking(run: Run) -> Snapshot:
    """Wait for a run as a blocking call does.

    The first Ctrl-C stops the run cleanly and waits for that; a second one leaves at once. A run that pauses for a
    person is stopped, because nobody can answer while the call blocks: its reason stands in the snapshot and in the
    progress file, and it can be resumed.

    Raises:
        WaitedTooLong: It waited for `give_up_after_s` for what is no reply, such as room on the disk.
    """
    try:
        snapshot = run.wait(until_paused=True)
        if snapshot.done:
            return snapshot
        # What is out at the endpoint stays there: the same call picks it up.
        run.leave()
        if snapshot.waits_for and not snapshot.needs_person:
            raise _gave_up(snapshot, run.wait())
        return run.wait()
    except KeyboardInterrupt:
        run.say("Stopping: calls that are under way finish and are saved. Ctrl-C again leaves at once.")
        run.leave()
        try:
            return run.wait()
        except KeyboardInterrupt:
            # Whoever cannot wait here does not want to wait for the end of the interpreter either.
            _live.discard(run)
            raise


def _gave_up(waiting: Snapshot, ended: Snapshot) -> WaitedTooLong:
    return WaitedTooLong(
        f"The run waited {duration(waiting.waited_s)} in vain ({waiting.waits_for}), and was stopped. "
        f"{outcome(ended)}: that is saved in session {ended.session} in {ended.output_dir}. When the cause is removed, "
        "the same call goes on with it; give_up_after_s= sets how long a blocking call waits (None: for ever)."
    )


_choosing = threading.Lock()
"""Of two runs that are started at the same time, the second one finds the session of the first."""
_live: weakref.WeakSet[Run] = weakref.WeakSet()


def stop_at_exit(run: Run) -> None:
    """Have a run stopped when the interpreter exits, if it still goes on then."""
    _live.add(run)


def _stop_all() -> None:
    """Stop what still runs when the interpreter exits; the call logs hold whatever does not end in time."""
    runs = list(_live)
    for run in runs:
        if not run.done:
            run.leave()
    until_s = time.monotonic() + _EXIT_BOUND_S
    for run in runs:
        with contextlib.suppress(Exception):  # nobody is left to be told
            run.wait(max(0.0, until_s - time.monotonic()))
