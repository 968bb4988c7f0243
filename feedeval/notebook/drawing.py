"""What all plots share: colours, hatches, labels that fit, and a sentence where there is nothing to draw.

Nothing here changes matplotlib's settings. Colour never stands alone: fills that share an axis differ in lightness by
at least 14 steps of CIE L*, so that they can be told apart in grey and by colour-blind people, and in their hatch.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from feedeval.errors import InputError
from feedeval.results.plaintext import cells, clip
from feedeval.results.session import engine_note

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
# Zero-width joiners shape Persian and Indic words; all other format characters are invisible or reorder text.
_JOINERS = "\u200c\u200d"
_OTHER_SCRIPTS = (
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "Noto Sans KR", "Source Han Sans"),
    *("Hiragino Sans", "PingFang SC", "Apple SD Gothic Neo", "Yu Gothic", "Microsoft YaHei", "Malgun Gothic"),
    *("WenQuanYi Micro Hei", "Noto Sans Thai", "Noto Sans Devanagari", "Noto Sans Arabic", "Noto Sans Hebrew"),
    *("Thonburi", "Leelawadee UI", "Nirmala UI"),
)


@dataclass(frozen=True, slots=True)
class Fill:
    """How an area is filled."""

    colour: str
    hatch: str = ""

    @property
    def contrast(self) -> str:
        """The colour of edges, hatches and text on it."""
        return "#1a1a1a" if lightness(self.colour) > 55 else "#ffffff"

    @property
    def style(self) -> dict[str, Any]:
        """Arguments for matplotlib's bars and patches."""
        return {"facecolor": self.colour, "edgecolor": self.contrast, "hatch": self.hatch, "linewidth": 0.5}


BAR = Fill("#2f6db5")
YES = Fill("#1f4e8c")
PARTIAL = Fill("#dd9b2c", "////")
NO = Fill("#e6e6ec", "..")
SERIES = (Fill("#14315c"), Fill("#a8412b", "\\\\\\"), Fill("#4f9d8f", "xxx"), Fill("#e3b23c", "///"), Fill("#ececf1"))
"""For what has no meaning of its own, such as kinds of error."""


def lightness(colour: str) -> float:
    """Return CIE L* of a `#rrggbb` colour, 0 (black) to 100 (white)."""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    )
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return float(116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance)


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


def label(text: object) -> str:
    r"""Return text of a feed as matplotlib draws it letter by letter.

    Control and format characters go, white space becomes single spaces, what no font at hand can draw becomes `□`, and
    dollar signs are written `\$`, because two bare ones would make a formula of what stands between them.
    """
    words = " ".join(("" if text is None else str(text)).split())
    if words.isascii() and words.isprintable():
        return words.replace("$", r"\$")
    kept = (c for c in words if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    drawn = _characters()
    return "".join(c if ord(c) in drawn else "□" for c in kept).replace("$", r"\$")


def room(ax: Axes, size_pt: float = FONT_PT) -> int:
    """Return how many cells a row label of `ax` may take."""
    return max(12, int(_figure_width(ax) * _LABEL_SHARE * 72 / (_CELL * size_pt)))


def elide(text: str, width: int) -> str:
    """Return text cut to `width` cells in its middle: the end of a category path says most."""
    if cells(text) <= width:
        return text
    tail = ""
    for char in reversed(text):
        if cells(char + tail) > width * 2 // 3:
            break
        tail = char + tail
    return f"{clip(text, width - cells(tail)).removesuffix('…').rstrip()}…{tail.lstrip()}"


def wrap(text: str, width: int, *, lines: int = 2) -> str:
    """Return text as at most `lines` lines of `width` cells, the last one cut where more follows."""
    found: list[str] = []
    rest = text
    while rest and len(found) < lines - 1 and cells(rest) > width:
        head = clip(rest, width + 1).removesuffix("…")
        cut = head.rfind(" ") if " " in head and rest[len(head) : len(head) + 1] != " " else len(head)
        found.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return "\n".join([*found, clip(rest, width)])


def ink(ax: Axes) -> str:
    """Return a colour for text and lines that can be read on the background of `ax`."""
    import matplotlib as mpl
    from matplotlib.colors import to_hex, to_rgba

    for colour in (ax.get_facecolor(), ax.figure.get_facecolor(), mpl.rcParams["figure.facecolor"]):
        if to_rgba(colour)[3] > 0.5:
            return "#1a1a1a" if lightness(to_hex(colour)) > 50 else "#eeeeee"
    return to_hex(mpl.rcParams["text.color"])


@dataclass(frozen=True, slots=True)
class Words:
    """What is written around a plot."""

    title: str
    xlabel: str
    ylabel: str = ""
    """Empty for rows of bars, whose labels say what they are."""
    legend: tuple[tuple[Fill, str], ...] = ()


def dress(ax: Axes, words: Words) -> None:
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
    behind = {"facecolor": ax.get_facecolor(), "edgecolor": "none", "pad": 0.8}
    for x, count in tops:
        ax.annotate(
            *(f"{count:,}", (x, count)), xytext=(0, 3), textcoords="offset points", ha="center",
            fontsize=FONT_PT, color=ink(ax), usetex=False, bbox=behind,
        )  # fmt: skip


def bars(ax: Axes, fill: Fill, *, places: Any, lengths: Any, starts: Any = 0.0) -> None:
    """Draw horizontal bars."""
    drawn = ax.barh(places, lengths, left=starts, height=0.72, **fill.style)
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


@lru_cache(maxsize=1)
def families() -> tuple[str, ...]:
    """Return the user's font, and those at hand for scripts that it does not have."""
    import matplotlib as mpl
    from matplotlib.font_manager import fontManager

    there = {font.name for font in fontManager.ttflist}
    return (*mpl.rcParams["font.family"], *(name for name in _OTHER_SCRIPTS if name in there))


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return frozenset().union(*(get_font(findfont(FontProperties(family=[f]))).get_charmap() for f in families()))


def _figure_width(ax: Axes) -> float:
    figure = ax.get_figure(root=True)
    assert figure is not None
    # Of a row of axes each has its part of the width, and its labels with it.
    share = ax.get_window_extent().width / figure.bbox.width
    return float(figure.get_figwidth() * min(1.0, share * 1.3))
