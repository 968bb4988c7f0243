"""What changed between audits, as plots: two of them by category, many over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from feedeval.notebook import drawing as draw
from feedeval.notebook.colours import BAR, ink
from feedeval.notebook.drawing import Words
from feedeval.notebook.lettering import elide, label
from feedeval.results.compare_words import signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOP = 40
"""Rows of a ranking, unless the caller wants more."""
CATEGORIES = "a frame of a comparison, such as `fe.compare(earlier, later).categories`"

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
    draw.label_rows(ax, [elide(label(name), width) if name else "(no category)" for name in shown[what]])
    sizes = [
        f"{signed(change)} · {size:,} {_GROUPS[what]}" for change, size in shown[["change", _GROUPS[what]]].to_numpy()
    ]
    draw.value_texts(ax, ends, sizes)
    ax.set_xlim(0, max(100.0, max(ends) * 1.3))
    ax.set_xticks(range(0, 101, 20))
    of = "category" if what == "category" else "topic"
    more = "" if len(shown) == len(categories) else f": the {len(shown)} that changed most of {len(categories)}"
    xlabel = "Mean coverage (%): ○ before, ● after; the band is the 95 % interval of the change"
    draw.dress(ax, Words(f"Before and after, by {of}{more}", xlabel))
    return ax
