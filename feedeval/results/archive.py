"""Back up a session as one file, and restore it from one that somebody else may have made."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import shutil
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from feedeval.errors import InputError, SessionError
from feedeval.results.export import write_whole
from feedeval.results.session import Session, load_session
from feedeval.storage.addresses import address_of
from feedeval.storage.atomic import FILE_MODE, storage_error
from feedeval.storage.local_filesystem import LOCAL
from feedeval.storage.paths import (
    AnyFolder,
    FileKind,
    FileState,
    SessionFile,
    SessionFolder,
    SessionPaths,
    is_unique,
    parse_name,
    session_paths,
    sid_time,
)
from feedeval.storage.readers import read_progress, session_files, session_ids
from feedeval.storage.shards import CATEGORIES, SHARDS, Shards, child

MAX_RESTORED_BYTES = 50_000_000_000
"""A backup that unpacks to more is refused: a million products take about 5 GB."""

MAX_FILES = 1_000_000

_CHUNK_BYTES = 1 << 20
_SUFFIXES = (".tar.gz", ".tgz", ".zip")
_SHARD = re.compile(r"shard_\d{4}", re.ASCII)
_OF_SHARDS = re.compile(r"shard_\d{4}(?:\.results)?\.parquet|shard_\d{4}\.places|[a-z]+\.json", re.ASCII)
"""What lies in the folder of a session's shards beside the sessions of these."""


def backup(
    session: Session | str | None = None, to: str | Path | None = None, *, output_dir: AnyFolder = "output"
) -> Path:
    """Write all files of a session into one archive, whole or not at all, and return its path.

    Args:
        session: A session, its name or the beginning of one; the latest by default.
        to: The archive (`.tar.gz`, `.tgz` or `.zip`), or a folder; `feedeval_<session>.tar.gz` in the output folder by
            default, where that is an address in the working folder. In another folder the name of a session that was
            started before names were unique ends in eight characters that stand for its own folder. The archive is
            readable for its owner alone, as the session's files are.
        output_dir: The folder of the session, where `session` is a name.

    Raises:
        SessionNotFound: There is no such session.
        SessionDamaged: Its progress file cannot be read.
        InputError: Another suffix.
        StorageError: The archive cannot be written.
    """
    chosen = session if isinstance(session, Session) else load_session(session, output_dir=output_dir)
    paths = chosen.paths
    beside = Path() if address_of(paths.folder) else paths.folder
    target = beside if to is None else Path(to)
    if target.is_dir():
        target = target / f"feedeval_{paths.sid}{_mark(paths, target)}.tar.gz"
    if not target.name.lower().endswith(_SUFFIXES):
        raise InputError(f"{target.name}: name the backup with one of the suffixes {', '.join(_SUFFIXES)}")
    if not target.parent.is_dir():
        raise InputError(f"{target.parent} is not a folder: make it first")
    # A backup that could not be restored is none: say so now.
    read_progress(paths)
    pack = _pack_zip if target.suffix.lower() == ".zip" else _pack_tar
    write_whole(target, lambda unfinished: pack(unfinished, _all_files(paths, chosen.shards)), mode=FILE_MODE)
    return target


def _mark(paths: SessionPaths, target: Path) -> str:
    """Return what keeps backups of two folders' sessions apart in a folder that is neither's."""
    folder = paths.folder.resolve()
    if target.resolve() == folder or is_unique(paths.sid):
        return ""
    return f"_{hashlib.blake2b(os.fsencode(folder), digest_size=4).hexdigest()}"


def _all_files(paths: SessionPaths, shards: Shards | None) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files of a session; those of its shards come first, named by their folders."""
    for number in () if shards is None else (CATEGORIES, *shards.numbers):
        assert shards is not None  # or there were no numbers
        if (shard := shards.session(number)) is not None:
            for name, data in _stable_files(shard):
                yield f"{shards.folder.name}/{shard.folder.name}/{name}", data
    for name in [] if shards is None else sorted(shards.place.names(shards.folder)):
        assert shards is not None
        if _OF_SHARDS.fullmatch(name) and (found := shards.place.read(child(shards.folder, name))) is not None:
            yield f"{shards.folder.name}/{name}", found
    yield from _stable_files(paths)


def _stable_files(paths: SessionPaths) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files of a session that may be running, so that no reply is in none of them.

    A call log disappears when its batch file is there: logs come first, and the folder is listed again until nothing
    new appears. The progress file comes last, for it counts what is in the others.
    """
    given: set[str] = set()
    while True:
        fresh = [f for f in paths.files() if f.name not in given and _is_kept(f)]
        if not fresh:
            break
        for file in sorted(fresh, key=lambda f: f.kind is not FileKind.CALLS):
            given.add(file.name)
            if (data := paths.file_system.read(paths.folder / file.name)) is not None:
                yield file.name, data
    if (data := paths.file_system.read(paths.progress)) is not None:
        yield paths.progress.name, data


def _is_kept(file: SessionFile) -> bool:
    return file.kind not in (FileKind.LOCK, FileKind.PROGRESS) and file.state is not FileState.TEMPORARY


def _pack_tar(target: Path, files: Iterator[tuple[str, bytes]]) -> None:
    with tarfile.open(target, "w:gz", compresslevel=6) as archive:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(data), int(time.time()), FILE_MODE
            archive.addfile(entry, io.BytesIO(data))


def _pack_zip(target: Path, files: Iterator[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            entry = zipfile.ZipInfo(name)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, FILE_MODE << 16
            archive.writestr(entry, data)


def restore(
    archive: str | Path,
    output_dir: AnyFolder = "output",
    *,
    overwrite: bool = False,
    max_bytes: int = MAX_RESTORED_BYTES,
) -> list[str]:
    """Unpack a backup into `output_dir`, all of it or nothing, and return the names of its sessions.

    The archive is not trusted: it may hold files with the names of a session's files and of its shards' files and
    nothing else, no other paths, no links, each once; the bytes are counted while they are unpacked.

    Args:
        archive: A file that `backup` wrote.
        output_dir: The folder to restore to; made where it is not there.
        overwrite: Replace a session of the same name.
        max_bytes: Refuse an archive that unpacks to more.

    Raises:
        InputError: It is not a backup, holds what does not belong there, or is too large.
        SessionError: The session is there already, is running, or the backup holds a part of one only.
        StorageError: The folder cannot be written.
    """
    source, folder = Path(archive), SessionFolder.of(output_dir)
    if not source.is_file():
        raise InputError(f"{source} is not a file: name the archive that `feedeval backup` wrote")
    try:
        folder.file_system.make_folder(folder.path)
        # On the same file system, so that moving into place is a rename.
        with tempfile.TemporaryDirectory(dir=folder.path, prefix=".restore-") as staging:
            _unpack(source, Path(staging), max_bytes)
            return _move_in(source, SessionFolder(Path(staging)), folder, overwrite=overwrite)
    except OSError as exc:
        raise storage_error(exc, folder.path, "restore to") from exc


class _Member(NamedTuple):
    name: str
    is_file: bool
    open: Callable[[], IO[bytes] | None]


def _tar_members(source: Path) -> Iterator[_Member]:
    with tarfile.open(source, "r:*") as archive:
        for entry in archive:
            # `isreg` is true of sparse files too, whose size is not that of what is in the archive.
            plain_file = entry.isreg() and not entry.issparse()
            yield _Member(entry.name, plain_file, lambda entry=entry: archive.extractfile(entry))  # type: ignore[misc]


def _zip_members(source: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(source) as archive:
        for entry in archive.infolist():
            kind = entry.external_attr >> 16 & 0o170000
            # `orig_filename` is what the archive says; `filename` has already been cut at a NUL.
            plain_file = not entry.is_dir() and kind in (0, 0o100000) and entry.filename == entry.orig_filename
            yield _Member(entry.orig_filename, plain_file, lambda entry=entry: archive.open(entry))  # type: ignore[misc]


def _unpack(source: Path, staging: Path, max_bytes: int) -> None:
    members = _zip_members(source) if zipfile.is_zipfile(source) else _tar_members(source)
    seen: set[str] = set()
    left = max_bytes
    try:
        for member in members:
            if not (member.is_file and _belongs(member.name)):
                raise InputError(
                    f"{source.name} holds {member.name!r}, which is no file of a session: nothing restored"
                )
            if member.name in seen or len(seen) >= MAX_FILES:
                raise InputError(f"{source.name} holds {member.name!r} twice or too many files: nothing restored")
            seen.add(member.name)
            target = staging / member.name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            left = _copy(source, member, target, left)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, RuntimeError, NotImplementedError) as exc:
        raise InputError(f"{source.name} is no backup that can be read ({exc}): nothing restored") from exc


def _belongs(name: str) -> bool:
    """Say whether a file of this name belongs to a session: its own, in the folder of its shards, or a shard's."""
    *folders, last = name.split("/")
    of_shards = not folders or _is_of_shards(folders[0])
    if len(folders) == 1 and of_shards and _OF_SHARDS.fullmatch(last):
        return True
    in_a_session = not folders or (len(folders) == 2 and bool(_SHARD.fullmatch(folders[1])))
    return of_shards and in_a_session and (parsed := parse_name(last)) is not None and _is_restored(parsed)


def _is_of_shards(folder: str) -> bool:
    return folder.startswith(f"{SHARDS}_") and sid_time(folder.removeprefix(f"{SHARDS}_")) is not None


def _is_restored(file: SessionFile) -> bool:
    in_use = file.kind is not FileKind.LOCK and file.state is not FileState.TEMPORARY
    return in_use and sid_time(file.sid) is not None


def _copy(source: Path, member: _Member, target: Path, left: int) -> int:
    """Copy one file and return how many bytes may still come."""
    stream = member.open()
    if stream is None:
        raise InputError(f"{source.name}: {member.name!r} cannot be read: nothing restored")
    with stream, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as out:
        # Counted as they come: the sizes that an archive states are what its maker wrote there.
        while chunk := stream.read(_CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise InputError(f"{source.name} unpacks to more than the limit (max_bytes): nothing restored")
            out.write(chunk)
    return left


def _move_in(source: Path, staging: SessionFolder, folder: SessionFolder, *, overwrite: bool) -> list[str]:
    sids = session_ids(staging)
    if not sids:
        raise InputError(f"{source.name} holds no session: nothing restored")
    shards = {sid: _shards_of(source, session_paths(staging, sid), session_paths(folder, sid)) for sid in sids}
    parted = {path.name: path for path in staging.path.iterdir() if path.is_dir()}
    if strange := parted.keys() - {f"{SHARDS}_{sid}" for sid in sids if shards[sid]}:
        raise InputError(f"{source.name} holds {min(strange)!r} and not the session of it: nothing restored")
    there = [sid for sid in sids if session_files(session_paths(folder, sid))]
    if there and not overwrite:
        raise SessionError(
            f"{', '.join(there)} is in {folder.shown} already: say overwrite (--overwrite) to replace it"
        )
    for sid in sids:
        lock = folder.file_system.lock(session_paths(folder, sid).lock)
        lock.acquire()
        try:
            paths = session_paths(folder, sid)
            _clear(paths)
            parts, of_session = parted.get(f"{SHARDS}_{sid}"), shards[sid]
            if parts is not None and of_session is not None:
                of_session.take_in(parts)
            # The progress file comes last, so that a restore that was cut short does not look whole.
            for path in sorted(
                session_files(session_paths(staging, sid)), key=lambda p: p.name.startswith("progress_")
            ):
                _move(path, folder)
        finally:
            lock.release()
    return sids


def _shards_of(source: Path, staged: SessionPaths, paths: SessionPaths) -> Shards | None:
    """Return the shards that a session will have where it is restored to; None where it is in one piece."""
    try:
        return Shards.of(paths, read_progress(staged).settings)
    except (TypeError, ValueError) as exc:
        raise InputError(
            f"{source.name}: session {paths.sid} does not say how many shards it has: nothing restored"
        ) from exc


def _clear(paths: SessionPaths) -> None:
    """Remove the files of a session, and what lies in the folder of its shards."""
    shards = None
    # One that is damaged does not say how many shards it has; what is not found is written over.
    with contextlib.suppress(SessionError):
        shards = Shards.of(paths, read_progress(paths).settings)
    remove_files(paths)
    if shards is not None:
        shards.remove()
    paths.file_system.clear(child(paths.folder, f"{SHARDS}_{paths.sid}"))


def _move(path: Path, folder: SessionFolder) -> None:
    if folder.file_system == LOCAL:
        shutil.move(path, folder.path / path.name)
    else:
        folder.file_system.write(folder.path / path.name, path.read_bytes())


def remove_files(paths: SessionPaths) -> list[Path]:
    """Remove the files of a session whose lock is held, and return them; the lock's own file stays.

    Raises:
        StorageError: A file cannot be removed; those that were not reached are still there.
    """
    files = [path for path in session_files(paths) if path != paths.lock]
    # What makes it a session goes last: cut short, it is still listed and can be removed again.
    files.sort(key=lambda path: path in (paths.progress, paths.session))
    for path in files:
        paths.file_system.remove(path)
    return files
