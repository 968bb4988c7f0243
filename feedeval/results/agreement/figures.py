"""The statistics of agreement, each from the pairs it is of. scikit-learn and scipy take long to import: not before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.results.agreement.pairs import Pairs, column, texts
from feedeval.results.stats import MANY_CLUSTERS, Interval, clustered_interval, wilson

DRAWS = 2000
"""Of a bootstrap."""
SEED = 0
"""The same rows give the same interval."""
THRESHOLDS = tuple(n / 20 for n in range(20))
"""Confidences from which on predictions count: 0, 0.05, … 0.95."""

Floats = NDArray[np.float64]


def accuracy(pairs: Pairs, clusters: NDArray[np.int64] | None, level: float) -> Interval:
    """Return the share that is right, with a Wilson interval, or with one that draws whole clusters."""
    if clusters is None:
        return wilson(int(pairs.right.sum()), len(pairs), level)
    return clustered_interval(pairs.right.astype(float), clusters=clusters, confidence=level, draws=DRAWS, seed=SEED)


def majority(pairs: Pairs) -> tuple[str, float]:
    """Return the most frequent label, and its share: the accuracy of always saying it."""
    counts = np.bincount(pairs.truth, minlength=len(pairs.labels))
    return pairs.labels[int(counts.argmax())], float(counts.max() / len(pairs))


def kappa(
    pairs: Pairs,
    clusters: NDArray[np.int64] | None,
    level: float,
    weights: str | None = None,
    stands_for: Floats | None = None,
) -> Interval:
    """Return Cohen's kappa (J. Cohen 1960, doi:10.1177/001316446002000104; weighted: 1968, doi:10.1037/h0026256).

    The interval is a percentile bootstrap over rows, or over whole clusters (B. Efron, R. Tibshirani, An Introduction
    to the Bootstrap, 1993, chapter 13); draws in which kappa is not defined are left out. Rows that were drawn with
    different probabilities count for what they stand for.
    """
    estimate = kappa_alone(pairs, weights, stands_for)
    if stands_for is not None and clusters is None:
        clusters = np.arange(len(pairs))
    drawn_from = len(pairs) if clusters is None else len(np.unique(clusters))
    if np.isnan(estimate) or drawn_from < 2:
        return Interval(estimate, np.nan, np.nan)
    drawn = _kappas(*_draws(pairs, clusters, stands_for), size=len(pairs.labels) + 1, weights=weights)
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(estimate, float(low), float(high))


def kappa_alone(pairs: Pairs, weights: str | None = None, stands_for: Floats | None = None) -> float:
    """Return kappa without an interval; NaN where it is not defined: without rows, or with one label only."""
    from sklearn.metrics import cohen_kappa_score

    numbers = list(range(len(pairs.labels) + 1))
    if len({*pairs.truth.tolist(), *pairs.said.tolist()}) < 2:
        return float("nan")
    said = cohen_kappa_score(pairs.truth, pairs.said, labels=numbers, weights=weights, sample_weight=stands_for)
    return float(said)


def _draws(
    pairs: Pairs, clusters: NDArray[np.int64] | None, stands_for: Floats | None = None
) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Return drawn counts (draws, cells) of the cells of the confusion matrix that occur, with their two labels.

    Rows of one cell are alike, so that drawing rows with replacement is one multinomial draw of the cells, whatever
    their number; `scipy.stats.bootstrap` would draw each row. The counts of many drawn clusters are normal to within
    the noise of the draws, and are drawn as such.
    """
    drawn: NDArray[Any]
    generator = np.random.default_rng(SEED)
    cells, cell_of = np.unique(np.column_stack([pairs.truth, pairs.said]), axis=0, return_inverse=True)
    cell_of = cell_of.reshape(-1)
    if clusters is None:
        counts = np.bincount(cell_of, minlength=len(cells))
        drawn = generator.multinomial(len(pairs), counts / len(pairs), size=DRAWS).astype(float)
    else:
        names, cluster_of = np.unique(clusters, return_inverse=True)
        held = np.zeros((len(names), len(cells)))
        np.add.at(held, (cluster_of.reshape(-1), cell_of), 1 if stands_for is None else stands_for)
        if len(names) >= MANY_CLUSTERS:
            spread = len(names) * np.atleast_2d(np.cov(held, rowvar=False, bias=True))
            drawn = generator.multivariate_normal(held.sum(axis=0), spread, size=DRAWS, method="eigh").clip(0)
        else:
            drawn = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=DRAWS) @ held
    return drawn, cells[:, 0], cells[:, 1]


def _kappas(
    counts: Floats, truth: NDArray[np.int64], said: NDArray[np.int64], *, size: int, weights: str | None
) -> Floats:
    steps = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(float)
    cost = {None: (steps > 0).astype(float), "linear": steps, "quadratic": steps**2}[weights]
    totals = counts.sum(axis=1)
    rows, columns = counts @ np.eye(size)[truth], counts @ np.eye(size)[said]
    observed = counts @ cost[truth, said] / totals
    expected = np.einsum("di,ij,dj->d", rows, cost, columns, optimize=True) / totals**2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1 - observed / expected, np.nan)


def per_class(pairs: Pairs) -> pd.DataFrame:
    """Return precision, recall and F1 of each label; NaN where nothing is to be divided."""
    from sklearn.metrics import precision_recall_fscore_support

    numbers = list(range(len(pairs.labels)))
    precision, recall, f1, support = precision_recall_fscore_support(
        pairs.truth, pairs.said, labels=numbers, zero_division=np.nan
    )
    predicted = np.bincount(pairs.said, minlength=len(numbers) + 1)[: len(numbers)]
    return pd.DataFrame(
        {
            "label": pd.array(pairs.labels, dtype="str"),
            "support": np.asarray(support, dtype=np.int64),
            "predicted": predicted.astype(np.int64),
            "precision": np.asarray(precision, dtype=float),
            "recall": np.asarray(recall, dtype=float),
            "f1": np.asarray(f1, dtype=float),
        }
    )


def confusion(pairs: Pairs) -> pd.DataFrame:
    """Return counts, a row a label and a column a prediction; abstentions stand last where there are any."""
    from sklearn.metrics import confusion_matrix

    size = len(pairs.labels)
    counts = confusion_matrix(pairs.truth, pairs.said, labels=list(range(size + 1)))[:size]
    said = [*pairs.labels, *([] if pairs.answered.all() else [str(pairs.abstain)])]
    return pd.DataFrame(
        counts[:, : len(said)],
        index=pd.Index(pairs.labels, name="label", dtype="str"),
        columns=pd.Index(said, name="prediction", dtype="str"),
    )


def calibration(pairs: Pairs, confidence: Floats | None, bins: int, level: float) -> tuple[pd.DataFrame, float]:
    """Return the reliability table and the expected calibration error of the answered rows that have a confidence.

    Bins of equal width, closed above, the first also below; the error is Σ n/N · |accuracy − mean confidence| over the
    bins (C. Guo and others, On Calibration of Modern Neural Networks, ICML 2017, arXiv:1706.04599, equation 3).
    """
    sure = pairs.answered if confidence is None else pairs.answered & ~np.isnan(confidence)
    values = np.empty(0) if confidence is None else confidence[sure]
    right = pairs.right[sure] if confidence is not None else np.empty(0, dtype=bool)
    # Rounded, so that 0.3 falls into the bin that ends at 0.3, which floating point puts just above.
    number = np.clip(np.ceil(np.round(values * bins, 9)).astype(np.int64) - 1, 0, bins - 1)
    rows = []
    for each in np.unique(number):
        held = number == each
        share = wilson(int(right[held].sum()), int(held.sum()), level)
        rows.append((each / bins, (each + 1) / bins, values[held].mean(), *share, int(held.sum())))
    names = ["low", "high", "confidence", "accuracy", "accuracy_low", "accuracy_high", "n"]
    table = pd.DataFrame(rows, columns=names).astype({**dict.fromkeys(names, "float64"), "n": "int64"})
    gaps = (table["accuracy"] - table["confidence"]).abs()
    return table, float((gaps * table["n"]).sum() / table["n"].sum()) if len(table) else float("nan")


def thresholds(pairs: Pairs, confidence: Floats | None, level: float) -> pd.DataFrame:
    """Return coverage and accuracy of the answers that are at least so confident, for each of `THRESHOLDS`."""
    rows = []
    known = np.empty(0) if confidence is None else np.nan_to_num(confidence, nan=-1.0)
    for least in THRESHOLDS if (known >= 0).any() else ():
        kept = pairs.answered & (known >= least)
        share = wilson(int(pairs.right[kept].sum()), int(kept.sum()), level)
        rows.append((least, kept.mean(), *share, int(kept.sum())))
    names = ["threshold", "coverage", "accuracy", "accuracy_low", "accuracy_high", "n"]
    return pd.DataFrame(rows, columns=names).astype({**dict.fromkeys(names, "float64"), "n": "int64"})


def slices(frame: pd.DataFrame, pairs: Pairs, by: Sequence[str], level: float) -> pd.DataFrame:
    """Return accuracy and kappa for each value of each column of `by`, most rows first.

    Raises:
        InputError: There is no such column.
    """
    rows = [row for name in by for row in _slices_of(frame, pairs, name, level)]
    kinds: dict[str, Any] = {
        **dict.fromkeys(["column", "value"], "str"),
        **dict.fromkeys(["n", "abstained", "left_out"], "int64"),
        **dict.fromkeys(["accuracy", "accuracy_low", "accuracy_high", "kappa"], "float64"),
    }
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)


def _slices_of(frame: pd.DataFrame, pairs: Pairs, name: str, level: float) -> list[tuple[Any, ...]]:
    values = np.array([text or "(none)" for text in texts(column(frame, name))], dtype=object)
    compared = values[pairs.rows]
    rows = []
    for value, there in pd.Series(values).value_counts().items():
        part = pairs.only(compared == value)
        abstained = int((~part.answered).sum())
        share = wilson(int(part.right.sum()), len(part), level)
        rows.append((name, value, len(part), abstained, there - len(part), *share, kappa_alone(part)))
    return rows


def disagreements(compared: pd.DataFrame, pairs: Pairs, confidence: Floats | None) -> pd.DataFrame:
    """Return the answered rows that are not right, the most confident first, those without a confidence last."""
    wrong = np.flatnonzero(pairs.answered & ~pairs.right)
    if confidence is not None:
        wrong = wrong[np.argsort(-np.nan_to_num(confidence[wrong], nan=-1.0), kind="stable")]
    return compared.iloc[wrong]
