"""Findings as rows: one for each destination whose rule it is, with what that does about it and from when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

import pandas as pd

from feedeval.feed.checks.findings import COLUMNS, PRACTICE, Finding, Severity, checks, shorten
from feedeval.feed.consequences import Consequence, Outcome, outcome
from feedeval.feed.rules import Target, rule_for

_GRAVITY = {severity: place for place, severity in enumerate(Severity)}
_NEVER_AN_ERROR = {Consequence.LIMITED, Consequence.WARNING}


class Verdict(NamedTuple):
    """What one kind of finding means at one destination."""

    target: str
    """Empty for what is no destination's rule."""
    severity: str
    consequence: str
    since: str
    to_come: str
    """What the message has to add where something only begins later."""


@dataclass(frozen=True, slots=True)
class Products:
    """How the products of a feed are called, in its order."""

    ids: Sequence[str]
    urls: Sequence[str]


def frame_of(findings: Iterable[Finding], products: Products, targets: Sequence[Target], day: str) -> pd.DataFrame:
    """Return findings as a frame with `COLUMNS`, in the order of the feed, the whole feed's findings first.

    Each stands once a product, field, check and destination: the reader and a check may both have seen the same thing.

    Args:
        findings: In any order.
        products: How the products are called.
        targets: The destinations that were checked.
        day: ISO date as of which consequences count.
    """
    rows = [row_of(found, verdict, products) for found, verdict in judged(findings, targets, day)]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")


def row_of(found: Finding, verdict: Verdict, products: Products) -> tuple[str, ...]:
    """Return what stands in `COLUMNS` of one finding."""
    of_one = found.row >= 0
    return (
        _whole(products.ids[found.row]) if of_one else "",
        _whole(products.urls[found.row]) if of_one else "",
        found.field,
        found.issue.check,
        verdict.severity,
        found.issue.message + verdict.to_come,
        shorten(found.issue.value),
        verdict.target,
        verdict.consequence,
        verdict.since,
    )


def judged(findings: Iterable[Finding], targets: Sequence[Target], day: str) -> Iterator[tuple[Finding, Verdict]]:
    """Yield findings with what they mean at each destination whose rule they break, each once, in the feed's order."""
    return _once(findings, tuple(targets), day)


def _once(findings: Iterable[Finding], targets: tuple[Target, ...], day: str) -> Iterator[tuple[Finding, Verdict]]:
    seen: set[tuple[int, str, str, str]] = set()
    for found in sorted(findings, key=attrgetter("row")):
        for verdict in _verdicts(
            _Broken(found.issue.check, found.field, found.issue.since), found.targets, targets, day
        ):
            key = (found.row, found.field, found.issue.check, verdict.target)
            if key not in seen:
                seen.add(key)
                yield found, verdict


class _Broken(NamedTuple):
    """What kind of finding it is, and where."""

    check: str
    field: str
    since: str | None


@lru_cache(maxsize=8192)
def _verdicts(
    broken: _Broken, of: tuple[Target, ...] | None, targets: tuple[Target, ...], day: str
) -> tuple[Verdict, ...]:
    """Return what a kind of finding means at each destination whose rule it is."""
    entry = checks()[broken.check]
    concerned = of if of is not None else tuple(target for target in targets if rule_for(target, broken.field))
    verdicts = tuple(_verdict(target, broken, day) for target in concerned)
    if entry.source != PRACTICE:
        return verdicts
    # A destination that says what it does about it makes it a rule of its own.
    stated = tuple(verdict for verdict in verdicts if verdict.consequence)
    if stated and len(stated) == len(concerned):
        return stated
    return (*stated, Verdict("", entry.severity.value, "", "", ""))


def _verdict(target: Target, broken: _Broken, day: str) -> Verdict:
    severity = checks()[broken.check].severity
    rule = rule_for(target, broken.field)
    what = outcome(target, broken.check, rule.attribute if rule else broken.field, day)
    begins = rule.since if rule else ""
    if broken.since is not None:
        what = Outcome(what.consequence, broken.since, broken.since <= day)
    elif begins > day:
        # A rule that does not hold yet has no consequence yet.
        what = Outcome(what.consequence, max(begins, what.since), in_force=False)
    later = not what.in_force
    if later or what.consequence in _NEVER_AN_ERROR:
        severity = max(severity, Severity.WARNING, key=_GRAVITY.__getitem__)
    elif what.consequence == Consequence.DISAPPROVED:
        severity = Severity.ERROR
    words = f"; {what.consequence or 'the rule holds'} from {what.since}" if later else ""
    return Verdict(target.value, severity.value, what.consequence, what.since or begins, words)


def _whole(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
