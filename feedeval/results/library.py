"""The sessions of an output folder: list, inspect, put together, back up, restore, clean up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from feedeval.errors import InputError, RunWarning, SessionError, SessionLocked, warn_caller
from feedeval.feed.parsing.sources import shown_address
from feedeval.formatting import local_moment
from feedeval.results.archive import backup, remove_files, restore
from feedeval.results.basis import Basis
from feedeval.results.export import write_chunks
from feedeval.results.finding import find_session, session_labels
from feedeval.results.frames.decoding import AuditCoverage, readable_batches
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.merging import Merged, RowKind, row_kind, rows_of
from feedeval.results.session import Session
from feedeval.run.delivery.words import what_deleting_loses
from feedeval.storage.batch_files import collector_paused
from feedeval.storage.batch_shapes import ResultOf, Unread
from feedeval.storage.parts import read_parts
from feedeval.storage.paths import (
    AnyFolder,
    FileKind,
    FileState,
    SessionFolder,
    StoredFile,
    files_by_session,
    session_paths,
)
from feedeval.storage.readers import session_ids, writer_of

__all__ = ["as_session", "backup", "cleanup", "consolidate", "list_sessions", "restore", "session_info"]

LIST_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("session", "name", "kind", "engine", "status"), TEXT),
    **dict.fromkeys(("total", "done", "failed"), "Int64"),
    **dict.fromkeys(("coverage_pct", "cost_usd"), "float64"),
    **dict.fromkeys(("started", "updated"), TEXT),
    "size_mb": "float64",
}

COVERAGE_BYTES = 100_000_000
"""Batch files that a listing reads at most for mean coverages, newest sessions first: it should answer at once."""

DAMAGED = "damaged"
"""Shown as the status of a session whose progress file cannot be read."""


def list_sessions(output_dir: AnyFolder = "output") -> pd.DataFrame:
    """Return the sessions of a folder, a row each, the latest first.

    Columns: session (its id), name (as `Session.title`), kind, engine, status (str); total, done, failed (Int64);
    coverage_pct (float64, mean over the products that are done; NaN where the session is too large to look through at
    once, or where more than 30 % of its questions were not judged), cost_usd (float64, NaN where the model has no known
    price); started, updated (str, ISO 8601 in this machine's time); size_mb (float64).
    """
    folder = SessionFolder.of(output_dir)
    rows = []
    budget = COVERAGE_BYTES
    # One look at the folder for all: it may hold thousands of files of each session.
    files = files_by_session(folder)
    for sid in reversed(session_ids(folder)):
        session = Session(sid, folder)
        in_use = (f for f in files.get(sid, []) if f.kind is FileKind.BATCH and f.state is FileState.IN_USE)
        batches = [StoredFile(folder.path / file.name, folder.file_system) for file in in_use]
        size = sum(folder.file_system.size(folder.path / file.name) for file in files.get(sid, []))
        row: dict[str, Any] = {"session": sid, "size_mb": round(size / 1e6, 2)}
        try:
            row |= _state(session)
            if session.shards is not None:
                batches = session.batch_files
                row["size_mb"] = round((size + sum(file.size for file in batches)) / 1e6, 2)
            if session.is_audit and (batch_bytes := sum(file.size for file in batches)) <= budget:
                budget -= batch_bytes
                row["coverage_pct"] = _mean_coverage(batches)
        except SessionError:
            row["status"] = DAMAGED
        rows.append(row)
    return pd.DataFrame(rows, columns=list(LIST_COLUMNS)).astype(LIST_COLUMNS)


def _state(session: Session) -> dict[str, Any]:
    progress = session.progress
    return {
        "name": session.title,
        "kind": progress.kind,
        "engine": progress.engine,
        "status": session.status.value,
        "total": progress.counts.total,
        "done": progress.counts.done,
        "failed": progress.counts.failed,
        "cost_usd": progress.cost_usd,
        "started": local_moment(progress.started),
        "updated": local_moment(progress.updated),
    }


def _mean_coverage(files: Sequence[StoredFile]) -> float:
    with collector_paused():
        batches = readable_batches(files, ResultOf[AuditCoverage, Unread], Unread)
        values = [result.value for batch in batches for result in batch.results]
    found = [value.coverage_pct for value in values if value.coverage_pct is not None]
    return round(sum(found) / len(found), 1) if found and Basis.of_values(values).has_figure else float("nan")


def session_info(session: Session | str | None = None, *, output_dir: AnyFolder = "output") -> dict[str, Any]:
    """Return all that is known of a session without reading its results.

    Keys: `state` (as in `list_sessions`), `fingerprint` (the settings that results depend on), `settings` (the others),
    `usage` (calls, retries, tokens, elapsed_s), `errors_by_type`, `health`, `files` (number and size_mb by kind),
    `note` (what has to be said of the engine).
    """
    found = as_session(session, output_dir)
    progress = found.progress
    kinds: dict[str, dict[str, float]] = {}
    for path in found.files:
        of_kind = kinds.setdefault(path.name.split("_")[0], {"number": 0, "size_mb": 0.0})
        of_kind["number"] += 1
        of_kind["size_mb"] = round(of_kind["size_mb"] + found.paths.file_system.size(path) / 1e6, 3)
    return {
        "state": {"session": found.id, **_state(found), "status_reason": progress.status_reason},
        "fingerprint": progress.fingerprint,
        "settings": {"batch_size": progress.batch_size, "budget_usd": progress.budget_usd, **_shown(progress.settings)},
        "usage": {
            "calls": progress.calls,
            "retries": progress.retries,
            "tokens": progress.usage.total_tokens,
            "elapsed_s": progress.elapsed_s,
        },
        "errors_by_type": progress.errors_by_type,
        "health": progress.health.model_dump(mode="json"),
        "files": kinds,
        "note": found.note,
    }


def _shown(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings without the secrets that the address of a feed may hold."""
    source = settings.get("source")
    if not isinstance(source, dict) or "url" not in source:
        return settings
    return {**settings, "source": {**source, "url": shown_address(source["url"])}}


def as_session(session: Session | str | None, output_dir: AnyFolder) -> Session:
    """Return a session by itself, by name or beginning, or the latest."""
    return session if isinstance(session, Session) else Session(find_session(session, output_dir), output_dir)


def consolidate(
    sessions: Session | str | Iterable[Session | str],
    path: str | Path,
    *,
    rows: str = RowKind.PRODUCTS,
    output_dir: AnyFolder = "output",
) -> Path:
    """Write the results of one or several sessions as one table and return its path.

    Where a product (by its key) is in several, the newest result counts: that of the session that started last. One
    that failed later on does not hide a result. The last column, `session`, says where a row is from: the session's
    name, and before it the folder where sessions of several folders bear the same name. A session that is given twice,
    also by two ways to its folder, counts once.

    Args:
        sessions: Sessions or their names.
        path: `.csv` (safe for spreadsheets), `.xlsx` (nothing in it runs), `.jsonl` or `.parquet`.
        rows: What a row is, as `Session.consolidate` takes it: `products`, `table` or `judgements`.
        output_dir: The folder of sessions that are given by name.

    Raises:
        SessionNotFound: There is no such session.
        InputError: No session, sessions of different kinds, another suffix, a package that is missing, or more rows
            than a worksheet takes.
        StorageError: The file cannot be written.
    """
    given = [sessions] if isinstance(sessions, Session | str) else list(sessions)
    found = [as_session(each, output_dir) for each in given]
    if not found:
        raise InputError("no session to consolidate: name one or several")
    kinds = {session.progress.kind for session in found}
    if len(kinds) > 1:
        raise InputError(f"sessions of different kinds ({', '.join(sorted(kinds))}) do not fit in one table")
    kind = row_kind(rows, found)
    if len(alone := dict.fromkeys(found)) == 1 and (parts := rows_of(found[0], kind)) is not None:
        label = session_labels(list(alone))[0]
        return write_chunks((_labelled(part, label) for part in parts[0]), path, rows=parts[1])
    merged = Merged(found)
    return write_chunks(merged.rows(kind), path, rows=merged.count(kind))


def _labelled(part: pd.DataFrame, label: str) -> pd.DataFrame:
    texts = {name: TEXT for name in ("taxonomy", "verdict") if name in part.columns}
    return part.astype(texts).assign(session=pd.array([label] * len(part), dtype=TEXT))


def cleanup(
    sessions: Session | str | Iterable[Session | str], *, output_dir: AnyFolder = "output", dry_run: bool = False
) -> list[Path]:
    """Delete the files of sessions and return them; nothing that is not a session's file is touched.

    Nothing is deleted unless all can be: a session that is running stops the whole. Of parts of a batch that are still
    at the endpoint it warns, as these are billed all the same.

    Args:
        sessions: One or several, themselves or by their ids; a name or a beginning is not enough to delete.
        output_dir: The folder of sessions that are given by name.
        dry_run: Return what would be deleted and delete nothing.

    Raises:
        SessionNotFound: There is no such session.
        SessionLocked: A session is running.
        StorageError: A file cannot be removed.
    """
    given = [sessions] if isinstance(sessions, Session | str) else sessions
    chosen = dict.fromkeys(_exactly(each, output_dir) for each in given)
    for session in chosen:
        if (writer := writer_of(session.paths)) is not None:
            raise SessionLocked(f"session {session.id} is running ({writer}): stop it first; nothing deleted")
        at_work = session.shards.sessions() if session.shards is not None else ()
        if writer := next((found for _, paths in at_work if (found := writer_of(paths)) is not None), None):
            raise SessionLocked(f"a shard of session {session.id} is worked on ({writer}): nothing deleted")
    for session in chosen:
        if lost := what_deleting_loses(session.id, read_parts(session.paths)):
            warn_caller(lost, RunWarning, again=True)
    if dry_run:
        return [path for session in chosen for path in session.files]
    return [path for session in chosen for path in _remove(session)]


def _exactly(session: Session | str, folder: AnyFolder) -> Session:
    found = as_session(session, folder)
    if isinstance(session, str) and found.id != session:
        raise InputError(f"{session!r} is not the whole id of {found.id}: give that to delete it")
    # One that was made by hand may bear any name.
    session_paths(found.output_dir, found.id)
    return found


def _remove(session: Session) -> list[Path]:
    lock = session.paths.file_system.lock(session.paths.lock)
    lock.acquire()
    try:
        removed = []
        if (shards := session.shards) is not None:
            # First: without its own files nobody would know whose they are.
            removed = shards.remove()
        return [*removed, *remove_files(session.paths)]
    finally:
        lock.release()
