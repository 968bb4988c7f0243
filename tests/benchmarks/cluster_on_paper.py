"""What an audit of millions of products takes on a cluster: hours, calls, storage and money, played through on paper.

    python -m tests.benchmarks.cluster_on_paper
    python -m tests.benchmarks.cluster_on_paper --products 1000000 --workers 2 4 --rpm 5000 30000 --offline

Nothing is asked and nothing written: shards are handed to workers that work at the speed that one was measured at, or
at their part of the rate limit where that is less, and that die now and then. A shard whose worker died goes on
elsewhere once a new one has started, with the calls of its last seconds repeated. Between two such events all speeds
are constant, so what is played is exact.

The measured costs stand below with where they were measured; `--help` lists what else can be set.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from feedeval.model.pricing import cost_usd
from feedeval.records import Usage

CPU_S = {"model": 0.00114, "offline": 0.0013}
"""CPU a product of a whole audit: `--only calls` (12 judgements a reply, 64 in flight), and importpc's products."""
SHARED_TOKENS, OWN_TOKENS, REPLY_TOKENS = 1067, 180, 340
"""Tokens of a product's one call: `--only prompt`, between lecc (124, 274) and importpc (234, 411)."""
STORED_BYTES = 3300
"""Of a product in the batch files of a session, measured on three feeds: 2,870 to 3,370."""
SHARD_BYTES = 700
"""Of a product in a Parquet shard: about half of what it takes in XML."""


@dataclass(frozen=True)
class Setting:
    """A cluster, the endpoint that it asks, and the feed."""

    products: int = 10_000_000
    shard_products: int = 10_000
    workers: int = 4
    rpm: float | None = 30_000.0
    """Requests a minute that all workers share; None for the embedded engine, which asks nobody."""
    used: float = 0.965
    """Share of a rate limit that is used: `--only shapes`, 0.964 to 1.002."""
    in_flight: int = 64
    """Calls that a worker has out at once."""
    latency_s: float = 2.0
    cpu_s: float = CPU_S["model"]
    worker_lives_h: float = 24.0
    """Mean time until a worker dies."""
    restart_s: float = 30.0
    lost_s: float = 5.0
    """Seconds of calls that are asked again after a death: what was not yet shipped."""
    start_s: float = 20.0
    """Until the first shard is worked on: client, workers, question sets."""
    read_s: float = 0.0004
    """To read a product and write it into its shard, which is done once."""

    @property
    def own_speed(self) -> float:
        """Products a second of one worker that no limit holds back."""
        by_cpu = 1.0 / self.cpu_s
        return by_cpu if self.rpm is None else min(by_cpu, self.in_flight / self.latency_s)

    @property
    def allowed(self) -> float:
        """Products a second that the endpoint lets all workers ask about."""
        return math.inf if self.rpm is None else self.used * self.rpm / 60.0

    @property
    def enough_workers(self) -> int:
        """Workers from which on the rate limit is what holds the run back."""
        return 0 if self.rpm is None else math.ceil(self.allowed / self.own_speed)


@dataclass(frozen=True)
class Played:
    """What came of it."""

    hours: float
    products_a_second: float
    calls: float
    repeated: float
    """Calls that were asked twice because a worker died."""
    deaths: int


def play(setting: Setting, *, seed: int = 1) -> Played:
    """Play a run from its first shard to its last."""
    rng = random.Random(seed)
    left = _shards(setting)
    working: list[float] = []
    """Products left of the shards that are worked on."""
    waiting: list[tuple[float, float]] = []
    """When a worker is there again, and what is left of the shard that it takes."""
    now_s, repeated, deaths = 0.0, 0.0, 0
    idle = setting.workers
    while left or working or waiting:
        while idle and left:
            working.append(left.pop())
            idle -= 1
        speed = min(setting.own_speed, setting.allowed / len(working)) if working else 0.0
        ends_s = min(working) / speed if working else math.inf
        back_s = waiting[0][0] - now_s if waiting else math.inf
        dies_s = rng.expovariate(len(working) / (3600.0 * setting.worker_lives_h)) if working else math.inf
        step_s = min(ends_s, back_s, dies_s)
        now_s += step_s
        working = [products - speed * step_s for products in working]
        if step_s == back_s:
            working.append(heapq.heappop(waiting)[1])
        elif step_s == dies_s:
            deaths += 1
            again = min(setting.lost_s, step_s) * speed if setting.rpm is not None else 0.0
            repeated += again
            lost = working.pop(rng.randrange(len(working))) + again
            heapq.heappush(waiting, (now_s + setting.restart_s, lost))
        else:
            working.remove(min(working))
            idle += 1
    total_s = now_s + setting.start_s + setting.read_s * setting.products
    calls = 0.0 if setting.rpm is None else setting.products + repeated
    return Played(total_s / 3600.0, setting.products / now_s, calls, repeated, deaths)


def _shards(setting: Setting) -> list[float]:
    whole, rest = divmod(setting.products, setting.shard_products)
    return [float(setting.shard_products)] * whole + ([float(rest)] if rest else [])


def storage_gb(setting: Setting) -> float:
    """Return gigabytes that shards and results take."""
    return setting.products * (STORED_BYTES + SHARD_BYTES) / 1e9


def dollars(setting: Setting, model: str) -> float:
    """Return what the calls cost with live delivery, the shared tokens at the price of cached ones."""
    asked = SHARED_TOKENS + OWN_TOKENS
    usage = Usage(input_tokens=asked, cached_tokens=SHARED_TOKENS // 128 * 128, output_tokens=REPLY_TOKENS)
    price = cost_usd(model, usage)
    return math.nan if price is None else price * setting.products


def table(settings: Sequence[Setting]) -> str:
    """Return a line a setting."""
    lines = [f"{'limit':>14}{'workers':>9}{'hours':>9}{'products/s':>12}{'calls':>14}{'asked twice':>13}{'deaths':>8}"]
    for setting in settings:
        found = play(setting)
        limit = "none (offline)" if setting.rpm is None else f"{setting.rpm:,.0f}/min"
        lines.append(
            f"{limit:>14}{setting.workers:9}{found.hours:9.1f}{found.products_a_second:12,.0f}{found.calls:14,.0f}"
            f"{found.repeated:13,.0f}{found.deaths:8}"
        )
    return "\n".join(lines)


def main() -> None:
    """Play the settings that are asked for, and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=Setting.products)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 16, 32])
    parser.add_argument("--rpm", type=float, nargs="+", default=[5_000, 10_000, 30_000])
    parser.add_argument("--latency-s", type=float, default=Setting.latency_s)
    parser.add_argument("--in-flight", type=int, default=Setting.in_flight)
    parser.add_argument("--model", default="gpt-4o-mini", help="whose price is taken")
    parser.add_argument("--offline", action="store_true", help="the embedded engine alone")
    options = parser.parse_args()
    base = replace(Setting(), products=options.products, latency_s=options.latency_s, in_flight=options.in_flight)
    offline = [replace(base, rpm=None, cpu_s=CPU_S["offline"], workers=n) for n in options.workers]
    asked = [replace(base, rpm=rpm, workers=n) for rpm in options.rpm for n in options.workers]
    print(f"{options.products:,} products, {storage_gb(base):,.1f} GB of shards and results")
    print(table(offline if options.offline else [*asked, *offline]))
    if not options.offline:
        print(f"{options.model}: ${dollars(base, options.model):,.0f} live, half of it by batch")
        for rpm in options.rpm:
            print(f"{rpm:,.0f} requests a minute are used up by {replace(base, rpm=rpm).enough_workers} workers")


if __name__ == "__main__":
    main()
