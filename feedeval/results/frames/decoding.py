"""Batch files to columns, fast: only what is asked for is decoded, and nothing passes through nested dicts.

What makes it fast: msgspec structs that name the needed keys (the others are skipped without being built), columns
instead of rows, strings that repeat held once, and the garbage collector kept from walking a growing heap of objects
that cannot be garbage.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import msgspec

from feedeval.errors import SessionDamaged
from feedeval.storage.batch_files import read_batch
from feedeval.storage.batch_shapes import BatchOf, ReportedBatch, batch_decoder, reported_batch_decoder
from feedeval.storage.paths import StoredFile
from feedeval.storage.shards import ShardFile

T = TypeVar("T")
R = TypeVar("R")
F = TypeVar("F")


class DamagedFileWarning(UserWarning):
    """A batch file could not be read, so its products are missing from the frames."""


class Meta(msgspec.Struct, gc=False):
    """What identifies a product to a person."""

    product_id: str | None = None
    product_url: str | None = None
    title: str | None = None
    missing_core_fields: list[str] = []
    image_link: str = ""
    item_group_id: str = ""


class SampledMeta(Meta, gc=False, rename={"stratum": "_stratum"}):
    """What identifies a product, and the group of the feed that it was drawn from where a sample was audited."""

    stratum: str = ""


class AuditCoverage(msgspec.Struct, gc=False):
    """How much of what buyers would ask is answered about one product."""

    coverage_pct: float | None = None
    unanswered_required_count: int = 0
    yes_count: int = 0
    partial_count: int = 0
    no_count: int = 0
    not_applicable_count: int = 0
    not_judged_count: int = 0


class AuditScores(msgspec.Struct, gc=False):
    """An `Evaluation` without its long texts."""

    category: str = ""
    context_fields: list[str] = []
    yes_count: int = 0
    partial_count: int = 0
    no_count: int = 0
    not_applicable_count: int = 0
    not_judged_count: int = 0
    unverified_count: int = 0
    coverage_pct: float | None = None
    unanswered_required_count: int = 0
    engine: str = ""


class AuditTexts(msgspec.Struct, gc=False):
    """The long texts of an `Evaluation`."""

    context: str
    judgements: msgspec.Raw


class Asked(msgspec.Struct, gc=False):
    """What was asked and what came of it, without words."""

    question: str
    taxonomy: str
    required: bool
    verdict: str = ""


class AuditAsked(msgspec.Struct, gc=False):
    """What was asked about one product."""

    judgements: list[Asked]
    notes: list[str] = []


class Judged(msgspec.Struct, gc=False):
    """A whole `Judgement`."""

    question: str
    taxonomy: str
    required: bool
    verdict: str
    evidence: str = ""
    attribute: str = ""
    reason: str = ""
    verified: bool = True


class AuditJudged(msgspec.Struct, gc=False):
    """The judgements of one product."""

    category: str
    judgements: list[Judged]


class StoredFailure(msgspec.Struct, gc=False):
    """A `Failure`."""

    key: str
    index: int
    error_type: str
    message: str
    meta: dict[str, Any] = {}
    context: dict[str, Any] = {}
    traceback: str = ""
    calls: int = 0
    retries: int = 0
    tokens: int = 0
    cost_usd: float | None = 0.0
    elapsed_ms: float = 0.0
    timestamp: str = ""


def readable_batches(files: Iterable[StoredFile], results: type[R], failures: type[F]) -> Iterator[BatchOf[R, F]]:
    """Yield the columns that are named of each batch file.

    A damaged file is left out with a `DamagedFileWarning`, one that has gone without.

    Args:
        files: The batch files.
        results: The columns of a result, as `batch_decoder` takes them.
        failures: The columns of a failure.

    Raises:
        SchemaTooNew: A file was written by a later version of feedeval.
    """
    decode = batch_decoder(results, failures)
    for file in files:
        if (batch := read_or_warn(file, decode)) is not None:
            yield batch


def reported_batches(
    files: Iterable[StoredFile], results: type[R], failures: type[F]
) -> Iterator[tuple[int, ReportedBatch[R, F]]]:
    """Yield the place of each file among the files, and its columns and report, as `readable_batches` does."""
    decode = reported_batch_decoder(results, failures)
    for place, file in enumerate(files):
        if (batch := read_or_warn(file, decode)) is not None:
            yield place, batch


def read_or_warn(file: StoredFile, decode: Callable[[bytes], T]) -> T | None:
    """Return what `decode` makes of one batch file, or None as `readable_batches` leaves one out."""
    try:
        batch = read_batch(file, decode)
        if isinstance(file, ShardFile) and batch is not None:
            _place(batch, file)
        return batch
    except SessionDamaged as exc:
        warnings.warn(
            f"{exc} Its products are missing here; going on with the session evaluates them again.",
            DamagedFileWarning,
            stacklevel=2,
        )
        return None


def _place(batch: Any, file: ShardFile) -> None:
    """Give each record of a shard its position in the whole feed, so that no two shards share one."""
    for row in (*batch.results, *batch.failures):
        if not hasattr(row, "index"):
            continue
        row.index = file.place(row.index)


def to_json(value: object) -> str:
    """Return compact JSON text that keeps every script readable."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
