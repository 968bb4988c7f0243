"""A file system in memory, as a bucket would be written: paths are names, bytes are values, nothing else is there."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from feedeval.errors import SessionLocked, StorageError
from feedeval.storage.atomic import free_aside, storage_error
from feedeval.storage.lock import GRACE_S, POLL_S


@dataclass(eq=False)
class MemoryFileSystem:
    """A dict of path and content, with locks of its own.

    Attributes:
        content: What is there.
        room: How many more bytes it takes before it is full; None for as many as come.
        exposed: Files that others may read.
        locked: Locks that are held.
    """

    content: dict[Path, bytes] = field(default_factory=dict)
    room: int | None = None
    exposed: set[Path] = field(default_factory=set)
    locked: set[Path] = field(default_factory=set)
    mutex: threading.RLock = field(default_factory=threading.RLock)

    def after_a_kill(self) -> MemoryFileSystem:
        """Return what is left where the process dies at this moment: all content, and nobody who holds a lock."""
        with self.mutex:
            return MemoryFileSystem(dict(self.content))

    def make_folder(self, folder: Path) -> None:
        pass

    def identity(self, folder: Path) -> Hashable:
        return id(self), folder

    @property
    def works_here(self) -> bool:
        return False

    is_far = False

    def below(self, folder: Path) -> MemoryFileSystem:
        return self

    def look_anew(self) -> None:
        pass

    def fetched(self, path: Path) -> Path | None:
        return None

    def lost(self, path: Path) -> str:
        return ""

    def clear(self, folder: Path) -> None:
        with self.mutex:
            for path in [path for path in self.content if path.is_relative_to(folder)]:
                del self.content[path]

    def leave(self, folder: Path) -> None:
        pass

    def settle(self, folder: Path) -> list[str]:
        return []

    def names(self, folder: Path, naming: str = "") -> Iterator[str]:
        with self.mutex:
            names = [path.name for path in self.content if path.parent == folder and naming in path.name]
        yield from names

    def exists(self, path: Path) -> bool:
        return path in self.content

    def size(self, path: Path) -> int:
        return len(self.content.get(path, b""))

    def read(self, path: Path) -> bytes | None:
        return self.content.get(path)

    def read_start(self, path: Path, size: int) -> bytes | None:
        data = self.read(path)
        return None if data is None else data[:size]

    def read_end(self, path: Path, size: int) -> bytes | None:
        data = self.read(path)
        return None if data is None else data[max(0, len(data) - size) :]

    def write(self, path: Path, data: bytes) -> None:
        with self.mutex:
            self._take(len(data), path)
            self.content[path] = data
            self.exposed.discard(path)

    def open_append(self, path: Path) -> MemoryAppendedFile:
        with self.mutex:
            is_new = path not in self.content
            self.content.setdefault(path, b"")
        return MemoryAppendedFile(self, path, is_new)

    def append(self, path: Path, data: bytes) -> None:
        with self.mutex:
            self._take(len(data), path)
            self.content[path] += data

    def _take(self, size: int, path: Path) -> None:
        if self.room is None:
            return
        if size > self.room:
            raise storage_error(OSError(errno.ENOSPC, "no space"), path, "write")
        self.room -= size

    def sync_folder(self, folder: Path) -> None:
        pass

    def truncate(self, path: Path, size: int) -> None:
        with self.mutex:
            self.content[path] = self.content[path][:size]

    def set_aside(self, path: Path) -> Path:
        with self.mutex:
            target = free_aside(path, self.exists)
            self.content[target] = self.content.pop(path)
            return target

    def remove(self, path: Path) -> None:
        with self.mutex:
            self.content.pop(path, None)

    def exposure(self, path: Path) -> str:
        return "anybody with the link" if path in self.exposed else ""

    def make_private(self, path: Path) -> None:
        self.exposed.discard(path)

    def lock(self, path: Path, *, grace_s: float = GRACE_S) -> MemoryLock:
        return MemoryLock(self, path, grace_s)

    def holder(self, path: Path) -> str | None:
        return "another run" if path in self.locked else None


@dataclass(eq=False)
class MemoryAppendedFile:
    """A value that bytes are added to."""

    place: MemoryFileSystem
    path: Path
    is_new: bool
    torn: bool = False

    def append(self, data: bytes) -> None:
        if not self.place.exists(self.path):
            raise StorageError(f"{self.path} has gone")
        self.place.append(self.path, data)

    def sync(self) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass(eq=False)
class MemoryLock:
    """A name in the set of those that are taken."""

    place: MemoryFileSystem
    path: Path
    grace_s: float
    held: bool = False
    notes: list[str] = field(default_factory=list)
    trouble: str = ""

    def flush(self) -> None:
        pass

    def acquire(self) -> None:
        until_s = time.monotonic() + self.grace_s
        while True:
            with self.place.mutex:
                if self.path not in self.place.locked:
                    self.place.locked.add(self.path)
                    self.held = True
                    return
            if time.monotonic() >= until_s:
                sid = self.path.stem.removeprefix("session_")
                raise SessionLocked(f"{self.path.stem} is being written by another run", sid)
            time.sleep(POLL_S)

    def release(self) -> None:
        if self.held:
            self.held = False
            self.place.locked.discard(self.path)
