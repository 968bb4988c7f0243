"""Which of many patterns may match a text: told by its pieces of three letters, which are listed once.

A facet has a hundred patterns and most texts have nothing for any of them. Looking for the letters that each pattern
needs is a look through the whole text for each; the pieces of the text and those that stand for letters are two sets,
and what they have in common leaves a few patterns. Of letters, the piece stands for them that the fewest others have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from feedeval.jobs.offline.patterns import FIGURES, Pattern

_FIGURE = re.compile(f"[{''.join(FIGURES)}]")


def pieces_of(text: str) -> frozenset[str]:
    """Return the pieces of three letters that a text holds."""
    return frozenset(map("".join, zip(text, text[1:], text[2:], strict=False)))


class Sieve:
    """Lets those of its patterns through that `Pattern.may_match` lets through."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self.patterns = frozenset(patterns)

    @cached_property
    def _tables(self) -> _Tables:
        by_letters: dict[str, list[Pattern]] = {}
        figured = [pattern for pattern in self.patterns if pattern.needs == FIGURES]
        for pattern in self.patterns.difference(figured):
            for letters in pattern.needs:
                by_letters.setdefault(letters, []).append(pattern)
        times = Counter(piece for letters in by_letters for piece in pieces_of(letters))
        by_piece: dict[str, list[_Lettered]] = {}
        short: list[_Lettered] = []
        for letters, some in by_letters.items():
            rarest = min(pieces_of(letters), key=lambda piece: (times[piece], piece), default="")
            (by_piece.setdefault(rarest, []) if rarest else short).append((letters, some))
        return _Tables(
            always=frozenset(pattern for pattern in self.patterns if not pattern.needs),
            figured=figured,
            short={True: [each for each in short if each[0].isascii()], False: short},
            by_piece=by_piece,
            pieces=frozenset(by_piece),
        )

    def left(self, text: str, pieces: frozenset[str]) -> set[Pattern]:
        """Return the patterns that are worth a search in a text; `pieces` are the text's."""
        always, figured, short, by_piece, known = self._tables
        left = set(always)
        if figured and _FIGURE.search(text):
            left.update(figured)
        for letters, patterns in short[text.isascii()]:
            if letters in text:
                left.update(patterns)
        for piece in known & pieces:
            for letters, patterns in by_piece[piece]:
                if letters in text:
                    left.update(patterns)
        return left


_Lettered = tuple[str, list[Pattern]]
"""Letters with the patterns that need them."""


class _Tables(NamedTuple):
    always: frozenset[Pattern]
    figured: list[Pattern]
    """Those that need a figure, whichever."""
    short: dict[bool, list[_Lettered]]
    """Letters too few for a piece; under True those of them that a text of ASCII alone may hold."""
    by_piece: dict[str, list[_Lettered]]
    pieces: frozenset[str]
