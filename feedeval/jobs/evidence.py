"""Is the quoted evidence really in the context?

A quote counts when its words stand in the context in the same order, whatever the case, spacing, punctuation and
Unicode form: models change quotation marks, dashes and spaces, and nothing else is forgiven. Numbers keep their
decimal sign, so that "15" is not found in "1.5".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

# Scripts that are written without spaces between words: each character is a word of its own.
_UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
_WORD = re.compile(rf"\d+(?:[.,]\d+)*|[{_UNSPACED}]|(?:(?![{_UNSPACED}])[^\W\d_])+")
# Where a quote leaves something out, or joins two places: each part has to be there by itself.
_JOINTS = re.compile(r"\s*(?:\.{3,}|…|\[\.*…?\]|\n|\s\|\s|;)\s*")


def normalise(text: str) -> str:
    """Return the words and numbers of `text`, case-folded and separated by single spaces, with one at either end."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return f" {' '.join(_WORD.findall(folded))} "


@lru_cache(maxsize=256)
def _normalised_context(text: str) -> str:
    return normalise(text)


def is_quoted(evidence: str, context: str) -> bool:
    """Say whether `evidence` is a quote from `context`; a quote without a word or a number is none."""
    haystack = _normalised_context(context)
    parts = [normalise(part) for part in _JOINTS.split(evidence)]
    parts = [part for part in parts if part.strip()]
    if not parts:
        return False
    # A semicolon or a line break inside the quoted words themselves is no joint: the whole may stand there as it is.
    return normalise(evidence) in haystack or all(part in haystack for part in parts)


def quote_spans(evidence: str, context: str) -> list[tuple[int, int]]:
    """Return where `evidence` stands in `context`, in order and without overlaps: each place as (start, end).

    It is found as `is_quoted` finds it, as a whole or part by part; where it is not there, the list is empty.
    """
    words = list(_placed_words(context))
    whole = _words(evidence)
    for parts in ([whole], [_words(part) for part in _JOINTS.split(evidence)]):
        wanted = [part for part in parts if part]
        found = [_places(part, words) for part in wanted]
        if found and all(found):
            return _merged(sorted(place for places in found for place in places))
    return []


def _words(text: str) -> list[str]:
    return normalise(text).split()


def _placed_words(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the words of a text as `normalise` has them, each with its start and end in the text as it is."""
    folded: list[str] = []
    origin: list[int] = []
    start = 0
    while start < len(text):
        end = start + 1
        # Marks that combine with a letter are normalised with it.
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        here = unicodedata.normalize("NFKC", text[start:end]).casefold()
        folded.append(here)
        origin += [start] * len(here)
        start = end
    origin.append(len(text))
    for match in _WORD.finditer("".join(folded)):
        last = origin[match.end() - 1]
        end = next((place for place in origin[match.end() :] if place > last), len(text))
        yield match[0], origin[match.start()], end


def _places(wanted: list[str], words: list[tuple[str, int, int]]) -> list[tuple[int, int]]:
    size = len(wanted)
    return [
        (words[at][1], words[at + size - 1][2])
        for at in range(len(words) - size + 1)
        if words[at][0] == wanted[0] and [word for word, _, _ in words[at : at + size]] == wanted
    ]


def _merged(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    apart: list[tuple[int, int]] = []
    for start, end in places:
        if apart and start < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart
