"""Where a sentence ends: regular expressions for texts in most languages, and for Japanese."""

from __future__ import annotations

import re

_JAPANESE = re.compile(r"[ぁ-ヿ一-龠]")
_STOPS = r"(?<=[.!?…])[\"')»“”]*\s+(?=[\"'(«„“¿¡]?\w)|(?<=[。！？])|[\n\r]+|\s*[•▪●✓✔|※]\s*|;\s+"
_WIDE_STOP = re.compile("[。！？]")
_SENTENCE_END = re.compile(_STOPS)
# The same where no full stop is a wide one; each alternative takes a character first and looks back from behind it,
# because `re` passes over all other characters fast then.
_PLAIN_SENTENCE_END = re.compile(
    r"[\"')»“”](?<=[.!?…].)[\"')»“”]*\s+(?=[\"'(«„“¿¡]?\w)"
    r"|\s(?:(?<=[.!?…].)\s*(?=[\"'(«„“¿¡]?\w)|(?<=[\n\r])[\n\r]*|\s*[•▪●✓✔|※]\s*)"
    r"|[•▪●✓✔|※]\s*|;\s+",
    re.DOTALL,
)
# A heading in brackets, a bullet after a space, and the gap that markup left between two blocks.
_JAPANESE_SENTENCE_END = re.compile(
    rf"{_STOPS}|\s*(?=【)|\s*[■◆◇★☆◎]\s*|\s+[・○]|(?<=[ぁ-ヿ一-龠々）)】」])\s{{2,}}|\s{{2,}}(?=[ぁ-ヿ一-龠])"
)


def sentence_end(text: str) -> re.Pattern[str]:
    """Return what finds the ends of the sentences of a text, with the white space behind them."""
    if text.isascii():
        return _PLAIN_SENTENCE_END
    if _JAPANESE.search(text):
        return _JAPANESE_SENTENCE_END
    return _SENTENCE_END if _WIDE_STOP.search(text) else _PLAIN_SENTENCE_END


def is_japanese(end: re.Pattern[str]) -> bool:
    """Say whether what `sentence_end` returned is for a Japanese text."""
    return end is _JAPANESE_SENTENCE_END
