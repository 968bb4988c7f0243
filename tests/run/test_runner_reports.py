"""What the report of a batch says of the moment when the batch was complete."""

from __future__ import annotations

import threading
from pathlib import Path

import orjson

from feedeval.records import BatchReport, HealthStatus
from feedeval.results.frames.results import report_frame
from feedeval.run.health import SystemReaders
from feedeval.run.progress import Memory
from feedeval.run.runner import HealthSettings, Hooks, RunSettings, start
from tests.run.jobs import CallingJob
from tests.run.runs import WAIT_S, files, until


def test_a_report_holds_memory_and_health_of_its_moment(tmp_path: Path) -> None:
    readings = [Memory(100, 100, 8000, 16000)]
    readers = SystemReaders(memory=lambda: readings[0], disk_free_mb=lambda _: 10_000.0)
    settings = RunSettings(max_workers=4, batch_size=10, health=HealthSettings(interval_s=0.02, clear_looks=2))
    gate = threading.Event()
    run = start(CallingJob(100, gate=gate, open_calls=50), tmp_path, settings, hooks=Hooks(readers=readers))
    until(lambda: run.snapshot().batches_complete > 3)
    readings[0] = Memory(250, 250, 300, 16000)
    until(lambda: run.snapshot().health.overall_status is HealthStatus.DEGRADED)
    gate.set()
    run.wait(WAIT_S)

    reports = [file.report for file in files(tmp_path, run.sid)]
    assert (reports[0].memory_mb, reports[0].health, reports[0].health_reason) == (100, HealthStatus.HEALTHY, "")
    assert (reports[-1].memory_mb, reports[-1].health) == (250, HealthStatus.DEGRADED)
    assert reports[-1].health_reason.startswith("memory is short")
    summary = orjson.loads((tmp_path / f"summary_{run.sid}.json").read_bytes())
    assert summary["batches"][-1]["memory_mb"] == 250


def test_a_report_without_memory_and_health_is_read_as_one_that_does_not_say() -> None:
    newer = {name: 1 for name in BatchReport.model_fields} | {"timestamp": "2026-11-20T10:00:00+00:00"}
    newer |= {"memory_mb": 90.5, "health": "degraded", "health_reason": "so"}
    older = {name: newer[name] for name in newer if name not in ("memory_mb", "health", "health_reason")}
    assert BatchReport.model_validate(older).health is None

    frame = report_frame([newer, older])

    assert frame["health"].dtype == frame["health_reason"].dtype == frame["timestamp"].dtype
    assert frame["memory_mb"].dtype == "float64"
    assert frame.iloc[0][["memory_mb", "health", "health_reason"]].tolist() == [90.5, "degraded", "so"]
    assert frame.iloc[1][["memory_mb", "health", "health_reason"]].isna().all()
