"""How long a person waits for the first line of a notebook, and for a small answer in a terminal."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.figures import Figure

ROOT = Path(__file__).resolve().parents[2]

PANDAS_S = 0.6
"""How long pandas took to import on the machine that the targets were set for: elsewhere they are as much of it."""

COMMANDS = {
    "interpreter": ("-c", "pass"),
    "pandas": ("-c", "import pandas"),
    "feedeval": ("-c", "import feedeval"),
    "help": ("-m", "feedeval", "--help"),
}


def loading(*, rounds: int) -> list[Figure]:
    """Measure imports and answers that need no session, each the median of fresh processes."""
    with tempfile.TemporaryDirectory() as folder:
        empty = ("-m", "feedeval", "list", "--output-dir", folder)
        seconds = medians({**COMMANDS, "list": empty}, rounds=rounds)
    share = seconds["pandas"] / PANDAS_S
    above = seconds["feedeval"] - seconds["interpreter"]
    return [
        Figure("the interpreter alone", seconds["interpreter"], "s"),
        Figure("import pandas", seconds["pandas"], "s"),
        Figure("import feedeval", seconds["feedeval"], "s"),
        Figure("import feedeval, above the interpreter", above, "s", at_most=round(0.15 * share, 3)),
        Figure("feedeval --help", seconds["help"], "s", at_most=round(0.4 * share, 3)),
        Figure("feedeval list of an empty folder", seconds["list"], "s", at_most=round(0.4 * share, 3)),
    ]


def medians(commands: Mapping[str, Sequence[str]], *, rounds: int) -> dict[str, float]:
    """Return the median of the seconds that each command takes, in turn with the others."""
    found: dict[str, list[float]] = {name: [] for name in commands}
    # The first time of each fills the caches of the machine and writes byte code: it does not count.
    for turn in range(rounds + 1):
        for name, arguments in commands.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
            if turn:
                found[name].append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in found.items()}
