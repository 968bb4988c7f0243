"""A run that is planned on a thread of its own, so that whoever starts it goes on at once."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable

from feedeval.errors import CALLED_FROM, InputError, calling_place
from feedeval.run.progress import Reporter, Snapshot
from feedeval.run.runner import Run
from feedeval.run.telling.planning import Planning, PlanningStopped

AT_ONCE_S = 0.4
"""A plan that is made within this time is waited for: what is wrong with the call is raised where it stands."""
FIRST_RECORDS = 2000
"""So many records are waited for, too, up to `AT_MOST_S`: a small feed is refused at once on a busy machine as well."""
AT_MOST_S = 2.0
_STEP_S = 0.02


class Beginning:
    """The beginning of a run. Every method may be called from any thread.

    Args:
        begin: Plans the run and starts it.
        planning: What is told meanwhile.
    """

    def __init__(self, begin: Callable[[Planning], Run], planning: Planning) -> None:
        self._begin = begin
        self._planning = planning
        self._lock = threading.Lock()
        self._then: list[Callable[[Run], None]] = []
        self._run: Run | None = None
        self._fault: BaseException | None = None
        self._paused = False
        self._over = threading.Event()
        # What is warned of on the way points to the line that started the run, and a cell's output stays that cell's.
        context = contextvars.copy_context()
        context.run(CALLED_FROM.set, CALLED_FROM.get() or calling_place())
        self._thread = threading.Thread(target=context.run, args=(self._work,), name="feedeval-plan", daemon=True)
        self._thread.start()

    @property
    def run(self) -> Run | None:
        """The run, once it has begun."""
        return self._run

    @property
    def failed(self) -> bool:
        """Whether nothing came of it."""
        return self._over.is_set() and self._run is None

    def at_once(self) -> None:
        """Wait a moment, and raise what is found wrong in it.

        Raises:
            Exception: Why the run cannot begin.
        """
        begun_s = time.monotonic()
        try:
            while not self._over.wait(_STEP_S):
                waited_s = time.monotonic() - begun_s
                if waited_s > AT_MOST_S or (waited_s > AT_ONCE_S and self._planning.planned >= FIRST_RECORDS):
                    return
        except KeyboardInterrupt:
            self.stop()
            raise
        if self._fault is not None:
            raise self._fault

    def begun(self) -> Run:
        """Wait for the beginning and return the run.

        Raises:
            InputError: It was stopped before it began.
            Exception: Why it could not begin.
        """
        # In steps, so that Ctrl-C comes through on every system.
        while not self._over.wait(0.2):
            pass
        if self._run is not None:
            return self._run
        if isinstance(self._fault, PlanningStopped):
            raise InputError("the run was stopped before it began: there is no session, and nothing was spent")
        assert self._fault is not None  # there is a run or a reason why not
        raise self._fault

    def wait(self, timeout_s: float | None) -> bool:
        """Wait until it has begun or failed, or until the time is up; return whether it has.

        Raises:
            Exception: Why it could not begin; nothing where it was stopped.
        """
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._over.is_set():
            left_s = 0.2 if until_s is None else min(0.2, until_s - time.monotonic())
            if left_s <= 0:
                return False
            self._over.wait(left_s)
        if self._fault is not None and not isinstance(self._fault, PlanningStopped):
            raise self._fault
        return True

    def then(self, action: Callable[[Run], None]) -> None:
        """Do something with the run as soon as it has begun, which may be now."""
        with self._lock:
            if self._run is None:
                self._then.append(action)
                return
        action(self._run)

    def pause(self) -> None:
        """Let the run begin with a pause."""
        self._ask(paused=True)

    def resume(self) -> None:
        """Take such a pause back."""
        self._ask(paused=False)

    def stop(self) -> None:
        """Give the run up before it begins; one that has begun is stopped."""
        self._give_up(lambda run: run.stop())

    def leave(self) -> None:
        """As `stop`, but what is out at the endpoint stays there."""
        self._give_up(lambda run: run.leave())

    def show(self, reporter: Reporter) -> None:
        """Show the run in one more place: its planning, and what comes of it."""
        self._planning.add(reporter)
        self.then(lambda run: run.add_reporter(reporter))

    def snapshot(self) -> Snapshot:
        """Return how far the planning is, or the run."""
        return self._planning.snapshot() if self._run is None else self._run.snapshot()

    def _give_up(self, end: Callable[[Run], None]) -> None:
        self._planning.stop()
        with self._lock:
            run = self._run
        if run is not None:
            end(run)

    def _ask(self, *, paused: bool) -> None:
        with self._lock:
            self._paused = paused
            run = self._run
        if run is not None:
            (run.pause if paused else run.resume)()

    def _work(self) -> None:
        try:
            run = self._begin(self._planning)
        except BaseException as exc:  # raised where the run is waited for
            self._fault = exc
            self._over.set()
            return
        with self._lock:
            self._run = run
            if self._paused:
                run.pause()
            waiting, self._then = self._then, []
        for action in waiting:
            action(run)
        self._over.set()
