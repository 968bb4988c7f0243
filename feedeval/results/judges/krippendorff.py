"""How far several judges agree beyond chance: Krippendorff's alpha, with an interval that draws products."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from feedeval.results.stats import MANY_CLUSTERS, UNKNOWN, Floats, Interval, quantile

MISSING = -1
"""The code of a label that was not given."""

_DRAWN_AT_ONCE = 4_000_000


class _Sums(NamedTuple):
    """What alpha is made of; of each cluster, so that clusters can be drawn."""

    disagreements: Floats
    """Pairs of unequal labels of one unit, each unit's weighed by one over its labels less one."""
    labels: Floats
    """How often each label occurs where it has another beside it: a row a cluster."""


def krippendorff_alpha(
    codes: ArrayLike, clusters: ArrayLike | None = None, *, draws: int = 2000, seed: int = 0
) -> Interval:
    """Return alpha for labels without order, with a 95 % interval.

    1 is agreement throughout, 0 what chance alone would bring. A label that is missing is left out, and so is a unit
    with fewer than two labels (K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, part C). The interval
    is that of the cluster bootstrap; above 5,000 clusters its limit is computed by the delta method instead.

    Args:
        codes: A row a unit and a column a judge: whole numbers from 0, `MISSING` where there is no label.
        clusters: What each unit belongs to, such as products; None: each stands for itself.
        draws: How often is drawn.
        seed: Of the draws: the same labels give the same interval.

    Returns:
        Alpha and its bounds; all NaN where only one label occurs or no unit has two, for then chance is not defined.
    """
    sums = _sums(np.asarray(codes), clusters)
    estimate = _estimate(sums)
    if np.isnan(estimate):
        return UNKNOWN
    count = len(sums.disagreements)
    if count == 1:
        return Interval(estimate, float("nan"), float("nan"))
    if count >= MANY_CLUSTERS:
        reach = quantile(0.95) * _spread(sums)
        return Interval(estimate, estimate - reach, min(1.0, estimate + reach))
    low, high = np.nanquantile(_drawn(sums, draws, np.random.default_rng(seed)), [0.025, 0.975])
    return Interval(estimate, float(low), float(high))


def alpha_of(codes: ArrayLike) -> float:
    """Return alpha alone, as `krippendorff_alpha` estimates it."""
    return _estimate(_sums(np.asarray(codes), None))


def _estimate(sums: _Sums) -> float:
    return float(_alpha(sums.disagreements.sum(), sums.labels.sum(axis=0)))


def _sums(codes: NDArray[np.int64], clusters: ArrayLike | None) -> _Sums:
    kinds = int(codes.max(initial=0)) + 1
    counts = np.stack([(codes == code).sum(axis=1) for code in range(kinds)], axis=1).astype(float)
    given = counts.sum(axis=1)
    paired = given >= 2
    counts, given = counts[paired], given[paired]
    unequal = (counts * (given[:, None] - counts)).sum(axis=1) / (given - 1)
    if clusters is None:
        return _Sums(unequal, counts)
    places, names = np.unique(np.asarray(clusters)[paired], return_inverse=True)[::-1]
    labels = [np.bincount(places, counts[:, code], len(names)) for code in range(kinds)]
    return _Sums(np.bincount(places, unequal, len(names)).astype(float), np.stack(labels, axis=1))


def _alpha(disagreements: Floats | np.float64, labels: Floats) -> Floats:
    """Return 1 - observed / expected disagreement, of sums over units; NaN where nothing could disagree by chance."""
    n = labels.sum(axis=-1)
    by_chance = n * n - (labels * labels).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(by_chance > 0, 1 - (n - 1) * disagreements / by_chance, np.nan)


def _drawn(sums: _Sums, draws: int, rng: np.random.Generator) -> Floats:
    count = len(sums.disagreements)
    at_once = max(1, _DRAWN_AT_ONCE // count)
    even = np.full(count, 1 / count)
    parts = []
    for start in range(0, draws, at_once):
        weights = rng.multinomial(count, even, size=min(at_once, draws - start)).astype(float)
        parts.append(_alpha(weights @ sums.disagreements, weights @ sums.labels))
    return np.concatenate(parts)


def _spread(sums: _Sums) -> float:
    """Return the standard error of alpha: its gradient times how the sums vary from cluster to cluster."""
    observed, labels = float(sums.disagreements.sum()), sums.labels.sum(axis=0)
    n = labels.sum()
    by_chance = n * n - (labels * labels).sum()
    of_labels = -observed * (by_chance - (n - 1) * 2 * (n - labels)) / by_chance**2
    pull = -(n - 1) / by_chance * sums.disagreements + sums.labels @ of_labels
    return float(np.sqrt(((pull - pull.mean()) ** 2).sum()))
