"""One writer a session: an operating system's lock on `session_<sid>.lock`.

The lock belongs to an open file, not to the file's existence, so that a process that is killed holds it no longer,
and two stores in one process exclude each other as two processes do. The file's content (process, host, time) is for
messages only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
from filelock import FileLock, Timeout

from feedeval.errors import SessionLocked
from feedeval.storage.atomic import FILE_MODE, storage_error
from feedeval.storage.filesystem import GRACE_S

if sys.platform != "win32":
    import fcntl

POLL_S = 0.01


class SessionLock:
    """The lock of one session, for its writer."""

    def __init__(self, path: Path, *, grace_s: float = GRACE_S) -> None:
        self.path = path
        self._grace_s = grace_s
        self.notes: list[str] = []
        # Not by thread: a run is started on one thread and may be closed on another. Never by the mere existence of
        # a file, which a killed process would leave behind: a file system that knows no locks is refused instead.
        self._lock = FileLock(
            path,
            mode=FILE_MODE,
            thread_local=False,
            fallback_to_soft=False,
            preserve_lock_file=True,
            on_acquired=_sign,
        )

    @property
    def trouble(self) -> str:
        """Nothing that a person would have to know: what is written is where it belongs."""
        return ""

    def flush(self) -> None:
        """Do nothing: what was written is where it belongs."""

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            SessionLocked: Somebody else holds it; the message says who, where known.
            StorageError: The lock file cannot be written, or the file system knows no locks.
        """
        try:
            self._lock.acquire(timeout=self._grace_s, poll_interval=POLL_S)
        except Timeout as exc:
            raise SessionLocked(
                f"{self.path.stem} is being written by {holder(self.path)}. Wait until that run ends or stop it there; "
                "a session has one writer at a time.",
                self.path.stem.removeprefix("session_"),
            ) from exc
        except OSError as exc:
            raise storage_error(exc, self.path, "lock") from exc

    def release(self) -> None:
        """Give the lock back and remove its file; nothing happens where it is not held."""
        if not self._lock.is_locked:
            return
        # Removed while still held: whoever opened the file before and gets its lock now finds that it has no name any
        # more and starts over (`FileLock` looks at the link count, as `is_held` does).
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        self._lock.release()


def _sign(fd: int) -> None:
    """Write who holds the lock into its file."""
    who = {
        "schema_version": 1,
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "started": datetime.now(UTC).astimezone().isoformat(timespec="seconds"),
    }
    # On a full disk the lock holds all the same; only the message of whoever finds it held says less.
    with contextlib.suppress(OSError):
        os.ftruncate(fd, 0)
        os.lseek(fd, 0, os.SEEK_SET)
        os.write(fd, orjson.dumps(who))


def holder(path: Path) -> str:
    """Return who holds the lock, in words for a message."""
    try:
        who = orjson.loads(path.read_bytes())
        since = datetime.fromisoformat(who["started"]).astimezone()
        return f"process {who['pid']} on {who['host']} since {since:%Y-%m-%d %H:%M}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process or kernel"


def is_held(path: Path) -> bool:
    """Say whether somebody holds the lock; writes nothing, so it works in a folder that is read-only.

    The test takes a shared lock for some microseconds, which a writer's `GRACE_S` outlasts, and which other readers
    do not notice.

    Raises:
        StorageError: The lock file is there but cannot be opened.
    """
    if sys.platform == "win32":
        if not path.exists():
            return False
        probe = FileLock(path, thread_local=False, preserve_lock_file=True)
        try:
            probe.acquire(blocking=False)
        except Timeout:
            return True
        probe.release()
        return False
    while True:
        try:
            # O_NONBLOCK: whatever else may stand under this name, a test never waits.
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as exc:
            raise storage_error(exc, path, "test the lock of") from exc
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if os.fstat(fd).st_nlink:
                return False
            # The writer removed this file between our open and our lock; another one may stand in its place.
        except OSError as exc:
            if exc.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES):
                return True
            raise storage_error(exc, path, "test the lock of") from exc
        finally:
            os.close(fd)
