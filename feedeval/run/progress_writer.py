"""Keeps the small files of a session up to date: progress, errors, summary."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from feedeval.records import Progress, Status
from feedeval.run.progress import RunState, Snapshot
from feedeval.run.write_thread import WriteThread
from feedeval.storage.rebuild import told_by_batches
from feedeval.storage.store import SessionStore


@dataclass(frozen=True, slots=True)
class ProgressOrigin:
    """What stays the same in a progress file while a run goes on."""

    fingerprint: dict[str, Any]
    settings: dict[str, Any]
    records_digest: str
    feedeval_version: str


_WAITING_S = 60.0
"""Least time between two routine writes while the run waits for an endpoint, which may take a day."""


class ProgressWriter:
    """Writes the small files, no more often than they are asked to be.

    Args:
        store: The session.
        state: The figures.
        origin: The rest of the progress file.
        interval_s: Least time between two routine writes.
        now: The time as it goes into files.
    """

    def __init__(
        self, store: SessionStore, state: RunState, origin: ProgressOrigin, *, interval_s: float, now: Callable[[], str]
    ) -> None:
        self._store = store
        self._state = state
        self._origin = origin
        self._interval_s = interval_s
        self._now = now
        self._written_s = float("-inf")
        self._queued = False
        self._failures_written = 0

    def progress(self) -> Progress:
        """Return the progress file as it should read now."""
        snapshot = self._state.snapshot()
        origin = self._origin
        return Progress(
            session=snapshot.session,
            kind=snapshot.kind,
            engine=snapshot.engine,
            status=snapshot.status,
            status_reason=snapshot.status_reason,
            fingerprint=origin.fingerprint,
            settings=origin.settings,
            records_digest=origin.records_digest,
            counts=snapshot.counts,
            batch_size=snapshot.batch_size,
            total_batches=snapshot.total_batches,
            batches_complete=snapshot.batches_complete,
            latest_report=snapshot.latest_report,
            usage=snapshot.usage,
            calls=snapshot.calls,
            retries=snapshot.retries,
            cost_usd=snapshot.cost_usd,
            budget_usd=snapshot.budget_usd,
            elapsed_s=round(snapshot.elapsed_s, 3),
            errors_by_type=snapshot.errors_by_type,
            health=snapshot.health,
            feedeval_version=origin.feedeval_version,
            started=snapshot.started,
            updated=self._now(),
        )

    def write_now(self) -> None:
        """Write progress and errors on this thread.

        Raises:
            StorageError: One of them could not be written.
        """
        self._queued = False
        self._written_s = time.monotonic()
        self._store.write_progress(self.progress())
        with self._state.lock:
            failures = list(self._state.latest)
            total, by_type = self._state.failed, dict(self._state.errors_by_type)
            version = self._state.failures_version
        if version != self._failures_written:
            self._store.write_errors({"total": total, "errors_by_type": by_type, "latest": failures[::-1]})
            self._failures_written = version

    def write_soon(self, writer: WriteThread, done: Callable[[BaseException | None], None], *, at_once: bool) -> None:
        """Queue a write unless one is queued; a routine one also waits for its time."""
        waits = any(part.is_out for part in self._state.parts)
        interval_s = max(self._interval_s, _WAITING_S) if waits else self._interval_s
        if self._queued or (not at_once and time.monotonic() - self._written_s < interval_s):
            return
        self._queued = True
        writer.submit(self.write_now, done)

    def write_summary(self, snapshot: Snapshot) -> None:
        """Write the final summary with the reports of all batches and all errors, read from the batch files."""
        progress = self.progress()
        self._store.write_summary(
            {
                "kind": progress.kind,
                "engine": progress.engine,
                "status": Status.FINISHED.value,
                "counts": progress.counts,
                "calls": progress.calls,
                "retries": progress.retries,
                "usage": progress.usage,
                "cost_usd": progress.cost_usd,
                "elapsed_s": progress.elapsed_s,
                "average_time_ms": 1000 * progress.elapsed_s / max(progress.counts.total - progress.counts.reused, 1),
                "memory_peak_mb": round(snapshot.memory.peak_mb, 1),
                "errors_by_type": progress.errors_by_type,
                "health": progress.health,
                "started": progress.started,
                "finished": progress.updated,
                **told_by_batches(self._store.paths),
            }
        )
