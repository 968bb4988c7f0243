"""Names of a session's files, and the file system that they are on.

A name is `<stem>_<sid>.<suffix>`, a `<sid>` such as `20260131_142500_4f7k2c`; a session's files are those whose name
fits exactly, so that nothing else in the output folder is ever touched. Two more shapes belong to a file:
`<name>.corrupt` (`<name>.2.corrupt`, ...), which was set aside, and `.<name>.<8 hex>.tmp`, which is being written or
was when its process died.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from feedeval.errors import InputError, SessionNotFound, StorageError
from feedeval.storage.filesystem import FileSystem
from feedeval.storage.local_filesystem import LOCAL

_TIME_FORMAT = "%Y%m%d_%H%M%S"
"""A session's id begins with the time it started, so that names sort by age."""

_SUFFIX_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: without i, l, o and u, which are misread or make words; without capitals, which some file
systems do not tell from small letters."""
_SUFFIX_LENGTH = 6
"""2^30 suffixes: two sessions that start in the same second share one with a probability of one in a thousand million,
and of a hundred that do so any two with one in two hundred thousand, in one folder or in many."""

_SID = rf"\d{{8}}_\d{{6}}(?:_[{_SUFFIX_LETTERS}]{{{_SUFFIX_LENGTH}}})?"
"""Sessions of earlier versions are named by the time alone."""

_NAME = re.compile(
    r"(?P<stem>(?P<numbered>batch|calls|part)_(?P<digits>\d{4,})|[a-z]+(?:-[a-z]+)*)"
    rf"_(?P<sid>{_SID})(?P<suffix>\.jsonl|\.json|\.lock|\.csv)(?P<aside>(?:\.\d+)?\.corrupt)?",
    re.ASCII,
)
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}\.tmp")
_TAKEN = ("progress", "session", "batch", "calls", "part", "lock", "document")
_DOCUMENT_NAME = re.compile(r"[a-z]+(?:-[a-z]+)*")


class FileKind(StrEnum):
    """What a file of a session holds."""

    PROGRESS = "progress"
    SESSION = "session"
    """Copy of the progress file from when its settings were last set; a lost progress file is rebuilt from it."""
    BATCH = "batch"
    CALLS = "calls"
    PART = "part"
    """Requests that are sent together; gone once their answers are in the call logs."""
    ERRORS = "errors"
    SUMMARY = "summary"
    LABELS = "labels"
    """What people said of the verdicts: a table, so that they can open it."""
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
    """Number of a batch file, call log or part."""


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
    if suffix == ".csv":
        return (FileKind.LABELS if stem == FileKind.LABELS else None), None
    if suffix != ".json" or stem in ("batch", "calls", "part", "lock", "document"):
        return None, None
    fixed = (FileKind.PROGRESS, FileKind.SESSION, FileKind.ERRORS, FileKind.SUMMARY)
    return (FileKind(stem) if stem in fixed else FileKind.DOCUMENT), None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a session and the file system that it is on."""

    path: Path
    file_system: FileSystem = LOCAL

    @property
    def name(self) -> str:
        """Its name."""
        return self.path.name

    @property
    def size(self) -> int:
        """Its length in bytes; 0 where it has gone."""
        return self.file_system.size(self.path)

    def read(self) -> bytes | None:
        """Return its content; None where it has gone."""
        return self.file_system.read(self.path)


@dataclass(frozen=True, slots=True)
class SessionPaths:
    """Where the files of one session lie."""

    folder: Path
    sid: str
    file_system: FileSystem = LOCAL
    """Where `folder` is, and who reads and writes what these paths name."""

    @property
    def identity(self) -> Hashable:
        """What tells the session from all others: its folder, whichever way leads there, and its id."""
        return self.file_system.identity(self.folder), self.sid

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

    @property
    def labels(self) -> Path:
        """The table of what people said of its verdicts."""
        return self.folder / f"labels_{self.sid}.csv"

    def batch(self, number: int) -> Path:
        """The file of a complete batch."""
        return self.folder / f"batch_{number:04d}_{self.sid}.json"

    def calls(self, number: int) -> Path:
        """The call log of a batch."""
        return self.folder / f"calls_{number:04d}_{self.sid}.jsonl"

    def part(self, number: int) -> Path:
        """The requests of a part."""
        return self.folder / f"part_{number:04d}_{self.sid}.jsonl"

    def document(self, name: str) -> Path:
        """The document called `name`; errors and summary are documents too.

        Raises:
            InputError: The name is taken by another kind of file or is not made of lower-case words and hyphens.
        """
        if not _DOCUMENT_NAME.fullmatch(name) or name in _TAKEN:
            raise InputError(f"{name!r} cannot name a document of a session: use lower-case words joined by hyphens")
        return self.folder / f"{name}_{self.sid}.json"

    def stored(self, path: Path) -> StoredFile:
        """Return one of these paths as a file that can be read."""
        return StoredFile(path, self.file_system)

    def files(self) -> list[SessionFile]:
        """Return all files of this session, batch files and call logs in order of their numbers."""
        folder = SessionFolder(self.folder, self.file_system)
        return self.own(file for file in list_files(folder, self.sid) if file.sid == self.sid)

    def own(self, files: Iterable[SessionFile]) -> list[SessionFile]:
        """Return those of some files with this session's name that are the session's, in order."""
        return sorted(filter(self._is_ours, files), key=lambda f: (f.kind, f.number or 0, f.name))

    def _is_ours(self, file: SessionFile) -> bool:
        """A document may have any name, so that its first bytes have to say that it is the session's."""
        if (
            file.kind is not FileKind.DOCUMENT
            or file.state is FileState.TEMPORARY
            or file.name.startswith("questions_")
        ):
            return True
        # Records and what writes files take a moment to import, and names can be told without.
        from feedeval.records import SCHEMA_VERSION

        head = f'{{\n  "schema_version": {SCHEMA_VERSION},\n  "session": "{self.sid}"'.encode()
        try:
            return self.file_system.read_start(self.folder / file.name, len(head)) == head
        except StorageError:
            return False


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """A folder of sessions and the file system that it is on."""

    path: Path
    file_system: FileSystem = LOCAL

    @classmethod
    def of(cls, folder: AnyFolder) -> SessionFolder:
        """Return a folder that somebody named; where they give no more than a path, it is on this machine."""
        return folder if isinstance(folder, SessionFolder) else cls(Path(folder))

    def session(self, sid: str) -> SessionPaths:
        """Return where the files of session `sid` lie.

        Raises:
            SessionNotFound: `sid` is not the name of a session, so that no file can be one of it.
        """
        if sid_time(sid) is None:
            raise SessionNotFound(f"{sid!r} is not the name of a session: one looks like 20260131_142500_4f7k2c")
        return SessionPaths(self.path, sid, self.file_system)


AnyFolder: TypeAlias = SessionFolder | Path | str
"""How people name a folder of sessions."""


def session_paths(output_dir: AnyFolder, sid: str) -> SessionPaths:
    """Return where the files of session `sid` lie.

    Raises:
        SessionNotFound: `sid` is not the name of a session, so that no file can be one of it.
    """
    return SessionFolder.of(output_dir).session(sid)


def new_sid(time: datetime) -> str:
    """Return an id for a session that starts at `time`; another one each time, also for the same second."""
    suffix = "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(_SUFFIX_LENGTH))
    return f"{time.strftime(_TIME_FORMAT)}_{suffix}"


def is_unique(sid: str) -> bool:
    """Say whether no other session bears this id: those of earlier versions are named by their second alone."""
    return sid.count("_") > 1


def sid_time(sid: str) -> datetime | None:
    """Return the time that a session's id names, or None where it names none."""
    if not re.fullmatch(_SID, sid, re.ASCII):
        return None
    try:
        return datetime.strptime(sid[:15], _TIME_FORMAT)  # noqa: DTZ007 - a name, not a moment: it carries no offset
    except ValueError:
        return None


def files_by_session(folder: SessionFolder) -> dict[str, list[SessionFile]]:
    """Return the files of every session in `folder`, each list in order, from one look at the folder."""
    found: dict[str, list[SessionFile]] = {}
    for file in list_files(folder):
        found.setdefault(file.sid, []).append(file)
    return {sid: SessionPaths(folder.path, sid, folder.file_system).own(files) for sid, files in found.items()}


def list_files(folder: SessionFolder, naming: str = "") -> Iterator[SessionFile]:
    """Yield the files in `folder` whose names are those of a session's files; none where there is no folder.

    Args:
        folder: Where to look.
        naming: Pass over files whose names do not contain this; much quicker than to parse each name.
    """
    for name in folder.file_system.names(folder.path):
        if naming in name and (file := parse_name(name)) is not None:
            yield file
