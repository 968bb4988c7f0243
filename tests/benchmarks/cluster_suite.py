"""An audit on a cluster of processes on this machine: a limit that is shared, a pause, cores that are used.

python -m tests.benchmarks --only cluster
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from feedeval.evaluator import ProductFeedEvaluator
from feedeval.records import Status
from feedeval.results.session import load_session
from tests.benchmarks.figures import Figure
from tests.e2e.support import CATEGORIES, KEY, ServerProcess, make_feed, until, write_jsonl

RPM = 600
WORKERS = 4
PRICES: dict[str, Any] = {"input_price": 1.0, "output_price": 4.0}


def shared_limit(*, seconds: float) -> list[Figure]:
    """Share 600 requests a minute out to four workers, and pause them all."""
    import distributed

    with (
        tempfile.TemporaryDirectory() as folder,
        ServerProcess("--rpm", str(RPM), "--latency-s", "0.3") as server,
        distributed.LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
    ):
        made = ProductFeedEvaluator(KEY, "judge-1", base_url=server.base_url, output_dir=folder, **PRICES)
        feed = make_feed(int(1.2 * RPM + 3 * RPM * seconds / 60))
        run = made.start(feed, cluster=cluster.scheduler_address, progress="none")
        until(lambda: server.stats()["accepted"] > len(CATEGORIES), "the first product", timeout_s=300)
        begun_s = time.monotonic()
        time.sleep(seconds)
        after, took_s = server.stats(), time.monotonic() - begun_s
        asked_s = time.monotonic()
        run.pause()
        until(lambda: run.snapshot().status is Status.PAUSED, "the pause")
        paused_s = time.monotonic() - asked_s
        run.stop()
        run.wait()
    # The bucket is full at first: a minute's worth is there at once, and the limit is what comes in after that.
    used = after["accepted"] / (RPM + RPM / 60 * took_s)
    refused_pct = 100 * after["refused"] / after["requests"]
    note = f"{after['accepted']} accepted, {after['refused']} refused"
    return [
        Figure(f"{RPM} a minute shared by {WORKERS} workers: share used", used, at_least=0.95, note=note),
        Figure("the same: refused", refused_pct, "%", at_most=1.0),
        Figure("from a pause to the last worker's rest", paused_s, "s", at_most=2.0),
    ]


def cores(*, products: int) -> list[Figure]:
    """Let the embedded engine use two cores, beside one process in the same run."""
    with tempfile.TemporaryDirectory() as folder:
        feed = write_jsonl(Path(folder, "feed.jsonl"), make_feed(products))
        times_s = {}
        for workers in (1, 2):
            made = ProductFeedEvaluator(model="offline", output_dir=Path(folder, str(workers)))
            with _Memory() as memory:
                run = made.start(feed, progress="none", **({"cluster": workers} if workers > 1 else {}))
                assert run.sid
                begun_s = time.monotonic()
                run.wait()
                times_s[workers] = time.monotonic() - begun_s
        begun_s = time.monotonic()
        session = load_session(output_dir=Path(folder, "2"))
        assert len(session.results) == products
        session.summary()
        session.gaps()
        read_s = time.monotonic() - begun_s
    return [
        Figure("two processes: times as fast as one", times_s[1] / times_s[2], at_least=1.7),
        Figure("most memory of the driver or a worker", memory.most_mb, "MB", at_most=1000),
        Figure(f"results, summary and gaps of {products:,} products", read_s, "s", at_most=60),
    ]


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
