"""Which engine is asked: the arguments first, then the environment, and the embedded engine where neither speaks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import feedeval as fe
from feedeval.errors import InputError
from tests.e2e.support import KEY, ROOT, environment, make_feed, write_jsonl
from tests.server import ModelServer

SCRIPT = """
import sys
import feedeval as fe

evaluator = fe.ProductFeedEvaluator(output_dir=sys.argv[2])
results = evaluator.evaluate_products_batch(sys.argv[1], num_questions=4, progress="none")
print(evaluator.model, set(results["engine"]), set(results["status"]))
"""


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


def evaluated(tmp_path: Path, **variables: str) -> str:
    """Evaluate a feed in a process with these variables, and return what it printed."""
    feed = write_jsonl(tmp_path / "feed.jsonl", make_feed(5))
    call = [sys.executable, "-c", SCRIPT, str(feed), str(tmp_path / "output")]
    done = subprocess.run(call, cwd=ROOT, env=environment(**variables), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_without_a_key_or_an_endpoint_the_embedded_engine_works(tmp_path: Path) -> None:
    assert evaluated(tmp_path) == "offline {'offline'} {'done'}"


def test_an_endpoint_of_the_environment_is_asked_with_its_key(server: ModelServer, tmp_path: Path) -> None:
    server.configure(api_key=KEY)
    said = evaluated(tmp_path, OPENAI_BASE_URL=server.base_url, OPENAI_API_KEY=KEY)
    assert said == "gpt-4o-mini {'gpt-4o-mini'} {'done'}"
    assert server.stats.accepted == 4 + 5


def test_an_endpoint_of_the_environment_needs_no_key(server: ModelServer, tmp_path: Path) -> None:
    assert "gpt-4o-mini" in evaluated(tmp_path, OPENAI_BASE_URL=server.base_url)
    assert server.stats.accepted == 4 + 5


def test_the_key_of_the_environment_is_not_sent_to_another_endpoint(
    server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    server.configure(api_key=KEY)
    evaluator = fe.ProductFeedEvaluator(base_url=server.base_url, output_dir=tmp_path)
    run = evaluator.start(make_feed(2), progress="none")
    assert run.wait(60, until_paused=True).needs_person and server.stats.accepted == 0
    run.stop()
    run.wait(60)


def test_a_model_of_openai_without_a_key_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="OPENAI_API_KEY"):
        fe.ProductFeedEvaluator(model="gpt-4o-mini")


def test_offline_can_be_asked_for_although_there_is_a_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    evaluator = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    run = evaluator.start(make_feed(5), progress="none")
    assert run.wait(60).counts.done == 5
    said = "no language model was asked"
    assert said in repr(run).lower() and said in run._repr_html_().lower()
    assert said in run.session()._repr_html_().lower() and said in str(run.session().summary()).lower()


def test_the_embedded_engine_says_the_same_each_time(tmp_path: Path) -> None:
    frames = []
    for name in ("one", "two"):
        evaluator = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path / name)
        frames.append(evaluator.evaluate_products_batch(make_feed(30), progress="none"))
    assert frames[0].equals(frames[1])


def test_results_of_one_engine_are_not_taken_for_those_of_another(server: ModelServer, tmp_path: Path) -> None:
    offline = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    offline.evaluate_products_batch(make_feed(4), progress="none")
    model = fe.ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=tmp_path)
    assert set(model.evaluate_products_batch(make_feed(4), progress="none")["engine"]) == {"gpt-4o-mini"}
    assert server.stats.accepted == 4 + 4 and len(fe.list_sessions(tmp_path)) == 2
