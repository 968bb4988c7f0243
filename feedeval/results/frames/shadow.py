"""Batch files of a shadow run to frames: a row a row of the table of labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from feedeval.errors import UNREADABLE
from feedeval.results.frames.decoding import StoredFailure, reported_batches
from feedeval.results.frames.results import Loaded, RowStatus, failure_frame, feed_order, report_frame, text
from feedeval.storage.batch_files import collector_paused
from feedeval.storage.batch_shapes import ResultOf
from feedeval.storage.paths import StoredFile

SAID = ("line", "filename", "image_url", "true_class", "critical_hazard")
"""Columns before the context: which image, and what people said of it."""
PREDICTED = (
    *("predicted_class", "confidence", "critical", "critical_reason", "severity", "evidence"),
    *("engine", "cost_usd", "status", "error"),
)
"""Columns after the context: what was predicted, and how it went."""

_DTYPES: dict[str, Any] = {"line": "Int64", "critical_hazard": "boolean", "critical": "boolean"}
_NUMBERS = ("confidence", "cost_usd")


class _Label(msgspec.Struct, gc=False):
    line: int | None = None
    filename: str | None = None
    image_url: str | None = None
    true_class: str | None = None
    critical_hazard: bool | None = None
    context: dict[str, str] = {}


class _Prediction(msgspec.Struct, gc=False):
    predicted_class: str
    confidence: float
    engine: str
    critical: bool | None = None
    critical_reason: str = ""
    severity: str = ""
    evidence: str = ""


_Result = ResultOf[_Prediction, _Label]


def load_shadow(files: Sequence[StoredFile], *, engine: str) -> Loaded:
    """Return the frames of a shadow run.

    Args:
        files: The batch files.
        engine: The session's engine, for rows that failed.
    """
    rows: list[dict[str, Any]] = []
    failures: list[tuple[int, StoredFailure]] = []
    reports: list[dict[str, Any]] = []
    with collector_paused():
        for number, batch in reported_batches(files, _Result, StoredFailure):
            rows += [_done(result, number) for result in batch.results]
            failures += [(batch.batch_number, failure) for failure in batch.failures]
            reports.append(batch.report)
        rows += [_failed(failure, engine) for _, failure in failures]
    order = feed_order(_whole(rows, "index"), _whole(rows, "file"))
    rows = [rows[position] for position in order]
    keys = pd.Series(text(row["key"] for row in rows), name="key")
    return Loaded(_frame(rows), keys, _failures(failures), report_frame(reports))


def _done(result: _Result, file: int) -> dict[str, Any]:
    return {
        **{name: getattr(result.meta, name) for name in SAID},
        **{name: getattr(result.value, name) for name in PREDICTED[:7]},
        "context": result.meta.context,
        "cost_usd": result.cost_usd,
        "status": RowStatus.DONE.value,
        "key": result.key,
        "index": result.index,
        "file": file,
    }


def _failed(failure: StoredFailure, engine: str) -> dict[str, Any]:
    return {
        **{name: failure.meta.get(name) for name in SAID},
        "context": failure.meta.get("context", {}),
        "engine": engine,
        "cost_usd": failure.cost_usd,
        "status": RowStatus.FAILED.value,
        "error": f"{failure.error_type}: {failure.message}",
        "key": failure.key,
        "index": failure.index,
        "file": -1,
    }


def _whole(rows: Sequence[dict[str, Any]], name: str) -> Any:
    return np.array([row[name] for row in rows], dtype=np.int64)


def _frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    context = dict.fromkeys(name for row in rows for name in row["context"])
    columns = {name: _column(name, [row.get(name) for row in rows]) for name in SAID}
    columns |= {name: text(row["context"].get(name) for row in rows) for name in context}
    columns |= {name: _column(name, [row.get(name) for row in rows]) for name in PREDICTED}
    return pd.DataFrame(columns)


def _column(name: str, values: list[Any]) -> Any:
    if name in _NUMBERS:
        return np.array(values, dtype=np.float64)
    return pd.array(values, dtype=_DTYPES[name]) if name in _DTYPES else text(values)


def _failures(failures: Sequence[tuple[int, StoredFailure]]) -> pd.DataFrame:
    """Return the failures, with their lines in place of what identifies a product."""
    frame = failure_frame(failures).drop(columns=["product_id", "product_url", "title"])
    ordered = sorted((failure for _, failure in failures), key=lambda failure: failure.index)
    for position, name in enumerate(SAID[:4]):
        frame.insert(position, name, _column(name, [failure.meta.get(name) for failure in ordered]))
    frame.insert(len(SAID), "unreadable", frame["error_type"].isin(UNREADABLE).astype(bool))
    return frame
