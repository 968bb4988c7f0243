"""The word lists of the text checks, from `data/spec/words.tsv`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from feedeval.feed.tables import table

_ANY = "any"
# Scripts that write no space between words: there a phrase has no word boundary around it.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@lru_cache(maxsize=1)
def _lists() -> Mapping[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in table("spec/words"):
        found[row["list"], row["language"]].append(row["phrase"])
    return MappingProxyType({key: tuple(phrases) for key, phrases in found.items()})


@lru_cache(maxsize=256)
def phrases(name: str, language: str) -> frozenset[str]:
    """Return a list's phrases for a language, those for any language included."""
    return frozenset(_lists().get((name, _ANY), ()) + _lists().get((name, language), ()))


@lru_cache(maxsize=256)
def _patterns(name: str, language: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return each phrase's longest fixed part, which is quick to look for, and its pattern."""
    return tuple((_fixed(phrase), _pattern(phrase)) for phrase in sorted(phrases(name, language)))


def _fixed(phrase: str) -> str:
    return max(phrase.split("#"), key=len)


def _pattern(phrase: str) -> re.Pattern[str]:
    body = re.escape(phrase).replace(r"\#", r"[0-9]{1,3} ?").replace(r"\ ", r"\s+")
    return re.compile(body if _UNSPACED.search(phrase) else rf"(?<![\w-]){body}(?![\w-])")


def find_phrase(text: str, name: str, language: str) -> str:
    """Return the first of a list's phrases that stands in a casefolded text as whole words, or an empty string."""
    for fixed, pattern in _patterns(name, language):
        if fixed in text:
            found = pattern.search(text)
            if found:
                return found[0]
    return ""
