"""What the cells of the tests' notebooks import: runs of stand-in jobs with a panel."""

from __future__ import annotations

import tempfile
import time
from typing import Any

from feedeval.notebook.panel.reporter import PanelReporter
from feedeval.records import BatchReport
from feedeval.run.progress import Reporter, Snapshot
from feedeval.run.runner import Run, RunSettings, start
from tests.notebook.jobs import CountingJob


class Timed:
    """A reporter that measures what another one costs its thread."""

    def __init__(self, inner: Reporter) -> None:
        self._inner = inner
        self.cost_s = 0.0

    def _pass_on(self, name: str, *args: Any) -> None:
        since_s = time.thread_time()
        getattr(self._inner, name)(*args)
        self.cost_s += time.thread_time() - since_s

    def start(self, snapshot: Snapshot) -> None:
        self._pass_on("start", snapshot)

    def update(self, snapshot: Snapshot) -> None:
        self._pass_on("update", snapshot)

    def batch(self, report: BatchReport, snapshot: Snapshot) -> None:
        self._pass_on("batch", report, snapshot)

    def message(self, text: str) -> None:
        self._pass_on("message", text)

    def close(self, snapshot: Snapshot) -> None:
        self._pass_on("close", snapshot)


class Handle:
    """A run as the panel's buttons see it; tried again, it goes through its failed records without failing."""

    def __init__(self, job: CountingJob, *, max_workers: int = 16, batch_size: int = 20) -> None:
        self.panel = PanelReporter()
        self.timed = Timed(self.panel)
        self._folder = tempfile.mkdtemp()
        self._settings = RunSettings(max_workers=max_workers, batch_size=batch_size)
        self.job = job
        self.run = self._start()

    def _start(self) -> Run:
        run = start(self.job, self._folder, self._settings, reporters=[self.timed])
        self.pause, self.resume, self.stop = run.pause, run.resume, run.stop
        self.snapshot, self.wait = run.snapshot, run.wait
        self.panel.attach(self)
        return run

    def retry_failed(self) -> None:
        self.job.fails = False
        self.run = self._start()

    def _ipython_display_(self) -> None:
        self.panel.display()


def widgets_left() -> int:
    """Return how many widgets the kernel keeps."""
    import ipywidgets

    return len(ipywidgets.widgets.widget._instances)
