"""Benchmark of reading a session back: time and memory of each view, each in a process of its own.

    python -m tests.benchmarks.results_bench                        # 100,000 products with 12 questions each
    python -m tests.benchmarks.results_bench --products 20000 --json results.json

The synthetic session takes about 450 MB of disk in a temporary folder. Every view is measured in a fresh process with
warm files; memory is the growth of the resident set over the imported package, at its end and at its peak.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from feedeval.results.compare.compare import compare
from feedeval.results.library import consolidate, list_sessions
from feedeval.results.session import Session, load_session
from tests.results.factory import Plan, write_session

PASSED_ON = ("gaps", "fix file", "csv", "jsonl", "parquet", "xlsx", "judgements csv", "compare")
"""Views that make of a session what people work with and pass on."""

TARGETS = {"results": "2 s, 300 MB", "judgements": "6 s", **dict.fromkeys(PASSED_ON, "20 s, 2,000 MB")}

VIEWS: dict[str, Callable[[Session], Any]] = {
    "results": lambda session: session.results,
    "judgements": lambda session: session.judgements,
    "failures": lambda session: session.failures,
    "summary": lambda session: session.summary().text(),
    "list": lambda session: list_sessions(session.output_dir),
    "page of texts": lambda session: session.results.iloc[50_000:50_100]["judgements_json"].tolist(),
    "all texts": lambda session: session.results["judgements_json"].astype(str),
    "gaps": lambda session: session.gaps(within="category"),
    "fix file": lambda session: session.fix_file(session.output_dir / "fixes.tsv"),
    "csv": lambda session: consolidate(session, session.output_dir / "all.csv"),
    "jsonl": lambda session: consolidate(session, session.output_dir / "all.jsonl"),
    "parquet": lambda session: consolidate(session, session.output_dir / "all.parquet"),
    "xlsx": lambda session: consolidate(session, session.output_dir / "all.xlsx"),
    "judgements csv": lambda session: consolidate(session, session.output_dir / "judged.csv", rows="judgements"),
    "compare": lambda session: repr(compare(session, session)),
}


def measure(view: str, output_dir: Path) -> dict[str, float]:
    """Measure one view in this process."""
    session = load_session(output_dir=output_dir)
    before_mb = psutil.Process().memory_info().rss / 1e6
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    kept = VIEWS[view](session)
    seconds, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
    after_mb = psutil.Process().memory_info().rss / 1e6
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    del kept
    return {
        "seconds": round(seconds, 2),
        "cpu_s": round(cpu_s, 2),
        "held_mb": round(after_mb - before_mb),
        "peak_mb": round(max(peak_mb - before_mb, 0)),
    }


def main() -> None:
    """Measure all views and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many is shown")
    parser.add_argument("--folder", type=Path, help="an output folder of an earlier benchmark, to measure again")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--view", choices=VIEWS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.view:
        print(json.dumps(measure(options.view, options.folder)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        if options.folder is None:
            failed = range(0, options.products, 997)
            write_session(
                folder, Plan(products=options.products, batch_size=20, questions=12, context_chars=900, failed=failed)
            )
        figures = {view: best(view, folder, options.rounds) for view in VIEWS}
    print(f"{'view':<16}{'seconds':>9}{'CPU s':>8}{'held MB':>9}{'peak MB':>9}  target")
    for view, found in figures.items():
        cells = f"{found['seconds']:>9.2f}{found['cpu_s']:>8.2f}{found['held_mb']:>9}{found['peak_mb']:>9}"
        print(f"{view:<16}{cells}  {TARGETS.get(view, '')}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))


def best(view: str, folder: Path, rounds: int) -> dict[str, float]:
    """Return the quickest of several rounds: what else the machine does only ever adds."""
    command = [sys.executable, "-m", "tests.benchmarks.results_bench", "--view", view, "--folder", str(folder)]
    found = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(rounds)]
    return min(found, key=lambda figures: figures["seconds"])


if __name__ == "__main__":
    main()
