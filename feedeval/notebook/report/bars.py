"""Plots of a report as HTML: bars with their figures, which read as text and need no second picture in the dark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from feedeval.html import Markup, escape
from feedeval.records import COUNTED, Verdict

_SHADES = {Verdict.YES: "yes", Verdict.PARTIAL: "partial", Verdict.NO: "no"}


class Bar(NamedTuple):
    """One row of a plot."""

    label: Markup
    share: float
    """Length of the bar, 0 to 1."""
    figure: str


class Stacked(NamedTuple):
    """One row of a plot of verdicts."""

    label: Markup
    counts: tuple[int, int, int]
    """Answered, in part, open."""


def bars(title: str, rows: Sequence[Bar], *, below: str = "") -> Markup:
    """Return a plot, a bar a row.

    Args:
        title: What it shows.
        rows: Its bars.
        below: What has to be known to read it.
    """
    if not rows:
        return Markup("")
    lines = "".join(
        f'<div class="bar"><span class="name">{row.label}</span><span class="track" aria-hidden="true">'
        f'<i style="width:{100 * min(max(row.share, 0.0), 1.0):.1f}%"></i></span><span class="of">{escape(row.figure)}'
        "</span></div>"
        for row in rows
    )
    return _figure(title, lines, below)


def verdicts(title: str, rows: Sequence[Stacked], *, below: str = "") -> Markup:
    """Return a plot of verdicts, a bar of three parts a row; their figures stand beside it."""
    lines = ""
    for row in rows:
        total = sum(row.counts) or 1
        shares = [100 * count / total for count in row.counts]
        parts = "".join(
            f'<i class="{_SHADES[verdict]}" style="width:{share:.1f}%"></i>'
            for verdict, share in zip(COUNTED, shares, strict=True)
        )
        figure = " · ".join(str(share) for share in _whole(shares))
        lines += (
            f'<div class="bar"><span class="name">{row.label}</span><span class="track" aria-hidden="true">{parts}'
            f'</span><span class="of">{figure} %</span></div>'
        )
    legend = " · ".join(f'<i class="key {_SHADES[verdict]}"></i> {verdict.words}' for verdict in COUNTED)
    return _figure(title, f'<p class="small quiet">{legend}</p>{lines}', below) if rows else Markup("")


def _whole(shares: Sequence[float]) -> list[int]:
    """Return shares in whole per cent that sum to what the shares sum to: those cut most get what is left."""
    floors = [int(share) for share in shares]
    left = round(sum(shares)) - sum(floors)
    order = sorted(range(len(shares)), key=lambda n: floors[n] - shares[n])
    return [floor + (n in order[:left]) for n, floor in enumerate(floors)]


def _figure(title: str, body: str, below: str) -> Markup:
    note = f'<p class="small quiet">{escape(below)}</p>' if below else ""
    return Markup(f'<figure class="bars"><figcaption>{escape(title)}</figcaption>{body}{note}</figure>')
