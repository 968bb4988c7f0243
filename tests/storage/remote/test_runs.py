"""Whole runs in every place that a session may lie in: stopped, gone on with, on another machine, asked to pause."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from feedeval.errors import SessionLocked, SessionNotFound
from feedeval.records import Ledger, Record, Status
from feedeval.results.archive import backup, restore
from feedeval.results.library import cleanup, consolidate, list_sessions
from feedeval.results.session import load_session
from feedeval.run.runner import Run, RunSettings, start
from feedeval.storage.addresses import is_address, shown
from feedeval.storage.batch_files import batch_files
from feedeval.storage.paths import AnyFolder, SessionFolder, session_paths
from feedeval.storage.readers import is_being_written, read_progress, session_ids, status_of
from feedeval.storage.requests import Action, ask, heard
from feedeval.storage.verify import verify
from tests.results.factory import Plan, evaluation
from tests.run.jobs import CallingJob
from tests.run.runs import WAIT_S, stop_at, until
from tests.storage.remote.places import machine

RECORDS = 60
SETTINGS: dict[str, Any] = {"batch_size": 10, "max_workers": 8, "progress_interval_s": 0.1}


class JudgingJob(CallingJob):
    """Makes an evaluation of each record, as an audit does, after a call or more."""

    async def process(self, record: Record, ledger: Ledger) -> dict[str, Any]:
        await super().process(record, ledger)
        return evaluation(Plan(), record.index, random.Random(record.index))


def begin(job: CallingJob, folder: AnyFolder, **settings: Any) -> Run:
    return start(job, folder, RunSettings(**SETTINGS | settings))


def finish(job: CallingJob, folder: AnyFolder, **settings: Any) -> Run:
    run = begin(job, folder, **settings)
    run.wait(WAIT_S)
    assert run.done
    return run


def stopped(folder: AnyFolder, done: int = 20) -> tuple[str, int]:
    """Stop a run in the middle; return its session and how many calls were made."""
    gate = threading.Event()
    job = JudgingJob(RECORDS, gate=gate, open_calls=done + 10)
    run = begin(job, folder)
    until(lambda: run.snapshot().counts.done >= done)
    stop_at(gate, run, job)
    return run.sid, job.served.total()


def test_a_run_that_is_stopped_goes_on_where_it_was(output: str) -> None:
    sid, served = stopped(output)
    assert session_ids(output) == [sid]
    again = JudgingJob(RECORDS)
    assert finish(again, output).sid == sid
    assert served + again.served.total() == RECORDS
    assert status_of(session_paths(output, sid)) is Status.FINISHED
    assert verify(session_paths(output, sid)) == []
    assert finish(JudgingJob(RECORDS), output).snapshot().calls == RECORDS, "what is finished costs nothing again"


# A folder is on one machine.
@pytest.mark.parametrize("output", ("memory", "s3"), indirect=True)
def test_another_machine_goes_on_with_it_and_pays_for_nothing_twice(output: str, tmp_path: Path) -> None:
    sid, served = stopped(output)
    other = machine(output, tmp_path / "other")
    assert session_ids(other) == [sid]
    again = JudgingJob(RECORDS)
    assert finish(again, other).sid == sid
    assert served + again.served.total() == RECORDS
    session = load_session(output_dir=output)
    assert session.status is Status.FINISHED
    pd.testing.assert_frame_equal(session.results, load_session(output_dir=other).results)
    assert session.results["product_id"].tolist() == [f"p{n}" for n in range(RECORDS)]


def test_results_are_read_listed_written_and_deleted_from_where_they_lie(output: str, tmp_path: Path) -> None:
    sid = finish(JudgingJob(RECORDS), output).sid
    session = load_session(output_dir=output)
    assert (session.id, len(session.results), len(session.judgements)) == (sid, RECORDS, 4 * RECORDS)
    assert shown(session.output_dir) == output and output in repr(session)
    assert list_sessions(output)["done"].tolist() == [RECORDS]
    assert len(session.gaps())
    assert session.summary().coverage_pct is not None
    table = consolidate(sid, tmp_path / "all.csv", output_dir=output)
    assert len(pd.read_csv(table)) == RECORDS
    archive = backup(sid, tmp_path / "b.tar.gz", output_dir=output)
    kept = session.results
    assert cleanup(sid, output_dir=output)
    assert session_ids(output) == []
    with pytest.raises(SessionNotFound, match="there is no session in"):
        load_session(output_dir=output)
    assert restore(archive, output) == [sid]
    pd.testing.assert_frame_equal(load_session(output_dir=output).results, kept)
    assert verify(session_paths(output, sid)) == []


def test_a_changed_feed_takes_over_what_still_holds(output: str) -> None:
    contents = [str(n) for n in range(RECORDS)]
    first = finish(JudgingJob(contents), output).sid
    job = JudgingJob([*contents[:-5], *(f"new {n}" for n in range(5))])
    second = finish(job, output).sid
    assert session_ids(output) == [first, second]
    assert job.served.total() == 5
    assert read_progress(session_paths(output, second)).counts.reused == RECORDS - 5


def test_a_run_is_asked_from_another_machine(output: str, tmp_path: Path) -> None:
    folder: AnyFolder = machine(output, tmp_path / "other") if is_address(output) else output
    run = begin(JudgingJob(2000, latency_s=0.2), output, max_workers=2)
    paths = SessionFolder.of(folder).session(run.sid)
    until(lambda: is_being_written(paths))
    ask(paths, Action.PAUSE)
    assert heard(paths, WAIT_S)
    until(lambda: run.snapshot().status is Status.PAUSED)
    ask(paths, Action.STOP)
    assert heard(paths, WAIT_S)
    assert run.wait(WAIT_S).status is Status.STOPPED
    assert run.snapshot().status_reason == "stopped by hand, from another window"


def test_a_session_has_one_writer_on_all_machines(output: str, tmp_path: Path) -> None:
    run = begin(JudgingJob(2000, latency_s=0.2), output)
    places: list[AnyFolder] = [output, machine(output, tmp_path / "other")] if is_address(output) else [output]
    for place in places:
        until(lambda place=place: session_ids(place) == [run.sid])  # type: ignore[misc]
        with pytest.raises(SessionLocked, match="is being written by process"):
            begin(JudgingJob(2000), place, session=run.sid)
    run.stop()
    run.wait(WAIT_S)


def test_results_are_read_while_the_run_goes_on(output: str, tmp_path: Path) -> None:
    run = begin(JudgingJob(RECORDS, latency_s=0.05), output, max_workers=4)
    until(lambda: len(batch_files(session_paths(output, run.sid))) >= 2)
    assert len(load_session(run.sid, output_dir=output).results) >= 20
    if is_address(output):
        other = machine(output, tmp_path / "other")
        until(lambda: bool(session_ids(other)) and len(load_session(run.sid, output_dir=other).results) >= 20)
    assert run.wait(WAIT_S).status is Status.FINISHED


def test_many_threads_read_one_session(output: str) -> None:
    finish(JudgingJob(RECORDS), output)
    lengths: list[int] = []
    read: Callable[[], None] = lambda: lengths.append(len(load_session(output_dir=output).results))  # noqa: E731
    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lengths == [RECORDS] * 4
