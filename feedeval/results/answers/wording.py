"""An answer in the words of the feed: the whole sentence that a quote was cut from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from feedeval.jobs.evidence import normalise, quote_spans
from feedeval.jobs.offline.reading import TITLE_FIELDS, sentences
from feedeval.records import Context, ContextField

PAIRS_FIELD = "question_and_answer"
_PARTS = re.compile(r"\s*(?:\.{3,}|…|\[\.*…?\]|\n|\s\|\s|;)\s*")
"""Where a quote joins two places, as `is_quoted` takes it."""
_AT_END, _AT_START = re.compile(r"[^\W_]$|\d[.,]$"), re.compile(r"[^\W_]|[.,]\d")
_ENDINGS = ".!?…;:。！？"


def answer_in(evidence: str, context: Context, *, named: str = "", longest: int) -> tuple[str, str] | None:
    """Return the words of a product that a quote stands for, and the field that they are from.

    Whole sentences where they fit, else the quoted words alone; either way as they stand there, but for spaces. What
    stands in the feed's own questions and answers only is no news.

    Args:
        evidence: The quote.
        context: The product's fields.
        named: The field that the judge named.
        longest: Most characters.

    Returns:
        The words and the field's name; None where the quote is not there, or too long even by itself.
    """
    fields = [one for one in context.fields if one.name != PAIRS_FIELD]
    places = _places(evidence, fields, named)
    if not places:
        return None
    for whole in (True, False):
        pieces = (_sentence(one.text, start, end) if whole else one.text[start:end] for one, start, end in places)
        answer = " ".join(dict.fromkeys(" ".join(piece.split()).lstrip(" :") for piece in pieces))
        if answer and len(answer) <= longest:
            return answer, places[0][0].name
    return None


_Place = tuple[ContextField, int, int]


def _places(evidence: str, fields: list[ContextField], named: str) -> list[_Place]:
    """Return one place for each part of a quote; nothing where a part has none."""
    if whole := _place(evidence, fields, named):
        return [whole]
    parts = [part for part in _PARTS.split(evidence) if normalise(part).strip()]
    found = [_place(part, fields, named) for part in parts]
    places = [place for place in found if place is not None]
    return places if len(places) == len(parts) else []


def _place(part: str, fields: list[ContextField], named: str) -> _Place | None:
    """Return the best place of a text: in the field that was named, else anywhere before the title."""
    ranked = sorted(fields, key=lambda one: (one.name != named, one.name in TITLE_FIELDS))
    return next((place for one in ranked for place in _in_field(part, one)), None)


def _in_field(part: str, one: ContextField) -> Iterator[_Place]:
    label = f"{one.name}: "
    text = label + one.text
    # Most quotes stand there letter by letter, and to look for words takes a hundred times as long.
    spans = _as_it_is(part.strip(), text)
    if not spans and (wanted := normalise(part)).strip() and wanted in normalise(text):
        spans = quote_spans(part, text)
    for start, end in spans:
        if end > len(label):
            yield one, max(0, start - len(label)), end - len(label)


def _as_it_is(part: str, text: str) -> list[tuple[int, int]]:
    """Return where whole words stand in a text as they are written; once is enough, behind the name of the field."""
    start = text.rfind(part) if part else -1
    end = start + len(part)
    if start < 0 or not normalise(part).strip():
        return []
    # A part of a word is another word, and what is left of a decimal sign belongs to the number.
    before, after = _AT_END.search(text, max(0, start - 2), start), _AT_START.match(text, end)
    inside = (before and part[0].isalnum()) or (after and part[-1].isalnum())
    return [] if inside else [(start, end)]


def _sentence(text: str, start: int, end: int) -> str:
    """Return the sentences that a part of a text stands in."""
    found = [(begins, ends) for begins, ends in _bounds(text) if ends > start and begins < end]
    return text[found[0][0] : found[-1][1]] if found else text[start:end]


def _bounds(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the sentences of a text begin and end."""
    begins = ends = 0
    for sentence in sentences(text, keep_questions=True):
        at = text.find(sentence, ends)
        if at < 0:
            continue
        # A long sentence comes in pieces, with a space between them at most.
        goes_on = ends > begins and at - ends <= 1 and "\n" not in text[ends:at] and text[ends - 1] not in _ENDINGS
        if ends > begins and not goes_on:
            yield begins, ends
        begins, ends = (begins if goes_on else at), at + len(sentence)
    if ends > begins:
        yield begins, ends
