"""Two audits of one process at once, with one endpoint and one key: they share its limit as one audit would."""

from __future__ import annotations

from pathlib import Path

from feedeval.evaluator import ProductFeedEvaluator
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.records import Status
from tests.e2e.support import KEY, ServerProcess, make_feed, until

WAIT_S = 240.0


def start(server: ServerProcess, folder: Path, products: int, first: int) -> EvaluationRun:
    made = ProductFeedEvaluator(KEY, "judge-1", base_url=server.base_url, output_dir=folder)
    return made.start(make_feed(products, start=first), progress="none")


def test_two_audits_at_once_are_hardly_refused_more_than_one(tmp_path: Path) -> None:
    # 600 a minute, with a minute of six seconds; both together take several of them.
    with ServerProcess("--rpm", "600", "--latency-s", "0.05") as server:
        server.control(config={"window_s": 6.0}, reset=True)
        runs = [start(server, tmp_path / str(n), 700, 10_000 * n) for n in range(2)]
        snapshots = [run.wait(WAIT_S) for run in runs]
        served = server.stats()
    assert [(each.status, each.counts.done) for each in snapshots] == [(Status.FINISHED, 700)] * 2
    assert served["accepted"] == 2 * (700 + 4) and served["refused"] <= 0.01 * served["accepted"]


def test_a_refusal_that_one_of_them_meets_cools_both(tmp_path: Path) -> None:
    refused = {"kind": "rate_limit", "contains": "Article 10030 ", "times": 1, "retry_after_s": 20}
    with ServerProcess("--latency-s", "0.05") as server:
        # Neither is through before the other one has begun.
        server.control(faults=[refused], config={"held_after": 4})
        one, other = (start(server, tmp_path / str(n), 600, 10_000 * n) for n in range(2))
        until(lambda: server.stats()["in_flight"] > 0 and all(run.snapshot().in_hand for run in (one, other)), "both")
        server.control(config={"held_after": None})
        until(lambda: other.snapshot().gauges.cooldown_s > 0, "the refusal")
        until(lambda: one.snapshot().gauges.cooldown_s > 0, "the rest of the one that was not refused")
        until(lambda: not server.stats()["in_flight"], "the end of the calls that were out")
        accepted = server.stats()["accepted"]
        assert one.snapshot().gauges.cooldown_s > 0 and server.stats()["accepted"] == accepted
        for run in (one, other):
            assert run.wait(WAIT_S).counts.done == 600
        assert server.stats()["refused"] <= 2
