"""Requests from outside the driver's process, such as `feedeval pause`: looked for as every run does."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

from feedeval.errors import FeedevalError
from feedeval.storage.paths import SessionPaths
from feedeval.storage.readers import read_document
from feedeval.storage.requests import DOCUMENT, Action


class RequestReader:
    """Reads requests to one run, on the thread that drives it.

    Args:
        paths: The session.
    """

    def __init__(self, paths: SessionPaths) -> None:
        self._paths = paths
        self._began = datetime.now(UTC) - timedelta(seconds=1)

    def taken(self) -> Action | None:
        """Return what was asked since the last look, and remove the file; None where nothing was."""
        path = self._paths.document(DOCUMENT)
        if not self._paths.file_system.exists(path):
            return None
        found = None
        with contextlib.suppress(FeedevalError, KeyError, TypeError, ValueError):
            said = read_document(self._paths, DOCUMENT) or {}
            if datetime.fromisoformat(said["at"]) >= self._began:
                found = Action(said["action"])
        with contextlib.suppress(FeedevalError):
            self._paths.file_system.remove(path)
        return found
