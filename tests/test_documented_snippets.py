"""What has been documented since the first version runs word for word, on both engines, also a second time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import feedeval as fe
from feedeval.errors import InputError, SessionNotFound
from feedeval.records import Status
from tests.e2e.support import CATEGORIES, KEY, make_feed, write_jsonl
from tests.server import ModelServer

BATCH_RUN = """
results = evaluator.evaluate_products_batch(
    products_df=products_df,
    selected_fields=["title", "description"],
    num_questions=12,
    batch_size=20,
    resume=True,
)
"""
RESUME = """
results = evaluator.resume_evaluation(products_df)
"""
STATUS = """
status = evaluator.get_evaluation_status()
print(status["health_status"]["overall_status"])
print(status["health_status"]["reasons"], status["health_status"]["recommendations"])
print(status["memory_info"]["current_mb"], status["memory_info"]["peak_mb"])
print(status["error_summary"]["total_errors"], status["error_summary"]["error_types"])
print(status["error_summary"]["recent_errors"], status["batch_info"])
"""
PRODUCTS = 26


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


@pytest.fixture(params=["a model", "the embedded engine"])
def evaluator(request: pytest.FixtureRequest, server: ModelServer, tmp_path: Path) -> fe.ProductFeedEvaluator:
    if request.param == "a model":
        return fe.ProductFeedEvaluator(KEY, "test-model", base_url=server.base_url, output_dir=tmp_path)
    return fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path)


def test_the_three_snippets_run_one_after_the_other_and_once_more_from_the_top(
    evaluator: fe.ProductFeedEvaluator, server: ModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {"evaluator": evaluator, "products_df": pd.DataFrame(make_feed(PRODUCTS))}
    exec(BATCH_RUN, names)
    first = names["results"]
    assert len(first) == PRODUCTS and set(first["status"]) == {"done"}
    assert set(first["context_fields"]) == {"title, description"}
    asked = server.stats.requests
    assert asked in (0, len(CATEGORIES) + PRODUCTS)
    for snippet in (RESUME, BATCH_RUN, RESUME):
        capsys.readouterr()
        exec(snippet, names)
        pd.testing.assert_frame_equal(names["results"], first)
        assert "nothing was left to do" in capsys.readouterr().out
    assert server.stats.requests == asked and len(fe.list_sessions(tmp_path)) == 1
    exec(STATUS, names)
    shown = capsys.readouterr().out
    assert shown.startswith("healthy\n") and names["status"]["batch_info"]["done"] == PRODUCTS
    assert names["status"]["memory_info"]["current_mb"] > 0 and names["status"]["error_summary"]["total_errors"] == 0


def test_a_feed_goes_by_either_of_its_names_wherever_one_is_taken(
    evaluator: fe.ProductFeedEvaluator, tmp_path: Path
) -> None:
    feed = make_feed(4)
    options: Any = {"num_questions": 4, "progress": "none"}
    run = evaluator.start(products_df=feed, **options)
    run.wait(60)
    assert evaluator.start(feed=feed, **options).sid == run.sid
    assert len(evaluator.resume_evaluation(products_df=feed, progress="none")) == 4
    assert evaluator.estimate(products_df=feed, pilot=2, **options).survey.products == 4
    for call in (evaluator.start, evaluator.evaluate_products_batch, evaluator.resume_evaluation, evaluator.estimate):
        with pytest.raises(InputError, match="two names of the same thing"):
            call(feed, products_df=feed)
        with pytest.raises(InputError, match="there is no feed"):
            call()


@pytest.mark.parametrize("given_as", ["a generator", "an open file", "an open text"])
def test_an_audit_of_another_feed_or_of_a_few_since_then_does_not_stand_in_the_way(
    tmp_path: Path, server: ModelServer, given_as: str
) -> None:
    evaluator = fe.ProductFeedEvaluator(KEY, "test-model", base_url=server.base_url, output_dir=tmp_path)
    with pytest.raises(SessionNotFound, match="nothing to go on with"):
        evaluator.resume_evaluation(make_feed(4))
    path = write_jsonl(tmp_path / "feed.jsonl", make_feed(12))
    server.configure(held_after=6)
    stopped = evaluator.start(path, num_questions=4, max_in_flight=2, progress="none")
    assert stopped.sid, "one that is stopped before it begins leaves no session"
    stopped.stop()
    server.configure(held_after=None)
    stopped.wait(60)
    evaluator.evaluate_products_batch(make_feed(3, start=50), num_questions=4, progress="none")
    evaluator.evaluate_products_batch(path, num_questions=4, limit=2, progress="none")
    with path.open("rb") as file, path.open(encoding="utf-8") as text:
        feeds = {"a generator": (p for p in make_feed(12)), "an open file": file, "an open text": text}
        assert len(evaluator.resume_evaluation(feeds[given_as], progress="none")) == 12
    assert stopped.session().status is Status.FINISHED
    with pytest.raises(InputError, match="other products"):
        evaluator.resume_evaluation(make_feed(5, start=90), progress="none")


def test_a_model_that_is_nearly_the_embedded_engine_is_taken_for_a_typing_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: ModelServer
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for model in ("ofline", "Offline", "off-line", "offfline"):
        with pytest.raises(InputError, match=r"typing error.*'offline'"):
            fe.ProductFeedEvaluator(model=model, output_dir=tmp_path)
        with pytest.raises(InputError, match=r"typing error.*'offline'"):
            fe.run_shadow([], model=model, output_dir=tmp_path)
    with pytest.raises(InputError, match="no API key") as other:
        fe.ProductFeedEvaluator(model="gpt-4o", output_dir=tmp_path)
    assert "typing error" not in str(other.value)
    # Whoever has a key, or an endpoint that needs none, may call a model as he likes.
    fe.ProductFeedEvaluator(KEY, "ofline", output_dir=tmp_path)
    fe.ProductFeedEvaluator(model="ofline", base_url=server.base_url, output_dir=tmp_path)
