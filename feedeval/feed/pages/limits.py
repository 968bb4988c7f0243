"""How far reading pages goes: how often a host is asked, how much of a page is read, how long what was read counts."""

from __future__ import annotations

from dataclasses import dataclass

from feedeval.errors import InputError


@dataclass(frozen=True, slots=True)
class PageLimits:
    """How politely pages are asked for, and how much of each is read.

    Raises:
        InputError: A limit is out of its range.
    """

    at_once: int = 8
    """Pages that are asked for at once."""
    at_once_per_host: int = 2
    pause_s: float = 0.5
    """Seconds between two requests to a host; where its robots.txt asks for more, up to 30 s, that counts."""
    timeout_s: float = 20.0
    """Longest time that one page may take, with all of its redirects."""
    max_mb: float = 5.0
    """Megabytes of a page that are read; what is behind them is cut off."""
    max_age_days: float = 7.0
    """For how long a page that was read before is not asked for again; 0 asks for all of them anew."""
    robots: bool = True
    """Keep to what robots.txt says to `feedeval`, or to everyone; False is for one's own shop."""

    def __post_init__(self) -> None:
        for name in ("at_once", "at_once_per_host", "timeout_s", "max_mb"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name}={getattr(self, name)!r} of the pages' limits has to be above 0")
        for name in ("pause_s", "max_age_days"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name}={getattr(self, name)!r} of the pages' limits has to be 0 or more")
