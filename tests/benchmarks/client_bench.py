"""Benchmark of the model client beside the bare `AsyncOpenAI` client, against the loopback server in a process.

    python -m tests.benchmarks.client_bench                   # CPU and calls a second, latency, limits, quota
    python -m tests.benchmarks.client_bench --only limits     # cpu | latency | limits | quota

Prints a table and, with `--json FILE`, writes the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import orjson
from pydantic import BaseModel, ConfigDict, SecretStr

from feedeval.errors import QuotaExhausted
from feedeval.model.client import ModelClient, ModelSettings, Prompt
from feedeval.records import Call

SYSTEM = "You check which questions a product's data answers. " * 12
PRODUCT = "title: Kettle 1.7 l\ndescription: A kettle that boils water and keeps it warm.\n" * 8
KEY = "sk-benchmark-000000000000"


class Judged(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: int
    verdict: str
    evidence: str
    attribute: str
    reason: str


class Judged12(BaseModel):
    model_config = ConfigDict(extra="forbid")
    judgements: list[Judged]


class NoBooks:
    """A ledger that keeps nothing: what is measured is the client."""

    def find(self, request_hash: str) -> Call | None:
        return None

    async def reserve(self, cost_usd: float) -> None:
        return None

    async def settle(self, reserved_usd: float, call: Call | None) -> None:
        return None


def prompt(number: int) -> Prompt:
    questions = "\n".join(f"{i + 1}. What about point {i + 1}?" for i in range(12))
    fenced = f"<<<PRODUCT 0123abcd\n{PRODUCT}sku: {number}\n0123abcd PRODUCT>>>"
    return Prompt(SYSTEM, f"{fenced}\n\nQUESTIONS\n{questions}")


@contextlib.contextmanager
def server(*arguments: str) -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-m", "tests.server", *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def control(url: str, **wanted: Any) -> dict[str, Any]:
    request = urllib.request.Request(f"{url}/control", data=orjson.dumps(wanted), method="POST")
    with urllib.request.urlopen(request) as response:
        found: dict[str, Any] = orjson.loads(response.read())
        return found


async def drive(one: Callable[[int], Awaitable[Any]], calls: int, in_flight: int) -> tuple[float, float]:
    """Make calls, so many at once; return seconds and CPU seconds."""
    numbers = iter(range(calls))

    async def worker() -> None:
        for number in numbers:
            await one(number)

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return time.perf_counter() - wall, time.process_time() - cpu


def ours(url: str, in_flight: int, **settings: Any) -> ModelClient:
    return ModelClient(
        ModelSettings(model="gpt-4o-mini", base_url=url, api_key=SecretStr(KEY), max_in_flight=in_flight, **settings)
    )


async def run_ours(url: str, calls: int, in_flight: int) -> tuple[float, float]:
    client = ours(url, in_flight)
    # The window is widened before the clock starts, as in the middle of a long run.
    await drive(lambda n: client.ask(prompt(-n - 1), Judged12, NoBooks()), in_flight * 16, in_flight)
    figures = await drive(lambda n: client.ask(prompt(n), Judged12, NoBooks()), calls, in_flight)
    await client.aclose()
    return figures


async def run_bare(url: str, calls: int, in_flight: int, *, aiohttp: bool = False) -> tuple[float, float]:
    http = openai.DefaultAioHttpClient() if aiohttp else None
    client = openai.AsyncOpenAI(api_key=KEY, base_url=url, max_retries=0, http_client=http)

    async def one(number: int) -> None:
        asked = prompt(number)
        completion = await client.chat.completions.parse(
            model="gpt-4o-mini",
            messages=[{"role": "system", "content": asked.system}, {"role": "user", "content": asked.user}],
            response_format=Judged12,
            temperature=0,
        )
        assert completion.choices[0].message.parsed is not None

    await drive(one, in_flight, in_flight)
    figures = await drive(one, calls, in_flight)
    await client.close()
    return figures


def bench_cpu(rounds: int) -> dict[str, Any]:
    """CPU a call and calls a second at no latency, 64 in flight; the three clients take turns, medians of rounds."""
    runs: dict[str, list[tuple[float, float]]] = {"feedeval": [], "bare": [], "bare_aiohttp": []}
    calls = 3000
    with server() as url:
        for _ in range(rounds):
            for name, figures in runs.items():
                run = (
                    run_ours(url, calls, 64)
                    if name == "feedeval"
                    else run_bare(url, calls // 3, 64, aiohttp=name == "bare_aiohttp")
                )
                wall, cpu = asyncio.run(run)
                done = calls if name == "feedeval" else calls // 3
                figures.append((cpu / done * 1000, done / wall))
    found: dict[str, Any] = {}
    for name, figures in runs.items():
        found[f"{name}_cpu_ms"] = round(statistics.median(cpu for cpu, _ in figures), 3)
        found[f"{name}_calls_s"] = round(statistics.median(rate for _, rate in figures))
    found["times_bare"] = round(found["feedeval_calls_s"] / found["bare_calls_s"], 2)
    return found


def bench_latency(latency_s: float = 0.4) -> dict[str, Any]:
    """Share of (in flight / latency) that is reached at 400 ms."""
    found: dict[str, Any] = {}
    with server("--latency-s", str(latency_s)) as url:
        for in_flight in (64, 256):
            calls = in_flight * 12
            for name, run in (
                ("feedeval", run_ours_warm(url, calls, in_flight)),
                ("bare", run_bare(url, calls, in_flight)),
            ):
                wall, _ = asyncio.run(run)
                found[f"{name}_share_{in_flight}"] = round(calls / wall / (in_flight / latency_s), 3)
    return found


async def run_ours_warm(url: str, calls: int, in_flight: int) -> tuple[float, float]:
    client = ours(url, in_flight)
    control(url, config={"latency_s": 0.0})
    await drive(lambda n: client.ask(prompt(-n - 1), Judged12, NoBooks()), in_flight * 16, in_flight)
    control(url, config={"latency_s": 0.4})
    figures = await drive(lambda n: client.ask(prompt(n), Judged12, NoBooks()), calls, in_flight)
    await client.aclose()
    return figures


def bench_limits(window_s: float, windows: float) -> dict[str, Any]:
    """Share of a limit that is used in the second half, and of requests refused; the client is told nothing."""
    found: dict[str, Any] = {}
    for name, limits in (("rpm", ["--rpm", "600"]), ("tpm", ["--tpm", "60000"])):
        with server(*limits, "--window-s", str(window_s), "--latency-s", "0.2", "--latency-sigma", "0.3") as url:
            found |= asyncio.run(_limits(url, name, window_s, windows))
    return found


async def _limits(url: str, name: str, window_s: float, windows: float) -> dict[str, Any]:
    client = ours(url, 64)
    limit = 600 if name == "rpm" else 60_000
    stop = time.perf_counter() + windows * window_s
    seen: list[tuple[float, float]] = []
    used = {"requests": 0.0}

    class Books(NoBooks):
        async def settle(self, reserved_usd: float, call: Call | None) -> None:
            if call is not None:
                seen.append((time.perf_counter(), 1.0 if name == "rpm" else call.usage.total_tokens))

    numbers = iter(range(10**9))

    async def worker() -> None:
        while time.perf_counter() < stop:
            await client.ask(prompt(next(numbers)), Judged12, Books())

    begin = time.perf_counter()
    tasks = [asyncio.create_task(worker()) for _ in range(64)]
    await asyncio.sleep(windows * window_s)
    end = time.perf_counter()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    stats = control(url)
    await client.aclose()
    half = begin + (end - begin) / 2
    used["second_half"] = sum(amount for at, amount in seen if half <= at < end) / ((end - half) / window_s * limit)
    # The shortest possible time for what was done: the bucket is full at the start.
    shortest_s = (sum(amount for _, amount in seen) - limit) / (limit / window_s)
    return {
        f"{name}_second_half": round(used["second_half"], 4),
        f"{name}_whole_run": round(shortest_s / (end - begin), 4),
        f"{name}_refused": round(stats["refused"] / stats["requests"], 4),
    }


def bench_quota() -> dict[str, Any]:
    """Calls that are still refused after the quota ran out, with 64 in flight."""
    with server("--latency-s", "0.02") as url:
        return asyncio.run(_quota(url))


async def _quota(url: str) -> dict[str, Any]:
    client = ours(url, 64)
    control(url, reset=True, faults=[{"kind": "insufficient_quota", "from_request": 2001}])
    stopped = 0

    async def worker(numbers: Iterator[int]) -> None:
        nonlocal stopped
        for number in numbers:
            if stopped:
                return
            try:
                await client.ask(prompt(number), Judged12, NoBooks())
            except QuotaExhausted:
                stopped += 1

    numbers = iter(range(4000))
    await asyncio.gather(*(worker(numbers) for _ in range(200)))
    await client.aclose()
    return {"quota_refused_after": control(url)["refused"], "quota_in_flight": 64}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("cpu", "latency", "limits", "quota"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--window-s", type=float, default=10.0, help="the minute of the limits, shortened")
    parser.add_argument("--windows", type=float, default=4.0, help="how many such minutes to run")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    benches: dict[str, Callable[[], dict[str, Any]]] = {
        "cpu": lambda: bench_cpu(args.rounds),
        "latency": bench_latency,
        "limits": lambda: bench_limits(args.window_s, args.windows),
        "quota": bench_quota,
    }
    found: dict[str, Any] = {}
    for name, bench in benches.items():
        if args.only in (None, name):
            found |= bench()
    for name, value in found.items():
        print(f"{name:28} {value}")
    if args.json:
        args.json.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    main()
