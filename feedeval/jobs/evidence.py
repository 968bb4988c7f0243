"""Is the quoted evidence really in the context?

A quote counts when its words stand in the context in the same order, whatever the case, spacing, punctuation and
Unicode form: models change quotation marks, dashes and spaces, and nothing else is forgiven. Numbers keep their
decimal sign, so that "15" is not found in "1.5".
"""

from __future__ import annotations

import re
import unicodedata
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
