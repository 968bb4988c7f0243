"""A measured figure beside its target, and the table of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One figure; without a target it is shown beside the others for comparison."""

    name: str
    measured: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.at_least is not None:
            return self.measured >= self.at_least
        return None if self.at_most is None else self.measured <= self.at_most

    @property
    def target(self) -> str:
        """The target as it is shown."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return "" if self.at_most is None else f"≤ {self.at_most:g}"

    def as_json(self) -> dict[str, Any]:
        """Return the figure as plain values."""
        return {**asdict(self), "reached": self.reached}


def from_json(values: dict[str, Any]) -> Figure:
    """Return the figure that `as_json` made plain."""
    return Figure(**{name: value for name, value in values.items() if name != "reached"})


def table(title: str, figures: Sequence[Figure]) -> str:
    """Return figures as lines of text."""
    width = max(len(figure.name) for figure in figures)
    lines = [title]
    for figure in figures:
        verdict = {True: "reached", False: "MISSED", None: ""}[figure.reached]
        measured = f"{figure.measured:,.3f}".rstrip("0").rstrip(".")
        parts = (
            f"  {figure.name:<{width}}  {figure.target:>9}  {measured:>11} {figure.unit:<5} {verdict:<8}{figure.note}"
        )
        lines.append(parts.rstrip())
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """Return what the figures were measured on, and how busy it was with other work."""
    return {"cpus": os.cpu_count(), "load": [round(load, 2) for load in os.getloadavg()]}


def missed(figures: Iterable[Figure]) -> list[str]:
    """Return the names of the figures that miss their target."""
    return [figure.name for figure in figures if figure.reached is False]
