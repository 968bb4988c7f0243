"""A feed that changed since: what still holds is taken over, and what it will cost is said before it is spent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feedeval.evaluator import ProductFeedEvaluator
from tests.e2e.support import CATEGORIES, KEY, make_feed
from tests.server import ModelServer

OPTIONS: dict[str, Any] = {"num_questions": 4, "batch_size": 7, "progress": "text"}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


def changed_feed() -> list[dict[str, str]]:
    """Return a feed of 100 of which 10 are gone, 6 have changed and 4 are new; prices of links do not count."""
    feed = [product for product in make_feed(100) if int(product["id"][2:]) % 10 != 3]
    for product in feed[:6]:
        product["description"] += " Now with a two-year warranty."
    for product in feed[20:30]:
        product["link"] += "&utm_campaign=new"
    return [*feed[:40], *make_feed(4, start=500), *feed[40:]]


def test_what_is_kept_changed_new_and_gone_is_said_and_only_the_difference_is_asked(
    server: ModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluator = ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=tmp_path)
    before = evaluator.evaluate_products_batch(make_feed(100), **OPTIONS)
    assert server.stats.accepted == len(CATEGORIES) + 100
    first = evaluator.get_evaluation_status()["batch_info"]["session"]
    capsys.readouterr()
    server.reset()
    bodies = server.record_bodies()

    feed = changed_feed()
    results = evaluator.evaluate_products_batch(feed, **OPTIONS)
    shown = capsys.readouterr()
    told = shown.out + shown.err
    assert "kept 84 · changed 6 · new 4 · gone 10" in told
    status = evaluator.get_evaluation_status()["batch_info"]
    log = [line for line in (tmp_path / "evaluation.log").read_text().splitlines() if status["session"] in line]
    said = next(n for n, line in enumerate(log) if "kept 84" in line)
    assert not any("batch 1/" in line for line in log[:said]) and any("batch 1/" in line for line in log[said:])
    assert server.stats.accepted == 10 == len(bodies)
    assert server.stats.by_purpose == {"judge": 10}
    assert status["session"] != first and status["reused"] == 84
    assert results["product_id"].tolist() == [product["id"] for product in feed]
    columns = ["product_id", "coverage_pct", "judgements_json"]
    unchanged = sorted(set(before["product_id"]) & {p["id"] for p in feed} - {p["id"] for p in feed[:6]})
    old, new = (frame.set_index("product_id").loc[unchanged, columns[1:]] for frame in (before, results))
    assert old.equals(new)
    assert results.loc[results["product_id"].isin(unchanged), "cost_usd"].sum() == 0


def test_reuse_can_be_turned_off(server: ModelServer, tmp_path: Path) -> None:
    evaluator = ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=tmp_path)
    evaluator.evaluate_products_batch(make_feed(20), **{**OPTIONS, "progress": "none"})
    server.reset()
    evaluator.evaluate_products_batch(make_feed(21), **{**OPTIONS, "progress": "none"}, reuse=False)
    assert server.stats.accepted == len(CATEGORIES) + 21


def test_other_settings_start_a_new_session_and_are_named(
    server: ModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluator = ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=tmp_path)
    evaluator.evaluate_products_batch(make_feed(8), **OPTIONS)
    evaluator.evaluate_products_batch(make_feed(8), **{**OPTIONS, "num_questions": 6})
    shown = capsys.readouterr()
    assert "num_questions: 4 then, 6 now" in shown.out + shown.err
    assert server.stats.accepted == 2 * (len(CATEGORIES) + 8) and server.stats.repeated == 0
