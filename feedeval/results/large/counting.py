"""Verdicts of a session of shards, counted and scored shard by shard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from feedeval.records import COUNTED, Taxonomy, Verdict
from feedeval.results.frames.judgement_arrays import Codebook, covered_products
from feedeval.results.frames.judgements import COUNTED_BY
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.large import copies
from feedeval.results.large.parts import ShardParts, codes_of, judged_columns, numbered

VerdictCounts = Mapping[tuple[str, str, bool, str], int]


def count_verdicts(parts: ShardParts) -> tuple[VerdictCounts, Counter[str]]:
    """Return how often each question (text, topic, required) got each verdict, and what the engine noted how often."""
    verdicts: Counter[Any] = Counter()
    notes: Counter[str] = Counter()

    def count(number: int) -> None:
        table = parts.done(number, [copies.NOTES, *copies.JUDGED[:4]])
        verdicts.update(_counted(table, copies.JUDGED[:4]))
        notes.update(_noted(table))

    for number in parts.numbers:
        count(number)
    return verdicts, notes


def count_asked(parts: ShardParts) -> pd.DataFrame:
    """Return how many judgements agree in what they say without words, as `count_judgements` does."""
    counts: Counter[Any] = Counter()
    for number in parts.numbers:
        counts.update(_counted(parts.done(number, copies.JUDGED), COUNTED_BY))
    frame = pd.DataFrame(list(counts), columns=list(COUNTED_BY)).assign(count=list(counts.values()))
    words = {"taxonomy": [str(word) for word in Taxonomy], "verdict": [str(word) for word in Verdict]}
    kinds: dict[str, Any] = {name: pd.Categorical(frame[name], categories=known) for name, known in words.items()}
    kinds |= {name: frame[name].astype(TEXT) for name in ("question", "attribute")}
    return frame.assign(**kinds).sort_values(list(COUNTED_BY), ignore_index=True)


def _counted(table: Any, names: Sequence[str]) -> Counter[Any]:
    """Return how often judgements say the same in some columns, in the order in which they are met."""
    _, words = judged_columns(table)
    columns = [words[name] for name in names]
    together = np.zeros(len(columns[0][0]), dtype=np.int64)
    for codes, known in columns:
        together = together * max(len(known), 1) + codes
    met, found = pd.factorize(together)
    counts = np.bincount(met, minlength=len(found))
    first = np.full(len(found), -1)
    first[met[::-1]] = np.arange(len(met))[::-1]
    return Counter(
        {
            tuple(known[int(codes[at])] for codes, known in columns): int(count)
            for at, count in zip(first.tolist(), counts.tolist(), strict=True)
        }
    )


def _noted(table: Any) -> Counter[str]:
    noted: Counter[str] = Counter()
    codes, known = codes_of(table.column(copies.NOTES))
    for code, count in zip(*np.unique(codes, return_counts=True), strict=True):
        for note in msgspec.json.decode(known[int(code)] or "[]"):
            noted[note] += int(count)
    return noted


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
