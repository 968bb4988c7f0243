"""What is used of 600 requests a minute, however they are enforced and whatever headers tell, from the first call on.

    python -m tests.benchmarks --only shapes
    python -m tests.benchmarks.shapes_suite --window-s 10 --shape fixed --headers minute --latency-s 1.0

A server enforces them over 1, 6, 10 and 60 seconds, as a bucket that refills or in fixed windows; the client is told
nothing. Several are measured at once, as a call a tenth of a second leaves a machine idle.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.benchmarks.client_bench import Judged12, NoBooks, control, ours, prompt, server
from tests.benchmarks.figures import Figure

RPM = 600
WORKERS = 128
AT_ONCE = 6
SIGMA = {0.1: 0.0, 1.0: 0.5}
"""Latency in seconds, and how far it spreads (lognormal)."""


def shapes(*, seconds: float, quick: bool) -> list[Figure]:
    """Measure each way to enforce a limit; `quick` takes 10 s at 100 ms alone."""
    windows, latencies = ((10.0,), (0.1,)) if quick else ((1.0, 6.0, 10.0, 60.0), tuple(SIGMA))
    ways = list(itertools.product(("bucket", "fixed"), windows, ("agree", "minute", "none"), latencies))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda way: _measured(*way, seconds=seconds), ways))
    figures = []
    for (shape, window_s, headers, latency_s), share in zip(ways, found, strict=True):
        name = f"{shape}, {window_s:g} s, headers {headers}, {latency_s:g} s"
        most = 3.0 if headers == "none" else 1.0
        note = f"{share['accepted']} accepted, {share['refused']} refused"
        figures.append(Figure(f"{name}: share used", share["used"], at_least=0.95, note=note))
        figures.append(Figure(f"{name}: refused", share["refused_pct"], "%", at_most=most))
    return figures


def _measured(shape: str, window_s: float, headers: str, latency_s: float, *, seconds: float) -> dict[str, Any]:
    ways = ["--shape", shape, "--window-s", str(window_s), "--headers", headers, "--latency-s", str(latency_s)]
    command = [sys.executable, "-m", __spec__.name, *ways, "--seconds", str(seconds)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


async def _calls(url: str, seconds: float) -> None:
    client = ours(url, WORKERS)
    until = time.perf_counter() + seconds
    numbers = itertools.count()

    async def worker() -> None:
        while time.perf_counter() < until:
            await client.ask(prompt(next(numbers)), Judged12, NoBooks())

    tasks = [asyncio.create_task(worker()) for _ in range(WORKERS)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await client.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=("bucket", "fixed"), default="bucket")
    parser.add_argument("--window-s", type=float, default=10.0)
    parser.add_argument("--headers", choices=("agree", "minute", "none"), default="agree")
    parser.add_argument("--latency-s", type=float, choices=tuple(SIGMA), default=0.1)
    parser.add_argument("--seconds", type=float, default=120.0)
    args = parser.parse_args()
    limits = ["--rpm", str(RPM), "--shape", args.shape, "--enforced-s", str(args.window_s)]
    latency = ["--latency-s", str(args.latency_s), "--latency-sigma", str(SIGMA[args.latency_s])]
    with server(*limits, "--limit-headers", args.headers, *latency) as url:
        asyncio.run(_calls(url, args.seconds))
        stats = control(url)
    accepted, refused = stats["requests"] - stats["refused"], stats["refused"]
    # A fixed window's first begins with the first call: what was not used of it is lost with it.
    rest_s = args.seconds if args.shape == "bucket" else args.seconds - args.window_s
    allowed = RPM / 60.0 * (args.window_s + rest_s)
    used = {"used": round(accepted / allowed, 4), "refused_pct": round(100 * refused / stats["requests"], 2)}
    print(json.dumps({**used, "accepted": accepted, "refused": refused}))


if __name__ == "__main__":
    main()
