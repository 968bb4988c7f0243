"""Faults that no retry will mend: the run pauses at once, loses nothing, and the same run goes on when it is mended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feedeval.errors import QuotaExhausted, RunFault, UnknownModel, WrongKey
from feedeval.evaluator import ProductFeedEvaluator
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.records import Status
from feedeval.results.session import load_session
from feedeval.storage.paths import session_paths
from feedeval.storage.readers import read_progress
from tests.e2e.support import CATEGORIES, KEY, batch_files, make_feed, until
from tests.server import Fault, FaultKind, ModelServer

PRODUCTS = 120
IN_FLIGHT = 16
NEEDED = len(CATEGORIES) + PRODUCTS
OPTIONS: dict[str, Any] = {"num_questions": 4, "batch_size": 10, "progress": "none", "max_in_flight": IN_FLIGHT}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(latency_s=0.02) as started:
        yield started


def start(server: ModelServer, folder: Path, **changes: Any) -> EvaluationRun:
    evaluator = ProductFeedEvaluator(changes.pop("api_key", KEY), base_url=server.base_url, output_dir=folder)
    return evaluator.start(make_feed(PRODUCTS), **{**OPTIONS, **changes})


def paused(run: EvaluationRun) -> str:
    """Wait until the run needs a person, and return what it says."""
    snapshot = run.wait(60, until_paused=True)
    assert snapshot.needs_person and snapshot.status is Status.PAUSED, snapshot.state_text
    until(
        lambda: read_progress(session_paths(run.session().output_dir, run.sid)).status is Status.PAUSED,
        "the pause is on disk",
    )
    assert "\n" not in snapshot.status_reason and KEY not in snapshot.status_reason
    return snapshot.status_reason


def finished(run: EvaluationRun, server: ModelServer) -> None:
    """Wait until the run is over, and check that it paid for every product once and for nothing twice."""
    snapshot = run.wait(60)
    assert snapshot.status is Status.FINISHED and snapshot.counts.done == PRODUCTS and not snapshot.counts.failed
    assert server.stats.accepted == NEEDED == snapshot.calls and server.stats.repeated == 0
    assert run.results()["product_id"].tolist() == [product["id"] for product in make_feed(PRODUCTS)]


def test_a_wrong_key_pauses_within_a_handful_of_calls_and_a_right_one_goes_on(
    server: ModelServer, tmp_path: Path
) -> None:
    server.configure(api_key=KEY)
    run = start(server, tmp_path, api_key="sk-wrong-987654321")

    assert "key" in paused(run)
    assert 0 < server.stats.requests <= IN_FLIGHT and server.stats.accepted == 0
    run.resume(api_key=KEY)
    finished(run, server)


def test_a_key_that_is_withdrawn_in_the_middle_loses_nothing(server: ModelServer, tmp_path: Path) -> None:
    server.configure(held_after=60)
    run = start(server, tmp_path)
    until(lambda: server.stats.accepted > 40, "some calls")
    server.configure(api_key="sk-the-new-one-123", held_after=None)

    assert "key" in paused(run)
    refused = server.stats.requests - server.stats.accepted
    assert 0 < refused <= IN_FLIGHT
    run.resume(api_key="sk-the-new-one-123")
    finished(run, server)
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert KEY.encode() not in everything and b"sk-the-new-one-123" not in everything


def test_an_exhausted_quota_pauses_and_the_run_goes_on_when_it_is_restored(server: ModelServer, tmp_path: Path) -> None:
    server.faults.append(Fault(FaultKind.INSUFFICIENT_QUOTA, from_request=50))
    run = start(server, tmp_path)

    assert "quota" in paused(run)
    assert 0 < server.stats.refused <= IN_FLIGHT
    server.faults.clear()
    run.resume()
    finished(run, server)


def test_an_unknown_model_pauses_and_names_it(server: ModelServer, tmp_path: Path) -> None:
    server.configure(model="another-model")
    run = start(server, tmp_path)

    assert "gpt-4o-mini" in paused(run) or "model" in run.snapshot().status_reason
    assert 0 < server.stats.requests <= IN_FLIGHT
    server.configure(model=None)
    run.resume()
    finished(run, server)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.WRONG_KEY, WrongKey),
        (FaultKind.INSUFFICIENT_QUOTA, QuotaExhausted),
        (FaultKind.UNKNOWN_MODEL, UnknownModel),
    ],
)
def test_a_blocking_call_raises_what_a_person_has_to_mend_and_goes_on_when_called_again(
    server: ModelServer, tmp_path: Path, kind: FaultKind, error: type[RunFault]
) -> None:
    server.faults.append(Fault(kind, from_request=50))
    evaluator = ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=tmp_path)

    with pytest.raises(error, match="saved") as caught:
        evaluator.evaluate_products_batch(make_feed(PRODUCTS), **OPTIONS)
    assert KEY not in str(caught.value)
    assert server.stats.requests - server.stats.accepted <= IN_FLIGHT
    assert load_session(output_dir=tmp_path).status is Status.STOPPED
    server.faults.clear()
    results = evaluator.evaluate_products_batch(make_feed(PRODUCTS), **OPTIONS)
    assert (results["status"] == "done").all() and len(results) == PRODUCTS
    assert server.stats.accepted == NEEDED and server.stats.repeated == 0


def test_a_budget_is_not_overrun_and_a_higher_one_goes_on(server: ModelServer, tmp_path: Path) -> None:
    whole = start(server, tmp_path / "whole")
    cost_usd = whole.wait(60).cost_usd
    assert cost_usd
    dearest_usd = max(row["cost_usd"] for file in batch_files(tmp_path / "whole", whole.sid) for row in file["results"])
    server.reset()

    run = start(server, tmp_path / "capped", budget_usd=cost_usd / 2)
    assert "budget" in paused(run).lower()
    spent_usd = run.snapshot().cost_usd
    assert spent_usd is not None and cost_usd / 4 < spent_usd <= cost_usd / 2 + dearest_usd
    assert server.stats.in_flight == 0
    run.resume(budget_usd=2 * cost_usd)
    finished(run, server)
    assert run.snapshot().cost_usd == pytest.approx(cost_usd)


def test_a_lost_network_is_probed_and_the_run_goes_on_by_itself(tmp_path: Path) -> None:
    first = ModelServer(latency_s=0.02, held_after=60).start()
    run = start(first, tmp_path)
    until(lambda: first.stats.accepted > 40, "some calls")
    first.stop()
    until(lambda: run.snapshot().status is Status.PAUSED, "the pause")
    lost = run.snapshot()
    assert "network" in lost.status_reason and not lost.needs_person and not lost.counts.failed
    # Longer than the wait for the first probe: a chance for it to find nobody.
    time.sleep(1.3)
    second = ModelServer().start(first.port)
    try:
        snapshot = run.wait(60)
    finally:
        second.stop()
    assert snapshot.status is Status.FINISHED and snapshot.counts.done == PRODUCTS and not snapshot.counts.failed
    asked_again = first.stats.requests + second.stats.requests - NEEDED
    assert 0 <= asked_again <= IN_FLIGHT
    assert len(run.results()) == PRODUCTS


def test_an_endpoint_that_is_not_there_at_the_start_is_waited_for(tmp_path: Path) -> None:
    placeholder = ModelServer().start()
    placeholder.stop()
    run = start(placeholder, tmp_path)
    until(lambda: run.snapshot().status is Status.PAUSED, "the pause")
    with_port = ModelServer().start(placeholder.port)
    try:
        assert run.wait(60).counts.done == PRODUCTS
    finally:
        with_port.stop()
    assert with_port.stats.repeated == 0
