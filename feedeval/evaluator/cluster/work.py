"""What is shared out to workers: an audit of a feed; `shadow_work` is the other kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from feedeval.evaluator.cluster.partitions import taken_as_it_is
from feedeval.evaluator.cluster.shard_jobs import samples_text
from feedeval.evaluator.cluster.sharding import Cut, Cutter, FeedCutter
from feedeval.feed.source import FeedSource
from feedeval.jobs.audit import AuditJob, AuditSettings
from feedeval.jobs.engine import Engine
from feedeval.jobs.frozen import FrozenQuestions
from feedeval.jobs.questions import DOCUMENT
from feedeval.run.job import Job
from feedeval.storage.local_filesystem import LOCAL
from feedeval.storage.paths import SessionPaths
from feedeval.storage.readers import read_document
from feedeval.storage.shards import Shards, child
from feedeval.storage.store import SessionStore

if TYPE_CHECKING:
    from feedeval.model.client import ModelClient


class Work(Protocol):
    """What is done to all records, before they are cut into shards."""

    @property
    def client(self) -> ModelClient | None:
        """Who makes the calls; None: nobody."""

    @property
    def is_given(self) -> bool:
        """Whether the records are there; else the session's own shards hold all of them."""

    def whole(self) -> Job:
        """Return the job of all records, for what it says of itself."""

    def cutter(self) -> Cutter:
        """Return what cuts the records."""

    def as_it_is(self, cutter: Cutter, folder: Path, told: Callable[[int], None]) -> Cut | None:
        """Take what is in parts already for the shards; None where it has to be cut."""

    def lay_beside(self, cutter: Cutter, folder: Path, store: SessionStore, earlier: SessionPaths | None) -> None:
        """Write what the shards need beside their records.

        Args:
            cutter: What has cut the records.
            folder: Where the shards are, before they are taken in.
            store: The new session.
            earlier: A session whose results may still hold.
        """

    def orders(self) -> Mapping[str, Any]:
        """Return what workers are told of it: fields of `Orders`."""


@dataclass(frozen=True)
class AuditWork:
    """An audit."""

    source: FeedSource | None
    engine: Engine
    client: ModelClient | None
    audit: AuditSettings
    frozen: FrozenQuestions | None

    @property
    def is_given(self) -> bool:
        """Whether there is a feed."""
        return self.source is not None

    def whole(self) -> AuditJob:
        """Return the audit of the whole feed."""
        source = self.source
        described = {} if source is None else source.description
        products = (lambda: iter(())) if source is None else source.products
        job = AuditJob(products, self.engine, settings=self.audit, source=described, frozen=self.frozen)
        job.expected = None if source is None else source.expected
        return job

    def cutter(self) -> FeedCutter:
        """Return what cuts the feed."""
        assert self.source is not None  # who has none goes on with what was cut
        return FeedCutter(self.source.products, self.engine, settings=self.audit, frozen=self.frozen)

    def as_it_is(self, cutter: Cutter, folder: Path, told: Callable[[int], None]) -> Cut | None:
        """Take the files of a folder of Parquet files for the shards."""
        assert self.source is not None and isinstance(cutter, FeedCutter)
        return taken_as_it_is(self.source, cutter, folder, told)

    def lay_beside(self, cutter: Cutter, folder: Path, store: SessionStore, earlier: SessionPaths | None) -> None:
        """Write what the questions of the categories are made from, and those that there are."""
        assert isinstance(cutter, FeedCutter)
        sets: dict[str, Any] = {}
        if earlier is not None:
            document = read_document(earlier, DOCUMENT) or {"sets": []}
            sets = {each["category"]: each for each in document["sets"]}
        if self.frozen is not None:
            sets |= {name: made.model_dump(mode="json") for name, made in self.frozen.sets.items()}
        samples = {name: few for name, few in cutter.job.samples.items() if name not in sets}
        name = Shards(store.paths, 0).categories.name
        LOCAL.write(child(folder, name), samples_text(samples, cutter.job.attributes))
        if self.audit.question_scope == "category":
            # Without a category that has none, no run has to make any.
            store.save(DOCUMENT, {"complete": not samples, "sets": list(sets.values())})

    def orders(self) -> Mapping[str, Any]:
        """Return the settings of the audit."""
        return {"audit": self.audit}
