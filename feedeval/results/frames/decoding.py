"""Batch files to columns, fast: only what is asked for is decoded, and nothing passes through nested dicts.

What makes it fast: msgspec structs that name the needed keys (the others are skipped without being built), columns
instead of rows, strings that repeat held once, and the garbage collector kept from walking a growing heap of objects
that cannot be garbage.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from feedeval.errors import SchemaTooNew
from feedeval.records import SCHEMA_VERSION

T = TypeVar("T")


class DamagedFileWarning(UserWarning):
    """A batch file could not be read, so its products are missing from the frames."""


class Meta(msgspec.Struct, gc=False):
    """What identifies a product to a person."""

    product_id: str | None = None
    product_url: str | None = None
    title: str | None = None
    missing_core_fields: list[str] = []


class AuditScores(msgspec.Struct, gc=False):
    """An `Evaluation` without its long texts."""

    category: str = ""
    context_fields: list[str] = []
    yes_count: int = 0
    partial_count: int = 0
    no_count: int = 0
    unverified_count: int = 0
    coverage_pct: float = 0.0
    unanswered_required_count: int = 0
    engine: str = ""


class ScoredResult(msgspec.Struct, gc=False):
    """A `Result` of the audit without its long texts."""

    key: str
    index: int
    value: AuditScores
    meta: Meta
    cost_usd: float | None = 0.0


class AuditTexts(msgspec.Struct, gc=False):
    """The long texts of an `Evaluation`."""

    context: str
    judgements: msgspec.Raw


class WrittenResult(msgspec.Struct, gc=False):
    """A `Result` of the audit with nothing but its long texts."""

    index: int
    value: AuditTexts
    meta: Meta


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


class AskedResult(msgspec.Struct, gc=False):
    """A `Result` of the audit with nothing but questions and verdicts."""

    index: int
    value: AuditAsked


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


class JudgedResult(msgspec.Struct, gc=False):
    """A `Result` of the audit with its judgements."""

    key: str
    index: int
    value: AuditJudged
    meta: Meta


class AnyResult(msgspec.Struct, gc=False):
    """A `Result` of any job."""

    key: str
    index: int
    value: dict[str, Any]
    meta: dict[str, Any]
    cost_usd: float | None = 0.0


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


class ScoredBatch(msgspec.Struct, gc=False):
    """A batch file of the audit, for the results frame."""

    batch_number: int
    report: dict[str, Any]
    results: list[ScoredResult]
    failures: list[StoredFailure]
    schema_version: int = SCHEMA_VERSION


class AnyBatch(msgspec.Struct, gc=False):
    """A batch file of any job, for the results frame."""

    batch_number: int
    report: dict[str, Any]
    results: list[AnyResult]
    failures: list[StoredFailure]
    schema_version: int = SCHEMA_VERSION


class WrittenBatch(msgspec.Struct, gc=False):
    """A batch file of the audit, for its long texts."""

    results: list[WrittenResult]
    schema_version: int = SCHEMA_VERSION


class AskedBatch(msgspec.Struct, gc=False):
    """A batch file of the audit, for counting questions."""

    results: list[AskedResult]
    schema_version: int = SCHEMA_VERSION


class JudgedBatch(msgspec.Struct, gc=False):
    """A batch file of the audit, for the judgements frame."""

    results: list[JudgedResult]
    schema_version: int = SCHEMA_VERSION


class _Version(msgspec.Struct):
    schema_version: int = SCHEMA_VERSION


def decode_batches(paths: Iterable[Path], shape: type[T]) -> Iterator[T]:
    """Decode each file as `shape`; a damaged one is left out with a `DamagedFileWarning`, one that has gone without.

    Raises:
        SchemaTooNew: A file was written by a later version of feedeval.
    """
    for path in paths:
        if (batch := decode_batch(path, shape)) is not None:
            yield batch


_DECODERS: dict[type[Any], msgspec.json.Decoder[Any]] = {}


def _decoder(shape: type[Any]) -> msgspec.json.Decoder[Any]:
    """Make the decoder of a shape once: a session has thousands of files."""
    if shape not in _DECODERS:
        _DECODERS[shape] = msgspec.json.Decoder(shape)
    return _DECODERS[shape]


def decode_batch(path: Path, shape: type[T]) -> T | None:
    """Decode one file as `shape`, or return None as `decode_batches` leaves one out."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        # The writer set it aside or a person cleaned up between listing and reading.
        return None
    try:
        batch: T = _decoder(shape).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        _refuse_newer(path, data)
        warnings.warn(
            f"{path.name} is damaged ({exc}); its products are missing here. `feedeval verify --repair` sets it aside, "
            "and going on with the session evaluates them again.",
            DamagedFileWarning,
            stacklevel=2,
        )
        return None
    if getattr(batch, "schema_version", SCHEMA_VERSION) > SCHEMA_VERSION:
        _refuse_newer(path, data)
    return batch


def _refuse_newer(path: Path, data: bytes) -> None:
    try:
        version = msgspec.json.decode(data, type=_Version).schema_version
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    if version > SCHEMA_VERSION:
        raise SchemaTooNew(
            f"{path} was written by a later version of feedeval (schema_version {version}, this one reads up to "
            f"{SCHEMA_VERSION}): upgrade feedeval to read it"
        )


def to_json(value: object) -> str:
    """Return compact JSON text that keeps every script readable."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
