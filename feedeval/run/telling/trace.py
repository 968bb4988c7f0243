"""How fast a run was and what it cost, over time, in a bounded number of points."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

_RATE_WINDOW_S = 30.0
_RATE_STEP_S = 0.25
_POINTS = 60
"""More are thinned out to half of them."""
_FIRST_EVERY_S = 0.5


class TracePoint(NamedTuple):
    """How far a run was at one moment."""

    at_s: float
    """Seconds spent running."""
    through: int
    """Records done or failed."""
    cost_usd: float | None


class Trace:
    """Points over a run, at equal times from its start to now, however long it goes on."""

    def __init__(self) -> None:
        self._points: list[TracePoint] = []
        self._every_s = _FIRST_EVERY_S

    def note(self, point: TracePoint) -> None:
        """Take a point in, where it is time for one."""
        points = self._points
        if points and point.at_s - points[-1].at_s < self._every_s:
            return
        points.append(point)
        if len(points) > _POINTS:
            self._points = points[::2]
            self._every_s *= 2

    def points(self) -> tuple[TracePoint, ...]:
        """Return the points, the earliest first."""
        return tuple(self._points)


class Rate:
    """Records a second over a sliding window; coarse steps keep it small whatever the speed."""

    def __init__(self, window_s: float = _RATE_WINDOW_S, step_s: float = _RATE_STEP_S) -> None:
        self._window_s = window_s
        self._step_s = step_s
        self._steps: deque[tuple[float, int]] = deque()
        self._count = 0
        self._added_s = 0.0

    def restart(self, now_s: float) -> None:
        """Begin a new window, as after a pause."""
        self._steps.clear()
        self._steps.append((now_s, self._count))
        self._added_s = now_s

    def add(self, now_s: float) -> None:
        """Count one record."""
        self._count += 1
        self._added_s = now_s
        if not self._steps or now_s - self._steps[-1][0] >= self._step_s:
            self._steps.append((now_s, self._count))
            while len(self._steps) > 2 and now_s - self._steps[1][0] > self._window_s:
                self._steps.popleft()

    def per_s(self, now_s: float) -> float:
        """Return the rate; 0 until there is something to go by."""
        while len(self._steps) > 1 and now_s - self._steps[0][0] > self._window_s:
            self._steps.popleft()
        if not self._steps:
            return 0.0
        since_s, count = self._steps[0]
        passed_s = now_s - since_s
        return (self._count - count) / passed_s if passed_s > 0 else 0.0

    def silent_s(self, now_s: float) -> float:
        """Return for how long no record was counted."""
        return max(now_s - self._added_s, 0.0)
