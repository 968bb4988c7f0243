"""How sure a figure is: intervals of shares and of means over products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from feedeval.errors import InputError

MANY_CLUSTERS = 5_000
"""From here on the bootstrap's distribution is normal to within its own noise, and its limit is computed instead."""

_DRAWN_AT_ONCE = 4_000_000

# Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom; beyond that the normal quantile is within 2 %.
_T95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """An estimate and the bounds between which it is believed to lie; bounds are NaN where nothing is known of them."""

    estimate: float
    low: float
    high: float

    def scaled(self, factor: float) -> Interval:
        """Return the interval in another unit, such as `share.scaled(100)` for per cent; `factor` is positive."""
        return Interval(self.estimate * factor, self.low * factor, self.high * factor)

    def __format__(self, spec: str) -> str:
        spec = spec or ".1f"
        if self.estimate != self.estimate:
            return "not known"
        if self.low != self.low:
            return format(self.estimate, spec)
        return f"{self.estimate:{spec}} ({self.low:{spec}} to {self.high:{spec}})"

    def __str__(self) -> str:
        return format(self, "")


UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))


def wilson(successes: float, n: float, confidence: float = 0.95) -> Interval:
    """Return a share in [0, 1] with its score interval (E. B. Wilson, JASA 22, 1927, 209-212).

    Counts need not be whole: what was known before may be counted in. Of nothing the share is NaN, within 0 and 1.

    Raises:
        InputError: `confidence` is not between 0 and 1.
    """
    z = quantile(confidence)
    if not n:
        return Interval(float("nan"), 0.0, 1.0)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    # Rounding must not put a bound on the wrong side of the share where every one or none succeeds.
    return Interval(share, min(share, max(0.0, centre - reach)), max(share, min(1.0, centre + reach)))


def clustered_interval(
    values: ArrayLike,
    weights: ArrayLike | None = None,
    clusters: Any = None,
    *,
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> Interval:
    """Return a weighted mean with the interval that drawing whole clusters again gives.

    Values of one product are no independent observations, so products are drawn with replacement and each brings all
    its values: the percentile interval of the cluster bootstrap (B. Efron, R. Tibshirani, An Introduction to the
    Bootstrap, 1993, chapters 8 and 13). Above 5,000 clusters its limit is computed instead of drawn: the linearised
    variance of a ratio (W. G. Cochran, Sampling Techniques, 1977, section 6.4).

    Args:
        values: What is averaged, NaN where there is nothing.
        weights: The weight of each value; None: all the same.
        clusters: What each value belongs to, such as product ids; None: each stands for itself.
        confidence: Share of such intervals that hold the mean.
        draws: How often is drawn.
        seed: Of the draws: the same values give the same interval.

    Returns:
        The mean and its bounds; the bounds are NaN where there is one cluster, all three where there is none.

    Raises:
        InputError: `confidence` is not between 0 and 1.
    """
    z = quantile(confidence)
    tops, bottoms = _cluster_sums(np.asarray(values, dtype=float), weights, clusters)
    if not len(bottoms):
        return UNKNOWN
    estimate = float(tops.sum() / bottoms.sum())
    if len(bottoms) == 1:
        return Interval(estimate, float("nan"), float("nan"))
    if len(bottoms) >= MANY_CLUSTERS:
        spread = float(np.sqrt(((tops - estimate * bottoms) ** 2).sum()) / bottoms.sum())
        return Interval(estimate, estimate - z * spread, estimate + z * spread)
    means = _draw_means(tops, bottoms, draws, np.random.default_rng(seed))
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(estimate, float(low), float(high))


def quantile(confidence: float) -> float:
    """Return how many standard deviations an interval of such confidence reaches to each side.

    Raises:
        InputError: `confidence` is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise InputError(f"confidence={confidence!r}: give a share between 0 and 1, such as 0.95")
    return NormalDist().inv_cdf((1 + confidence) / 2)


def t95(freedom: int) -> float:
    """Return the two-sided 95 % quantile of Student's t."""
    return _T95[freedom - 1] if freedom <= len(_T95) else quantile(0.95)


def _cluster_sums(
    values: NDArray[np.float64], weights: ArrayLike | None, clusters: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Σ w·v and Σ w of each cluster that has any weight."""
    weighed = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    there = ~np.isnan(values) & (weighed > 0)
    values, weighed = values[there], weighed[there]
    if clusters is None:
        return values * weighed, weighed
    codes, names = pd.factorize(np.asarray(clusters)[there])
    tops, bottoms = (np.bincount(codes, each, len(names)) for each in (values * weighed, weighed))
    return tops.astype(float), bottoms.astype(float)


def _draw_means(
    tops: NDArray[np.float64], bottoms: NDArray[np.float64], draws: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    count = len(bottoms)
    at_once = max(1, _DRAWN_AT_ONCE // count)
    parts = []
    for start in range(0, draws, at_once):
        picked = rng.integers(count, size=(min(at_once, draws - start), count), dtype=np.int32)
        parts.append(tops[picked].sum(axis=1) / bottoms[picked].sum(axis=1))
    return np.concatenate(parts)


def stands_for(groups: Sequence[str], sizes: Mapping[str, int]) -> Floats:
    """Return how many products of the feed each that was drawn stands for, so that weighted sums are `stratified_mean`.

    Args:
        groups: The group of each product.
        sizes: All there are of each group.
    """
    codes, drawn, there = group_sizes(groups, sizes)
    if not len(drawn):
        return np.zeros(0)
    each: Floats = there / drawn * (sum(sizes.values()) / there.sum())
    return each[codes]


def group_sizes(groups: Sequence[str], sizes: Mapping[str, int]) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Return the number of each one's group, and of each group how many were drawn and how many there are."""
    codes, names = pd.factorize(np.array(groups, dtype=object))
    drawn = np.bincount(codes, minlength=len(names))
    there = [max(sizes.get(name, 0), n) for name, n in zip(names, drawn.tolist(), strict=True)]
    return codes, drawn, np.array(there, dtype=np.float64)
