"""Which facets a text may speak of, told by its words alone: what no pattern answers is not judged there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache

from feedeval.errors import InputError
from feedeval.jobs.offline.patterns import fold

_WORD = re.compile(r"[^\W_]+")
_WHOLE = "="
"""Before a listed word that counts only as it stands, not as the beginning of a longer one."""
_SHORTEST_BEGINNING = 3
_MOST_WORDS, _KEPT_TEXTS = 1 << 18, 64


@lru_cache(maxsize=4)
def _words_of(folded: str) -> frozenset[str]:
    """Return the words of a text, which is looked at for each language that it may be in."""
    return frozenset(_WORD.findall(folded.replace("ß", "ss")))


class Topics:
    """Words of one language by the facets that a text which uses them may speak of.

    Args:
        listed: Facet -> words, parted by spaces; each is the beginning of words (`wood` of `wooden`) or, after `=`, a
            whole word.
        spaced: Whether the language parts its words by spaces; where not, a word counts wherever it stands.
        where: The file, for errors.

    Raises:
        InputError: A beginning is so short that it would stand in any text.
    """

    def __init__(self, listed: Mapping[str, str], *, spaced: bool, where: str = "") -> None:
        self._spaced = spaced
        self._whole: dict[str, frozenset[str]] = defaultdict(frozenset)
        self._beginnings: dict[str, frozenset[str]] = defaultdict(frozenset)
        for facet, words in listed.items():
            for word in fold(words).replace("ß", "ss").split():
                if spaced and len(word) < _SHORTEST_BEGINNING and not word.startswith(_WHOLE):
                    raise InputError(f"{where}: [{facet}] topics: {word!r} begins too many words; write ={word}")
                kind = self._whole if word.startswith(_WHOLE) else self._beginnings
                kind[word.removeprefix(_WHOLE)] |= {facet}
        self._lengths = sorted({len(word) for word in self._beginnings})
        self._looked_up: tuple[dict[str, frozenset[str]], set[str]] = {}, set()
        """Words that tell something and words that do not: products of one shop have most of theirs in common."""
        # Asked for one facet of a product after the other.
        self.of = lru_cache(maxsize=_KEPT_TEXTS)(self._of)

    def _of(self, folded: str) -> frozenset[str]:
        """Return the facets that folded text may speak of."""
        if not self._spaced:
            return frozenset().union(*(facets for word, facets in self._beginnings.items() if word in folded))
        if not (self._beginnings or self._whole):
            return frozenset()
        telling, silent = self._looked_up
        if len(telling) + len(silent) > _MOST_WORDS:
            self._looked_up = telling, silent = {}, set()
        words = _words_of(folded) - silent
        for word in words - telling.keys():
            if facets := self._look_up(word):
                telling[word] = facets
            else:
                silent.add(word)
        return frozenset().union(*(telling[word] for word in words & telling.keys()))

    def _look_up(self, word: str) -> frozenset[str]:
        found = [self._beginnings[word[:length]] for length in self._lengths if word[:length] in self._beginnings]
        return frozenset().union(self._whole.get(word, frozenset()), *found)
