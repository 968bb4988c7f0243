"""Faults of the whole run: it pauses with one clear sentence, loses nothing, and goes on."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from feedeval.errors import (
    ConnectionLost,
    ContentFiltered,
    InputError,
    ModelRefused,
    QuotaExhausted,
    ReplyInvalid,
    RequestRejected,
    ServerFault,
    StorageError,
    TimedOut,
    WrongKey,
)
from feedeval.records import BatchFile, Call, HealthStatus, Record, Status
from feedeval.run.health import SystemReaders
from feedeval.run.progress import Memory
from feedeval.run.runner import HealthSettings, Hooks, Run, RunSettings, run_blocking, start
from feedeval.storage.store import SessionStore
from tests.run.jobs import CallingJob, QuickJob, sometimes
from tests.run.runs import WAIT_S, Listener, failures, files, finish, progress, results, stop_at, until


def paused(run: Run) -> str:
    """Wait until a run needs a person, and return its reason."""
    until(lambda: run.snapshot().needs_person)
    return run.snapshot().status_reason


class WithKey(CallingJob):
    """Refuses every call after so many with a wrong key, until it is given another."""

    def __init__(self, contents: int, *, good_calls: int, error: type[Exception] = WrongKey, **others: Any) -> None:
        super().__init__(contents, **others)
        self.good_calls = good_calls
        self.error = error
        self.refused = 0
        self.mended = False

    def _reply(self, record: Record, request_hash: str, number: int) -> Call:
        if not self.mended and sum(self.served.values()) >= self.good_calls:
            self.refused += 1
            raise self.error("The endpoint does not accept the API key.")
        return super()._reply(record, request_hash, number)


@pytest.mark.parametrize("error", [WrongKey, QuotaExhausted])
def test_a_fault_that_no_retry_mends_pauses_within_the_calls_in_flight(tmp_path: Path, error: type[Exception]) -> None:
    job = WithKey(200, good_calls=50, latency_s=0.01, error=error)
    listener = Listener()

    def change(changes: Mapping[str, Any]) -> None:
        assert changes == {"api_key": "better"}
        job.mended = True

    run = start(job, tmp_path, RunSettings(max_workers=16), reporters=[listener], hooks=Hooks(on_change=change))
    reason = paused(run)

    assert reason == f"{error.__name__}: The endpoint does not accept the API key."
    assert job.refused <= 16
    assert run.snapshot().counts.failed == 0
    until(lambda: progress(tmp_path, run.sid).status_reason == reason)
    run.resume(api_key="better")
    assert run.wait(WAIT_S).counts.done == 200
    assert set(job.served.values()) == {1}
    assert len([text for text in listener.messages if "API key" in text]) == 1


def test_resuming_without_mending_pauses_again(tmp_path: Path) -> None:
    job = WithKey(20, good_calls=0)
    run = start(job, tmp_path)
    paused(run)
    refused = job.refused

    run.resume()
    until(lambda: job.refused > refused and run.snapshot().needs_person)

    run.stop()
    assert "API key" in run.wait(WAIT_S).status_reason


def test_a_wrong_key_when_the_job_opens_pauses_and_can_be_mended(tmp_path: Path) -> None:
    class Opens(QuickJob):
        mended = False

        async def open(self, documents: Any) -> None:
            if not self.mended:
                raise WrongKey("no key")

    job = Opens(5)
    run = start(job, tmp_path)
    assert "no key" in paused(run)

    job.mended = True
    run.resume()
    assert run.wait(WAIT_S).counts.done == 5


def test_a_blocking_call_does_not_wait_for_a_person(tmp_path: Path) -> None:
    run = start(WithKey(20, good_calls=5), tmp_path)

    snapshot = run_blocking(run)

    assert run.done
    assert snapshot.status is Status.STOPPED
    assert "API key" in snapshot.status_reason
    _, again = finish(CallingJob(20), tmp_path)
    assert again.counts.done == 20


def test_a_lost_connection_pauses_probes_and_goes_on_by_itself(tmp_path: Path) -> None:
    down, seen = threading.Event(), threading.Event()
    down.set()

    def fault(record: Record, _: int) -> Exception | None:
        return ConnectionLost("no route to host") if record.index >= 5 and down.is_set() else None

    class Away(QuickJob):
        async def probe(self) -> None:
            while not seen.is_set():
                await asyncio.sleep(0.001)
            await super().probe()
            down.clear()

    job = Away(40, fault=fault)
    job.unreachable = 3
    run = start(job, tmp_path, RunSettings(probe_first_s=0.02, probe_longest_s=0.04))
    until(lambda: run.snapshot().status is Status.PAUSED)

    snapshot = run.snapshot()
    assert "no network" in snapshot.status_reason
    assert not snapshot.needs_person
    seen.set()
    assert run.wait(WAIT_S).counts.done == 40
    assert job.probes == 4


def test_looks_at_the_machine_do_not_put_off_the_next_probe(tmp_path: Path) -> None:
    job = QuickJob(5, fault=lambda r, attempt: ConnectionLost("down") if r.index == 0 and attempt == 1 else None)
    job.unreachable = 2
    health = HealthSettings(interval_s=0.02)

    run = start(job, tmp_path, RunSettings(probe_first_s=0.25, probe_longest_s=0.25, health=health))

    assert run.wait(WAIT_S).counts.done == 5
    assert job.probes == 3


def test_a_record_that_keeps_losing_the_connection_becomes_a_failure(tmp_path: Path) -> None:
    job = QuickJob(10, fault=lambda record, _: ConnectionLost("this host only") if record.index == 4 else None)

    run, snapshot = finish(job, tmp_path, probe_first_s=0.01, connection_tries=3)

    assert snapshot.counts.done == 9
    assert failures(tmp_path, run.sid)[0].context["attempts"] == 3


def test_a_probe_that_meets_a_wrong_key_asks_for_a_person(tmp_path: Path) -> None:
    class Probed(QuickJob):
        async def probe(self) -> None:
            raise WrongKey("expired")

    run = start(Probed(3, fault=lambda *_: ConnectionLost("down")), tmp_path, RunSettings(probe_first_s=0.01))

    assert "expired" in paused(run)
    run.stop()
    run.wait(WAIT_S)


def test_a_person_can_pause_what_would_go_on_by_itself(tmp_path: Path) -> None:
    down = threading.Event()
    down.set()
    job = QuickJob(5, fault=lambda *_: ConnectionLost("down") if down.is_set() else None)
    # It stays away, however late the pause is asked for.
    job.unreachable = sys.maxsize
    run = start(job, tmp_path, RunSettings(probe_first_s=0.05))
    until(lambda: run.snapshot().status is Status.PAUSED)

    run.pause()
    until(lambda: run.snapshot().needs_person)
    job.unreachable = 0
    down.clear()
    # A chance to go on, which it must not.
    time.sleep(0.15)

    assert run.snapshot().status is Status.PAUSED
    run.resume()
    assert run.wait(WAIT_S).counts.done == 5


def test_the_budget_is_kept_and_a_higher_one_goes_on(tmp_path: Path) -> None:
    job = CallingJob(100, latency_s=0.002, price_usd=0.01, estimate_usd=0.002)
    run = start(job, tmp_path, RunSettings(budget_usd=0.305, max_workers=16))
    reason = paused(run)

    assert "budget of $0.30" in reason or "budget of $0.31" in reason
    assert sum(job.served.values()) == 30
    assert run.snapshot().cost_usd == pytest.approx(0.30)
    run.resume(budget_usd=2.0)
    assert run.wait(WAIT_S).cost_usd == pytest.approx(1.0)
    assert progress(tmp_path, run.sid).budget_usd == 2.0


def test_the_budget_counts_earlier_sittings(tmp_path: Path) -> None:
    first = CallingJob(100, price_usd=0.01, latency_s=0.001)
    run_blocking(start(first, tmp_path, RunSettings(budget_usd=0.25, batch_size=10, max_workers=4)))
    second = CallingJob(100, price_usd=0.01, latency_s=0.001)

    snapshot = run_blocking(start(second, tmp_path, RunSettings(budget_usd=0.5, batch_size=10, max_workers=4)))

    assert sum(first.served.values()) + sum(second.served.values()) == 50
    assert not set(first.served) & set(second.served)
    assert snapshot.cost_usd == pytest.approx(0.5)


def test_a_budget_without_a_price_asks_for_a_person(tmp_path: Path) -> None:
    job = CallingJob(20, price_usd=None, estimate_usd=0.0)
    run = start(job, tmp_path, RunSettings(budget_usd=1.0))

    assert "price of this model is not known" in paused(run)
    assert sum(job.served.values()) == 1
    run.resume(budget_usd=None)
    assert run.wait(WAIT_S).cost_usd is None


def test_a_budget_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    gate = threading.Event()
    job = CallingJob(50, gate=gate)
    run = start(job, tmp_path, RunSettings(max_workers=1))

    with pytest.raises(InputError, match="budget_usd=-1"):
        run.resume(budget_usd=-1)

    stop_at(gate, run, job)


class FullDisk:
    """Breaks the writes of every store while it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, calls: bool = True, batches: bool = True) -> None:
        self.full = threading.Event()
        append, write = SessionStore.append_call, SessionStore.write_batch

        def append_call(store: SessionStore, number: int, call: Call) -> None:
            self._refuse(calls)
            append(store, number, call)

        def write_batch(store: SessionStore, batch: BatchFile) -> None:
            self._refuse(batches)
            write(store, batch)

        # The store is made inside `start`: there is no constructor to hand a broken disk to. A really full one is
        # slow and needs a mount; the store's own tests have it.
        monkeypatch.setattr(SessionStore, "append_call", append_call)
        monkeypatch.setattr(SessionStore, "write_batch", write_batch)

    def _refuse(self, concerned: bool) -> None:
        if concerned and self.full.is_set():
            raise StorageError("could not write: the disk is full")


@pytest.mark.parametrize("what", ["calls", "batches"])
def test_a_full_disk_pauses_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    disk = FullDisk(monkeypatch, calls=what == "calls", batches=what == "batches")
    gate = threading.Event()
    job = CallingJob(400, latency_s=0.002, gate=gate, open_calls=40)
    run = start(job, tmp_path, RunSettings(batch_size=10, max_workers=8))
    until(lambda: run.snapshot().batches_complete >= 2)
    disk.full.set()
    gate.set()

    assert "disk is full" in paused(run)
    served = sum(job.served.values())
    # A chance for calls that should not be made.
    time.sleep(0.05)
    assert sum(job.served.values()) == served
    run.resume()
    # A chance to begin, before it is paused again.
    time.sleep(0.05)
    assert "disk is full" in paused(run)
    disk.full.clear()
    run.resume()
    assert run.wait(WAIT_S).counts.done == 400
    assert set(job.served.values()) == {1}
    assert sum(f.report.calls for f in files(tmp_path, run.sid)) == 400


def test_stopping_on_a_full_disk_ends_the_run_and_the_calls_are_found_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(monkeypatch, calls=False)
    gate = threading.Event()
    job = CallingJob(60, latency_s=0.002, gate=gate, open_calls=30)
    run = start(job, tmp_path, RunSettings(batch_size=10, max_workers=8))
    until(lambda: run.snapshot().batches_complete >= 1)
    disk.full.set()
    gate.set()
    paused(run)
    run.stop()
    assert run.wait(WAIT_S).status is Status.STOPPED
    disk.full.clear()

    again = CallingJob(60)
    _, snapshot = finish(again, tmp_path)

    assert snapshot.counts.done == 60
    assert not set(job.served) & set(again.served)


def test_an_unwritable_folder_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")

    with pytest.raises(StorageError):
        start(QuickJob(3), file / "output")


def test_too_many_failures_pause_and_say_what_to_do(tmp_path: Path) -> None:
    broken = threading.Event()
    broken.set()
    job = QuickJob(500, fault=lambda *_: RequestRejected("no such field") if broken.is_set() else None)
    run = start(job, tmp_path, RunSettings(max_workers=4))

    reason = paused(run)

    assert "all refused" in reason
    assert "no such field" in reason
    assert "run.resume()" in reason
    assert 20 <= run.snapshot().counts.failed < 100
    broken.clear()
    run.resume()
    snapshot = run.wait(WAIT_S)
    assert snapshot.counts.done + snapshot.counts.failed == 500


def test_some_failures_do_not_pause(tmp_path: Path) -> None:
    _, snapshot = finish(QuickJob(300, fault=sometimes(0.4, lambda r: ContentFiltered("no"))), tmp_path)

    assert snapshot.status is Status.FINISHED
    assert snapshot.health.overall_status is not HealthStatus.CRITICAL


def test_memory_pressure_narrows_then_pauses_then_goes_on_by_itself(tmp_path: Path) -> None:
    readings = [Memory(100, 100, 8000, 16000)]
    readers = SystemReaders(memory=lambda: readings[0], disk_free_mb=lambda _: 10_000.0)
    job = CallingJob(3000, latency_s=0.2)
    settings = RunSettings(max_workers=16, health=HealthSettings(interval_s=0.02, clear_looks=2))
    run = start(job, tmp_path, settings, hooks=Hooks(readers=readers))
    until(lambda: run.snapshot().counts.done > 20)

    readings[0] = Memory(100, 100, 300, 16000)
    until(lambda: 4 in job.narrowings)
    assert run.snapshot().health.overall_status is HealthStatus.DEGRADED
    assert run.snapshot().status is Status.RUNNING

    readings[0] = Memory(100, 100, 50, 16000)
    until(lambda: run.snapshot().status is Status.PAUSED)
    assert "memory is short" in run.snapshot().status_reason
    assert not run.snapshot().needs_person

    readings[0] = Memory(100, 100, 8000, 16000)
    until(lambda: run.snapshot().status is Status.RUNNING)
    until(lambda: job.narrowings[-1] is None)
    run.stop()
    run.wait(WAIT_S)


def test_a_full_disk_that_is_seen_coming_pauses(tmp_path: Path) -> None:
    free = [10_000.0]
    readers = SystemReaders(memory=lambda: Memory(100, 100, 8000, 16000), disk_free_mb=lambda _: free[0])
    settings = RunSettings(max_workers=2, health=HealthSettings(interval_s=0.02, clear_looks=1))
    run = start(CallingJob(3000, latency_s=0.1), tmp_path, settings, hooks=Hooks(readers=readers))
    free[0] = 10.0

    until(lambda: run.snapshot().status is Status.PAUSED)

    assert "disk" in run.snapshot().status_reason
    free[0] = 10_000.0
    until(lambda: run.snapshot().status is Status.RUNNING)
    run.stop()
    run.wait(WAIT_S)


def test_a_reporter_that_breaks_does_not_break_the_run(tmp_path: Path) -> None:
    class Broken(Listener):
        def update(self, snapshot: Any) -> None:
            raise RuntimeError("no display")

        start = close = update  # type: ignore[assignment]

    listener = Listener()
    run = start(QuickJob(30), tmp_path, reporters=[Broken(), listener])

    assert run.wait(WAIT_S).counts.done == 30
    assert listener.closed[0].status is Status.FINISHED
    assert "no display" in (tmp_path / "evaluation.log").read_text()


def test_a_soak_with_every_kind_of_fault_leaves_a_row_for_every_record(tmp_path: Path) -> None:
    kinds = itertools.cycle(
        [RequestRejected, ContentFiltered, ModelRefused, ReplyInvalid, TimedOut, ServerFault, KeyError]
    )
    by_key: dict[str, type[Exception]] = {}
    passing = Counter[str]()

    def fault(record: Record, attempt: int) -> Exception | None:
        if record.index % 20 == 3:
            return by_key.setdefault(record.key, next(kinds))("no")
        if record.index % 500 == 7 and passing[record.key] < 1:
            passing[record.key] += 1
            return ConnectionLost("down") if record.index % 1000 == 7 else WrongKey("expired")
        return None

    contents = [f"c{n}" if n % 11 else "same" for n in range(3000)]
    job = CallingJob(contents, latency_s=0.001, fault=fault, calls=2, turns=20)
    run = start(job, tmp_path, RunSettings(probe_first_s=0.01, max_workers=40))
    while not run.done:
        snapshot = run.wait(0.05, until_paused=True)
        if snapshot.needs_person:
            assert "expired" in snapshot.status_reason
            run.resume()

    snapshot = run.wait(WAIT_S)
    rows = {row.index for row in results(tmp_path, run.sid)} | {row.index for row in failures(tmp_path, run.sid)}
    said = progress(tmp_path, run.sid)
    assert rows == set(range(3000))
    assert snapshot.counts.done + snapshot.counts.failed == 3000
    assert sum(snapshot.errors_by_type.values()) == snapshot.counts.failed == len(failures(tmp_path, run.sid))
    assert set(job.served.values()) == {1}
    assert sum(job.served.values()) == said.calls == sum(f.report.calls for f in files(tmp_path, run.sid))
    assert sum(f.report.failed for f in files(tmp_path, run.sid)) == said.counts.failed
    assert job.in_flight == 0
