"""How fast a run went and what it cost, over time, as two rows of small bars.

Bars of HTML and no drawing: they follow the theme, and pages that allow no SVG in outputs show them, too. The figures
stand beside them as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from feedeval.formatting import duration, money
from feedeval.html import Markup, escape
from feedeval.records import Status
from feedeval.run.progress import Snapshot
from feedeval.run.telling.trace import TracePoint

BARS = 40
_HEIGHT_PX = 28
_QUIET = "opacity:.72"


def trace(snapshot: Snapshot, rate: str) -> Markup:
    """Return the trace of a run; `rate` is its speed now, in words."""
    points = _thinned(snapshot.trace)
    if len(points) < 3:
        return Markup(f'<div style="{_QUIET}">Not long enough yet.</div>')
    steps = list(pairwise(points))
    rates = [(b.through - a.through) / (b.at_s - a.at_s) if b.at_s > a.at_s else 0.0 for a, b in steps]
    span = duration(points[-1].at_s - points[0].at_s)
    now = f"now {rate}, " if snapshot.status is Status.RUNNING and snapshot.rate_per_s else ""
    kept = f"{now}at most {_rate(max(rates))}"
    rows = [_row("Rate", rates, f"{kept}, over {span}")]
    costs = [point.cost_usd for point in points[1:]]
    known = [cost for cost in costs if cost is not None]
    if len(known) == len(costs) and known[-1] > 0:
        rows.append(_row("Cost so far", known, money(snapshot.cost_usd)))
    return Markup("".join(rows))


def _thinned(points: Sequence[TracePoint]) -> Sequence[TracePoint]:
    step = -(-len(points) // (BARS + 1)) or 1
    # The latest one stays, whatever is left out before it.
    return points[::-1][::step][::-1]


def _row(name: str, values: Sequence[float], said: str) -> Markup:
    most = max(values) or 1.0
    bars = "".join(
        f'<span style="flex:1 1 0;background:var(--jp-brand-color1,#1976d2);height:{_height(value / most)}px"></span>'
        for value in values
    )
    return Markup(
        '<div style="display:flex;flex-wrap:wrap;align-items:flex-end;column-gap:.8em;margin:3px 0">'
        f'<span style="flex:0 0 8.5em">{escape(name)}</span> <span style="flex:0 0 17em">{escape(said)}</span> '
        f'<span role="img" aria-label="{escape(f"{name}: {said}")}" style="flex:1 1 16em;display:flex;gap:1px;'
        f'align-items:flex-end;height:{_HEIGHT_PX}px">{bars}</span></div>'
    )


def _height(share: float) -> int:
    return max(round(_HEIGHT_PX * min(share, 1.0)), 1)


def _rate(per_s: float) -> str:
    return f"{per_s:,.1f} a second" if per_s >= 1 else f"{60 * per_s:.1f} a minute"
