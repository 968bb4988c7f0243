"""Measure every figure that has a target, and print them beside it.

    python -m tests.benchmarks                       # everything, about half an hour
    python -m tests.benchmarks --quick               # smaller sizes, about five minutes
    python -m tests.benchmarks --only calls --json figures.json

Each group is measured in a process of its own. The load of the machine stands beside each group, because figures in
seconds and CPU are only worth something where nothing else runs; exit code 1 says that a target was missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Figure, from_json, machine, missed, table

Group = Callable[[bool], list[Figure]]


def _calls(quick: bool) -> list[Figure]:
    from tests.benchmarks import calls_suite

    return calls_suite.cpu_and_rate(calls=1500 if quick else 3000, rounds=3 if quick else 5)


def _latency(quick: bool) -> list[Figure]:
    from tests.benchmarks import calls_suite

    return calls_suite.latency(seconds=3.0 if quick else 8.0)


def _limits(quick: bool) -> list[Figure]:
    from tests.benchmarks import calls_suite

    return calls_suite.limits(window_s=6.0 if quick else 20.0, windows=4.0)


def _shapes(quick: bool) -> list[Figure]:
    from tests.benchmarks import shapes_suite

    return shapes_suite.shapes(seconds=60.0 if quick else 120.0, quick=quick)


def _quota(quick: bool) -> list[Figure]:
    from tests.benchmarks import calls_suite

    return calls_suite.quota()


def _session(quick: bool) -> list[Figure]:
    from tests.benchmarks import session_suite

    products = 20_000 if quick else 100_000
    return [
        *session_suite.checkpoint(rounds=2 if quick else 3),
        *session_suite.scan(products=products),
        *session_suite.reading(products=products, rounds=2 if quick else 3),
    ]


def _memory(quick: bool) -> list[Figure]:
    from tests.benchmarks import session_suite

    return [*session_suite.memory(records=50_000 if quick else 200_000), *session_suite.quickness()]


def _feed(quick: bool) -> list[Figure]:
    from tests.benchmarks import feed_suite

    return [
        *feed_suite.first_audit(),
        *feed_suite.requests(),
        *feed_suite.real_feed(rounds=2 if quick else 3),
        *feed_suite.checks(count=20_000 if quick else 100_000),
        *feed_suite.streaming(count=50_000 if quick else 1_000_000),
        *feed_suite.colours(count=60 if quick else 300),
        *feed_suite.agreement(),
    ]


def _engine(quick: bool) -> list[Figure]:
    from tests.benchmarks import engine_suite

    return engine_suite.products_a_second(count=1255, rounds=3 if quick else 7)


def _loading(quick: bool) -> list[Figure]:
    from tests.benchmarks import loading_suite

    return loading_suite.loading(rounds=5 if quick else 9)


def _notebook(quick: bool) -> list[Figure]:
    from tests.benchmarks import notebook_suite

    return [*notebook_suite.drawing(products=20_000 if quick else 100_000), *notebook_suite.buttons()]


def _certify(quick: bool) -> list[Figure]:
    from tests.benchmarks import certify_suite

    return certify_suite.certified(draws=300 if quick else 1000)


def _prompt(quick: bool) -> list[Figure]:
    from tests.benchmarks import prompt_suite

    return prompt_suite.prompt_tokens(products=20 if quick else 100)


def _cluster(quick: bool) -> list[Figure]:
    from tests.benchmarks import cluster_suite

    return [
        *cluster_suite.shared_limit(seconds=20.0 if quick else 60.0),
        *cluster_suite.deaths(products=4000 if quick else 20_000),
        *cluster_suite.cores(products=20_000 if quick else 1_000_000, alone=10_000 if quick else 50_000),
    ]


def _large(quick: bool) -> list[Figure]:
    from tests.benchmarks import large_suite

    return large_suite.reading_back(products=50_000 if quick else 1_000_000)


GROUPS: dict[str, tuple[str, Group]] = {
    "loading": ("Before anything is done", _loading),
    "calls": ("Cost and speed of a call", _calls),
    "latency": ("Keeping calls in flight", _latency),
    "limits": ("Using a rate limit", _limits),
    "shapes": ("However a rate limit is enforced", _shapes),
    "quota": ("Stopping when the quota is gone", _quota),
    "session": ("Files of a session", _session),
    "memory": ("Long runs", _memory),
    "feed": ("Feeds and the embedded engine", _feed),
    "engine": ("The embedded engine on one core", _engine),
    "certify": ("Intervals of certified coverage", _certify),
    "cluster": ("Several processes", _cluster),
    "large": ("A million products read back", _large),
    "prompt": ("Tokens of a judge's prompt", _prompt),
    "notebook": ("What a notebook shows", _notebook),
}


def measured(name: str, *, quick: bool) -> dict[str, Any]:
    """Measure a group in a process of its own, and return its figures as plain values."""
    before = machine()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "group.json")
        command = [sys.executable, "-m", "tests.benchmarks", "--group", name, "--json", str(path)]
        subprocess.run([*command, *(["--quick"] if quick else [])], check=True)
        figures = json.loads(path.read_text())
    return {"figures": figures, "load_before": before["load"], "load_after": machine()["load"]}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="smaller sizes")
    parser.add_argument("--only", choices=GROUPS, action="append", help="this group; may be given several times")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--group", choices=GROUPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.group:
        figures = GROUPS[options.group][1](options.quick)
        options.json.write_text(json.dumps([figure.as_json() for figure in figures]))
        return 0
    groups: dict[str, Any] = {}
    everything: list[Figure] = []
    for name in options.only or GROUPS:
        groups[name] = found = measured(name, quick=options.quick)
        figures = [from_json(values) for values in found["figures"]]
        load = f"load of the machine {found['load_before'][0]} before, {found['load_after'][0]} after"
        print(table(f"{GROUPS[name][0]} ({load})", figures), end="\n\n", flush=True)
        everything += figures
    lacking = missed(everything)
    targets = sum(figure.reached is not None for figure in everything)
    print(f"{targets - len(lacking)} of {targets} targets reached" + "".join(f"\n  missed: {name}" for name in lacking))
    if options.json:
        when = datetime.now(UTC).isoformat(timespec="seconds")
        report = {"measured": when, "machine": machine(), "quick": options.quick, "groups": groups}
        options.json.write_text(json.dumps(report, indent=2, ensure_ascii=False))
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
