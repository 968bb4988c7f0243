"""A session of shards as large as is wanted, made of a small one: its records again and again under other keys."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from feedeval.evaluator import ProductFeedEvaluator
from feedeval.results.columnar import write_copy
from feedeval.results.session import Session, load_session
from feedeval.storage.paths import SessionPaths
from feedeval.storage.shards import Shards
from tests.e2e.support import write_jsonl

SEED = 2_000
"""Products that are audited."""
BATCH = 1_000
_TOPICS = ("Apparel > Shoes", "Apparel > Shirts", "Home > Kettles", "Home > Lamps", "Electronics > Cables")
_TOPICS += ("Electronics > Headphones", "Garden > Tools", "Sport > Tents", "Beauty > Creams", "Toys > Puzzles")
_SAYS = (
    "It weighs {weight} g and measures {width} x 20 cm.",
    "Made of cotton. Machine wash at 30 degrees.",
    "Warranty of two years. Returns within 30 days.",
    "Contains one article and a bag. Suitable for outdoor use.",
)
_FILLS = {
    **{"color": "blue", "size": "M", "material": "cotton", "brand": "Acme", "gtin": "4006381333931"},
    **{"product_weight": "1 kg", "age_group": "adult", "gender": "unisex", "availability": "in_stock"},
}


def varied_feed(count: int) -> list[dict[str, str]]:
    """Return products of forty categories that say different things, and fill different fields."""
    chance = np.random.default_rng(0)
    return [_product(n, chance) for n in range(count)]


def _product(n: int, chance: np.random.Generator) -> dict[str, str]:
    said = [text.format(weight=100 + n, width=n % 90 + 10) for text in _SAYS if chance.random() < 0.4]
    return {
        "id": f"P-{n:07d}",
        "title": f"Article {n} in blue",
        "link": f"https://shop.example/p/{n}",
        "price": f"{n % 70 + 5}.99 EUR",
        "product_type": f"{_TOPICS[n % 10]} > Line {n // 10 % 4}",
        "description": " ".join([f"Article number {n} for every day.", *said]),
        **{name: value for name, value in _FILLS.items() if chance.random() < 0.6},
    }


def large_session(folder: Path, products: int, *, shards: int = 10) -> Session:
    """Make a session of shards; what it says of its products is true of the audit of a few.

    Args:
        folder: Where to.
        products: How many it has.
        shards: How many they lie in.
    """
    small = Path(folder, "small")
    small.mkdir(parents=True)
    feed = write_jsonl(Path(small, "feed.jsonl"), varied_feed(min(SEED, products)))
    made = ProductFeedEvaluator(model="offline", output_dir=small)
    made.start(feed, progress="none", cluster=2, shard_size=max(1, min(SEED, products) // 4)).wait()
    return multiply(load_session(output_dir=small), Path(folder, "large"), products=products, shards=shards)


def multiply(seed: Session, folder: Path, *, products: int, shards: int) -> Session:
    """Write a session of so many products, whose records are those of `seed` under keys of their own."""
    folder.mkdir()
    for path in seed.output_dir.glob(f"*{seed.id}*.json"):
        shutil.copy(path, folder)
    before = seed.shards
    assert before is not None
    session = Session(seed.id, folder)
    after = Shards(session.paths, shards)
    after.folder.mkdir()
    sizes = [len(range(number, products, shards)) for number in range(shards)]
    for number, size in zip(after.numbers, sizes, strict=True):
        _Shard(before, after, number).write(size)
        write_copy(after, number, engine=seed.progress.engine)
    for path in folder.rglob("*.json"):
        path.chmod(0o600)
    counts = {"total": products, "done": products, "failed": 0, "reused": 0}
    batches = sum(-(-size // BATCH) for size in sizes)
    sums = {"counts": counts, "batch_size": BATCH, "total_batches": batches, "batches_complete": batches}
    for name in ("progress", "session"):
        _change(folder / f"{name}_{seed.id}.json", sums, {"shards": {"count": shards, "cluster": 2}})
    return session


class _Shard:
    """One shard of the large session."""

    def __init__(self, before: Shards, after: Shards, number: int) -> None:
        self.after, self.number = after, number
        self.own = self._session(before)

    def _session(self, before: Shards) -> SessionPaths:
        model = before.session((self.number - 1) % before.count + 1)
        assert model is not None
        folder = self.after.session_folder(self.number).path
        folder.mkdir()
        self.records = [
            orjson.dumps(record)
            for file in sorted(model.folder.glob("batch_*"))
            for record in orjson.loads(file.read_bytes())["results"]
        ]
        self.report = orjson.loads(next(model.folder.glob("batch_0001*")).read_bytes())["report"]
        for path in model.folder.glob("*.json"):
            if not path.name.startswith("batch_"):
                shutil.copy(path, folder)
        return SessionPaths(folder, model.sid)

    def write(self, size: int) -> None:
        import pyarrow as arrow
        import pyarrow.parquet as parquet

        places = np.arange(self.number - 1, self.number - 1 + size * self.after.count, self.after.count, dtype="<i8")
        self.after.places_path(self.number).write_bytes(places.tobytes())
        keys = [f"P-{place:07d}" for place in places.tolist()]
        parquet.write_table(
            arrow.table({"position": places, "key": keys, "product": ["{}"] * size}), self.after.products(self.number)
        )
        batches = -(-size // BATCH)
        for batch in range(1, batches + 1):
            start, end = (batch - 1) * BATCH, min(batch * BATCH, size)
            self.own.batch(batch).write_bytes(self._batch((batch, batches), (start, end), keys))
        counts = {"total": size, "done": size, "failed": 0, "reused": 0}
        sums = {"counts": counts, "batch_size": BATCH, "total_batches": batches, "batches_complete": batches}
        for name in ("progress", "session", "summary"):
            _change(self.own.folder / f"{name}_{self.own.sid}.json", sums)

    def _batch(self, which: tuple[int, int], span: tuple[int, int], keys: list[str]) -> bytes:
        (number, of), (start, end) = which, span
        report = self.report | {"batch_number": number, "total_batches": of, "batch_start_index": start}
        count = end - start
        report |= {"batch_end_index": end - 1, "batch_size": count, "processed": count, "successful": count}
        head = {"schema_version": 1, "session": self.own.sid, "batch_number": number, "start_index": start}
        head |= {"end_index": end - 1, "report": report}
        records = b",".join(self._records(start, end, keys))
        return orjson.dumps(head)[:-1] + b',"results":[' + records + b'],"failures":[]}'

    def _records(self, start: int, end: int, keys: list[str]) -> Iterator[bytes]:
        for index in range(start, end):
            record = self.records[index % len(self.records)]
            old = record[8 : record.index(b'"', 8)]
            at = record.index(b'"index":') + 8
            stop = record.index(b",", at)
            made = record[:at] + str(index).encode() + record[stop:]
            name = keys[index].encode()
            article = b"Article %d " % int(old[2:])
            yield made.replace(old, name).replace(article, b"Article %d " % int(name[2:]))


def _change(path: Path, values: dict[str, Any], settings: dict[str, Any] | None = None) -> None:
    document = orjson.loads(path.read_bytes())
    document |= {name: value for name, value in values.items() if name in document}
    if settings and "settings" in document:
        document["settings"] |= settings
    path.write_bytes(orjson.dumps(document))
