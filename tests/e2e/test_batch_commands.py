"""Batches beyond the audit of a feed: shadow mode, the estimate, the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import feedeval as fe
from feedeval.cli.main import main
from feedeval.records import Status
from tests.e2e.batches import PRICES, QUICK
from tests.e2e.images import make_labels
from tests.e2e.support import KEY, make_feed, until, write_jsonl
from tests.server import ModelServer

PRODUCTS = 30
SETS = 4


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    with ModelServer() as running:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        yield running


def test_shadow_mode_goes_by_batch_and_is_picked_up(tmp_path: Path, server: ModelServer) -> None:
    labels = make_labels(tmp_path / "images", 12).path
    server.configure(batch_hold=True)
    run = fe.start_shadow(
        labels, model="gpt-4o-mini", output_dir=tmp_path / "out", delivery="batch", poll_first_s=0.02, progress="none"
    )
    until(lambda: bool(run.snapshot().parts_out), "a part is out")
    run.leave()
    run.wait(60)
    server.configure(batch_hold=False)
    again = fe.resume(output_dir=tmp_path / "out", progress="none")
    assert again.wait(60).status is Status.FINISHED and again.results()["status"].eq("done").all()
    stats = server.stats
    assert stats.batches == 1 and stats.twice == stats.repeated == 0
    assert stats.accepted == 12 == stats.batch_accepted + stats.requests


def test_the_estimate_says_both_prices_and_both_times(tmp_path: Path, server: ModelServer) -> None:
    evaluator = fe.ProductFeedEvaluator(model="gpt-4o-mini", output_dir=tmp_path, **PRICES)
    found = evaluator.estimate(make_feed(PRODUCTS), pilot=4, num_questions=4)
    assert server.stats.batches == 0
    assert found.cost_usd is not None and found.batch_cost_usd is not None and found.seconds is not None
    judged = 2 * (found.cost_usd.expected - found.batch_cost_usd.expected)
    assert 0 < judged < found.cost_usd.expected
    for shown in (str(found), found._repr_html_()):
        assert "cost by batch" in shown and "within 24 hours" in shown
    assert "cost by batch" not in str(
        fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path).estimate(make_feed(4))
    )


def test_the_terminal_sends_by_batch(tmp_path: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]) -> None:
    feed = write_jsonl(tmp_path / "feed.jsonl", make_feed(PRODUCTS))
    out = ["--output-dir", str(tmp_path / "out")]
    said = ["run", str(feed), "--model", "gpt-4o-mini", "--num-questions", "4", "--delivery", "batch"]
    server.configure(batch_ends=["failed_whole"])
    assert main([*said, *out]) == 3
    shown = capsys.readouterr()
    assert "Not this file." in shown.out + shown.err and KEY not in shown.out + shown.err
    # Going on asks as the session began, unless it is told otherwise.
    assert main(["resume", *out, "--delivery", "live", "--quiet"]) == 0
    assert server.stats.batches == 0 and server.stats.accepted == PRODUCTS + SETS


def test_the_options_of_parts_are_checked(tmp_path: Path) -> None:
    evaluator = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    for wrong in ({"delivery": "post"}, {"part_requests": 60_000}, {"poll_first_s": 0}):
        with pytest.raises(fe.InputError, match=next(iter(wrong))):
            evaluator.start(make_feed(2), progress="none", **{**QUICK, **wrong})
