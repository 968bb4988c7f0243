"""Between a run and its reporters: a thread that draws a few times a second, whatever the speed of the run."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from feedeval.records import BatchReport
from feedeval.run.progress import Reporter, Snapshot

_BLOCKS_AT_ONCE = 4
"""Of more batches that were completed since the last redraw only the last is shown."""
_FAULTS_BORNE = 3
"""What a reporter may raise before it is left alone."""


class ReporterThread:
    """Hands snapshots, batch reports and sentences to the reporters.

    Args:
        reporters: Who draws.
        snapshot: Returns the state at this moment.
        refresh_s: Least time between two redraws.
        on_fault: Told of what a reporter raised.
    """

    def __init__(
        self,
        reporters: Sequence[Reporter],
        snapshot: Callable[[], Snapshot],
        *,
        refresh_s: float,
        on_fault: Callable[[str], None],
    ) -> None:
        self._reporters = list(reporters)
        self._snapshot = snapshot
        self._refresh_s = refresh_s
        self._on_fault = on_fault
        self._faults: dict[int, int] = {}
        self._pending: deque[BatchReport | str] = deque()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._starting = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="feedeval-display", daemon=True)

    def open(self, messages: Sequence[str]) -> None:
        """Show that a run begins, on the calling thread: before anything is spent."""
        snapshot = self._snapshot()
        self._each(lambda reporter: reporter.start(snapshot))
        for text in messages:
            self._each(lambda reporter, text=text: reporter.message(text))  # type: ignore[misc]

    def run(self) -> None:
        """Begin to draw on a thread of its own."""
        with self._starting:
            if self._reporters:
                self._thread.start()

    def add(self, reporter: Reporter) -> None:
        """Show the run in one more place."""
        snapshot = self._snapshot()
        self._reporters.append(reporter)
        self._each(lambda each: each.start(snapshot) if each is reporter else None)
        with self._starting:
            if not self._thread.is_alive() and not self._closing.is_set():
                self._thread.start()

    def say(self, text: str) -> None:
        """Show a sentence at the next redraw."""
        self._pending.append(text)
        self._wake.set()

    def batch(self, report: BatchReport) -> None:
        """Show a complete batch at the next redraw."""
        if self._reporters:
            self._pending.append(report)

    def touch(self) -> None:
        """Redraw soon: the state changed."""
        self._wake.set()

    def close(self) -> None:
        """Show the last state and end."""
        self._closing.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._draw()
        snapshot = self._snapshot()
        self._each(lambda reporter: reporter.close(snapshot))
        self._reporters.clear()

    def _work(self) -> None:
        while not self._closing.is_set():
            self._wake.wait(self._refresh_s)
            self._wake.clear()
            if self._closing.is_set():
                return
            self._draw()
            # A wake right after a redraw waits its turn: this is what bounds the redraws.
            self._closing.wait(self._refresh_s / 2)

    def _draw(self) -> None:
        snapshot = self._snapshot()
        items = [self._pending.popleft() for _ in range(len(self._pending))]
        reports = [item for item in items if isinstance(item, BatchReport)]
        passed_over = set(map(id, reports[:-1])) if len(reports) > _BLOCKS_AT_ONCE else set()
        for item in items:
            if isinstance(item, str):
                self._each(lambda reporter, text=item: reporter.message(text))  # type: ignore[misc]
            elif id(item) not in passed_over:
                self._each(lambda reporter, report=item: reporter.batch(report, snapshot))  # type: ignore[misc]
        self._each(lambda reporter: reporter.update(snapshot))

    def _each(self, act: Callable[[Reporter], None]) -> None:
        for reporter in list(self._reporters):
            try:
                act(reporter)
            except Exception as exc:  # a broken way of showing a run must not break the run
                name = type(reporter).__name__
                self._on_fault(f"{name} could not show the run: {type(exc).__name__}: {exc}")
                self._faults[id(reporter)] = self._faults.get(id(reporter), 0) + 1
                if self._faults[id(reporter)] >= _FAULTS_BORNE:
                    self._reporters.remove(reporter)
