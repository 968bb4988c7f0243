"""Feeds whose true verdicts are known, a judge of a chosen kappa, and labels drawn from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedeval.results.certify.estimator import Drawn, estimate

SCORES = np.array([0.0, 0.5, 1.0])
QUESTIONS = 12

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class JudgedFeed:
    """Verdicts as numbers (no, partial, yes) of products with twelve questions each, every third of them required."""

    people: Codes
    judge: Codes
    weight: Floats
    product: Codes

    @property
    def truth(self) -> float:
        """Coverage as people would have judged it."""
        return float(self.weight @ SCORES[self.people])


def judged_feed(kappa: float, *, overlooks: bool, products: int = 1000, seed: int = 0) -> JudgedFeed:
    """Return a feed whose products differ in what they say, and a judge that errs more on some than on others.

    Args:
        kappa: Of the judge.
        overlooks: Whether its errors are mostly answers that it did not see; else it guesses.
        products: Of the feed.
        seed: Of the feed.
    """
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(products, 1)) + rng.normal(size=QUESTIONS) - 0.5
    logits = logits + rng.logistic(size=logits.shape)
    people = np.where(logits > 0.3, 2, np.where(logits > -0.1, 1, 0)).ravel()
    product = np.repeat(np.arange(products), QUESTIONS)
    trouble = np.exp(rng.normal(size=products) / 2 - 0.125)[product]
    chance = rng.random(len(people))
    said = _overlooking(rng, people) if overlooks else rng.permutation(people)
    low, high = 0.0, 1.0
    for _ in range(25):
        middle = (low + high) / 2
        judge = np.where(chance < middle * trouble, said, people)
        low, high = (middle, high) if kappa_of(people, judge) > kappa else (low, middle)
    weight = np.tile(np.where(np.arange(QUESTIONS) % 3 == 0, 2.0, 1.0), products)
    return JudgedFeed(people, judge, weight / weight.sum(), product)


def _overlooking(rng: np.random.Generator, people: Codes) -> Codes:
    seen = np.where(rng.random(len(people)) < 0.75, 0, np.minimum(2, people + 1))
    invented = np.where(rng.random(len(people)) < 0.35, 1 + rng.integers(2, size=len(people)), 0)
    return np.where(people == 0, invented, seen)


def kappa_of(people: Codes, judge: Codes) -> float:
    """Return Cohen's kappa."""
    shares = np.zeros((3, 3))
    np.add.at(shares, (people, judge), 1 / len(people))
    expected = shares.sum(axis=0) @ shares.sum(axis=1)
    return float((np.trace(shares) - expected) / (1 - expected))


def draw(feed: JudgedFeed, labels: int, rng: np.random.Generator, *, likelier: bool = False) -> Drawn:
    """Have people label some verdicts: each as likely, or those that tell more likelier."""
    count = len(feed.people)
    if likelier:
        tells = feed.weight * np.array([1.0, 1.5, 0.7])[feed.judge]
        chance = np.minimum(1, labels * tells / tells.sum())
        at = np.flatnonzero(rng.random(count) < chance)
    else:
        chance = np.full(count, labels / count)
        at = rng.choice(count, labels, replace=False)
    every = np.ones(count)
    return Drawn(
        weight=feed.weight,
        judged=SCORES[feed.judge],
        judge_applies=every,
        labelled=at,
        people=SCORES[feed.people[at]],
        people_applies=every[: len(at)],
        probability=chance[at],
        cluster=feed.product[at],
    )


@dataclass(frozen=True)
class Held:
    """What became of many draws."""

    held: float
    """Share of the intervals that hold the truth."""
    half_width_pct: float
    ratio: float
    """Of the half width to that of labels alone."""


def try_out(feed: JudgedFeed, labels: int, draws: int, **options: Any) -> Held:
    """Draw labels again and again, and look at the intervals."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(draws):
        drawn = draw(feed, labels, rng, **options)
        each, alone = estimate(drawn).interval(), estimate(drawn, tuning=0.0).interval()
        found.append((each.low <= feed.truth <= each.high, (each.high - each.low) / 2, (alone.high - alone.low) / 2))
    held, width, width_alone = np.array(found, dtype=float).mean(axis=0)
    return Held(float(held), 100 * float(width), float(width / width_alone))
