"""How well a run went, as plots: its memory and its health over the time that was spent working."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from feedeval.notebook.plots import axes as draw
from feedeval.notebook.plots.axes import PlotWords
from feedeval.notebook.plots.colours import BAR, CRITICAL, DEGRADED, HEALTHY, Fill, ink
from feedeval.notebook.plots.text import label
from feedeval.notebook.plots.timeline import NO_REPORTS, REPORTS, time_axis, working_time
from feedeval.records import HealthStatus

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_POINTS = 120
_NOT_NOTED = "These batch reports do not say {}: they were written before it was noted."
_FILLS: dict[HealthStatus, Fill] = {
    HealthStatus.HEALTHY: HEALTHY,
    HealthStatus.DEGRADED: DEGRADED,
    HealthStatus.CRITICAL: CRITICAL,
}
_WORSE = (HealthStatus.CRITICAL, HealthStatus.DEGRADED)


def memory(reports: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Plot how much memory the process used, over the time that was spent working.

    Args:
        reports: A row a batch; columns timestamp, elapsed_ms and memory_mb (NaN where it was not noted).
        ax: Where to draw; None makes a figure that a notebook shows.

    Returns:
        The axes: time against MB, a point where a batch was complete. Of many batches the highest of several is drawn.

    Raises:
        InputError: A column is missing.
    """
    draw.needs(reports, ["timestamp", "elapsed_ms", "memory_mb"], REPORTS)
    time = working_time(reports)
    if time is None:
        return draw.sentence(ax, NO_REPORTS)
    used_mb = time.of(reports["memory_mb"])
    known = np.flatnonzero(~np.isnan(used_mb))
    if not len(known):
        return draw.sentence(ax, _NOT_NOTED.format("how much memory was used"))
    ax = draw.canvas(ax)
    _, scale = time.unit
    parts = np.array_split(known, min(len(known), _MOST_POINTS))
    highest = np.array([part[np.argmax(used_mb[part])] for part in parts])
    ax.plot(
        *(time.ends_s[highest] / scale, used_mb[highest]), color=ink(ax), linewidth=1.2, marker="o",
        markersize=3.5 if len(parts) == len(known) else 0, clip_on=False,
    )  # fmt: skip
    ax.fill_between(time.ends_s[highest] / scale, used_mb[highest], color=BAR.colour, alpha=0.4, linewidth=0)
    ax.set_ylim(0, None)
    draw.whole_numbers(ax, "y")
    time_axis(ax, time)
    title = f"Memory: {used_mb[known].max():,.0f} MB at most, {used_mb[known[-1]]:,.0f} MB at the end"
    draw.dress(ax, PlotWords(title, time.label, "Memory of the process (MB)"))
    return ax


def health(reports: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Plot when a run was healthy, degraded or critical, over the time that was spent working.

    Args:
        reports: A row a batch; columns timestamp, elapsed_ms, health and health_reason (missing where not noted).
        ax: Where to draw; None makes a figure that a notebook shows.

    Returns:
        The axes: time, with a row for each state that is filled while it lasted; under it the latest reason of the
        worst state. What a report says holds from the report before it.

    Raises:
        InputError: A column is missing.
    """
    draw.needs(reports, ["timestamp", "elapsed_ms", "health", "health_reason"], REPORTS)
    time = working_time(reports)
    if time is None:
        return draw.sentence(ax, NO_REPORTS)
    states = reports["health"].to_numpy(dtype=object)[time.order]
    known = np.flatnonzero([state in _FILLS for state in states])
    if not len(known):
        return draw.sentence(ax, _NOT_NOTED.format("how healthy the run was"))
    ax = draw.canvas(ax, rows=len(_FILLS))
    _, scale = time.unit
    begins_s = np.append(0.0, time.ends_s[:-1])
    for row, (state, fill) in enumerate(_FILLS.items()):
        for first, last in _stretches(states == state):
            lasted_s = time.ends_s[last] - begins_s[first]
            draw.bars(ax, fill, places=[row], lengths=[lasted_s / scale], starts=begins_s[first] / scale)
    counts = {state: int((states == state).sum()) for state in _FILLS}
    draw.label_rows(ax, [f"{state.value}, {_batches(count)}" for state, count in counts.items()])
    if time.pauses:
        # Room for the words at the top.
        ax.set_ylim(ax.get_ylim()[0], -1.2)
    time_axis(ax, time)
    worst = next((state for state in _WORSE if counts[state]), HealthStatus.HEALTHY)
    draw.dress(ax, PlotWords(_health_title(counts, worst), time.label))
    reason = str(reports["health_reason"].iloc[time.order[np.flatnonzero(states == worst)[-1]]])
    if worst is not HealthStatus.HEALTHY and reason:
        draw.footnote(ax, f"Latest reason for {worst.value}: {label(reason)}.")
    return ax


def _stretches(holds: np.ndarray) -> list[tuple[int, int]]:
    """Return first and last place of each stretch that holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(int)))
    return [(int(first), int(end) - 1) for first, end in edges.reshape(-1, 2)]


def _health_title(counts: dict[HealthStatus, int], worst: HealthStatus) -> str:
    total = sum(counts.values())
    if worst is HealthStatus.HEALTHY:
        return f"Health: healthy at the end of all {_batches(total)}" if total > 1 else "Health: healthy"
    said = " and ".join(f"{state.value} at {counts[state]:,}" for state in _WORSE if counts[state])
    return f"Health: {said} of {_batches(total)}"


def _batches(count: int) -> str:
    return f"{count:,} {'batch' if count == 1 else 'batches'}"
