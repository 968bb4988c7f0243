"""What the files of a session cost to write and to read, and what a long run takes in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.benchmarks import results_bench, runner_bench, store_bench
from tests.benchmarks.figures import Figure
from tests.results.factory import Plan, write_session
from tests.run.jobs import QuickJob


def checkpoint(*, rounds: int) -> list[Figure]:
    """Measure call log, batch file and progress file for a product; the best of rounds, as other work only adds."""
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            found.append(store_bench.measure_writing(Path(folder)))
    best = min(found, key=lambda figures: figures["checkpoint_a_product_cpu_ms"])
    return [
        Figure("checkpoint a product, CPU", best["checkpoint_a_product_cpu_ms"], "ms", at_most=0.15),
        Figure("checkpoint a product, wall with fsync", best["checkpoint_a_product_wall_ms"], "ms"),
    ]


def scan(*, products: int) -> list[Figure]:
    """Measure the resume scan."""
    with tempfile.TemporaryDirectory() as folder:
        found = store_bench.measure_scan(Path(folder), products)
    name = f"resume scan of {products:,} finished products"
    return [Figure(name, found["scan_s"], "s", at_most=2.0 * products / 100_000, note=f"{found['scan_mb']:.0f} MB")]


def reading(*, products: int, rounds: int) -> list[Figure]:
    """Measure `session.results`, `.judgements`, `.gaps` and `.fix_file`, each in a process of its own."""
    share = products / 100_000
    with tempfile.TemporaryDirectory() as folder:
        failed = range(0, products, 997)
        plan = Plan(products=products, batch_size=20, questions=12, context_chars=900, failed=failed)
        write_session(Path(folder), plan)
        results = results_bench.best("results", Path(folder), rounds)
        judgements = results_bench.best("judgements", Path(folder), rounds)
        others = {view: results_bench.best(view, Path(folder), rounds) for view in results_bench.PASSED_ON}
    return [
        Figure(f"session.results of {products:,} products", results["seconds"], "s", at_most=2.0 * share),
        Figure(f"session.results of {products:,}: memory at its peak", results["peak_mb"], "MB", at_most=300.0),
        Figure(f"session.judgements, {products * 12:,} rows", judgements["seconds"], "s", at_most=6.0 * share),
        Figure(f"session.judgements, {products * 12:,} rows: held", judgements["held_mb"], "MB"),
        *(Figure(f"{view} of {products:,} products", f["seconds"], "s", at_most=20.0) for view, f in others.items()),
        *(Figure(f"{view}: memory at its peak", f["peak_mb"], "MB", at_most=2000.0) for view, f in others.items()),
    ]


def memory(*, records: int) -> list[Figure]:
    """Measure memory and CPU of a run over many records from an iterator."""
    with tempfile.TemporaryDirectory() as folder:
        found = runner_bench.measured(lambda: QuickJob(records), records, Path(folder))
    return [
        Figure(f"memory of {records:,} records above the start", found["memory_above_start_mb"], "MB", at_most=150.0),
        Figure("CPU a record of the runner alone", found["cpu_ms_a_record"], "ms"),
    ]


def quickness() -> list[Figure]:
    """Measure how quick a pause is, and how late other threads wake, while records go through at full speed."""
    with tempfile.TemporaryDirectory() as folder:
        found = runner_bench.quickness(Path(folder))
    return [
        Figure("pause during full speed", found["pause_ms"], "ms", at_most=1000.0),
        Figure("another thread wakes late, 99 of 100", found["wake_late_p99_ms"], "ms"),
    ]
