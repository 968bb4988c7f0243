"""What a check reports, and the catalogue of all checks: severity, fix and source of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from feedeval.feed.consequences import consequences_by_check
from feedeval.feed.rules import AttributeRule, Target
from feedeval.feed.tables import table

COLUMNS = (
    *("product_id", "product_url", "field", "check", "severity", "message", "value"),
    *("target", "consequence", "since"),
)
PRACTICE = "practice"
"""Source of the checks that are no destination's rule."""
VALUE_CHARS = 120
"""Longest excerpt of a value that a finding shows."""


class Severity(StrEnum):
    """What a finding means for the product."""

    ERROR = "error"
    """The destination refuses the product or the attribute."""
    WARNING = "warning"
    """The product is shown, but worse than it could be, or may be refused."""
    INFO = "info"
    """Worth knowing."""


@dataclass(frozen=True, slots=True)
class Check:
    """One entry of the catalogue."""

    name: str
    severity: Severity
    fix: str
    """What to do, in one sentence."""
    source: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What a check may need to know beside the value."""

    target: Target
    language: str
    """Two or three letters; empty where it is not known."""
    now: datetime
    """With a time zone."""
    country: str = ""
    """Where the feed is meant for; empty where it is not known."""


class Issue(NamedTuple):
    """Something wrong with one value."""

    check: str
    message: str
    value: str = ""
    since: str | None = None
    """ISO date from which the rule holds that it breaks, empty: always; None: what the rule files say of the check."""


class Finding(NamedTuple):
    """An issue and where it is."""

    row: int
    """Position of the product, from 0; -1 where it concerns the whole feed."""
    field: str
    issue: Issue
    targets: tuple[Target, ...] | None = None
    """The destinations whose rule it is; None: all that are checked and have the attribute."""


ValueCheck = Callable[[str, AttributeRule, Setting], Iterable[Issue]]
"""Looks at one value of one attribute."""


@lru_cache(maxsize=1)
def checks() -> Mapping[str, Check]:
    """Return the catalogue by name."""
    entries = (
        Check(row["check"], Severity(row["severity"]), row["fix"], row["source"]) for row in table("spec/checks")
    )
    return MappingProxyType({entry.name: entry for entry in entries})


def catalogue() -> pd.DataFrame:
    """Return all checks as a frame: `check, severity, fix, source, consequences`, all text.

    `severity` is that of a check where no destination says what it does about it; `consequences` is what they say, such
    as `"google: disapproved"`, separated by "; ".
    """
    said = consequences_by_check()
    entries = [
        (entry.name, entry.severity.value, entry.fix, entry.source, said.get(entry.name, ""))
        for entry in checks().values()
    ]
    return pd.DataFrame(entries, columns=["check", "severity", "fix", "source", "consequences"])


def quoted(value: str) -> str:
    """Return a value short enough to stand in a sentence."""
    return f"“{shorten(value, 60)}”"


def shorten(value: str, max_chars: int = VALUE_CHARS) -> str:
    """Return a value as one line of at most `max_chars` characters."""
    line = " ".join(value[: 4 * max_chars].split())
    if len(line) > max_chars or len(value) > 4 * max_chars:
        line = line[: max_chars - 1].rstrip() + "…"
    # Half a surrogate pair, which a JSON feed can hold, would fail in every file and frame that it is written to.
    return line if line.isascii() else line.encode("utf-8", "replace").decode("utf-8")
