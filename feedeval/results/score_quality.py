"""What the scores of an audit can carry: ties, questions that tell products apart, reliability, pull of length."""

from __future__ import annotations

from dataclasses import dataclass

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
    counted = judged[judged["score"].notna().to_numpy()]
    products, product = np.unique(counted["product"].to_numpy(), return_inverse=True)
    if not len(products):
        nan = float("nan")
        return ScoreQuality(0, nan, nan, 0, 0, nan, nan)
    first = np.unique(product, return_index=True)[1]
    weight = np.where(counted["required"].to_numpy(), float(REQUIRED_WEIGHT), 1.0)
    scored = weight * counted["score"].to_numpy(dtype=float)
    coverage = np.round(100 * np.bincount(product, scored) / np.bincount(product, weight), 1)
    values, sizes = np.unique(coverage, return_counts=True)
    most = int(sizes.argmax())
    questions, telling = _telling(counted)
    lengths = counted["text_length"].to_numpy(dtype=float)[first]
    return ScoreQuality(
        products=len(products),
        tied=float(sizes[most] / len(products)),
        tied_pct=float(values[most]),
        questions=questions,
        telling=telling,
        reliability=_reliability(counted, product, weight, scored, seed),
        length_correlation=_correlation(_ranks(coverage), _ranks(lengths)),
    )


def _pairs(counted: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the category of each question in its category, and of each judgement which of these it is."""
    category, question = (counted[name].to_numpy(dtype=np.int64) for name in ("category", "question"))
    width = int(question.max()) + 1
    pairs, of_row = np.unique(category * width + question, return_inverse=True)
    return pairs // width, of_row


def _telling(counted: pd.DataFrame) -> tuple[int, int]:
    """Return how many questions were judged often enough, and how many of them were answered in more than one way."""
    categories, pair = _pairs(counted)
    score = counted["score"].to_numpy(dtype=float)
    asked = np.bincount(pair)
    enough = asked >= FEWEST_OF_A_QUESTION
    lowest, highest = np.full(len(categories), np.inf), np.full(len(categories), -np.inf)
    np.minimum.at(lowest, pair, score)
    np.maximum.at(highest, pair, score)
    return int(enough.sum()), int((enough & (highest > lowest)).sum())


def _reliability(counted: pd.DataFrame, product: NDArray[np.intp], weight: Floats, scored: Floats, seed: int) -> float:
    categories, pair = _pairs(counted)
    of_product = np.zeros(int(product.max()) + 1, dtype=np.int64)
    of_product[product] = counted["category"].to_numpy(dtype=np.int64)
    whole, whole_scored = np.bincount(product, weight), np.bincount(product, scored)
    starts = np.searchsorted(categories, categories)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(SPLITS):
        # Questions are put in an order by chance within their category; every second one is of the first half.
        order = np.lexsort((rng.random(len(categories)), categories))
        first = np.zeros(len(categories))
        first[order] = (np.arange(len(order)) - starts) % 2 == 0
        part = first[pair]
        one, one_scored = np.bincount(product, weight * part), np.bincount(product, scored * part)
        there = (one > 0) & (whole - one > 0)
        halves = (one_scored[there] / one[there], (whole_scored - one_scored)[there] / (whole - one)[there])
        # Categories are asked different questions: what counts is how products of one category differ.
        r = _correlation(*(_within(half, of_product[there]) for half in halves))
        found.append(2 * r / (1 + abs(r)))
    return float(np.mean(found))


def _within(values: Floats, groups: NDArray[np.int64]) -> Floats:
    """Return values less the mean of their group."""
    if not len(values):
        return values
    sizes = np.maximum(np.bincount(groups), 1)
    return np.asarray(values - (np.bincount(groups, values) / sizes)[groups])


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
