"""What a person waits for in a notebook: plots, redraws of the panel, and its buttons, also beside a busy kernel."""

from __future__ import annotations

import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from feedeval.notebook.panel.render import parts
from feedeval.notebook.plots import gallery as plots
from tests.benchmarks.figures import Figure
from tests.costs import least_cpu_s
from tests.notebook import frames
from tests.notebook.kernel import Kernel, started_kernel
from tests.notebook.snapshots import failure, snapshot

CATEGORIES = ("Tents", "Kettles", "Cables", "Tools", "Shoes")
PANEL = """from tests.notebook.cells import *
handle = Handle(CountingJob(2_000, seconds_each=0.2), max_workers=8)
handle"""


def drawing(*, products: int) -> list[Figure]:
    """Measure the plots of a large session together, and one redraw of the panel with all that it can show."""
    rng = np.random.default_rng(0)
    results = frames.results(rng.uniform(0, 100, products).tolist(), categories=CATEGORIES)
    asked = pd.DataFrame(
        {
            "question": pd.array([f"Question {n % 400}?" for n in range(12 * products)], dtype="str"),
            "taxonomy": pd.Categorical(rng.choice(["Use", "Specs", "Care"], 12 * products)),
            "required": rng.random(12 * products) < 0.3,
            "verdict": pd.Categorical(rng.choice(["yes", "partial", "no"], 12 * products)),
        }
    )
    reports = frames.reports(products // 20)

    def draw() -> None:
        for plot in (plots.coverage, plots.coverage_by_category, plots.missing_fields):
            plot(results, plt.figure().subplots())
        for plot in (plots.verdicts_by_taxonomy, plots.most_missed):
            plot(asked, plt.figure().subplots())
        for plot in (plots.rate, plots.latency, plots.cost, plots.memory, plots.health):
            plot(reports, plt.figure().subplots())
        plt.close("all")

    shown = snapshot(latest_failures=tuple(failure(i, message=f"reply {i} " + "x" * 5000) for i in range(10)))
    panel_ms = 1000 * least_cpu_s(lambda: parts(shown, ("one", "two")), rounds=20)
    return [
        Figure(f"ten plots of {products:,} products, CPU", least_cpu_s(draw, 1), "s", at_most=8.0),
        Figure("a redraw of the panel, CPU", panel_ms, "ms", at_most=20.0),
    ]


def buttons() -> list[Figure]:
    """Measure how long a button of the panel takes to act, also beside a cell that keeps the kernel busy."""
    with tempfile.TemporaryDirectory() as folder, started_kernel(Path(folder)) as kernel:
        kernel.run(PANEL)
        idle_s = _paused_s(kernel)
        kernel.run("handle.resume()")
        figures = [Figure("a button acts beside an idle kernel", 1000 * idle_s, "ms", at_most=1000.0)]
        # Earlier kernels hear of a click once the cell that blocks them is over.
        if int(version("ipykernel").split(".")[0]) >= 7:
            kernel.start("time.sleep(5)")
            figures.append(Figure("a button acts beside a busy kernel", 1000 * _paused_s(kernel), "ms", at_most=1000.0))
        kernel.run("handle.stop(); handle.wait()")
    return figures


def _paused_s(kernel: Kernel) -> float:
    begun_s = time.perf_counter()
    kernel.press("Pause")
    kernel.wait_for("paused by hand")
    return time.perf_counter() - begun_s
