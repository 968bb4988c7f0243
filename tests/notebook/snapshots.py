"""Snapshots for the tests of what is drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from feedeval.records import Counts, Failure, Gauges, Health, Status, Usage
from feedeval.run.progress import BatchBar, Memory, Snapshot

RUNNING = Snapshot(
    session="20260301_093000",
    kind="audit",
    engine="a-model",
    output_dir="output",
    status=Status.RUNNING,
    status_reason="",
    leaving="",
    needs_person=False,
    counts=Counts(total=200, done=120, failed=3, reused=20),
    batch_size=20,
    total_batches=10,
    batches_complete=6,
    batch=BatchBar(number=7, start_index=120, end_index=139, through=3),
    in_hand=8,
    gauges=Gauges(in_flight=7, limit=12),
    rate_per_s=4.2,
    eta_s=18.3,
    elapsed_s=75.0,
    calls=123,
    retries=2,
    usage=Usage(),
    cost_usd=0.42,
    budget_usd=5.0,
    memory=Memory(current_mb=312.4, peak_mb=340.0, available_mb=9000.0, total_mb=16000.0),
    disk_free_mb=9000.0,
    health=Health(),
    errors_by_type={"ReplyInvalid": 2, "Timeout": 1},
    latest_failures=(),
    latest_report=None,
    started="2026-03-01T09:30:00+01:00",
    updated="2026-03-01T09:31:15+01:00",
)


def snapshot(**changes: Any) -> Snapshot:
    return replace(RUNNING, **changes)


def failure(index: int, *, key: str = "", error_type: str = "Timeout", message: str = "no answer in 60 s") -> Failure:
    return Failure(
        key=key or f"sku-{index}",
        index=index,
        content_hash=f"{index:032x}",
        meta={},
        error_type=error_type,
        message=message,
        timestamp="2026-03-01T09:31:07+01:00",
    )
