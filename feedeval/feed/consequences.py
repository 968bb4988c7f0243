"""What a destination does about a finding, and from when, from `data/spec/consequences.tsv`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from feedeval.feed.rules import Target
from feedeval.feed.tables import table


class Consequence(StrEnum):
    """What a destination does, the gravest first."""

    DISAPPROVED = "disapproved"
    """The product is not shown."""
    LIMITED = "limited"
    """It is shown less, or without a feature."""
    IGNORED = "ignored"
    """The value is dropped, the product is shown."""
    WARNING = "warning"
    """The shop is told, nothing else."""

    @property
    def words(self) -> str:
        """What happens to the product, for people who have read no specification."""
        return _WORDS[self]


_WORDS = {
    Consequence.DISAPPROVED: "not shown (disapproved)",
    Consequence.LIMITED: "shown less often, or without a feature",
    Consequence.IGNORED: "shown without this value",
    Consequence.WARNING: "a warning to the shop, and nothing else",
}


class Outcome(NamedTuple):
    """What a destination does about one kind of finding, as seen from one day."""

    consequence: str
    """A value of `Consequence`, or empty where the destination does not say."""
    since: str
    """ISO date from which it does so; empty: always, or not stated."""
    in_force: bool = True
    """False where it only begins after that day."""


class Stated(NamedTuple):
    """One row of the table: what is done, from which day, and up to which; empty: always."""

    consequence: Consequence
    since: str
    until: str


_NOTHING = Outcome("", "")
_GRAVITY = {consequence: place for place, consequence in enumerate(Consequence)}


@lru_cache(maxsize=1)
def _stated() -> Mapping[tuple[str, str, str], list[Stated]]:
    found: dict[tuple[str, str, str], list[Stated]] = defaultdict(list)
    for row in table("spec/consequences"):
        stated = Stated(Consequence(row["consequence"]), row["since"], row["until"])
        found[row["target"], row["check"], row["attribute"]].append(stated)
    return dict(found)


def outcome(target: Target, check: str, attribute: str, day: str) -> Outcome:
    """Return what a destination does about a finding, as of an ISO date.

    What is said of the attribute counts before what is said of the one it is a part of, and that before what is said
    of all. Where something graver is to come than what is done today, it is that, not yet in force.
    """
    names = dict.fromkeys((attribute, attribute.partition(".")[0], ""))
    return next(
        (said for name in names if (said := decided(_stated().get((target.value, check, name), ()), day))), _NOTHING
    )


def decided(stated: Iterable[Stated], day: str) -> Outcome | None:
    """Return the gravest of what is done on a day or later, or None where nothing is."""
    left = [row for row in stated if not row.until or row.until >= day]
    if not left:
        return None
    gravest = min(left, key=lambda row: (_GRAVITY[row.consequence], row.since))
    return Outcome(gravest.consequence.value, gravest.since, gravest.since <= day)


@lru_cache(maxsize=1)
def consequences_by_check() -> Mapping[str, str]:
    """Return what destinations do about each check in words, such as `"google: disapproved (price)"`."""
    said: dict[str, list[str]] = defaultdict(list)
    for (target, check, attribute), rows in _stated().items():
        for row in rows:
            when = [f"{word} {day}" for word, day in (("from", row.since), ("until", row.until)) if day]
            more = ", ".join(part for part in (attribute, *when) if part)
            said[check].append(f"{target}: {row.consequence.value}" + (f" ({more})" if more else ""))
    return {check: "; ".join(rows) for check, rows in said.items()}
