"""How many products a second one core audits with the embedded engine, in CPU time of the whole process.

The feed is invented, in the manner and with the text lengths of a Czech shop of computer parts: a title of 50
characters, a description of names with values and one or two sentences, a category, delivery and the usual attributes.

    python -m tests.benchmarks --only engine
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

import pandas as pd

import feedeval as fe
from feedeval.evaluator import ProductFeedEvaluator
from tests.benchmarks.feed_suite import REAL_FEED
from tests.benchmarks.figures import Figure
from tests.e2e.support import write_jsonl

_KINDS = {
    "Nabíječka": ("276", "Elektronika > Počítače > Příslušenství > Nabíječky"),
    "Baterie": ("7551", "Elektronika > Počítače > Příslušenství > Baterie"),
    "Klávesnice": ("303", "Elektronika > Počítače > Příslušenství > Klávesnice"),
    "Displej": ("305", "Elektronika > Počítače > Díly > Displeje"),
}
_BRANDS = ("Mirovex", "Kalidor", "Tesmont", "Orlika", "Vantika", "Sudomer")
_DETAILS = (
    "vystupni_vykon: {w}W",
    "vystupni_napeti: {v}V {a}A",
    "vstupni_napeti: 100-240V",
    "konektor: {a} x 3.0 mm, PIN",
    "rozmery: {w}.00 x 50.50 x 31.00 mm",
    "certifikace: CE, RoHS",
    "kapacita: {w}00 mAh",
    "typ: Li-Ion",
    "hmotnost: {w}0 g",
    "barva: černá",
)
_SENTENCES = (
    "Náhradní díl pro notebooky {brand} {model}, vyrobený podle parametrů originálu.",
    "Před objednáním porovnejte označení na vašem zařízení s údaji v popisu.",
    "Dodáváme včetně napájecího kabelu.",
    "Záruka 24 měsíců.",
    "Vhodné pro každodenní použití v kanceláři i na cestách.",
)


def parts_feed(count: int, *, seed: int = 11) -> list[dict[str, object]]:
    """Return invented products of a shop of computer parts, all different."""
    rng = random.Random(seed)
    return [_part(number, rng) for number in range(count)]


def _part(number: int, rng: random.Random) -> dict[str, object]:
    kind = rng.choice(tuple(_KINDS))
    category_id, category = _KINDS[kind]
    own = {
        "brand": rng.choice(_BRANDS),
        "model": f"{rng.choice('ABKLX')}{rng.randrange(100, 999)}-{rng.randrange(10, 99)}{rng.choice('ABC')}",
        "w": str(rng.randrange(30, 240)),
        "v": rng.choice(("19", "19.5", "20", "11.1")),
        "a": rng.choice(("2.37", "3.42", "4.62", "6.5")),
    }
    title = f"{kind} {own['brand']} {own['v']}V {own['a']}A pro {rng.choice(_BRANDS)} {own['model']} {number}"
    details = ", ".join(rng.sample(_DETAILS, rng.randrange(3, 8))).format(**own)
    sentences = " ".join(rng.sample(_SENTENCES, rng.randrange(0, 3))).format(**own)
    address = f"https://dily.example/{number}"
    return {
        "id": f"D-{number:07d}",
        "title": title,
        "description": f"{title}. {sentences} {details}",
        "link": f"{address}?utm_source=feed",
        "image_link": f"{address}_1.jpg",
        "additional_image_link": [f"{address}_{place}.jpg" for place in range(2, 7)],
        "price": f"{rng.randrange(200, 2500)} CZK",
        "availability": "in_stock",
        "condition": "new",
        "brand": own["brand"],
        "gtin": f"{8590000000000 + number}",
        "mpn": own["model"],
        "product_type": category,
        "google_product_category": category_id,
        "shipping": {"country": "CZ", "price": "79 CZK"},
    }


def products_a_second(*, count: int, rounds: int) -> list[Figure]:
    """Audit a feed that was read, files and all, and count the CPU of the whole process."""
    with tempfile.TemporaryDirectory() as folder:
        invented = fe.read_feed(write_jsonl(Path(folder, "feed.jsonl"), parts_feed(count)))  # type: ignore[arg-type]
    figures = [
        Figure(
            "products a second and core, importpc-like", _best(invented, rounds), "/s", at_least=1000, note=_note(count)
        )
    ]
    if REAL_FEED.is_file():
        real = fe.read_feed(REAL_FEED)
        name = f"the same, a real feed of {len(real):,} products"
        figures.append(Figure(name, _best(real, rounds), "/s", at_least=1000))
    return figures


def _note(count: int) -> str:
    return f"{count:,} invented products, in CPU time"


def _best(feed: pd.DataFrame, rounds: int) -> float:
    """Return the most products a second of several rounds, the first of which compiles the patterns."""
    return len(feed) / min([_audited_cpu_s(feed) for _ in range(rounds + 1)][1:])


def _audited_cpu_s(feed: pd.DataFrame) -> float:
    with tempfile.TemporaryDirectory() as folder:
        begun_s = time.process_time()
        run = ProductFeedEvaluator(model="offline", output_dir=folder).start(feed, progress="none")
        done = run.wait().done
        took_s = time.process_time() - begun_s
    assert done == len(feed)
    return took_s
