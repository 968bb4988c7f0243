"""Sessions on this machine's own disk, as every session is where nobody says otherwise."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path

from feedeval.errors import StorageError
from feedeval.storage.atomic import FILE_MODE, read_bytes, set_aside, storage_error, sync_folder, write_atomic
from feedeval.storage.filesystem import GRACE_S, AppendedFile, Lock


@dataclass(frozen=True, slots=True)
class LocalFileSystem:
    """The disk of this machine."""

    @property
    def works_here(self) -> bool:
        """All lies on this machine."""
        return True

    @property
    def is_far(self) -> bool:
        """All lies on this machine."""
        return False

    def below(self, folder: Path) -> LocalFileSystem:
        """Return the same: it knows all folders."""
        return self

    def look_anew(self) -> None:
        """Do nothing: each look is a new one."""

    def fetched(self, path: Path) -> Path | None:
        """Return the file itself; None where there is none."""
        return path if path.exists() else None

    def lost(self, path: Path) -> str:
        """Return nothing: who holds a lock has it until it is given back."""
        return ""

    def clear(self, folder: Path) -> None:
        """Delete a folder with all that is in it."""
        shutil.rmtree(folder, ignore_errors=True)

    def leave(self, folder: Path) -> None:
        """Do nothing: what is here is all there is."""

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those above it, unless it is there."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise storage_error(exc, folder, "make") from exc
        _refuse_unfit(folder)

    def identity(self, folder: Path) -> Hashable:
        """Return the folder's own path: links are followed."""
        return folder.resolve()

    def settle(self, folder: Path) -> list[str]:
        """Do nothing: what was written is where it belongs."""
        return []

    def names(self, folder: Path, naming: str = "") -> Iterator[str]:
        """Yield the names of the files in a folder, links left out."""
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if naming in entry.name and entry.is_file(follow_symlinks=False):
                        yield entry.name
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as exc:
            raise storage_error(exc, folder, "list") from exc

    def exists(self, path: Path) -> bool:
        """Say whether there is such a file."""
        return path.exists()

    def size(self, path: Path) -> int:
        """Return the length of a file in bytes; 0 where there is none."""
        try:
            return path.stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return 0
        except OSError as exc:
            raise storage_error(exc, path, "read") from exc

    def read(self, path: Path) -> bytes | None:
        """Return the content of a file; None where there is none."""
        return read_bytes(path)

    def read_start(self, path: Path, size: int) -> bytes | None:
        """Return the first bytes of a file; None where there is none."""
        return _read_part(path, size, os.SEEK_SET)

    def read_end(self, path: Path, size: int) -> bytes | None:
        """Return the last bytes of a file; None where there is none."""
        return _read_part(path, size, os.SEEK_END)

    def write(self, path: Path, data: bytes) -> None:
        """Write a file by way of a temporary one in the same folder."""
        write_atomic(path, data)

    def open_append(self, path: Path) -> AppendedFile:
        """Open a file for appending; made, for its owner alone, where it is not there."""
        return LocalAppendedFile(path)

    def sync_folder(self, folder: Path) -> None:
        """Make the entries of a folder survive a power cut."""
        try:
            sync_folder(folder)
        except OSError as exc:
            raise storage_error(exc, folder, "write") from exc

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file off after its first bytes, for good."""
        try:
            fd = os.open(path, os.O_WRONLY | os.O_APPEND)
            try:
                os.ftruncate(fd, size)
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as exc:
            raise storage_error(exc, path, "mend") from exc

    def set_aside(self, path: Path) -> Path:
        """Rename a damaged file to the first `*.corrupt` name that is free, and return that."""
        return set_aside(path)

    def remove(self, path: Path) -> None:
        """Remove a file; nothing happens where there is none."""
        try:
            path.unlink(missing_ok=True)
        except OSError as exc:
            raise storage_error(exc, path, "remove") from exc

    def exposure(self, path: Path) -> str:
        """Return the mode of a file that is not for its owner alone; on Windows nothing, as it has no such modes."""
        if os.name == "nt":
            return ""
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except FileNotFoundError:
            return ""
        except OSError as exc:
            raise storage_error(exc, path, "read") from exc
        return f"mode {mode:04o}" if mode & ~FILE_MODE else ""

    def make_private(self, path: Path) -> None:
        """Keep a file for its owner alone."""
        try:
            path.chmod(FILE_MODE)
        except OSError as exc:
            raise storage_error(exc, path, "mend") from exc

    def lock(self, path: Path, *, grace_s: float = GRACE_S) -> Lock:
        """Return the operating system's lock on a file, not yet taken."""
        # What locks take a moment to import, and files can be listed and read without.
        from feedeval.storage.lock import SessionLock

        return SessionLock(path, grace_s=grace_s)

    def holder(self, path: Path) -> str | None:
        """Return who holds a lock, in words; None where nobody does."""
        from feedeval.storage.lock import holder, is_held

        return holder(path) if is_held(path) else None


LOCAL = LocalFileSystem()
"""Where files lie if nobody says otherwise."""


class LocalAppendedFile:
    """A file on this machine's disk that is open for appending."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            StorageError: It cannot be opened or made.
        """
        self._path = path
        self._mutex = threading.Lock()
        self._dirty = False
        self._closed = False
        self.torn = False
        self.is_new = False
        flags = os.O_WRONLY | os.O_APPEND
        try:
            try:
                self._fd = os.open(path, flags)
            except FileNotFoundError:
                self._fd = os.open(path, flags | os.O_CREAT, FILE_MODE)
                self.is_new = True
        except OSError as exc:
            raise storage_error(exc, path, "write") from exc

    def append(self, data: bytes) -> None:
        """Append bytes; when this returns, the operating system has them."""
        with self._mutex:
            written = 0
            try:
                written = os.write(self._fd, data)
                while written < len(data):  # a disk about to be full takes a part; the next write says so
                    written += os.write(self._fd, memoryview(data)[written:])
            except OSError as exc:
                self._take_back(written)
                raise storage_error(exc, self._path, "write") from exc
            self._dirty, self.torn = True, False

    def _take_back(self, written: int) -> None:
        """Cut off the part that was written before the disk was full."""
        if written == 0:
            return
        try:
            # There is one writer, so the end of the file is ours.
            os.ftruncate(self._fd, os.fstat(self._fd).st_size - written)
        except OSError:
            self.torn = True

    def sync(self) -> None:
        """Make what was appended survive a power cut. Appending goes on meanwhile."""
        with self._mutex:
            if self._closed or not self._dirty:
                return
            try:
                # A copy of the descriptor, so that the file can be appended to, and even closed, while this one waits.
                fd = os.dup(self._fd)
            except OSError:
                # None is left to be had: then appending has to wait.
                self._write_out(self._fd)
                self._dirty = False
                return
            self._dirty = False
        try:
            self._write_out(fd)
        except StorageError:
            self._dirty = True
            raise
        finally:
            os.close(fd)

    def _write_out(self, fd: int) -> None:
        try:
            os.fsync(fd)
        except OSError as exc:
            raise storage_error(exc, self._path, "write") from exc

    def close(self) -> None:
        """Let go of the file without syncing it."""
        with self._mutex:
            if not self._closed:
                self._closed = True
                os.close(self._fd)


def _refuse_unfit(folder: Path) -> None:
    """Refuse a folder in which no file can be made though it is there, such as `/proc`; who locks would wait for one.

    Any other reason is told where a file is written.
    """
    path = folder / f".feedeval.{os.getpid()}.{threading.get_ident()}.tmp"
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, FILE_MODE))
        path.unlink(missing_ok=True)
    except FileNotFoundError as exc:
        raise StorageError(
            f"could not write in {folder}: it is a folder of the system, in which no files can be made. Choose another "
            "output_dir."
        ) from exc
    except OSError:
        return


def _read_part(path: Path, size: int, whence: int) -> bytes | None:
    try:
        with path.open("rb") as stream:
            if whence == os.SEEK_END:
                stream.seek(0, os.SEEK_END)
                stream.seek(max(0, stream.tell() - size))
            return stream.read(size)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise storage_error(exc, path, "read") from exc
