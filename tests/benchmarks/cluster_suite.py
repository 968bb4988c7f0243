"""An audit on a cluster of processes on this machine: a limit that is shared, buttons, deaths, cores that are used.

python -m tests.benchmarks --only cluster
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import psutil

from feedeval.evaluator import ProductFeedEvaluator
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.records import Status
from feedeval.results.library import list_sessions
from tests.benchmarks.figures import Figure
from tests.benchmarks.large_suite import apart
from tests.e2e.support import BY_CHANCE, CATEGORIES, KEY, ServerProcess, make_feed, until, write_jsonl

RPM = 600
WORKERS = 4
WAIT_S = 3600.0
IN_FLIGHT = 64
"""Calls that all workers together may have out: as many a death may cost."""
_WRITTEN_AT_ONCE = 10_000
PRICES: dict[str, Any] = {"input_price": 1.0, "output_price": 4.0}


def _cluster() -> Any:
    import distributed

    return distributed.LocalCluster(
        n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    )


def _evaluator(base_url: str, folder: str | Path) -> ProductFeedEvaluator:
    return ProductFeedEvaluator(KEY, "judge-1", base_url=base_url, output_dir=folder, **PRICES)


def shared_limit(*, seconds: float) -> list[Figure]:
    """Share 600 requests a minute out to four workers, and press the buttons of the panel."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ServerProcess("--rpm", str(RPM), "--latency-s", "0.3") as server,
        _cluster() as cluster,
    ):
        made = _evaluator(server.base_url, folder)
        feed = make_feed(int(1.2 * RPM + 3 * RPM * seconds / 60))
        run = made.start(feed, cluster=cluster.scheduler_address, progress="none")
        until(lambda: server.stats()["accepted"] > len(CATEGORIES), "the first product", timeout_s=300)
        begun_s = time.monotonic()
        time.sleep(seconds)
        after, took_s = server.stats(), time.monotonic() - begun_s
        pressed = _pressed(run, server)
    # The bucket is full at first: a minute's worth is there at once, and the limit is what comes in after that.
    used = after["accepted"] / (RPM + RPM / 60 * took_s)
    refused_pct = 100 * after["refused"] / after["requests"]
    note = f"{after['accepted']} accepted, {after['refused']} refused"
    return [
        Figure(f"{RPM} a minute shared by {WORKERS} workers: share used", used, at_least=0.95, note=note),
        Figure("the same: refused", refused_pct, "%", at_most=1.0),
        *pressed,
    ]


def _pressed(run: EvaluationRun, server: ServerProcess) -> list[Figure]:
    """Press pause, resume and stop, and measure until all workers have done it."""
    root = run.panel.widget()

    def rests() -> bool:
        return run.snapshot().status is Status.PAUSED and not server.stats()["in_flight"]

    def press(words: str, there: Callable[[], bool]) -> float:
        [button] = [each for each in _all_of(root) if getattr(each, "description", "") == words]
        until(lambda: not button.disabled, f"{words} to be usable")
        pressed_s = time.monotonic()
        button.click()
        until(there, words)
        return time.monotonic() - pressed_s

    paused_s = press("Pause", rests)
    accepted = server.stats()["accepted"]
    resumed_s = press("Resume", lambda: server.stats()["accepted"] > accepted)
    stopped_s = press("Stop", lambda: run.done)
    return [
        Figure("from the panel's Pause to the last worker's rest", paused_s, "s", at_most=2.0),
        Figure("from its Resume to the first reply", resumed_s, "s", at_most=2.0),
        Figure("from its Stop to the end of the run", stopped_s, "s", at_most=2.0),
    ]


def _all_of(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _all_of(child)


def deaths(*, products: int) -> list[Figure]:
    """Kill three of four workers and the driver on the way, and compare with a run in one process that nobody kills."""
    import distributed

    with (
        tempfile.TemporaryDirectory() as folder,
        ServerProcess("--latency-s", "0.05") as server,
        _cluster() as cluster,
        distributed.Client(cluster.scheduler_address, set_as_default=False) as client,
    ):
        feed, out = write_jsonl(Path(folder, "feed.jsonl"), make_feed(products)), Path(folder, "cluster")
        arguments = (server.base_url, str(feed), str(out), cluster.scheduler_address)
        driver = multiprocessing.get_context("spawn").Process(target=_drive, args=arguments)
        driver.start()
        _until_done(out, 0.15 * products)
        _kill_a_worker(client)
        _until_done(out, 0.35 * products)
        assert driver.pid is not None
        os.kill(driver.pid, signal.SIGKILL)
        driver.join()
        run = _evaluator(server.base_url, out).start(feed, cluster=client, progress="none", max_in_flight=IN_FLIGHT)
        for share in (0.55, 0.75):
            until(lambda share=share: run.snapshot().counts.done >= share * products, "products", timeout_s=WAIT_S)
            _kill_a_worker(client)
        run.wait()
        served, sessions = server.stats(), len(list_sessions(out))
        plain = _evaluator(server.base_url, Path(folder, "plain"))
        wanted = plain.evaluate_products_batch(feed, progress="none").drop(columns=BY_CHANCE)
        found = run.results().drop(columns=BY_CHANCE)
        lost = products - int((found["status"] == "done").sum())
        # While the folders are there: long texts of large sessions are read when they are looked at.
        differ = _differing(wanted, found)
    note = f"of {served['accepted']:,}"
    return [
        Figure(f"of {products:,} products lost with three workers and the driver", lost, at_most=0),
        Figure("calls that were made twice", served["repeated"], at_most=3 * IN_FLIGHT, note=note),
        Figure("sessions that it took", sessions, at_most=1),
        Figure("rows that differ from those of a run that nobody disturbed", differ, at_most=0),
    ]


def _differing(wanted: pd.DataFrame, found: pd.DataFrame) -> int:
    """Count the rows in which two tables of results are not the same."""
    one, other = ({row["product_id"]: row for row in each.to_dict("records")} for each in (wanted, found))
    # As text: a missing value is not equal to itself.
    return sum(str(one.get(key)) != str(other.get(key)) for key in one.keys() | other.keys())


def _drive(base_url: str, feed: str, out: str, scheduler: str) -> None:
    _evaluator(base_url, out).start(feed, cluster=scheduler, progress="none", max_in_flight=IN_FLIGHT).wait()


def _until_done(out: Path, products: float) -> None:
    def done() -> int:
        found = list_sessions(out) if out.is_dir() else ()
        return int(found["done"].sum()) if len(found) else 0

    until(lambda: done() >= products, f"{products:.0f} products", timeout_s=WAIT_S)


def _kill_a_worker(client: Any) -> None:
    pids = client.run(os.getpid)
    busy = [address for address, keys in client.processing().items() if keys]
    os.kill(pids[busy[0]], signal.SIGKILL)


def cores(*, products: int, alone: int) -> list[Figure]:
    """Let the embedded engine use two cores.

    Args:
        products: How many two workers are given.
        alone: How many one process is given, before them and after them: a machine is not as fast all the time.
    """
    with tempfile.TemporaryDirectory() as folder:
        few, many = Path(folder, "few.jsonl"), Path(folder, "many.jsonl")
        _write(few, alone)
        _write(many, products)
        with _Memory() as memory:
            before = _a_second(few, alone, Path(folder, "before"))
            shared = _a_second(many, products, Path(folder, "shared"), cluster=2)
            after = _a_second(few, alone, Path(folder, "after"))
        took = apart("results, summary and gaps", Path(folder, "shared"))
    by_one = statistics.fmean([before, after])
    note = f"{shared:.0f} a second; one process {before:.0f} before and {after:.0f} after"
    return [
        Figure(f"{products:,} products, two processes: times as fast as one", shared / by_one, at_least=1.7, note=note),
        Figure("the same: most memory of the driver or a worker", memory.most_mb, "MB", at_most=1000),
        Figure("the same: results, summary and gaps", took["seconds"], "s", at_most=60, note=took["cpu"]),
        Figure("the same: results, summary and gaps, memory", took["mb"], "MB", at_most=2000),
    ]


def _write(path: Path, products: int) -> None:
    """Write a feed, of which little is held at once."""
    with path.open("wb") as file:
        for start in range(0, products, _WRITTEN_AT_ONCE):
            count = min(_WRITTEN_AT_ONCE, products - start)
            file.write(b"".join(orjson.dumps(each) + b"\n" for each in make_feed(count, start=start)))


def _a_second(feed: Path, products: int, output_dir: Path, **options: Any) -> float:
    """Audit a feed and return the products a second, from the call to the end."""
    begun_s = time.monotonic()
    run = ProductFeedEvaluator(model="offline", output_dir=output_dir).start(feed, progress="none", **options)
    snapshot = run.wait()
    assert snapshot.counts.done == products
    return products / (time.monotonic() - begun_s)


class _Memory:
    """Watches the largest process of those that belong to this one."""

    most_mb = 0.0

    def __enter__(self) -> _Memory:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        own = psutil.Process(os.getpid())
        while not self._over.wait(0.5):
            for process in (own, *own.children(recursive=True)):
                try:
                    self.most_mb = max(self.most_mb, process.memory_info().rss / 1e6)
                except psutil.Error:
                    continue
