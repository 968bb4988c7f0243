"""The death of what all depends on: the scheduler, with the coordinator beside it, and the driver that is both."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import feedeval as fe
from feedeval.errors import InputError
from feedeval.records import Status
from feedeval.run.progress import Need
from feedeval.storage.readers import is_being_written
from tests.cluster.conftest import SLOW_S, SLOWLY, WORKERS, distributed, evaluator, hold_after, shards_in_hand, wait_for
from tests.cluster.processes import DaskProcesses
from tests.cluster.test_cluster_run import IN_FLIGHT, WAIT_S, done_on_disk, drive
from tests.e2e.support import ServerProcess, make_feed, until, write_jsonl

PRODUCTS = 900
ANSWERS = 300
"""So many calls are answered before something dies, however late that comes."""
OPTIONS: dict[str, Any] = {"progress": "none", "max_in_flight": IN_FLIGHT}


@pytest.fixture
def processes() -> Iterator[DaskProcesses]:
    with DaskProcesses(2) as found:
        yield found


def assert_whole(run: Any, server: ServerProcess, repeated: int = IN_FLIGHT) -> None:
    """Check that nothing was lost, and that no more was asked twice than was in flight when something died."""
    snapshot = run.wait(WAIT_S)
    assert (snapshot.status, snapshot.counts.done) == (Status.FINISHED, PRODUCTS), snapshot.status_reason
    served = server.stats()
    assert served["repeated"] <= repeated and served["accepted"] - served["repeated"] == PRODUCTS + 4
    assert len(run.results()) == PRODUCTS
    assert fe.list_sessions(run.session().output_dir)["session"].tolist() == [run.sid]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_goes_on_by_itself_with_a_scheduler_that_is_started_anew(
    processes: DaskProcesses, server: ServerProcess, tmp_path: Path
) -> None:
    hold_after(server, ANSWERS)
    run = evaluator(server, tmp_path).start(make_feed(PRODUCTS), cluster=processes.address, budget_usd=0.9, **OPTIONS)
    wait_for(run, 150)
    processes.kill()
    hold_after(server, None)
    processes.start()
    snapshot = run.wait(WAIT_S, until_paused=True)
    assert (snapshot.status, snapshot.needs) == (Status.PAUSED, Need.BUDGET), snapshot.status_reason
    served = server.stats()
    spent_usd = (served["input_tokens"] + 4 * served["output_tokens"]) / 1e6
    # The new coordinator counts what the one before had spent; what was in flight then is in nobody's books.
    assert 0.8 < spent_usd < 0.9 + (IN_FLIGHT + 3 * WORKERS) * spent_usd / served["accepted"]
    run.resume(budget_usd=10)
    assert_whole(run, server)
    assert "the shards are placed once more" in (tmp_path / "evaluation.log").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_that_is_paused_stays_so_with_a_scheduler_that_is_started_anew(
    processes: DaskProcesses, server: ServerProcess, tmp_path: Path
) -> None:
    server.control(config={"latency_s": SLOW_S})
    run = evaluator(server, tmp_path).start(make_feed(PRODUCTS), cluster=processes.address, **{**OPTIONS, **SLOWLY})
    wait_for(run, 60)
    run.pause()
    until(lambda: run.snapshot().status is Status.PAUSED, "the pause")
    processes.kill()
    processes.start()
    log = tmp_path / "evaluation.log"
    until(lambda: "placed once more" in log.read_text(encoding="utf-8"), "the new scheduler", timeout_s=WAIT_S)
    with distributed.Client(processes.address, set_as_default=False) as client:
        until(lambda: any(client.run(shards_in_hand).values()), "workers with shards", timeout_s=WAIT_S)
    accepted = server.stats()["accepted"]
    assert (run.snapshot().status, run.snapshot().status_reason) == (Status.PAUSED, "paused by hand")
    server.control(config={"latency_s": 0.03})
    run.resume()
    until(lambda: server.stats()["accepted"] > accepted, "more calls", timeout_s=WAIT_S)
    # All calls had come to their end when the machine went down.
    assert_whole(run, server, 0)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_whose_scheduler_stays_away_ends_with_a_sentence_and_goes_on_with_another_cluster(
    processes: DaskProcesses, server: ServerProcess, tmp_path: Path
) -> None:
    feed = make_feed(PRODUCTS)
    with distributed.Client(processes.address, timeout=4, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=WAIT_S)
        hold_after(server, ANSWERS)
        run = evaluator(server, tmp_path).start(feed, cluster=client, **OPTIONS)
        wait_for(run, 150)
        processes.kill_scheduler()
        hold_after(server, None)
        snapshot = run.wait(WAIT_S)
        assert snapshot.status is Status.STOPPED and snapshot.counts.done >= 150
        assert "start the same audit with a cluster that runs, and it goes on" in snapshot.status_reason
        session = fe.load_session(output_dir=tmp_path)
        assert session.status is Status.STOPPED and not is_being_written(session.paths)
        with pytest.raises(InputError, match="whose scheduler does not answer"):
            evaluator(server, tmp_path).start(feed, cluster=client, progress="none").wait(WAIT_S)
    with DaskProcesses(2) as others:
        again = evaluator(server, tmp_path).start(feed, cluster=others.address, **OPTIONS)
        assert again.sid == run.sid
        assert_whole(again, server)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_that_has_lost_all_workers_says_so_and_goes_on_with_others(
    processes: DaskProcesses, server: ServerProcess, tmp_path: Path
) -> None:
    hold_after(server, ANSWERS)
    run = evaluator(server, tmp_path).start(make_feed(PRODUCTS), cluster=processes.address, **OPTIONS)
    wait_for(run, 150)
    processes.kill_workers()
    hold_after(server, None)
    log = tmp_path / "evaluation.log"
    until(lambda: "The cluster has no worker" in log.read_text(encoding="utf-8"), "the sentence", timeout_s=WAIT_S)
    assert run.snapshot().status is Status.RUNNING
    processes.start_workers()
    assert_whole(run, server)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_driver_of_its_own_workers_takes_them_along_and_another_one_goes_on(
    server: ServerProcess, tmp_path: Path
) -> None:
    feed, out = write_jsonl(tmp_path / "feed.jsonl", make_feed(PRODUCTS)), tmp_path / "out"
    driver = multiprocessing.get_context("spawn").Process(target=drive, args=(server.base_url, str(feed), str(out), 2))
    hold_after(server, ANSWERS)
    driver.start()
    until(lambda: done_on_disk(out) > 100, "the first products", timeout_s=WAIT_S)
    assert driver.pid is not None
    os.kill(driver.pid, signal.SIGKILL)
    driver.join()
    hold_after(server, None)
    assert fe.load_session(output_dir=out).status is Status.INTERRUPTED
    run = evaluator(server, out).start(feed, cluster=2, **OPTIONS)
    assert_whole(run, server)
