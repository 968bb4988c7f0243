"""How the current or the latest evaluation stands, as one dictionary."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from feedeval.errors import SessionError
from feedeval.records import Counts, Failure, Health, Progress
from feedeval.results.session import load_session
from feedeval.run.health import MemoryReader
from feedeval.run.progress import Memory, Snapshot

RECENT = 10
"""Failures shown as the recent ones."""


def evaluation_status(snapshot: Snapshot | None, output_dir: str | Path) -> dict[str, Any]:
    """Return how an evaluation stands.

    Args:
        snapshot: Of the run that is going on or went on last in this process; None: the latest session on disk.
        output_dir: Folder of the sessions.

    Returns:
        `health_status`, `memory_info`, `error_summary` and `batch_info`, as `get_evaluation_status` describes them.
    """
    if snapshot is not None:
        return _status(
            snapshot.health,
            # A run that was complete before it started never looked at the memory.
            _memory(snapshot.memory if snapshot.memory.total_mb else MemoryReader()()),
            errors=(snapshot.errors_by_type, [_failure(failure) for failure in snapshot.latest_failures]),
            batch={
                "session": snapshot.session,
                "status": snapshot.status.value,
                "reason": snapshot.status_reason,
                **_counts(snapshot.counts),
                "batch_size": snapshot.batch_size,
                "batches_complete": snapshot.batches_complete,
                "total_batches": snapshot.total_batches,
                "rate_per_s": snapshot.rate_per_s,
                "eta_s": snapshot.eta_s,
                "calls": snapshot.calls,
                "retries": snapshot.retries,
                "cost_usd": snapshot.cost_usd,
                "budget_usd": snapshot.budget_usd,
                "latest_report": snapshot.latest_report.model_dump(mode="json") if snapshot.latest_report else None,
            },
        )
    memory = _memory(MemoryReader()())
    try:
        session = load_session(output_dir=output_dir)
        progress = session.progress
    except SessionError:
        return _status(Health(), memory, errors=({}, []), batch={"session": None, "status": None, **_counts(Counts())})
    recent = [_recent(failure) for failure in session.errors.get("latest", [])]
    return _status(
        progress.health,
        memory,
        errors=(progress.errors_by_type, recent),
        batch={"session": session.id, "status": session.status.value, **_stored(progress)},
    )


def _status(
    health: Health, memory: dict[str, float], *, errors: tuple[dict[str, int], list[Any]], batch: dict[str, Any]
) -> dict[str, Any]:
    by_type, recent = errors
    return {
        "health_status": {
            "overall_status": health.overall_status.value,
            "reasons": list(health.reasons),
            "recommendations": list(health.recommendations),
        },
        "memory_info": memory,
        "error_summary": {
            "total_errors": sum(by_type.values()),
            "error_types": dict(by_type),
            "recent_errors": recent[:RECENT],
        },
        "batch_info": batch,
    }


def _memory(memory: Memory) -> dict[str, float]:
    return {name: round(value, 1) for name, value in asdict(memory).items()}


def _counts(counts: Counts) -> dict[str, int]:
    return {**counts.model_dump(), "left": counts.left}


def _stored(progress: Progress) -> dict[str, Any]:
    return {
        "reason": progress.status_reason,
        **_counts(progress.counts),
        "batch_size": progress.batch_size,
        "batches_complete": progress.batches_complete,
        "total_batches": progress.total_batches,
        "rate_per_s": 0.0,
        "eta_s": None,
        "calls": progress.calls,
        "retries": progress.retries,
        "cost_usd": progress.cost_usd,
        "budget_usd": progress.budget_usd,
        "latest_report": progress.latest_report.model_dump(mode="json") if progress.latest_report else None,
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return _recent(failure.model_dump())


def _recent(failure: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": failure.get("key"),
        "title": failure.get("meta", {}).get("title"),
        "error_type": failure.get("error_type"),
        "message": failure.get("message"),
        "timestamp": failure.get("timestamp"),
    }
