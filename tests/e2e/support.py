"""What the end-to-end tests share: feeds made to measure, the server as a process, audits in processes to kill."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson
import pandas as pd

from feedeval.evaluator import ProductFeedEvaluator
from feedeval.results.session import load_session
from feedeval.storage.paths import session_paths
from feedeval.storage.readers import read_progress

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-e2e-0123456789-must-never-be-seen"
CATEGORIES = ("Sport > Tents", "Home > Kettles", "Electronics > Cables", "Garden > Tools")
BY_CHANCE = ["cost_usd"]
"""Columns of `results` that two runs of the same feed may differ in: who of a category paid for its questions."""


def make_feed(count: int, *, start: int = 0, categories: int = len(CATEGORIES)) -> list[dict[str, str]]:
    """Make products that are all different, spread over the first categories."""
    return [
        {
            "id": f"P-{n:05d}",
            "title": f"Article {n} in blue",
            "description": f"Article number {n} weighs {100 + n} g and measures {n % 90 + 10} x 20 cm. " * 3,
            "link": f"https://shop.example/p/{n}?utm_source=feed",
            "price": f"{n % 70 + 5}.99 EUR",
            "product_type": CATEGORIES[n % categories],
        }
        for n in range(start, start + count)
    ]


def write_jsonl(path: Path, products: Sequence[dict[str, str]]) -> Path:
    """Write products as a feed file."""
    path.write_bytes(b"".join(orjson.dumps(product) + b"\n" for product in products))
    return path


def until(condition: Callable[[], bool], what: str, *, timeout_s: float = 180.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s:.0f} s for: {what}"
        time.sleep(0.005)


class ServerProcess:
    """The model server as a process of its own, so that neither kills nor the interpreter's lock tie it to a client."""

    def __init__(self, *arguments: str) -> None:
        self._command = [sys.executable, "-m", "tests.server", *arguments]

    def __enter__(self) -> ServerProcess:
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().strip()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def control(self, **wanted: Any) -> dict[str, Any]:
        """Change how the server behaves, and return what it served."""
        request = urllib.request.Request(f"{self.base_url}/control", data=orjson.dumps(wanted), method="POST")
        with urllib.request.urlopen(request, timeout=60) as response:
            found: dict[str, Any] = orjson.loads(response.read())
            return found

    def stats(self) -> dict[str, Any]:
        """Return what the server served."""
        return self.control()


def audit(base_url: str | None, feed: Path, output_dir: Path, options: dict[str, Any]) -> None:
    """Run a blocking audit; what a child process does. Without an address it is the embedded engine's."""
    model_options = {"model": "offline"} if base_url is None else {"api_key": KEY, "base_url": base_url}
    evaluator = ProductFeedEvaluator(output_dir=output_dir, **model_options)  # type: ignore[arg-type]
    evaluator.evaluate_products_batch(feed, progress="none", **options)


def child(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a process that has everything imported already, so that a kill strikes the work and not the imports."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=target, args=arguments)
    process.start()
    return process


def environment(**variables: str) -> dict[str, str]:
    """Return the environment without any engine in it but the one given."""
    clean = {name: value for name, value in os.environ.items() if name not in ("OPENAI_API_KEY", "OPENAI_BASE_URL")}
    return {**clean, **variables}


def command(*arguments: object) -> list[str]:
    """Return the command line of the terminal's feedeval."""
    return [sys.executable, "-m", "feedeval", *map(str, arguments)]


def batch_files(output_dir: Path, sid: str) -> list[dict[str, Any]]:
    """Return the content of a session's batch files."""
    return [orjson.loads(path.read_bytes()) for path in sorted(output_dir.glob(f"batch_*_{sid}.json"))]


def calls_on_disk(output_dir: Path, sid: str) -> int:
    """Count the calls that stand in complete batches, or in the call logs of batches that are still open."""
    files = {path.name.split("_")[1] for path in output_dir.glob(f"batch_*_{sid}.json")}
    logs = [path for path in output_dir.glob(f"calls_*_{sid}.jsonl") if path.name.split("_")[1] not in files]
    # A line that a kill cut off has no end, and counts as a call whose reply did not arrive.
    logged = sum(path.read_bytes().count(b"\n") for path in logs)
    return logged + sum(file["report"]["calls"] for file in batch_files(output_dir, sid))


def assert_books_agree(output_dir: Path, served: dict[str, Any]) -> None:
    """Check that progress, batches and server tell of the same calls and tokens, and every product has one row."""
    session = load_session(output_dir=output_dir)
    progress = read_progress(session_paths(output_dir, session.id))
    files = batch_files(output_dir, session.id)
    rows = [row for file in files for row in (*file["results"], *file["failures"])]
    assert sorted(row["index"] for row in rows) == list(range(progress.counts.total))
    assert progress.counts.left == 0 and len(files) == progress.batches_complete == progress.total_batches
    assert progress.counts.failed == sum(len(file["failures"]) for file in files)
    assert progress.counts.done == sum(len(file["results"]) for file in files)
    assert sum(progress.errors_by_type.values()) == progress.counts.failed
    tokens = served["input_tokens"] + served["output_tokens"]
    assert served["accepted"] == progress.calls == sum(row["calls"] for row in rows)
    assert progress.calls == sum(file["report"]["calls"] for file in files)
    assert tokens == progress.usage.total_tokens == sum(row["tokens"] for row in rows)
    assert len(session.results) == progress.counts.total and session.results["product_id"].is_unique


def assert_same_results(one: Path, other: Path) -> None:
    """Check that the latest sessions of two folders came to the same results."""
    first, second = load_session(output_dir=one), load_session(output_dir=other)
    pd.testing.assert_frame_equal(first.results.drop(columns=BY_CHANCE), second.results.drop(columns=BY_CHANCE))
    pd.testing.assert_frame_equal(first.judgements, second.judgements)
