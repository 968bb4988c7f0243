"""What a call costs with everything that stands around it in a run, beside the bare `openai` client.

The server is a process of its own; where the machine has two cores it takes one of them, as in the figures that the
targets were set by. Clients take turns and medians of rounds are given, so that other work on the machine strikes all.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from feedeval.evaluator import ProductFeedEvaluator
from feedeval.model.client import ModelClient
from feedeval.records import Backend, Ledger, Record
from feedeval.run.job import Documents
from feedeval.run.runner import RunSettings, start
from tests.benchmarks import client_bench
from tests.benchmarks.client_bench import KEY, Judged12, control, ours, prompt, run_bare, run_ours, server
from tests.benchmarks.figures import Figure

IN_FLIGHT = 64
LATENCY_S = 0.4


class AskJob:
    """Makes one call a record through the model client, and nothing else: what is measured is the machinery."""

    kind = "audit"
    engine = "benchmark"

    def __init__(self, client: ModelClient, count: int, *, salt: int = 0) -> None:
        self._client = client
        self._count = count
        self._salt = salt

    def fingerprint(self) -> Mapping[str, Any]:
        return {"model": "benchmark", "salt": self._salt}

    def go_on_as(self, fingerprint: Mapping[str, Any]) -> bool:
        return False

    def settings(self) -> Mapping[str, Any]:
        return {"source": "benchmark"}

    def records(self) -> Iterator[Record]:
        for index in range(self._count):
            yield Record(index, f"p{index}", f"{self._salt:08x}{index:024x}", index, {"product_id": f"p{index}"})

    def planned_records(self) -> Iterator[Record]:
        return self.records()

    async def open(self, documents: Documents) -> None:
        return None

    async def process(self, record: Record, ledger: Ledger) -> dict[str, Any]:
        reply = await self._client.ask(prompt(self._salt * 1_000_000 + record.payload), Judged12, ledger)
        return reply.model_dump()

    @property
    def backend(self) -> Backend:
        return self._client

    async def close(self) -> None:
        return None


def products(count: int, salt: int) -> list[dict[str, str]]:
    """Make products whose contexts are as long as the prompt that the bare client sends."""
    text = "A kettle that boils water and keeps it warm for hours, with a wide lid and a long cord. " * 7
    return [
        {"id": f"{salt}-{n}", "title": f"Kettle {salt}.{n}", "description": text, "product_type": f"Kettles {n % 4}"}
        for n in range(count)
    ]


def run_machinery(url: str, calls: int, salt: int) -> tuple[float, float]:
    """Return seconds and CPU seconds of a run of one call a record: client, pacing, call log, batches, progress."""
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        settings = RunSettings(max_workers=IN_FLIGHT, batch_size=20)
        snapshot = start(AskJob(ours(url, IN_FLIGHT), calls, salt=salt), Path(folder), settings).wait()
        assert snapshot.counts.done == calls
        return time.perf_counter() - wall, time.process_time() - cpu


def run_audit(url: str, calls: int, salt: int) -> tuple[float, float]:
    """Return seconds and CPU seconds of a whole audit, from products to files."""
    feed = products(calls, salt)
    with tempfile.TemporaryDirectory() as folder:
        evaluator = ProductFeedEvaluator(KEY, base_url=url, output_dir=folder, max_in_flight=IN_FLIGHT)
        wall, cpu = time.perf_counter(), time.process_time()
        snapshot = evaluator.start(feed, progress="none").wait()
        assert snapshot.counts.done == calls, snapshot.state_text
        return time.perf_counter() - wall, time.process_time() - cpu


def cpu_and_rate(*, calls: int, rounds: int) -> list[Figure]:
    """Measure CPU a call and calls a second at no latency, 64 in flight."""
    seen: dict[str, list[tuple[float, float]]] = {"run": [], "audit": [], "client": [], "bare": [], "aiohttp": []}
    with server() as url:
        run_machinery(url, 300, 0)
        run_audit(url, 300, 0)
        for number in range(1, rounds + 1):
            for name, found in seen.items():
                made = calls if name in ("run", "audit", "client") else calls // 3
                if name == "run":
                    wall_s, cpu_s = run_machinery(url, made, number)
                elif name == "audit":
                    wall_s, cpu_s = run_audit(url, made, number)
                elif name == "client":
                    wall_s, cpu_s = asyncio.run(run_ours(url, made, IN_FLIGHT))
                else:
                    wall_s, cpu_s = asyncio.run(run_bare(url, made, IN_FLIGHT, aiohttp=name == "aiohttp"))
                found.append((1000 * cpu_s / made, made / wall_s))
    cpu_ms = {name: statistics.median(cpu for cpu, _ in found) for name, found in seen.items()}
    rate = {name: statistics.median(rate for _, rate in found) for name, found in seen.items()}
    # Against the bare client of the same round, which had the same neighbours.
    times = {
        name: statistics.median(mine / bare for (_, mine), (_, bare) in zip(found, seen["bare"], strict=True))
        for name, found in seen.items()
    }
    shares = {
        name: statistics.median(mine / bare for (mine, _), (bare, _) in zip(found, seen["bare"], strict=True))
        for name, found in seen.items()
    }
    return [
        Figure("CPU a call: client, pacing, call log, checkpoint, progress", cpu_ms["run"], "ms", at_most=0.9),
        Figure("CPU a call: model client alone", cpu_ms["client"], "ms"),
        Figure("CPU a call: whole audit", cpu_ms["audit"], "ms"),
        Figure("CPU a call: bare AsyncOpenAI", cpu_ms["bare"], "ms"),
        Figure("CPU a call: bare AsyncOpenAI on aiohttp", cpu_ms["aiohttp"], "ms"),
        Figure("CPU a call, run against bare", shares["run"], "×"),
        Figure("CPU a call, whole audit against bare", shares["audit"], "×", at_most=1.0),
        Figure("calls a second at 0 ms, run against bare", times["run"], "×", at_least=2.5),
        Figure("calls a second at 0 ms, whole audit against bare", times["audit"], "×", at_least=2.0),
        Figure("calls a second at 0 ms: run", rate["run"], "/s"),
        Figure("calls a second at 0 ms: whole audit", rate["audit"], "/s"),
        Figure("calls a second at 0 ms: model client alone", rate["client"], "/s"),
        Figure("calls a second at 0 ms: bare AsyncOpenAI", rate["bare"], "/s"),
    ]


def latency(*, seconds: float) -> list[Figure]:
    """Measure the share of (in flight ÷ latency) at 400 ms, in the middle of a run."""
    figures = []
    for in_flight, share in ((64, 0.93), (256, 0.85)):
        with server("--latency-s", str(LATENCY_S)) as url:
            found = _steady_share(url, in_flight, seconds)
            figures.append(Figure(f"share of in flight ÷ latency, 400 ms, {in_flight}: run", found, at_least=share))
            calls = round(in_flight * seconds / LATENCY_S)
            wall_s, _ = asyncio.run(run_bare(url, calls, in_flight))
            bare = calls / wall_s * LATENCY_S / in_flight
            figures.append(Figure(f"share of in flight ÷ latency, 400 ms, {in_flight}: bare", bare))
    return figures


def _steady_share(url: str, in_flight: int, seconds: float) -> float:
    with tempfile.TemporaryDirectory() as folder:
        client = ours(url, in_flight)
        run = start(AskJob(client, 1_000_000), Path(folder), RunSettings(max_workers=in_flight))
        try:
            # The window opens by doubling; what is measured is the long run after it.
            deadline = time.monotonic() + 30
            while control(url)["in_flight"] < in_flight - 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(2 * LATENCY_S)
            begun_s, before = time.perf_counter(), control(url)["accepted"]
            time.sleep(seconds)
            after, ended_s = control(url)["accepted"], time.perf_counter()
        finally:
            run.stop()
            run.wait()
    return (after - before) / (ended_s - begun_s) * LATENCY_S / in_flight


def limits(*, window_s: float, windows: float) -> list[Figure]:
    """Measure the share of a limit that is used by a client that is told nothing of it, and what is refused."""
    found = client_bench.bench_limits(window_s, windows)
    note = f"minute of {window_s:g} s, {windows:g} of them"
    figures = []
    for name, title in (("rpm", "600 requests a minute"), ("tpm", "60,000 tokens a minute")):
        figures += [
            Figure(f"{title}: share used", found[f"{name}_whole_run"], at_least=0.97, note=note),
            Figure(f"{title}: share used, second half", found[f"{name}_second_half"], at_least=0.97),
            Figure(f"{title}: requests refused", 100 * found[f"{name}_refused"], "%", at_most=1.0),
        ]
    return figures


def quota() -> list[Figure]:
    """Measure what is still refused after the quota ran out."""
    found = client_bench.bench_quota()
    name = "calls refused after insufficient_quota, 64 in flight"
    return [Figure(name, found["quota_refused_after"], at_most=found["quota_in_flight"])]
