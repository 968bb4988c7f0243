"""A session for readers: nothing here takes the lock or writes anything, so a folder may be read-only or in use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from feedeval.errors import SchemaTooNew, SessionDamaged, SessionNotFound, StorageError
from feedeval.records import BatchReport, Progress, Status
from feedeval.storage.batch_files import batch_files
from feedeval.storage.encoding import check_version, damaged
from feedeval.storage.paths import (
    AnyFolder,
    FileKind,
    FileState,
    SessionFile,
    SessionFolder,
    SessionPaths,
    StoredFile,
    list_files,
    sid_time,
)
from feedeval.storage.shards import Shards

_STANDING = frozenset({FileKind.PROGRESS, FileKind.SESSION, FileKind.BATCH, FileKind.CALLS})
"""Kinds of files that make a session; a lone lock or document does not."""

_HEAD_BYTES = 16_384
_REPORT = '"report":'
"""A batch file has its report before its results, within so many bytes."""


def session_ids(output_dir: AnyFolder) -> list[str]:
    """Return the names of the sessions in `output_dir`, oldest first; none where there is no such folder.

    A session whose progress file is lost but of which batches are left is among them.
    """
    found = {file.sid for file in list_files(SessionFolder.of(output_dir)) if _makes_a_session(file)}
    return sorted(sid for sid in found if sid_time(sid) is not None)


def session_files(paths: SessionPaths) -> list[Path]:
    """Return all files of a session and no others: in use, set aside, temporary, and the lock."""
    return [paths.folder / f.name for f in paths.files()]


def read_progress(paths: SessionPaths) -> Progress:
    """Read the progress file of a session; takes no lock.

    Raises:
        SessionNotFound: There is no such session.
        SessionDamaged: The progress file is not what it should be, or lost while other files of the session are there.
        SchemaTooNew: A later version of feedeval wrote it.
    """
    data = paths.file_system.read(paths.progress)
    if data is not None:
        return parse_progress(data, paths.progress, paths.sid)
    if is_there(paths):
        raise damaged(paths.progress, "it is not there, though other files of the session are")
    raise SessionNotFound(
        f"there is no session {paths.sid} in {paths.folder}. `feedeval list` shows those that are there."
    )


def is_there(paths: SessionPaths) -> bool:
    """Say whether there is such a session, be it without its progress file."""
    return any(map(_makes_a_session, paths.files()))


def _makes_a_session(file: SessionFile) -> bool:
    return file.kind in _STANDING and file.state is not FileState.TEMPORARY


def parse_progress(data: bytes, path: Path, sid: str) -> Progress:
    """Make of a progress file's bytes what they say.

    Raises:
        SessionDamaged: They are not those of the progress file of session `sid`.
        SchemaTooNew: A later version of feedeval wrote them.
    """
    check_version(data, path)
    try:
        progress = Progress.model_validate_json(data)
    except ValidationError as exc:
        raise damaged(
            path, f"it is not a progress file ({exc.error_count()} fields are not what they should be)"
        ) from exc
    if progress.session != sid:
        raise damaged(path, f"it says that it belongs to session {progress.session}")
    return progress


def status_of(paths: SessionPaths) -> Status:
    """Return the state of a session: what its progress file says, or INTERRUPTED where its writer has died.

    Writes nothing and holds no lock when it returns.
    """
    before = read_progress(paths)
    if before.status is not Status.RUNNING or is_being_written(paths):
        return before.status
    # A writer may have ended properly between the two looks: then its last word stands in the file by now.
    after = read_progress(paths)
    return Status.INTERRUPTED if after.status is Status.RUNNING else after.status


def stand_of(paths: SessionPaths) -> Progress:
    """Return the progress of a session; where its writer has died, with all batches counted that are on disk.

    A killed process leaves a progress file that knows nothing of its last batches. Takes no lock.

    Raises:
        SessionNotFound, SessionDamaged, SchemaTooNew: As `read_progress`.
    """
    progress = read_progress(paths)
    if progress.status is not Status.RUNNING or status_of(paths) is not Status.INTERRUPTED:
        return progress
    if (shards := Shards.of(paths, progress.settings)) is not None:
        found = dict(shards.sessions())
        stood = shards.each(lambda number: stand_of(found[number]) if is_there(found[number]) else None, found)
        return _summed(progress, [each for each in stood if each is not None])
    batches = [file for _, file in batch_files(paths)]
    if len(batches) == progress.batches_complete:
        return progress
    reports = [report for file in batches if (report := _report_of(file)) is not None]
    done, failed = sum(report.successful for report in reports), sum(report.failed for report in reports)
    counts = progress.counts.model_copy(update={"done": done, "failed": failed})
    return progress.model_copy(update={"counts": counts, "batches_complete": len(reports)})


def _summed(parent: Progress, shards: list[Progress]) -> Progress:
    """Return the progress of a session in shards whose driver has died: the shards may have gone on without it."""
    counts = [shard.counts for shard in shards]
    summed = {name: sum(getattr(each, name) for each in counts) for name in ("done", "failed", "reused")}
    return parent.model_copy(
        update={
            "counts": parent.counts.model_copy(update=summed),
            "batches_complete": sum(shard.batches_complete for shard in shards),
        }
    )


def _report_of(file: StoredFile) -> BatchReport | None:
    """Return the report of a batch, of which only the beginning is read; None where it is not one."""
    try:
        head = (file.file_system.read_start(file.path, _HEAD_BYTES) or b"").decode("utf-8", "ignore")
        report, _ = json.JSONDecoder().raw_decode(head, head.index(_REPORT) + len(_REPORT))
        return BatchReport.model_validate(report)
    except (StorageError, ValueError):
        # Whoever goes on with the session sets it aside.
        return None


def is_being_written(paths: SessionPaths) -> bool:
    """Say whether a living process or kernel has the session open for writing, paused ones included."""
    return writer_of(paths) is not None


def writer_of(paths: SessionPaths) -> str | None:
    """Return who has the session open for writing, in words for a message; None where nobody has."""
    return paths.file_system.holder(paths.lock)


def read_document(paths: SessionPaths, name: str) -> dict[str, Any] | None:
    """Read a document of a session (`questions`, `errors`, `summary`, ...); None where there is none.

    Raises:
        SessionDamaged: It is not a document of this session.
        SchemaTooNew: A later version of feedeval wrote it.
    """
    path = paths.document(name)
    data = paths.file_system.read(path)
    if data is None:
        return None
    check_version(data, path)
    document: dict[str, Any] = orjson.loads(data)
    del document["schema_version"]
    if document.pop("session", None) != paths.sid:
        raise damaged(path, f"it does not say that it belongs to session {paths.sid}")
    return document


def refuse_newer(paths: SessionPaths) -> None:
    """Refuse a session that a later version of feedeval wrote, before anything of it is changed.

    Raises:
        SchemaTooNew: It did.
    """
    for path in (paths.progress, paths.session):
        data = paths.file_system.read(path)
        if data is None:
            continue
        try:
            check_version(data, path)
        except SchemaTooNew:
            raise
        except SessionDamaged:
            continue
