"""Cuts a feed into shards: it is read once, as a stream, and memory does not grow with it.

Which shard a product goes to follows from its content, as the judge sees it: products of the same content are in one
shard, where they are paid for once, and a product that has not changed is in the shard of the same number when the feed
is cut again. Until all is read nobody knows how many shards there are; so products wait in buckets, in memory first and
in files where there are many, and shards are made of whole buckets.
"""

from __future__ import annotations

import pickle
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np

from feedeval.evaluator.cluster.shard_jobs import KEY, product_text
from feedeval.feed.parsing.product import Product
from feedeval.jobs.audit import AuditJob, AuditSettings
from feedeval.jobs.engine import Engine
from feedeval.jobs.frozen import FrozenQuestions
from feedeval.records import Record
from feedeval.run.plan import Plan, make_plan
from feedeval.storage.atomic import storage_error
from feedeval.storage.shards import Shards, child

BUCKETS = 1024
"""Most shards that there can be."""
MOST_PRODUCTS = 5000
"""Products of a shard, unless there would be more shards than buckets."""
FEWEST_PRODUCTS = 25
SHARDS_A_WORKER = 4
"""Where a feed is small: so that no worker waits long for the others at the end."""
_HELD_BYTES = 128_000_000
_ROW_GROUP = 1000


Pairs = Iterator[tuple[Record, Mapping[str, Any]]]
"""Records, each with what its shard holds of it, such as the product."""


class Row(NamedTuple):
    """A product on its way to its shard."""

    position: int
    key: str
    product: str


@dataclass(frozen=True)
class Cut:
    """A feed that was cut."""

    plan: Plan
    sizes: tuple[int, ...]
    """Products of each shard."""


class Buckets:
    """Where products wait until it is known how many shards there are; a context that removes its files."""

    def __init__(self, folder: Path, held_bytes: int = _HELD_BYTES) -> None:
        self._folder = folder
        self._limit = held_bytes
        self._rows: dict[int, list[Row]] = {}
        self._bytes = 0
        self._spill: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        if self._spill is not None:
            shutil.rmtree(self._spill, ignore_errors=True)

    def add(self, record: Record, product: Mapping[str, Any]) -> None:
        """Put a product into the bucket of its content."""
        row = Row(record.index, record.key, product_text({**product, KEY: record.key}))
        self._rows.setdefault(int(record.content_hash[:8], 16) % BUCKETS, []).append(row)
        self._bytes += 2 * len(row.product) + 200
        if self._bytes > self._limit:
            self._flush()

    def rows(self, buckets: range) -> list[Row]:
        """Return the rows of some buckets in the order of the feed, and forget those that are in memory."""
        found: list[Row] = []
        for bucket in buckets:
            found += self._spilt(bucket)
            found += self._rows.pop(bucket, [])
        return sorted(found)

    def _flush(self) -> None:
        if self._spill is None:
            self._spill = Path(tempfile.mkdtemp(dir=self._folder, prefix=".spill-"))
        for bucket, rows in self._rows.items():
            with child(self._spill, f"{bucket:04d}").open("ab") as file:
                pickle.dump(rows, file)
        self._rows.clear()
        self._bytes = 0

    def _spilt(self, bucket: int) -> Iterator[Row]:
        path = None if self._spill is None else child(self._spill, f"{bucket:04d}")
        if path is None or not path.exists():
            return
        with path.open("rb") as file:
            while True:
                try:
                    yield from pickle.load(file)
                except EOFError:
                    return


class Cutter:
    """Cuts records into shards.

    Args:
        pairs: Called once; gives the records, each with what its shard holds of it.
    """

    def __init__(self, pairs: Callable[[], Pairs]) -> None:
        self._pairs = pairs

    def cut(self, folder: Path, workers: int, told: Callable[[int], None], *, size: int | None = None) -> Cut:
        """Go through the records and write the shards into a folder.

        Args:
            folder: Where to; it is there and empty.
            workers: How many are to share the shards out.
            told: Told now and then how many records there were; what it raises ends it.
            size: Records of a shard; None: `MOST_PRODUCTS`, or fewer where there are few.

        Raises:
            InputError: There are no records.
            StorageError: The folder cannot be written.
        """
        try:
            with Buckets(folder) as buckets:
                plan = make_plan(_passed(self._pairs(), buckets), told)
                sizes = list(_written(buckets, folder, shard_count(plan.total, workers, size)))
        except OSError as exc:
            raise storage_error(exc, folder, "write") from exc
        return Cut(plan, tuple(sizes))


def _passed(pairs: Pairs, buckets: Buckets) -> Iterator[Record]:
    for record, held in pairs:
        buckets.add(record, held)
        yield record


class FeedCutter(Cutter):
    """Cuts one feed.

    Args:
        products: Called once; gives the products.
        engine: Whose categories the products are sorted by.
        settings: Of the audit.
        frozen: Questions that are there already.
    """

    def __init__(
        self,
        products: Callable[[], Iterator[Product]],
        engine: Engine,
        *,
        settings: AuditSettings,
        frozen: FrozenQuestions | None,
    ) -> None:
        super().__init__(self._product_pairs)
        self._products = products
        self._passing: deque[Product] = deque()
        self.job = AuditJob(self._tapped, engine, settings=settings, source={}, frozen=frozen)
        self.job.keeps = False  # the shards' own sessions make them again, on the workers

    def _tapped(self) -> Iterator[Product]:
        for product in self._products():
            self._passing.append(product)
            yield product

    def _product_pairs(self) -> Pairs:
        for record in self.job.records():
            yield record, self.passed()

    def passed(self) -> Product:
        """Return the product of the record that the job gave last."""
        return self._passing.popleft()


def shard_count(products: int, workers: int, size: int | None = None) -> int:
    """Return how many shards a feed of so many products is cut into."""
    if size is not None:
        return min(BUCKETS, max(1, -(-products // size)))
    wanted = max(-(-products // MOST_PRODUCTS), min(SHARDS_A_WORKER * workers, products // FEWEST_PRODUCTS))
    return min(BUCKETS, max(1, wanted))


def _written(buckets: Buckets, folder: Path, count: int) -> Iterator[int]:
    """Write the shards and yield the number of products of each; a shard that nothing fell to is none."""
    number = 0
    for each in range(count):
        # Bounds that depend on nothing but the count: cut again, the same buckets make the same shard.
        rows = buckets.rows(range(each * BUCKETS // count, (each + 1) * BUCKETS // count))
        if rows:
            number += 1
            _write(rows, folder, number)
            yield len(rows)


def _write(rows: list[Row], folder: Path, number: int) -> None:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    name = Shards.products_name(number)
    table = arrow.table(
        {
            "position": arrow.array([row.position for row in rows], arrow.int64()),
            "key": arrow.array([row.key.encode("utf-8", "replace").decode() for row in rows], arrow.string()),
            "product": arrow.array([row.product for row in rows], arrow.string()),
        }
    )
    parquet.write_table(table, child(folder, name), row_group_size=_ROW_GROUP, compression="zstd")
    places = np.array([row.position for row in rows], dtype="<i8").tobytes()
    child(folder, Shards.places_name(number)).write_bytes(places)
