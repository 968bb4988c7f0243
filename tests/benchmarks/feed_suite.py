"""How fast feeds are read, checked and audited without a model, and how far the embedded engine agrees with people."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pandas as pd
from PIL import Image, ImageDraw

import feedeval as fe
from feedeval.feed.reader import iter_feed
from feedeval.feed.text import content_hash, descriptive_fields, make_context
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.jobs.shadow.colour_classifier import name_colour
from feedeval.jobs.shadow.colour_names import Palette
from tests.benchmarks.calls_suite import products
from tests.benchmarks.client_bench import KEY, control, server
from tests.benchmarks.figures import Figure
from tests.benchmarks.judge_agreement import judge_half, kappa
from tests.benchmarks.runner_bench import Peak
from tests.costs import least_cpu_s
from tests.e2e.images import CLASSES

ROOT = Path(__file__).resolve().parents[2]
REAL_FEED = ROOT.parent / "shared" / "feeds" / "importpc_cz_rss_1255.xml"
SAMPLE_FEED = ROOT / "notebooks" / "data" / "sample_feed.xml"


def seconds(action: Callable[[], object], rounds: int) -> float:
    """Return the least time that something takes: what else the machine does only ever adds."""
    found = []
    for _ in range(rounds):
        begun_s = time.perf_counter()
        action()
        found.append(time.perf_counter() - begun_s)
    return min(found)


def real_feed(*, rounds: int) -> list[Figure]:
    """Measure a real feed of 1,255 products where it is present: reading, cleaning and auditing it with its files."""
    if not REAL_FEED.is_file():
        return []
    feed = fe.read_feed(REAL_FEED)
    read_s = seconds(lambda: fe.read_feed(REAL_FEED), rounds)
    cleaned_s = seconds(_cleaned, rounds)
    audited_s = seconds(lambda: _audited(feed), rounds + 1)
    return [
        Figure("read_feed of 1,255 real products", read_s, "s", at_most=1.0),
        Figure("contexts of 1,255 real products", cleaned_s, "s", at_most=1.0),
        Figure("real products audited offline", len(feed) / audited_s, "/s", at_least=300.0),
    ]


def _cleaned() -> None:
    products = list(iter_feed(REAL_FEED))
    fields = descriptive_fields(products)
    for product in products:
        content_hash(make_context(product, fields))


def _audited(feed: pd.DataFrame) -> None:
    with tempfile.TemporaryDirectory() as folder:
        results = fe.ProductFeedEvaluator(model="offline", output_dir=folder).evaluate_products_batch(
            feed, progress="none"
        )
        assert len(results) == len(feed) and (results["status"] == "done").all()


def checks(*, count: int) -> list[Figure]:
    """Measure `check_feed` over the sample feed's products, repeated with other ids and titles."""
    sample = list(fe.iter_feed(SAMPLE_FEED))
    many = [
        {**sample[n % len(sample)], "id": f"S-{n}", "title": f"{sample[n % len(sample)].get('title', '')} no. {n}"}
        for n in range(count)
    ]
    frame = pd.DataFrame(many)
    frame = frame.astype(object).where(frame.notna(), None)
    name = f"check_feed of {count:,} products"
    one_s, three_s = (
        seconds(lambda named=named: fe.check_feed(frame, targets=named), 1)  # type: ignore[misc]
        for named in (["google"], ["google", "openai", "meta"])
    )
    return [
        Figure(name, one_s, "s", at_most=20.0 * count / 100_000),
        Figure(f"{name}: three destinations against one", three_s / one_s, "x", at_most=2.0),
    ]


def streaming(*, count: int) -> list[Figure]:
    """Measure memory while a long file is iterated: it must not grow."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "long.jsonl")
        with path.open("wb") as out:
            for start in range(0, count, 1000):
                lines = (orjson.dumps(product) + b"\n" for product in products(1000, start))
                out.writelines(lines)
        sum(1 for _ in iter_feed(path, limit=1000))
        peak = Peak()
        begun_s = time.perf_counter()
        assert sum(1 for _ in iter_feed(path)) == count
        took_s = time.perf_counter() - begun_s
    return [
        Figure(f"iter_feed of {count:,} products: memory", peak.above_start_mb(), "MB", at_most=50.0),
        Figure(f"iter_feed of {count:,} products", count / took_s, "/s"),
    ]


def first_audit() -> list[Figure]:
    """Measure the first command of the README: the sample feed, no key, no network, from a cold start."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "feedeval", "run", str(SAMPLE_FEED), "--output-dir", folder]
            subprocess.run(command, cwd=ROOT, env=clean, check=True, capture_output=True)

    return [Figure("sample feed from the terminal", seconds(run, 1), "s", at_most=60.0)]


def requests() -> list[Figure]:
    """Count the requests of an audit beyond its categories and products."""
    with server() as url, tempfile.TemporaryDirectory() as folder:
        fe.ProductFeedEvaluator(KEY, base_url=url, output_dir=folder).evaluate_products_batch(
            products(200, 0), progress="none"
        )
        made = control(url)["requests"]
    return [Figure("requests beyond categories + products", made - 204, at_most=0.0)]


def colours(*, count: int) -> list[Figure]:
    """Measure how many pictures a second of CPU the embedded engine names the colour of."""
    dice = random.Random(1)
    files, palette = [], Palette(CLASSES)
    for _ in range(count):
        image = Image.new("RGB", (256, 256), "white")
        ImageDraw.Draw(image).ellipse((51, 51, 205, 205), fill=tuple(dice.randrange(256) for _ in range(3)))
        held = io.BytesIO()
        image.save(held, "PNG")
        files.append(held.getvalue())
    cpu_s = least_cpu_s(lambda: [name_colour(data, palette) for data in files])
    return [Figure("pictures whose colour is named, a second of CPU", count / cpu_s, "/s", at_least=50.0)]


def agreement() -> list[Figure]:
    """Measure how far the embedded engine agrees with the part of the labelled set that was held back."""
    outcomes = judge_half("fresh", OfflineEngine())
    found = kappa((o.human, o.engine) for o in outcomes)
    return [Figure("agreement with labels, held back", found, "κ", at_least=0.85, note=f"{len(outcomes)} cases")]
