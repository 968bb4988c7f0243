"""Real feeds from end to end on the embedded engine, where they are present."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import feedeval as fe
from tests.e2e.support import assert_books_agree

NOTHING_SERVED = {"accepted": 0, "input_tokens": 0, "output_tokens": 0}


def test_a_thousand_real_products_are_read_and_audited(shared: Path, tmp_path: Path) -> None:
    feed = fe.read_feed(shared / "feeds" / "importpc_cz_rss_1255.xml")
    assert len(feed) == 1255
    run = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path).start(feed, progress="none")
    snapshot = run.wait(120)
    assert snapshot.counts.done == 1255 and not snapshot.counts.failed
    results = run.results()
    assert len(results) == 1255 and results["product_id"].nunique() == 1254
    assert_rows(results)


@pytest.mark.parametrize(
    ("name", "count"),
    [("samsung_kz_atom_663.xml", 663), ("lecc_us_google_160.tsv", 160), ("bath_jp_meta_271.csv", 271)],
)
def test_every_product_of_a_real_feed_has_a_row(shared: Path, tmp_path: Path, name: str, count: int) -> None:
    evaluator = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    results = evaluator.evaluate_products_batch(shared / "feeds" / name, progress="none")
    assert len(results) == count and (results["status"] == "done").all()
    assert_rows(results)
    if results["product_id"].is_unique:
        assert_books_agree(tmp_path, NOTHING_SERVED)


def assert_rows(results: pd.DataFrame) -> None:
    """Check what holds for every row of an audit: whole verdicts, and a coverage that is a percentage."""
    assert results["coverage_pct"].dropna().between(0, 100).all()
    counts = ["yes_count", "partial_count", "no_count", "not_applicable_count", "not_judged_count"]
    assert (results[counts].sum(axis=1) > 0).all()
    assert (results["engine"] == "offline").all() and (results["cost_usd"] == 0).all()
