"""How a file of a session is written, so that a reader finds it whole or not at all, and how it is read."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from feedeval.errors import StorageError

FILE_MODE = 0o600
"""Feeds and replies may be confidential: a session's files are for their owner alone."""


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


def free_aside(path: Path, exists: Callable[[Path], bool] = Path.exists) -> Path:
    """Return the first `*.corrupt` name of `path` that no earlier damaged file has.

    Args:
        path: The damaged file.
        exists: Whether there is a file, on the file system that it is on.
    """
    target = path.with_name(f"{path.name}.corrupt")
    count = 1
    while exists(target):
        count += 1
        target = path.with_name(f"{path.name}.{count}.corrupt")
    return target


_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space, then go on"),
    errno.EDQUOT: ("your disk quota is used up", "Free some space, then go on"),
    errno.EROFS: ("the folder is read-only", "Make it writable or choose another output_dir, then go on"),
    errno.EACCES: ("permission denied", "Make the folder writable for this user or choose another output_dir"),
    errno.EPERM: ("permission denied", "Make the folder writable for this user or choose another output_dir"),
    errno.ENOENT: ("the folder is no longer there", "Put it back, then go on"),
    errno.EEXIST: ("a file stands where the folder should be", "Choose another output_dir"),
    errno.ENOTDIR: ("a file stands where the folder should be", "Choose another output_dir"),
    errno.EIO: ("the disk reported an input/output error", "Check the disk before going on"),
    errno.EMFILE: ("this process has too many open files", "Close some or raise the limit (ulimit -n), then go on"),
}


def storage_error(exc: OSError, path: Path, action: str) -> StorageError:
    """Return the error that says which file could not be written or read, why, and what to do."""
    reason, advice = _REASONS.get(exc.errno or 0, (exc.strerror or str(exc), "Check the folder, then go on"))
    return StorageError(f"could not {action} {path}: {reason}. {advice}; everything saved before is whole.")


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
