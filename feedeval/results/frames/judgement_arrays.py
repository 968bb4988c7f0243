"""What each question was worth and what came of it: an audit's judgements as arrays, for sums over a whole feed.

A feed of 100,000 products has more than a million judgements; as arrays of codes they take a few bytes each.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from feedeval.jobs.audit import REQUIRED_WEIGHT
from feedeval.records import MOST_NOT_JUDGED_OF_PRODUCT, Verdict
from feedeval.results.frames.decoding import Asked, SampledMeta, readable_batches
from feedeval.results.frames.results import feed_order
from feedeval.results.stats import stands_for
from feedeval.storage.batch_files import collector_paused
from feedeval.storage.batch_shapes import ResultOf, Unread
from feedeval.storage.paths import StoredFile

T = TypeVar("T")

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


class AskedQuestion(NamedTuple):
    """A question as it was asked in a category."""

    text: str
    taxonomy: str
    required: bool

    @property
    def weight(self) -> float:
        """2 where it is required, else 1."""
        return REQUIRED_WEIGHT if self.required else 1.0


class _AskedAttribute(Asked, gc=False):
    attribute: str = ""


class _AuditAttributes(msgspec.Struct, gc=False):
    category: str
    context_fields: list[str]
    judgements: list[_AskedAttribute]


_Result = ResultOf[_AuditAttributes, SampledMeta]


class Codebook(dict[T, int], Generic[T]):
    """Numbers what it is asked for in the order in which it is met."""

    def __missing__(self, word: T) -> int:
        self[word] = len(self)
        return self[word]


@dataclass(frozen=True)
class JudgementArrays:
    """The products that are done, in the order of the feed, and their judgements."""

    ids: Sequence[str]
    titles: Sequence[str]
    stands_for: Floats
    """Of each product, how many of the feed it speaks for: itself, or more where a sample was audited."""
    category: Codes
    categories: list[str]
    fields: Codes
    """Of each product, which of the `field_sets` the judge saw."""
    field_sets: list[frozenset[str]]
    lacking: Codes
    """Of each product, which of the `lacks` it is."""
    lacks: list[tuple[str, ...]]
    """Fields that the destination requires and the product has not."""
    covered: NDArray[np.bool_]
    """Of each product, whether it has a coverage."""
    product: Codes
    """Of each judgement, its product's position. There are only judgements that count, of products with a coverage."""
    question: Codes
    questions: list[AskedQuestion]
    attribute: Codes
    attributes: list[str]
    """As the judge named them."""
    score: Floats
    """1, 0.5 or 0."""
    not_judged: int
    """Questions that were not judged, over all products."""
    positions: Codes | None = None
    """Of each product, where it stands among all that are done; None where these are all."""
    weight: Floats = field(init=False)
    """Of each judgement, its question's."""
    total: Floats = field(init=False)
    """Of each product, the weight of all its questions that count."""

    def __post_init__(self) -> None:
        weights = np.array([question.weight for question in self.questions] or [1.0])
        object.__setattr__(self, "weight", weights[self.question])
        object.__setattr__(self, "total", np.bincount(self.product, self.weight, len(self.ids)).astype(float))

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def position(self) -> Codes:
        """Of each product, where it stands among all products that are done."""
        return np.arange(len(self)) if self.positions is None else self.positions

    @property
    def lost(self) -> Floats:
        """Of each judgement, the points of its product's coverage (0 to 100) that it lost."""
        return 100 * self.weight * (1 - self.score) / self.total[self.product]

    @property
    def coverage_pct(self) -> Floats:
        """Of each product, its coverage; NaN where it has none."""
        scored = np.bincount(self.product, self.weight * self.score, len(self.ids))
        missing = np.full(len(self.ids), np.nan)
        return np.asarray(100 * np.divide(scored, self.total, out=missing, where=self.total > 0), dtype=np.float64)


def read_judgement_arrays(files: Sequence[StoredFile], drawn: Mapping[str, Any] | None = None) -> JudgementArrays:
    """Return the points of an audit.

    Args:
        files: Its batch files.
        drawn: How the sample was drawn, as `feed.sample` notes it; None where the whole feed was audited.
    """
    with collector_paused():
        batches = readable_batches(files, _Result, Unread)
        return _Reader(None if drawn is None else drawn["strata"]).read(batch.results for batch in batches)


class _Reader:
    """Takes batches in and numbers their words."""

    def __init__(self, strata: Mapping[str, int] | None) -> None:
        self.strata = strata
        self.ids: list[str] = []
        self.titles: list[str] = []
        self.of_product = {name: array("q") for name in ("index", "category", "fields", "lacking", "stratum", "count")}
        self.of_judgement = {name: array("q") for name in ("question", "attribute", "verdict")}
        self.categories: Codebook[str] = Codebook()
        self.groups: Codebook[str] = Codebook()
        self.field_sets: Codebook[tuple[str, ...]] = Codebook()
        self.lacks: Codebook[tuple[str, ...]] = Codebook()
        self.questions: Codebook[tuple[str, str, bool]] = Codebook()
        self.attributes: Codebook[str] = Codebook()
        self.verdicts: Codebook[str] = Codebook((verdict.value, n) for n, verdict in enumerate(Verdict))

    def read(self, batches: Iterable[Sequence[_Result]]) -> JudgementArrays:
        for results in batches:
            for result in results:
                self._add(result)
        place = {name: np.array(values, dtype=np.int64) for name, values in self.of_product.items()}
        order = feed_order(place["index"], np.arange(len(self.ids)))
        rows, product = judged_rows(order, place["count"])
        judged = {name: np.array(values, dtype=np.int64)[rows] for name, values in self.of_judgement.items()}
        known = [Verdict(verdict) for verdict in self.verdicts]
        scores = np.array([verdict.score for verdict in known])
        counts = np.array([verdict.counts for verdict in known])[judged["verdict"]]
        not_judged = judged["verdict"] == self.verdicts[Verdict.NOT_JUDGED.value]
        covered = covered_products(product, counts, not_judged, len(order))
        kept = counts & covered[product]
        judged, product = {name: values[kept] for name, values in judged.items()}, product[kept]
        return JudgementArrays(
            ids=[self.ids[at] for at in order],
            titles=[self.titles[at] for at in order],
            stands_for=self._stands_for(place["stratum"][order]),
            category=place["category"][order],
            categories=list(self.categories),
            fields=place["fields"][order],
            field_sets=[frozenset(names) for names in self.field_sets],
            lacking=place["lacking"][order],
            lacks=list(self.lacks),
            covered=covered,
            product=product,
            question=judged["question"],
            questions=[AskedQuestion(*asked) for asked in self.questions],
            attribute=judged["attribute"],
            attributes=list(self.attributes),
            score=scores[judged["verdict"]],
            not_judged=int(not_judged.sum()),
        )

    def _add(self, result: _Result) -> None:
        value, meta, places = result.value, result.meta, self.of_product
        self.ids.append(meta.product_id or "")
        self.titles.append(meta.title or "")
        places["index"].append(result.index)
        places["stratum"].append(self.groups[meta.stratum])
        places["category"].append(self.categories[value.category])
        places["fields"].append(self.field_sets[tuple(value.context_fields)])
        places["lacking"].append(self.lacks[tuple(meta.missing_core_fields)])
        places["count"].append(len(value.judgements))
        questions, attributes, verdicts = self.questions, self.attributes, self.verdicts
        columns = self.of_judgement
        columns["question"].extend([questions[j.question, j.taxonomy, j.required] for j in value.judgements])
        columns["attribute"].extend([attributes[j.attribute] for j in value.judgements])
        columns["verdict"].extend([verdicts[j.verdict] for j in value.judgements])

    def _stands_for(self, groups: Codes) -> Floats:
        if self.strata is None:
            return np.ones(len(groups))
        names = list(self.groups)
        return stands_for([names[code] for code in groups.tolist()], self.strata)


def covered_products(
    product: Codes, counts: NDArray[np.bool_], not_judged: NDArray[np.bool_], products: int
) -> NDArray[np.bool_]:
    """Return which products have a coverage: of the others nothing was judged, or less than half."""
    judged = np.bincount(product[counts], minlength=products)
    left = np.bincount(product[not_judged], minlength=products)
    return np.asarray((judged > 0) & (left <= MOST_NOT_JUDGED_OF_PRODUCT * (judged + left)))


def judged_rows(order: NDArray[np.intp], counts: Codes) -> tuple[Any, Codes]:
    """Return the rows of the judgements when products are put in order, and the product of each.

    Args:
        order: Where each product was.
        counts: Judgements of each product, as they were.
    """
    product = np.repeat(np.arange(len(order)), counts[order])
    if np.array_equal(order, np.arange(len(counts))):
        return slice(None), product
    ends = np.cumsum(counts)
    rows = [np.arange(ends[at] - counts[at], ends[at]) for at in order]
    return np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64), product
