"""A mean over all cases from what a judge said of all and people of some.

The difference estimator of survey sampling (C.-E. Särndal, B. Swensson, J. Wretman, Model Assisted Survey Sampling,
1992, chapter 6), which machine learning knows as prediction-powered inference with power tuning (A. N. Angelopoulos, J.
C. Duchi, T. Zrnic, PPI++, 2023, arXiv:2311.01453): the judge's mean over all cases, times λ, plus the mean of what
people said less λ times what the judge said over the labelled ones. λ is what makes the variance least; 0 is labels
alone.

Packages of this method (ppi-python, truescore) know no cases of different weight that were drawn with known
probabilities from a finite number of which all are judged, and none whose denominator people decide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedeval.results.stats import Floats, Interval

UNSEEN = 0.4
"""Squared error that is added to what was seen, with cases as heavy as the labelled ones are on average.

Where a judge is nearly always right, a hundred labels show few of its errors or none, and the variance that they show
is too small, or zero; with this the interval holds what it promises in simulation (`tests/benchmarks`).
"""


@dataclass(frozen=True, eq=False)
class Drawn:
    """All cases with what the judge said, and some of them with what people said.

    A value counts where its `applies` is 1; the mean is over what applies.
    """

    weight: Floats
    """What each case weighs in the mean; those that apply to the judge sum up to 1."""
    judged: Floats
    judge_applies: Floats
    labelled: NDArray[np.int64]
    """Which cases have a label."""
    people: Floats
    """Of each labelled case."""
    people_applies: Floats
    probability: Floats
    """With which each labelled case was drawn."""
    cluster: NDArray[np.int64]
    """Of each labelled case, what it belongs to, such as its product."""


class Estimated(NamedTuple):
    """An estimate and how sure it is."""

    estimate: float
    variance: float
    freedom: int
    tuning: float
    """λ: how far the judge is relied on."""

    def interval(self, more_variance: float = 0.0) -> Interval:
        """Return the 95 % interval of Student's t, within 0 and 1; bounds are NaN where too little was labelled."""
        if self.freedom < 1:
            return Interval(self.estimate, math.nan, math.nan)
        from scipy.stats import t

        reach = float(t.ppf(0.975, self.freedom)) * math.sqrt(self.variance + more_variance)
        # An estimate outside what a mean can be is chance.
        ends = (self.estimate, self.estimate - reach, self.estimate + reach)
        return Interval(*(min(max(end, 0.0), 1.0) for end in ends))


def estimate(drawn: Drawn, *, tuning: float | None = None) -> Estimated:
    """Return the mean as people would have found it.

    The variance is that of drawing the labelled cases, with the correction for a finite number, linearised (Särndal
    and others, section 6.6) and summed up by cluster, so that labels of one product are no independent observations.

    Args:
        drawn: At least one labelled case.
        tuning: λ; None for the one of least variance, 0 for the labels alone.
    """
    at = drawn.labelled
    stands_for = drawn.weight[at] / drawn.probability
    stands_for = stands_for / stands_for.sum()
    everything = drawn.weight.sum()
    left = np.sqrt(1 - drawn.probability)

    def mean(values: Floats) -> float:
        return float(stands_for @ values)

    def centred(values: Floats) -> Floats:
        return values - mean(values)

    def solved(rely: float) -> float:
        """Return the mean that makes the estimated sum of its deviations zero."""
        judge_top = drawn.weight @ (drawn.judged * drawn.judge_applies) / everything
        judge_bottom = drawn.weight @ drawn.judge_applies / everything
        applies = drawn.judge_applies[at]
        top = rely * judge_top + mean(drawn.people * drawn.people_applies - rely * drawn.judged[at] * applies)
        bottom = rely * judge_bottom + mean(drawn.people_applies - rely * applies)
        return float(top / bottom) if bottom > 0 else math.nan

    def deviations(middle: float) -> tuple[Floats, Floats]:
        people = centred(drawn.people_applies * (drawn.people - middle))
        return people, centred(drawn.judge_applies[at] * (drawn.judged[at] - middle))

    rely = tuning
    if rely is None:
        people, judge = deviations(solved(0.0))
        spread = (stands_for * left) ** 2
        bottom = float(spread @ judge**2)
        rely = float(spread @ (people * judge)) / bottom if bottom > 0 else 0.0
    found = solved(rely)
    people, judge = deviations(found)
    share = mean(drawn.people_applies) or math.nan
    errors = stands_for * left * (people - rely * judge) / share
    by_cluster = np.bincount(np.unique(drawn.cluster, return_inverse=True)[1].reshape(-1), errors)
    freedom = len(by_cluster) - 1 - bool(rely)
    seen = float(by_cluster @ by_cluster) * len(by_cluster) / max(freedom, 1)
    unseen = UNSEEN * float(((stands_for * left) ** 2).mean())
    return Estimated(found, seen + unseen, freedom, rely)


def more_to_halve(labels: int, cases: int, *, variance: float, fixed: float) -> int | None:
    """Return how many more labels would halve the interval, None where no number of labels can.

    The part of the variance that labels shrink falls with 1/n − 1/N, for n labels of N cases.

    Args:
        labels: Labels used.
        cases: All cases.
        variance: What comes of labelling some cases only.
        fixed: What comes of auditing some products only.
    """
    wanted = (variance + fixed) / 4 - fixed
    if wanted < 0 or not variance > 0:
        return None
    now = 1 / labels - 1 / cases
    return max(0, math.ceil(1 / (now * wanted / variance + 1 / cases) - 1e-9) - labels)
