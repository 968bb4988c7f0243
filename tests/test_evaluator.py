"""ProductFeedEvaluator and the handle of its runs, against a real server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import feedeval as fe
from feedeval.errors import InputError, SessionNotFound, WrongKey
from feedeval.evaluator import AuditOptions
from feedeval.records import Status
from tests.e2e.support import CATEGORIES, KEY, assert_books_agree, batch_files, make_feed, until, write_jsonl
from tests.server import Fault, FaultKind, ModelServer

QUIET: dict[str, Any] = {"num_questions": 4, "batch_size": 5, "progress": "none"}
COLUMNS = [
    "product_id", "product_url", "title", "category", "name_plus_context", "questions_json", "judgements_json",
    "yes_count", "partial_count", "no_count", "unverified_count", "coverage_pct", "unanswered_required_count",
    "missing_core_fields", "context_fields", "engine", "cost_usd", "status", "error",
]  # fmt: skip


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as started:
        yield started


@pytest.fixture
def evaluator(server: ModelServer, tmp_path: Path) -> fe.ProductFeedEvaluator:
    return fe.ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=tmp_path / "output", max_in_flight=8)


def test_a_row_a_product_in_order_for_categories_plus_products_requests(
    evaluator: fe.ProductFeedEvaluator, server: ModelServer
) -> None:
    results = evaluator.evaluate_products_batch(make_feed(40), **QUIET)
    assert list(results.columns[: len(COLUMNS)]) == COLUMNS
    assert results["product_id"].tolist() == [product["id"] for product in make_feed(40)]
    assert (results["status"] == "done").all() and (results["engine"] == "gpt-4o-mini").all()
    assert results["cost_usd"].sum() > 0
    assert not results["product_url"].str.contains("utm_").any()
    assert server.stats.requests == len(CATEGORIES) + 40
    assert server.stats.by_purpose == {"questions": len(CATEGORIES), "judge": 40}
    assert_books_agree(evaluator.output_dir, vars(server.stats))


@pytest.mark.parametrize("kind", ["frame", "mappings", "path", "generator"])
def test_a_feed_may_come_as_a_frame_mappings_a_path_or_a_generator(
    evaluator: fe.ProductFeedEvaluator, tmp_path: Path, kind: str
) -> None:
    path = write_jsonl(tmp_path / "feed.jsonl", make_feed(6))
    feed: Any = {
        "frame": lambda: fe.read_feed(path),
        "mappings": lambda: make_feed(6),
        "path": lambda: path,
        "generator": lambda: (product for product in make_feed(6)),
    }[kind]()
    assert evaluator.evaluate_products_batch(feed, **QUIET)["product_id"].tolist() == [f"P-{n:05d}" for n in range(6)]


def test_questions_by_product_cost_two_calls_each(evaluator: fe.ProductFeedEvaluator, server: ModelServer) -> None:
    evaluator.evaluate_products_batch(make_feed(5), question_scope="product", **QUIET)
    assert server.stats.by_purpose == {"questions": 5, "judge": 5}


def test_the_judge_sees_the_chosen_fields_only(evaluator: fe.ProductFeedEvaluator, server: ModelServer) -> None:
    bodies = server.record_bodies()
    results = evaluator.evaluate_products_batch(make_feed(3), ["title", "price"], **QUIET)
    assert set(results["context_fields"]) == {"title, price"}
    assert not any("weighs" in str(body) for body in bodies) and any("Article 1 in blue" in str(b) for b in bodies)


def test_a_repeated_id_has_a_key_of_its_own_and_the_same_content_is_paid_once(
    evaluator: fe.ProductFeedEvaluator, server: ModelServer
) -> None:
    one, two = make_feed(2, categories=1)
    feed = [one, {**two, "id": one["id"]}, dict(one), two]
    run = evaluator.start(feed, **QUIET)
    assert run.wait(60).counts.done == 4
    assert server.stats.requests == 1 + 2, "a category, and two products that differ beyond their ids"
    results = run.results()
    assert len(results) == 4 and results["product_id"].tolist() == [one["id"]] * 3 + [two["id"]]
    by_content = results["judgements_json"].tolist()
    assert by_content[0] == by_content[2] != by_content[1] == by_content[3]
    assert results["cost_usd"].tolist()[2:] == [0.0, 0.0]
    keys = [row["key"] for row in _rows(run)]
    assert len(set(keys)) == 4 and keys[:3] == [one["id"], f"{one['id']}#2", f"{one['id']}#3"]


def _rows(run: fe.EvaluationRun) -> list[dict[str, Any]]:
    return [row for file in batch_files(run.session().output_dir, run.sid) for row in file["results"]]


def test_products_without_an_id_are_kept_apart_by_their_content(evaluator: fe.ProductFeedEvaluator) -> None:
    feed = [{name: value for name, value in product.items() if name != "id"} for product in make_feed(3)]
    run = evaluator.start(feed, **QUIET)
    assert run.wait(60).counts.done == 3
    keys = [row["key"] for row in _rows(run)]
    assert len(set(keys)) == 3 and all(key.startswith("no-id-") for key in keys)
    assert (run.results()["product_id"].fillna("") == "").all()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"num_questions": 100}, ["num_questions=100", "4", "24"]),
        ({"num_questions": 3}, ["num_questions=3", "4", "24"]),
        ({"batch_size": 0}, ["batch_size=0", "1", "1000"]),
        ({"batch_size": 5000}, ["batch_size=5000", "1", "1000"]),
        ({"budget_usd": 0}, ["budget_usd=0"]),
        ({"limit": 0}, ["limit=0"]),
        ({"question_scope": "shop"}, ["question_scope", "shop"]),
        ({"progress": "loud"}, ["loud"]),
        ({"max_in_flight": 0}, ["max_in_flight=0", "1"]),
        ({"selected_fields": ["title", "colour_of_the_sky"]}, ["colour_of_the_sky", "title"]),
        ({"session": "20200101_000000"}, ["20200101_000000"]),
        ({"num_question": 5}, ["num_question", "num_questions"]),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_can_before_anything_is_asked(
    evaluator: fe.ProductFeedEvaluator, server: ModelServer, options: dict[str, Any], says: list[str]
) -> None:
    with pytest.raises((InputError, SessionNotFound)) as caught:
        evaluator.start(make_feed(3), **{**QUIET, **options})
    assert all(word in str(caught.value) for word in says), str(caught.value)
    assert server.stats.requests == 0


@pytest.mark.parametrize("feed", [[], pd.DataFrame({"id": [], "title": []}), b"", b"<html></html>"])
def test_a_feed_without_products_is_refused(evaluator: fe.ProductFeedEvaluator, feed: Any) -> None:
    with pytest.raises(InputError):
        evaluator.start(feed, **QUIET)
    assert not evaluator.output_dir.exists() or not list(evaluator.output_dir.glob("progress_*"))


@pytest.mark.parametrize(
    "option", [{"timeout_s": 0}, {"max_retries": -1}, {"temperature": 9.0}, {"input_price": -1}, {"timeout": 3}]
)
def test_a_setting_of_the_calls_that_cannot_be_used_is_named(option: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(option))):
        fe.ProductFeedEvaluator(KEY, **option)


def test_a_misspelt_setting_of_the_calls_is_named_on_the_embedded_engine_too() -> None:
    with pytest.raises(InputError, match="timeout"):
        fe.ProductFeedEvaluator(model="offline", timeout=3)  # type: ignore[call-arg]


@pytest.mark.parametrize("address", ["localhost:8000/v1", "ftp://shop.example", "http://", "http://a:b/v1"])
def test_an_endpoint_that_is_no_address_is_refused_at_once(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="http://localhost:8000/v1"):
        fe.ProductFeedEvaluator(KEY, base_url=address)
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    with pytest.raises(InputError, match="OPENAI_BASE_URL"):
        fe.ProductFeedEvaluator(KEY)
    assert fe.ProductFeedEvaluator(model="offline").model == "offline"


@pytest.mark.parametrize("locale", ["tlh-XX", None, 5])
def test_an_unknown_locale_is_refused(locale: Any) -> None:
    with pytest.raises(InputError, match=f"locale={locale!r}"):
        fe.ProductFeedEvaluator(model="offline", locale=locale)


def test_a_run_in_the_background_can_be_paused_resumed_and_waited_for(
    evaluator: fe.ProductFeedEvaluator, server: ModelServer
) -> None:
    server.configure(held_after=20)
    run = evaluator.start(make_feed(60), **QUIET)
    assert not run.done
    until(lambda: run.snapshot().counts.done > 5, "some products")
    run.pause()
    server.configure(held_after=None)
    until(lambda: run.snapshot().status is Status.PAUSED, "the pause")
    asked = server.stats.requests
    assert evaluator.get_evaluation_status()["batch_info"]["status"] == "paused"
    assert "paused" in repr(run) and run.wait(0.2).counts.left
    assert server.stats.requests == asked
    assert len(run.results()) < 60, "what is on disk can be looked at meanwhile"
    run.resume()
    assert run.wait(60).status is Status.FINISHED and run.done
    assert len(run.results()) == 60 and server.stats.requests == len(CATEGORIES) + 60


def test_a_stopped_run_goes_on_by_the_same_call(evaluator: fe.ProductFeedEvaluator, server: ModelServer) -> None:
    server.configure(held_after=20)
    run = evaluator.start(make_feed(60), **QUIET)
    until(lambda: run.snapshot().counts.done > 5, "some products")
    run.stop()
    server.configure(held_after=None)
    assert run.wait(60).status is Status.STOPPED
    with pytest.raises(InputError, match=run.sid):
        run.resume()
    again = evaluator.start(make_feed(60), **QUIET)
    assert again.sid == run.sid and again.wait(60).counts.done == 60
    assert server.stats.requests == len(CATEGORIES) + 60 and server.stats.repeated == 0
    finished = evaluator.start(make_feed(60), **QUIET)
    assert finished.sid == run.sid and finished.done and server.stats.requests == len(CATEGORIES) + 60


def test_starting_again_while_it_goes_on_finds_the_run_and_starts_no_second(
    evaluator: fe.ProductFeedEvaluator, server: ModelServer
) -> None:
    server.configure(held_after=8)
    run = evaluator.start(make_feed(30), **QUIET)
    assert evaluator.start(make_feed(30), **QUIET) is run
    other = evaluator.start(make_feed(7, start=100), **QUIET)
    assert other.sid != run.sid
    server.configure(held_after=None)
    assert len(evaluator.evaluate_products_batch(make_feed(30), progress="none")) == 30
    other.wait(60)
    assert server.stats.repeated == 0


def test_failed_products_are_tried_again_from_the_handle(
    evaluator: fe.ProductFeedEvaluator, server: ModelServer
) -> None:
    server.faults.append(Fault(FaultKind.CONTENT_FILTER, contains="Article number 29 weighs"))
    run = evaluator.start(make_feed(30), **{**QUIET, "resume": False})
    assert run.wait(60).counts.failed == 1
    server.faults.clear()
    sid = run.sid
    run.retry_failed()
    assert run.wait(60).counts.failed == 0 and run.sid == sid
    assert server.stats.accepted == len(CATEGORIES) + 30


def test_a_budget_that_was_raised_stays_raised_when_failed_products_are_tried_again(
    evaluator: fe.ProductFeedEvaluator, server: ModelServer
) -> None:
    server.faults.append(Fault(FaultKind.CONTENT_FILTER, contains="Article number 29 weighs"))
    run = evaluator.start(make_feed(30), **{**QUIET, "resume": False, "budget_usd": 0.001})
    assert run.wait(60, until_paused=True).needs_person
    run.resume(budget_usd=5)
    assert run.wait(60).counts.failed == 1
    server.faults.clear()
    run.retry_failed()
    after = run.wait(60, until_paused=True)
    assert (after.status, after.counts.failed, after.budget_usd) == (Status.FINISHED, 0, 5)


def test_resume_evaluation_takes_up_the_latest_session_that_is_not_finished(
    evaluator: fe.ProductFeedEvaluator, server: ModelServer
) -> None:
    server.configure(held_after=20)
    run = evaluator.start(make_feed(40), ["title", "description"], **{**QUIET, "num_questions": 5})
    until(lambda: run.snapshot().counts.done > 5, "some products")
    run.stop()
    server.configure(held_after=None)
    run.wait(60)
    with pytest.raises(InputError, match="other products"):
        evaluator.resume_evaluation(make_feed(39), progress="none")
    results = evaluator.resume_evaluation(make_feed(40), progress="none")
    assert len(results) == 40 and set(results["context_fields"]) == {"title, description"}
    assert server.stats.requests == len(CATEGORIES) + 40
    # A notebook that is run again from the top comes by here with the audit finished.
    again = evaluator.resume_evaluation(make_feed(40), progress="none")
    pd.testing.assert_frame_equal(again, results)
    assert server.stats.requests == len(CATEGORIES) + 40
    with pytest.raises(SessionNotFound, match="no session in nowhere"):
        fe.ProductFeedEvaluator(model="offline", output_dir="nowhere").resume_evaluation(make_feed(40))


def test_resume_reads_the_feed_again_from_where_it_came(
    evaluator: fe.ProductFeedEvaluator, server: ModelServer, tmp_path: Path
) -> None:
    path = write_jsonl(tmp_path / "feed.jsonl", make_feed(50))
    server.configure(held_after=20)
    run = evaluator.start(path, limit=40, **QUIET)
    until(lambda: run.snapshot().counts.done > 5, "some products")
    run.stop()
    server.configure(held_after=None)
    run.wait(60)
    again = fe.resume(run.session(), api_key=KEY, progress="none")
    assert again.sid == run.sid and again.wait(60).counts.done == 40
    assert server.stats.requests == len(CATEGORIES) + 40 and server.stats.repeated == 0
    path.unlink()
    with pytest.raises(InputError, match=r"feed\.jsonl"):
        fe.resume(run.sid, api_key=KEY, output_dir=evaluator.output_dir)


def test_resume_reads_the_feed_again_as_it_was_read(
    evaluator: fe.ProductFeedEvaluator, server: ModelServer, tmp_path: Path
) -> None:
    path = tmp_path / "table.csv"
    theirs = {"id": "Nr", "title": "Was", "description": "Wohl", "product_type": "Rubrik"}
    products = [{theirs[name]: value for name, value in p.items() if name in theirs} for p in make_feed(50)]
    pd.DataFrame(products).to_csv(path, index=False, sep=";")
    frame = fe.read_feed(path, columns={name: ours for ours, name in theirs.items()}, limit=40)
    server.configure(held_after=20)
    run = evaluator.start(frame, **QUIET)
    until(lambda: run.snapshot().counts.done > 5, "some products")
    run.stop()
    server.configure(held_after=None)
    run.wait(60)
    again = fe.resume(run.session(), api_key=KEY, progress="none")
    assert again.sid == run.sid and again.wait(60).counts.done == 40
    assert server.stats.repeated == 0
    asked = server.stats.requests
    assert len(evaluator.resume(run.session(), progress="none").results()) == 40
    assert server.stats.requests == asked


def test_a_feed_given_by_hand_has_to_be_given_again(evaluator: fe.ProductFeedEvaluator) -> None:
    run = evaluator.start(make_feed(3), **QUIET)
    run.wait(60)
    with pytest.raises(InputError, match="give the feed"):
        fe.resume(run.session(), api_key=KEY)


def test_failed_products_have_a_row_and_are_tried_again(
    evaluator: fe.ProductFeedEvaluator, server: ModelServer
) -> None:
    server.faults.append(Fault(FaultKind.REFUSAL, contains="Article 9 in blue"))
    first = evaluator.evaluate_products_batch(make_feed(12, categories=1), **QUIET)
    failed = first[first["status"] == "failed"]
    assert failed["product_id"].tolist() == ["P-00009"] and "declined" in failed["error"].iloc[0]
    server.faults.clear()
    before = server.stats.requests
    second = evaluator.evaluate_products_batch(make_feed(12, categories=1), **QUIET)
    assert (second["status"] == "done").all() and len(second) == 12
    assert server.stats.requests - before == 1


def test_status_has_the_promised_shape_before_during_and_after(
    evaluator: fe.ProductFeedEvaluator, server: ModelServer
) -> None:
    def check(status: dict[str, Any]) -> dict[str, Any]:
        assert set(status) == {"health_status", "memory_info", "error_summary", "batch_info"}
        assert set(status["health_status"]) == {"overall_status", "reasons", "recommendations"}
        assert status["health_status"]["overall_status"] in ("healthy", "degraded", "critical")
        assert {"current_mb", "peak_mb"} <= set(status["memory_info"]) and status["memory_info"]["current_mb"] > 0
        assert set(status["error_summary"]) == {"total_errors", "error_types", "recent_errors"}
        return status["batch_info"]  # type: ignore[no-any-return]

    assert check(evaluator.get_evaluation_status())["status"] is None
    server.configure(held_after=40)
    server.faults.append(Fault(FaultKind.REJECTED, from_request=30, times=1))
    run = evaluator.start(make_feed(60), **QUIET)
    until(lambda: run.snapshot().counts.failed > 0, "the failure")
    during = check(evaluator.get_evaluation_status())
    assert during["status"] == "running" and during["total"] == 60 and during["session"] == run.sid
    server.configure(held_after=None)
    run.wait(60)
    after = evaluator.get_evaluation_status()
    assert check(after)["status"] == "finished" and after["batch_info"]["left"] == 0
    assert after["error_summary"]["total_errors"] == 1
    assert after["error_summary"]["error_types"] == {"RequestRejected": 1}
    assert after["error_summary"]["recent_errors"][0]["key"].startswith("P-")
    # Another evaluator, as after a restart, tells the same from the files.
    later = fe.ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=evaluator.output_dir)
    assert check(later.get_evaluation_status())["done"] == 59
    assert later.get_evaluation_status()["error_summary"]["total_errors"] == 1
    evaluator.evaluate_products_batch(make_feed(60), **QUIET)
    evaluator.evaluate_products_batch(make_feed(60), **QUIET)
    assert check(evaluator.get_evaluation_status())["done"] == 60, "complete before it was asked for again"


def test_an_estimate_comes_close_and_its_products_are_not_paid_again(
    evaluator: fe.ProductFeedEvaluator, server: ModelServer
) -> None:
    feed = make_feed(60)
    estimate = evaluator.estimate(feed, pilot=8, num_questions=4)
    assert 8 < server.stats.requests <= 8 + len(CATEGORIES)
    assert estimate.calls.expected == len(CATEGORIES) + 60
    assert "60" in str(estimate) and estimate._repr_html_()
    evaluator.evaluate_products_batch(feed, **QUIET)
    stats = server.stats
    assert stats.requests == len(CATEGORIES) + 60 and stats.repeated == 0
    assert estimate.input_tokens.low * 0.98 <= stats.input_tokens <= estimate.input_tokens.high * 1.02
    assert estimate.output_tokens.low * 0.9 <= stats.output_tokens <= estimate.output_tokens.high * 1.1
    assert estimate.cost_usd is not None and 0 < estimate.cost_usd.low <= estimate.cost_usd.high


@pytest.mark.parametrize("pilot", [1, "3", 2.5, None])
def test_a_pilot_needs_two_products(evaluator: fe.ProductFeedEvaluator, pilot: Any) -> None:
    with pytest.raises(InputError, match=f"pilot={pilot!r}"):
        evaluator.estimate(make_feed(5), pilot=pilot)


def test_a_budget_needs_a_price(server: ModelServer, tmp_path: Path) -> None:
    local = fe.ProductFeedEvaluator(KEY, "my-own-model", base_url=server.base_url, output_dir=tmp_path)
    with pytest.raises(InputError, match=r"my-own-model.*input_price"):
        local.start(make_feed(3), budget_usd=1.0, **QUIET)
    results = local.evaluate_products_batch(make_feed(3), **QUIET)
    assert results["cost_usd"].isna().all() and (results["status"] == "done").all()
    priced = fe.ProductFeedEvaluator(
        KEY, "my-own-model", base_url=server.base_url, output_dir=tmp_path / "p", input_price=1.0, output_price=2.0
    )
    assert priced.evaluate_products_batch(make_feed(3), budget_usd=1.0, **QUIET)["cost_usd"].sum() > 0


def test_the_key_is_in_no_file_form_log_or_error(server: ModelServer, tmp_path: Path) -> None:
    server.faults.append(Fault(FaultKind.ECHO_KEY, on={3}))
    evaluator = fe.ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=tmp_path)
    run = evaluator.start(make_feed(12), keep_calls=True, **QUIET)
    run.wait(60)
    session = run.session()
    assert len(session.failures) >= 1
    forms = [repr(evaluator), repr(run), run._repr_html_(), repr(session), session._repr_html_(), repr(vars(run))]
    forms += [str(evaluator.get_evaluation_status()), session.results.to_csv(), session.failures.to_csv()]
    server.faults[:] = [Fault(FaultKind.WRONG_KEY)]
    with pytest.raises((InputError, WrongKey)) as caught:
        evaluator.evaluate_products_batch(make_feed(13), **{**QUIET, "keep_calls": 3})
    forms.append(str(caught.value))
    assert not any(KEY in form for form in forms)
    assert not [path.name for path in tmp_path.iterdir() if KEY.encode() in path.read_bytes()]


def test_every_option_is_documented_where_it_is_typed() -> None:
    documented = fe.ProductFeedEvaluator.start.__doc__ or ""
    assert not [name for name in AuditOptions.__annotations__ if f"`{name}`" not in documented]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_price": 1.0}, "both `input_price` and `output_price`"),
        ({"output_price": 1.0}, "both `input_price` and `output_price`"),
        ({"base_url": "http://me:secret@127.0.0.1:9/v1"}, "user or a password"),
    ],
)
def test_settings_that_could_cost_money_or_leak_are_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        fe.ProductFeedEvaluator("a-key", "gpt-4o-mini", **options)
    assert "secret" not in str(caught.value)


def test_a_session_that_is_gone_on_with_keeps_its_cap(evaluator: fe.ProductFeedEvaluator, server: ModelServer) -> None:
    with pytest.raises(fe.RunFault, match=r"0\.001"):
        evaluator.evaluate_products_batch(make_feed(60), budget_usd=0.001, **QUIET)
    session = fe.load_session(output_dir=evaluator.output_dir)
    with pytest.raises(fe.RunFault, match=r"0\.001"):
        evaluator.resume(session, feed=make_feed(60), progress="none").block()
    done = evaluator.resume(session, feed=make_feed(60), progress="none", budget_usd=None).wait(60)
    assert done.counts.done == 60


def test_audits_in_two_languages_are_two_sessions_and_each_goes_on_in_its_own(tmp_path: Path) -> None:
    products = make_feed(3)
    for locale in ("de-DE", "en-GB"):
        evaluator = fe.ProductFeedEvaluator(model="offline", locale=locale, output_dir=tmp_path)
        evaluator.evaluate_products_batch(products, progress="none")
        assert fe.load_session(output_dir=tmp_path).progress.fingerprint["locale"] == locale
    assert len(list(tmp_path.glob("progress_*.json"))) == 2
    german = fe.ProductFeedEvaluator(model="offline", locale="de-DE", output_dir=tmp_path)
    german.evaluate_products_batch(products, progress="none")
    assert len(list(tmp_path.glob("progress_*.json"))) == 2
