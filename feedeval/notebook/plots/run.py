"""How a run went, as plots: what failed, how fast it was and what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from feedeval.notebook.plots import axes as draw
from feedeval.notebook.plots.axes import PlotWords
from feedeval.notebook.plots.colours import BAR, SERIES, ink
from feedeval.notebook.plots.text import elide, label
from feedeval.notebook.plots.timeline import NO_REPORTS, REPORTS, UNITS_S, time_axis, working_time
from feedeval.results.frames.results import units_of
from feedeval.run.telling.words import fault_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAILURES = "failures, such as `session.failures`"
TOP = 12

_NAMES = {"s": "second", "min": "minute", "h": "hour"}
_MOST_BARS = 60


def errors_by_type(failures: pd.DataFrame, ax: Axes | None = None, *, top: int = TOP) -> Axes:
    """Plot how many products (or images) failed by which kind of error, the most frequent first.

    Args:
        failures: A row a failed record; column error_type.
        ax: Where to draw; None makes a figure as high as its rows need.
        top: Most kinds shown.

    Returns:
        The axes: failed records, a row a kind of error.

    Raises:
        InputError: A column is missing.
    """
    draw.needs(failures, ["error_type"], FAILURES)
    one, several = units_of(failures)
    if failures.empty:
        return draw.sentence(ax, f"No {one} failed.")
    ranked = failures["error_type"].value_counts()
    shown = ranked.head(draw.most_rows(ax, top))
    ax = draw.canvas(ax, rows=len(shown))
    draw.bars(ax, BAR, places=range(len(shown)), lengths=shown.to_numpy())
    draw.label_rows(ax, [elide(label(fault_in_words(name)), draw.room(ax)) for name in shown.index])
    texts = [f"{count:,} ({100 * count / len(failures):.0f} %)" for count in shown]
    draw.value_texts(ax, list(shown.astype(float)), texts)
    ax.set_xlim(0, shown.max() * 1.25)
    draw.whole_numbers(ax, "x")
    more = "" if len(shown) == len(ranked) else f", the {len(shown)} most frequent of {len(ranked)}"
    many = _many(len(failures), f"failed {one}", f"failed {several}")
    draw.dress(ax, PlotWords(f"Causes of {many}{more}", f"Failed {several}"))
    return ax


def errors_over_batches(failures: pd.DataFrame, ax: Axes | None = None, *, total_batches: int | None = None) -> Axes:
    """Plot in which batches products (or images) failed, by kind of error.

    Args:
        failures: A row a failed record; columns batch_number and error_type.
        ax: Where to draw; None makes a figure that a notebook shows.
        total_batches: Batches of the run, so that those after the last failure are shown too.

    Returns:
        The axes: batch number against failed records. Where there are many batches, a bar stands for several.

    Raises:
        InputError: A column is missing.
    """
    draw.needs(failures, ["batch_number", "error_type"], FAILURES)
    one, several = units_of(failures)
    known = failures[failures["batch_number"].notna()]
    if known.empty:
        return draw.sentence(ax, f"No {one} failed.")
    ax = draw.canvas(ax)
    numbers = known["batch_number"].to_numpy(dtype=float)
    last = max(int(numbers.max()), total_batches or 1)
    step = -(-last // _MOST_BARS)
    edges = np.arange(0.5, last + step + 0.5, step)
    kinds = known["error_type"].value_counts()
    named = list(kinds.index[: len(SERIES) if len(kinds) <= len(SERIES) else len(SERIES) - 1])
    parts = [(label(fault_in_words(kind)), known["error_type"] == kind) for kind in named]
    if len(kinds) > len(named):
        parts.append((f"{len(kinds) - len(named)} other causes", ~known["error_type"].isin(named)))
    bottoms = np.zeros(len(edges) - 1)
    for fill, (_, rows) in zip(SERIES, parts, strict=False):
        heights, _ = np.histogram(numbers[rows.to_numpy(dtype=bool)], bins=edges)
        draw.columns(ax, fill, edges=edges, heights=heights, bottoms=bottoms)
        bottoms = bottoms + heights
    ax.set_xlim(0.5, edges[-1])
    ax.set_ylim(0, float(bottoms.max()) * 1.08)
    draw.whole_numbers(ax, "x")
    draw.whole_numbers(ax, "y")
    xlabel = "Batch number" if step == 1 else f"Batch number; a bar stands for {step} batches"
    legend = tuple((fill, text) for fill, (text, _) in zip(SERIES, parts, strict=False))
    draw.dress(ax, PlotWords("Failures over the batches", xlabel, f"Failed {several}", legend))
    return ax


def rate(reports: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Plot how many products (or images) were done in a unit of time, over the time that was spent working.

    Args:
        reports: A row a batch; columns timestamp, elapsed_ms and processed.
        ax: Where to draw; None makes a figure that a notebook shows.

    Returns:
        The axes: time against records a second, minute or hour. A batch counts evenly over the time it was open.

    Raises:
        InputError: A column is missing.
    """
    draw.needs(reports, ["timestamp", "elapsed_ms", "processed"], REPORTS)
    time = working_time(reports)
    if time is None:
        return draw.sentence(ax, NO_REPORTS)
    ax = draw.canvas(ax)
    processed = time.of(reports["processed"])
    edges = np.linspace(0, time.span_s, min(_MOST_BARS, max(1, len(time.ends_s) // 3)) + 1)
    lasted = np.maximum(time.ends_s - time.starts_s, 1e-6)
    done = np.array([(processed * np.clip((edge - time.starts_s) / lasted, 0, 1)).sum() for edge in edges])
    per_s = np.diff(done) / np.diff(edges)
    unit, unit_s = next(((u, s) for u, s in UNITS_S.items() if per_s.max() * s >= 1), ("h", 3600.0))
    _, scale = time.unit
    ax.stairs(per_s * unit_s, edges / scale, fill=True, facecolor=BAR.colour, alpha=0.4, linewidth=0)
    ax.stairs(per_s * unit_s, edges / scale, color=ink(ax), linewidth=1.2, baseline=None)
    mean = processed.sum() / time.span_s * unit_s
    time_axis(ax, time)
    per = f"{units_of(reports)[1]} a {_NAMES[unit]}"
    draw.dress(ax, PlotWords(f"Rate: {_figure(mean)} {per} on average", time.label, per.capitalize()))
    return ax


def latency(reports: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Plot how long batches took for each of their products, over the time that was spent working.

    Batches overlap, so this is not the inverse of the rate: it grows when calls wait or are tried again.

    Args:
        reports: A row a batch; columns timestamp, elapsed_ms and average_time_ms.
        ax: Where to draw; None makes a figure that a notebook shows.

    Returns:
        The axes: time against milliseconds or seconds a product. Of many batches the median is drawn, and a band that
        holds 80 % of them.

    Raises:
        InputError: A column is missing.
    """
    draw.needs(reports, ["timestamp", "elapsed_ms", "average_time_ms"], REPORTS)
    time = working_time(reports)
    if time is None:
        return draw.sentence(ax, NO_REPORTS)
    ax = draw.canvas(ax)
    values = time.of(reports["average_time_ms"])
    unit, divisor = ("s", 1000.0) if np.median(values) >= 1000 else ("ms", 1.0)
    values = values / divisor
    _, scale = time.unit
    if len(values) <= _MOST_BARS:
        ax.plot(time.ends_s / scale, values, color=ink(ax), linewidth=1, marker="o", markersize=3.5, clip_on=False)
        how = "a point is a batch"
    else:
        parts = np.array_split(np.arange(len(values)), _MOST_BARS)
        where = np.array([time.ends_s[part].mean() for part in parts]) / scale
        low, middle, high = (np.array([np.quantile(values[p], q) for p in parts]) for q in (0.1, 0.5, 0.9))
        ax.fill_between(where, low, high, color=BAR.colour, alpha=0.4, linewidth=0)
        ax.plot(where, middle, color=ink(ax), linewidth=1.2)
        how = "line: median of batches, band: 80 % of them"
    ax.set_ylim(0, None)
    time_axis(ax, time)
    one, _ = units_of(reports)
    title = f"Batch time for each {one}: {_figure(float(np.median(values)))} {unit} in the median"
    draw.dress(ax, PlotWords(title, f"{time.label}; {how}", f"Batch time for each {one} ({unit})"))
    return ax


def cost(reports: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Plot what the run cost, added up over its batches.

    Args:
        reports: A row a batch; columns batch_number and cost_usd (NaN where the model has no known price).
        ax: Where to draw; None makes a figure that a notebook shows.

    Returns:
        The axes: batch number against US dollars.

    Raises:
        InputError: A column is missing.
    """
    draw.needs(reports, ["batch_number", "cost_usd"], REPORTS)
    if reports.empty:
        return draw.sentence(ax, NO_REPORTS)
    ordered = reports.sort_values("batch_number")
    costs = ordered["cost_usd"].to_numpy(dtype=float, na_value=np.nan)
    unknown = int(np.isnan(costs).sum())
    if unknown == len(costs):
        return draw.sentence(ax, "What this run cost is not known: the model has no known price.")
    total = float(np.nansum(costs))
    if total == 0:
        return draw.sentence(ax, "This run cost nothing.")
    ax = draw.canvas(ax)
    numbers = ordered["batch_number"].to_numpy(dtype=float)
    edges = np.append(numbers - 0.5, numbers[-1] + 0.5)
    spent = np.nancumsum(costs)
    ax.stairs(spent, edges, fill=True, facecolor=BAR.colour, alpha=0.4, linewidth=0)
    ax.stairs(spent, edges, color=ink(ax), linewidth=1.4, baseline=None)
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(0, total * 1.08)
    draw.whole_numbers(ax, "x")
    more = f"; the price of {_many(unknown, 'batch', 'batches')} is not known" if unknown else ""
    title = label(f"Cost of {_many(len(costs), 'batch', 'batches')}: ${_figure(total)}{more}")
    draw.dress(ax, PlotWords(title, "Batch number", "Cost so far (US dollars)"))
    return ax


def _figure(value: float) -> str:
    """Return a figure with as many digits as say something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _many(count: int, what: str, plural: str = "") -> str:
    return f"{count:,} {what if count == 1 else plural or what + 's'}"
