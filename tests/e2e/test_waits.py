"""An endpoint that asks to wait, hangs, or does not know the model: what is shown, and how it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from feedeval.errors import InputError, RunWarning, UnknownModel
from feedeval.evaluator import ProductFeedEvaluator
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.notebook.panel.render import run_text
from feedeval.records import HealthStatus, Status
from feedeval.results.library import list_sessions
from feedeval.run.progress import Need, Snapshot
from feedeval.run.telling.words import what_is_left
from tests.e2e.support import KEY, make_feed, until
from tests.server import Fault, FaultKind, ModelServer

OPTIONS: dict[str, Any] = {"num_questions": 4, "batch_size": 10, "progress": "none", "max_in_flight": 8}


def start(server: ModelServer, folder: Path, count: int = 60, model: str | None = None, **more: Any) -> EvaluationRun:
    evaluator = ProductFeedEvaluator(KEY, model, base_url=server.base_url, output_dir=folder)
    return evaluator.start(make_feed(count), **{**OPTIONS, **more})


def test_a_long_retry_after_is_shown_as_what_it_is_and_not_as_healthy(tmp_path: Path) -> None:
    fault = Fault(FaultKind.UNAVAILABLE, from_request=20, retry_after_s=300)
    with ModelServer(latency_s=0.01, faults=[fault]) as server:
        with pytest.warns(RunWarning, match="waiting until .*, as the endpoint asked"):
            run = start(server, tmp_path)
            until(lambda: bool(run.snapshot().waits_for), "the wait is seen")
            until(lambda: run.snapshot().health.overall_status is HealthStatus.DEGRADED, "health says so")
        snapshot = run.snapshot()
        assert snapshot.gauges.retrying and snapshot.gauges.asked_s > 200
        assert "as the endpoint asked" in snapshot.health.reasons[0]
        assert "Waiting until" in run_text(snapshot)
        run.stop()
        assert run.wait(60).status is Status.STOPPED


def test_the_last_product_says_which_try_it_waits_for(tmp_path: Path) -> None:
    # The second wait is long enough to be seen.
    faults = [
        Fault(FaultKind.UNAVAILABLE, contains="Article 39 ", times=1, retry_after_s=wait_s) for wait_s in (0.5, 12)
    ]
    with ModelServer(latency_s=0.005, faults=faults) as server:
        run = start(server, tmp_path, 40)
        seen: list[Snapshot] = []

        def announced() -> bool:
            seen.append(run.snapshot())
            return "1 product left: third try in" in what_is_left(seen[-1])

        until(announced, "the third try is announced")
        assert seen[-1].eta_s is None
        assert run.wait(60).counts.done == 40


def test_a_stop_does_not_wait_for_calls_that_hang(tmp_path: Path) -> None:
    with ModelServer(latency_s=0.01, faults=[Fault(FaultKind.HANG, from_request=20)]) as server:
        run = start(server, tmp_path)
        until(lambda: server.stats.by_fault[FaultKind.HANG] == 8, "all calls hang")
        run.stop()
        assert run.wait(60).status is Status.STOPPED


def test_a_model_that_is_corrected_takes_effect_on_resume(tmp_path: Path) -> None:
    with ModelServer(latency_s=0.01, model="good-model") as server:
        run = start(server, tmp_path, model="bad-model")
        paused = run.wait(60, until_paused=True)
        assert paused.needs is Need.MODEL and paused.status_reason.startswith(UnknownModel.__name__)
        first = run.sid

        run.resume(model="good-model")
        ended = run.wait(60)

    assert ended.status is Status.FINISHED and ended.counts.done == 60
    assert ended.engine == "good-model" and run.sid != first
    assert set(run.results()["engine"]) == {"good-model"}
    assert len(list_sessions(output_dir=tmp_path)) == 2


def test_a_budget_that_is_not_raised_says_what_is_needed(tmp_path: Path) -> None:
    prices = {"input_price": 2.0, "output_price": 20.0}
    with ModelServer(latency_s=0.01) as server:
        evaluator = ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=tmp_path, **prices)
        run = evaluator.start(make_feed(60), **OPTIONS, budget_usd=0.12)
        assert run.wait(60, until_paused=True).needs is Need.BUDGET
        for changes in ({}, {"budget_usd": 0.12}, {"budget_usd": 0.05}):
            with pytest.raises(InputError, match="give a higher one"):
                run.resume(**changes)
        assert run.snapshot().needs_person
        run.resume(budget_usd=50.0)
        assert run.wait(60).status is Status.FINISHED
