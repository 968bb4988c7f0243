"""A run from its start to its end: what is done, written, tried again, and how it stops."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from feedeval.errors import ContentFiltered, InputError, SessionLocked, SessionNotFound, TimedOut
from feedeval.records import Ledger, Record, Status
from feedeval.run.runner import RunSettings, start
from tests.run.jobs import CallingJob, QuickJob, at
from tests.run.runs import WAIT_S, Listener, failures, files, finish, progress, results, stop_at, until


def test_every_record_has_a_result_in_order(tmp_path: Path) -> None:
    run, snapshot = finish(QuickJob(53), tmp_path, batch_size=10)

    assert snapshot.status is Status.FINISHED
    assert [row.value["echo"] for row in results(tmp_path, run.sid)] == [str(n) for n in range(53)]
    assert [(f.start_index, f.end_index) for f in files(tmp_path, run.sid)][-1] == (50, 52)


def test_progress_reports_and_summary_agree(tmp_path: Path) -> None:
    run, snapshot = finish(CallingJob(50, calls=2), tmp_path, batch_size=20)

    said = progress(tmp_path, run.sid)
    reports = [f.report for f in files(tmp_path, run.sid)]
    summary = orjson.loads((tmp_path / f"summary_{run.sid}.json").read_bytes())
    assert said.status is Status.FINISHED
    assert (said.counts.done, said.calls, said.usage.input_tokens, said.usage.output_tokens) == (50, 100, 10_000, 2_000)
    assert said.cost_usd == pytest.approx(0.1)
    assert sum(r.calls for r in reports) == said.calls == snapshot.calls
    assert sum(r.tokens for r in reports) == said.usage.total_tokens
    assert [b["batch_number"] for b in summary["batches"]] == [1, 2, 3]
    assert said.latest_report is not None


def test_call_logs_are_gone_when_their_batches_are_complete(tmp_path: Path) -> None:
    finish(CallingJob(30), tmp_path, batch_size=10)

    assert not list(tmp_path.glob("calls_*"))


def test_call_logs_stay_when_asked_to(tmp_path: Path) -> None:
    finish(CallingJob(30), tmp_path, batch_size=10, keep_calls=True)

    assert len(list(tmp_path.glob("calls_*"))) == 3


def test_a_failing_record_is_a_row_and_stops_nothing(tmp_path: Path) -> None:
    job = QuickJob(40, fault=at(7, error=ContentFiltered("filtered, key sk-abcdef123456")))

    run, snapshot = finish(job, tmp_path)

    (failure,) = failures(tmp_path, run.sid)
    assert snapshot.counts.done == 39
    assert snapshot.counts.failed == 1
    assert (failure.key, failure.error_type, failure.context["batch_number"]) == ("p7", "ContentFiltered", 1)
    assert "sk-abcdef" not in failure.message + failure.traceback
    assert "jobs.py" in failure.traceback
    assert snapshot.errors_by_type == {"ContentFiltered": 1}
    errors = orjson.loads((tmp_path / f"errors_{run.sid}.json").read_bytes())
    assert errors["errors_by_type"] == {"ContentFiltered": 1}
    assert errors["latest"][0]["key"] == "p7"


def test_an_unexpected_exception_is_a_failure_row(tmp_path: Path) -> None:
    run, _ = finish(QuickJob(5, fault=lambda record, _: KeyError("x") if record.index == 2 else None), tmp_path)

    assert failures(tmp_path, run.sid)[0].error_type == "KeyError"


def test_a_complete_session_is_returned_as_it_is(tmp_path: Path) -> None:
    first, _ = finish(CallingJob(20), tmp_path)
    before = {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    job, listener = CallingJob(20), Listener()

    run = start(job, tmp_path, RunSettings(), reporters=[listener])

    assert run.done
    assert run.sid == first.sid
    assert run.wait().counts.done == 20
    assert not job.served
    assert {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()} == before
    assert "complete" in listener.messages[0]


def test_failed_records_are_tried_again_and_the_results_beside_them_stay(tmp_path: Path) -> None:
    job = CallingJob(40, fault=at(3, 25, error=TimedOut("slow")))
    first, _ = finish(job, tmp_path, batch_size=10)
    before = results(tmp_path, first.sid)
    again = CallingJob(40)

    run, snapshot = finish(again, tmp_path, batch_size=10)

    assert run.sid == first.sid
    assert set(again.tries) == {"p3", "p25"}
    assert snapshot.counts.done == 40
    assert snapshot.errors_by_type == {}
    after = {row.index: row for row in results(tmp_path, run.sid)}
    assert [after[row.index] for row in before] == before
    assert not failures(tmp_path, run.sid)
    # What the failed tries cost stays on the books.
    assert (
        sum(job.served.values()) + sum(again.served.values())
        == 42
        == snapshot.calls
        == progress(tmp_path, run.sid).calls
    )
    assert sum(f.report.calls for f in files(tmp_path, run.sid)) == 42


def test_failures_that_were_not_reached_again_still_count_after_a_stop(tmp_path: Path) -> None:
    finish(CallingJob(30, fault=at(28, 29, error=TimedOut("slow"))), tmp_path)
    gate = threading.Event()
    job = CallingJob(30, gate=gate)
    run = start(job, tmp_path, RunSettings(max_workers=1))
    until(lambda: job.in_flight == 1)

    counts = run.snapshot().counts
    stop_at(gate, run, job)

    assert (counts.done, counts.failed) == (28, 2)


def test_batches_are_not_barriers(tmp_path: Path) -> None:
    release = threading.Event()

    class OneSlow(QuickJob):
        async def process(self, record: Record, ledger: Ledger) -> dict[str, Any]:
            while record.index == 0 and not release.is_set():
                await asyncio.sleep(0.005)
            return await super().process(record, ledger)

    run = start(OneSlow(100), tmp_path, RunSettings(batch_size=10, max_workers=4))
    until(lambda: len(list(tmp_path.glob("batch_*"))) == 9)

    assert not list(tmp_path.glob("batch_0001_*"))
    release.set()
    assert run.wait(WAIT_S).counts.done == 100


def test_workers_are_as_many_as_allowed(tmp_path: Path) -> None:
    job = CallingJob(60, latency_s=0.01)

    finish(job, tmp_path, max_workers=7)

    assert job.most_in_flight == 7


def test_twins_are_worked_on_once(tmp_path: Path) -> None:
    job = CallingJob(["a", "b", "a", "c", "a", "b"] * 10, latency_s=0.005)

    run, snapshot = finish(job, tmp_path, batch_size=7)

    rows = results(tmp_path, run.sid)
    assert len(job.served) == sum(job.served.values()) == 3
    assert [row.value["echo"] for row in rows] == job.contents
    assert [row.reused_from for row in rows[:6]] == [None, None, "key:p0", None, "key:p0", "key:p1"]
    assert {(row.calls, row.cost_usd) for row in rows if row.reused_from} == {(0, 0.0)}
    assert snapshot.counts.reused == 57
    assert rows[2].meta == {"product_id": "p2"}


def test_twins_of_a_record_that_cannot_be_done_fail_likewise(tmp_path: Path) -> None:
    job = QuickJob(["a", "a", "b", "a"], fault=at(0, 1, 3, error=ContentFiltered("no")))

    run, snapshot = finish(job, tmp_path)

    assert job.tries == {"p0": 1, "p2": 1}
    assert snapshot.counts.failed == 3
    assert failures(tmp_path, run.sid)[1].context["same_content_as"] == "p0"


@pytest.mark.parametrize("latency_s", [0.0, 0.01])
def test_the_next_twin_gets_a_try_of_its_own_after_a_fault_that_may_pass(tmp_path: Path, latency_s: float) -> None:
    job = CallingJob(
        ["a", "a", "b", "a", "a"],
        latency_s=latency_s,
        fault=at(0, error=TimedOut("late")),
    )

    run, snapshot = finish(job, tmp_path, batch_size=2)

    assert snapshot.counts.done == 4
    assert [row.reused_from for row in results(tmp_path, run.sid)] == [None, None, "key:p1", "key:p1"]


def test_pause_finishes_what_is_in_flight_and_starts_nothing(tmp_path: Path) -> None:
    gate = threading.Event()
    job = CallingJob(200, gate=gate)
    run = start(job, tmp_path, RunSettings(max_workers=8))
    until(lambda: job.in_flight == 8)

    run.pause()
    assert run.snapshot().state_text.startswith("pausing: ")
    until(lambda: job.allowed == 0)  # the loop has heard of it
    gate.set()
    until(lambda: run.snapshot().status is Status.PAUSED)
    # A chance for calls that should not be made.
    time.sleep(0.15)

    assert job.served.total() == run.snapshot().counts.done == 8
    until(lambda: progress(tmp_path, run.sid).status is Status.PAUSED)
    run.resume()
    assert run.wait(WAIT_S).counts.done == 200
    assert set(job.served.values()) == {1}


def test_pause_does_not_wait_for_records_that_wait_their_turn(tmp_path: Path) -> None:
    gate = threading.Event()
    job = CallingJob(100, gate=gate, turns=2)
    run = start(job, tmp_path, RunSettings(max_workers=40))
    until(lambda: job.in_flight == 2 and job.tries.total() == 40)

    run.pause()
    until(lambda: job.allowed == 0)
    gate.set()
    until(lambda: run.snapshot().status is Status.PAUSED)

    assert job.served.total() == 2
    run.resume()
    assert run.wait(WAIT_S).counts.done == 100
    assert set(job.served.values()) == {1}


def test_stop_writes_the_state_and_the_same_run_can_be_taken_up(tmp_path: Path) -> None:
    gate = threading.Event()
    job = CallingJob(100, gate=gate, open_calls=32)
    run = start(job, tmp_path, RunSettings(max_workers=8, batch_size=10))
    until(lambda: job.served.total() == 32 and job.in_flight == 8)
    run.stop()
    until(lambda: job.allowed == 0)
    gate.set()
    snapshot = run.wait(WAIT_S)

    assert snapshot.status is Status.STOPPED
    assert job.served.total() == 40, "what was in flight is finished, and nothing else is begun"
    said = progress(tmp_path, run.sid)
    assert (said.status, said.counts.done) == (Status.STOPPED, len(results(tmp_path, run.sid)))
    assert job.closed
    again = CallingJob(100)
    second, snapshot = finish(again, tmp_path, batch_size=10)
    assert second.sid == run.sid
    assert snapshot.counts.done == 100
    assert not set(job.served) & set(again.served)
    assert snapshot.calls == 100 == sum(row.calls for row in results(tmp_path, run.sid))
    assert snapshot.usage.input_tokens == 10_000


def test_stop_while_paused_ends_the_run(tmp_path: Path) -> None:
    job = CallingJob(4000, latency_s=0.2)
    run = start(job, tmp_path, RunSettings(max_workers=4))
    run.pause()
    until(lambda: run.snapshot().status is Status.PAUSED)

    run.stop()

    assert run.wait(WAIT_S).status is Status.STOPPED


def test_resume_during_the_pause_goes_on(tmp_path: Path) -> None:
    gate = threading.Event()
    job = CallingJob(60, gate=gate)
    run = start(job, tmp_path, RunSettings(max_workers=4))
    until(lambda: job.in_flight == 4)

    run.pause()
    run.resume()
    gate.set()

    assert run.wait(WAIT_S).status is Status.FINISHED


def test_a_quick_job_can_be_paused_at_once(tmp_path: Path) -> None:
    gate = threading.Event()

    def holds_up_all(record: Record, attempt: int) -> None:
        # However late the pause is asked for, there are records left.
        assert record.index < 1000 or gate.wait(WAIT_S)

    run = start(QuickJob(60_000, fault=holds_up_all), tmp_path, RunSettings(batch_size=500))
    until(lambda: run.snapshot().counts.done > 0)

    run.pause()
    gate.set()
    until(lambda: run.snapshot().status is Status.PAUSED)

    assert 0 < run.snapshot().counts.done < 60_000
    run.stop()
    run.wait(WAIT_S)


def test_two_runs_on_one_session_exclude_each_other(tmp_path: Path) -> None:
    gate = threading.Event()
    job = CallingJob(100, gate=gate)
    run = start(job, tmp_path, RunSettings(max_workers=2))

    with pytest.raises(SessionLocked):
        start(CallingJob(100), tmp_path, RunSettings())

    stop_at(gate, run, job)


def test_the_batch_size_of_a_session_stays(tmp_path: Path) -> None:
    gate = threading.Event()
    job = CallingJob(50, gate=gate, open_calls=15)
    run = start(job, tmp_path, RunSettings(batch_size=10, max_workers=2))
    until(lambda: run.snapshot().batches_complete >= 1)
    stop_at(gate, run, job)
    listener = Listener()

    second = start(CallingJob(50), tmp_path, RunSettings(batch_size=25), reporters=[listener])
    second.wait(WAIT_S)

    assert len(files(tmp_path, second.sid)) == 5
    assert any("batch size of 10" in text for text in listener.messages)


def test_no_records_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no products"):
        start(QuickJob(0), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_named_session_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SessionNotFound):
        start(QuickJob(3), tmp_path, RunSettings(session="20200101_000000"))


@pytest.mark.parametrize(
    ("setting", "value", "accepted"),
    [("batch_size", 0, "from 1 to 1000"), ("max_workers", -1, "from 1 to 4096"), ("budget_usd", 0, "above 0")],
)
def test_a_setting_out_of_range_names_value_and_range(setting: str, value: int, accepted: str) -> None:
    with pytest.raises(InputError, match=f"{setting}={value}.*{accepted}"):
        RunSettings(**{setting: value})


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(InputError, match="batch_sise is not a setting"):
        RunSettings(batch_sise=3)


def test_changes_that_nobody_hears_are_refused(tmp_path: Path) -> None:
    gate = threading.Event()
    job = CallingJob(50, gate=gate)
    run = start(job, tmp_path, RunSettings(max_workers=1))

    with pytest.raises(InputError, match="api_key"):
        run.resume(api_key="x")

    stop_at(gate, run, job)
    with pytest.raises(InputError, match="not being worked on"):
        run.resume()


def test_resuming_a_finished_run_does_nothing(tmp_path: Path) -> None:
    run, _ = finish(QuickJob(5), tmp_path)

    run.pause()
    run.resume()
    run.stop()

    assert run.wait(WAIT_S).status is Status.FINISHED


def test_records_that_change_during_the_run_pause_it(tmp_path: Path) -> None:
    job = QuickJob([str(n) for n in range(30)])
    original = job.records

    def changed() -> Any:
        job.contents = [*(str(n) for n in range(20)), "other", *(str(n) for n in range(21, 30))]
        return original()

    passes = iter([original, changed])
    job.records = lambda: next(passes)()  # type: ignore[method-assign]

    run = start(job, tmp_path, RunSettings(batch_size=5))
    until(lambda: run.snapshot().needs_person)

    assert "changed while the run was going on" in run.snapshot().status_reason
    run.stop()
    assert run.wait(WAIT_S).counts.done == 20


def test_a_source_that_breaks_during_the_run_pauses_it_and_it_goes_on(tmp_path: Path) -> None:
    job = QuickJob(30)
    original = job.records

    def broken() -> Any:
        for record in original():
            if record.index == 12:
                raise OSError("the share is gone")
            yield record

    passes = iter([original, broken, original])
    job.records = lambda: next(passes)()  # type: ignore[method-assign]
    run = start(job, tmp_path, RunSettings(batch_size=5))
    until(lambda: run.snapshot().needs_person)

    assert "the share is gone" in run.snapshot().status_reason
    run.resume()
    assert run.wait(WAIT_S).counts.done == 30


def test_a_job_that_does_not_open_ends_the_run_and_is_told(tmp_path: Path) -> None:
    class Broken(QuickJob):
        async def open(self, documents: Any) -> None:
            raise ZeroDivisionError("a bug")

    run = start(Broken(3), tmp_path)

    with pytest.raises(ZeroDivisionError):
        run.wait(WAIT_S)
    assert run.snapshot().status is Status.STOPPED
    finish(QuickJob(3), tmp_path)


def test_the_event_log_tells_the_story(tmp_path: Path) -> None:
    run, _ = finish(QuickJob(20, fault=lambda r, _: ValueError("two\nlines") if r.index == 3 else None), tmp_path)

    lines = (tmp_path / "evaluation.log").read_text().splitlines()
    assert all(line[:4].isdigit() and run.sid in line for line in lines)
    assert any("p3" in line and "two lines" in line for line in lines)
    assert any("batch 1/1" in line for line in lines)
    assert "starts: 20 records of audit with quick, batches of 20" in lines[0]
    assert "finished" in lines[-1]
