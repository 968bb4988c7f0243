"""Pause, resume and stop in any order and at any moment: the last word counts."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from feedeval.errors import ConnectionLost, WrongKey
from feedeval.records import Status
from feedeval.run.runner import Run, RunSettings, start
from tests.run.jobs import CallingJob, QuickJob
from tests.run.runs import WAIT_S, until


def slow_run(folder: Path, records: int = 4000) -> Run:
    """Start a run whose calls take long enough to be found in flight, and all together longer than any test."""
    run = start(CallingJob(records, latency_s=0.2), folder, RunSettings(max_workers=8))
    until(lambda: run.snapshot().in_hand > 0)
    return run


def test_a_pause_after_a_resume_takes_it_back(tmp_path: Path) -> None:
    run = slow_run(tmp_path)

    run.pause()
    run.resume()
    run.pause()
    until(lambda: run.snapshot().status is Status.PAUSED)
    # A chance for a resume that was not taken back.
    time.sleep(0.15)

    snapshot = run.snapshot()
    assert (snapshot.status, snapshot.needs_person, snapshot.in_hand) == (Status.PAUSED, True, 0)
    run.stop()
    run.wait(WAIT_S)


def test_a_resume_after_a_pause_takes_it_back(tmp_path: Path) -> None:
    run = slow_run(tmp_path, 40)

    for _ in range(5):
        run.pause()
        run.resume()

    assert run.wait(WAIT_S, until_paused=True).counts.done == 40


def test_waiting_after_a_resume_waits_for_the_next_pause(tmp_path: Path) -> None:
    gate = threading.Event()
    job = CallingJob(40, gate=gate)
    run = start(job, tmp_path, RunSettings(max_workers=8))
    until(lambda: job.in_flight == 8)
    run.pause()
    until(lambda: job.allowed == 0)
    gate.set()
    until(lambda: run.snapshot().needs_person)

    run.resume()

    assert run.wait(WAIT_S, until_paused=True).status is Status.FINISHED


@pytest.mark.parametrize("delay_s", [0.0, 0.0002, 0.0005, 0.001, 0.002, 0.004])
def test_a_stop_at_any_moment_of_a_resume_stops(tmp_path: Path, delay_s: float) -> None:
    run = slow_run(tmp_path)
    run.pause()
    until(lambda: run.snapshot().needs_person)

    run.resume()
    time.sleep(delay_s)
    run.stop()

    assert run.wait(WAIT_S).status is Status.STOPPED


@pytest.mark.parametrize("finding", [None, WrongKey("expired")])
def test_a_stop_while_the_network_is_probed_stops(tmp_path: Path, finding: Exception | None) -> None:
    class Probed(QuickJob):
        async def probe(self) -> None:
            run.stop()
            if finding is not None:
                raise finding

    run = start(Probed(3, fault=lambda *_: ConnectionLost("down")), tmp_path, RunSettings(probe_first_s=0.05))

    assert run.wait(WAIT_S).status is Status.STOPPED
