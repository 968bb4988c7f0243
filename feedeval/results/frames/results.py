"""Batch files to the frame of results and its companions: the columns that `Session` shows and exports write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.records import BatchReport, HealthStatus
from feedeval.records.kinds import JobKind, units
from feedeval.results.frames.decoding import AuditScores, Meta, StoredFailure, reported_batches, to_json
from feedeval.results.frames.lazytext import TEXT, LazyText, TextFiles, TextKind
from feedeval.storage.batch_files import collector_paused
from feedeval.storage.batch_shapes import ResultOf
from feedeval.storage.paths import StoredFile

ScoredResult = ResultOf[AuditScores, Meta]
AnyResult = ResultOf[dict[str, Any], dict[str, Any]]

TEXT_COLUMNS = frozenset(kind.value for kind in TextKind)

RESULT_COLUMNS = (
    *("product_id", "product_url", "title", "category", "name_plus_context", "questions_json", "judgements_json"),
    *("yes_count", "partial_count", "no_count", "unverified_count", "coverage_pct", "unanswered_required_count"),
    *("missing_core_fields", "context_fields", "engine", "cost_usd", "status", "error"),
    # Last, so that whoever counts columns still finds the others.
    *("not_applicable_count", "not_judged_count"),
)
"""Columns of the results of an audit, in order."""

LOOKS = ("image_link", "item_group_id")
"""What a list shows products by, beside their names."""

FAILURE_COLUMNS = (
    *("product_id", "product_url", "title", "key", "error_type", "message", "batch_number", "timestamp"),
    *("calls", "retries", "tokens", "cost_usd", "elapsed_ms", "context", "traceback"),
)
"""Columns of the failures of any session, in order."""

COUNTS = (
    *("yes_count", "partial_count", "no_count", "not_applicable_count", "not_judged_count", "unverified_count"),
    "unanswered_required_count",
)

IN_MEMORY_BYTES = 64_000_000
"""Up to this size of its batch files, a session's long texts are read into memory with its results."""


class RowStatus(StrEnum):
    """What became of a product."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Loaded:
    """The frames that one pass over the batch files gives."""

    results: pd.DataFrame
    keys: pd.Series[str]
    """The records' keys, in the rows of `results`."""
    failures: pd.DataFrame
    reports: pd.DataFrame
    looks: pd.DataFrame | None = None
    """By the rows of `results`, what a list shows products by; None in a session too large for it, or of another
    kind."""


def units_of(frame: pd.DataFrame) -> tuple[str, str]:
    """Return what the records are called that a session's failures or reports tell of, one and several."""
    return units(frame.attrs.get("feedeval", {}).get("kind", JobKind.AUDIT))


def text(values: Iterable[object]) -> Any:
    """Return a column of text; None stays missing."""
    column = np.array([None if v is None else v if isinstance(v, str) else str(v) for v in values], dtype=object)
    return pd.array(column, dtype=TEXT)


def load_audit(files: Sequence[StoredFile], *, engine: str, in_memory: bool) -> Loaded:
    """Return the frames of an audit.

    Args:
        files: The batch files.
        engine: The session's engine, for products that failed.
        in_memory: Read the long texts too; else they stay on disk until they are looked at.
    """
    rows: dict[str, list[Any]] = {name: [] for name in (*RESULT_COLUMNS, *LOOKS, "index", "file", "key")}
    failures: list[tuple[int, StoredFailure]] = []
    reports: list[dict[str, Any]] = []
    with collector_paused():
        shared: dict[Any, str] = {}
        for file_number, batch in reported_batches(files, ScoredResult, StoredFailure):
            _add_scores(rows, batch.results, file_number, shared)
            failures += [(batch.batch_number, failure) for failure in batch.failures]
            reports.append(batch.report)
        _add_failed(rows, failures, engine)
        seen = {name: rows.pop(name) for name in LOOKS}
        order = feed_order(np.array(rows["index"], dtype=np.int64), np.array(rows["file"], dtype=np.int64))
        looks = pd.DataFrame({name: text(seen.pop(name))[order] for name in LOOKS}) if in_memory else None
        results, keys = _audit_frame(rows, TextFiles(files), in_memory=in_memory)
        return Loaded(results, keys, failure_frame(failures), report_frame(reports), looks)


def _add_scores(
    rows: dict[str, list[Any]], results: Sequence[ScoredResult], file_number: int, shared: dict[Any, str]
) -> None:
    values = [result.value for result in results]
    metas = [result.meta for result in results]

    def once(string: str) -> str:
        return shared.setdefault(string, string)

    def joined(names: list[str]) -> str:
        key = tuple(names)
        return shared.get(key) or shared.setdefault(key, ", ".join(names))

    rows["index"] += [result.index for result in results]
    rows["file"] += [file_number] * len(results)
    # The key mostly is the product id: one string for both.
    rows["key"] += [m.product_id if r.key == m.product_id else r.key for r, m in zip(results, metas, strict=True)]
    rows["product_id"] += [meta.product_id for meta in metas]
    rows["product_url"] += [meta.product_url for meta in metas]
    rows["title"] += [meta.title for meta in metas]
    rows["category"] += [once(value.category) for value in values]
    for name in COUNTS:
        rows[name] += [getattr(value, name) for value in values]
    rows["coverage_pct"] += [value.coverage_pct for value in values]
    for name in LOOKS:
        rows[name] += [getattr(meta, name) for meta in metas]
    rows["missing_core_fields"] += [joined(meta.missing_core_fields) for meta in metas]
    rows["context_fields"] += [joined(value.context_fields) for value in values]
    rows["engine"] += [once(value.engine) for value in values]
    rows["cost_usd"] += [result.cost_usd for result in results]
    rows["status"] += [RowStatus.DONE.value] * len(results)
    rows["error"] += [None] * len(results)


def _add_failed(rows: dict[str, list[Any]], failures: Sequence[tuple[int, StoredFailure]], engine: str) -> None:
    for _, failure in failures:
        known = {
            **{name: failure.meta.get(name) for name in ("product_id", "product_url", "title")},
            **{name: failure.meta.get(name, "") for name in LOOKS},
            "missing_core_fields": ", ".join(failure.meta.get("missing_core_fields", ())),
            "category": failure.context.get("category"),
            "engine": engine,
            "cost_usd": failure.cost_usd,
            "status": RowStatus.FAILED.value,
            "error": f"{failure.error_type}: {failure.message}",
            "index": failure.index,
            "file": -1,
            "key": failure.key,
            **dict.fromkeys(COUNTS, 0),
        }
        for name, column in rows.items():
            column.append(known.get(name))


def _audit_frame(
    rows: dict[str, list[Any]], files: TextFiles, *, in_memory: bool
) -> tuple[pd.DataFrame, pd.Series[str]]:
    index = np.array(rows["index"], dtype=np.int64)
    file = np.array(rows["file"], dtype=np.int64)
    order = feed_order(index, file)
    # Columns are made and their lists let go one by one, so that the peak is not twice the frame.
    columns: dict[str, Any] = {}
    for name in RESULT_COLUMNS:
        values = rows.pop(name)
        if name in TEXT_COLUMNS:
            column: Any = LazyText(files, TextKind(name), np.column_stack([file, index]))
        elif name in COUNTS:
            column = pd.arrays.IntegerArray(np.array(values, dtype=np.int64), mask=file < 0)
        elif name in ("coverage_pct", "cost_usd"):
            column = np.array(values, dtype=np.float64)
        else:
            column = text(values)
        columns[name] = column[order]
    if in_memory:
        columns.update(_read_texts(columns))
    return pd.DataFrame(columns), pd.Series(text(rows["key"])[order], name="key")


def _read_texts(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Read the three columns side by side, so that each file is read once."""
    names = [kind.value for kind in TextKind]
    rows = np.empty((len(columns[names[0]]), len(names)), dtype=object)
    for row, cells in enumerate(zip(*(columns[name] for name in names), strict=True)):
        rows[row] = cells
    return {name: pd.array(rows[:, n], dtype=TEXT) for n, name in enumerate(names)}


def feed_order(index: NDArray[np.int64], file: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the rows in the order of the feed, one a record: a result beats a failure, a later file an earlier one."""
    order = np.lexsort((-file, index))
    ordered = index[order]
    return np.asarray(order[np.append(True, ordered[1:] != ordered[:-1])[: len(order)]], dtype=np.intp)


def load_any(files: Sequence[StoredFile], *, engine: str) -> Loaded:
    """Return the frames of a session of any kind: results have a column for each name in meta and value."""
    rows: list[dict[str, Any]] = []
    failures: list[tuple[int, StoredFailure]] = []
    reports: list[dict[str, Any]] = []
    places: list[tuple[int, int]] = []
    with collector_paused():
        for number, batch in reported_batches(files, AnyResult, StoredFailure):
            for result in batch.results:
                last = {"engine": engine, "cost_usd": result.cost_usd, "status": RowStatus.DONE.value, "error": None}
                rows.append({"key": result.key, **result.meta, **result.value, **last})
                places.append((result.index, number))
            failures += [(batch.batch_number, failure) for failure in batch.failures]
            reports.append(batch.report)
        for _, failure in failures:
            error = f"{failure.error_type}: {failure.message}"
            last = {"engine": engine, "cost_usd": failure.cost_usd, "status": RowStatus.FAILED.value, "error": error}
            rows.append({"key": failure.key, **failure.meta, **last})
            places.append((failure.index, -1))
        frame = pd.DataFrame(rows, columns=_all_names(rows))
    where = np.array(places, dtype=np.int64).reshape(-1, 2)
    frame = frame.iloc[feed_order(where[:, 0], where[:, 1])].reset_index(drop=True)
    return Loaded(frame, frame["key"], failure_frame(failures), report_frame(reports))


def _all_names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    last = ["engine", "cost_usd", "status", "error"]
    names = dict.fromkeys(["key", *(name for row in rows for name in row)])
    return [*(name for name in names if name not in last), *last]


def failure_frame(failures: Sequence[tuple[int, StoredFailure]]) -> pd.DataFrame:
    """Return the failures, a row each, in the order of the feed."""
    found = sorted(failures, key=lambda pair: pair[1].index)
    columns: dict[str, Any] = {
        "batch_number": pd.array([number for number, _ in found], dtype="Int64"),
        "context": text(to_json(f.context) for _, f in found),
    }
    for name in ("product_id", "product_url", "title"):
        columns[name] = text(f.meta.get(name) for _, f in found)
    for name in ("key", "error_type", "message", "timestamp", "traceback"):
        columns[name] = text(getattr(f, name) for _, f in found)
    for name in ("calls", "retries", "tokens"):
        columns[name] = pd.array([getattr(f, name) for _, f in found], dtype="Int64")
    for name in ("cost_usd", "elapsed_ms"):
        columns[name] = np.array([getattr(f, name) for _, f in found], dtype=np.float64)
    return pd.DataFrame({name: columns[name] for name in FAILURE_COLUMNS})


def report_frame(reports: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the batch reports, a row each, by number."""
    names = list(BatchReport.model_fields)
    frame = pd.DataFrame([{name: report.get(name) for name in names} for report in reports], columns=names)
    dtypes: dict[Any, Any] = {int: "Int64", str: TEXT, HealthStatus | None: TEXT}
    kinds = {name: dtypes.get(field.annotation, "float64") for name, field in BatchReport.model_fields.items()}
    return frame.astype(kinds).sort_values("batch_number", ignore_index=True)
