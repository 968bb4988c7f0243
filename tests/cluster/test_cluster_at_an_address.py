"""Audits on a cluster whose workers share no folder: all that is left of a worker that died lies in the store."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import distributed
import pandas as pd
import pytest

import feedeval as fe
from feedeval.errors import InputError
from feedeval.evaluator import ProductFeedEvaluator
from feedeval.evaluator.cluster.coordinator import Coordinator
from feedeval.evaluator.cluster.messages import Do, Orders, Sealed
from feedeval.evaluator.cluster.portal import Portal
from feedeval.evaluator.cluster.reach import unseen
from feedeval.evaluator.cluster.sharding import FeedCutter
from feedeval.evaluator.cluster.worker import Place, ShardRun
from feedeval.feed.source import FeedSource
from feedeval.jobs.audit import AuditSettings
from feedeval.jobs.engine import EmbeddedEngine
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.model.settings import ModelSettings
from feedeval.records import Status
from feedeval.results.library import session_info
from feedeval.run.settings import RunSettings
from feedeval.storage.paths import session_paths
from feedeval.storage.requests import Action, ask
from feedeval.storage.shards import Shards
from feedeval.storage.store import SessionStore
from feedeval.storage.verify import verify
from tests.cluster.conftest import (
    PRICES,
    SLOW_S,
    client_of,
    evaluator,
    hold_after,
    kill_a_worker,
    local_cluster,
    wait_for,
)
from tests.cluster.far import OPTIONS, Bucket, have_no, homes, own_homes, set_environment
from tests.e2e.support import BY_CHANCE, KEY, ServerProcess, make_feed, until, write_jsonl
from tests.storage.remote.places import HandClock, environment, machine, s3_environment, s3_server

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


@pytest.mark.slow
def test_results_are_those_of_one_process_and_read_from_any_machine(
    client: Any, server: ServerProcess, bucket: Bucket, tmp_path: Path
) -> None:
    feed = make_feed(240)
    hold_after(server, 150)
    run = evaluator(server, bucket.address).start(feed, cluster=client, progress="none")
    wait_for(run, 20)
    told = str(client.processing()) + str(client.story()) + repr(client.who_has()) + repr(run) + str(run.snapshot())
    hold_after(server, None)
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


@pytest.mark.slow
def test_nothing_finished_is_lost_with_workers_and_the_driver(
    client: Any, server: ServerProcess, bucket: Bucket, tmp_path: Path
) -> None:
    server.control(config={"latency_s": SLOW_S})
    feed = write_jsonl(tmp_path / "feed.jsonl", make_feed(420))
    driver = multiprocessing.get_context("spawn").Process(
        target=drive, args=(server.base_url, str(feed), (bucket.address, bucket.options), client.scheduler.address)
    )
    driver.start()
    bound = 0
    until(lambda: bucket.batches() >= 4, "the first batches", timeout_s=WAIT_S)
    bound += killed(lambda: kill_a_worker(client), bucket, server)
    until(lambda: bucket.batches() >= 8, "more batches", timeout_s=WAIT_S)
    assert driver.pid is not None
    os.kill(driver.pid, signal.SIGKILL)
    driver.join()
    with another_machine(tmp_path):
        before = fe.load_session(output_dir=bucket.address)
        assert len(before.results) >= 60
    run = evaluator(server, bucket.address).start(feed, cluster=client, progress="none", **SLOWLY)
    until(lambda: run.done or bucket.batches() >= 14, "still more batches", timeout_s=WAIT_S)
    bound += killed(lambda: kill_a_worker(client), bucket, server)
    finished = bucket.contents("/batch_")
    server.control(config={"latency_s": 0.15})
    snapshot = run.wait(WAIT_S)
    assert (snapshot.status, snapshot.counts.done) == (Status.FINISHED, 420)
    served = server.stats()
    assert served["accepted"] - served["repeated"] == 420 + 4
    assert served["repeated"] <= bound, "only what had not reached the store is asked again"
    assert finished.items() <= bucket.contents("/batch_").items(), "what is finished stays as it is"
    assert len(fe.list_sessions(bucket.address)) == 1 and run.sid == before.id
    server.control(config={"latency_s": 0.0})
    same(run.results(), evaluator(server, tmp_path / "plain").evaluate_products_batch(feed, progress="none"))
    assert verify(run.session().paths) == []


SLOWLY: dict[str, Any] = {"shard_size": 100, "max_in_flight": 9}


def drive(base_url: str, feed: str, place: tuple[str, dict[str, Any]], scheduler: str) -> None:
    """Start an audit and wait for it; what a driver's process does."""
    address, options = place
    fe.use_storage(address, **options)
    made = ProductFeedEvaluator(KEY, "judge-1", base_url=base_url, output_dir=address, **PRICES)
    made.start(feed, cluster=scheduler, progress="none", **SLOWLY).wait()


def killed(kill: Callable[[], object], bucket: Bucket, server: ServerProcess) -> int:
    """Kill somebody; return how many calls had been made by then, or were under way, that the store does not hold."""
    stored = bucket.calls()
    kill()
    served = server.stats()
    return int(served["accepted"] - served["repeated"] - stored + served["in_flight"])


def test_pause_resume_and_stop_reach_all_workers(
    client: Any, server: ServerProcess, bucket: Bucket, tmp_path: Path
) -> None:
    server.control(config={"latency_s": SLOW_S})
    run = evaluator(server, bucket.address).start(make_feed(360), cluster=client, progress="none", **SLOWLY)
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
        server.control(config={"latency_s": 0.1})
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
    client.run(set_environment, {**s3_environment("http://127.0.0.1:9"), "AWS_MAX_ATTEMPTS": "1"})
    with environment(s3_environment(endpoint)):
        with pytest.raises(InputError, match=r"worker tcp://.* \(and \d more\) cannot work on .*: could not list"):
            evaluator(server, bucket.address).start(make_feed(100), cluster=client, progress="none").wait(WAIT_S)
        about = Sealed((bucket.address, "20260301_093000_4f7k2c", 3, None))
        assert "it sees nothing of session 20260301_093000_4f7k2c there" in unseen(about)
    assert server.stats()["requests"] == 0


def test_a_worker_that_lacks_the_package_of_the_store_says_so(server: ServerProcess, bucket: Bucket) -> None:
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster, set_as_default=False) as client:
        client.run(have_no, "s3fs")
        with pytest.raises(InputError, match=r'worker .* cannot work on .*needs the package s3fs: pip install "feed'):
            evaluator(server, bucket.address).start(make_feed(30), cluster=client, progress="none").wait(WAIT_S)
    assert server.stats()["requests"] == 0


@pytest.mark.filterwarnings("ignore::feedeval.errors.RunWarning")
def test_a_worker_whose_shard_was_taken_over_ends_it(server: ServerProcess, bucket: Bucket, tmp_path: Path) -> None:
    server.control(config={"latency_s": SLOW_S})
    model = ModelSettings(model="judge-1", base_url=server.base_url, api_key=KEY)
    orders = Orders(RunSettings(), {}, {}, model, audit=AuditSettings(question_scope="product"))
    shards = Shards(session_paths(bucket.address, "20260301_093000_4f7k2c"), 1)
    (cut := tmp_path / "cut").mkdir()
    engine = EmbeddedEngine(OfflineEngine("en-GB"))
    products = FeedSource.of(make_feed(2000)).products
    cutter = FeedCutter(products, engine, settings=AuditSettings(question_scope="product"), frozen=None)
    cutter.cut(cut, 1, lambda _: None, size=2000)
    shards.take_in(cut)
    coordinator = Coordinator()
    coordinator.order(orders, budget_usd=None, spent_usd={})
    coordinator.say(Do.WORK)
    run = ShardRun(Place(bucket.address, shards.paths.sid, 1, 1), orders, Portal(coordinator.exchange, 1, "one"))
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(run.work)
        until(lambda: bucket.calls() > 0, "the first calls in the store")
        # Another machine, by whose clock the worker has been silent for long.
        later = HandClock()
        later.passed_s = 60.0
        with environment({"FEEDEVAL_SCRATCH": str(tmp_path / "other")}):
            other = Shards(machine(bucket.address, tmp_path / "other", later.as_clock()).session(shards.paths.sid), 1)
            paths = other.session(1)
            assert paths is not None
            with SessionStore.open(paths) as taken:
                assert "was taken over from process" in taken.repairs[0]
                assert ended.result(WAIT_S).status == Status.STOPPED
    accepted = server.stats()["accepted"]
    time.sleep(0.3)
    assert 0 < accepted == server.stats()["accepted"] < 2000


def test_an_address_that_one_process_sees_is_refused(client: Any, server: ServerProcess) -> None:
    with pytest.raises(InputError, match="memory://shop/audits is seen by this process alone"):
        evaluator(server, "memory://shop/audits").start(make_feed(30), cluster=client, progress="none").wait(WAIT_S)
