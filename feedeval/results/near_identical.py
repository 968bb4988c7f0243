"""Products that are nearly the same, told by their titles: variants of one, which a list of a few should not repeat."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import zip_longest

_ALIKE = 0.6
"""Share of their letter triples that two titles of a family have in common (L. R. Dice, Ecology 26, 1945, 297-302)."""
_COMPARED = 60
"""Families of the same first word that a title is compared with: a list of a million stays a matter of seconds."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"\w+")


class Families:
    """Numbers products by what they nearly are, in the order in which families are met.

    Titles that differ in numbers alone are alike, and so are those that share most of their letters and begin with the
    same word; products of different categories are not.
    """

    def __init__(self) -> None:
        self._triples: list[frozenset[str]] = []
        """Of the first title of each family."""
        self._by_word: dict[tuple[str, str], list[int]] = {}
        self._by_group: dict[str, int] = {}
        self._known: dict[tuple[str, str], int] = {}

    def family(self, title: str, group: str = "", *, category: str = "") -> int:
        """Return the family of a product.

        Args:
            title: What it is called.
            group: Its `item_group_id`, empty for none: products of one group are a family, whatever they are called.
            category: Its category.
        """
        if group and group in self._by_group:
            return self._by_group[group]
        found = self._known.get((title, category))
        if found is None:
            found = self._known[title, category] = self._find(title, category)
        if group:
            self._by_group[group] = found
        return found

    def of(self, titles: Iterable[str], groups: Iterable[str] = (), categories: Iterable[str] = ()) -> list[int]:
        """Return the family of each of several products; groups and categories that are not given are empty."""
        told = zip_longest(titles, groups, categories, fillvalue="")
        return [self.family(title, group, category=category) for title, group, category in told]

    def _find(self, title: str, category: str) -> int:
        text = " ".join(_NUMBER.sub("0", title.casefold()).split())
        word = _WORD.search(text)
        padded = f"  {text} "
        triples = frozenset(padded[n : n + 3] for n in range(len(padded) - 2))
        there = self._by_word.setdefault((category, word[0] if word else ""), [])
        found = next((each for each in there[-_COMPARED:] if _alike(triples, self._triples[each])), None)
        if found is None:
            found = len(self._triples)
            self._triples.append(triples)
            there.append(found)
        return found


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return 2 * len(one & other) >= _ALIKE * (len(one) + len(other))
