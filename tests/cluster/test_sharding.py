"""Feeds cut into shards: nothing of a product is lost, and what is alike stays together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")

from feedeval.evaluator.cluster import sharding
from feedeval.evaluator.cluster.shard_jobs import KEY, ShardJob, product_of, product_text, read_shard
from feedeval.evaluator.cluster.sharding import Buckets, Cut, FeedCutter, shard_count
from feedeval.jobs.audit import AuditJob, AuditSettings
from feedeval.jobs.engine import EmbeddedEngine
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.run.plan import make_plan
from tests.e2e.support import make_feed


def nothing(count: int) -> None:
    """Hear how many were read."""


def engine() -> EmbeddedEngine:
    return EmbeddedEngine(OfflineEngine("en-GB"))


def cut(products: list[Any], folder: Path, **options: Any) -> Cut:
    def each() -> Iterator[Any]:
        return iter(products)

    cutter = FeedCutter(each, engine(), settings=AuditSettings(), frozen=None)
    return cutter.cut(folder, 2, nothing, **options)


def shards_of(folder: Path) -> list[list[Any]]:
    return [list(read_shard(path)) for path in sorted(folder.glob("*.parquet"))]


def test_all_values_are_kept_as_they_are(tmp_path: Path) -> None:
    odd = {
        "id": "a",
        "title": "Zelt \ud83d für zwei",
        "product_highlight": ["light", "dry"],
        "shipping": [{"country": "DE", "price": "4.90 EUR"}, {"country": "AT", "price": "6 EUR"}],
        "installment": {"months": "6", "amount": "50 EUR"},
        "_double_escaped": ["title"],
    }
    plain = {"id": "b", "title": "Tent", "product_highlight": '["light"]'}
    cut([odd, plain], tmp_path)
    found = {product.pop(KEY): product for shard in shards_of(tmp_path) for product in shard}
    assert found == {"a": odd, "b": plain}
    assert product_of(product_text({"a": ["x", "\ud800"]})) == {"a": ["x", "\ud800"]}


def test_what_is_alike_is_in_one_shard_and_places_tell_the_order_of_the_feed(tmp_path: Path) -> None:
    feed = make_feed(300)
    twins = [{**product, "id": f"T-{n}"} for n, product in enumerate(feed[:50])]
    made = cut([*feed, *twins], tmp_path, size=60)
    shards = shards_of(tmp_path)
    assert len(shards) == len(made.sizes) > 3 and sum(made.sizes) == 350
    home = {product["id"]: number for number, shard in enumerate(shards) for product in shard}
    assert all(home[product["id"]] == home[f"T-{n}"] for n, product in enumerate(feed[:50]))
    places = [np.frombuffer(path.read_bytes(), dtype="<i8") for path in sorted(tmp_path.glob("*.places"))]
    assert sorted(np.concatenate(places).tolist()) == list(range(350))
    assert all((np.diff(each) > 0).all() for each in places)


def test_the_digest_and_the_keys_are_those_of_one_piece(tmp_path: Path) -> None:
    feed = [*make_feed(40), make_feed(1)[0] | {"title": "Other"}, {"title": "No id", "description": "of its own"}]
    made = cut(feed, tmp_path, size=10)
    job = AuditJob(lambda: iter(feed), engine(), settings=AuditSettings(), source={})
    assert made.plan.digest == make_plan(job.records()).digest
    keys = {record.key: record.content_hash for record in job.records()}
    of_shards: dict[str, str] = {}
    for path in sorted(tmp_path.glob("*.parquet")):
        shard = ShardJob(lambda path=path: read_shard(path), engine(), settings=AuditSettings(), source={})
        of_shards |= {record.key: record.content_hash for record in shard.records()}
    assert of_shards == keys and "P-00000#2" in keys


def test_a_feed_that_does_not_fit_in_memory_waits_in_files_that_go(tmp_path: Path) -> None:
    feed = make_feed(500)
    with Buckets(tmp_path, held_bytes=20_000) as buckets:
        job = AuditJob(lambda: iter(feed), engine(), settings=AuditSettings(), source={})
        for record, product in zip(job.records(), feed, strict=True):
            buckets.add(record, product)
        assert any(tmp_path.iterdir())
        rows = buckets.rows(range(sharding.BUCKETS))
    assert [row.position for row in rows] == list(range(500)) and not any(tmp_path.iterdir())


def test_the_number_of_shards_suits_feed_and_workers() -> None:
    assert [shard_count(n, 2) for n in (1, 60, 1000, 1_000_000, 100_000_000)] == [1, 2, 8, 200, 1024]
    assert shard_count(1000, 2, 300) == 4
