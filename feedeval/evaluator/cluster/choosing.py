"""Which session in shards a run goes on with, and which one has results that may still hold."""

from __future__ import annotations

import contextlib

from feedeval.errors import InputError, SessionDamaged, SessionNotFound
from feedeval.records import Progress
from feedeval.run.job import Job
from feedeval.run.resume import plain
from feedeval.run.settings import RunSettings
from feedeval.storage.paths import SessionFolder
from feedeval.storage.readers import read_progress, session_ids
from feedeval.storage.shards import SHARDS


class Choice:
    """Looks through the sessions of a folder.

    Args:
        folder: The folder.
        job: What is done to all records; it goes on by the rules that the chosen session began with.
        sitting: How it is run.
    """

    def __init__(self, folder: SessionFolder, job: Job, sitting: RunSettings) -> None:
        self._folder = folder
        self._job = job
        self._sitting = sitting

    def named(self, sid: str) -> Progress:
        """Return a session that was named.

        Raises:
            InputError: It is in one piece, or had other settings.
        """
        progress = read_progress(self._folder.session(sid))
        if SHARDS not in progress.settings:
            raise InputError(f"session {sid} is in one piece: leave cluster= out to go on with it")
        if not self._fits(progress):
            raise InputError(f"session {sid} had other settings; give the same ones to go on with it")
        return progress

    def found(self, records_digest: str) -> Progress | None:
        """Return the latest session in shards with the same settings and products."""
        if not self._sitting.resume:
            return None
        same = (p for p in self._alike() if SHARDS in p.settings and p.records_digest == records_digest)
        return next((progress for progress in same if self._fits(progress)), None)

    def earlier(self) -> Progress | None:
        """Return the latest session with the same settings, whose results may still hold."""
        if not (self._sitting.resume and self._sitting.reuse):
            return None
        fingerprint = plain(self._job.fingerprint())
        return next((progress for progress in self._alike() if progress.fingerprint == fingerprint), None)

    def _fits(self, progress: Progress) -> bool:
        before = plain(self._job.fingerprint())
        if progress.fingerprint == before:
            return True
        if self._job.go_on_as(progress.fingerprint) and plain(self._job.fingerprint()) == progress.fingerprint:
            return True
        self._job.go_on_as(before)
        return False

    def _alike(self) -> list[Progress]:
        found = []
        for sid in reversed(session_ids(self._folder)):
            with contextlib.suppress(SessionDamaged, SessionNotFound):
                progress = read_progress(self._folder.session(sid))
                if progress.kind == self._job.kind:
                    found.append(progress)
        return found
