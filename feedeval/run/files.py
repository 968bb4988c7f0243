"""Names of a session's files, and how one is written so that a reader finds it whole or not at all.

A name is `<stem>_<sid>.<suffix>`; a session's files are those whose name fits exactly, so that nothing else in the
output folder is ever touched. Two more shapes belong to a file: `<name>.corrupt` (`<name>.2.corrupt`, ...), which was
set aside, and `.<name>.<8 hex>.tmp`, which is being written or was when its process died.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import orjson
from pydantic import BaseModel

from feedeval.errors import InputError, SchemaTooNew, SessionDamaged, SessionNotFound, StorageError
from feedeval.records import SCHEMA_VERSION

FILE_MODE = 0o600
"""Feeds and replies may be confidential: a session's files are for their owner alone."""

SID_FORMAT = "%Y%m%d_%H%M%S"
"""A session's id is the time it started, so that names sort by age."""

_NAME = re.compile(
    r"(?P<stem>(?P<numbered>batch|calls)_(?P<digits>\d{4,})|[a-z]+(?:-[a-z]+)*)"
    r"_(?P<sid>\d{8}_\d{6})(?P<suffix>\.jsonl|\.json|\.lock)(?P<aside>(?:\.\d+)?\.corrupt)?"
)
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}\.tmp")
_DOCUMENT_NAME = re.compile(r"[a-z]+(?:-[a-z]+)*")
_INT64 = range(-(2**63), 2**64)


class FileKind(StrEnum):
    """What a file of a session holds."""

    PROGRESS = "progress"
    SESSION = "session"
    """Copy of the progress file from when its settings were last set; a lost progress file is rebuilt from it."""
    BATCH = "batch"
    CALLS = "calls"
    ERRORS = "errors"
    SUMMARY = "summary"
    LOCK = "lock"
    DOCUMENT = "document"


class FileState(StrEnum):
    """Whether a file is in use."""

    IN_USE = "in use"
    ASIDE = "set aside"
    TEMPORARY = "temporary"


@dataclass(frozen=True, slots=True)
class SessionFile:
    """A file of a session, as its name tells."""

    name: str
    sid: str
    kind: FileKind
    state: FileState
    number: int | None = None
    """Batch number of a batch file or call log."""


def parse_name(name: str) -> SessionFile | None:
    """Return what a file's name says, or None where it is not the name of a session's file."""
    state = FileState.IN_USE
    inner = name
    if temporary := _TEMPORARY.fullmatch(name):
        state, inner = FileState.TEMPORARY, temporary["name"]
    match = _NAME.fullmatch(inner)
    if match is None:
        return None
    if match["aside"]:
        state = FileState.ASIDE
    kind, number = _kind_of(match)
    return None if kind is None else SessionFile(name, match["sid"], kind, state, number)


def _kind_of(match: re.Match[str]) -> tuple[FileKind | None, int | None]:
    stem, suffix = match["stem"], match["suffix"]
    if match["numbered"]:
        number = int(match["digits"])
        fits = number > 0 and match["digits"] == f"{number:04d}"
        wanted = ".json" if match["numbered"] == FileKind.BATCH else ".jsonl"
        return (FileKind(match["numbered"]), number) if fits and suffix == wanted else (None, None)
    if suffix == ".lock":
        return (FileKind.LOCK if stem == "session" else None), None
    if suffix != ".json" or stem in ("batch", "calls", "lock", "document"):
        return None, None
    fixed = (FileKind.PROGRESS, FileKind.SESSION, FileKind.ERRORS, FileKind.SUMMARY)
    return (FileKind(stem) if stem in fixed else FileKind.DOCUMENT), None


@dataclass(frozen=True, slots=True)
class SessionPaths:
    """Where the files of one session lie."""

    folder: Path
    sid: str

    @property
    def progress(self) -> Path:
        """The progress file."""
        return self.folder / f"progress_{self.sid}.json"

    @property
    def session(self) -> Path:
        """The copy that a lost progress file is rebuilt from."""
        return self.folder / f"session_{self.sid}.json"

    @property
    def lock(self) -> Path:
        """The lock file."""
        return self.folder / f"session_{self.sid}.lock"

    def batch(self, number: int) -> Path:
        """The file of a complete batch."""
        return self.folder / f"batch_{number:04d}_{self.sid}.json"

    def calls(self, number: int) -> Path:
        """The call log of a batch."""
        return self.folder / f"calls_{number:04d}_{self.sid}.jsonl"

    def document(self, name: str) -> Path:
        """The document called `name`; errors and summary are documents too.

        Raises:
            InputError: The name is taken by another kind of file or is not made of lower-case words and hyphens.
        """
        if not _DOCUMENT_NAME.fullmatch(name) or name in ("progress", "session", "batch", "calls", "lock", "document"):
            raise InputError(f"{name!r} cannot name a document of a session: use lower-case words joined by hyphens")
        return self.folder / f"{name}_{self.sid}.json"

    def files(self) -> list[SessionFile]:
        """Return all files of this session, batch files and call logs in order of their numbers."""
        found = [f for f in list_files(self.folder) if f.sid == self.sid and self._is_ours(f)]
        return sorted(found, key=lambda f: (f.kind, f.number or 0, f.name))

    def _is_ours(self, file: SessionFile) -> bool:
        """A document may have any name, so that its first bytes have to say that it is the session's."""
        if (
            file.kind is not FileKind.DOCUMENT
            or file.state is FileState.TEMPORARY
            or file.name.startswith("questions_")
        ):
            return True
        head = f'{{\n  "schema_version": {SCHEMA_VERSION},\n  "session": "{self.sid}"'.encode()
        try:
            with (self.folder / file.name).open("rb") as stream:
                return stream.read(len(head)) == head
        except OSError:
            return False


def session_paths(output_dir: Path | str, sid: str) -> SessionPaths:
    """Return where the files of session `sid` lie.

    Raises:
        SessionNotFound: `sid` is not the name of a session, so that no file can be one of it.
    """
    if sid_time(sid) is None:
        raise SessionNotFound(f"{sid!r} is not the name of a session: one looks like 20260131_142500")
    return SessionPaths(Path(output_dir), sid)


def sid_time(sid: str) -> datetime | None:
    """Return the time that a session's id names, or None where it names none."""
    try:
        time = datetime.strptime(sid, SID_FORMAT)  # noqa: DTZ007 - a name, not a moment: it carries no offset
    except ValueError:
        return None
    return time if time.strftime(SID_FORMAT) == sid else None


def list_files(folder: Path) -> Iterator[SessionFile]:
    """Yield the files in `folder` whose names are those of a session's files; none where there is no folder."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                file = parse_name(entry.name)
                if file is not None and entry.is_file(follow_symlinks=False):
                    yield file
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as exc:
        raise storage_error(exc, folder, "list") from exc


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a restart after a crash, finds the old one or the new one, and whole.

    Raises:
        StorageError: It could not be written; the file that was there before is as it was.
    """
    # In the same folder, because a rename is atomic only within one file system. A fresh name, so that a temporary
    # file left by a crash is never continued.
    temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}.tmp"
    try:
        # O_EXCL and the mode at creation: the content is private from its first byte.
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        try:
            write_all(fd, data)
            # Before the rename: else a power cut may keep the new name with none of the content. A full disk may
            # also show only here, where blocks are allocated late.
            os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(temporary, path)  # noqa: PTH105 - one call, on strings: this runs for every batch
        # The rename is an entry of the folder: without this a power cut may bring back the old file.
        sync_folder(path.parent)
    except BaseException as exc:
        # Also on Ctrl-C. After the rename there is nothing to remove. What cannot be removed (a folder that has
        # just become read-only) is swept when the session is opened again.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(exc, OSError):
            raise storage_error(exc, path, "write") from exc
        raise


def write_all(fd: int, data: bytes) -> None:
    """Write all of `data`, also where the system takes it in parts."""
    written = os.write(fd, data)
    while written < len(data):
        written += os.write(fd, memoryview(data)[written:])


def sync_folder(folder: Path) -> None:
    """Make the entries of a folder (files created, renamed, removed) survive a power cut."""
    if os.name == "nt":
        return  # Windows cannot open a folder; it journals renames by itself
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    except OSError as exc:
        # Some network and FUSE file systems know no fsync of folders; there is nothing more that could be done.
        if exc.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(fd)


def set_aside(path: Path) -> Path:
    """Rename a damaged file to `<name>.corrupt`, or `<name>.2.corrupt` where that is taken; return the new path."""
    target = free_aside(path)
    try:
        path.rename(target)
        sync_folder(path.parent)
    except OSError as exc:
        raise storage_error(exc, path, "set aside") from exc
    return target


def free_aside(path: Path) -> Path:
    """Return the first `*.corrupt` name of `path` that no earlier damaged file has."""
    target = path.with_name(f"{path.name}.corrupt")
    count = 1
    while target.exists():
        count += 1
        target = path.with_name(f"{path.name}.{count}.corrupt")
    return target


_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space, then go on"),
    errno.EDQUOT: ("your disk quota is used up", "Free some space, then go on"),
    errno.EROFS: ("the folder is read-only", "Make it writable or choose another output_dir, then go on"),
    errno.EACCES: ("permission denied", "Make the folder writable for this user or choose another output_dir"),
    errno.EPERM: ("permission denied", "Make the folder writable for this user or choose another output_dir"),
    errno.ENOENT: ("the folder is gone", "Bring it back, then go on"),
    errno.ENOTDIR: ("a file stands where the folder should be", "Choose another output_dir"),
    errno.EIO: ("the disk reported an input/output error", "Check the disk before going on"),
    errno.EMFILE: ("this process has too many open files", "Close some or raise the limit (ulimit -n), then go on"),
}


def storage_error(exc: OSError, path: Path, action: str) -> StorageError:
    """Return the error that says which file could not be written or read, why, and what to do."""
    reason, advice = _REASONS.get(exc.errno or 0, (exc.strerror or str(exc), "Check the folder, then go on"))
    return StorageError(f"could not {action} {path}: {reason}. {advice}; everything saved before is whole.")


def encode(document: Any, *, pretty: bool = False) -> bytes:
    """Return the JSON of a record or of plain values.

    What JSON has no place for is kept as text rather than refused, because it was paid for: half a surrogate pair in a
    model's reply becomes U+FFFD, an integer beyond 64 bits or an unknown object its `str`.
    """
    option = orjson.OPT_SERIALIZE_NUMPY | (orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if pretty else 0)
    try:
        return orjson.dumps(document, _fields, option)
    except TypeError:
        return orjson.dumps(_storable(document), None, option)


def _fields(value: Any) -> Any:
    """Let orjson write a frozen record, whose fields lie in its `__dict__`, several times faster than a dump of it."""
    if isinstance(value, BaseModel):
        return value.__dict__
    raise TypeError


def _storable(value: Any) -> Any:
    match value:
        case str():
            # The value of a StrEnum is a plain str; a surrogate pair in two halves becomes the one character it means.
            return str(value).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        case None | bool() | float():
            return value
        case int():
            return value if value in _INT64 else str(value)
        case BaseModel():
            return _storable(value.__dict__)
        case Mapping():
            return {_storable(str(k)): _storable(v) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_storable(v) for v in value]
        case _:
            return _storable(str(value))


class _Head(msgspec.Struct):
    schema_version: int


_HEAD = msgspec.json.Decoder(_Head)


def check_version(data: bytes, path: Path) -> None:
    """Look at the schema version before anything else is made of a file.

    Raises:
        SchemaTooNew: A later version of feedeval wrote it.
        SessionDamaged: It is not a JSON object with a schema version.
    """
    try:
        version = _HEAD.decode(data).schema_version
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise damaged(path, f"it is not the JSON that feedeval writes ({exc})") from exc
    if version > SCHEMA_VERSION:
        raise SchemaTooNew(
            f"{path} was written by a later version of feedeval (schema_version {version}, this one reads up to "
            f"{SCHEMA_VERSION}). Upgrade feedeval to read it; nothing was changed."
        )


def damaged(path: Path, what: str) -> SessionDamaged:
    """Return the error for a file that is not what it should be."""
    return SessionDamaged(f"{path} is damaged: {what}. Run `feedeval verify --repair` on the session to mend it.")


def read_bytes(path: Path) -> bytes | None:
    """Return the content of a file, or None where there is none.

    Raises:
        StorageError: It is there and cannot be read.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise storage_error(exc, path, "read") from exc
