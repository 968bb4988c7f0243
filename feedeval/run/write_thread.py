"""The thread that writes: batch files, progress, and the grouped fsync of call logs.

The event loop never waits for a disk. A plain thread and queue rather than an executor: executors refuse work once the
interpreter has begun to exit, which is when a run that is being stopped still has its state to write.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

_SYNC_EVERY_S = 0.25
_SYNC_AT_LINES = 256

Done = Callable[[BaseException | None], None]
"""Told on the writer's thread how a write went."""


class WriteThread:
    """Does writes one after the other on a thread of its own.

    Args:
        sync: Makes the call logs survive a power cut.
    """

    def __init__(self, sync: Callable[[], None]) -> None:
        self._sync = sync
        self._on_sync_failed: Callable[[BaseException], None] = lambda exc: None
        self._queue: queue.SimpleQueue[tuple[Callable[[], None], Done] | None] = queue.SimpleQueue()
        self._lines = 0
        self._synced_s = 0.0
        self._thread = threading.Thread(target=self._work, name="feedeval-writer", daemon=True)

    def begin(self, on_sync_failed: Callable[[BaseException], None]) -> None:
        """Begin to write; `on_sync_failed` is told what a sync raised, on the writer's thread."""
        self._on_sync_failed = on_sync_failed
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Writes that wait."""
        return self._queue.qsize()

    def submit(self, write: Callable[[], None], done: Done) -> None:
        """Queue a write; `done` is told when it went through, or what it raised."""
        self._queue.put((write, done))

    def line_written(self) -> None:
        """Note that a call log has a line that is not synced yet."""
        self._lines += 1

    def close(self) -> None:
        """Finish what is queued and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while True:
            try:
                item = self._queue.get(timeout=_SYNC_EVERY_S)
            except queue.Empty:
                self._sync_if_due()
                continue
            if item is None:
                self._sync_if_due(at_once=True)
                return
            write, done = item
            failure: BaseException | None = None
            try:
                write()
            except Exception as exc:  # whatever it is, the runner decides; the thread must live on
                failure = exc
            done(failure)
            self._sync_if_due()

    def _sync_if_due(self, *, at_once: bool = False) -> None:
        lines = self._lines
        now_s = time.monotonic()
        if not lines or not (at_once or lines >= _SYNC_AT_LINES or now_s - self._synced_s >= _SYNC_EVERY_S):
            return
        self._synced_s = now_s
        try:
            self._sync()
        except Exception as exc:  # as above
            self._on_sync_failed(exc)
        else:
            self._lines -= lines
