"""Which of many patterns may match a text: told by its pieces of three letters, into which it is cut once.

A facet has a hundred patterns and most texts have nothing for any of them. Looking for the letters that each pattern
needs is a look through the whole text for each; the pieces of the text and those that the letters can hold are two
sets, and what they have in common leaves a few patterns. Of letters, five or more, that stand somewhere in a text cut
into pieces of three, one piece is whole, wherever the cuts fall.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from feedeval.jobs.offline.patterns import Pattern

_LETTERS = 3
_PIECE = re.compile(f"(?s:.{{{_LETTERS}}})")
_SURELY_HELD = 2 * _LETTERS - 1


def pieces_of(text: str) -> frozenset[str]:
    """Return the pieces of three letters into which a text is cut."""
    return frozenset(_PIECE.findall(text))


class Sieve:
    """Lets those of its patterns through that `Pattern.may_match` lets through."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._always: list[Pattern] = []
        self._by_piece: dict[str, list[tuple[str, Pattern]]] = {}
        self._short: dict[str, list[Pattern]] = {}
        for pattern in patterns:
            if not pattern.needs:
                self._always.append(pattern)
            for letters in pattern.needs:
                if len(letters) < _SURELY_HELD:
                    self._short.setdefault(letters, []).append(pattern)
                    continue
                for at in range(_LETTERS):
                    self._by_piece.setdefault(letters[at : at + _LETTERS], []).append((letters, pattern))
        self._pieces = frozenset(self._by_piece)

    def left(self, text: str, pieces: frozenset[str]) -> set[Pattern]:
        """Return the patterns that are worth a search in a text; `pieces` are the text's."""
        left = set(self._always)
        for letters, patterns in self._short.items():
            if letters in text:
                left.update(patterns)
        for piece in self._pieces & pieces:
            for letters, pattern in self._by_piece[piece]:
                if letters in text:
                    left.add(pattern)
        return left
