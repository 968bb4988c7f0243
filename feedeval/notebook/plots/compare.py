"""What changed between audits, as plots: two of them by category, many over time."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from feedeval.errors import InputError
from feedeval.notebook.plots import axes as draw
from feedeval.notebook.plots.axes import PlotWords
from feedeval.notebook.plots.colours import BAR, ink
from feedeval.notebook.plots.text import elide, label
from feedeval.records.audit import topic_words
from feedeval.results.compare.comparison import signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOP = 40
"""Rows of a ranking, unless the caller wants more."""
CATEGORIES = "a frame of a comparison, such as `fe.compare(earlier, later).categories`"

HISTORY = "audits over time, such as `fe.history(session.output_dir)`"

_MOST_FIGURES = 16
"""Points that have their figure beside them."""

_GROUPS = {"category": "products", "taxonomy": "judgements"}
_NEEDED = ["coverage_before_pct", "coverage_after_pct", "change", "low", "high"]


def before_and_after(categories: pd.DataFrame, ax: Axes | None = None, *, top: int = TOP) -> Axes:
    """Plot the mean coverage of each category in two audits, the largest change first.

    Args:
        categories: `categories` or `taxonomies` of a comparison; columns category and products (or taxonomy and
            judgements), coverage_before_pct, coverage_after_pct, change, low, high.
        ax: Where to draw; None makes a figure as high as its rows need.
        top: Most rows shown.

    Returns:
        The axes: mean coverage in %, a row a category: a ring before, a dot after, and the interval of the change.

    Raises:
        InputError: A column is missing.
    """
    what = "taxonomy" if "taxonomy" in categories.columns else "category"
    draw.needs(categories, [what, _GROUPS[what], *_NEEDED], CATEGORIES)
    categories = categories[categories["change"].notna()]
    if categories.empty:
        return draw.sentence(ax, "No product was audited in both: there is nothing to compare.")
    order = categories["change"].abs().sort_values(ascending=False, kind="stable").index
    shown = categories.loc[order].head(draw.most_rows(ax, top))
    ax = draw.canvas(ax, rows=len(shown))
    ends = []
    figures = shown[_NEEDED].to_numpy(dtype=float)
    for place, (was, now, change, low, high) in enumerate(figures):
        ax.plot([was, now], [place, place], color=ink(ax), linewidth=1.2, alpha=0.6)
        if low == low and change:
            ax.plot([was + low, was + high], [place, place], color=BAR.colour, linewidth=5, alpha=0.35, zorder=1.9)
        ax.plot(was, place, "o", markersize=7, markerfacecolor="none", markeredgecolor=ink(ax), clip_on=False)
        ax.plot(now, place, "o", markersize=7, color=BAR.colour, clip_on=False)
        ends.append(max(was, now, was + high if high == high else 0.0) + 1.5)
    width = draw.room(ax)
    draw.label_rows(ax, [elide(label(topic_words(name)), width) if name else "(no category)" for name in shown[what]])
    sizes = [
        f"{signed(change)} · {size:,} {_GROUPS[what]}" for change, size in shown[["change", _GROUPS[what]]].to_numpy()
    ]
    draw.value_texts(ax, ends, sizes)
    ax.set_xlim(0, max(100.0, max(ends) * 1.3))
    ax.set_xticks(range(0, 101, 20))
    of = "category" if what == "category" else "topic"
    more = "" if len(shown) == len(categories) else f": the {len(shown)} that changed most of {len(categories)}"
    xlabel = "Mean coverage (%): ○ before, ● after; band: 95 % interval of the change"
    draw.dress(ax, PlotWords(f"Before and after, by {of}{more}", xlabel))
    return ax


class Shown(StrEnum):
    """What `history` can show."""

    COVERAGE = "coverage"
    FAILURES = "failures"
    COST = "cost"


_TITLES = {
    Shown.COVERAGE: ("Coverage", "Mean coverage (%)"),
    Shown.FAILURES: ("Failures", "Products that failed (%)"),
    Shown.COST: ("Cost", "Cost of the audit (US dollars)"),
}
_NOTHING = {
    Shown.COVERAGE: "No audit has a coverage: no product is done yet, or too little was judged.",
    Shown.FAILURES: "No product has been tried yet: there is nothing to show.",
    Shown.COST: "What these audits cost is not known: the models have no known price.",
}


def history(sessions: pd.DataFrame, ax: Axes | None = None, *, show: str = Shown.COVERAGE) -> Axes:
    """Plot how audits went over time.

    Args:
        sessions: A row an audit, as `fe.history` gives them; columns session, started, comparable, coverage_pct, low,
            high, failed_share and cost_usd.
        ax: Where to draw; None makes a figure that a notebook shows.
        show: `coverage` (mean coverage with its interval), `failures` (share of products that failed) or `cost`.

    Returns:
        The axes: date against %, or US dollars. Coverage is joined by a line only between audits that asked the same
        questions by the same engine.

    Raises:
        InputError: A column is missing, or `show` is none of these.
    """
    draw.needs(sessions, ["started", "comparable", "coverage_pct", "low", "high", "failed_share", "cost_usd"], HISTORY)
    if show not in tuple(Shown):
        raise InputError(f"show={show!r}: choose one of {', '.join(Shown)}")
    what = Shown(show)
    values = _values(sessions, what)
    there = values.notna().to_numpy(dtype=bool)
    rows, shown = sessions[there], values.to_numpy(dtype=float)[there]
    if not len(rows):
        return draw.sentence(ax, _NOTHING[what] if len(sessions) else "There is no audit to show.")
    if what is Shown.COST and not shown.any():
        return draw.sentence(ax, "These audits cost nothing.")
    ax = draw.canvas(ax)
    when = pd.to_datetime(rows["started"], utc=True, format="ISO8601").dt.tz_localize(None).to_numpy()
    groups = rows["comparable"].to_numpy(dtype=object) if what is Shown.COVERAGE else np.full(len(rows), "")
    for group, marker in zip(dict.fromkeys(groups), cycle("os^Dv"), strict=False):
        members = groups == group
        ax.plot(when[members], shown[members], f"-{marker}", color=BAR.colour, markersize=5.5, linewidth=1.4)
    if what is Shown.COVERAGE:
        reach = np.abs(rows[["low", "high"]].to_numpy(dtype=float).T - shown)
        ax.errorbar(when, shown, yerr=np.nan_to_num(reach), fmt="none", ecolor=ink(ax), capsize=3, linewidth=1)
    several = len(set(groups)) > 1
    names = [f" {group}" if several else "" for group in groups]
    _figures(ax, when, shown, [_text(value, what) + name for value, name in zip(shown, names, strict=True)])
    _time_axis(ax, when)
    ax.set_ylim(0, 100 if what is Shown.COVERAGE else shown.max() * 1.25 or 1)
    title, ylabel = _TITLES[what]
    joined = "; those that asked the same, by the same engine, are joined" if several else ""
    title = f"{title} over {len(rows):,} audit{'s' * (len(rows) != 1)}{joined}"
    draw.dress(ax, PlotWords(title, "Date of the audit", ylabel))
    draw.engine_footnote(ax, rows)
    return ax


def _values(sessions: pd.DataFrame, show: Shown) -> pd.Series:
    if show is Shown.COVERAGE:
        return sessions["coverage_pct"]
    return 100 * sessions["failed_share"] if show is Shown.FAILURES else sessions["cost_usd"]


def _text(value: float, show: Shown) -> str:
    return label(f"${value:,.2f}") if show is Shown.COST else f"{value:.1f} %"


def _figures(ax: Axes, when: Any, values: Any, texts: Sequence[str]) -> None:
    """Write a figure at each point; of many points only at the first and the last."""
    last = len(texts) - 1
    for place, (x, y, text) in enumerate(zip(when, values, texts, strict=True)):
        if last < _MOST_FIGURES or place in (0, last):
            ax.annotate(
                *(text, (x, y)), xytext=(6, 6), textcoords="offset points", fontsize=8, color=ink(ax), usetex=False,
                gid=draw.VALUE_GID,
            )  # fmt: skip


def _time_axis(ax: Axes, when: Any) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=2, maxticks=7)  # type: ignore[no-untyped-call]  # matplotlib has no types here
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]  # nor here
    span = (when.max() - when.min()) or np.timedelta64(86_400_000, "ms")
    ax.set_xlim(when.min() - span * 0.05, when.max() + span * 0.12)
