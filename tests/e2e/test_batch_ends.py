"""How batches end: done, in part, refused, gone; and what a person may do meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest

import feedeval as fe
from feedeval.errors import BudgetReached, InputError, RunFault
from feedeval.evaluator import ProductFeedEvaluator
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.notebook.panel.render import run_html, run_text
from feedeval.records import Status
from feedeval.run.reporters import status_line
from tests.e2e.batches import PRICES, QUICK, messages_of
from tests.e2e.support import KEY, assert_books_agree, make_feed, until
from tests.server import Fault, FaultKind, ModelServer

PRODUCTS = 30
SETS = 4


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


def evaluator(server: ModelServer, folder: Path, **changes: Any) -> ProductFeedEvaluator:
    settings: dict[str, Any] = {**PRICES, **changes}
    return ProductFeedEvaluator(KEY, "gpt-4o-mini", output_dir=folder, base_url=server.base_url, **settings)


def started(server: ModelServer, folder: Path, **options: Any) -> EvaluationRun:
    return evaluator(server, folder).start(make_feed(PRODUCTS), **{**QUICK, "progress": "none", **options})


def through(server: ModelServer, folder: Path, **options: Any) -> EvaluationRun:
    run = started(server, folder, **options)
    assert run.wait(60).status is Status.FINISHED
    return run


def served(server: ModelServer) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(orjson.dumps(server.stats))
    return found


def out(run: EvaluationRun) -> None:
    until(lambda: any(part.status == "in_progress" for part in run.snapshot().parts), "a part is worked on")


def parts_of(run: EvaluationRun) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads((run.session().output_dir / f"parts_{run.sid}.json").read_bytes())[
        "parts"
    ]
    return found


def test_judgements_go_by_batch_at_half_the_price_and_come_out_as_if_they_had_been_asked_live(
    tmp_path: Path, server: ModelServer
) -> None:
    bodies = server.record_bodies()
    live = through(server, tmp_path / "live", delivery="live")
    cost_live = live.snapshot().cost_usd
    live_bodies = list(bodies)
    server.reset()
    batch = through(server, tmp_path / "batch", part_requests=12)
    pd.testing.assert_frame_equal(
        live.results().drop(columns="cost_usd"), batch.results().drop(columns="cost_usd"), check_dtype=True
    )
    assert (server.stats.requests, server.stats.batches, server.stats.batch_accepted) == (SETS, 3, PRODUCTS)
    assert_books_agree(tmp_path / "batch", served(server))
    sets_usd = sum(
        made["effort"]["cost_usd"]
        for made in orjson.loads((tmp_path / "batch" / f"questions_{batch.sid}.json").read_bytes())["sets"]
    )
    assert cost_live is not None and batch.snapshot().cost_usd == pytest.approx((cost_live - sets_usd) / 2 + sets_usd)
    assert any(body["messages"] for body in live_bodies)


def test_the_part_asks_what_a_live_call_asks_under_the_hash_of_the_call_log(
    tmp_path: Path, server: ModelServer
) -> None:
    live = through(server, tmp_path / "live", delivery="live", keep_calls=True)
    logged = {
        orjson.loads(line)["call"]["request_hash"]
        for log in (tmp_path / "live").glob("calls_*")
        for line in log.read_bytes().splitlines()
        if b'"call"' in line
    }
    server.configure(batch_hold=True)
    run = started(server, tmp_path / "batch")
    out(run)
    (file,) = (tmp_path / "batch").glob("part_*")
    lines = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    assert {line["custom_id"] for line in lines} <= logged and len(lines) == PRODUCTS
    assert all(server.app.was_accepted(line["body"]) for line in lines)
    assert file.stat().st_mode & 0o777 == 0o600
    run.leave()
    run.wait(60)
    assert live.done


@pytest.mark.parametrize("end", ["expired", "cancelled"])
@pytest.mark.parametrize("leftover", ["live", "batch"])
def test_what_is_done_counts_and_the_rest_is_asked_again(
    tmp_path: Path, server: ModelServer, end: str, leftover: str
) -> None:
    server.configure(batch_ends=[end])
    run = through(server, tmp_path, leftover=leftover)
    stats = server.stats
    assert stats.repeated == stats.twice == 0 and stats.accepted == PRODUCTS + SETS
    assert stats.batches == (1 if leftover == "live" else 2)
    assert stats.requests == SETS + (PRODUCTS // 2 if leftover == "live" else 0)
    assert_books_agree(tmp_path, served(server))
    assert f"Part 1 {end}: 15 answers" in messages_of(run)


def test_a_part_refused_for_a_line_is_sent_again_without_it(tmp_path: Path, server: ModelServer) -> None:
    server.configure(batch_ends=["failed"])
    run = through(server, tmp_path)
    assert "line 2: This line is not one." in messages_of(run)
    assert (server.stats.requests, server.stats.batch_requests) == (SETS + 1, PRODUCTS - 1)
    assert_books_agree(tmp_path, served(server))


def test_a_part_refused_as_a_whole_waits_for_a_person(tmp_path: Path, server: ModelServer) -> None:
    server.configure(batch_ends=["failed_whole"])
    run = started(server, tmp_path)
    assert run.wait(60, until_paused=True).needs_person
    assert "Not this file." in run.snapshot().status_reason
    run.resume()
    assert run.wait(60).status is Status.FINISHED and server.stats.batch_requests == PRODUCTS


def test_lines_that_failed_are_asked_live(tmp_path: Path, server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.REJECTED, contains="number 25 weighs", times=1))
    run = through(server, tmp_path)
    assert run.snapshot().counts.failed == 0 and server.stats.requests == SETS + 1
    assert "1 failed (The endpoint will not take this request." in messages_of(run)


def test_a_reply_of_the_wrong_shape_is_asked_again_live_once(tmp_path: Path, server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.INVALID_REPLY, contains="number 25 weighs", times=1))
    through(server, tmp_path / "mended")
    assert server.stats.requests == SETS + 1 and server.stats.accepted == PRODUCTS + SETS + 1
    assert_books_agree(tmp_path / "mended", served(server))
    server.reset()
    server.faults[:] = [Fault(FaultKind.INVALID_REPLY, contains="number 25 weighs")]
    run = through(server, tmp_path / "hopeless")
    assert server.stats.requests == SETS + 1 and run.snapshot().errors_by_type == {"ReplyInvalid": 1}


def test_a_reply_that_says_nothing_is_in_the_books_and_asked_live(tmp_path: Path, server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.NULL_CONTENT, contains="number 25 weighs", times=1))
    run = through(server, tmp_path)
    assert run.snapshot().counts.failed == 0 and server.stats.requests == SETS + 1
    assert run.snapshot().calls == server.stats.accepted == PRODUCTS + SETS + 1


@pytest.mark.parametrize("end", ["output_gone", "forgotten"])
def test_answers_that_are_gone_are_asked_for_again(tmp_path: Path, server: ModelServer, end: str) -> None:
    server.configure(batch_ends=[end])
    run = through(server, tmp_path)
    assert run.snapshot().counts.done == PRODUCTS and server.stats.requests == SETS + PRODUCTS
    assert ("no longer be downloaded" if end == "output_gone" else "does not know it") in messages_of(run)


def test_a_batch_whose_making_was_not_heard_of_is_found_and_not_made_again(tmp_path: Path, server: ModelServer) -> None:
    server.configure(batch_ends=["create_breaks"])
    through(server, tmp_path)
    assert (server.stats.batches, server.stats.twice) == (1, 0)


def test_parts_wait_for_room_at_the_endpoint(tmp_path: Path, server: ModelServer) -> None:
    server.configure(batch_tokens=16_000, batch_s=0.05)
    through(server, tmp_path, part_requests=8)
    assert (server.stats.batches, server.stats.batch_requests, server.stats.twice) == (4, PRODUCTS, 0)


def test_a_part_that_is_too_large_for_the_endpoint_is_cut(tmp_path: Path, server: ModelServer) -> None:
    server.configure(batch_tokens=8_000)
    run = through(server, tmp_path)
    assert server.stats.batches > 2 and server.stats.batch_requests == PRODUCTS
    assert "more tokens than the endpoint takes at once" in messages_of(run)


def test_a_part_that_is_too_large_for_a_request_is_said_to_be_and_cut_anew(tmp_path: Path, server: ModelServer) -> None:
    server.configure(batch_file_bytes=40_000)
    run = started(server, tmp_path)
    snapshot = run.wait(60, until_paused=True)
    assert "could not be sent" in snapshot.status_reason and "part_mb" in snapshot.status_reason
    run.leave()
    run.wait(60)
    through(server, tmp_path, part_mb=0.03)
    assert server.stats.twice == server.stats.repeated == 0 and server.stats.batches > 1


def test_limits_of_a_part_hold(tmp_path: Path, server: ModelServer) -> None:
    run = through(server, tmp_path / "mb", part_mb=0.02)
    assert all(part["size_bytes"] <= 20_000 for part in parts_of(run)) and len(parts_of(run)) > 1
    run = through(server, tmp_path / "tokens", part_tokens=4_000)
    assert all(part["tokens"] <= 4_000 for part in parts_of(run)) and len(parts_of(run)) > 1


def test_stop_calls_off_what_is_out_and_the_next_run_goes_on_with_what_is_done(
    tmp_path: Path, server: ModelServer
) -> None:
    server.configure(batch_hold=True)
    run = started(server, tmp_path)
    out(run)
    run.stop()
    assert run.wait(60).status is Status.STOPPED
    assert "What is answered by now is billed" in messages_of(run)
    assert server.app.desk.batches[0].status == "cancelled"
    server.configure(batch_hold=False)
    again = through(server, tmp_path)
    assert again.sid == run.sid and server.stats.repeated == server.stats.twice == 0
    # One more is asked live: a program that was started again has to learn what the endpoint understands.
    assert server.stats.batches == 2 and server.stats.requests == SETS + 1
    assert_books_agree(tmp_path, served(server))


def test_a_run_that_is_left_is_picked_up_by_the_same_call(tmp_path: Path, server: ModelServer) -> None:
    server.configure(batch_hold=True)
    run = started(server, tmp_path)
    out(run)
    run.leave()
    assert run.wait(60).status is Status.STOPPED and server.app.desk.batches[0].status == "in_progress"
    assert "going on with the session fetches the answers" in messages_of(run)
    assert "1 at the endpoint (0 of 30 requests answered)" in repr(fe.load_session(output_dir=tmp_path))
    server.configure(batch_hold=False)
    # Whether it says how or not: the session remembers.
    again = evaluator(server, tmp_path).start(make_feed(PRODUCTS), num_questions=4, progress="none", poll_first_s=0.02)
    assert again.wait(60).status is Status.FINISHED and again.sid == run.sid
    assert (server.stats.batches, server.stats.requests, server.stats.twice) == (1, SETS, 0)
    assert "at the endpoint" not in repr(fe.load_session(output_dir=tmp_path))


def test_another_feed_does_not_make_one_forget_what_is_out(tmp_path: Path, server: ModelServer) -> None:
    server.configure(batch_hold=True)
    run = started(server, tmp_path)
    out(run)
    run.leave()
    run.wait(60)
    other = evaluator(server, tmp_path).start(make_feed(PRODUCTS + 2), **{**QUICK, "progress": "none"})
    other.leave()
    other.wait(60)
    assert other.sid != run.sid
    assert f"Parts of session {run.sid} are still out: 1 at the endpoint" in messages_of(other)
    assert not (tmp_path / f"parts_{other.sid}.json").exists() or parts_of(other) != parts_of(run)


def test_resume_goes_on_by_batch(tmp_path: Path, server: ModelServer) -> None:
    server.configure(batch_hold=True)
    run = started(server, tmp_path)
    out(run)
    run.leave()
    run.wait(60)
    server.configure(batch_hold=False)
    again = fe.resume(run.sid, make_feed(PRODUCTS), api_key=KEY, output_dir=tmp_path, progress="none")
    assert again.wait(60).status is Status.FINISHED
    assert (server.stats.batches, server.stats.requests) == (1, SETS)


def test_who_wants_no_more_batch_gets_the_rest_live(tmp_path: Path, server: ModelServer) -> None:
    server.configure(batch_hold=True)
    run = started(server, tmp_path)
    out(run)
    run.leave()
    run.wait(60)
    through(server, tmp_path, delivery="live")
    assert server.stats.repeated == 0 and server.stats.accepted == PRODUCTS + SETS
    assert server.stats.requests == SETS + PRODUCTS // 2


def test_pausing_sends_nothing_and_loses_nothing(tmp_path: Path, server: ModelServer) -> None:
    server.configure(batch_hold=True)
    run = started(server, tmp_path)
    out(run)
    run.pause()
    until(lambda: run.snapshot().status is Status.PAUSED, "the run pauses")
    server.configure(batch_hold=False)
    time.sleep(0.1)
    assert run.snapshot().counts.done == 0
    run.resume()
    assert run.wait(60).status is Status.FINISHED and server.stats.batches == 1


def test_a_lost_entry_of_a_part_that_is_out_is_found_by_its_metadata(tmp_path: Path, server: ModelServer) -> None:
    server.configure(batch_hold=True)
    run = started(server, tmp_path)
    out(run)
    run.leave()
    run.wait(60)
    (tmp_path / f"parts_{run.sid}.json").unlink()
    server.configure(batch_hold=False)
    through(server, tmp_path)
    assert (server.stats.batches, server.stats.twice, server.stats.repeated) == (1, 0, 0)
    assert_books_agree(tmp_path, served(server))


def test_the_money_for_a_part_is_set_aside_before_it_is_sent(tmp_path: Path, server: ModelServer) -> None:
    # Enough for the question sets, which are asked live, and for some requests at their dearest.
    run = started(server, tmp_path, budget_usd=0.03)
    snapshot = run.wait(60)
    assert snapshot.status is Status.FINISHED and (snapshot.cost_usd or 0.0) <= 0.03
    assert len(parts_of(run)) > 1 and server.stats.twice == 0
    assert all(part["most_usd"] <= 0.03 for part in parts_of(run))


def test_a_budget_that_is_reached_pauses_before_a_part_is_sent(tmp_path: Path, server: ModelServer) -> None:
    with pytest.raises(BudgetReached):
        evaluator(server, tmp_path).evaluate_products_batch(
            make_feed(PRODUCTS), **{**QUICK, "budget_usd": 0.012, "progress": "none"}
        )
    assert server.stats.requests > 0
    through(server, tmp_path, budget_usd=None)
    assert server.stats.repeated == server.stats.twice == 0


def test_every_place_that_shows_the_run_shows_its_parts(tmp_path: Path, server: ModelServer) -> None:
    server.configure(batch_hold=True)
    run = started(server, tmp_path, part_requests=16)
    until(lambda: [part.status for part in run.snapshot().parts] == ["in_progress"] * 2, "both parts are worked on")
    snapshot = run.snapshot()
    assert "2 parts out, 0/30 answered" in status_line(snapshot)
    page, text = run_html(snapshot), run_text(snapshot)
    for shown in (page, text):
        assert "in progress" in shown and "0 of 16" in shown and "at most" in shown
    assert "2 at the endpoint (0 of 30 requests answered)" in page
    run.leave()
    run.wait(60)


def test_the_snippet_of_the_readme_runs(tmp_path: Path, server: ModelServer) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    code = readme.partition("### By batch")[2].partition("```py\n")[2].partition("```")[0]
    assert 'delivery="batch"' in code
    names: dict[str, Any] = {"evaluator": evaluator(server, tmp_path), "feed": make_feed(PRODUCTS)}
    exec(code, names)
    assert names["run"].wait(60).status in (Status.STOPPED, Status.FINISHED)


def test_another_judge_is_asked_by_batch_too(tmp_path: Path, server: ModelServer) -> None:
    through(server, tmp_path, delivery="live")
    server.reset()
    compared = fe.shadow_judge(
        model="gpt-4o",
        api_key=KEY,
        base_url=server.base_url,
        output_dir=tmp_path,
        delivery="batch",
        poll_first_s=0.02,
        progress="none",
        **PRICES,
    )
    assert "30" in str(compared)
    assert server.stats.batches == 1 and server.stats.accepted == PRODUCTS == server.stats.batch_accepted + 1


def test_an_endpoint_without_batches_says_so(tmp_path: Path, server: ModelServer) -> None:
    server.configure(batches=False)
    with pytest.raises(RunFault, match="no Batch API"):
        evaluator(server, tmp_path).evaluate_products_batch(make_feed(PRODUCTS), **{**QUICK, "progress": "none"})


def test_who_cannot_carry_parts_is_refused_at_once(tmp_path: Path) -> None:
    offline = ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    with pytest.raises(InputError, match="embedded engine"):
        offline.start(make_feed(3), delivery="batch", progress="none")
    azure = ProductFeedEvaluator(
        KEY, "gpt-4o-mini", base_url="http://127.0.0.1:9", api_version="2024-10-21", output_dir=tmp_path, **PRICES
    )
    with pytest.raises(InputError, match="api_version"):
        azure.start(make_feed(3), delivery="batch", progress="none")


def test_the_key_stands_in_no_file_and_no_word_of_the_feed_stays_at_the_endpoint(
    tmp_path: Path, server: ModelServer
) -> None:
    server.configure(batch_hold=True)
    run = started(server, tmp_path)
    out(run)
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    server.configure(batch_hold=False)
    assert run.wait(60).status is Status.FINISHED
    assert not server.app.desk.files
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
