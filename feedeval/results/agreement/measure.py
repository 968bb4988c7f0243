"""How far predictions agree with what people said: images and their labels, or a judge's verdicts and people's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypedDict, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.errors import InputError
from feedeval.records.kinds import JobKind
from feedeval.results.agreement import figures
from feedeval.results.agreement.agreement import Agreement, Criticals
from feedeval.results.agreement.pairs import Pairs, column, pairs_of, yes_or_no
from feedeval.results.naming import engine_note
from feedeval.results.stats import wilson

CONFIDENCE = "confidence"
CRITICAL = ("critical_hazard", "critical")
FEW_ROWS = 30
"""Below so many rows a note says that the intervals are rough."""


class AgreementOptions(TypedDict, total=False):
    """What else `agreement` takes."""

    confidence: str | None
    """Column of the confidence in [0, 1]; `confidence` where there is one, None for none."""
    critical: tuple[str, str] | None
    """Columns of what people and what the model called critical; `critical_hazard` and `critical` where both are there,
    None for none."""
    order: Sequence[str] | None
    """The labels from lowest to highest, for the weighted kappa; `no`, `partial`, `yes` where these are the labels."""
    weights: Literal["linear", "quadratic"]
    """How the weight of a disagreement grows with its distance in `order`; default `linear`."""
    clusters: str | None
    """Column of what rows belong together, such as `product_id`: the intervals of accuracy and kappa draw it whole."""
    abstain: str | None
    """The prediction that stands for no answer; default `unsure`, None where every prediction is an answer."""
    bins: int
    """Bins of equal width of the reliability table; default 10."""
    level: float
    """Confidence of the intervals; default 0.95."""


def agreement(
    frame: pd.DataFrame,
    *,
    truth: str = "true_class",
    prediction: str = "predicted_class",
    by: str | Sequence[str] = (),
    **options: Unpack[AgreementOptions],
) -> Agreement:
    """Compare predictions with labels: accuracy, kappa, each class, calibration, abstentions, slices.

    The results of a shadow run are compared as they are; a judge is judged with `truth="human"`,
    `prediction="verdict"`. Labels are the same where they differ in case and white space only. Rows without a label
    or a prediction (unreadable, failed) are left out and counted.

    Args:
        frame: A row a case.
        truth: Column of what people said.
        prediction: Column of what is compared with it.
        by: Columns whose values are compared apart.
        **options: `confidence`, `critical`, `order`, `weights`, `clusters`, `abstain`, `bins`, `level`, as
            `AgreementOptions` says.

    Raises:
        InputError: A column is missing, no row can be compared, a confidence is not in [0, 1], or a label is not in
            `order`.
    """
    _check(options)
    level, bins = options.get("level", 0.95), options.get("bins", 10)
    pairs = pairs_of(frame, truth, prediction, abstain=options.get("abstain", "unsure"), order=options.get("order"))
    compared = frame.iloc[pairs.rows]
    confidence = _confidence(compared, options)
    clusters = _clusters(compared, options)
    answered = pairs.only(pairs.answered)
    clusters_answered = None if clusters is None else clusters[pairs.answered]
    weights = options.get("weights", "linear")
    kappa = figures.kappa(pairs, clusters, level)
    reliability, ece = figures.calibration(pairs, confidence, bins, level)
    return Agreement(
        truth=truth,
        prediction=prediction,
        rows=len(frame),
        left_out=pairs.left_out,
        n=len(pairs),
        level=level,
        right=int(pairs.right.sum()),
        abstain=pairs.abstain,
        abstained=len(pairs) - len(answered),
        accuracy=figures.accuracy(pairs, clusters, level),
        accuracy_answered=figures.accuracy(answered, clusters_answered, level),
        majority=figures.majority(pairs),
        kappa=kappa,
        kappa_answered=kappa if pairs.answered.all() else figures.kappa(answered, clusters_answered, level),
        weighted_kappa=figures.kappa(answered, clusters_answered, level, weights) if pairs.ordered else None,
        per_class=figures.per_class(pairs),
        confusion=figures.confusion(pairs),
        calibration=reliability,
        ece=ece,
        thresholds=figures.thresholds(pairs, confidence, level),
        slices=figures.slices(frame, pairs, [by] if isinstance(by, str) else by, level),
        criticals=_criticals(frame, options, level),
        disagreements=figures.disagreements(compared, pairs, confidence),
        notes=tuple(_notes(compared, pairs)),
    )


def _check(options: AgreementOptions) -> None:
    known = AgreementOptions.__annotations__
    if unknown := [name for name in options if name not in known]:
        raise InputError(f"{', '.join(unknown)}: no such setting; known are truth, prediction, by, {', '.join(known)}")
    if not 0 < (level := options.get("level", 0.95)) < 1:
        raise InputError(f"level={level!r}: give a share between 0 and 1, such as 0.95")
    bins, weights = options.get("bins", 10), options.get("weights", "linear")
    if isinstance(bins, bool) or not isinstance(bins, int) or not 1 <= bins <= 100:
        raise InputError(f"bins={bins!r}: give 1 to 100 bins")
    if weights not in ("linear", "quadratic"):
        raise InputError(f"weights={weights!r}: give 'linear' or 'quadratic'")


def _confidence(compared: pd.DataFrame, options: AgreementOptions) -> NDArray[np.float64] | None:
    name = options.get("confidence", CONFIDENCE)
    if name is None or ("confidence" not in options and name not in compared.columns):
        return None
    given = column(compared, name)
    values = pd.to_numeric(given, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    strange = (given.notna().to_numpy() & np.isnan(values)) | (values < 0) | (values > 1)
    if strange.any():
        where = int(np.flatnonzero(strange)[0])
        raise InputError(
            f"column {name!r} has {str(given.iloc[where])!r} in the row {compared.index[where]!r}: a confidence is a "
            "share from 0 to 1; name another column with confidence=, or confidence=None to do without"
        )
    return values


def _clusters(compared: pd.DataFrame, options: AgreementOptions) -> NDArray[np.int64] | None:
    name = options.get("clusters")
    if name is None:
        return None
    # Missing values belong to no cluster but to themselves.
    codes, found = pd.factorize(column(compared, name))
    alone = codes < 0
    codes[alone] = len(found) + np.arange(alone.sum())
    return codes.astype(np.int64)


def _criticals(frame: pd.DataFrame, options: AgreementOptions, level: float) -> Criticals | None:
    names = options.get("critical", CRITICAL)
    if names is None or ("critical" not in options and not set(names) <= set(frame.columns)):
        return None
    people, model = (yes_or_no(column(frame, name)) for name in names)
    n = int((~np.isnan(people) & ~np.isnan(model)).sum())
    if not n:
        return None
    found = int(((people == 1) & (model == 1)).sum())
    missed, false = frame[(people == 1) & (model == 0)], frame[(people == 0) & (model == 1)]
    return Criticals(
        n=n,
        labelled=found + len(missed),
        found=found,
        missed=missed,
        false=false,
        recall=wilson(found, found + len(missed), level),
        precision=wilson(found, found + len(false), level),
    )


def _notes(compared: pd.DataFrame, pairs: Pairs) -> Iterator[str]:
    engines = compared["engine"].dropna().unique() if "engine" in compared.columns else ()
    kind = JobKind.SHADOW if "predicted_class" in compared.columns else JobKind.AUDIT
    yield from filter(None, (engine_note(str(engine), kind) for engine in engines))
    if len(pairs) < FEW_ROWS:
        counted = "row was" if len(pairs) == 1 else "rows were"
        yield f"Only {len(pairs):,} {counted} compared: the figures say little, whatever their intervals."
    if len(pairs.labels) == 1:
        yield f"{pairs.labels[0]!r} is the only label that occurs, so that kappa is not defined."
    elif pairs.right.all():
        yield "Every row agrees: drawing rows again cannot say how sure kappa is; the interval of accuracy does."
