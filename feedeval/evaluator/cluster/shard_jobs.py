"""What is done in a shard: the audit of its products, and before all shards the questions of the categories."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from feedeval.feed.parsing.product import Product
from feedeval.jobs.audit import AuditJob, AuditSettings
from feedeval.jobs.effort import EffortLedger
from feedeval.jobs.engine import Engine
from feedeval.records import Backend, Context, Ledger, Record
from feedeval.run.job import Documents, Job
from feedeval.storage.encoding import encode

KEY = "_key"
"""Note of a product in a shard: its key in the whole feed."""
QUESTIONS_KIND = "categories"
"""Kind of the session in which questions are made."""
_ROWS = 1000


def read_shard(path: Path) -> Iterator[Product]:
    """Yield the products of a shard, with their keys as notes."""
    import pyarrow.parquet as parquet

    with parquet.ParquetFile(path) as file:
        for rows in file.iter_batches(batch_size=_ROWS, columns=["product"]):
            for text in rows.column(0).to_pylist():
                yield product_of(text)


def product_text(product: Mapping[str, Any]) -> str:
    """Return a product as JSON, of which nothing is lost; half a surrogate pair is written as JSON escapes it."""
    try:
        return orjson.dumps(product).decode()
    except TypeError:
        return json.dumps(product)


def product_of(text: str) -> Product:
    """Return a product as it was."""
    try:
        found: Product = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = json.loads(text)
    return found


class PartJob(AuditJob):
    """The audit of a part of a feed: not every field need be in it."""

    def _refuse_unknown_fields(self) -> None:
        """Return: the feed as a whole was looked through before."""


class ShardJob(PartJob):
    """The audit of a shard: keys are those of the whole feed."""

    def _keys(self, products: Iterable[Product]) -> Iterator[str]:
        return (str(product[KEY]) for product in products)


class CategoriesJob(Job):
    """Writes the questions of each category, from the sample of the whole feed.

    Args:
        samples: What `samples_text` wrote.
        engine: Who writes them.
        settings: Of the audit.
    """

    kind = QUESTIONS_KIND

    def __init__(self, samples: bytes, engine: Engine, settings: AuditSettings) -> None:
        told = orjson.loads(samples)
        self._samples = {name: [Context.model_validate(each) for each in few] for name, few in told["samples"].items()}
        self._attributes: list[str] = told["attributes"]
        self._engine = engine
        self._settings = settings

    @property
    def engine(self) -> str:
        """The engine's name."""
        return self._engine.name

    @property
    def backend(self) -> Backend:
        """Who makes the calls."""
        return self._engine.backend

    def fingerprint(self) -> Mapping[str, Any]:
        """Return what the questions depend on beside the samples."""
        settings = self._settings
        return {**self._engine.fingerprint(), "locale": settings.locale, "num_questions": settings.num_questions}

    def go_on_as(self, fingerprint: Mapping[str, Any]) -> bool:
        """Go on by the rules of the version that a session began with, where there still are."""
        return self._engine.go_on_as(fingerprint)

    def settings(self) -> Mapping[str, Any]:
        """Return that it stands aside: it is a part of an audit."""
        return {"source": {"aside": True}}

    def records(self) -> Iterator[Record]:
        """Yield a record a category."""
        for index, (category, sample) in enumerate(self._samples.items()):
            digest = hashlib.blake2b(orjson.dumps([each.text for each in sample]), digest_size=16).hexdigest()
            yield Record(index, f"category {category}", digest, (category, sample), {"category": category})

    async def open(self, documents: Documents) -> None:
        """Return: nothing is kept beside the results."""

    async def process(self, record: Record, ledger: Ledger) -> dict[str, Any]:
        """Write the questions of one category."""
        category, sample = record.payload
        tally = EffortLedger(ledger)
        made = await self._engine.write_questions(
            category,
            sample,
            num_questions=self._settings.num_questions,
            ledger=tally,
            attributes=self._attributes,
        )
        return made.model_copy(update={"effort": tally.effort}).model_dump(mode="json")


def samples_text(samples: Mapping[str, Iterable[Context]], attributes: Iterable[str]) -> bytes:
    """Return what the questions are made from, as a file holds it."""
    plain = {name: [context.model_dump(mode="json") for context in few] for name, few in samples.items()}
    return encode({"samples": plain, "attributes": sorted(attributes)})
