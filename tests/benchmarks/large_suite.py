"""A session of a million products read back: seconds and memory, each in a fresh process.

python -m tests.benchmarks --only large
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from feedeval.notebook.browser.browse import Browser, Wanted
from feedeval.notebook.browser.opened import Opened
from feedeval.results.compare.compare import compare
from feedeval.results.session import Session, load_session
from tests.benchmarks.figures import Figure
from tests.benchmarks.multiplied import large_session

ROOT = Path(__file__).resolve().parents[2]


def _asked(session: Session, folder: Path) -> object:
    return len(session.results), session.summary(), session.gaps()


def _looked_through(session: Session, folder: Path) -> object:
    opened = Opened(session)
    browser = Browser(opened.table, opened.shape)
    wanted = (Wanted(sort="coverage"), Wanted(sort="title", text="blue"))
    return [browser.rows(browser.find(each)[:20]) for each in wanted], opened.record_html(0)


READ: dict[str, Callable[[Session, Path], object]] = {
    "results, summary and gaps": _asked,
    "summary": lambda session, folder: session.summary(),
    "gaps": lambda session, folder: session.gaps(),
    "actions": lambda session, folder: session.actions(),
    "a comparison with itself": lambda session, folder: compare(session, session),
    "consolidated to Parquet": lambda session, folder: session.consolidate(folder / "out.parquet"),
    "consolidated to CSV": lambda session, folder: session.consolidate(folder / "out.csv"),
    "a file to fill in": lambda session, folder: session.fix_file(folder / "fixes.tsv"),
    "the ledger without pages": lambda session, folder: session.ledger().headline,
    "products looked through": _looked_through,
    "a workbook": lambda session, folder: session.workbook(folder / "audit.xlsx"),
}
SLOW = {"a workbook": 300_000}
"""Up to how many products it is measured: a program for spreadsheets opens no more of it."""
SECONDS = {"results, summary and gaps": 60.0}
MB = 2_000.0


def reading_back(*, products: int) -> list[Figure]:
    """Make a session of shards, and read it back in fresh processes."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        output = large_session(Path(folder), products).output_dir
        for name in READ:
            if name in SLOW and products > SLOW[name]:
                continue
            took = apart(name, output)
            figures.append(
                Figure(
                    f"{products:,} products: {name}", took["seconds"], "s", at_most=SECONDS.get(name), note=took["cpu"]
                )
            )
            figures.append(Figure(f"{products:,} products: {name}, memory", took["mb"], "MB", at_most=MB))
    return figures


def apart(name: str, output: Path) -> dict[str, Any]:
    """Read the session of a folder in one of these ways, in a process of its own; return what it took."""
    command = [sys.executable, "-m", "tests.benchmarks.large_suite", name, str(output)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(name: str, output: str) -> None:
    """Read the session of a folder in one way, and say what it took."""
    warnings.simplefilter("ignore")
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        READ[name](load_session(output_dir=output), Path(folder))
    seconds, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"seconds": seconds, "mb": peak_mb, "cpu": f"{cpu_s:.1f} s of CPU"}))


if __name__ == "__main__":
    main(*sys.argv[1:])
