"""The one shape of a batch file, for readers who name the columns that they want.

`BatchFile` is the record that is written. Who reads thousands of batch files wants a few columns of each: a struct
names them, and msgspec passes over the others at the speed of memory without building them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

R = TypeVar("R")
F = TypeVar("F")
V = TypeVar("V")
M = TypeVar("M")


class Unread(msgspec.Struct, gc=False):
    """Stands for what a reader does not look at: whatever is there fits."""


class _Columns(msgspec.Struct, Generic[R, F], gc=False):
    schema_version: int
    session: str
    batch_number: int
    start_index: int
    end_index: int
    """Inclusive."""
    results: list[R]
    failures: list[F]


class BatchOf(_Columns[R, F], Generic[R, F], gc=False):
    """A batch file, of whose results and failures a reader has named the columns."""

    report: msgspec.Raw
    """JSON of a `BatchReport`, not looked at."""


class ReportedBatch(_Columns[R, F], Generic[R, F], gc=False):
    """A batch file whose report is wanted as well: it is judged with the rest, so that a damaged one is found here."""

    report: dict[str, Any]
    """The fields of a `BatchReport`."""


class ResultOf(msgspec.Struct, Generic[V, M], gc=False):
    """A `Result`, of whose value and meta a reader has named the columns."""

    key: str
    index: int
    value: V
    meta: M
    cost_usd: float | None = 0.0


class RecordRow(msgspec.Struct, gc=False):
    """What a `Result` and a `Failure` both say: which record it was, and what it took."""

    index: int
    key: str
    content_hash: str
    calls: int = 0
    retries: int = 0
    tokens: int = 0
    cost_usd: float | None = 0.0
    elapsed_ms: float = 0.0
    reused_from: str | None = None


_DECODERS: dict[tuple[Any, Any, Any], Callable[[bytes], Any]] = {}


def batch_decoder(results: type[R], failures: type[F]) -> Callable[[bytes], BatchOf[R, F]]:
    """Return what makes of a batch file's bytes the columns that are named; made once, as there are thousands of files.

    Args:
        results: The columns of a result, such as `ResultOf[Value, Meta]`, or `Unread`.
        failures: The columns of a failure, or `Unread`.
    """
    return _decoder(BatchOf, results, failures)


def reported_batch_decoder(results: type[R], failures: type[F]) -> Callable[[bytes], ReportedBatch[R, F]]:
    """Return what does the same and decodes the report too."""
    return _decoder(ReportedBatch, results, failures)


def _decoder(shape: Any, results: type[R], failures: type[F]) -> Callable[[bytes], Any]:
    decode = _DECODERS.get((shape, results, failures))
    if decode is None:
        decode = _DECODERS[shape, results, failures] = msgspec.json.Decoder(shape[results, failures]).decode
    return decode
