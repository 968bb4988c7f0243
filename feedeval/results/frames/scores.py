"""Batch files to what each question scored: numbers alone, for figures over a whole feed."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import msgspec
import numpy as np
import pandas as pd

from feedeval.records import COUNTED, MOST_NOT_JUDGED_OF_PRODUCT, Verdict, is_enough
from feedeval.results.frames.decoding import Asked, readable_batches
from feedeval.results.frames.judgement_arrays import Codebook
from feedeval.storage.batch_files import collector_paused
from feedeval.storage.batch_shapes import ResultOf, Unread
from feedeval.storage.paths import StoredFile

_SCORES = {verdict.value: verdict.score for verdict in COUNTED}
"""Verdicts that coverage counts."""


class _Scored(msgspec.Struct, gc=False):
    """What was asked about one product, and the text that it was judged by as it stands in the file."""

    category: str
    judgements: list[Asked]
    context: msgspec.Raw = msgspec.Raw()


def score_frame(files: Sequence[StoredFile]) -> pd.DataFrame:
    """Return a row a judgement, in the order of the files, without any words.

    Columns: product, category, question (int64, numbers that tell them apart), required (bool), score (float64: 1, 0.5
    or 0; NaN where the verdict does not count or the product has no coverage), text_length (int64, bytes of the text
    that the product was judged by).
    """
    columns = {name: array("q") for name in ("product", "category", "text_length", "count")}
    asked: array[int] = array("q")
    codes: Codebook[tuple[str, bool, str]] = Codebook()
    uncovered: set[int] = set()
    categories: Codebook[str] = Codebook()
    with collector_paused():
        for batch in readable_batches(files, ResultOf[_Scored, Unread], Unread):
            for result in batch.results:
                value = result.value
                columns["product"].append(result.index)
                columns["category"].append(categories[value.category])
                # Not decoded: the length of a text is wanted, and there may be 100,000 of them.
                columns["text_length"].append(len(memoryview(value.context)))
                columns["count"].append(len(value.judgements))
                asked.extend([codes[j.question, j.required, j.verdict] for j in value.judgements])
                if not _has_coverage(value.judgements):
                    uncovered.add(result.index)
    counts = np.array(columns.pop("count"), dtype=np.int64)
    questions: Codebook[str] = Codebook()
    of_code = pd.DataFrame(
        [(questions[text], required, _SCORES.get(verdict, np.nan)) for text, required, verdict in codes],
        columns=["question", "required", "score"],
    ).astype({"question": "int64", "required": "bool", "score": "float64"})
    at = np.array(asked, dtype=np.int64)
    repeated = {name: np.repeat(np.array(values, dtype=np.int64), counts) for name, values in columns.items()}
    scores = pd.DataFrame({**repeated, **{name: of_code[name].to_numpy()[at] for name in of_code.columns}})
    if uncovered:
        scores.loc[scores["product"].isin(uncovered), "score"] = np.nan
    return scores


def _has_coverage(asked: Sequence[Asked]) -> bool:
    left = sum(j.verdict == Verdict.NOT_JUDGED for j in asked)
    return not left or is_enough(sum(j.verdict in _SCORES for j in asked), left, most=MOST_NOT_JUDGED_OF_PRODUCT)
