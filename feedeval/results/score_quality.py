"""What the scores of an audit can carry: ties, questions that tell products apart, reliability, pull of length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.jobs.audit import REQUIRED_WEIGHT
from feedeval.results.stats import Floats

FEWEST_PRODUCTS = 10
"""Of fewer products nothing is said."""
FEWEST_TO_CORRELATE = 30
"""Of fewer products a correlation is mostly chance, and nothing is said of it."""
FEWEST_OF_A_QUESTION = 5
"""Products of a category that were asked a question before it can be said whether it tells them apart."""
TIED = 0.5
"""From this share of products at one coverage on, coverage does not rank them."""
TELLING = 0.5
"""Where fewer of the questions tell products apart, that is said."""
RELIABLE = 0.7
"""Below it, halves rank products too differently (J. Nunnally, Psychometric Theory, 1978, page 245)."""
PULLED = 0.5
"""From this rank correlation with the length of the text on, coverage may be about little else."""

SPLITS = 20
"""Halvings of the questions that reliability is the mean of."""


@dataclass(frozen=True, slots=True)
class ScoreQuality:
    """What the coverages of an audit's products can carry; a figure is NaN where too little was judged to tell."""

    products: int
    """Products with a coverage."""
    tied: float
    """Share of them at the coverage that most have, 0 to 1."""
    tied_pct: float
    """That coverage, 0 to 100."""
    questions: int
    """Questions, each in its category, that at least five products were judged by."""
    telling: int
    """Those of them that products of the category are answered by differently."""
    reliability: float
    """How alike two halves of the questions rank products of a category, for as many questions as there are: split-half
    correlation after Spearman and Brown, the mean of 20 seeded halvings."""
    length_correlation: float
    """Spearman's rank correlation of coverage and the length of the text that the judge read."""

    @property
    def sentences(self) -> dict[str, str]:
        """What matters of it, a sentence each by name; empty where scores carry what is asked of them."""
        if self.products < FEWEST_PRODUCTS:
            return {}
        said: dict[str, str] = {}
        if self.tied >= TIED and self.tied_pct < 100:
            said["Same score"] = (
                f"{100 * self.tied:.0f} % of products have the same coverage: rank them by what they lack instead"
            )
        if self.questions and self.telling < TELLING * self.questions:
            few = f"only {self.telling:,} of {self.questions:,} questions {'is' if self.telling == 1 else 'are'}"
            said["Spread"] = (
                f"{few} answered differently by products of a category; the others are answered alike by all"
                if self.telling
                else "products of a category answer all questions alike"
            )
        correlates = self.products >= FEWEST_TO_CORRELATE
        if correlates and self.reliability < RELIABLE:
            said["Ranking"] = (
                f"two halves of the questions rank the products differently (split-half reliability "
                f"{self.reliability:.2f}): small differences between products mean little"
            )
        if correlates and self.length_correlation >= PULLED:
            said["Text length"] = (
                f"products with longer texts have a higher coverage (rank correlation {self.length_correlation:.2f}): "
                "a low one may only mean that the text is short"
            )
        return said


def score_quality(judged: pd.DataFrame, *, seed: int = 0) -> ScoreQuality:
    """Return what the scores of an audit can carry.

    Args:
        judged: A row a judgement: product, category, question (numbers from 0), required (bool), score (1, 0.5 or 0;
            NaN where it does not count) and text_length (of its product).
        seed: Of the halves: the same judgements give the same figures.
    """
    return quality_of_parts(lambda: [judged], seed=seed)


def quality_of_parts(parts: Callable[[], Iterable[pd.DataFrame]], *, seed: int = 0) -> ScoreQuality:
    """Return the same of judgements that come in parts, all of a product in one.

    Args:
        parts: Returns them once more; words have the same numbers in all.
        seed: Of the halves.
    """
    looked = list(map(_looked_at, parts()))
    coverage = np.concatenate([part.coverage for part in looked])
    if not len(coverage):
        nan = float("nan")
        return ScoreQuality(0, nan, nan, 0, 0, nan, nan)
    lengths = np.concatenate([part.lengths for part in looked])
    values, sizes = np.unique(coverage, return_counts=True)
    most = int(sizes.argmax())
    asked = pd.concat([part.asked for part in looked]).groupby(["category", "question"])
    pairs = asked.agg(count=("count", "sum"), lowest=("lowest", "min"), highest=("highest", "max")).reset_index()
    enough = pairs["count"] >= FEWEST_OF_A_QUESTION
    return ScoreQuality(
        products=len(coverage),
        tied=float(sizes[most] / len(coverage)),
        tied_pct=float(values[most]),
        questions=int(enough.sum()),
        telling=int((enough & (pairs["highest"] > pairs["lowest"])).sum()),
        reliability=_reliability(parts, pairs, seed),
        length_correlation=_correlation(_ranks(coverage), _ranks(lengths)),
    )


class _Looked(NamedTuple):
    """What is kept of some judgements."""

    coverage: Floats
    """Of each product, to one decimal."""
    lengths: Floats
    asked: pd.DataFrame
    """category, question, count, lowest and highest score."""


class _Scored(NamedTuple):
    """The judgements that count."""

    products: NDArray[np.intp]
    product: NDArray[np.intp]
    """Of each, the number of its product."""
    first: NDArray[np.intp]
    """Of each product, its first judgement."""
    weight: Floats
    scored: Floats
    frame: pd.DataFrame


def _scored(judged: pd.DataFrame) -> _Scored:
    counted = judged[judged["score"].notna().to_numpy()]
    products, first, product = np.unique(counted["product"].to_numpy(), return_index=True, return_inverse=True)
    weight = np.where(counted["required"].to_numpy(), float(REQUIRED_WEIGHT), 1.0)
    return _Scored(products, product, first, weight, weight * counted["score"].to_numpy(dtype=float), counted)


def _looked_at(judged: pd.DataFrame) -> _Looked:
    _, product, first, weight, scored, counted = _scored(judged)
    lengths = counted["text_length"].to_numpy(dtype=float)[first]
    coverage = np.round(100 * np.bincount(product, scored) / np.bincount(product, weight), 1)
    asked = counted.groupby(["category", "question"])["score"].agg(count="size", lowest="min", highest="max")
    return _Looked(coverage, lengths, asked.reset_index())


def _reliability(parts: Callable[[], Iterable[pd.DataFrame]], pairs: pd.DataFrame, seed: int) -> float:
    """Return how alike halves rank products.

    Args:
        parts: The judgements.
        pairs: Each question in its category, by category and question.
        seed: Of the halves.
    """
    categories = pairs["category"].to_numpy()
    starts = np.searchsorted(categories, categories)
    rng = np.random.default_rng(seed)
    firsts = []
    for _ in range(SPLITS):
        # Questions are put in an order by chance within their category; every second one is of the first half.
        order = np.lexsort((rng.random(len(categories)), categories))
        first = np.zeros(len(categories))
        first[order] = (np.arange(len(order)) - starts) % 2 == 0
        firsts.append(first)
    halved = _Halves(pairs, firsts)
    sums = np.sum(list(map(halved.sums, parts())), axis=0)
    found = [_within(each) for each in sums]
    return float(np.mean([2 * r / (1 + abs(r)) for r in found]))


class _Halves:
    """Scores of products by two halves of the questions, in as many halvings as there are."""

    def __init__(self, pairs: pd.DataFrame, firsts: Sequence[Floats]) -> None:
        self._width = int(pairs["question"].max()) + 1
        self._pairs = pairs["category"].to_numpy() * self._width + pairs["question"].to_numpy()
        self._groups = int(pairs["category"].max()) + 1
        self._firsts = firsts

    def sums(self, judged: pd.DataFrame) -> Floats:
        """Return what correlations are made of: by halving, sum and category."""
        products, product, at, weight, scored, counted = _scored(judged)
        category = counted["category"].to_numpy(dtype=np.int64)
        pair = np.searchsorted(self._pairs, category * self._width + counted["question"].to_numpy(dtype=np.int64))
        count = len(products)
        whole, whole_scored = np.bincount(product, weight, count), np.bincount(product, scored, count)
        made = []
        for first in self._firsts:
            part = first[pair]
            one = np.bincount(product, weight * part, count)
            one_scored = np.bincount(product, scored * part, count)
            there = (one > 0) & (whole - one > 0)
            x = one_scored[there] / one[there]
            y = (whole_scored - one_scored)[there] / (whole - one)[there]
            group = category[at][there]
            made.append(
                [np.bincount(group, each, self._groups) for each in (np.ones(len(x)), x, y, x * x, y * y, x * y)]
            )
        return np.array(made)


def _within(sums: Floats) -> float:
    """Return the correlation of two halves within categories, NaN where nothing varies.

    Categories are asked different questions: what counts is how products of one category differ.

    Args:
        sums: By category: how many, and the sums of x, y, x·x, y·y and x·y.
    """
    count, x, y, xx, yy, xy = sums
    size = np.maximum(count, 1)
    spread_x, spread_y = (max(float((squares - each * each / size).sum()), 0.0) for squares, each in ((xx, x), (yy, y)))
    together, total = float((xy - x * y / size).sum()), float(count.sum())
    spread = float(np.sqrt(spread_x * spread_y))
    # Sums are not exact: what does not vary differs from its mean by rounding.
    return together / spread if total > 1 and spread > 1e-9 * total else float("nan")


def _ranks(values: Floats) -> Floats:
    return np.asarray(pd.Series(values).rank(), dtype=np.float64)


def _correlation(one: Floats, other: Floats) -> float:
    """Return Pearson's correlation, NaN where nothing varies."""
    if len(one) < 2:
        return float("nan")
    one, other = one - one.mean(), other - other.mean()
    spread = float(np.sqrt((one @ one) * (other @ other)))
    # Means are not exact: what does not vary differs from its mean by rounding.
    return float(one @ other) / spread if spread > 1e-9 * len(one) else float("nan")
