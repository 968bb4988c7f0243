"""Which family a product belongs to, by its category path, else by its title."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from feedeval.jobs.offline.bank import Bank, Family
from feedeval.jobs.offline.patterns import fold
from feedeval.records import Context

GENERAL = "general"
"""The family of products whose category and title tell nothing."""
_SMALLEST_SHARE = 0.4


def family_of(category: str, bank: Bank) -> Family | None:
    """Return the family that a category path names, its last parts first; None where it names none."""
    parts = [part for part in fold(category).split(" > ") if part.strip()]
    for part in reversed(parts):
        if family := _first(part, bank, by="category"):
            return family
    return None


def family_of_title(title: str, bank: Bank) -> Family | None:
    """Return the family whose word comes first in a title; None where there is none."""
    return _first(fold(title), bank, by="title") if title else None


def _first(folded: str, bank: Bank, *, by: str) -> Family | None:
    """Return the family with the longest word in `folded`; the longer word is the more special one."""
    best: tuple[int, Family] | None = None
    for family in bank.families.values():
        pattern = family.category if by == "category" else family.title
        for match in pattern.regex.finditer(folded) if pattern and pattern.may_match(folded) else ():
            length = len(match.group())
            if best is None or length > best[0]:
                best = (length, family)
    return best[1] if best else None


def family_for(context: Context, bank: Bank) -> Family:
    """Return the family of one product."""
    return family_of(context.category, bank) or family_of_title(context.get("title"), bank) or bank.families[GENERAL]


def family_of_sample(category: str, sample: Sequence[Context], bank: Bank) -> Family:
    """Return the family of a category: by its path, else the one that most titles of the sample speak of."""
    if category in bank.families:
        return bank.families[category]
    if family := family_of(category, bank) or family_of_title(category, bank):
        return family
    votes = Counter(family_for(context, bank).id for context in sample)
    votes.pop(GENERAL, None)
    if not votes:
        return bank.families[GENERAL]
    most = max(votes.values())
    # A shelf of mixed goods has no family: its few plant pots must not make a garden of it.
    if most < len(sample) * _SMALLEST_SHARE:
        return bank.families[GENERAL]
    return bank.families[min(name for name, count in votes.items() if count == most)]
