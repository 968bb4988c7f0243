"""One session on disk, for its one writer; `readers` has what takes no lock.

Promises: a file is found whole or not at all; a reply that was paid for is where the session lies before it is used
(`call_log`); a session has one writer. The file system that `SessionPaths` names keeps them (`filesystem`), this
machine's disk by default. What a crash or a bad disk left is mended or set aside when the session is taken up again,
and told in `SessionStore.repairs`; nothing is ever deleted that could still be of use.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from feedeval.errors import InputError, SessionDamaged, SessionLocked, SessionNotFound
from feedeval.records import BatchFile, Call, Progress
from feedeval.storage.batch_files import Scan, batch_files, check_batch, read_batch_file, scan_batches
from feedeval.storage.call_log import open_logs, parse_log, read_calls, repair_log
from feedeval.storage.call_log_writer import CallLogs
from feedeval.storage.encoding import encode, encode_document
from feedeval.storage.filesystem import Lock
from feedeval.storage.paths import (
    AnyFolder,
    FileKind,
    FileState,
    SessionFolder,
    SessionPaths,
    list_files,
    new_sid,
    sid_time,
)
from feedeval.storage.readers import is_there, parse_progress, read_document, read_progress, refuse_newer
from feedeval.storage.rebuild import rebuild_progress


class SessionStore:
    """The files of one session, for its one writer; holds the session's lock until closed.

    Attributes:
        repairs: What was mended or set aside since the session was taken up, each in a sentence for a person.
        left: What could not be brought to where the session belongs when it was closed, likewise.
    """

    def __init__(self, paths: SessionPaths, lock: Lock, *, keep_calls: bool) -> None:
        """Use `create` or `open`, which take the lock."""
        self._paths = paths
        self._lock = lock
        self._keep_calls = keep_calls
        self._logs = CallLogs(paths)
        self._origin: Progress | None = None
        self.repairs: list[str] = []
        self.left: list[str] = []

    @classmethod
    def create(cls, output_dir: AnyFolder, *, now: datetime, keep_calls: bool = False) -> Self:
        """Start a new session, named after the time, with a suffix that no other session has.

        The time in its name is later than that of every session in the folder, also where the clock was put back (as it
        is each autumn), so that the newest session is always the one that sorts last. Two that start side by side may
        bear the same second: their suffixes tell them apart.

        Raises:
            StorageError: The folder cannot be written.
        """
        folder = SessionFolder.of(output_dir)
        folder.file_system.make_folder(folder.path)
        time = now.replace(microsecond=0, tzinfo=None)
        while True:
            taken = [t for f in list_files(folder) if (t := sid_time(f.sid)) is not None]
            if taken and max(taken) >= time:
                time = max(taken) + timedelta(seconds=1)
            paths = folder.session(new_sid(time))
            lock = folder.file_system.lock(paths.lock, grace_s=0.0)
            # That another process draws the same name is next to impossible; the lock makes it so altogether, and who
            # gets it after the other has already written and closed finds the files.
            with contextlib.suppress(SessionLocked):
                lock.acquire()
                if all(f.kind is FileKind.LOCK for f in paths.files()):
                    return cls(paths, lock, keep_calls=keep_calls)
                lock.release()

    @classmethod
    def open(cls, paths: SessionPaths, *, keep_calls: bool = False) -> Self:
        """Take up a session that is there: sweep what a killed process left, mend torn call logs.

        Raises:
            SessionNotFound: There is no such session.
            SessionLocked: Somebody else writes it.
            SessionDamaged: Its progress file is lost and cannot be rebuilt.
            SchemaTooNew: A later version of feedeval wrote it.
            StorageError: The folder cannot be written.
        """
        if not is_there(paths):
            raise SessionNotFound(
                f"there is no session {paths.sid} in {paths.folder}. `feedeval list` shows those there are."
            )
        refuse_newer(paths)
        lock = paths.file_system.lock(paths.lock)
        lock.acquire()
        store = cls(paths, lock, keep_calls=keep_calls)
        store.repairs += lock.notes
        try:
            store._sweep()
            store._mend_progress()
            for number in open_logs(paths):
                if repair := repair_log(paths.stored(paths.calls(number))):
                    store.repairs.append(repair)
        except BaseException:
            store.close()
            raise
        return store

    @property
    def paths(self) -> SessionPaths:
        """Where its files lie."""
        return self._paths

    @property
    def sid(self) -> str:
        """Name of the session."""
        return self._paths.sid

    @property
    def output_dir(self) -> Path:
        """Folder that its files are in."""
        return self._paths.folder

    def close(self) -> None:
        """Write out the call logs and give the lock back. May be called twice."""
        said = len(self._lock.notes)
        try:
            self._logs.close()
        finally:
            self._lock.release()
            self.left += self._lock.notes[said:]

    def flush(self) -> None:
        """Wait until what was written so far stands where the session belongs, for those who read it there.

        Raises:
            StorageError: It does not after a while.
        """
        self._lock.flush()

    @property
    def trouble(self) -> str:
        """What a person should know of the place where the session lies; empty while all is well."""
        return self._lock.trouble

    @property
    def lost(self) -> str:
        """Why the session is no longer this store's to write; empty while it is."""
        return self._paths.file_system.lost(self._paths.lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _sweep(self) -> None:
        """Remove temporary files: we hold the lock, so whoever was writing them is dead."""
        for file in self._paths.files():
            if file.state is FileState.TEMPORARY:
                self._paths.file_system.remove(self._paths.folder / file.name)
                self.repairs.append(f"{file.name}: left by a process that died while writing it; removed")

    def _mend_progress(self) -> None:
        try:
            self.read_progress()
        except SessionDamaged as exc:
            progress, how = rebuild_progress(self._paths, exc)
            if self._paths.file_system.exists(self._paths.progress):
                self._paths.file_system.set_aside(self._paths.progress)
            self.write_progress(progress)
            self.repairs.append(f"{self._paths.progress.name}: {how}")

    def read_progress(self) -> Progress:
        """Read the progress file; see the function of this name."""
        return read_progress(self._paths)

    def write_progress(self, progress: Progress) -> None:
        """Write the progress file, and first its copy where settings changed, so that losing it loses no settings."""
        data = encode(progress, pretty=True)
        with _readable_again(self._paths.progress):
            parse_progress(data, self._paths.progress, self.sid)
        if self._origin is None or _settings_of(self._origin) != _settings_of(progress):
            self._paths.file_system.write(self._paths.session, data)
            self._origin = progress
        self._paths.file_system.write(self._paths.progress, data)

    def write_batch(self, batch: BatchFile) -> None:
        """Write a complete batch; its call log has then done its work.

        Raises:
            StorageError: It could not be written; its call log is as it was.
            InputError: It contradicts itself, or a figure in it is not a number; nothing was written.
        """
        path = self._paths.batch(batch.batch_number)
        data = encode(batch)
        with _readable_again(path):
            check_batch(data, path)
        self._paths.file_system.write(path, data)
        self._logs.finish(batch.batch_number, keep=self._keep_calls)

    def read_batch(self, number: int) -> BatchFile:
        """Read a batch; see `read_batch_file`."""
        return read_batch_file(self._paths.stored(self._paths.batch(number)))

    def batch_numbers(self) -> list[int]:
        """Return the numbers of the complete batches, in order."""
        return [number for number, _ in batch_files(self._paths)]

    def scan(self, *, with_keys: bool = False) -> Scan:
        """Read what is done and what failed from all batch files.

        Damaged batch files are set aside and told in `repairs`: their records count as not done. Call logs left
        beside a batch that is complete without failures (a kill between the two steps) are ended.
        """
        scan = scan_batches(self._paths, on_damaged=self._set_batch_aside, with_keys=with_keys)
        for number in open_logs(self._paths):
            batch = scan.batches.get(number)
            if batch is not None and batch.failed == 0:
                self._logs.finish(number, keep=self._keep_calls)
        return scan

    def _set_batch_aside(self, path: Path, problem: str) -> None:
        aside = self._paths.file_system.set_aside(path)
        self.repairs.append(f"{problem} It was set aside as {aside.name}; its records run again.")

    def append_call(self, batch_number: int, call: Call) -> None:
        """Append a reply to the call log of its batch; the operating system has it when this returns.

        Raises:
            StorageError: It could not be written; the log is as it was.
        """
        self._logs.append(batch_number, call)

    def calls_of(self, batch_number: int) -> list[Call]:
        """Return the replies in the call log of a batch, as far as its lines are whole."""
        log = self._paths.stored(self._paths.calls(batch_number))
        return list(parse_log(log.read() or b"", log.path, all_calls=True).calls.values())

    def sync_calls(self) -> None:
        """Make all replies appended so far survive a power cut; slow, so not for the event loop's thread."""
        self._logs.sync()

    def read_calls(self) -> dict[str, Call]:
        """Return the replies that no complete batch has used up, by request hash. Call it after `scan`."""
        return read_calls(self._paths)

    def load(self, name: str) -> dict[str, Any] | None:
        """Return the document called `name`, or None; a damaged one is set aside and counts as none."""
        try:
            return read_document(self._paths, name)
        except SessionDamaged as exc:
            aside = self._paths.file_system.set_aside(self._paths.document(name))
            self.repairs.append(f"{exc} It was set aside as {aside.name}.")
            return None

    def save(self, name: str, document: Mapping[str, Any]) -> None:
        """Write the document called `name` as `<name>_<sid>.json`."""
        if reserved := {"schema_version", "session"} & document.keys():
            raise InputError(f"the document {name!r} uses the key {min(reserved)!r}, which the store writes itself")
        self._paths.file_system.write(self._paths.document(name), encode_document(self.sid, document))

    def write_errors(self, errors: Mapping[str, Any]) -> None:
        """Write `errors_<sid>.json`."""
        self.save(FileKind.ERRORS, errors)

    def read_errors(self) -> dict[str, Any]:
        """Return what `write_errors` wrote last; empty where it never did."""
        return self.load(FileKind.ERRORS) or {}

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Write `summary_<sid>.json`."""
        self.save(FileKind.SUMMARY, summary)


@contextlib.contextmanager
def _readable_again(path: Path) -> Iterator[None]:
    """Turn the error of a file that would be damaged from the start into one of whoever gave its content."""
    try:
        yield
    except SessionDamaged as exc:
        raise InputError(f"{path.name} was not written, because it could not be read again. {exc}") from exc


def _settings_of(progress: Progress) -> tuple[object, ...]:
    """Return all in a progress file that cannot be told from the batch files."""
    p = progress
    fixed = (p.kind, p.engine, p.fingerprint, p.settings, p.records_digest, p.batch_size, p.started)
    return (*fixed, p.counts.total, p.total_batches, p.budget_usd, p.feedeval_version)
