"""Audits on a cluster of real processes: what comes of them, whatever dies on the way."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import feedeval as fe
from feedeval.errors import InputError, WrongKey
from feedeval.evaluator import ProductFeedEvaluator
from feedeval.evaluator.cluster.messages import Sealed
from feedeval.records import Status
from feedeval.results.library import session_info
from feedeval.run.progress import Need
from feedeval.storage.readers import is_being_written
from feedeval.storage.shards import Shards
from feedeval.storage.verify import verify
from tests.cluster.conftest import (
    SLOW_S,
    SLOWLY,
    WORKERS,
    SharedCluster,
    evaluator,
    hold_after,
    kill_a_worker,
    shards_in_hand,
    wait_for,
)
from tests.e2e.support import BY_CHANCE, KEY, ServerProcess, make_feed, until, write_jsonl

WAIT_S = 240.0
"""On a machine that does much else as well."""
IN_FLIGHT = 32
"""Calls that all workers together may have out where something dies: a reply that was sent and did not reach a log yet
is in flight, too, and the server knows nothing of it."""


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one.drop(columns=BY_CHANCE), other.drop(columns=BY_CHANCE))


def plain_results(feed: Any, output_dir: Path, server: ServerProcess | None) -> pd.DataFrame:
    made = (
        ProductFeedEvaluator(model="offline", output_dir=output_dir)
        if server is None
        else evaluator(server, output_dir)
    )
    return made.evaluate_products_batch(feed, progress="none")


def test_results_are_those_of_one_process_and_of_one_session(
    client: Any, server: ServerProcess, tmp_path: Path
) -> None:
    feed = [*make_feed(300), *({**product, "id": f"twin-{product['id']}"} for product in make_feed(40))]
    run = evaluator(server, tmp_path / "cluster").start(feed, cluster=client, progress="none")
    snapshot = run.wait(WAIT_S)
    served = server.stats()
    assert (snapshot.status, snapshot.counts.done, snapshot.counts.failed) == (Status.FINISHED, 340, 0)
    # Each category's questions once, and products of the same content once.
    assert (served["accepted"], served["repeated"]) == (300 + 4, 0)
    session = run.session()
    same(session.results, plain_results(feed, tmp_path / "plain", server))
    assert session.progress.calls == served["accepted"]
    assert session.progress.cost_usd == pytest.approx(snapshot.cost_usd)
    listed = fe.list_sessions(tmp_path / "cluster")
    assert listed["session"].tolist() == [session.id] and listed["done"].tolist() == [340]
    assert len(session.questions) > 0 and not session.gaps().empty and "340" in session.summary().text(100)
    assert len(session.judgements["key"].unique()) == 340
    assert verify(session.paths) == []
    part = session.read(columns=["product_id", "coverage_pct", "yes_count"], where=[("yes_count", ">", 3)])
    wanted = session.results[["product_id", "coverage_pct", "yes_count"]]
    pd.testing.assert_frame_equal(part, wanted[wanted["yes_count"] > 3].reset_index(drop=True))
    pd.testing.assert_frame_equal(session.read(), session.results)


def test_a_session_in_shards_is_read_compared_reported_and_removed_as_any_other(client: Any, tmp_path: Path) -> None:
    feed = make_feed(200)
    offline = ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    session = (run := offline.start(feed, cluster=client, progress="none")).session()
    run.wait(WAIT_S)
    plain = ProductFeedEvaluator(model="offline", output_dir=tmp_path / "plain")
    plain.evaluate_products_batch(feed, progress="none")
    other = fe.load_session(output_dir=tmp_path / "plain")
    session.reload()
    assert len(fe.compare(other, session).products) == 200
    assert "<html" in Path(fe.report(session, tmp_path / "report.html")).read_text(encoding="utf-8")[:200]
    assert session_info(session)["state"]["done"] == 200
    assert len(pd.read_csv(session.consolidate(tmp_path / "out.csv"))) == 200
    folder = session.shards.folder if session.shards else Path()
    removed = fe.cleanup(session.id, output_dir=tmp_path)
    assert removed and not folder.exists() and fe.list_sessions(tmp_path).empty


def test_without_a_cluster_the_results_of_one_are_taken_over_at_no_cost(
    client: Any, server: ServerProcess, tmp_path: Path
) -> None:
    feed = make_feed(120)
    evaluator(server, tmp_path).start(feed, cluster=client, progress="none").wait(WAIT_S)
    before = server.stats()["accepted"]
    results = evaluator(server, tmp_path).evaluate_products_batch(feed, progress="none")
    assert server.stats()["accepted"] == before and (results["status"] == "done").all()
    # And on a cluster once more: nothing is left to do.
    again = evaluator(server, tmp_path).start(feed, cluster=client, progress="none")
    assert again.wait(WAIT_S).counts.done == 120 and server.stats()["accepted"] == before


def test_a_changed_feed_takes_over_what_still_holds(client: Any, server: ServerProcess, tmp_path: Path) -> None:
    feed = make_feed(200)
    evaluator(server, tmp_path).start(feed, cluster=client, progress="none").wait(WAIT_S)
    before = server.stats()["accepted"]
    changed = [{**product, "title": "Another"} if n < 10 else product for n, product in enumerate(feed)]
    run = evaluator(server, tmp_path).start(changed, cluster=client, progress="none")
    snapshot = run.wait(WAIT_S)
    assert (snapshot.counts.done, snapshot.counts.reused) == (200, 190)
    assert server.stats()["accepted"] - before == 10


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_finished_is_lost_with_workers_and_the_driver(
    mortal_client: Any, server: ServerProcess, tmp_path: Path
) -> None:
    client = mortal_client
    feed = write_jsonl(tmp_path / "feed.jsonl", make_feed(2000))
    out = tmp_path / "cluster"
    driver = multiprocessing.get_context("spawn").Process(
        target=drive, args=(server.base_url, str(feed), str(out), client.scheduler.address)
    )
    # However late a kill comes, the run is not through.
    hold_after(server, 400)
    driver.start()
    until(lambda: done_on_disk(out) > 200, "the first products", timeout_s=WAIT_S)
    kill_a_worker(client)
    hold_after(server, 400)
    until(lambda: done_on_disk(out) > 500, "more products", timeout_s=WAIT_S)
    assert driver.pid is not None
    os.kill(driver.pid, signal.SIGKILL)
    driver.join()
    session = fe.load_session(output_dir=out)
    assert session.status is Status.INTERRUPTED and session.progress.counts.done > 200
    run = evaluator(server, out).start(feed, cluster=client, progress="none", max_in_flight=IN_FLIGHT)
    for done in (800, 1300):
        hold_after(server, 500)
        wait_for(run, done)
        kill_a_worker(client)
    hold_after(server, None)
    snapshot = run.wait(WAIT_S)
    assert (snapshot.status, snapshot.counts.done) == (Status.FINISHED, 2000)
    served = server.stats()
    # At most what each of the three workers had in flight; a driver takes no call along.
    assert served["repeated"] <= 3 * IN_FLIGHT and served["accepted"] - served["repeated"] == 2000 + 4
    assert len(fe.list_sessions(out)) == 1 and run.sid == session.id
    same(run.results(), plain_results(feed, tmp_path / "plain", server))


def drive(base_url: str, feed: str, output_dir: str, scheduler: str | int) -> None:
    """Start an audit and wait for it; what a driver's process does."""
    options: dict[str, Any] = {"input_price": 1.0, "output_price": 4.0}
    made = ProductFeedEvaluator(KEY, "judge-1", base_url=base_url, output_dir=output_dir, **options)
    made.start(feed, cluster=scheduler, progress="none", max_in_flight=IN_FLIGHT).wait()


def done_on_disk(output_dir: Path) -> int:
    """Count the products in the batch files of all shards."""
    if not output_dir.is_dir() or not (ids := fe.list_sessions(output_dir)["session"].tolist()):
        return 0
    shards = fe.load_session(ids[0], output_dir=output_dir).shards
    return 20 * len(shards.batch_files()) if shards is not None else 0


def test_pause_resume_and_stop_reach_all_workers(client: Any, server: ServerProcess, tmp_path: Path) -> None:
    server.control(config={"latency_s": SLOW_S})
    # Shards so long that none ends meanwhile: between two of them a worker has nothing that could rest.
    run = evaluator(server, tmp_path).start(make_feed(900), cluster=client, shard_size=300, progress="none", **SLOWLY)
    wait_for(run, 40)
    run.pause()
    until(lambda: run.snapshot().status is Status.PAUSED, "the pause")
    accepted = server.stats()["accepted"]
    time.sleep(0.5)
    assert server.stats()["accepted"] == accepted
    assert {worker.state.split(":")[0] for worker in run.snapshot().workers} <= {"paused"}
    run.resume()
    until(lambda: server.stats()["accepted"] > accepted, "more calls")
    run.stop()
    snapshot = run.wait(WAIT_S)
    assert snapshot.status is Status.STOPPED and snapshot.counts.left > 0
    server.control(config={"latency_s": 0.03})
    part = run.session().read(columns=["product_id"])
    assert part["product_id"].tolist() == run.results()["product_id"].tolist()
    assert not any(written_to(run.session().shards))
    # The session alone is enough to go on: the feed lies in its shards, and the cluster's address is on record.
    again = fe.resume(run.session(), api_key=KEY, progress="none")
    assert again.wait(WAIT_S).counts.done == 900
    assert server.stats()["repeated"] == 0


def written_to(shards: Shards | None) -> list[bool]:
    """Say of each shard whether somebody writes to it."""
    return [] if shards is None else [is_being_written(paths) for _, paths in shards.sessions()]


def test_a_wrong_key_pauses_all_within_a_handful_of_calls(client: Any, server: ServerProcess, tmp_path: Path) -> None:
    hold_after(server, 150)
    run = evaluator(server, tmp_path).start(make_feed(600), cluster=client, max_in_flight=8, progress="none")
    wait_for(run, 60)
    server.control(config={"api_key": "sk-another-key-0123456789", "held_after": None})
    snapshot = run.wait(WAIT_S, until_paused=True)
    assert (snapshot.status, snapshot.needs) == (Status.PAUSED, Need.KEY)
    assert all(worker.state.startswith("paused") for worker in run.snapshot().workers)
    served = server.stats()
    refused = served["requests"] - served["accepted"]
    # What each of the workers may have had out, and a handful.
    assert refused <= WORKERS * 8 + 8
    run.resume(api_key="sk-another-key-0123456789")
    assert run.wait(WAIT_S).counts.done == 600
    assert server.stats()["repeated"] == 0


def test_a_key_that_is_wrong_from_the_start_is_raised_by_the_call_that_blocks(
    client: Any, server: ServerProcess, tmp_path: Path
) -> None:
    server.control(config={"api_key": "sk-another-key-0123456789"})
    with pytest.raises(WrongKey):
        evaluator(server, tmp_path).evaluate_products_batch(make_feed(100), cluster=client, progress="none")
    assert server.stats()["requests"] <= 8


def test_a_budget_holds_for_all_and_can_be_raised(client: Any, server: ServerProcess, tmp_path: Path) -> None:
    run = evaluator(server, tmp_path).start(make_feed(400), cluster=client, progress="none", budget_usd=0.1)
    snapshot = run.wait(WAIT_S, until_paused=True)
    assert (snapshot.status, snapshot.needs) == (Status.PAUSED, Need.BUDGET)
    served = server.stats()
    spent_usd = (served["input_tokens"] + 4 * served["output_tokens"]) / 1e6
    dearest_usd = spent_usd / served["accepted"] * 3
    assert 0.05 < spent_usd < 0.1 + dearest_usd
    run.resume(budget_usd=10)
    assert run.wait(WAIT_S).counts.done == 400


def test_one_limit_is_shared_by_all_workers(client: Any, server: ServerProcess, tmp_path: Path) -> None:
    # 600 a minute, with a minute of ten seconds.
    server.control(config={"rpm": 600, "window_s": 10.0}, reset=True)
    run = evaluator(server, tmp_path).start(make_feed(1500), cluster=client, progress="none")
    run.wait(WAIT_S)
    served = server.stats()
    assert served["accepted"] == 1504 and served["refused"] <= 0.01 * served["accepted"]


def test_the_buttons_of_the_panel_reach_all_workers(client: Any, server: ServerProcess, tmp_path: Path) -> None:
    # Shards so long that none ends while it is pressed: between two of them a worker has nothing that could rest.
    server.control(config={"latency_s": SLOW_S})
    run = evaluator(server, tmp_path).start(make_feed(1500), cluster=client, shard_size=500, progress="none", **SLOWLY)
    root = run.panel.widget()
    wait_for(run, 40)
    press(root, "Pause")
    until(lambda: run.snapshot().status is Status.PAUSED, "the pause")
    workers = run.snapshot().workers
    # The status is that of all: whoever has a shard rests, and has no call out.
    assert workers and all(worker.state.startswith("paused") and not worker.in_flight for worker in workers)
    rested = server.stats()
    assert rested["in_flight"] == 0
    time.sleep(0.5)
    assert server.stats()["requests"] == rested["requests"]
    press(root, "Resume")
    until(lambda: server.stats()["accepted"] > rested["accepted"] + 20, "more calls")
    press(root, "Stop")
    assert run.wait(WAIT_S).status is Status.STOPPED
    stopped = server.stats()
    assert stopped["in_flight"] == 0 and not any(client.run(shards_in_hand).values())
    time.sleep(0.5)
    assert server.stats()["requests"] == stopped["requests"]


def press(widget: Any, words: str) -> None:
    """Press a button of the panel, which has to be there and usable."""
    [button] = [each for each in all_of(widget) if getattr(each, "description", "") == words]
    until(lambda: not button.disabled, f"{words} to be usable")
    button.click()


def all_of(widget: Any) -> Iterator[Any]:
    """Return a widget and all beneath it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from all_of(child)


def test_the_key_is_in_no_file_and_no_word(client: Any, server: ServerProcess, tmp_path: Path) -> None:
    hold_after(server, 100)
    run = evaluator(server, tmp_path).start(make_feed(150), cluster=client, progress="none")
    wait_for(run, 20)
    told = str(client.processing()) + str(client.story()) + repr(client.who_has()) + repr(run) + str(run.snapshot())
    hold_after(server, None)
    run.wait(WAIT_S)
    logs = str(client.get_worker_logs()) + str(client.get_scheduler_logs())
    assert KEY not in told and KEY not in logs
    assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    sealed = Sealed({"api_key": KEY})
    assert KEY not in repr(sealed) and sealed.open() == {"api_key": KEY}


def test_what_cannot_be_a_cluster_is_refused(tmp_path: Path) -> None:
    offline = ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    for wrong in (0, True, 2.5, object()):
        with pytest.raises(InputError, match="cluster="):
            offline.start(make_feed(3), cluster=wrong, progress="none").wait()
    with pytest.raises(InputError, match="shard_size"):
        offline.start(make_feed(3), shard_size=10, progress="none")


def test_a_run_that_is_left_behind_holds_up_nobody(
    shared_cluster: SharedCluster, client: Any, server: ServerProcess, tmp_path: Path
) -> None:
    server.control(config={"latency_s": SLOW_S})
    run = evaluator(server, tmp_path).start(make_feed(900), cluster=client, progress="none", **SLOWLY)
    wait_for(run, 20)
    run.pause()
    shared_cluster.leave_clean()
    assert run.done and not any(client.run(shards_in_hand).values())
