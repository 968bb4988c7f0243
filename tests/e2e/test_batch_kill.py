"""SIGKILL at each step of a delivery by batch: nothing is sent twice, and nothing is lost."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from feedeval.evaluator import ProductFeedEvaluator
from feedeval.records import Status
from feedeval.results.session import load_session
from feedeval.storage.paths import session_paths
from feedeval.storage.readers import session_ids
from feedeval.storage.verify import ProblemSeverity, verify
from tests.e2e.batches import PRICES, QUICK, mortal_audit
from tests.e2e.support import (
    CATEGORIES,
    KEY,
    ServerProcess,
    assert_books_agree,
    assert_same_results,
    child,
    make_feed,
    write_jsonl,
)

PRODUCTS = 40
OPTIONS: dict[str, Any] = {**QUICK, "part_requests": 15}
STEPS = {
    "a part's file is written, its entry is not": "parts before 2",
    "file and entry are written": "upload before 2",
    "the file is uploaded, which is not written down": "upload after 2",
    "the upload is written down": "create before 2",
    "the batch is made, which is not written down": "create after 2",
    "the batch is written down": "look before 1",
    "the batch has ended": "download before 1",
    "the answers are here": "download after 2",
    "some of the answers are in the call logs": "read before 22",
    "all are, which is not written down": "parts_ before 11",
    "that is written down": "remove before 1",
}


def finish(base_url: str, feed: Path, output_dir: Path, options: dict[str, Any]) -> None:
    evaluator = ProductFeedEvaluator(KEY, "gpt-4o-mini", output_dir=output_dir, base_url=base_url, **PRICES)  # type: ignore[arg-type]
    evaluator.evaluate_products_batch(feed, progress="none", **options)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    feed = write_jsonl(folder / "feed.jsonl", make_feed(PRODUCTS))
    with ServerProcess() as server:
        finish(server.base_url, feed, folder, OPTIONS)
        assert server.stats()["batch_requests"] == PRODUCTS
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
def test_a_delivery_killed_at_a_step_sends_nothing_twice_and_loses_nothing(
    tmp_path: Path, undisturbed: Path, step: str
) -> None:
    feed = write_jsonl(tmp_path / "feed.jsonl", make_feed(PRODUCTS))
    with ServerProcess() as server:
        process = child(mortal_audit, server.base_url, feed, tmp_path, step, OPTIONS)
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        (sid,) = session_ids(tmp_path)
        assert load_session(output_dir=tmp_path).status is Status.INTERRUPTED
        assert all(found.severity is not ProblemSeverity.ERROR for found in verify(session_paths(tmp_path, sid)))
        finish(server.base_url, feed, tmp_path, OPTIONS)
        served = server.stats()
    assert session_ids(tmp_path) == [sid] and load_session(output_dir=tmp_path).status is Status.FINISHED
    assert served["twice"] == served["repeated"] == 0
    assert served["accepted"] == PRODUCTS + len(CATEGORIES)
    # After a kill one request may show live what the endpoint understands, before parts are sent to it.
    assert served["batch_requests"] >= PRODUCTS - 1
    assert_books_agree(tmp_path, served)
    assert_same_results(tmp_path, undisturbed)
    assert not list(tmp_path.glob("part_*"))
