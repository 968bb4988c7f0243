"""Helpers for tests of runs: start, look into the files, watch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from feedeval.records import BatchFile, BatchReport, Failure, Progress, Result, Status
from feedeval.run.job import Job
from feedeval.run.progress import Snapshot
from feedeval.run.runner import Run, RunSettings, start
from feedeval.storage.batch_files import read_batch_file
from feedeval.storage.paths import StoredFile, session_paths
from feedeval.storage.readers import read_progress
from tests.run.jobs import CallingJob

WAIT_S = 120.0
"""On a machine that does much else as well."""


class Listener:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.started: list[Snapshot] = []
        self.updates: list[Snapshot] = []
        self.reports: list[BatchReport] = []
        self.messages: list[str] = []
        self.closed: list[Snapshot] = []

    def start(self, snapshot: Snapshot) -> None:
        self.started.append(snapshot)

    def update(self, snapshot: Snapshot) -> None:
        self.updates.append(snapshot)

    def batch(self, report: BatchReport, snapshot: Snapshot) -> None:
        self.reports.append(report)

    def message(self, text: str) -> None:
        self.messages.append(text)

    def close(self, snapshot: Snapshot) -> None:
        self.closed.append(snapshot)


def finish(job: Job, folder: Path, **settings: Any) -> tuple[Run, Snapshot]:
    """Start a run and wait for its end."""
    run = start(job, folder, RunSettings(**settings))
    snapshot = run.wait(WAIT_S)
    assert run.done, snapshot.state_text
    return run, snapshot


def until(condition: Callable[[], bool], *, wait_s: float = WAIT_S) -> None:
    """Wait until something is so."""
    end_s = time.monotonic() + wait_s
    while not condition():
        assert time.monotonic() < end_s, "it did not come about in time"
        time.sleep(0.002)


def stop_at(gate: threading.Event, run: Run, job: CallingJob) -> Snapshot:
    """Stop a run whose calls wait at a gate, which is opened once the run has heard of it, and wait for its end."""
    run.stop()
    until(lambda: job.allowed == 0)
    gate.set()
    snapshot = run.wait(WAIT_S)
    assert snapshot.status is Status.STOPPED, snapshot.state_text
    return snapshot


def files(folder: Path, sid: str) -> list[BatchFile]:
    """Return the batch files of a session, in order."""
    return [read_batch_file(StoredFile(path)) for path in sorted(folder.glob(f"batch_*_{sid}.json"))]


def results(folder: Path, sid: str) -> list[Result]:
    """Return all results of a session by index."""
    return sorted((row for file in files(folder, sid) for row in file.results), key=lambda row: row.index)


def failures(folder: Path, sid: str) -> list[Failure]:
    """Return all failures of a session by index."""
    return sorted((row for file in files(folder, sid) for row in file.failures), key=lambda row: row.index)


def progress(folder: Path, sid: str) -> Progress:
    """Return the progress file of a session."""
    return read_progress(session_paths(folder, sid))
