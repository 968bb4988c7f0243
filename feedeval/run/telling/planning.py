"""How far the planning of a run is, and who is shown it.

Going through a large feed takes a while before there is a session or anything to spend. Whoever shows the run shows
this, too: a reporter that has a method `plan` is given a pending snapshot a few times a second, and a last one that is
stopped where nothing came of it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from feedeval.formatting import duration
from feedeval.records import Status
from feedeval.records.kinds import units
from feedeval.run.progress import Reporter, RunState, Snapshot

SHOWN_AFTER_S = 0.3
"""A shorter planning is not shown."""
_BREATH_S = 0.0002
"""A real sleep hands over the interpreter, so that a notebook's kernel and the panel stay quick."""


class PlanningStopped(Exception):
    """Somebody stopped the run before it began."""


class Planning:
    """What goes on between the call that starts a run and its beginning. Every method may be called from any thread.

    Args:
        state: Who is asked and where it is kept: what a snapshot shows beside the plan.
        expected: Records to expect; None: not known before the end.
        refresh_s: Least time between two redraws.
    """

    def __init__(self, state: RunState, *, expected: int | None = None, refresh_s: float = 0.25) -> None:
        self._state = state
        self._expected = expected
        self._refresh_s = refresh_s
        self._reporters: list[Reporter] = []
        self._shown = False
        self._stopped = threading.Event()
        self._over = threading.Event()
        self._drawing = threading.Lock()
        state.total = expected or 0
        state.begin_running()
        self.phase("Getting ready.")

    @property
    def planned(self) -> int:
        """Records gone through so far."""
        return self._state.planned

    def count(self, records: int) -> None:
        """Note that so many records were gone through.

        Raises:
            PlanningStopped: Somebody stopped it.
        """
        if self._stopped.is_set():
            raise PlanningStopped
        several = units(self._state.kind)[1]
        of = f" of {self._expected:,}" if self._expected else ""
        with self._state.lock:
            self._state.planned = records
            self._state.total = max(self._expected or 0, records)
            self._state.status_reason = f"Going through the {several} before any is worked on: {records:,}{of} so far."
        time.sleep(_BREATH_S)

    def phase(self, text: str) -> None:
        """Say what goes on now."""
        if self._stopped.is_set():
            raise PlanningStopped
        with self._state.lock:
            self._state.status_reason = text

    def stop(self) -> None:
        """Give it up, at the next record."""
        self._stopped.set()

    def snapshot(self) -> Snapshot:
        """Return how far it is."""
        with self._state.lock:
            self._state.updated = datetime.now().astimezone().isoformat(timespec="milliseconds")
        return self._state.snapshot()

    def add(self, reporter: Reporter) -> None:
        """Show it in one more place."""
        with self._drawing:
            if not self._over.is_set():
                self._reporters.append(reporter)
                _show(reporter, self.snapshot())

    @contextmanager
    def shown(self, reporters: Sequence[Reporter]) -> Iterator[None]:
        """Show what goes on inside to these reporters, and let none be drawing when it is over.

        Only where it takes longer than a moment; what goes wrong is shown to those who saw it begin.
        """
        self._reporters.extend(reporters)
        thread = threading.Thread(target=self._draw, name="feedeval-plan-display", daemon=True)
        thread.start()
        try:
            yield
        except BaseException as exc:
            self._end(thread)
            self._failed(exc)
            raise
        self._end(thread)

    def _end(self, thread: threading.Thread) -> None:
        self._over.set()
        thread.join()
        self._state.end_running()

    def _failed(self, exc: BaseException) -> None:
        after = duration(self._state.elapsed_s)
        with self._state.lock:
            self._state.status = Status.STOPPED
            self._state.status_reason = (
                f"stopped after {after}, before it began: nothing was asked and nothing was spent"
                if isinstance(exc, PlanningStopped)
                else f"it could not begin: {exc}"
            )
        if self._shown:
            for reporter in self._reporters:
                _show(reporter, self.snapshot())

    def _draw(self) -> None:
        wait_s = SHOWN_AFTER_S
        while not self._over.wait(wait_s):
            wait_s = self._refresh_s
            with self._drawing:
                self._shown = True
                for reporter in self._reporters:
                    _show(reporter, self.snapshot())


def _show(reporter: Reporter, snapshot: Snapshot) -> None:
    plan: Callable[[Snapshot], None] | None = getattr(reporter, "plan", None)
    if plan is not None:
        with contextlib.suppress(Exception):  # a broken way of showing a run must not break it
            plan(snapshot)
