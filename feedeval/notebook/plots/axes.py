"""What all plots share: axes of the right size, rows of bars, titles with units, a sentence in place of no data.

Nothing here changes matplotlib's settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from feedeval.errors import InputError
from feedeval.formatting import cells
from feedeval.notebook.plots.colours import Fill, ink
from feedeval.notebook.plots.text import families, wrap
from feedeval.results.naming import engine_note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_IN = 7.5
FONT_PT = 9.0
VALUE_GID = "feedeval-value"
"""Marks the figure that stands beside a bar, for whoever puts a plot into words."""

_SMALLEST_PT = 6.0
_LINE = 1.35
"""Height of a line of text, in font sizes."""
_CELL = 0.56
"""Width of an average character, in font sizes."""
_LABEL_SHARE = 0.40
"""Share of a figure's width that row labels may take."""


def canvas(ax: Axes | None, *, rows: int = 0, lines: int = 1) -> Axes:
    """Return `ax`, or a new one whose figure pyplot knows, so that a notebook shows it once.

    Args:
        ax: The caller's; its figure is left as it is.
        rows: Rows of labelled bars that a new figure has to hold; 0 for a plot without rows.
        lines: Lines of text in a label.
    """
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    height_in = 3.4 if not rows else 1.5 + rows * max(0.27, lines * FONT_PT * _LINE / 72 + 0.06)
    figure, made = plt.subplots(figsize=(WIDTH_IN, height_in), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)  # type: ignore[union-attr, call-arg]
    return made


def needs(frame: pd.DataFrame, columns: Sequence[str], of: str) -> None:
    """Check that a frame is one that a plot can be made of.

    Raises:
        InputError: Columns are missing; the message names them and where such a frame comes from.
    """
    if missing := [name for name in columns if name not in getattr(frame, "columns", ())]:
        raise InputError(f"the frame has no column {', '.join(missing)}: give {of}")


def room(ax: Axes, size_pt: float = FONT_PT) -> int:
    """Return how many cells a row label of `ax` may take."""
    return max(12, int(_figure_width(ax) * _LABEL_SHARE * 72 / (_CELL * size_pt)))


@dataclass(frozen=True, slots=True)
class PlotWords:
    """What is written around a plot."""

    title: str
    xlabel: str
    ylabel: str = ""
    """Empty for rows of bars, whose labels say what they are."""
    legend: tuple[tuple[Fill, str], ...] = ()


def dress(ax: Axes, words: PlotWords) -> None:
    """Give a plot its title, units and legend, and take away what says nothing."""
    colour = ink(ax)
    has_rows = not words.ylabel
    width = int(_figure_width(ax) * (1 - _LABEL_SHARE if has_rows else 0.80) * 72 / (_CELL * 11))
    legend_rows = _legend(ax, words.legend, width) if words.legend else 0
    title = wrap(words.title, width, lines=3)
    ax.set_title(title, loc="left", fontsize=11, color=colour, usetex=False, pad=8 + 15 * legend_rows)
    ax.set_xlabel(wrap(words.xlabel, int(width * 1.1)), fontsize=FONT_PT, color=colour, usetex=False)
    ax.set_ylabel(words.ylabel, fontsize=FONT_PT, color=colour, usetex=False)
    ax.tick_params(colors=colour)
    ax.tick_params(axis="x", labelsize=FONT_PT)
    # Row labels have the size at which they fit.
    ax.tick_params(axis="y", **({"length": 0} if has_rows else {"labelsize": FONT_PT}))
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("bottom", "left"))
        spine.set_color(colour)
        spine.set_linewidth(0.8)
    ax.set_axisbelow(True)
    ax.grid(visible=False)
    ax.grid(visible=True, axis="x" if has_rows else "y", color=colour, alpha=0.16, linewidth=0.7)


def _legend(ax: Axes, entries: Sequence[tuple[Fill, str]], width: int) -> int:
    """Put a legend between title and plot, where it hides nothing; return how many lines it takes."""
    from matplotlib.patches import Patch

    patches = [Patch(**fill.style) for fill, _ in entries]
    for patch in patches:
        patch.set_hatch_linewidth(0.6)
    longest = max(cells(text) for _, text in entries)
    columns = max(1, min(len(entries), int(width * 1.15) // (longest + 6)))
    drawn = ax.legend(
        *(patches, [text.lstrip("_") or "?" for _, text in entries]), loc="lower left", bbox_to_anchor=(0, 1),
        ncols=columns, frameon=False, fontsize=FONT_PT, handlelength=1.6, borderaxespad=0.3, columnspacing=1.4,
        borderpad=0,
    )  # fmt: skip
    for text in drawn.get_texts():
        text.set_color(ink(ax))
        text.set_usetex(False)
    return -(-len(entries) // columns)


def label_rows(ax: Axes, labels: Sequence[str], places: Sequence[float] | None = None) -> float:
    """Put labels beside horizontal bars, first row on top; return the font size at which they fit."""
    where = list(range(len(labels))) if places is None else list(places)
    ax.set_yticks(where, labels=list(labels), usetex=False, fontfamily=list(families()))
    ax.set_ylim((where[-1] if where else 0) + 0.6, -0.6)
    size = row_font(ax, len(labels), lines=max((text.count("\n") + 1 for text in labels), default=1))
    ax.tick_params(axis="y", labelsize=size)
    return size


def row_font(ax: Axes, rows: int, *, lines: int = 1) -> float:
    """Return the font size, at most the usual one, at which `rows` labels do not touch."""
    return min(FONT_PT, max(_SMALLEST_PT, _height_pt(ax) / max(rows, 1) / (lines * _LINE)))


def most_rows(ax: Axes | None, wanted: int, *, lines: int = 1) -> int:
    """Return how many of the wanted rows `ax` has room for; a new figure grows with them."""
    if ax is None:
        return wanted
    return max(1, min(wanted, int(_height_pt(ax) / (_SMALLEST_PT * _LINE * lines))))


def _height_pt(ax: Axes) -> float:
    height_pt = ax.get_window_extent().height * 72 / ax.figure.dpi
    # A layout that has not been made yet will take room for title, legend and axis labels.
    figure = ax.get_figure(root=True)
    laid_out = figure is not None and figure.get_layout_engine() is not None
    return float(max(height_pt - 45, height_pt * 0.6) if laid_out else height_pt)


def value_texts(ax: Axes, ends: Sequence[float], texts: Sequence[str], places: Sequence[float] | None = None) -> None:
    """Write a figure behind the end of each bar."""
    where = range(len(texts)) if places is None else places
    size = min(FONT_PT, row_font(ax, len(texts)))
    for end, text, place in zip(ends, texts, where, strict=True):
        ax.annotate(
            *(text, (end, place)), xytext=(4, 0), textcoords="offset points", va="center", ha="left",
            fontsize=size, color=ink(ax), usetex=False, gid=VALUE_GID,
        )  # fmt: skip


def counts_above(ax: Axes, tops: Sequence[tuple[float, int]]) -> None:
    """Write a count above each upright bar, also where a line runs through it."""
    behind = {"facecolor": ax.get_facecolor(), "edgecolor": "none", "pad": 0.4}
    for x, count in tops:
        ax.annotate(
            *(f"{count:,}", (x, count)), xytext=(0, 4), textcoords="offset points", ha="center",
            fontsize=FONT_PT, color=ink(ax), usetex=False, bbox=behind,
        )  # fmt: skip


def bars(ax: Axes, fill: Fill, *, places: Any, lengths: Any, starts: Any = 0.0, height: float = 0.72) -> None:
    """Draw horizontal bars; rows lie 1 apart."""
    drawn = ax.barh(places, lengths, left=starts, height=height, **fill.style)
    for patch in drawn:
        patch.set_hatch_linewidth(0.6)


def columns(ax: Axes, fill: Fill, *, edges: Any, heights: Any, bottoms: Any = 0.0) -> None:
    """Draw upright bars between edges."""
    drawn = ax.bar(edges[:-1], heights, width=np.diff(edges), bottom=bottoms, align="edge", **fill.style)
    for patch in drawn:
        patch.set_hatch_linewidth(0.6)


def whole_numbers(ax: Axes, axis: str) -> None:
    """Let an axis of counts have no fractions, and thousands separated."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    which = ax.xaxis if axis == "x" else ax.yaxis
    which.set_major_locator(MaxNLocator(nbins=6, integer=True))
    which.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def sentence(ax: Axes | None, text: str) -> Axes:
    """Draw a sentence in the place of a plot that has nothing to show."""
    drawn = canvas(ax)
    drawn.set_axis_off()
    width = int(_figure_width(drawn) * 0.8 * 72 / (_CELL * 11))
    drawn.text(
        *(0.5, 0.5, wrap(text, width, lines=6)), transform=drawn.transAxes, ha="center", va="center",
        fontsize=11, color=ink(drawn), usetex=False, fontfamily=list(families()),
    )  # fmt: skip
    return drawn


def engine_footnote(ax: Axes, frame: pd.DataFrame) -> None:
    """Say under a plot what has to be said of the engines that made its figures.

    They are taken from the column `engine`, else from `frame.attrs["feedeval"]["engine"]`.
    """
    if "engine" in frame.columns:
        counts = {str(name): int(count) for name, count in frame["engine"].value_counts().items()}
    else:
        counts = {str(frame.attrs.get("feedeval", {}).get("engine", "")): len(frame)}
    for name, count in counts.items():
        if note := engine_note(name).partition(":")[0].rstrip("."):
            part = "" if count == len(frame) else f" for {count:,} of {len(frame):,} rows"
            footnote(ax, f"{note}{part}: a screening by rules.")


def footnote(ax: Axes, text: str) -> None:
    """Write a small line under the plot's axis label."""
    width = int(_figure_width(ax) * 0.55 * 72 / (_CELL * 8))
    ax.annotate(
        *(wrap(text, width, lines=4), (0, 0)), xycoords=("axes fraction", ax.xaxis.label), xytext=(0, -5),
        textcoords="offset points", va="top", ha="left", fontsize=8, style="italic", color=ink(ax), usetex=False,
        annotation_clip=False,
    )  # fmt: skip


def _figure_width(ax: Axes) -> float:
    figure = ax.get_figure(root=True)
    assert figure is not None
    # Of a row of axes each has its part of the width, and its labels with it.
    share = ax.get_window_extent().width / figure.bbox.width
    return float(figure.get_figwidth() * min(1.0, share * 1.3))
