"""An agreement, as text for a terminal and as static HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from feedeval.formatting import columns, plain
from feedeval.html import Markup, definitions, escape, section, table
from feedeval.results.stats import Interval

MOST_CLASSES = 15
"""More labels than this make no table of a confusion that could be read."""
ROWS_SHOWN = 30


class Criticals(NamedTuple):
    """What people called critical against what the model did."""

    n: int
    """Rows where both said it."""
    labelled: int
    found: int
    """Critical to both."""
    missed: pd.DataFrame
    """The rows that people called critical and the model did not, as they were given."""
    false: pd.DataFrame
    """The rows that the model called critical and people did not."""
    recall: Interval
    """Share of the labelled ones that were found, with its Wilson interval."""
    precision: Interval
    """Share of those called critical that are, with its Wilson interval."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far two columns of labels agree; shown as text by `print` and as tables in a notebook.

    Only rows with both a label and a prediction are compared; the others are counted in `left_out` and are neither
    right nor wrong. A prediction that abstains is compared: it is not right, and a label of its own to kappa.
    """

    truth: str
    prediction: str
    rows: int
    """Rows of the frame."""
    left_out: Mapping[str, int]
    """Rows that could not be compared, by what they lack."""
    n: int
    """Rows compared."""
    level: float
    """Confidence of all intervals."""
    right: int
    abstain: str | None
    abstained: int
    """Compared rows without an answer."""
    accuracy: Interval
    """Share of the compared rows that are right."""
    accuracy_answered: Interval
    """Share of the answered rows that are right."""
    majority: tuple[str, float]
    """The most frequent label, and the accuracy of always saying it."""
    kappa: Interval
    """Cohen's kappa over the compared rows with a bootstrap interval; NaN where only one label occurs."""
    kappa_answered: Interval
    """The same over the answered rows."""
    weighted_kappa: Interval | None
    """Weighted kappa over the answered rows; None where the labels have no order."""
    per_class: pd.DataFrame
    """A row a label: label (str), support, predicted (int64), precision, recall, f1 (float64, NaN where undefined)."""
    confusion: pd.DataFrame
    """Counts: a row a label, a column a prediction, abstentions last where there are any."""
    calibration: pd.DataFrame
    """A row a bin of confidence that is not empty: low, high, confidence (mean), accuracy, accuracy_low, accuracy_high
    (float64), n (int64). Empty where there is no confidence."""
    ece: float
    """Expected calibration error: mean distance of confidence and accuracy over the bins; NaN without confidence."""
    thresholds: pd.DataFrame
    """What is left where only predictions at least so confident count: threshold, coverage (share of the compared
    rows), accuracy, accuracy_low, accuracy_high (float64), n (int64)."""
    slices: pd.DataFrame
    """A row a value of each column of `by`: column, value (str), n, abstained, left_out (int64), accuracy,
    accuracy_low, accuracy_high, kappa (float64)."""
    criticals: Criticals | None
    """None where the frame does not say what is critical."""
    disagreements: pd.DataFrame
    """The answered rows that are not right, as they were given, the most confident first."""
    notes: tuple[str, ...]
    """What a reader has to know of the figures."""

    def __str__(self) -> str:
        return text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html(self)


def text(found: Agreement) -> str:
    """Return the agreement for a terminal."""
    facts = _facts(found)
    room = max(map(len, facts))
    parts = ["\n".join([plain(_title(found)), *map(plain, found.notes)])]
    parts.append("\n".join(f"{name:<{room}}  {plain(value)}" for name, value in facts.items()))
    for name, header, rows in _tables(found):
        parts.append(f"{plain(name)}\n" + columns(rows[:ROWS_SHOWN], header, indent="  "))
    return "\n\n".join(parts)


def html(found: Agreement) -> Markup:
    """Return the agreement as static HTML."""
    notes = [Markup(f"<p><em>{escape(note)}</em></p>") for note in found.notes]
    tables = [section(name, table(rows[:ROWS_SHOWN], header)) for name, header, rows in _tables(found)]
    side_by_side = Markup(f'<div style="display:flex;flex-wrap:wrap;column-gap:2.5em">{"".join(tables)}</div>')
    return section(_title(found), *notes, definitions(_facts(found)), side_by_side)


def _title(found: Agreement) -> str:
    return f"How far {found.prediction} agrees with {found.truth}"


def _facts(found: Agreement) -> dict[str, str]:
    missing = ", ".join(f"{count:,} with {what}" for what, count in found.left_out.items())
    label, share = found.majority
    facts = {"Compared": f"{found.n:,} of {found.rows:,} rows" + (f"; left out: {missing}" if missing else "")}
    facts["In brackets"] = f"{100 * found.level:g} % intervals"
    if found.abstained:
        facts["Right"] = f"{percent(found.accuracy)} of all; {found.abstain!r} counts as not right"
        facts["Right of those answered"] = percent(found.accuracy_answered)
        facts["Not answered"] = f"{found.abstained:,} of {found.n:,}: {found.abstain!r}"
    else:
        facts["Right"] = percent(found.accuracy)
    facts[f"Always {label!r}"] = f"{100 * share:.1f} % right"
    facts["Cohen’s kappa"] = _kappa(found.kappa)
    if found.abstained:
        facts["Kappa of those answered"] = _kappa(found.kappa_answered)
    if found.weighted_kappa is not None:
        facts["Weighted kappa"] = _kappa(found.weighted_kappa)
    if found.ece == found.ece:
        facts["Calibration error"] = f"{100 * found.ece:.1f} points between confidence and accuracy, on average"
    if (critical := found.criticals) is not None:
        facts["Critical, found"] = f"{critical.found:,} of {critical.labelled:,}: {percent(critical.recall)}"
        facts["Critical, missed"] = f"{len(critical.missed):,}"
        facts["Critical, false alarms"] = f"{len(critical.false):,}"
    return facts


def percent(share: Interval) -> str:
    """Return a share as a person reads it, such as `81.3 % (74.0 to 87.2)`."""
    if share.estimate != share.estimate:
        return "not known"
    points = share.scaled(100)
    bounds = "" if points.low != points.low else f" ({points.low:.1f} to {points.high:.1f})"
    return f"{points.estimate:.1f} %{bounds}"


def _kappa(value: Interval) -> str:
    return "not defined: one label only" if value.estimate != value.estimate else f"{value:.2f}"


Table = tuple[str, tuple[str, ...], Sequence[tuple[object, ...]]]


def _tables(found: Agreement) -> Iterator[Table]:
    yield _classes(found)
    if len(found.confusion) <= MOST_CLASSES:
        yield _confusion(found)
    if len(found.calibration):
        yield _calibration(found)
        yield _thresholds(found)
    for name in found.slices["column"].unique():
        yield _slices(found, name)


def _classes(found: Agreement) -> Table:
    classes = found.per_class
    figures = [[_two(value) for value in classes[name]] for name in ("precision", "recall", "f1")]
    rows = list(
        zip(classes["label"], *(map(_count, classes[n]) for n in ("support", "predicted")), *figures, strict=True)
    )
    return _cut("Each label", len(rows)), ("Label", "Labelled", "Predicted", "Precision", "Recall", "F1"), rows


def _confusion(found: Agreement) -> Table:
    counts = found.confusion
    # Nothing in place of zeros: what is confused stands out.
    rows = [
        (label, *(_count(n) if n else "" for n in row))
        for label, row in zip(counts.index, counts.to_numpy(), strict=True)
    ]
    return "Labels (rows) and predictions (columns)", ("", *counts.columns), rows


def _calibration(found: Agreement) -> Table:
    rows = [
        (f"{low:.2f} to {high:.2f}", f"{mean:.2f}", percent(Interval(*share)), _count(n))
        for low, high, mean, *share, n in found.calibration.itertuples(index=False)
    ]
    return "Is it right as often as it is sure?", ("Confidence", "Mean", "Right", "Rows"), rows


def _thresholds(found: Agreement) -> Table:
    # Every second threshold, and none that leaves out nothing more.
    steps = found.thresholds.iloc[::2].drop_duplicates("n", keep="last")
    rows = [
        (f"from {least:.2f}", f"{100 * coverage:.1f} %", percent(Interval(*share)), _count(n))
        for least, coverage, *share, n in steps.itertuples(index=False)
    ]
    return "Taking confident predictions only", ("Confidence", "Rows covered", "Right", "Rows"), rows


def _slices(found: Agreement, name: str) -> Table:
    part = found.slices[found.slices["column"] == name]
    rows = [
        (value, _count(n), _count(out), percent(Interval(*share)), _two(kappa))
        for _, value, n, _, out, *share, kappa in part.itertuples(index=False)
    ]
    return _cut(f"By {name}", len(rows)), (name, "Rows", "Left out", "Right", "Kappa"), rows


def _cut(title: str, there: int) -> str:
    return title if there <= ROWS_SHOWN else f"{title}: the first {ROWS_SHOWN} of {there:,}"


def _count(value: int) -> str:
    return f"{value:,}"


def _two(value: float) -> str:
    return "" if value != value else f"{value:.2f}"
