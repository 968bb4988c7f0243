"""A folder of Parquet files as a feed: one that is partitioned already is not cut again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from feedeval.errors import InputError
from feedeval.evaluator.cluster.sharding import Cut, FeedCutter
from feedeval.feed.parsing.product import Product
from feedeval.feed.reader import iter_feed
from feedeval.feed.source import FeedSource
from feedeval.feed.text import record_keys
from feedeval.records import Record
from feedeval.run.plan import make_plan
from feedeval.storage.shards import Shards, child

PARTS = "parts.json"
"""What says where the products of each shard are, where they were not cut for it."""


class PartedSource(FeedSource):
    """The Parquet files of a folder, those of its subfolders among them, in the order of their names.

    Args:
        folder: The folder.
        limit: The first products only.

    Raises:
        InputError: There are none.
    """

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        super().__init__(folder, limit)
        self._parts = sorted(path.absolute() for path in folder.rglob("*.parquet") if path.is_file())
        self.marks: deque[int] = deque()
        """Of each product that was given and not looked at yet, the number of its part."""
        if not self._parts:
            raise InputError(f"{folder} is a folder without Parquet files: name a feed, or a folder of such files")

    @property
    def parts(self) -> list[Path]:
        """The files, where all of their products are wanted; else none, and they are cut as any feed is."""
        return self._parts if self._limit is None else []

    def products(self) -> Iterator[Product]:
        """Iterate over the products once more."""
        self.marks.clear()
        for product in islice(self._each(), self._limit):
            self._name_by(product)
            yield product

    def _each(self) -> Iterator[Product]:
        for number, part in enumerate(self._parts):
            for product in iter_feed(part):
                self.marks.append(number)
                yield product


def source_of(feed: Any, limit: int | None) -> FeedSource:
    """Return what gives the products of a feed, which may be a folder of Parquet files."""
    if isinstance(feed, str | Path) and Path(feed).is_dir():
        return PartedSource(Path(feed), limit)
    return FeedSource.of(feed, limit)


def taken_as_it_is(source: FeedSource, cutter: FeedCutter, folder: Path, told: Callable[[int], None]) -> Cut | None:
    """Take the parts of a feed for its shards, and write down which and where; None where they cannot be.

    They cannot where a product's id stands in two of them: by itself, each would give it the same key.

    Args:
        source: The feed.
        cutter: Whose job goes through the products.
        folder: Where the shards are.
        told: Told now and then how many products were read.
    """
    if not isinstance(source, PartedSource) or not source.parts:
        return None
    sizes = [0] * len(source.parts)
    alike = True

    def records() -> Iterator[Record]:
        nonlocal alike
        at, keys = -1, _PartKeys()
        for record in cutter.job.records():
            part = source.marks.popleft()
            if part != at:
                at, keys = part, _PartKeys()
            sizes[part] += 1
            alike = keys.key(cutter.passed()) == record.key and alike
            yield record

    plan = make_plan(records(), told)
    if not alike:
        return None
    filled = [(str(part), size) for part, size in zip(source.parts, sizes, strict=True) if size]
    child(folder, PARTS).write_bytes(orjson.dumps([part for part, _ in filled]))
    begins = 0
    for number, (_, size) in enumerate(filled, start=1):
        places = np.arange(begins, begins + size, dtype="<i8")
        child(folder, Shards.places_name(number)).write_bytes(places.tobytes())
        begins += size
    return Cut(plan, tuple(size for _, size in filled))


class _PartKeys:
    """The keys that the products of a part have by themselves."""

    def __init__(self) -> None:
        self._next: deque[Product] = deque()
        self._keys = record_keys(iter(self._next.popleft, None))

    def key(self, product: Product) -> str:
        """Return the key of the next product."""
        self._next.append(product)
        return next(self._keys)


def part_of(shards: Shards, number: int) -> Path | None:
    """Return the part that a shard is, where the feed was not cut for it."""
    told = shards.place.read(child(shards.folder, PARTS))
    return None if told is None else Path(orjson.loads(told)[number - 1])
