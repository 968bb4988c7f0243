"""Which questions of a set ask for the same fact, told from their letters: no list of words of any language.

Words are compared as they are or by a long common beginning, as inflection changes ends (*material*, *Materialien*). A
word counts by its length and by how few questions of the set have it, so that what they all say (*what is the … of the
product*) tells nothing. Where both questions have a word of weight that the other lacks, they ask for different facts
(*seat height*, *seat depth*). Wordings that share no word are not found.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

SAME_SHARE = 0.59
"""Two questions that share more than this of their words' weight ask for the same fact. Set on pairs in eight
languages, those of its test among them, so that different facts stay below; of pairs that mean the same it finds two
thirds."""

_NUMBER = r"\d+(?:[.,]\d+)*"
_HIRAGANA, _KATAKANA, _HAN, _THAI = r"\u3041-\u309f", r"\u30a0-\u30ff", r"\u3400-\u4dbf\u4e00-\u9fff", r"\u0e00-\u0e7f"
_RUNS = "|".join(f"[{script}]+" for script in (_HIRAGANA, _KATAKANA, _HAN, _THAI))
_WORD = re.compile(rf"{_NUMBER}|{_RUNS}|(?:(?![{_HIRAGANA}{_KATAKANA}{_HAN}{_THAI}])[^\W\d_])+")
_ENDINGS = re.compile(f"[{_HIRAGANA}]+")
_DENSE = re.compile(f"[{_HAN}\uac00-\ud7af]+")
"""Scripts in which a word has one to three characters."""
_PACKED = re.compile(f"[{_HAN}]{{5,}}|[{_THAI}]+")
"""What is written without spaces and holds several words: taken in pairs of characters."""

_LONGEST = 6.0
"""Letters from which on a word weighs no more."""
_LEAST_BEGINNING, _LEAST_BEGINNING_DENSE, _BEGINNING_SHARE = 4, 2, 0.65


class Likeness:
    """How alike the questions of one set are.

    Args:
        texts: All questions of the set: how often a word stands in them decides what it tells.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._words = [_words(text) for text in texts]
        vocabulary = set().union(*self._words) if self._words else set()
        self._weights = {word: self._weight(word) for word in vocabulary}

    def _weight(self, word: str) -> float:
        having = sum(any(_same(word, other) for other in words) for words in self._words)
        return _length(word) * math.log(1 + len(self._words) / having) ** 2

    def same(self, one: int, other: int) -> bool:
        """Say whether two questions, by their positions, ask for the same fact."""
        return self.share(one, other) > SAME_SHARE

    def share(self, one: int, other: int) -> float:
        """Return the share of their words' weight that two questions have in common; 0 where their numbers differ."""
        here, there = self._words[one], self._words[other]
        if _numbers(here) != _numbers(there):
            return 0.0
        common = sum(self._weights[word] for word in here if any(_same(word, each) for each in there))
        less, more = sorted(
            sum(self._weights[word] for word in words if not any(_same(word, each) for each in others))
            for words, others in ((here, there), (there, here))
        )
        whole = common + 2 * less + 0.9 * (more - less)
        return common / whole if whole else 1.0


def _words(text: str) -> frozenset[str]:
    found: list[str] = []
    for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        found += ["".join(pair) for pair in pairwise(word)] or [word] if _PACKED.fullmatch(word) else [word]
    return frozenset(found)


def _numbers(words: frozenset[str]) -> set[str]:
    return {word for word in words if word[0].isdigit()}


def _length(word: str) -> float:
    """Return how much a word can tell by its length, in letters of an alphabet."""
    if _ENDINGS.fullmatch(word):
        return 1.0
    return min(len(word) * (3.0 if _DENSE.fullmatch(word) else 1.0), _LONGEST)


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    least = _LEAST_BEGINNING_DENSE if _DENSE.fullmatch(one) else _LEAST_BEGINNING
    longer = max(len(one), len(other))
    begins = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return begins >= least and begins >= _BEGINNING_SHARE * longer
