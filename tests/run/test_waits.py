"""Waits for what is no reply: who is told, who gives up, and what becomes of calls that hang."""

from __future__ import annotations

import threading
import warnings
from datetime import datetime
from pathlib import Path

import pytest

from feedeval.errors import RunWarning, WaitedTooLong
from feedeval.records import Gauges, Status
from feedeval.run.health import SystemReaders
from feedeval.run.progress import Memory
from feedeval.run.runner import HealthSettings, Hooks, RunSettings, run_blocking, start
from feedeval.run.telling.waits import Waits
from tests.run.jobs import CallingJob
from tests.run.runs import WAIT_S, Listener, until

LOOKS = HealthSettings(interval_s=0.02, clear_looks=1)


def full_disk() -> Hooks:
    readers = SystemReaders(memory=lambda: Memory(100, 100, 8000, 16000), disk_free_mb=lambda _: 2.0)
    return Hooks(readers=readers)


def test_a_blocking_call_says_that_the_disk_is_full_and_gives_up(tmp_path: Path) -> None:
    settings = RunSettings(max_workers=2, health=LOOKS, give_up_after_s=0.5)
    job = CallingJob(3000, latency_s=0.005)
    with pytest.warns(RunWarning, match="the run waits: disk is full: 2 MB left") as told:
        run = start(job, tmp_path, settings, hooks=full_disk())
        with pytest.raises(WaitedTooLong) as raised:
            run_blocking(run)

    assert len(told) == 1 and told[0].filename == __file__
    text = str(raised.value)
    for expected in ("disk is full: 2 MB left", f"session {run.sid}", "the same call goes on", "give_up_after_s"):
        assert expected in text
    assert run.done and run.snapshot().status is Status.STOPPED


def test_a_run_in_the_background_warns_and_waits_on(tmp_path: Path) -> None:
    settings = RunSettings(max_workers=2, health=LOOKS, give_up_after_s=0.1)
    with pytest.warns(RunWarning, match="disk is full"):
        run = start(CallingJob(3000, latency_s=0.005), tmp_path, settings, hooks=full_disk())
        until(lambda: run.snapshot().waited_s > 0.3)
    assert "disk is full" in run.snapshot().waits_for
    assert not run.done
    run.stop()
    run.wait(WAIT_S)


def test_warnings_that_are_errors_stop_no_run(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = start(
            CallingJob(3000, latency_s=0.005), tmp_path, RunSettings(max_workers=2, health=LOOKS), hooks=full_disk()
        )
        until(lambda: run.snapshot().status is Status.PAUSED)
        run.stop()
        assert run.wait(WAIT_S).status is Status.STOPPED


def test_each_cause_is_told_once_and_a_try_between_two_waits_ends_none() -> None:
    told: list[str] = []
    waits = Waits(datetime.now, told.append)
    asked = Gauges(retrying=2, next_try_s=40, asked_s=40)
    waits.look("", asked, 10, 0.0)
    waits.look("", Gauges(in_flight=1), 10, 40.0)
    assert waits.reason == ""
    waits.look("", asked, 10, 41.0)
    assert waits.waited_s == 41.0
    waits.look("", asked, 11, 50.0)
    assert waits.waited_s == 0.0
    waits.look("no network: gone", Gauges(), 11, 51.0)
    waits.look("no network: gone still", Gauges(), 11, 52.0)
    assert len(told) == 2
    assert "as the endpoint asked" in told[0] and "no network" in told[1]


def test_calls_that_hang_are_given_up_by_a_stop_and_made_again(tmp_path: Path) -> None:
    gate, seen = threading.Event(), Listener()
    job = CallingJob(40, latency_s=0.001, gate=gate, open_calls=10, turns=4)
    run = start(job, tmp_path, RunSettings(max_workers=4, batch_size=5, stop_grace_s=0.3), reporters=[seen])
    until(lambda: sum(job.served.values()) == 10 and job.in_flight == 4)
    run.stop()

    snapshot = run.wait(WAIT_S)
    assert snapshot.status is Status.STOPPED
    assert any("those of 4 products" in text and "without a reply" in text for text in seen.messages)

    again = CallingJob(40)
    ended = start(again, tmp_path, RunSettings(max_workers=4, batch_size=5)).wait(WAIT_S)
    assert ended.counts.done == 40
    assert sum(again.served.values()) == 30, "what had come back is not asked again"
