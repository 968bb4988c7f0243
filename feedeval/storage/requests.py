"""Requests to a run from outside its process: a small file in the session's folder, which the run looks for.

`request_<sid>.json` holds, with version and session as every file, `action` (`pause`, `resume` or `stop`) and `at`, the
time. Whoever asks writes it whole or not at all and needs no lock; a later request takes the place of an earlier one.
The run that works on the session looks for it about once a second, removes it and does what it says: a file that has
gone was heard.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from feedeval.errors import FeedevalError, SessionError
from feedeval.storage.encoding import encode_document
from feedeval.storage.event_log import EventLog
from feedeval.storage.paths import SessionPaths
from feedeval.storage.readers import is_being_written, read_document

DOCUMENT = "request"
LOOK_EVERY_S = 1.0
HEARD_WITHIN_S = 10.0
"""A run that has not taken up a request by then does not look for any: one of an earlier version, or one that hangs."""
_POLL_S = 0.1
# A name of the time in seconds is never later than the time itself.
_SAME_MOMENT = timedelta(seconds=1)


class Action(StrEnum):
    """What can be asked of a run."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


def ask(paths: SessionPaths, action: Action) -> None:
    """Ask whoever works on a session to pause, to go on, or to stop. Does not wait.

    Raises:
        SessionError: Nobody works on it.
        StorageError: The folder cannot be written.
    """
    if not is_being_written(paths):
        raise SessionError(f"session {paths.sid} is not being worked on, so there is nothing to {action}")
    said = {"action": action.value, "at": datetime.now(UTC).isoformat()}
    paths.file_system.write(paths.document(DOCUMENT), encode_document(paths.sid, said))


def heard(paths: SessionPaths, within_s: float = HEARD_WITHIN_S) -> bool:
    """Wait until a request was taken up or the run is over; return False where neither comes about in time."""
    until_s = time.monotonic() + within_s
    while paths.file_system.exists(paths.document(DOCUMENT)):
        if not is_being_written(paths):
            return True
        if time.monotonic() >= until_s:
            return False
        time.sleep(_POLL_S)
    return True


class RequestListener:
    """Looks for requests to one run, on a thread where the folder is slow to answer.

    Args:
        paths: The session.
        act: What the run does at each action; called on the event loop.
        log: Where requests are written down.
        began: When the run began; a request from before that was meant for another run.
    """

    def __init__(
        self, paths: SessionPaths, act: Mapping[Action, Callable[[], None]], *, log: EventLog, began: datetime
    ) -> None:
        self._paths = paths
        self._act = act
        self._log = log
        self._began: datetime | None = began - _SAME_MOMENT
        self._next_s = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    def look(self, now_s: float) -> None:
        """Look for a request where it is time; returns at once.

        Args:
            now_s: The event loop's time.
        """
        if now_s >= self._next_s and (self._looking is None or self._looking.done()):
            self._next_s = now_s + LOOK_EVERY_S
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        try:
            found = await asyncio.to_thread(self._taken)
        except FeedevalError as exc:  # a folder that cannot be read now is told by whoever writes there
            self._log.warning(f"a request could not be read: {exc}")
            return
        began, self._began = self._began, None
        if found is None:
            return
        try:
            action, at = Action(found["action"]), datetime.fromisoformat(found["at"])
            # Only the first look can find what was meant for another run; after that, clocks need not agree.
            old = began is not None and at < began
        except (KeyError, TypeError, ValueError):
            self._log.warning("a request was passed over: it says nothing that a run could do")
            return
        if old:
            self._log.info(f"a request to {action} was passed over: it is older than this run")
            return
        self._log.info(f"asked from outside to {action}")
        self._act[action]()

    def _taken(self) -> dict[str, Any] | None:
        """Return what was asked, and remove the file; a damaged one is removed and counts as none."""
        path = self._paths.document(DOCUMENT)
        if not self._paths.file_system.exists(path):
            return None
        try:
            return read_document(self._paths, DOCUMENT)
        except SessionError as exc:
            self._log.warning(f"a request was passed over: {exc}")
            return None
        finally:
            self._paths.file_system.remove(path)
