"""Products that are nearly the same, told by their titles: variants of one, which a list of a few should not repeat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

MOST_ALIKE = 3
"""Products that are nearly the same in one list, at most."""

_ALIKE = 0.7
"""Share of their letter triples that two titles of a family have in common (L. R. Dice, Ecology 26, 1945, 297-302)."""
_COMPARED = 60
"""Families of the same first word that a title is compared with: a list of a million stays a matter of seconds."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"\w+")


class Families:
    """Finds products that are nearly the same; what was worked out for a title is kept."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, frozenset[str]]] = {}

    def of(self, titles: Iterable[str], groups: Sequence[str] | None = None) -> list[int]:
        """Return the family of each title, numbered in the order in which they are met.

        Titles that differ in numbers alone are alike, and so are those that share most of their letters and begin with
        the same word.

        Args:
            titles: What the products are called.
            groups: The `item_group_id` of each, empty for none: products of one group are a family.
        """
        families: list[int] = []
        first: list[frozenset[str]] = []
        by_word: dict[str, list[int]] = {}
        by_group: dict[str, int] = {}
        for n, title in enumerate(titles):
            group = groups[n] if groups is not None else ""
            family = by_group.get(group) if group else None
            if family is None:
                word, triples = self._parts(title)
                there = by_word.setdefault(word, [])
                family = next((each for each in there[-_COMPARED:] if _alike(triples, first[each])), None)
                if family is None:
                    family = len(first)
                    first.append(triples)
                    there.append(family)
                if group:
                    by_group[group] = family
            families.append(family)
        return families

    def distinct(self, titles: Sequence[str], wanted: int) -> list[int]:
        """Return the places of the first titles of different families; where there are too few, of any."""
        families = self.of(titles)
        firsts = list({family: place for place, family in reversed(list(enumerate(families)))}.values())
        chosen = sorted(firsts)[:wanted]
        rest = [place for place in range(len(titles)) if place not in set(chosen)]
        return sorted([*chosen, *rest[: max(min(wanted, MOST_ALIKE) - len(chosen), 0)]])

    def _parts(self, title: str) -> tuple[str, frozenset[str]]:
        known = self._known.get(title)
        if known is None:
            text = " ".join(_NUMBER.sub("0", title.casefold()).split())
            word = _WORD.search(text)
            padded = f"  {text} "
            known = (word[0] if word else "", frozenset(padded[n : n + 3] for n in range(len(padded) - 2)))
            self._known[title] = known
        return known


def at_most_alike(families: Sequence[int], most: int = MOST_ALIKE) -> list[int]:
    """Return the places of a list that are left when each family has at most so many."""
    seen: dict[int, int] = {}
    kept = []
    for place, family in enumerate(families):
        seen[family] = seen.get(family, 0) + 1
        if seen[family] <= most:
            kept.append(place)
    return kept


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return 2 * len(one & other) >= _ALIKE * (len(one) + len(other))
