"""Batch files to the frame of judgements, which has twelve times the rows of the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from feedeval.records import Taxonomy, Verdict
from feedeval.results.frames.decoding import AuditJudged, Meta, readable_batches
from feedeval.results.frames.judgement_arrays import Codebook, judged_rows
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.frames.results import feed_order
from feedeval.storage.batch_files import collector_paused
from feedeval.storage.batch_shapes import ResultOf, Unread
from feedeval.storage.paths import StoredFile

JUDGEMENT_COLUMNS = (
    *("product_id", "key", "title", "category", "number", "question", "taxonomy", "required", "verdict"),
    *("evidence", "attribute", "reason", "verified"),
)
"""Columns of the judgements of an audit, in order."""


JudgedResult = ResultOf[AuditJudged, Meta]


def judgement_frame(files: Sequence[StoredFile]) -> pd.DataFrame:
    """Return the judgements of an audit, a row each, in the order of the feed."""
    with collector_paused():
        rows = JudgementRows()
        for batch in readable_batches(files, JudgedResult, Unread):
            rows.add(batch.results)
        return rows.frame()


class JudgementRows:
    """Collects the judgements of products for their frame."""

    def __init__(self) -> None:
        self._columns: dict[str, list[Any]] = {name: [] for name in JUDGEMENT_COLUMNS}
        self._counts: list[int] = []
        self._index: list[int] = []
        self._codes: dict[str, Codebook[str]] = {"taxonomy": Codebook((word, n) for n, word in enumerate(Taxonomy))}
        self._codes["verdict"] = Codebook((word, n) for n, word in enumerate(Verdict))
        self._shared: dict[str, str] = {}

    def add(self, results: Sequence[JudgedResult]) -> None:
        """Take in the judgements of some products."""
        columns, once = self._columns, self._shared.setdefault
        self._index += [result.index for result in results]
        self._counts += [len(result.value.judgements) for result in results]
        columns["product_id"] += [result.meta.product_id for result in results]
        columns["key"] += [result.key for result in results]
        columns["title"] += [result.meta.title for result in results]
        columns["category"] += [once(result.value.category, result.value.category) for result in results]
        columns["number"] += [n for result in results for n in range(1, len(result.value.judgements) + 1)]
        judged = [judgement for result in results for judgement in result.value.judgements]
        for name, of_word in self._codes.items():
            columns[name] += [of_word[getattr(j, name)] for j in judged]
        columns["question"] += [once(j.question, j.question) for j in judged]
        columns["attribute"] += [once(j.attribute, j.attribute) for j in judged]
        columns["reason"] += [once(j.reason, j.reason) for j in judged]
        columns["evidence"] += [j.evidence for j in judged]
        columns["required"] += [j.required for j in judged]
        columns["verified"] += [j.verified for j in judged]

    def frame(self) -> pd.DataFrame:
        """Return the frame, in the order of the feed; what was taken in is let go."""
        order = feed_order(np.array(self._index, dtype=np.int64), np.arange(len(self._index)))
        frame = _judgement_columns(self._columns, self._counts, self._codes)
        rows, _ = judged_rows(order, np.array(self._counts, dtype=np.int64))
        return frame if isinstance(rows, slice) else frame.iloc[rows].reset_index(drop=True)


COUNTED_BY = ("question", "taxonomy", "required", "verdict", "attribute")


def count_judgements(judgements: pd.DataFrame) -> pd.DataFrame:
    """Return how many judgements agree in question, taxonomy, required, verdict and attribute: these, and count."""
    counts = judgements.groupby(list(COUNTED_BY), observed=True, dropna=False).size()
    return counts.reset_index(name="count")


def _judgement_columns(
    columns: dict[str, list[Any]], counts: Sequence[int], codes: Mapping[str, Codebook[str]]
) -> pd.DataFrame:
    built: dict[str, Any] = {}
    for name in JUDGEMENT_COLUMNS:
        values = columns.pop(name)
        if name in ("product_id", "key", "title", "category"):
            built[name] = pd.array(np.repeat(np.array(values, dtype=object), counts), dtype=TEXT)
        elif name in codes:
            words = [str(word) for word in codes[name]]
            built[name] = pd.Categorical.from_codes(np.array(values, dtype=np.int16), categories=pd.Index(words))
        elif name in ("required", "verified"):
            built[name] = np.array(values, dtype=bool)
        elif name == "number":
            built[name] = pd.array(np.array(values, dtype=np.int64), dtype="Int64")
        else:
            built[name] = pd.array(np.array(values, dtype=object), dtype=TEXT)
    return pd.DataFrame(built)
