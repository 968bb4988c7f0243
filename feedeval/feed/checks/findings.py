"""What a check reports, and the catalogue of all checks: severity, fix and source of each."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from feedeval.feed.spec import DATA, AttributeRule, Target

COLUMNS = ("product_id", "product_url", "field", "check", "severity", "message", "value")
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


class Issue(NamedTuple):
    """Something wrong with one value."""

    check: str
    message: str
    value: str = ""


class Finding(NamedTuple):
    """An issue and where it is."""

    row: int
    """Position of the product, from 0; -1 where it concerns the whole feed."""
    field: str
    issue: Issue


ValueCheck = Callable[[str, AttributeRule, Setting], Iterable[Issue]]
"""Looks at one value of one attribute."""


@lru_cache(maxsize=1)
def checks() -> Mapping[str, Check]:
    """Return the catalogue by name."""
    lines = (DATA / "checks.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE)
    entries = (Check(row["check"], Severity(row["severity"]), row["fix"], row["source"]) for row in rows)
    return MappingProxyType({entry.name: entry for entry in entries})


def catalogue() -> pd.DataFrame:
    """Return all checks as a frame: `check, severity, fix, source`, all text."""
    entries = [(entry.name, entry.severity.value, entry.fix, entry.source) for entry in checks().values()]
    return pd.DataFrame(entries, columns=["check", "severity", "fix", "source"])


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


def frame_of(findings: Iterable[Finding], ids: Sequence[str], urls: Sequence[str]) -> pd.DataFrame:
    """Return findings as a frame with `COLUMNS`, in the order of the feed, the whole feed's findings first."""
    entries = checks()
    ordered = sorted(findings, key=attrgetter("row"))
    clean_ids, clean_urls = [*map(_whole, ids), ""], [*map(_whole, urls), ""]
    data = {
        "product_id": [clean_ids[found.row] for found in ordered],
        "product_url": [clean_urls[found.row] for found in ordered],
        "field": [found.field for found in ordered],
        "check": [found.issue.check for found in ordered],
        "severity": [entries[found.issue.check].severity.value for found in ordered],
        "message": [found.issue.message for found in ordered],
        "value": [shorten(found.issue.value) for found in ordered],
    }
    return pd.DataFrame(data, columns=list(COLUMNS), dtype="str")


def _whole(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
