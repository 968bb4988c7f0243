"""A cluster of real processes on this machine, for all tests of this folder, and what is audited on it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from feedeval.evaluator import ProductFeedEvaluator
from feedeval.run.runner import _live
from tests.e2e.support import KEY, ServerProcess, until

distributed = pytest.importorskip("distributed")
pytest.importorskip("pyarrow")

WORKERS = 3
PRICES: dict[str, Any] = {"input_price": 1.0, "output_price": 4.0}
SLOW_S = 0.5
"""Latency with which a run of few calls at a time still goes on when it is looked at, however late that is."""
SLOWLY: dict[str, Any] = {"max_in_flight": 12}
REST_S = 45.0
"""How long a test's runs are given to come to rest, before the next test gets another cluster."""


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


class SharedCluster:
    """A cluster that tests share, one after another; where one leaves it in a state that does not mend, a new one."""

    def __init__(self) -> None:
        self._cluster: Any = None

    @property
    def address(self) -> str:
        """Of its scheduler; it is started when it is first asked for."""
        if self._cluster is None:
            self._cluster = local_cluster()
        return str(self._cluster.scheduler_address)

    def leave_clean(self) -> None:
        """End what a test has left behind, so that the next one has all workers for itself."""
        if self._cluster is None:
            return
        try:
            end_runs()
            with client_of(self.address) as found:
                until(lambda: not any(found.run(shards_in_hand).values()), "the workers' rest", timeout_s=REST_S)
        except Exception:
            self.close()

    def close(self) -> None:
        """Let it go, with all of its processes."""
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            cluster.close()


def end_runs() -> None:
    """Stop the runs that this process has going, and wait for their end."""
    for run in [each for each in _live if not each.done]:
        run.stop()
        run.wait(REST_S)


def shards_in_hand() -> int:
    """Count the shards that this process works on, those of runs that were given up among them."""
    return sum(thread.name.startswith("feedeval-shard-") for thread in threading.enumerate())


@pytest.fixture(autouse=True)
def _no_run_left() -> Iterator[None]:
    """End what a test has left behind in this process: its calls would count as those of the next one."""
    yield
    end_runs()


@pytest.fixture(scope="session")
def shared_cluster() -> Iterator[SharedCluster]:
    """The cluster that tests share, which leave its workers alive."""
    found = SharedCluster()
    yield found
    found.close()


@pytest.fixture
def scheduler(shared_cluster: SharedCluster) -> Iterator[str]:
    """Address of the scheduler of the shared cluster, on which nothing goes on."""
    yield shared_cluster.address
    shared_cluster.leave_clean()


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
    calm = {"rpm": None, "window_s": 60.0, "latency_s": 0.03, "held_after": None, "api_key": None}
    process.control(faults=[], config=calm, reset=True)
    return process


def evaluator(server: ServerProcess, output_dir: Any, **options: Any) -> ProductFeedEvaluator:
    """Return an evaluator that asks the server."""
    key = options.pop("api_key", KEY)
    return ProductFeedEvaluator(key, "judge-1", base_url=server.base_url, output_dir=output_dir, **PRICES, **options)


def hold_after(server: ServerProcess, more: int | None) -> None:
    """Have so many more calls answered and then none, or all from now on: what is held is going on all the while."""
    server.control(config={"held_after": None if more is None else server.stats()["requests"] + more})


def kill_a_worker(client: Any) -> int:
    """Kill one worker's process at once, and return which it was."""
    pids = client.run(os.getpid)
    busy = [address for address, keys in client.processing().items() if keys]
    pid = int(pids[(busy or list(pids))[0]])
    os.kill(pid, signal.SIGKILL)
    return pid


def wait_for(run: Any, done: int) -> None:
    """Wait until so many products are done."""
    until(lambda: run.done or run.snapshot().counts.done >= done, f"{done} products", timeout_s=180)
    assert not run.done, run.snapshot()
