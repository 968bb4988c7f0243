"""The adaptive window: how many calls may be out at once where the endpoint does not say."""

from __future__ import annotations

import math

START = 8
WIDEN_FAST = 2.0
WIDEN_SLOWLY = 1.05
NARROW = 0.8
NARROW_GENTLY = 0.95


class AdaptiveWindow:
    """A limit that widens after clean saturated rounds and narrows once for each burst of refusals.

    A *round* is as many successes as the window is wide. It is *saturated* if at some moment of it every place was
    taken, and *clean* if nothing in it was refused or failed on the server's side. A clean saturated round doubles the
    window until the first refusal ever; from then on it widens it by a twentieth (and by one at least).

    Refusals that belong to calls which started before the last narrowing are of the same *burst* and do not narrow
    again.

    Args:
        start: Width at the start.
    """

    def __init__(self, start: int = START) -> None:
        self._width = float(start)
        self._was_refused = False
        self._successes = 0
        self._saturated = False
        self._clean = True
        self._peak = self._peak_before = 0
        self.generation = 0
        """Counts narrowings; a call notes it when it starts."""

    @property
    def width(self) -> int:
        """Calls that may be out now."""
        return math.floor(self._width)

    def open(self, width: float) -> None:
        """Widen at once to what an endpoint says that it takes, as long as it refused nothing."""
        if not self._was_refused:
            self._width = max(self._width, width)

    def entered(self, in_flight: int) -> None:
        """Note that a call started and how many are out now."""
        self._peak = max(self._peak, in_flight)
        if in_flight >= self.width:
            self._saturated = True

    def succeeded(self, generation: int) -> None:
        """Count a success on the first try of a call that started in `generation`."""
        if generation != self.generation:
            return
        self._successes += 1
        if self._successes < self.width:
            return
        if self._clean and self._saturated:
            self._width = (
                max(self._width * WIDEN_SLOWLY, self._width + 1) if self._was_refused else self._width * WIDEN_FAST
            )
        self._new_round()

    def refused(self, generation: int, *, gently: bool = False) -> bool:
        """Narrow after a refusal of a call that started in `generation`; tell whether it was a new burst.

        Where the endpoint's pace is known the window is not what it refused for, as far as can be told: it narrows
        `gently`.
        """
        self._was_refused = not gently
        self._clean = False
        if generation != self.generation:
            return False
        # A window that was wider than anybody used narrows from what was used: else the first refusals change nothing.
        used = min(self._width, max(self._peak, self._peak_before, 1))
        self._width = max(1.0, used * (NARROW_GENTLY if gently else NARROW))
        self.generation += 1
        self._new_round()
        return True

    def failed(self) -> None:
        """Note a failure on the server's side: this round widens nothing."""
        self._clean = False

    def _new_round(self) -> None:
        self._successes = 0
        self._saturated = False
        self._clean = True
        self._peak_before, self._peak = self._peak, 0
