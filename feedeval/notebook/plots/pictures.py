"""Plots as pictures inside an HTML file: one for light pages, one for dark ones, and their content in words."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedeval.html import Markup, escape
from feedeval.notebook.plots.axes import FONT_PT, VALUE_GID, WIDTH_IN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Plot = Callable[["Axes"], "Axes"]

PAPERS = {"light": "#ffffff", "dark": "#16181c"}
"""Backgrounds, as in the style sheet."""
_THEMES = ("#ffffff", "#111111")
"""Backgrounds of JupyterLab's own themes."""
_TALL_IN = 16.0
_PLAIN_IN = 3.3


@dataclass(frozen=True, slots=True)
class Drawn:
    """One plot, drawn on one background."""

    svg: bytes
    words: str
    """Its title, and the figure beside each bar."""
    is_sentence: bool
    """There was nothing to draw; `words` says so."""


def figure(plot: Plot) -> Markup:
    """Return a plot as a `<figure>`, or as a sentence where it has nothing to show.

    The pictures are SVG in `data:` addresses: as an image, SVG runs no script and loads nothing.
    """
    light, dark = (drawn(plot, paper) for paper in PAPERS.values())
    if light.is_sentence:
        return Markup(f'<p class="quiet">{escape(light.words)}</p>')
    return Markup(
        '<figure><picture><source media="screen and (prefers-color-scheme: dark)" '
        f'srcset="{address(dark.svg)}"><img src="{address(light.svg)}" alt="{escape(light.words)}">'
        "</picture></figure>"
    )


def themed_figure(plot: Plot) -> Markup:
    """Return a plot for a page whose theme is told from its body, as JupyterLab's and Voilà's are.

    The style of the page shows one of the two pictures: `.feedeval-on-light` or `.feedeval-on-dark`, which is hidden
    where there is none.
    """
    light, dark = (drawn(plot, paper) for paper in _THEMES)
    if light.is_sentence:
        return Markup(f"<p>{escape(light.words)}</p>")
    return Markup(
        f'<figure><img class="feedeval-on-light" src="{address(light.svg)}" alt="{escape(light.words)}">'
        f'<img class="feedeval-on-dark" style="display:none" src="{address(dark.svg)}" alt="{escape(light.words)}">'
        "</figure>"
    )


def drawn(plot: Plot, paper: str) -> Drawn:
    """Draw a plot on a background, without pyplot, so that no figure stays behind."""
    from matplotlib.figure import Figure

    made = Figure(figsize=(WIDTH_IN, _TALL_IN), facecolor=paper)
    ax = plot(made.add_subplot(facecolor=paper))
    if not ax.axison:
        return Drawn(b"", _bare(ax.texts[0].get_text()), True)
    made.set_size_inches(WIDTH_IN, _height_in(ax))
    made.set_layout_engine("constrained", w_pad=0.05, h_pad=0.08)
    buffer = io.BytesIO()
    made.savefig(buffer, format="svg", facecolor=paper, metadata={"Date": None, "Creator": None})
    return Drawn(buffer.getvalue(), _in_words(ax), False)


def _height_in(ax: Axes) -> float:
    """Return the height that the rows of a plot need; on a tall figure all of them were drawn in full size."""
    if ax.get_ylabel():
        return _PLAIN_IN
    bottom, top = ax.get_ylim()
    lines = max((text.get_text().count("\n") + 1 for text in ax.get_yticklabels()), default=1)
    return 1.5 + abs(bottom - top) * max(0.27, lines * FONT_PT * 1.35 / 72 + 0.06)


def _in_words(ax: Axes) -> str:
    figures = [text.get_text() for text in ax.texts if text.get_gid() == VALUE_GID]
    rows = [f"{row.get_text()}: {value}" for row, value in zip(ax.get_yticklabels(), figures, strict=False)]
    return _bare(". ".join(part for part in (ax.get_title(loc="left"), ax.get_xlabel(), "; ".join(rows)) if part))


def _bare(text: str) -> str:
    return " ".join(text.replace(r"\$", "$").split())


def address(svg: bytes) -> str:
    """Return a picture as an address that holds it."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}"
