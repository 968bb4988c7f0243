"""`evaluation.log`: timestamped lines for people, beside the sessions that they tell of.

Written on this machine's disk only, for an address in its scratch folder: it is rotated by renaming, by the logging
module, and no result rests on it.
"""

from __future__ import annotations

import io
import logging
import os
import threading
from datetime import datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from feedeval.storage.paths import SessionPaths

LOG_NAME = "evaluation.log"
_MAX_BYTES = 5_000_000
_BACKUPS = 3


class _Lines(logging.Formatter):
    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")


class _QuietHandler(RotatingFileHandler):
    """A log that cannot be written must not disturb the run that it tells of."""

    def _open(self) -> io.TextIOWrapper:
        # The log names products and folders: it is for the same eyes as the session's files.
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:
        """Drop the line: a full disk is reported by the files that matter."""


_lock = threading.Lock()
_shared: dict[Path, tuple[logging.Handler, int]] = {}
"""The handler of each folder and how many runs write to it: two would rotate the file away from each other."""


class EventLog:
    """Lines of one session in the folder's `evaluation.log`; handled by no other logger."""

    def __init__(self, paths: SessionPaths) -> None:
        # A logger of its own that the logging module does not know: a known one would stay for ever, and this one's
        # lines cannot reach the root logger of the notebook.
        self._logger = logging.Logger("feedeval.evaluation", logging.INFO)
        self._path = (paths.folder / LOG_NAME).absolute()
        self._sid = paths.sid
        self._is_local = paths.file_system.works_here
        self._logger.addHandler(_handler(self._path) if self._is_local else logging.NullHandler())

    def info(self, text: str) -> None:
        """Write a line."""
        self._logger.info("%s %s", self._sid, _one_line(text))

    def warning(self, text: str) -> None:
        """Write a line that a person should see."""
        self._logger.warning("%s %s", self._sid, _one_line(text))

    def close(self) -> None:
        """Close the file."""
        for handler in list(self._logger.handlers):
            self._logger.removeHandler(handler)
            if self._is_local:
                _give_back(self._path)


def _handler(path: Path) -> logging.Handler:
    with _lock:
        handler, users = _shared.get(path, (None, 0))
        if handler is None:
            try:
                handler = _QuietHandler(path, maxBytes=_MAX_BYTES, backupCount=_BACKUPS, encoding="utf-8")
            except OSError:
                handler = logging.NullHandler()
            handler.setFormatter(_Lines("%(asctime)s %(levelname)s %(message)s"))
        _shared[path] = (handler, users + 1)
        return handler


def _give_back(path: Path) -> None:
    with _lock:
        handler, users = _shared.pop(path)
        if users > 1:
            _shared[path] = (handler, users - 1)
        else:
            handler.close()


def _one_line(text: str) -> str:
    # Product text may come along in a message: a line break in it must not look like a line of ours.
    return " ".join(text.split())
