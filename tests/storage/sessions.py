"""Small sessions for the tests of the store and for its benchmark, written through its public face."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from feedeval.records import BatchFile, BatchReport, Call, Counts, Failure, Progress, Result, Status, Usage
from feedeval.storage.paths import AnyFolder, SessionFolder
from feedeval.storage.store import SessionStore

NOW = datetime(2026, 3, 1, 9, 30, 0)  # noqa: DTZ001 - a session's name carries no offset
SID = "20260301_093000_4f7k2c"
OLD_SID = "20260301_093000"
"""As earlier versions named a session of that second."""


def request_hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def make_call(name: str, *, text: str = "") -> Call:
    return Call(
        request_hash=request_hash(name),
        model="a-model",
        text=text or f'{{"reply": "to {name}"}}',
        finish_reason="stop",
        usage=Usage(input_tokens=900, output_tokens=100),
        cost_usd=0.001,
        latency_ms=400.0,
    )


def make_result(index: int, *, key: str = "", value: dict[str, Any] | None = None) -> Result:
    return Result(
        key=key or f"sku-{index}",
        index=index,
        content_hash=f"{index:032x}",
        meta={"product_id": f"sku-{index}", "title": f"Product {index}"},
        value=value or {"coverage_pct": 50.0, "engine": "offline"},
        calls=1,
        tokens=1000,
        cost_usd=0.001,
        elapsed_ms=400.0,
    )


def make_failure(index: int) -> Failure:
    return Failure(
        key=f"sku-{index}",
        index=index,
        content_hash=f"{index:032x}",
        meta={},
        error_type="ReplyInvalid",
        message="not the shape that was asked for",
        calls=2,
        tokens=500,
        cost_usd=0.002,
    )


def make_report(number: int, size: int) -> BatchReport:
    return BatchReport(
        batch_number=number,
        total_batches=10,
        batch_start_index=(number - 1) * size,
        batch_end_index=number * size - 1,
        batch_size=size,
        processed=size,
        successful=size,
        failed=0,
        success_rate=1.0,
        elapsed_ms=100.0,
        average_time_ms=100.0 / size,
        estimated_time_remaining_ms=0.0,
        calls=size,
        retries=0,
        tokens=1000 * size,
        cost_usd=0.001 * size,
        timestamp="2026-03-01T09:30:00+00:00",
    )


def make_batch(sid: str, number: int, *, size: int = 2, failed: tuple[int, ...] = (), value: Any = None) -> BatchFile:
    """Make batch `number` of records in batches of `size`; those at the indexes `failed` failed."""
    start = (number - 1) * size
    indexes = range(start, start + size)
    return BatchFile(
        session=sid,
        batch_number=number,
        start_index=start,
        end_index=start + size - 1,
        report=make_report(number, size),
        results=[make_result(i, value=value) for i in indexes if i not in failed],
        failures=[make_failure(i) for i in indexes if i in failed],
    )


def make_progress(sid: str, *, status: Status = Status.RUNNING, total: int = 6, size: int = 2, **more: Any) -> Progress:
    fields: dict[str, Any] = {
        "session": sid,
        "kind": "audit",
        "engine": "offline",
        "status": status,
        "fingerprint": {"model": "offline", "locale": "en-GB"},
        "settings": {"source": "feed.xml"},
        "records_digest": "d1",
        "counts": Counts(total=total),
        "batch_size": size,
        "total_batches": -(-total // size),
        "batches_complete": 0,
        "started": "2026-03-01T09:30:00+00:00",
        "updated": "2026-03-01T09:30:00+00:00",
    }
    return Progress(**fields | more)


def new_session(folder: AnyFolder, sid: str = SID) -> SessionStore:
    """Start a session of a given name, where `SessionStore.create` would draw one."""
    place = SessionFolder.of(folder)
    place.file_system.make_folder(place.path)
    paths = place.session(sid)
    assert not paths.files(), "there is such a session already"
    lock = place.file_system.lock(paths.lock)
    lock.acquire()
    return SessionStore(paths, lock, keep_calls=False)


def make_session(folder: AnyFolder, *, batches: int = 3, status: Status = Status.FINISHED, sid: str = SID) -> str:
    """Write a whole session of three batches of two records, of which the first `batches` are complete."""
    with new_session(folder, sid) as store:
        for number in range(1, batches + 1):
            store.write_batch(make_batch(sid, number))
        done = 2 * batches
        store.write_progress(
            make_progress(
                sid,
                status=status,
                counts=Counts(total=6, done=done),
                batches_complete=batches,
                calls=done,
                usage=Usage(input_tokens=900 * done, output_tokens=100 * done),
                cost_usd=0.001 * done,
            )
        )
        store.save("questions", {"sets": [{"category": "Tents"}]})
        store.write_errors({"counts": {}})
        if status is Status.FINISHED:
            store.write_summary({"records": 6})
    return sid


def tree(folder: Path) -> dict[str, bytes]:
    """Return all files in a folder, by name."""
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file()}
