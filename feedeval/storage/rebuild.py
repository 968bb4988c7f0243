"""A lost progress file or summary, put together again from the copy of its settings and from the batch files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import orjson
from pydantic import ValidationError

from feedeval.errors import SessionDamaged
from feedeval.records import Counts, Progress, Status, Usage
from feedeval.storage.batch_files import BatchSummary, Scan, iter_batches, scan_batches
from feedeval.storage.batch_shapes import Unread, batch_decoder
from feedeval.storage.encoding import check_version
from feedeval.storage.paths import SessionPaths

_SUMMARISED = {
    *("kind", "engine", "status", "counts", "calls", "retries", "usage", "cost_usd"),
    *("elapsed_s", "errors_by_type", "health", "started"),
}
"""What a summary says in the words of the progress file."""


def rebuild_progress(paths: SessionPaths, cause: SessionDamaged) -> tuple[Progress, str]:
    """Return a progress record for a session whose progress file is lost, and how it came about in a sentence.

    Counts and money come from the batch files. What only the lost file knew is left at its default: how tokens split
    into input and output (all count as input), errors by type, health.

    Args:
        paths: The session.
        cause: What is wrong with the progress file.

    Raises:
        SessionDamaged: The copy of its settings is lost as well, so nobody can say what its results rest on.
    """
    data = paths.file_system.read(paths.session)
    if data is None:
        raise _hopeless(paths, cause, "is not there") from cause
    check_version(data, paths.session)
    try:
        origin = Progress.model_validate_json(data)
    except ValidationError as exc:
        raise _hopeless(paths, cause, "is damaged too") from exc
    if origin.session != paths.sid:
        raise _hopeless(paths, cause, f"belongs to session {origin.session}") from cause
    # A damaged batch is left alone here; whoever goes on with the session scans again and sets it aside.
    scan = scan_batches(paths, on_damaged=lambda _path, _problem: None)
    progress = recount(origin, scan)
    finished = progress.counts.left == 0 and paths.file_system.exists(paths.document("summary"))
    status = Status.FINISHED if finished else Status.STOPPED
    reason = "" if finished else "the progress file was lost and rebuilt from the batch files"
    progress = progress.model_copy(update={"status": status, "status_reason": reason})
    return progress, (
        f"it was lost or damaged and was rebuilt from {paths.session.name} and {len(scan.batches)} batch files"
        f" ({progress.counts.done} records done, {progress.counts.failed} failed)"
    )


def recount(progress: Progress, scan: Scan) -> Progress:
    """Return `progress` with all that batch files tell taken from them."""
    batches = scan.batches.values()
    totals = total_of(batches)
    counts = Counts(total=progress.counts.total, done=totals.successful, failed=totals.failed, reused=totals.reused)
    return progress.model_copy(
        update={
            "counts": counts,
            "batches_complete": len(scan.batches),
            "calls": totals.calls,
            "retries": totals.retries,
            "cost_usd": totals.cost_usd,
            "usage": progress.usage
            if progress.usage.total_tokens == totals.tokens
            else Usage(input_tokens=totals.tokens),
        }
    )


def rebuild_summary(paths: SessionPaths, progress: Progress, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the summary of a finished session with all that progress and batch files tell taken from them.

    Args:
        paths: The session.
        progress: Its progress.
        summary: What is left of its summary; what only that knows is kept.
    """
    told = progress.model_dump(mode="json", include=_SUMMARISED)
    batches = told_by_batches(paths, on_damaged=lambda _path, _problem: None)
    return {**summary, **told, "finished": progress.updated, **batches}


def total_of(batches: Iterable[BatchSummary]) -> BatchSummary:
    """Return the figures of several batches taken together."""
    all_ = list(batches)
    costs = [b.cost_usd for b in all_]
    return BatchSummary(
        number=0,
        start_index=min((b.start_index for b in all_), default=0),
        end_index=max((b.end_index for b in all_), default=-1),
        successful=sum(b.successful for b in all_),
        failed=sum(b.failed for b in all_),
        reused=sum(b.reused for b in all_),
        calls=sum(b.calls for b in all_),
        retries=sum(b.retries for b in all_),
        tokens=sum(b.tokens for b in all_),
        cost_usd=None if None in costs else sum(c for c in costs if c is not None),
        elapsed_ms=sum(b.elapsed_ms for b in all_),
    )


def _hopeless(paths: SessionPaths, cause: SessionDamaged, what: str) -> SessionDamaged:
    return SessionDamaged(
        f"{cause} Its copy {paths.session.name} {what}, so it cannot be rebuilt. The results can still be read from "
        f"the batch files of session {paths.sid}; to go on, start a new session."
    )


class _ErrorRow(msgspec.Struct, gc=False):
    key: str
    index: int
    error_type: str
    message: str
    context: dict[str, Any] = {}


def told_by_batches(paths: SessionPaths, *, on_damaged: Callable[[Path, str], None] | None = None) -> dict[str, Any]:
    """Return the reports of all batches, and all errors without their tracebacks; read file by file.

    Args:
        paths: The session.
        on_damaged: As `iter_batches` takes it.
    """
    reports: list[Any] = []
    errors: list[dict[str, Any]] = []
    for _, batch in iter_batches(paths, batch_decoder(Unread, _ErrorRow), on_damaged=on_damaged):
        reports.append(orjson.loads(bytes(batch.report)))
        errors += [msgspec.to_builtins(failure) for failure in batch.failures]
    return {"batches": reports, "errors": errors}
