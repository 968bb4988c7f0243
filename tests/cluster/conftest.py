"""A cluster of real processes on this machine, for all tests of this folder, and what is audited on it."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from feedeval.evaluator import ProductFeedEvaluator
from tests.e2e.support import KEY, ServerProcess, until

distributed = pytest.importorskip("distributed")
pytest.importorskip("pyarrow")

WORKERS = 3
PRICES: dict[str, Any] = {"input_price": 1.0, "output_price": 4.0}


def local_cluster() -> Any:
    """Return a new cluster of workers that are processes."""
    return distributed.LocalCluster(
        n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    )


@contextlib.contextmanager
def client_of(address: str) -> Iterator[Any]:
    """Connect to a scheduler, with all workers there."""
    with distributed.Client(address, set_as_default=False) as found:
        found.wait_for_workers(WORKERS, timeout=180)
        yield found


@pytest.fixture(scope="session")
def scheduler() -> Iterator[str]:
    """Address of a scheduler that tests share, which leave its workers alive."""
    with local_cluster() as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def client(scheduler: str) -> Iterator[Any]:
    """A client of the shared cluster."""
    with client_of(scheduler) as found:
        yield found


@pytest.fixture
def mortal_client() -> Iterator[Any]:
    """A client of a cluster of its own, whose workers may be killed."""
    with local_cluster() as cluster, client_of(cluster.scheduler_address) as found:
        yield found


@pytest.fixture(scope="session")
def process() -> Iterator[ServerProcess]:
    """The model server as a process."""
    with ServerProcess("--latency-s", "0.03") as server:
        yield server


@pytest.fixture
def server(process: ServerProcess) -> ServerProcess:
    """The same, as it is by default."""
    process.control(faults=[], config={"rpm": None, "window_s": 60.0, "latency_s": 0.03, "api_key": None}, reset=True)
    return process


def evaluator(server: ServerProcess, output_dir: Any, **options: Any) -> ProductFeedEvaluator:
    """Return an evaluator that asks the server."""
    key = options.pop("api_key", KEY)
    return ProductFeedEvaluator(key, "judge-1", base_url=server.base_url, output_dir=output_dir, **PRICES, **options)


def kill_a_worker(client: Any) -> int:
    """Kill one worker's process at once, and return which it was."""
    pids = client.run(os.getpid)
    busy = [address for address, keys in client.processing().items() if keys]
    pid = int(pids[(busy or list(pids))[0]])
    os.kill(pid, signal.SIGKILL)
    return pid


def wait_for(run: Any, done: int) -> None:
    """Wait until so many products are done."""
    until(lambda: run.done or run.snapshot().counts.done >= done, f"{done} products")
    assert not run.done, run.snapshot()
