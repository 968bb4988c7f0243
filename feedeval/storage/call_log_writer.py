"""The writer's side of the call logs: appends, grouped syncs, and the end of a log with its batch."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from feedeval.errors import StorageError
from feedeval.records import Call
from feedeval.storage.atomic import (
    FILE_MODE,
    storage_error,
    sync_folder,
)
from feedeval.storage.call_log import (
    COMPLETE_LINE,
    call_line,
    is_used_up,
)
from feedeval.storage.paths import SessionPaths

MAX_OPEN_LOGS = 128
"""Logs kept open for appending; of more open batches the one that was idle longest is closed and opened again."""


@dataclass(slots=True)
class _OpenLog:
    fd: int
    path: Path
    dirty: bool = False
    torn: bool = False
    """A write failed half way and what it left could not be taken back."""


class CallLogs:
    """The call logs of a session, for its writer. Safe to use from several threads."""

    def __init__(self, paths: SessionPaths) -> None:
        self._paths = paths
        self._mutex = threading.Lock()
        self._logs: OrderedDict[int, _OpenLog] = OrderedDict()
        self._created = False

    def append(self, number: int, call: Call) -> None:
        """Append a reply to the log of batch `number`; when this returns, the operating system has it.

        Raises:
            StorageError: The line could not be written; the log holds what it held before.
        """
        line = call_line(call)
        with self._mutex:
            self._append(number, line)

    def _append(self, number: int, line: bytes) -> None:
        log = self._open(number)
        if log.torn:
            line = b"\n" + line  # ends the torn line, which its checksum gives away
        written = 0
        try:
            written = os.write(log.fd, line)
            while written < len(line):  # a disk about to be full takes a part; the next write says so
                written += os.write(log.fd, memoryview(line)[written:])
        except OSError as exc:
            self._take_back(log, written)
            raise storage_error(exc, log.path, "write") from exc
        log.dirty, log.torn = True, False

    def _open(self, number: int) -> _OpenLog:
        log = self._logs.get(number)
        if log is not None:
            self._logs.move_to_end(number)
            return log
        if len(self._logs) >= MAX_OPEN_LOGS:
            self._close(next(iter(self._logs)))
        path = self._paths.calls(number)
        flags = os.O_WRONLY | os.O_APPEND
        try:
            try:
                fd = os.open(path, flags)
            except FileNotFoundError:
                fd = os.open(path, flags | os.O_CREAT, FILE_MODE)
                self._created = True
        except OSError as exc:
            raise storage_error(exc, path, "write") from exc
        self._logs[number] = _OpenLog(fd, path)
        return self._logs[number]

    @staticmethod
    def _take_back(log: _OpenLog, written: int) -> None:
        """Cut off the part of a line that was written before the disk was full."""
        if written == 0:
            return
        try:
            # There is one writer, so the end of the file is ours.
            os.ftruncate(log.fd, os.fstat(log.fd).st_size - written)
        except OSError:
            log.torn = True

    def sync(self) -> None:
        """Make all lines appended so far survive a power cut. Appending goes on meanwhile.

        Raises:
            StorageError: The system could not write a log out.
        """
        with self._mutex:
            dirty = [number for number, log in self._logs.items() if log.dirty]
        for number in dirty:
            self._sync_one(number)
        with self._mutex:
            created, self._created = self._created, False
        if created:
            try:
                # A log made since the last time is an entry of the folder, which its own fsync does not write out.
                sync_folder(self._paths.folder)
            except OSError as exc:
                self._created = True
                raise storage_error(exc, self._paths.folder, "write") from exc

    def _sync_one(self, number: int) -> None:
        with self._mutex:
            log = self._logs.get(number)
            if log is None:
                return  # its batch was completed meanwhile, or it was synced and closed to make room
            try:
                # A copy of the descriptor, so that the log can be appended to, and even closed, while this one waits.
                fd = os.dup(log.fd)
            except OSError as exc:
                raise storage_error(exc, log.path, "write") from exc
            log.dirty = False
        try:
            os.fsync(fd)
        except OSError as exc:
            log.dirty = True
            raise storage_error(exc, log.path, "write") from exc
        finally:
            os.close(fd)

    def finish(self, number: int, *, keep: bool) -> None:
        """End the log of a batch whose file is safely on disk: remove it, or mark it as used up where logs are kept."""
        path = self._paths.calls(number)
        with self._mutex:
            # The batch is safe: what cannot be done to its log now is done when the session is taken up again.
            if keep:
                with contextlib.suppress(StorageError):
                    if path.exists() and not is_used_up(path):
                        self._append(number, COMPLETE_LINE)
                    self._close(number)
                return
            log = self._logs.pop(number, None)
            if log is not None:
                os.close(log.fd)
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _close(self, number: int) -> None:
        log = self._logs.pop(number, None)
        if log is None:
            return
        try:
            if log.dirty:
                os.fsync(log.fd)
        except OSError as exc:
            raise storage_error(exc, log.path, "write") from exc
        finally:
            os.close(log.fd)

    def close(self) -> None:
        """Sync and close all logs."""
        with self._mutex:
            while self._logs:
                self._close(next(iter(self._logs)))
