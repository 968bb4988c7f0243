"""What the runner itself costs: CPU a record, memory over a long feed, how quick a pause and the other threads stay.

Run it as `python -m tests.benchmarks.runner_bench [--records N] [--json FILE]`. Jobs make no calls, so that all that is
measured is the runner: planning, workers, call log, batch files, progress.
"""

from __future__ import annotations

import argparse
import gc
import json
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from feedeval.records import Status
from feedeval.run.runner import Run, RunSettings, start
from tests.run.jobs import CallingJob, QuickJob

BATCH_SIZE = 20


class Peak:
    """The highest memory of this process above that at the start, looked at every few milliseconds."""

    def __init__(self) -> None:
        gc.collect()
        self._process = psutil.Process()
        self._start = self._process.memory_info().rss
        self._peak = self._start
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self._peak = max(self._peak, self._process.memory_info().rss)

    def above_start_mb(self) -> float:
        self._stop.set()
        self._thread.join()
        return (max(self._peak, self._process.memory_info().rss) - self._start) / 1e6


def measured(make: Callable[[], QuickJob], records: int, folder: Path) -> dict[str, float]:
    """Run a job to its end and measure it."""
    peak = Peak()
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    run = start(make(), folder, RunSettings(batch_size=BATCH_SIZE))
    planned_s = time.perf_counter()
    snapshot = run.wait()
    ended_s = time.perf_counter()
    assert snapshot.counts.done == records
    return {
        "cpu_ms_a_record": 1000 * (time.process_time() - cpu_s) / records,
        "wall_ms_a_record": 1000 * (ended_s - wall_s) / records,
        "planning_s": planned_s - wall_s,
        "memory_above_start_mb": peak.above_start_mb(),
    }


def resumed(records: int, folder: Path) -> dict[str, float]:
    """Measure how long it takes to go on with a session of which one record is left."""
    job = QuickJob(records, fault=lambda record, _: ValueError("once") if record.index == records - 1 else None)
    start(job, folder, RunSettings(batch_size=BATCH_SIZE)).wait()
    begun_s = time.perf_counter()
    run = start(QuickJob(records), folder, RunSettings(batch_size=BATCH_SIZE))
    started_s = time.perf_counter()
    run.wait()
    return {"start_s": started_s - begun_s, "whole_s": time.perf_counter() - begun_s}


def quickness(folder: Path) -> dict[str, float]:
    """Measure, while records that never wait go through: how late another thread wakes, and how long a pause takes."""
    run = start(QuickJob(1_000_000), folder, RunSettings(batch_size=BATCH_SIZE))
    late_ms = []
    until_s = time.monotonic() + 2.0
    while time.monotonic() < until_s:
        begun_s = time.perf_counter()
        time.sleep(0.001)
        late_ms.append(1000 * (time.perf_counter() - begun_s) - 1.0)
    paused_ms = _pause_ms(run)
    run.stop()
    run.wait()
    late_ms.sort()
    return {
        "wake_late_median_ms": late_ms[len(late_ms) // 2],
        "wake_late_p99_ms": late_ms[int(0.99 * len(late_ms))],
        "pause_ms": paused_ms,
    }


def _pause_ms(run: Run) -> float:
    begun_s = time.perf_counter()
    run.pause()
    while run.snapshot().status is not Status.PAUSED:
        time.sleep(0.001)
    return 1000 * (time.perf_counter() - begun_s)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--long", type=int, default=200_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        figures["no call"] = measured(lambda: QuickJob(options.records), options.records, path / "quick")
        figures["one call"] = measured(lambda: CallingJob(options.records), options.records, path / "calls")
        figures["long"] = measured(lambda: QuickJob(options.long), options.long, path / "long")
        figures["resume"] = resumed(100_000, path / "resume")
        figures["quickness"] = quickness(path / "quickness")
    for name, values in figures.items():
        for figure, value in values.items():
            print(f"{name:10} {figure:24} {value:10.3f}")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
