"""Time as an axis: when the batches of a run were worked on, with long pauses cut out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.formatting import duration
from feedeval.notebook.plots.colours import ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

REPORTS = "batch reports, such as `session.reports`"
NO_REPORTS = "No batch is complete yet: there is nothing to show."
UNITS_S = {"s": 1.0, "min": 60.0, "h": 3600.0}

_IDLE_S = 300.0
"""A pause shorter than this is shown as it is."""
_IDLE_FACTOR = 20.0
"""A pause is cut out where it is so many times longer than what usually lies between two batches."""


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """When batches began and ended, in seconds of work: long pauses are cut out."""

    order: NDArray[np.intp]
    starts_s: Floats
    ends_s: Floats
    pauses: tuple[tuple[float, float], ...]
    """Where a pause was cut out, and how long it was."""

    @property
    def span_s(self) -> float:
        """Seconds of work from the first batch's beginning to the last one's end."""
        return float(self.ends_s[-1])

    @property
    def unit(self) -> tuple[str, float]:
        """The unit of the axis and its seconds."""
        return next(((u, s) for u, s in reversed(UNITS_S.items()) if self.span_s >= 2 * s), ("s", 1.0))

    @property
    def label(self) -> str:
        """What the axis shows, with its unit."""
        name = {"s": "seconds", "min": "minutes", "h": "hours"}[self.unit[0]]
        return f"Time since the start ({name}{', pauses cut out' if self.pauses else ''})"

    def of(self, column: pd.Series) -> Floats:
        """Return a column of the reports in the order of time."""
        return np.asarray(column.to_numpy(dtype=float, na_value=np.nan)[self.order], dtype=np.float64)


def working_time(reports: pd.DataFrame) -> WorkingTime | None:
    """Return when batches were worked on, or None where no report says."""
    stamps = pd.to_datetime(reports["timestamp"], utc=True, format="ISO8601", errors="coerce")
    known = np.flatnonzero(stamps.notna())
    if not len(known):
        return None
    seconds = (stamps - stamps.iloc[known].min()).dt.total_seconds().to_numpy(dtype=float)
    order = known[np.argsort(seconds[known], kind="stable")]
    lasted = reports["elapsed_ms"].to_numpy(dtype=float, na_value=0.0)[order] / 1000
    ends = seconds[order]
    gaps = np.diff(ends)
    # A batch that was open all along explains a gap: nothing was paused then.
    idle = gaps - lasted[1:]
    usual = float(np.median(gaps)) if len(gaps) else 0.0
    cut = np.where((idle > _IDLE_S) & (gaps > _IDLE_FACTOR * usual), idle, 0.0)
    ends = ends - np.concatenate([[0.0], np.cumsum(cut)])
    starts = ends - lasted
    first = float(starts.min())
    pauses = tuple((float(ends[n] - first), float(cut[n])) for n in np.flatnonzero(cut))
    ends, starts = ends - first, starts - first
    # All batches of a run that takes no time at all still have a width.
    if ends[-1] <= 0:
        ends[-1] = 1e-3
    return WorkingTime(order, starts, ends, pauses)


def time_axis(ax: Axes, time: WorkingTime) -> None:
    """Scale the horizontal axis to the time of work, and mark the pauses that were cut out."""
    _, scale = time.unit
    ax.set_xlim(0, time.span_s / scale)
    if not ax.yaxis_inverted():  # rows of bars, first on top, have their room
        ax.set_ylim(0, ax.get_ylim()[1] * 1.05)
    for at_s, lasted_s in time.pauses:
        ax.axvline(at_s / scale, color=ink(ax), linestyle=":", linewidth=1)
        ax.annotate(
            *(f"paused {duration(lasted_s)}", (at_s / scale, 1.0)), xycoords=("data", "axes fraction"), xytext=(3, -3),
            textcoords="offset points", va="top", fontsize=8, color=ink(ax),
        )  # fmt: skip
