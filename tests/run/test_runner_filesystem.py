"""A whole session on a file system that is not this machine's disk: run, stopped, killed, checked and read back."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feedeval.errors import SessionLocked
from feedeval.records import Ledger, Record, Status
from feedeval.results.archive import backup
from feedeval.results.library import list_sessions
from feedeval.results.session import load_session
from feedeval.run.runner import Run, RunSettings, start
from feedeval.storage.batch_files import batch_files, iter_batches
from feedeval.storage.batch_shapes import RecordRow, batch_decoder
from feedeval.storage.call_log import read_calls
from feedeval.storage.paths import SessionFolder, SessionPaths
from feedeval.storage.readers import read_progress, session_ids, status_of
from feedeval.storage.verify import verify
from tests.results.factory import Plan, evaluation
from tests.run.jobs import CallingJob, hash_of
from tests.run.runs import WAIT_S, stop_at, until
from tests.storage.memory_filesystem import MemoryFileSystem

RECORDS = 120
SETTINGS: dict[str, Any] = {"batch_size": 10, "max_workers": 8, "progress_interval_s": 0.1}


class JudgingJob(CallingJob):
    """Makes an evaluation of each record, as an audit does, after a call or more."""

    async def process(self, record: Record, ledger: Ledger) -> dict[str, Any]:
        await super().process(record, ledger)
        return evaluation(Plan(), record.index, random.Random(record.index))


@pytest.fixture
def memory() -> MemoryFileSystem:
    return MemoryFileSystem()


@pytest.fixture
def folder(memory: MemoryFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionFolder]:
    # The path is one that a disk could have, and the working folder is watched as well.
    monkeypatch.chdir(tmp_path)
    yield SessionFolder(tmp_path / "output", memory)
    assert list(tmp_path.iterdir()) == [], "something was written to the disk"


def begin(job: CallingJob, folder: SessionFolder, **settings: Any) -> Run:
    return start(job, folder, RunSettings(**SETTINGS | settings))


def finish(job: CallingJob, folder: SessionFolder, **settings: Any) -> Run:
    run = begin(job, folder, **settings)
    run.wait(WAIT_S)
    assert run.done
    return run


def paid_for(paths: SessionPaths) -> set[str]:
    """The requests whose replies stand in the files of a session."""
    done = {
        hash_of(f"{row.content_hash} 0")
        for _, batch in iter_batches(paths, batch_decoder(RecordRow, RecordRow))
        for row in batch.results
    }
    return done | read_calls(paths).keys()


def test_a_session_that_is_stopped_goes_on_where_it_was(folder: SessionFolder) -> None:
    gate = threading.Event()
    job = JudgingJob(RECORDS, gate=gate, open_calls=40)
    run = begin(job, folder)
    until(lambda: run.snapshot().counts.done >= 30)
    stop_at(gate, run, job)
    (sid,) = session_ids(folder)
    served = job.served.total()

    again = JudgingJob(RECORDS)
    assert finish(again, folder).sid == sid
    assert served + again.served.total() == RECORDS
    assert read_progress(folder.session(sid)).status is Status.FINISHED
    assert verify(folder.session(sid)) == []
    assert finish(JudgingJob(RECORDS), folder).snapshot().calls == RECORDS, "what is finished costs nothing again"


def test_a_session_that_is_killed_repeats_no_call_whose_line_was_whole(
    folder: SessionFolder, memory: MemoryFileSystem
) -> None:
    gate = threading.Event()
    job = JudgingJob(RECORDS, gate=gate, open_calls=45)
    run = begin(job, folder)
    until(lambda: len(batch_files(folder.session(run.sid))) >= 2 and bool(read_calls(folder.session(run.sid))))
    left = SessionFolder(folder.path, memory.after_a_kill())
    stop_at(gate, run, job)
    paths = left.session(run.sid)
    torn = next(path for path in left.file_system.names(left.path) if path.startswith("calls_"))
    size = left.file_system.size(left.path / torn)
    left.file_system.truncate(left.path / torn, size - 30)
    known = paid_for(paths)
    assert status_of(paths) is Status.INTERRUPTED
    assert len(known) > 20

    again = JudgingJob(RECORDS)
    assert finish(again, left).sid == run.sid
    assert not known & again.served.keys(), "a reply that was paid for was asked for again"
    assert len(known) + again.served.total() == RECORDS
    assert status_of(paths) is Status.FINISHED
    assert verify(paths) == []


def test_its_results_are_read_from_where_they_lie(folder: SessionFolder, memory: MemoryFileSystem) -> None:
    sid = finish(JudgingJob(RECORDS), folder).sid
    session = load_session(output_dir=folder)
    assert session.id == sid
    assert session.is_small
    assert session.results["product_id"].tolist() == [f"p{n}" for n in range(RECORDS)]
    assert session.results["judgements_json"].str.startswith("[").all()
    assert len(session.judgements) == 4 * RECORDS
    assert session.reports["successful"].sum() == RECORDS
    assert len(session.gaps())
    assert session.summary().coverage_pct is not None
    listed = list_sessions(folder)
    assert listed["done"].tolist() == [RECORDS]
    assert listed["size_mb"].iloc[0] == round(sum(map(len, memory.content.values())) / 1e6, 2)


def test_its_backup_is_a_file_that_is_written_to_the_disk(memory: MemoryFileSystem, tmp_path: Path) -> None:
    folder = SessionFolder(Path("/bucket"), memory)
    finish(JudgingJob(RECORDS), folder)
    session = load_session(output_dir=folder)
    assert backup(session, tmp_path).is_file()


def test_a_changed_feed_takes_over_what_still_holds(folder: SessionFolder) -> None:
    contents = [str(n) for n in range(RECORDS)]
    first = finish(JudgingJob(contents), folder).sid
    job = JudgingJob([*contents[:-5], *(f"new {n}" for n in range(5))])
    second = finish(job, folder).sid
    assert session_ids(folder) == [first, second]
    assert job.served.total() == 5
    assert read_progress(folder.session(second)).counts.reused == RECORDS - 5


def test_a_full_place_pauses_the_run_and_loses_nothing(folder: SessionFolder, memory: MemoryFileSystem) -> None:
    gate = threading.Event()
    job = JudgingJob(RECORDS, gate=gate, open_calls=40)
    run = begin(job, folder)
    until(lambda: run.snapshot().counts.done >= 20)
    memory.room = 0
    gate.set()
    run.wait(WAIT_S, until_paused=True)
    assert "the disk is full" in run.snapshot().status_reason
    memory.room = None
    run.resume()
    run.wait(WAIT_S)
    assert run.snapshot().counts.done == RECORDS
    assert verify(folder.session(run.sid)) == []


def test_one_session_has_one_writer(folder: SessionFolder) -> None:
    gate = threading.Event()
    job = JudgingJob(RECORDS, gate=gate)
    run = begin(job, folder)
    with pytest.raises(SessionLocked, match="another run"):
        begin(JudgingJob(RECORDS), folder)
    stop_at(gate, run, job)
