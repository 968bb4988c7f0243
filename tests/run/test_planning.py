"""What is told of a run before it begins, and what can be done with it then."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tqdm import tqdm

from feedeval.errors import InputError
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.records import Record, Status
from feedeval.run.progress import Reporter, Snapshot
from feedeval.run.reporters import TextReporter, TqdmReporter
from feedeval.run.runner import Hooks, RunSettings, plan_of, start
from feedeval.run.telling import beginning
from feedeval.run.telling.beginning import Beginning
from tests.run.jobs import QuickJob
from tests.run.runs import WAIT_S, Listener, until


class GatedJob(QuickJob):
    """Stops in the middle of its first pass until the gate is opened."""

    def __init__(self, total: int, *, fault: Exception | None = None) -> None:
        super().__init__(total)
        self.gate = threading.Event()
        self.broken = fault

    def records(self) -> Iterator[Record]:
        for record in super().records():
            if record.index == beginning.FIRST_RECORDS + 100:
                assert self.gate.wait(WAIT_S)
                if self.broken is not None:
                    raise self.broken
            yield record


class Watcher(Listener):
    """A reporter that sees the planning, too."""

    def __init__(self) -> None:
        super().__init__()
        self.plans: list[Snapshot] = []

    def plan(self, snapshot: Snapshot) -> None:
        self.plans.append(snapshot)


def begin(job: QuickJob, folder: Path, *reporters: Reporter) -> EvaluationRun:
    def starter(changes: Any) -> Beginning:
        settings = RunSettings(**changes)
        return Beginning(
            lambda planning: start(job, folder, settings, reporters=reporters, hooks=Hooks(planning=planning)),
            plan_of(job, folder, settings),
        )

    return EvaluationRun(starter, reporters)


def test_a_long_planning_is_told_and_the_call_returns_before_its_end(tmp_path: Path) -> None:
    job, seen = GatedJob(3000), Watcher()
    run = begin(job, tmp_path, seen)
    until(lambda: len(seen.plans) > 1)

    snapshot = run.snapshot()
    assert snapshot.status is Status.PENDING and not run.done
    assert 0 < snapshot.planned < 3000
    assert "so far" in seen.plans[-1].status_reason
    assert "planned" in repr(snapshot)
    assert not seen.started

    job.gate.set()
    assert run.wait(WAIT_S).status is Status.FINISHED
    assert len(seen.started) == 1 and seen.closed[0].counts.done == 3000


def test_a_run_that_is_stopped_while_it_is_planned_leaves_nothing(tmp_path: Path) -> None:
    job, seen = GatedJob(3000), Watcher()
    run = begin(job, tmp_path, seen)
    until(lambda: bool(seen.plans))
    run.stop()
    job.gate.set()

    snapshot = run.wait(WAIT_S)
    assert snapshot.status is Status.STOPPED and run.done
    assert "before it began" in snapshot.status_reason
    assert seen.plans[-1].status is Status.STOPPED
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="stopped before it began"):
        _ = run.sid


def test_what_is_found_wrong_later_is_raised_by_whoever_waits(tmp_path: Path) -> None:
    job, seen = GatedJob(3000, fault=InputError("the feed ends here")), Watcher()
    run = begin(job, tmp_path, seen)
    until(lambda: bool(seen.plans))
    job.gate.set()

    for act in (lambda: run.wait(WAIT_S), lambda: run.sid, run.results, run.block):
        with pytest.raises(InputError, match="the feed ends here"):
            act()
    assert run.done
    assert "could not begin: the feed ends here" in seen.plans[-1].status_reason


def test_what_is_found_wrong_at_once_is_raised_by_the_call_itself(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to work on"):
        begin(QuickJob(0), tmp_path)


def test_a_pause_while_it_is_planned_holds_when_it_begins(tmp_path: Path) -> None:
    job = GatedJob(3000)
    run = begin(job, tmp_path)
    run.pause()
    job.gate.set()
    assert run.wait(WAIT_S, until_paused=True).status is Status.PAUSED
    run.resume()
    assert run.wait(WAIT_S).status is Status.FINISHED


def test_a_short_planning_is_not_shown(tmp_path: Path) -> None:
    seen = Watcher()
    plan = plan_of(job := QuickJob(10), tmp_path, RunSettings())
    start(job, tmp_path, reporters=[seen], hooks=Hooks(planning=plan)).wait(WAIT_S)
    assert seen.started and seen.plans == []


def test_text_and_bars_show_the_planning(tmp_path: Path) -> None:
    job, lines, drawn = GatedJob(3000), io.StringIO(), io.StringIO()
    bars: list[Any] = []

    def bar(**options: Any) -> Any:
        bars.append(tqdm(file=drawn, mininterval=0, **options))
        return bars[-1]

    run = begin(job, tmp_path, TextReporter(lines, live=False), TqdmReporter(bar))
    until(lambda: "Going through the products" in lines.getvalue() and "planning" in drawn.getvalue())
    job.gate.set()
    run.wait(WAIT_S)
    assert "3000/3000" in drawn.getvalue()
    assert "Finished: 3,000 of 3,000 products audited" in lines.getvalue()
    assert all(each.n == each.total for each in bars), "a bar that ends before its total is drawn in red"
