"""Check the files of a session against each other, and mend what can be mended.

Nothing is deleted but temporary files and call logs whose batch is complete; what is damaged is set aside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from feedeval.errors import SessionDamaged, SessionNotFound
from feedeval.records import Frozen, Progress, Status
from feedeval.storage.batch_files import Scan, batch_files, read_batch_file, scan_batches
from feedeval.storage.call_log import is_used_up, open_logs, parse_log, repair_log
from feedeval.storage.encoding import encode, encode_document
from feedeval.storage.filesystem import FileSystem
from feedeval.storage.paths import FileKind, FileState, SessionPaths
from feedeval.storage.readers import (
    is_being_written,
    is_there,
    parse_progress,
    read_document,
    read_progress,
    refuse_newer,
)
from feedeval.storage.rebuild import rebuild_progress, rebuild_summary, recount
from feedeval.storage.shards import SHARDS, Shards


class ProblemSeverity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """Something that was saved cannot be used as it is."""
    WARNING = "warning"
    """Nothing is lost, but something is not as it should be."""
    NOTE = "note"
    """What a kill or an earlier repair leaves; the next run sees to it by itself."""


class FileProblem(Frozen):
    """One thing that is wrong with the files of a session."""

    file: str
    problem: str
    severity: ProblemSeverity
    advice: str
    """What to do about it; where it was repaired, what to know."""
    repaired: bool = False


def verify(paths: SessionPaths, *, repair: bool = False) -> list[FileProblem]:
    """Check the files of a session against each other; an empty list says that all is well.

    A session that somebody is writing can be checked too: what changes meanwhile is then left out.

    Args:
        paths: The session.
        repair: Mend what can be mended: damaged files are set aside, counts taken from the batch files, torn call
            logs cut, temporary files removed, file modes put right. Takes the session's lock.

    Raises:
        SessionNotFound: There is no such session.
        SessionLocked: Somebody writes the session, so it cannot be repaired now.
        SchemaTooNew: A later version of feedeval wrote a file; nothing is changed.
        StorageError: A file cannot be read or mended.
    """
    if not is_there(paths):
        raise SessionNotFound(
            f"there is no session {paths.sid} in {paths.folder}. `feedeval list` shows those there are."
        )
    refuse_newer(paths)
    return [*_verified(paths, repair=repair), *_verified_shards(paths, repair=repair)]


def _verified_shards(paths: SessionPaths, *, repair: bool) -> Iterator[FileProblem]:
    try:
        shards = Shards.of(paths, read_progress(paths).settings)
    except SessionDamaged:
        return
    if shards is None:
        return
    for number, shard in shards.sessions():
        for finding in _verified(shard, repair=repair) if is_there(shard) else ():
            yield finding.model_copy(update={"file": f"{shards.session_folder(number).path.name}/{finding.file}"})


def _verified(paths: SessionPaths, *, repair: bool) -> list[FileProblem]:
    if not repair:
        return _Verification(paths, repair=False, live=is_being_written(paths)).run()
    lock = paths.file_system.lock(paths.lock)
    lock.acquire()
    try:
        # Looked at whole before anything is changed: a file of a later version anywhere ends it here.
        findings = _Verification(paths, repair=False, live=False).run()
        return _Verification(paths, repair=True, live=False).run() if findings else []
    finally:
        lock.release()


@dataclass(slots=True)
class _Verification:
    paths: SessionPaths
    repair: bool
    live: bool
    """Somebody is writing the session now."""
    findings: list[FileProblem] = field(default_factory=list)

    def run(self) -> list[FileProblem]:
        if not self.live:
            self._check_leftovers()
        self._check_modes()
        scan = self._check_batches()
        progress = self._check_progress()
        # What a session in shards counts stands in the files of its shards, which are looked at by themselves.
        in_shards = progress is not None and SHARDS in progress.settings
        if progress is not None:
            self._check_copy(progress)
            if not in_shards:
                self._check_layout(scan, progress)
        if not self.live:
            self._check_logs(scan)
            if progress is not None and not in_shards:
                self._check_counts(scan, progress)
        self._check_documents()
        if progress is not None and not self.live and not in_shards:
            self._check_summary()
        return self.findings

    @property
    def file_system(self) -> FileSystem:
        return self.paths.file_system

    def _found(self, path: Path, problem: str, severity: ProblemSeverity, advice: str) -> bool:
        """Note a finding that nothing mends."""
        self.findings.append(FileProblem(file=path.name, problem=problem, severity=severity, advice=advice))
        return False

    def _mend(self, path: Path, problem: str, severity: ProblemSeverity, mend: Callable[[], str]) -> None:
        """Note a finding that `mend` puts right; it returns what to know afterwards."""
        if not self.repair:
            self._found(path, problem, severity, "`feedeval verify --repair` mends it")
            return
        finding = FileProblem(file=path.name, problem=problem, severity=severity, advice=mend(), repaired=True)
        self.findings.append(finding)

    def _check_leftovers(self) -> None:
        for file in self.paths.files():
            path = self.paths.folder / file.name
            if file.state is FileState.TEMPORARY:
                self._mend(
                    path, "was left by a process that died while writing it", ProblemSeverity.NOTE, self._removing(path)
                )
            elif file.state is FileState.ASIDE:
                advice = "delete it when its records have run again and it is of no more interest"
                self._found(path, "was set aside as damaged earlier", ProblemSeverity.NOTE, advice)

    def _check_modes(self) -> None:
        for file in self.paths.files():
            path = self.paths.folder / file.name
            if file.state is not FileState.TEMPORARY and (exposure := self.file_system.exposure(path)):
                problem = f"may be read or changed by others ({exposure})"
                self._mend(path, problem, ProblemSeverity.WARNING, self._closing(path))

    def _check_batches(self) -> Scan:
        # Each file in full first; the scan after it looks at how they fit together.
        bad: set[Path] = set()
        for _, file in batch_files(self.paths):
            path = file.path
            try:
                read_batch_file(file)
            except SessionDamaged as exc:
                if self.file_system.exists(path):
                    bad.add(path)
                    self._mend(path, str(exc), ProblemSeverity.ERROR, self._setting_aside(path))

        def misfit(path: Path, problem: str) -> None:
            if path not in bad:
                self._mend(path, problem, ProblemSeverity.ERROR, self._setting_aside(path))

        scan = scan_batches(self.paths, on_damaged=misfit, with_keys=True)
        self._check_keys(scan)
        return scan

    def _check_keys(self, scan: Scan) -> None:
        places: dict[str, list[int]] = defaultdict(list)
        for index, key in scan.keys.items():
            places[key].append(index)
        starts = {number: (b.start_index, b.end_index) for number, b in scan.batches.items()}
        for key, indexes in places.items():
            if len(indexes) < 2:
                continue
            number = next(n for n, (start, end) in starts.items() if start <= max(indexes) <= end)
            self._found(
                self.paths.batch(number),
                f"holds the key {key!r} that record {min(indexes)} has too",
                ProblemSeverity.ERROR,
                "find out which of the two is right and move the other batch file away; its records run again",
            )

    def _check_progress(self) -> Progress | None:
        path = self.paths.progress
        try:
            return read_progress(self.paths)
        except SessionDamaged as exc:
            problem = exc
        try:
            progress, how = rebuild_progress(self.paths, problem)
        except SessionDamaged as exc:
            self._found(path, str(exc), ProblemSeverity.ERROR, "keep the batch files, their results can be read")
            return None

        def rebuild() -> str:
            if self.file_system.exists(path):
                self.file_system.set_aside(path)
            self.file_system.write(path, encode(progress, pretty=True))
            return how

        self._mend(path, str(problem), ProblemSeverity.ERROR, rebuild)
        return progress

    def _check_layout(self, scan: Scan, progress: Progress) -> None:
        size, total = progress.batch_size, progress.counts.total
        for number, batch in scan.batches.items():
            start = (number - 1) * size
            end = min(start + size, total) - 1
            if (batch.start_index, batch.end_index) != (start, end):
                self._found(
                    self.paths.batch(number),
                    f"holds records {batch.start_index} to {batch.end_index}, where {total} records in batches of "
                    f"{size} have {start} to {end}",
                    ProblemSeverity.WARNING,
                    "its results are used as they are, by the index of each",
                )

    def _check_copy(self, progress: Progress) -> None:
        path = self.paths.session
        data = self.file_system.read(path)
        try:
            if data is not None:
                parse_progress(data, path, self.paths.sid)
                return
            problem = "is not there; a lost progress file could not be rebuilt"
        except SessionDamaged as exc:
            problem = str(exc)

        def rewrite() -> str:
            self.file_system.write(path, encode(progress, pretty=True))
            return "written anew from the progress file"

        self._mend(path, problem, ProblemSeverity.WARNING, rewrite)

    def _check_logs(self, scan: Scan) -> None:
        for number in open_logs(self.paths):
            log = self.paths.stored(self.paths.calls(number))
            path = log.path
            batch = scan.batches.get(number)
            if batch is not None and is_used_up(log):
                continue
            if batch is not None and batch.failed == 0:
                self._mend(
                    path, "was left over although its batch is complete", ProblemSeverity.NOTE, self._removing(path)
                )
                continue
            content = parse_log(log.read() or b"", path)
            damage = len(content.bad_lines) + bool(content.torn_bytes)
            if damage or not content.ends_with_newline:
                problem = f"has {damage} lines that are not whole" if damage else "lacks the end of its last line"
                self._mend(path, problem, ProblemSeverity.WARNING, lambda log=log: repair_log(log) or "")  # type: ignore[misc]

    def _check_counts(self, scan: Scan, progress: Progress) -> None:
        path = self.paths.progress
        counted = recount(progress, scan)
        differences = _differences(progress, counted)
        finished = progress.status is Status.FINISHED
        if progress.status is Status.RUNNING:
            advice = "nothing is lost; go on with `feedeval resume`"
            self._found(path, "says running, but nobody is: its process died", ProblemSeverity.NOTE, advice)
        if not differences:
            return
        if finished and counted.counts.left:
            reason = f"{counted.counts.left} records are missing from the batch files"
            counted = counted.model_copy(update={"status": Status.STOPPED, "status_reason": reason})

        def rewrite() -> str:
            self.file_system.write(path, encode(counted, pretty=True))
            left = counted.counts.left
            return f"counted anew; `feedeval resume` runs the {left} records left" if left else "counted anew"

        severity = ProblemSeverity.ERROR if finished else ProblemSeverity.NOTE
        self._mend(path, f"does not agree with the batch files: {differences}", severity, rewrite)

    def _check_documents(self) -> None:
        for file in self.paths.files():
            if file.kind not in (FileKind.DOCUMENT, FileKind.ERRORS, FileKind.SUMMARY):
                continue
            if file.state is not FileState.IN_USE:
                continue
            path = self.paths.folder / file.name
            try:
                read_document(self.paths, file.name.removesuffix(f"_{self.paths.sid}.json"))
            except SessionDamaged as exc:
                self._mend(path, str(exc), ProblemSeverity.ERROR, self._setting_aside(path))

    def _check_summary(self) -> None:
        """Compare the summary of a finished session with its progress file, as that is now."""
        path = self.paths.document(FileKind.SUMMARY)
        try:
            progress = read_progress(self.paths)
            summary = read_document(self.paths, FileKind.SUMMARY)
        except SessionDamaged:
            return  # told already
        if progress.status is not Status.FINISHED:
            return
        said = progress.model_dump(mode="json")
        differing = [key for key in ("counts", "calls") if summary and key in summary and summary[key] != said[key]]
        if summary is not None and not differing:
            return

        def rewrite() -> str:
            self.file_system.write(
                path, encode_document(self.paths.sid, rebuild_summary(self.paths, progress, summary or {}))
            )
            return "written anew from the progress and batch files"

        problem = f"differs from the progress file in {' and '.join(differing)}"
        if summary is None:
            problem = "is not there, though the session is finished"
        self._mend(path, problem, ProblemSeverity.WARNING, rewrite)

    def _removing(self, path: Path) -> Callable[[], str]:
        def remove() -> str:
            self.file_system.remove(path)
            return "removed"

        return remove

    def _closing(self, path: Path) -> Callable[[], str]:
        def close() -> str:
            self.file_system.make_private(path)
            return "now for its owner alone"

        return close

    def _setting_aside(self, path: Path) -> Callable[[], str]:
        def move() -> str:
            return f"set aside as {self.file_system.set_aside(path).name}; what it held is made again by the next run"

        return move


def _differences(said: Progress, counted: Progress) -> str:
    """Name the figures that differ, in words; empty where none does."""
    pairs = {
        "records done": (said.counts.done, counted.counts.done),
        "failed": (said.counts.failed, counted.counts.failed),
        "batches complete": (said.batches_complete, counted.batches_complete),
    }
    return ", ".join(f"{name} {a} against {b}" for name, (a, b) in pairs.items() if a != b)
