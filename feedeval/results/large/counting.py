"""Verdicts of a session of shards, counted and scored shard by shard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from feedeval.records import COUNTED, Verdict
from feedeval.results.frames.judgement_arrays import Codebook, covered_products
from feedeval.results.large import copies
from feedeval.results.large.parts import ShardParts, codes_of, judged_columns, numbered

VerdictCounts = Mapping[tuple[str, str, bool, str], int]


def count_verdicts(parts: ShardParts) -> tuple[VerdictCounts, Counter[str]]:
    """Return how often each question (text, topic, required) got each verdict, and what the engine noted how often."""
    verdicts: Counter[tuple[str, str, bool, str]] = Counter()
    notes: Counter[str] = Counter()
    for counted, noted in map(lambda number: _counted(parts, number), parts.numbers):
        verdicts.update(counted)
        notes.update(noted)
    return verdicts, notes


def _counted(parts: ShardParts, number: int) -> tuple[VerdictCounts, Counter[str]]:
    table = parts.done(number, [copies.NOTES, *copies.JUDGED[:4]])
    _, words = judged_columns(table)
    columns = [words[name] for name in copies.JUDGED[:4]]
    together = np.zeros(len(columns[0][0]), dtype=np.int64)
    for codes, known in columns:
        together = together * max(len(known), 1) + codes
    _, first, counts = np.unique(together, return_index=True, return_counts=True)
    # In the order in which they are met, as whoever counts one by one meets them.
    of_found = {
        tuple(known[int(codes[at])] for codes, known in columns): int(counts[n])
        for n, at in sorted(enumerate(first.tolist()), key=lambda pair: pair[1])
    }
    noted: Counter[str] = Counter()
    codes, known = codes_of(table.column(copies.NOTES))
    for code, count in zip(*np.unique(codes, return_counts=True), strict=True):
        for note in msgspec.json.decode(known[int(code)] or "[]"):
            noted[note] += int(count)
    return of_found, noted  # type: ignore[return-value]  # four of them


class ScoreParts:
    """What each question scored, shard by shard, as `score_frame` has it; words are numbered alike in every pass.

    Args:
        parts: The session.
    """

    def __init__(self, parts: ShardParts) -> None:
        self._parts = parts
        self._categories: Codebook[str] = Codebook()
        self._questions: Codebook[str] = Codebook()

    def __iter__(self) -> Iterator[pd.DataFrame]:
        for number in self._parts.numbers:
            yield self._frame(number)

    def _frame(self, number: int) -> pd.DataFrame:
        table = self._parts.done(number, ["category", copies.TEXT_LENGTH, *copies.JUDGED[:4]])
        counts, words = judged_columns(table)
        product = np.repeat(np.arange(len(table)), counts)
        codes, verdicts = words["verdict"]
        score = _by_verdict(verdicts, {verdict.value: verdict.score for verdict in COUNTED})[codes]
        covered = covered_products(product, ~np.isnan(score), _is(verdicts, Verdict.NOT_JUDGED)[codes], len(table))
        category = numbered(codes_of(table.column("category")), self._categories)
        return pd.DataFrame(
            {
                "product": table.column(copies.PLACE).to_numpy()[product],
                "category": category[product],
                "text_length": table.column(copies.TEXT_LENGTH).to_numpy()[product],
                "question": numbered(words["question"], self._questions),
                "required": words["required"][0].astype(bool),
                "score": np.where(covered[product], score, np.nan),
            }
        )


def _by_verdict(verdicts: Sequence[Any], known: Mapping[str, float]) -> Any:
    return np.array([known.get(verdict, np.nan) for verdict in verdicts] or [np.nan])


def _is(verdicts: Sequence[Any], wanted: Verdict) -> Any:
    return np.array([verdict == wanted for verdict in verdicts] or [False])
