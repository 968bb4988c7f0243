"""What a comparison reports: a contradiction with the words of each side, or that nothing could be compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class Contradiction(NamedTuple):
    """Feed and page say different things of one attribute."""

    field: str
    check: str
    message: str
    words: tuple[str, str, str]
    """Of the feed, of the page's structured data, of its visible text; empty where one says nothing."""


@dataclass(slots=True)
class Said:
    """What comparisons need to know beside product and page, and what they count."""

    moment: datetime
    country: str
    """Whose tax rates are tried; empty where it is not known."""
    counts: Counter[str] = field(default_factory=Counter)
    left_open: Counter[str] = field(default_factory=Counter)

    def compared(self, name: str) -> None:
        """Count a product whose attribute was compared."""
        self.counts[name] += 1

    def open(self, name: str) -> None:
        """Count a product whose attribute the feed states and the page leaves open."""
        self.left_open[name] += 1
