from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from feedeval.feed.parsing.product import Product
from feedeval.jobs.audit import AuditJob, AuditSettings
from feedeval.jobs.engine import EmbeddedEngine
from feedeval.jobs.keeping import KeptRecords
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.records import Record


def record(number: int) -> Record:
    return Record(number, f"p{number}", f"{number:032x}", None)


def product(number: int) -> Product:
    return {"id": str(number), "title": f"Tent {number}", "product_type": "Tents"}


class Counted:
    """Products that count how often they are gone through."""

    def __init__(self, count: int) -> None:
        self.count, self.passes = count, 0

    def __call__(self) -> Iterator[Product]:
        self.passes += 1
        return map(product, range(self.count))


def audit(products: Any) -> AuditJob:
    return AuditJob(products, EmbeddedEngine(OfflineEngine()), settings=AuditSettings(), source={})


def keys(records: Any) -> list[tuple[str, str]]:
    return [(each.key, each.content_hash) for each in records]


def test_a_small_feed_is_gone_through_once_for_plan_and_run() -> None:
    products = Counted(3)
    job = audit(products)
    planned = keys(job.records())
    assert keys(job.planned_records()) == planned
    assert products.passes == 1


def test_what_was_kept_is_given_once_and_a_new_plan_reads_anew() -> None:
    products = Counted(2)
    job = audit(products)
    planned = keys(job.records())
    assert keys(job.planned_records()) == planned
    assert keys(job.planned_records()) == planned
    assert products.passes == 2
    products.count = 3
    assert len(keys(job.records())) == len(keys(job.planned_records())) == 3


def test_of_a_pass_that_was_broken_off_nothing_is_kept() -> None:
    products = Counted(3)
    job = audit(products)
    next(iter(job.records()))
    assert len(keys(job.planned_records())) == 3


def test_a_job_that_keeps_nothing_makes_its_records_anew() -> None:
    products = Counted(2)
    job = audit(products)
    job.keeps = False
    assert keys(job.records()) == keys(job.planned_records())
    assert products.passes == 2


def test_more_records_or_longer_texts_than_allowed_are_not_held() -> None:
    for kept in (KeptRecords(most_records=3), KeptRecords(most_chars=30)):
        kept.begin()
        for number in range(10):
            kept.add(record(number), product(number))
        kept.end()
        assert kept.taken() is None
        assert not kept._records


def test_records_are_let_go_of_as_they_are_taken() -> None:
    kept = KeptRecords()
    kept.begin()
    for number in range(3):
        kept.add(record(number), product(number))
    kept.end()
    taken = kept.taken()
    assert taken is not None and [each.index for each in taken] == [0, 1, 2]
    assert kept.taken() is None
