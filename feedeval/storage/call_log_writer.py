"""The writer's side of the call logs: appends, grouped syncs, and the end of a log with its batch."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict

from feedeval.errors import StorageError
from feedeval.records import Call
from feedeval.storage.call_log import COMPLETE_LINE, call_line, is_used_up
from feedeval.storage.filesystem import AppendedFile
from feedeval.storage.paths import SessionPaths

MAX_OPEN_LOGS = 128
"""Logs kept open for appending; of more open batches the one that was idle longest is closed and opened again."""


class CallLogs:
    """The call logs of a session, for its writer. Safe to use from several threads."""

    def __init__(self, paths: SessionPaths) -> None:
        self._paths = paths
        self._mutex = threading.Lock()
        self._logs: OrderedDict[int, AppendedFile] = OrderedDict()
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
        # The line break ends a torn line, which its checksum gives away.
        log.append(b"\n" + line if log.torn else line)

    def _open(self, number: int) -> AppendedFile:
        log = self._logs.get(number)
        if log is not None:
            self._logs.move_to_end(number)
            return log
        if len(self._logs) >= MAX_OPEN_LOGS:
            self._close(next(iter(self._logs)))
        log = self._logs[number] = self._paths.file_system.open_append(self._paths.calls(number))
        self._created |= log.is_new
        return log

    def sync(self) -> None:
        """Make all lines appended so far survive a power cut. Appending goes on meanwhile.

        Raises:
            StorageError: The system could not write a log out.
        """
        with self._mutex:
            logs = list(self._logs.values())
        for log in logs:
            # One whose batch was completed meanwhile, or that was closed to make room, has nothing to sync any more.
            log.sync()
        with self._mutex:
            created, self._created = self._created, False
        if created:
            try:
                # A log made since the last time is an entry of the folder, which its own sync does not write out.
                self._paths.file_system.sync_folder(self._paths.folder)
            except StorageError:
                self._created = True
                raise

    def finish(self, number: int, *, keep: bool) -> None:
        """End the log of a batch whose file is safely on disk: remove it, or mark it as used up where logs are kept."""
        path, file_system = self._paths.calls(number), self._paths.file_system
        with self._mutex:
            # The batch is safe: what cannot be done to its log now is done when the session is taken up again.
            if keep:
                with contextlib.suppress(StorageError):
                    if file_system.exists(path) and not is_used_up(self._paths.stored(path)):
                        self._append(number, COMPLETE_LINE)
                    self._close(number)
                return
            log = self._logs.pop(number, None)
            if log is not None:
                log.close()
            with contextlib.suppress(StorageError):
                file_system.remove(path)

    def _close(self, number: int) -> None:
        log = self._logs.pop(number, None)
        if log is None:
            return
        try:
            log.sync()
        finally:
            log.close()

    def close(self) -> None:
        """Sync and close all logs; where one cannot be synced, the others are all the same."""
        failed: StorageError | None = None
        with self._mutex:
            while self._logs:
                try:
                    self._close(next(iter(self._logs)))
                except StorageError as exc:
                    failed = failed or exc
        if failed is not None:
            raise failed
