"""Thousands of products while everything that can go wrong with calls goes wrong now and then."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from feedeval.evaluator import ProductFeedEvaluator
from feedeval.records import Status
from tests.e2e.support import KEY, ServerProcess, assert_books_agree, make_feed, until

PRODUCTS = 2000
SHARE = 0.08
"""Share of the requests that are struck by some fault."""
HANGS = 8
TIMEOUT_S = 8.0
"""So long that a busy machine makes nothing of what hangs out of what does not."""
FAILS_THE_RECORD = {
    "rejected": "RequestRejected",
    "too_large": "RequestRejected",
    "unprocessable": "RequestRejected",
    "content_filter": "ContentFiltered",
    "filtered_reply": "ContentFiltered",
    "refusal": "ModelRefused",
    "length": "ReplyTruncated",
}
ASKED_AGAIN = ("invalid_reply",)
TRIED_AGAIN = (
    "server_error",
    "unavailable",
    "conflict",
    "request_timeout",
    "hang",
    "reset",
    "cut_off",
    "not_json",
    "html",
    "other_shape",
    "rate_limit",
    "no_choices",
    "null_content",
)
KINDS = (*FAILS_THE_RECORD, *ASKED_AGAIN, *TRIED_AGAIN)


@pytest.mark.slow
def test_faults_of_every_kind_mixed_leave_a_row_for_every_product_and_true_books(tmp_path: Path) -> None:
    # Judgements only: a question set that is refused fails its whole category, which other tests look at.
    faults = [
        {"kind": kind, "probability": SHARE / len(KINDS), "contains": "Judge all", "retry_after_s": 0.05}
        for kind in KINDS
        if kind != "hang"
    ]
    # Early, so that the calls that hang are waited for beside all the others and not after them.
    faults.append({"kind": "hang", "times": HANGS, "from_request": 50, "contains": "Judge all"})
    with ServerProcess("--latency-s", "0.05", "--latency-sigma", "0.8") as server:
        server.control(faults=faults)
        evaluator = ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=tmp_path, timeout_s=TIMEOUT_S)
        run = evaluator.start(make_feed(PRODUCTS), num_questions=4, progress="none")
        snapshot = run.wait(200)
        assert snapshot.status is Status.FINISHED, snapshot.state_text
        until(lambda: server.stats()["in_flight"] == 0, "the server has nothing in hand")
        served = server.stats()

    assert set(served["by_fault"]) == set(KINDS), "every kind has struck"
    assert snapshot.in_hand == 0 and snapshot.gauges.in_flight == 0 and served["in_flight"] == 0
    assert not [t.name for t in threading.enumerate() if t.name.startswith("feedeval") and t.is_alive()]
    expected = Counter[str]()
    for kind, error_type in FAILS_THE_RECORD.items():
        expected[error_type] += served["by_fault"][kind]
    assert snapshot.errors_by_type == expected
    assert snapshot.gauges.retries == sum(served["by_fault"][kind] for kind in TRIED_AGAIN)
    assert served["refused"] == served["by_fault"]["rate_limit"] == snapshot.gauges.rate_limited
    assert_books_agree(tmp_path, served)
    results = run.results()
    assert results["product_id"].tolist() == [product["id"] for product in make_feed(PRODUCTS)]
    assert (results["status"] == "failed").sum() == expected.total() == snapshot.counts.failed
    assert (results.loc[results["status"] == "failed", "error"] != "").all()
