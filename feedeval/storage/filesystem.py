"""The seam between a session and the place where its files lie: all that storage asks of a file system.

`local_filesystem` has the one that is used where nobody names another, `remote.mirror` the one for addresses. Either
keeps the same promises: a file that is written is found whole or not at all, what was appended survives
the death of the process, and a lock is given back by the death of its holder. What goes wrong is a `StorageError` that
names the file.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Protocol

GRACE_S = 0.5
"""How long a writer goes on trying for a lock: a reader that tests it holds it for some microseconds."""


class AppendedFile(Protocol):
    """A file that is open for appending. Safe to use from several threads."""

    is_new: bool
    """It was made when it was opened, so that its folder's entries have to be synced too."""

    @property
    def torn(self) -> bool:
        """Whether an append failed half way and what it left could not be taken back."""

    def append(self, data: bytes) -> None:
        """Append bytes; when this returns, the place has all of them, and the process may die.

        Raises:
            StorageError: They could not be written; the file holds what it held before, unless it is `torn` now.
        """

    def sync(self) -> None:
        """Make what was appended survive a power cut; nothing happens where it does, or the file was closed."""

    def close(self) -> None:
        """Let go of the file without syncing it."""


class Lock(Protocol):
    """The lock of one writer."""

    notes: list[str]
    """What came to light when it was taken or given back, each in a sentence for a person."""

    @property
    def trouble(self) -> str:
        """What a person should know while it is held; empty while all is well."""

    def flush(self) -> None:
        """Wait until what was written so far stands where the session belongs.

        Raises:
            StorageError: It does not after a while.
        """

    def acquire(self) -> None:
        """Take it.

        Raises:
            SessionLocked: Somebody else holds it.
        """

    def release(self) -> None:
        """Give it back; nothing happens where it is not held."""


class FileSystem(Protocol):
    """Where the files of sessions lie: a path only names a file, this does something to it. Safe from any thread."""

    @property
    def works_here(self) -> bool:
        """Whether its folders are on this machine's disk too, so that a log or a cache can lie in them."""

    @property
    def is_far(self) -> bool:
        """Whether files lie on another machine, so that each look takes its time."""

    def below(self, folder: Path) -> FileSystem:
        """Return who reads and writes the files of a folder below."""

    def look_anew(self) -> None:
        """Forget what was found when the place was last looked at, as others may have written since."""

    def fetched(self, path: Path) -> Path | None:
        """Return where a file that belongs to no session can be read on this machine; None where there is none."""

    def lost(self, path: Path) -> str:
        """Return why the session of a file that this process wrote is its own no more; empty where it is."""

    def clear(self, folder: Path) -> None:
        """Delete all files of a folder, and the folder where that is one."""

    def leave(self, folder: Path) -> None:
        """Delete what is on this machine of a folder that lies elsewhere, unless not all of it is there."""

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those above it, unless it is there."""

    def identity(self, folder: Path) -> Hashable:
        """Return what tells a folder from all others, whichever way leads there."""

    def settle(self, folder: Path) -> list[str]:
        """Bring to a folder what earlier processes could not; return what a person should know."""

    def names(self, folder: Path, naming: str = "") -> Iterator[str]:
        """Yield the names of the files in a folder, in any order; none where there is no such folder.

        Args:
            folder: Where to look.
            naming: Only those that contain this.
        """

    def exists(self, path: Path) -> bool:
        """Say whether there is such a file."""

    def size(self, path: Path) -> int:
        """Return the length of a file in bytes; 0 where there is none."""

    def read(self, path: Path) -> bytes | None:
        """Return the content of a file; None where there is none."""

    def read_start(self, path: Path, size: int) -> bytes | None:
        """Return the first bytes of a file; None where there is none."""

    def read_end(self, path: Path, size: int) -> bytes | None:
        """Return the last bytes of a file; None where there is none."""

    def write(self, path: Path, data: bytes) -> None:
        """Write a file, for its owner alone, so that whoever looks finds the old one or the new one, and whole."""

    def open_append(self, path: Path) -> AppendedFile:
        """Open a file for appending; made, for its owner alone, where it is not there."""

    def sync_folder(self, folder: Path) -> None:
        """Make the entries of a folder, such as files that were opened for appending, survive a power cut."""

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file off after its first bytes, for good."""

    def set_aside(self, path: Path) -> Path:
        """Rename a damaged file to the first `*.corrupt` name that is free, and return that."""

    def remove(self, path: Path) -> None:
        """Remove a file; nothing happens where there is none."""

    def exposure(self, path: Path) -> str:
        """Return how others than its owner may get at a file, such as `mode 0644`; empty where they may not."""

    def make_private(self, path: Path) -> None:
        """Keep a file for its owner alone."""

    def lock(self, path: Path, *, grace_s: float = GRACE_S) -> Lock:
        """Return the lock that a path names, not yet taken.

        Args:
            path: Its name.
            grace_s: How long to go on trying.
        """

    def holder(self, path: Path) -> str | None:
        """Return who holds the lock that a path names, in words; None where nobody does. Writes nothing."""
