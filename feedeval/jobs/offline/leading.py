r"""Regular expressions that begin with a letter rather than with the boundary in front of it.

Python's `re` looks for the first letters of an expression with a fast loop, and has none for `\b` or `(?<!\w)`: there
it tries the whole expression at each place. So what has to stand in front is looked at behind the first letter, where
it fails just as surely: `\b(?:objem|kapacit)` finds what `(?:o(?<!\w.)bjem|k(?<!\w.)apacit)` finds,
a few times as fast.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_FRONTS = {r"\b": re.compile(r"[a-z0-9]|\\d"), r"(?<!\w)": re.compile(r"[^\W_]|\\d")}
"""What may stand in front, and the first letters behind it: where only ASCII makes words, a boundary is elsewhere."""
_BEHIND = r"(?<!\w.)"
"""Behind one letter: no letter or figure in front of it."""
_LONGEST_REPEATED = 120


@dataclass(frozen=True, slots=True)
class LetterFirst:
    """Turns expressions around.

    Args:
        split: Returns the alternatives of the outermost level of an expression.
        end_of_item: Returns where the item ends that begins at a place.
    """

    split: Callable[[str], list[str]]
    end_of_item: Callable[[str, int], int]

    def turned(self, source: str) -> str:
        """Return an expression that finds the same and, where that can be, begins with letters."""
        return "|".join(map(self._turned, self.split(source)))

    def _turned(self, alternative: str) -> str:
        for front, letter in _FRONTS.items():
            if alternative.startswith(front) and (choices := self._choices(alternative[len(front) :], letter)):
                return choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"
        return alternative

    def _choices(self, rest: str, letter: re.Pattern[str]) -> list[str]:
        """Return the alternatives of an expression, each from its first letter on; empty where one has none."""
        if not rest:
            return []
        end = self.end_of_item(rest, 0)
        item, after = rest[:end], rest[end:]
        if item.startswith("(?:") and after[:1] == "?" and after[1:2] not in ("?", "+"):
            # What may be there is tried first, and then what is behind it.
            there, behind = self._choices(item + after[1:], letter), self._choices(after[1:], letter)
            return [*there, *behind] if there and behind else []
        if item == r"\d" and after[:1] == "+" and after[1:2] not in ("?", "+"):
            return [rf"\d{_BEHIND}\d*{after[1:]}"]
        if after[:1] in ("?", "*", "+", "{"):
            return []
        if letter.fullmatch(item):
            return [f"{item}{_BEHIND}{after}"]
        if not item.startswith("(?:"):
            return []
        inside = [self._choices(each, letter) for each in self.split(item[3:-1])]
        found = [each for choices in inside for each in choices]
        if not all(inside):
            return []
        # What follows a group is not written twice, unless it is short.
        if len(found) == 1 or len(after) <= _LONGEST_REPEATED // len(found):
            return [f"{each}{after}" for each in found]
        return [f"(?:{'|'.join(found)}){after}"]
