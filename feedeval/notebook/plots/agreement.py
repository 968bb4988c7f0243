"""How far predictions agree with people, as plots: an agreement or the results of a shadow run in, Axes out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from feedeval.notebook.plots import axes as draw
from feedeval.notebook.plots.axes import PlotWords
from feedeval.notebook.plots.colours import BAR, PARTIAL, YES, Fill, ink
from feedeval.notebook.plots.text import elide, label
from feedeval.results.agreement.agreement import Agreement, percent
from feedeval.results.agreement.measure import agreement
from feedeval.results.judges.probe_report import ProbeReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOP = 20
"""Labels of a plot, unless the caller wants more."""
RESULTS = "an agreement, or the results of a shadow run, such as `session.results`"
PROBES = "what `fe.probe_judge` returns, or its `table`"

_NONE = "No row has both a label and a prediction: there is nothing to show."
_SHADES = ("#ffffff", "#1f4e8c")
"""Of the confusion matrix, from no rows to all of a label: their lightness alone tells them apart."""


def confusion(results: Agreement | pd.DataFrame, ax: Axes | None = None, *, top: int = TOP) -> Axes:
    """Plot which labels are taken for which.

    Args:
        results: What `fe.agreement` returned; or a row a case with the columns true_class and predicted_class.
        ax: Where to draw; None makes a figure as high as its rows need.
        top: Most labels shown, the first of the agreement's; the others are put together.

    Returns:
        The axes: a row a label, a column a prediction; the shade is the share of the label's rows in %.

    Raises:
        InputError: A column is missing.
    """
    found = _agreement(results)
    if found is None:
        return draw.sentence(ax, _NONE)
    counts = _merged(found.confusion, draw.most_rows(ax, top))
    shares = counts.div(counts.sum(axis=1).replace(0, 1), axis=0).to_numpy() * 100
    ax = draw.canvas(ax, rows=len(counts) + 3)
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("shades", _SHADES)
    shown = shades(shares / 100)
    ax.imshow(shown, aspect="auto")
    width = max(8, draw.room(ax) // 2)
    size = draw.label_rows(ax, _short(counts.index, width))
    ax.set_ylim(len(counts) - 0.5, -0.5)
    names = _short(counts.columns, width)
    crowded = sum(map(len, names)) > 2 * draw.room(ax)
    ax.set_xticks(range(len(names)), labels=names, rotation=90 if crowded else 0, usetex=False)
    _write_counts(ax, counts.to_numpy(), shown, size)
    words = PlotWords(
        f"{percent(found.accuracy)} right: labels (rows) and what was predicted (columns)",
        "Predicted (shade: share of the label’s rows in %)",
    )
    draw.dress(ax, words)
    ax.tick_params(axis="x", labelsize=size, length=0)
    ax.grid(visible=False)
    # Thin lines between the cells lead the eye along a row of blanks.
    ax.set_xticks(np.arange(0.5, len(names) - 1), minor=True)
    ax.set_yticks(np.arange(0.5, len(counts) - 1), minor=True)
    ax.tick_params(which="minor", length=0)
    ax.grid(visible=True, which="minor", color="#808080", alpha=0.3, linewidth=0.6)
    _note(ax, found)
    return ax


def reliability(results: Agreement | pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Plot whether predictions are right as often as they are sure.

    Args:
        results: As `confusion`; a frame also has the column confidence.
        ax: Where to draw; None makes a figure that a notebook shows.

    Returns:
        The axes: mean confidence in % against the share that is right in %, a point a bin with its interval; points
        under the dashed line are too sure.

    Raises:
        InputError: A column is missing.
    """
    found = _agreement(results, "confidence")
    if found is None:
        return draw.sentence(ax, _NONE)
    bins = found.calibration
    if bins.empty:
        return draw.sentence(ax, "No prediction has a confidence: there is nothing to show.")
    ax = draw.canvas(ax)
    colour = ink(ax)
    ax.plot([0, 100], [0, 100], color=colour, linestyle="--", linewidth=1, alpha=0.7)
    sure, right = bins["confidence"] * 100, bins["accuracy"] * 100
    reach = np.array([bins["accuracy"] - bins["accuracy_low"], bins["accuracy_high"] - bins["accuracy"]]) * 100
    ax.errorbar(
        *(sure, right), yerr=reach, fmt="o", color=BAR.colour, ecolor=colour, elinewidth=1, capsize=3, markersize=7,
        markeredgecolor=colour,
    )  # fmt: skip
    for x, y, count in zip(sure, right, bins["n"], strict=True):
        ax.annotate(
            *(f"{count:,}", (x, y)), xytext=(-6, 4), textcoords="offset points", ha="right", fontsize=draw.FONT_PT - 1,
            color=colour, usetex=False,
        )  # fmt: skip
    ax.set_xlim(0, 103)
    ax.set_ylim(-3, 108)
    ax.set_yticks(range(0, 101, 20))
    words = PlotWords(
        f"Confidence and accuracy lie {100 * found.ece:.0f} points apart on average; beside each point its rows",
        "Mean confidence (%); dashed: right as often as sure",
        "Right, of those answered (%)",
    )
    draw.dress(ax, words)
    _note(ax, found)
    return ax


def per_class(results: Agreement | pd.DataFrame, ax: Axes | None = None, *, top: int = TOP) -> Axes:
    """Plot precision and recall of each label.

    Args:
        results: As `confusion`.
        ax: Where to draw; None makes a figure as high as its rows need.
        top: Most labels shown, the first of the agreement's.

    Returns:
        The axes: share in %, two bars a label, F1 and the number of rows behind them.

    Raises:
        InputError: A column is missing.
    """
    found = _agreement(results)
    if found is None:
        return draw.sentence(ax, _NONE)
    shown = found.per_class.head(draw.most_rows(ax, top, lines=2))
    ax = draw.canvas(ax, rows=len(shown), lines=2)
    places = np.arange(len(shown))
    pairs = ((YES, "precision", -0.19), (PARTIAL, "recall", 0.19))
    for fill, name, shift in pairs:
        draw.bars(ax, fill, places=places + shift, lengths=shown[name].fillna(0) * 100, height=0.36)
    draw.label_rows(ax, [elide(label(name), draw.room(ax)) for name in shown["label"]])
    ends = shown[["precision", "recall"]].max(axis=1).fillna(0) * 100
    texts = [
        f"F1 {'–' if f1 != f1 else f'{f1:.2f}'} · {support:,} labelled"
        for f1, support in zip(shown["f1"], shown["support"], strict=True)
    ]
    draw.value_texts(ax, list(ends), texts)
    ax.set_xlim(0, 145)
    ax.set_xticks(range(0, 101, 20))
    title = (
        "Each label"
        if len(shown) == len(found.per_class)
        else f"The first {len(shown)} of {len(found.per_class)} labels"
    )
    legend = ((YES, "precision: predicted so, and right"), (PARTIAL, "recall: labelled so, and found"))
    draw.dress(ax, PlotWords(f"{title}: precision and recall", "Share of rows (%)", legend=legend))
    _note(ax, found)
    return ax


def probes(report: ProbeReport | pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Plot how often a judge does right on each kind of planted case.

    Args:
        report: What `fe.probe_judge` returned; or a row a probe with the columns probe (str), n, right (counts), rate,
            low, high (shares with their interval), and perhaps bar (the share from which a judge counts as good).
        ax: Where to draw; None makes a figure as high as its rows need.

    Returns:
        The axes: share of the cases in %, a row a probe with its interval, a mark where good begins.

    Raises:
        InputError: A column is missing.
    """
    table = report.table if isinstance(report, ProbeReport) else report
    draw.needs(table, ["probe", "n", "right", "rate", "low", "high"], PROBES)
    tried = table[table["n"] > 0]
    if tried.empty:
        return draw.sentence(ax, "No case has been judged yet: there is nothing to show.")
    ax = draw.canvas(ax, rows=len(tried))
    places = np.arange(len(tried))
    rates, lows, highs = (tried[name].to_numpy(dtype=float) * 100 for name in ("rate", "low", "high"))
    draw.bars(ax, BAR, places=places, lengths=rates)
    lows, highs = (np.where(np.isnan(bound), rates, bound) for bound in (lows, highs))
    reach = np.clip([rates - lows, highs - rates], 0, None)
    # A line that shows on the bar and on the paper behind it.
    for width, colour in ((3.5, ax.get_facecolor()), (1.4, ink(ax))):
        ax.errorbar(rates, places, xerr=reach, fmt="none", ecolor=colour, elinewidth=width, capsize=3, capthick=width)
    xlabel = "Cases judged right (%), with their interval"
    if "bar" in tried.columns:
        goals = tried["bar"].to_numpy(dtype=float) * 100
        for colour, width in ((ax.get_facecolor(), 4.0), (PARTIAL.colour, 2.2)):
            ax.vlines(goals, places - 0.46, places + 0.46, color=colour, linewidth=width, zorder=3)
        xlabel += "; the upright line is where good begins"
    draw.label_rows(ax, [elide(label(name), draw.room(ax)) for name in tried["probe"]])
    counted = zip(rates, tried["right"], tried["n"], strict=True)
    texts = [f"{rate:.0f} % · {right:,.0f} of {n:,.0f}" for rate, right, n in counted]
    draw.value_texts(ax, list(np.maximum(highs, rates)), texts)
    ax.set_xlim(0, 140)
    ax.set_xticks(range(0, 101, 20))
    draw.dress(ax, PlotWords("How often the judge does right on planted cases", xlabel))
    if isinstance(report, ProbeReport) and report.session.note:
        _first_of(ax, report.session.note)
    draw.engine_footnote(ax, table)
    return ax


def _agreement(results: Agreement | pd.DataFrame, *further: str) -> Agreement | None:
    if isinstance(results, Agreement):
        return results
    draw.needs(results, ["true_class", "predicted_class", *further], RESULTS)
    both = results["true_class"].notna() & results["predicted_class"].notna()
    return agreement(results) if both.any() else None


def _merged(counts: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return a confusion matrix of at most so many labels; the last one stands for all others."""
    if len(counts) <= most:
        return counts
    kept = list(counts.index[: most - 1])
    others = f"({len(counts) - len(kept)} others)"
    rename = {name: others for name in counts.index if name not in kept}
    merged = counts.rename(index=rename, columns=rename)
    order = [*kept, others]
    said = [*order, *[name for name in counts.columns if name not in counts.index]]
    return merged.groupby(level=0).sum().T.groupby(level=0).sum().T.loc[order, said]


def _short(names: Iterable[str], width: int) -> list[str]:
    """Return names cut to `width` cells, with their number before those that the cut makes alike."""
    cut = [elide(label(name), width) for name in names]
    return [f"{n}: {text}" if cut.count(text) > 1 else text for n, text in enumerate(cut, start=1)]


def _write_counts(ax: Axes, counts: Any, behind: Any, size_pt: float) -> None:
    from matplotlib.colors import to_hex

    for (row, column), count in np.ndenumerate(counts):
        if count:
            ax.text(
                *(column, row, f"{count:,}"), ha="center", va="center", fontsize=size_pt, usetex=False,
                color=Fill(to_hex(tuple(behind[row, column]))).contrast,
            )  # fmt: skip


def _note(ax: Axes, found: Agreement) -> None:
    """Say under a plot what has to be said first of its figures."""
    if found.notes:
        _first_of(ax, found.notes[0])


def _first_of(ax: Axes, note: str) -> None:
    draw.footnote(ax, note.partition(":")[0].rstrip(".") + ".")
