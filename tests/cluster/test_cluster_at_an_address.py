"""Audits on a cluster whose workers share no folder: all that is left of a worker that died lies in the store."""

from __future__ import annotations

import itertools
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
from feedeval.errors import InputError
from feedeval.evaluator import ProductFeedEvaluator
from feedeval.records import Status
from feedeval.storage.paths import session_paths
from feedeval.storage.verify import verify
from tests.cluster.conftest import PRICES, client_of, evaluator, kill_a_worker, local_cluster, wait_for
from tests.cluster.far import OPTIONS, homes, new_far_address, own_homes
from tests.e2e.support import BY_CHANCE, KEY, ServerProcess, make_feed, until, write_jsonl
from tests.storage.remote.places import environment, s3_server

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
def address(endpoint: str, tmp_path: Path) -> Iterator[str]:
    """An output folder in a bucket of its own, whose keys this process was told."""
    found = new_far_address(endpoint, f"cluster-{next(_buckets)}")
    with environment({"FEEDEVAL_SCRATCH": str(tmp_path / "home")}):
        fe.use_storage(found, endpoint_url=endpoint, **OPTIONS)
        yield found
        fe.use_storage(found)


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one.drop(columns=BY_CHANCE), other.drop(columns=BY_CHANCE))


def test_results_are_those_of_one_process_and_read_from_any_machine(
    client: Any, server: ServerProcess, address: str, tmp_path: Path
) -> None:
    feed = make_feed(300)
    run = evaluator(server, address).start(feed, cluster=client, progress="none")
    snapshot = run.wait(WAIT_S)
    assert (snapshot.status, snapshot.counts.done, snapshot.counts.failed) == (Status.FINISHED, 300, 0)
    served = server.stats()
    assert (served["accepted"], served["repeated"]) == (300 + 4, 0)
    assert len(homes(tmp_path / "homes")) > 1, "workers share no folder"
    plain = evaluator(server, tmp_path / "plain").evaluate_products_batch(feed, progress="none")
    with environment({"FEEDEVAL_SCRATCH": str(tmp_path / "another machine")}):
        session = fe.load_session(output_dir=address)
        same(session.results, plain)
        assert session.progress.calls == served["accepted"]
        assert fe.list_sessions(address)["done"].tolist() == [300]
        assert not session.gaps().empty and "300" in session.summary().text(100)
        part = session.read(columns=["product_id", "yes_count"], where=[("yes_count", ">", 3)])
        wanted = plain[["product_id", "yes_count"]]
        pd.testing.assert_frame_equal(part, wanted[wanted["yes_count"] > 3].reset_index(drop=True))
        assert verify(session.paths) == []
