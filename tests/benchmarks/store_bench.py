"""Measure what a session's files cost: `python -m tests.benchmarks.store_bench [--products 100000]`.

Prints one JSON object. CPU is that of this process; wall time includes fsync and so depends on the disk.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from feedeval.storage.store import SessionStore
from tests.storage.sessions import NOW, make_batch, make_call, make_progress

BATCH_SIZE = 20
WORDS = ("waterproof", "cotton", "two years", "warranty", "weighs", "450 g", "machine wash", "30 °C", "für große Zelte")


def audit_value(rng: random.Random) -> dict[str, object]:
    """Make an evaluation of the usual size: 12 judgements, about 4 KB."""

    def text(length: int) -> str:
        return " ".join(rng.choices(WORDS, k=length // 6))

    return {
        "category": "Sports > Camping > Tents",
        "context": text(1200),
        "context_fields": ["title", "description", "price"],
        "judgements": [
            {
                "question": text(50),
                "taxonomy": "Specs",
                "required": number < 4,
                "verdict": "yes",
                "evidence": text(50),
                "attribute": "description",
                "reason": text(30),
                "verified": True,
            }
            for number in range(12)
        ],
        "yes_count": 7,
        "coverage_pct": 61.5,
    }


@contextmanager
def timed(figures: dict[str, float], name: str, count: int) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    figures[f"{name}_cpu_ms"] = round((time.process_time() - cpu) * 1000 / count, 4)
    figures[f"{name}_wall_ms"] = round((time.perf_counter() - wall) * 1000 / count, 4)


def measure_writing(folder: Path, batches: int = 200) -> dict[str, float]:
    """Write batches as a run does: a call a product, a sync of the logs a batch, a batch file, a progress file."""
    figures: dict[str, float] = {}
    value = audit_value(random.Random(1))
    reply = orjson.dumps(value["judgements"]).decode()
    files = [make_batch("x", n, size=BATCH_SIZE, value=value) for n in range(1, batches + 1)]
    calls = [make_call(f"{i}", text=reply) for i in range(BATCH_SIZE)]
    with SessionStore.create(folder, now=NOW) as store:
        progress = make_progress(store.sid)
        files = [f.model_copy(update={"session": store.sid}) for f in files]
        with timed(figures, "call_append", batches * BATCH_SIZE):
            for batch in files:
                for call in calls:
                    store.append_call(batch.batch_number, call)
                store.sync_calls()
        with timed(figures, "batch_write", batches):
            for batch in files:
                store.write_batch(batch)
        with timed(figures, "progress_write", batches):
            for _ in files:
                store.write_progress(progress)
    for kind in ("cpu", "wall"):
        batch = figures[f"batch_write_{kind}_ms"] + figures[f"progress_write_{kind}_ms"]
        figures[f"checkpoint_a_product_{kind}_ms"] = round(figures[f"call_append_{kind}_ms"] + batch / BATCH_SIZE, 4)
    return figures


def measure_scan(folder: Path, products: int) -> dict[str, float]:
    """Scan a session of so many finished products: median of three, files in the page cache."""
    rng = random.Random(2)
    values = [audit_value(rng) for _ in range(40)]
    with SessionStore.create(folder, now=NOW) as store:
        store.write_progress(make_progress(store.sid, total=products, size=BATCH_SIZE))
        size = 0
        for number in range(1, products // BATCH_SIZE + 1):
            # Written without fsync: what is measured is reading.
            data = orjson.dumps(
                make_batch(store.sid, number, size=BATCH_SIZE, value=values[number % 40]).model_dump(mode="json")
            )
            size += len(data)
            (folder / f"batch_{number:04d}_{store.sid}.json").write_bytes(data)
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            scan = store.scan()
            seconds.append(time.perf_counter() - start)
        assert len(scan.done_hash) == products // BATCH_SIZE * BATCH_SIZE
    return {"scan_s": round(statistics.median(seconds), 3), "scan_mb": round(size / 1e6, 1), "scan_products": products}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where to write; a folder of its own is made in it")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        writing, scanning = Path(folder, "writing"), Path(folder, "scanning")
        figures = measure_writing(writing) | measure_scan(scanning, arguments.products)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
