"""What the workers' states mean for all, without workers."""

from __future__ import annotations

from typing import Any

import pytest

from feedeval.errors import WrongKey
from feedeval.evaluator.cluster.messages import Command, Do, ShardNews
from feedeval.evaluator.cluster.standing import ALONE_S, Company, standing
from feedeval.records import Status
from feedeval.run.progress import Need
from tests.notebook.snapshots import snapshot


def news(status: Status = Status.RUNNING, *, serial: int = 1, heard_s: float = 0.0, **more: Any) -> ShardNews:
    return ShardNews("w", snapshot(status=status, **more), heard_s, serial=serial)


def test_it_is_paused_once_all_rest_who_are_heard() -> None:
    pause = Command(1, Do.PAUSE)
    told = {1: news(Status.PAUSED), 2: news()}
    assert standing(Status.RUNNING, pause, told, {}) is None
    told[2] = news(Status.PAUSED)
    found = standing(Status.RUNNING, pause, told, {})
    assert found is not None and (found.status, found.reason) == (Status.PAUSED, "paused by hand")
    told[2] = news(Status.PAUSED, serial=0)
    assert standing(Status.RUNNING, pause, told, {}) is None, "it has yet to hear the word"


def test_a_fault_says_what_is_needed_and_outlasts_a_pause() -> None:
    fault = news(Status.PAUSED, status_reason="WrongKey: no such key", needs_person=True, needs=Need.KEY)
    found = standing(Status.RUNNING, Command(1, Do.HALT), {1: fault, 2: news(Status.PAUSED)}, {})
    assert found is not None and isinstance(found.fault, WrongKey) and found.need is Need.KEY
    # A coordinator that was made anew is told to pause, and knows nothing of the fault.
    assert standing(Status.PAUSED, Command(1, Do.PAUSE), {}, {}) is None


def test_it_goes_on_once_none_rests() -> None:
    work = Command(2, Do.WORK)
    assert standing(Status.PAUSED, work, {1: news(serial=2), 2: news(Status.PAUSED, serial=2)}, {}) is None
    found = standing(Status.PAUSED, work, {1: news(serial=2)}, {})
    assert found is not None and found.status is Status.RUNNING


def test_shards_that_are_lost_pause_it_with_what_became_of_each() -> None:
    found = standing(Status.RUNNING, Command(1, Do.WORK), {}, {1: "shard 1 failed", 2: "shard 2 failed"})
    assert found is not None and found.reason == "shard 1 failed; shard 2 failed" and found.fault is not None


@pytest.mark.parametrize("workers", [0, 2])
def test_that_there_is_no_worker_is_said_once(workers: int) -> None:
    now_s = 0.0
    company = Company(lambda: now_s)
    assert company.missed({}, lambda: workers) == ""
    now_s += ALONE_S
    said = company.missed({}, lambda: workers)
    assert bool(said) is (workers == 0)
    assert company.missed({}, lambda: workers) == ""
    company.missed({1: news()}, lambda: workers)
    now_s += ALONE_S
    assert company.missed({1: news(heard_s=9.0)}, lambda: workers) == said
