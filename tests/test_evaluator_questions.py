"""An audit on the questions of an earlier session, against a real server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import feedeval as fe
from feedeval.cli.main import main
from feedeval.errors import InputError, SessionNotFound
from feedeval.storage.paths import session_paths
from tests.e2e.support import KEY, make_feed
from tests.server import ModelServer

QUIET: dict[str, Any] = {"batch_size": 5, "progress": "none"}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


def evaluator(server: ModelServer, folder: Path, model: str = "gpt-4o-mini") -> fe.ProductFeedEvaluator:
    return fe.ProductFeedEvaluator(KEY, model, base_url=server.base_url, output_dir=folder, max_in_flight=8)


def audited(by: fe.ProductFeedEvaluator, feed: Any, **options: Any) -> fe.Session:
    run = by.start(feed, **{**QUIET, **options})
    assert run.wait(60).counts.left == 0
    return run.session()


def asked(session: fe.Session) -> dict[str, list[str]]:
    by_product = session.judgements.groupby("key", sort=True)["question"]
    return {str(key): list(questions) for key, questions in by_product}


def test_another_model_is_asked_the_same_questions_and_none_for_questions(server: ModelServer, tmp_path: Path) -> None:
    first = audited(evaluator(server, tmp_path), make_feed(8), num_questions=5)
    second = audited(evaluator(server, tmp_path, "gpt-4.1-mini"), make_feed(8), question_set=first)
    assert server.stats.by_purpose == {"questions": 4, "judge": 16}
    assert asked(second) == asked(first)
    assert second.progress.fingerprint["num_questions"] == 5
    assert set(second.questions["frozen_from"]) == {first.id}
    assert first.id in repr(second)


def test_the_questions_of_a_session_in_another_folder_are_asked(server: ModelServer, tmp_path: Path) -> None:
    first = audited(evaluator(server, tmp_path / "a"), make_feed(4), num_questions=4)
    second = audited(evaluator(server, tmp_path / "b"), make_feed(4), question_set=first)
    assert asked(second) == asked(first)
    assert server.stats.by_purpose == {"questions": 4, "judge": 8}


def test_what_the_earlier_session_found_is_not_paid_for_again(server: ModelServer, tmp_path: Path) -> None:
    by = evaluator(server, tmp_path)
    first = audited(by, make_feed(8), num_questions=4)
    changed = make_feed(8)
    changed[3]["description"] = "Now of solid oak."
    second = audited(by, changed, question_set=first.id)
    assert server.stats.by_purpose == {"questions": 4, "judge": 8 + 1}
    assert second.progress.counts.reused == 7
    audited(by, changed, question_set=first)
    third = audited(by, changed, question_set=first, resume=False)
    assert third.id != second.id and server.stats.by_purpose == {"questions": 4, "judge": 9 + 8}, "a fresh start asks"


def test_the_same_call_finds_the_session_again_and_a_changed_feed_takes_over(
    server: ModelServer, tmp_path: Path
) -> None:
    by = evaluator(server, tmp_path)
    first = audited(by, make_feed(4), num_questions=4)
    other = evaluator(server, tmp_path, "gpt-4.1-mini")
    second = audited(other, make_feed(4), question_set=first)
    again = audited(other, make_feed(4), question_set=first)
    assert again.id == second.id and server.stats.by_purpose["judge"] == 8
    longer = audited(other, make_feed(6), question_set=first)
    assert longer.id != second.id and server.stats.by_purpose == {"questions": 4, "judge": 10}


def test_a_category_that_the_earlier_session_had_not_gets_new_questions_and_says_so(
    server: ModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = audited(evaluator(server, tmp_path), make_feed(4, categories=2), num_questions=4)
    capsys.readouterr()
    by = evaluator(server, tmp_path, "gpt-4.1-mini")
    second = audited(by, make_feed(6, categories=3), question_set=first, progress="text")
    said = " ".join(capsys.readouterr().out.split())
    assert f"The questions of session {first.id} are asked again" in said and "'Electronics > Cables'" in said
    assert server.stats.by_purpose == {"questions": 3, "judge": 4 + 6}
    by_category = second.questions.drop_duplicates("category").set_index("category")
    assert by_category.loc["Electronics > Cables", "frozen_from"] == ""
    assert "new ones were made" in by_category.loc["Electronics > Cables", "notes"]
    assert "new ones were made. (2 of 6 products)" in second.summary().text(200)


def test_a_session_on_frozen_questions_can_be_gone_on_with(server: ModelServer, tmp_path: Path) -> None:
    first = audited(evaluator(server, tmp_path / "a"), make_feed(4), num_questions=4)
    by = evaluator(server, tmp_path / "b", "gpt-4.1-mini")
    feed = make_feed(12)
    run = by.start(feed, question_set=first, **{**QUIET, "max_in_flight": 1, "batch_size": 1})
    assert run.sid, "one that is stopped before it begins leaves no session"
    run.stop()
    run.wait(60)
    fe.cleanup(first)
    assert fe.resume(run.session(), feed, api_key=KEY, progress="none").wait(60).counts.done == 12
    assert set(asked(run.session()).keys()) == {product["id"] for product in feed}
    assert server.stats.by_purpose["questions"] == 4
    session_paths(by.output_dir, run.sid).document("questions").unlink()
    with pytest.raises(InputError, match="no longer in"):
        fe.resume(run.session(), feed, api_key=KEY)


def test_questions_that_were_not_written_down_before_a_kill_are_taken_from_their_session_again(
    server: ModelServer, tmp_path: Path
) -> None:
    first = audited(evaluator(server, tmp_path), make_feed(4), num_questions=4)
    by = evaluator(server, tmp_path, "gpt-4.1-mini")
    run = by.start(make_feed(8), question_set=first, **{**QUIET, "max_in_flight": 1, "batch_size": 1})
    assert run.sid, "one that is stopped before it begins leaves no session"
    run.stop()
    run.wait(60)
    session_paths(tmp_path, run.sid).document("questions").unlink()
    assert fe.resume(run.session(), make_feed(8), api_key=KEY, progress="none").wait(60).counts.done == 8
    assert server.stats.by_purpose["questions"] == 4
    assert set(run.session().questions["frozen_from"]) == {first.id}


def test_an_estimate_counts_no_question_calls_for_frozen_questions(server: ModelServer, tmp_path: Path) -> None:
    first = audited(evaluator(server, tmp_path), make_feed(8), num_questions=4)
    by = evaluator(server, tmp_path, "gpt-4.1-mini")
    estimate = by.estimate(make_feed(40), pilot=4, question_set=first)
    assert estimate.survey.categories == 0 and estimate.calls.expected == 40


def test_what_cannot_be_asked_again_is_refused_with_the_reason(server: ModelServer, tmp_path: Path) -> None:
    by = evaluator(server, tmp_path)
    own = audited(by, make_feed(2), num_questions=4, question_scope="product")
    with pytest.raises(InputError, match="questions of its own"):
        by.start(make_feed(2), question_set=own)
    shared = audited(by, make_feed(2), num_questions=4)
    with pytest.raises(InputError, match=r"num_questions=6.*had 4"):
        by.start(make_feed(2), question_set=shared, num_questions=6)
    with pytest.raises(InputError, match="leave question_set out"):
        by.start(make_feed(2), question_set=shared, question_scope="product")
    with pytest.raises(SessionNotFound):
        by.start(make_feed(2), question_set="20200101_000000")
    offline = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    with pytest.raises(InputError, match="asks only its own questions"):
        offline.start(make_feed(2), question_set=shared)


def test_the_embedded_engine_asks_its_own_questions_again(tmp_path: Path) -> None:
    by = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    first = audited(by, make_feed(6))
    assert main(["run", _feed_file(tmp_path), "--model", "offline", "--questions", first.id, "--quiet",
                 "--output-dir", str(tmp_path)]) == 0  # fmt: skip
    second = fe.load_session(output_dir=tmp_path)
    assert second.id != first.id and set(second.questions["frozen_from"]) == {first.id}


def _feed_file(folder: Path) -> str:
    from tests.e2e.support import write_jsonl

    return str(write_jsonl(folder / "feed.jsonl", make_feed(8)))
