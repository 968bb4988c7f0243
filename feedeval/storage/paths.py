"""Where a session's files lie: their paths, and the file system that these are on."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from feedeval.errors import InputError, SessionNotFound, StorageError
from feedeval.storage.addresses import address_of, is_address, local_path, shown
from feedeval.storage.filesystem import FileSystem
from feedeval.storage.local_filesystem import LOCAL
from feedeval.storage.names import FileKind, FileState, SessionFile, is_unique, new_sid, parse_name, sid_time

__all__ = [
    "AnyFolder",
    "FileKind",
    "FileState",
    "SessionFile",
    "SessionFolder",
    "SessionPaths",
    "StoredFile",
    "files_by_session",
    "folder_path",
    "is_unique",
    "list_files",
    "new_sid",
    "parse_name",
    "session_paths",
    "sid_time",
]

_TAKEN = ("progress", "session", "batch", "calls", "part", "lock", "document")
_DOCUMENT_NAME = re.compile(r"[a-z]+(?:-[a-z]+)*")


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
        """Return a folder that somebody named; where they give no more than a path, it is on this machine.

        An address is worked on in its scratch folder, whose path is as good a name for it.

        Raises:
            InputError: It is an address that cannot be used, or the package for it is missing.
        """
        if isinstance(folder, SessionFolder):
            return folder
        address = str(folder) if is_address(folder) else address_of(Path(folder))
        if address is None:
            return cls(Path(folder))
        if (path := local_path(address)) is not None:
            return cls(path)
        # Nothing of it is needed where all lies on this machine.
        from feedeval.storage.remote.mirror import mirror_of

        mirror = mirror_of(address)
        return cls(mirror.folder, mirror)

    @property
    def shown(self) -> str:
        """The folder as people know it."""
        return shown(self.path)

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


def folder_path(output_dir: AnyFolder) -> Path:
    """Return the folder of this machine that a named folder is, or is worked on in where it is an address.

    Raises:
        InputError: It is an address that cannot be used, or the package for it is missing.
    """
    return SessionFolder.of(output_dir).path


def session_paths(output_dir: AnyFolder, sid: str) -> SessionPaths:
    """Return where the files of session `sid` lie.

    Raises:
        SessionNotFound: `sid` is not the name of a session, so that no file can be one of it.
    """
    return SessionFolder.of(output_dir).session(sid)


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
    for name in folder.file_system.names(folder.path, naming):
        if (file := parse_name(name)) is not None:
            yield file
