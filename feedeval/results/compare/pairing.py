"""Two audits as columns of numbers, paired by product and question.

Verdicts are read one batch file or shard at a time and kept as numbers: a few bytes each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from feedeval.records import Verdict
from feedeval.results.frames.decoding import Asked, Meta, readable_batches
from feedeval.results.frames.judgement_arrays import Codebook
from feedeval.storage.batch_files import collector_paused
from feedeval.storage.batch_shapes import ResultOf
from feedeval.storage.paths import StoredFile

Ints = NDArray[np.int64]
Question = tuple[str, str, bool]
"""Text, topic, and whether it is required: where one of them differs, it is another question."""

VERDICTS = tuple(Verdict)
"""What the numbers of verdicts stand for."""
NUMBERS = {verdict.value: number for number, verdict in enumerate(VERDICTS)}
UNKNOWN = NUMBERS[Verdict.NOT_JUDGED]
_SCORES = np.array([verdict.score if verdict.counts else np.nan for verdict in VERDICTS])


class _AuditVerdicts(msgspec.Struct, gc=False):
    judgements: list[Asked]
    category: str = ""
    coverage_pct: float | None = None


class _FailedProduct(msgspec.Struct, gc=False):
    key: str
    meta: dict[str, Any] = {}


@dataclass(frozen=True)
class Audit:
    """What one session found, a place a product that is done."""

    keys: Sequence[str]
    metas: Sequence[Meta]
    categories: Sequence[str]
    coverage_pct: NDArray[np.float64]
    failed: dict[str, Meta]
    """Products that failed and were not done later on, by key."""
    first: Ints
    """Of each product, the place of its first judgement."""
    counts: Ints
    """Of each product, how many judgements it has."""
    questions: Ints
    """Of each judgement, the number of its question: text, topic and whether it is required."""
    verdicts: NDArray[np.int8]
    """Of each judgement, the number of its verdict."""

    def judgements(self, products: Ints) -> tuple[Ints, Ints]:
        """Return the places of all judgements of products, and for each the position of its product among them."""
        counts = self.counts[products]
        owner = np.repeat(np.arange(len(products)), counts)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.first[products][owner] + within, owner


def read_audit(files: Sequence[StoredFile], questions: Codebook[Question]) -> Audit:
    """Read the batch files of an audit; questions are numbered by `questions`, which both sides share."""
    keys: list[str] = []
    metas: list[Meta] = []
    categories: list[str] = []
    coverage: list[float | None] = []
    failed: dict[str, Meta] = {}
    counts: list[int] = []
    asked: list[int] = []
    verdicts: list[int] = []
    shared: dict[str, str] = {}
    with collector_paused():
        for batch in readable_batches(files, ResultOf[_AuditVerdicts, Meta], _FailedProduct):
            for result in batch.results:
                keys.append(result.key)
                metas.append(result.meta)
                categories.append(shared.setdefault(result.value.category, result.value.category))
                coverage.append(result.value.coverage_pct)
                counts.append(len(result.value.judgements))
                asked += [questions[j.question, j.taxonomy, j.required] for j in result.value.judgements]
                verdicts += [NUMBERS.get(j.verdict, UNKNOWN) for j in result.value.judgements]
            for failure in batch.failures:
                failed[failure.key] = msgspec.convert(failure.meta, Meta)
    for key in failed.keys() & set(keys):
        del failed[key]
    ends = np.cumsum(np.array(counts, dtype=np.int64))
    return Audit(
        keys=keys,
        metas=metas,
        categories=categories,
        coverage_pct=np.array(coverage, dtype=np.float64),
        failed=failed,
        first=ends - counts,
        counts=np.array(counts, dtype=np.int64),
        questions=np.array(asked, dtype=np.int64),
        verdicts=np.array(verdicts, dtype=np.int8),
    )


@dataclass(frozen=True)
class Pairs:
    """The products and judgements of two audits that belong together, and those that stand alone."""

    before: Ints
    """Places of the compared products in the earlier audit."""
    after: Ints
    """Their places in the later one."""
    owner: Ints
    """Of each pair of judgements, the position of its product among the compared ones."""
    questions: Ints
    verdicts_before: NDArray[np.int8]
    verdicts_after: NDArray[np.int8]
    other_questions: int
    """Products done in both that were not asked the same questions."""
    failed: int
    """Products in both that failed in one or in both."""
    new: list[str]
    """Keys that only the later audit has, failed ones included."""
    gone: list[str]

    @property
    def scores_before(self) -> NDArray[np.float64]:
        """1, 0.5 or 0; NaN where the verdict does not count."""
        return np.asarray(_SCORES[self.verdicts_before])

    @property
    def scores_after(self) -> NDArray[np.float64]:
        """The same, later."""
        return np.asarray(_SCORES[self.verdicts_after])


PAIRED_AT_ONCE = 50_000
"""Products whose judgements are put side by side at once."""


def pair(before: Audit, after: Audit, *, at_once: int = PAIRED_AT_ONCE) -> Pairs:
    """Pair two audits by product key and question, so many products at once."""
    # Where a key stands twice, the later file counts.
    place_before = {key: place for place, key in enumerate(before.keys)}
    place_after = {key: place for place, key in enumerate(after.keys)}
    both = [key for key in place_after if key in place_before]
    rows_before = np.array([place_before[key] for key in both], dtype=np.int64)
    rows_after = np.array([place_after[key] for key in both], dtype=np.int64)
    parts = [
        _paired((before, rows_before[at]), (after, rows_after[at]), at.start) for at in _slices(len(both), at_once)
    ]
    matched, owner, left, right = (np.concatenate(column) for column in zip(*parts, strict=True))
    same = (matched == before.counts[rows_before]) & (matched == after.counts[rows_after]) & (matched > 0)
    kept = same[owner]
    owner, left, right = owner[kept], left[kept], right[kept]
    known_before, known_after = place_before.keys() | before.failed.keys(), place_after.keys() | after.failed.keys()
    return Pairs(
        before=rows_before[same],
        after=rows_after[same],
        owner=(np.cumsum(same) - 1)[owner],
        questions=before.questions[left],
        verdicts_before=before.verdicts[left],
        verdicts_after=after.verdicts[right],
        other_questions=int((~same).sum()),
        failed=len(known_before & known_after) - len(both),
        new=[key for key in (*place_after, *after.failed) if key not in known_before],
        gone=[key for key in (*place_before, *before.failed) if key not in known_after],
    )


def _slices(count: int, size: int) -> list[slice]:
    return [slice(start, start + size) for start in range(0, max(count, 1), size)]


def _paired(before: tuple[Audit, Ints], after: tuple[Audit, Ints], first: int = 0) -> tuple[Ints, Ints, Ints, Ints]:
    """Pair the judgements of some products.

    Returns:
        Of each product, how many questions were asked in both; and of each of these judgements the position of its
        product, and its place in both audits.
    """
    (one, rows_one), (other, rows_other) = before, after
    at_one, owner_one = one.judgements(rows_one)
    at_other, owner_other = other.judgements(rows_other)
    kinds = 1 + max(one.questions[at_one].max(initial=0), other.questions[at_other].max(initial=0))
    _, left, right = np.intersect1d(
        owner_one * kinds + one.questions[at_one],
        owner_other * kinds + other.questions[at_other],
        return_indices=True,
    )
    owner = owner_one[left]
    return np.bincount(owner, minlength=len(rows_one)), owner + first, at_one[left], at_other[right]
