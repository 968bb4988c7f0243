"""Audits on a cluster whose workers share no folder: all that is left of a worker that died lies in the store."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import feedeval as fe
from feedeval.errors import InputError
from feedeval.evaluator import ProductFeedEvaluator
from feedeval.records import Status
from feedeval.results.library import session_info
from feedeval.storage.paths import session_paths
from feedeval.storage.requests import Action, ask
from feedeval.storage.verify import verify
from tests.cluster.conftest import PRICES, client_of, evaluator, kill_a_worker, local_cluster, wait_for
from tests.cluster.far import OPTIONS, Bucket, homes, own_homes
from tests.e2e.support import BY_CHANCE, KEY, ServerProcess, make_feed, until, write_jsonl
from tests.storage.remote.places import environment, s3_environment, s3_server

pytest.importorskip("s3fs")
pytest.importorskip("moto.server")

WAIT_S = 240.0
_buckets = itertools.count(1)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of an S3 server."""
    with s3_server() as found:
        yield found


@pytest.fixture(scope="module")
def far_cluster() -> Iterator[str]:
    """A scheduler that the tests of this file share."""
    with local_cluster() as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def client(far_cluster: str, tmp_path: Path) -> Iterator[Any]:
    """A client of workers with scratch homes of their own."""
    with client_of(far_cluster) as found, own_homes(found, tmp_path / "homes"):
        yield found


@pytest.fixture
def bucket(endpoint: str, tmp_path: Path) -> Iterator[Bucket]:
    """A bucket whose keys this process was told, and nobody else."""
    found = Bucket(endpoint, f"cluster-{next(_buckets)}")
    with environment({"FEEDEVAL_SCRATCH": str(tmp_path / "home")}):
        fe.use_storage(found.address, **found.options)
        yield found
        fe.use_storage(found.address)


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one.drop(columns=BY_CHANCE), other.drop(columns=BY_CHANCE))


def another_machine(tmp_path: Path) -> AbstractContextManager[None]:
    """Have this process know of no scratch folder that it wrote to."""
    return environment({"FEEDEVAL_SCRATCH": str(tmp_path / "another machine")})


def test_results_are_those_of_one_process_and_read_from_any_machine(
    client: Any, server: ServerProcess, bucket: Bucket, tmp_path: Path
) -> None:
    feed = make_feed(240)
    run = evaluator(server, bucket.address).start(feed, cluster=client, progress="none")
    wait_for(run, 20)
    told = str(client.processing()) + str(client.story()) + repr(client.who_has()) + repr(run) + str(run.snapshot())
    snapshot = run.wait(WAIT_S)
    assert (snapshot.status, snapshot.counts.done, snapshot.counts.failed) == (Status.FINISHED, 240, 0)
    served = server.stats()
    assert (served["accepted"], served["repeated"]) == (240 + 4, 0)
    assert len(homes(tmp_path / "homes")) > 1, "workers share no folder"
    plain = evaluator(server, tmp_path / "plain").evaluate_products_batch(feed, progress="none")
    with another_machine(tmp_path):
        session = fe.load_session(output_dir=bucket.address)
        same(session.results, plain)
        assert session.progress.calls == served["accepted"]
        assert fe.list_sessions(bucket.address)["done"].tolist() == [240]
        assert not session.gaps().empty and "240" in session.summary().text(100)
        part = session.read(columns=["product_id", "yes_count"], where=[("yes_count", ">", 3)])
        wanted = plain[["product_id", "yes_count"]]
        pd.testing.assert_frame_equal(part, wanted[wanted["yes_count"] > 3].reset_index(drop=True))
        assert len(pd.read_csv(session.consolidate(tmp_path / "out.csv"))) == 240
        assert session_info(session)["files"]["shard"]["size_mb"] > 0
        assert verify(session.paths) == []
    logs = str(client.get_worker_logs()) + str(client.get_scheduler_logs())
    written = b"".join([*bucket.contents().values(), *(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())])
    for secret in (KEY, OPTIONS["key"], OPTIONS["secret"]):
        assert secret not in told and secret not in logs and secret.encode() not in written


def test_nothing_finished_is_lost_with_workers_and_the_driver(
    client: Any, server: ServerProcess, bucket: Bucket, tmp_path: Path
) -> None:
    server.control(config={"latency_s": 0.15})
    feed = write_jsonl(tmp_path / "feed.jsonl", make_feed(600))
    driver = multiprocessing.get_context("spawn").Process(
        target=drive, args=(server.base_url, str(feed), (bucket.address, bucket.options), client.scheduler.address)
    )
    driver.start()
    bound = 0
    until(lambda: bucket.batches() >= 5, "the first batches", timeout_s=WAIT_S)
    bound += killed(lambda: kill_a_worker(client), bucket, server)
    until(lambda: bucket.batches() >= 10, "more batches", timeout_s=WAIT_S)
    assert driver.pid is not None
    os.kill(driver.pid, signal.SIGKILL)
    driver.join()
    with another_machine(tmp_path):
        before = fe.load_session(output_dir=bucket.address)
        assert len(before.results) >= 200
    run = evaluator(server, bucket.address).start(feed, cluster=client, progress="none", **TEN_A_SECOND)
    until(lambda: run.done or bucket.batches() >= 20, "still more batches", timeout_s=WAIT_S)
    bound += killed(lambda: kill_a_worker(client), bucket, server)
    finished = bucket.contents("/batch_")
    snapshot = run.wait(WAIT_S)
    assert (snapshot.status, snapshot.counts.done) == (Status.FINISHED, 600)
    served = server.stats()
    assert served["accepted"] - served["repeated"] == 600 + 4
    assert served["repeated"] <= bound, "only what had not reached the store is asked again"
    assert finished.items() <= bucket.contents("/batch_").items(), "what is finished stays as it is"
    assert len(fe.list_sessions(bucket.address)) == 1 and run.sid == before.id
    server.control(config={"latency_s": 0.0})
    same(run.results(), evaluator(server, tmp_path / "plain").evaluate_products_batch(feed, progress="none"))
    assert verify(run.session().paths) == []


TEN_A_SECOND: dict[str, Any] = {"shard_size": 100, "max_in_flight": 9}


def drive(base_url: str, feed: str, place: tuple[str, dict[str, Any]], scheduler: str) -> None:
    """Start an audit and wait for it; what a driver's process does."""
    address, options = place
    fe.use_storage(address, **options)
    made = ProductFeedEvaluator(KEY, "judge-1", base_url=base_url, output_dir=address, **PRICES)
    made.start(feed, cluster=scheduler, progress="none", **TEN_A_SECOND).wait()


def killed(kill: Callable[[], object], bucket: Bucket, server: ServerProcess) -> int:
    """Kill somebody; return how many calls had been made by then, or were under way, that the store does not hold."""
    stored = bucket.calls()
    kill()
    served = server.stats()
    return int(served["accepted"] - served["repeated"] - stored + served["in_flight"])


def test_pause_resume_and_stop_reach_all_workers(
    client: Any, server: ServerProcess, bucket: Bucket, tmp_path: Path
) -> None:
    server.control(config={"latency_s": 0.1})
    run = evaluator(server, bucket.address).start(make_feed(360), cluster=client, progress="none", **TEN_A_SECOND)
    wait_for(run, 40)
    with another_machine(tmp_path):
        ask(session_paths(bucket.address, run.sid), Action.PAUSE)
        until(lambda: run.snapshot().status is Status.PAUSED, "the pause")
        accepted = server.stats()["accepted"]
        time.sleep(0.5)
        assert server.stats()["accepted"] == accepted
    run.resume()
    until(lambda: server.stats()["accepted"] > accepted, "more calls")
    run.stop()
    assert run.wait(WAIT_S).status is Status.STOPPED
    with another_machine(tmp_path):
        session = fe.load_session(output_dir=bucket.address)
        assert session.status is Status.STOPPED and session.progress.counts.left > 0
        part = session.read(columns=["product_id"])
        assert part["product_id"].tolist() == session.results["product_id"].tolist()
        # From another machine, without the feed: that lies in the shards.
        again = fe.resume(session, api_key=KEY, cluster=client, progress="none")
        assert again.wait(WAIT_S).counts.done == 360
        assert server.stats()["repeated"] == 0
        assert fe.cleanup(session.id, output_dir=bucket.address)
        assert bucket.names() == [] and fe.list_sessions(bucket.address).empty


def test_a_changed_feed_takes_over_what_still_holds(client: Any, server: ServerProcess, bucket: Bucket) -> None:
    feed = make_feed(120)
    evaluator(server, bucket.address).start(feed, cluster=client, progress="none").wait(WAIT_S)
    before = server.stats()["accepted"]
    changed = [{**product, "title": "Another"} if n < 10 else product for n, product in enumerate(feed)]
    snapshot = evaluator(server, bucket.address).start(changed, cluster=client, progress="none").wait(WAIT_S)
    assert (snapshot.counts.done, snapshot.counts.reused) == (120, 110)
    assert server.stats()["accepted"] - before == 10


def test_workers_that_do_not_reach_the_store_say_so_at_once(
    client: Any, server: ServerProcess, endpoint: str, bucket: Bucket
) -> None:
    # This process finds the store by its environment, of which workers know nothing.
    fe.use_storage(bucket.address)
    with environment(s3_environment(endpoint)):
        other = Bucket(endpoint, "elsewhere")
        with s3_server() as elsewhere:
            Bucket(elsewhere, "elsewhere")
            client.run(os.environ.update, s3_environment(elsewhere))
            with pytest.raises(InputError, match=r"worker tcp://.* cannot work on .*it sees nothing of session"):
                evaluator(server, other.address).start(make_feed(100), cluster=client, progress="none").wait(WAIT_S)
    assert server.stats()["requests"] == 0


def test_an_address_that_one_process_sees_is_refused(client: Any, server: ServerProcess) -> None:
    with pytest.raises(InputError, match="memory://shop/audits is seen by this process alone"):
        evaluator(server, "memory://shop/audits").start(make_feed(30), cluster=client, progress="none").wait(WAIT_S)
