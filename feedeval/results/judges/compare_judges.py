"""Two judges side by side, on the same questions about the same products."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from feedeval.errors import InputError
from feedeval.records import COUNTED, Verdict
from feedeval.results.agreement.measure import agreement
from feedeval.results.cases import StoredResult, stored_results
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.judges.judge_comparison import JudgeComparison, JudgeEffort
from feedeval.results.session import Session
from feedeval.results.stats import clustered_interval

FLIP_COLUMNS = (
    *("product_id", "key", "title", "category", "number", "question", "taxonomy", "required"),
    *("before", "after", "evidence_before", "evidence_after", "reason_before", "reason_after"),
)
"""Columns of the flips, in order."""
_VERDICTS = [verdict.value for verdict in Verdict]


def compare_judges(before: Session, after: Session) -> JudgeComparison:
    """Compare an audit with a session in which another judge looked at the same products.

    Both are read side by side, a batch file at a time; what is held is a few numbers a judgement, and the texts of
    those that differ.

    Raises:
        InputError: They have no judged product in common.
    """
    tallies = _Tallies()
    for one, other in _same_products(before, after):
        tallies.add(one, other)
    if not tallies.keys:
        raise InputError(
            f"session {after.id} has judged none of the products of session {before.id} yet: go on with it, or look at "
            "its failures"
        )
    pairs = tallies.pairs()
    differs = (pairs["before"] != pairs["after"]).to_numpy()
    change = np.array(tallies.coverage_after) - np.array(tallies.coverage_before)
    return JudgeComparison(
        before=before,
        after=after,
        products=len(tallies.keys),
        missing=after.progress.counts.total - len(tallies.keys),
        questions=len(pairs),
        agreement=agreement(pairs, truth="before", prediction="after", clusters="product", abstain=_abstains(pairs)),
        flipped=clustered_interval(differs, clusters=pairs["product"]),
        flips=_flip_frame(tallies.flips),
        by_taxonomy=_flips_by(pairs, "taxonomy"),
        by_category=_flips_by(pairs, "category"),
        coverage_before=clustered_interval(tallies.coverage_before),
        coverage_after=clustered_interval(tallies.coverage_after),
        coverage_change=clustered_interval(change),
        effort_before=tallies.effort_before,
        effort_after=tallies.effort_after,
    )


def _same_products(before: Session, after: Session) -> Iterator[tuple[StoredResult, StoredResult]]:
    """Yield the results of each product that both have; both are in the order of the feed."""
    known = stored_results(before)
    for other in stored_results(after):
        one = next((result for result in known if result.key == other.key), None)
        if one is None:
            raise InputError(
                f"session {before.id} has no product {other.key!r}, which session {after.id} judged: the audit is not "
                "what it was when the other judge looked at it"
            )
        yield one, other


@dataclass
class _Tallies:
    """What is held of the products gone through so far."""

    keys: list[str] = field(default_factory=list)
    coverage_before: array[float] = field(default_factory=lambda: array("d"))
    coverage_after: array[float] = field(default_factory=lambda: array("d"))
    flips: list[tuple[Any, ...]] = field(default_factory=list)
    effort_before: JudgeEffort = field(default_factory=JudgeEffort)
    effort_after: JudgeEffort = field(default_factory=JudgeEffort)
    _columns: Mapping[str, array[int]] = field(
        default_factory=lambda: {name: array("i") for name in ("product", "category", "taxonomy", "before", "after")}
    )
    _codes: Mapping[str, dict[str, int]] = field(
        default_factory=lambda: {"category": {}, "taxonomy": {}, "verdict": {v: n for n, v in enumerate(_VERDICTS)}}
    )

    def add(self, one: StoredResult, other: StoredResult) -> None:
        """Count one product in."""
        product = len(self.keys)
        self.keys.append(one.key)
        self.coverage_before.append(one.value.coverage)
        self.coverage_after.append(other.value.coverage)
        if not other.is_copy:
            self.effort_before.add(one.value.effort)
            self.effort_after.add(other.value.effort)
        verdicts = self._codes["verdict"]
        category = _code(self._codes["category"], one.value.category)
        for number, (was, now) in enumerate(zip(one.value.judgements, other.value.judgements, strict=True), start=1):
            taxonomy = _code(self._codes["taxonomy"], was.taxonomy)
            row = (product, category, taxonomy, verdicts[was.verdict], verdicts[now.verdict])
            for column, value in zip(self._columns.values(), row, strict=True):
                column.append(value)
            if was.verdict != now.verdict:
                who = (one.meta.get("product_id"), one.key, one.meta.get("title"), one.value.category, number)
                asked = (was.question, was.taxonomy, was.required, was.verdict, now.verdict)
                self.flips.append((*who, *asked, was.evidence, now.evidence, was.reason, now.reason))

    def pairs(self) -> pd.DataFrame:
        """Return a row a judgement: product (int64); category, taxonomy, before, after (category)."""
        names = {
            "category": list(self._codes["category"]),
            "taxonomy": list(self._codes["taxonomy"]),
            "before": _VERDICTS,
            "after": _VERDICTS,
        }
        columns = {name: np.frombuffer(values, dtype="i") for name, values in self._columns.items()}
        coded = {name: pd.Categorical.from_codes(columns[name], pd.Index(words)) for name, words in names.items()}
        return pd.DataFrame({"product": columns["product"], **coded})


def _abstains(pairs: pd.DataFrame) -> str | None:
    """Return the verdict with which a judge says nothing, where the audit's judge said something else at all."""
    return Verdict.NOT_JUDGED.value if (pairs["before"] != Verdict.NOT_JUDGED.value).any() else None


def _code(codes: dict[str, int], word: str) -> int:
    return codes.setdefault(word, len(codes))


def _flip_frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    kinds: dict[str, Any] = {**dict.fromkeys(FLIP_COLUMNS, TEXT), "number": "Int64", "required": "bool"}
    return pd.DataFrame(rows, columns=list(FLIP_COLUMNS)).astype(kinds)


def _flips_by(pairs: pd.DataFrame, name: str) -> pd.DataFrame:
    rows = []
    for value, part in pairs.groupby(name, observed=True):
        was, now = (part[name].cat.codes.to_numpy() for name in ("before", "after"))
        differs = was != now
        # `yes`, `partial`, `no`: a lower code is a better answer. What is none of these is no degree of an answer.
        step = np.where((was < len(COUNTED)) & (now < len(COUNTED)), now - was, 0)
        share = clustered_interval(differs, clusters=part["product"])
        rows.append((value, len(part), int(differs.sum()), int((step < 0).sum()), int((step > 0).sum()), *share))
    frame = pd.DataFrame(rows, columns=[name, "n", "flips", "milder", "stricter", "rate", "low", "high"])
    frame = frame.sort_values(["flips", "n"], ascending=False, kind="stable", ignore_index=True)
    return frame.astype({name: TEXT})
