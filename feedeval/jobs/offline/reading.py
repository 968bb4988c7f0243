"""A context as the embedded engine reads it: sentences, and names with their values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from feedeval.jobs.offline.facets import Bank
from feedeval.jobs.offline.patterns import Pattern, fold, tidy_name
from feedeval.jobs.offline.sieve import Sieve, pieces_of
from feedeval.jobs.offline.stops import is_japanese, sentence_end
from feedeval.records import Context, ContextField

PROSE_FIELDS = frozenset(
    {
        "title",
        "structured_title",
        "short_title",
        "description",
        "structured_description",
        "short_description",
        "product_highlight",
        "question_and_answer",
        "product_detail",
    }
)
"""Fields that are read sentence by sentence; any other field is one name with one value."""

_LISTING_FIELDS = frozenset({"description", "structured_description", "short_description", "product_highlight"})

TITLE_FIELDS = frozenset({"title", "structured_title", "short_title"})

UNREAD_FIELDS = frozenset(
    {
        "brand",
        "price",
        "sale_price",
        "availability",
        "condition",
        "category",
        "categories",
        "product_type",
        "google_product_category",
        "id",
        "gtin",
        "mpn",
        "sku",
        "item_group_id",
        "availability_date",
        "sale_price_effective_date",
        "tags",
    }
)
"""Fields that answer none of the bank's questions: a brand called `Waterproof` says nothing about water."""

_LONGEST_EVIDENCE = 300
_KEPT_FIELDS, _LONGEST_KEPT = 512, 300
_LONGEST_SENTENCE = 800
_UNITS_IN_NAMES = frozenset(
    {"mm", "cm", "m", "in", "inch", "g", "kg", "ml", "cl", "l", "w", "kw", "v", "mah", "db", "min", "h"}
)
"""Units with which names of columns end."""
_BARE_FIGURE = re.compile(r"\d+(?:[.,]\d+)?")
_FEWEST_SPACES = 3
"""In a value of an attribute that may be a sentence."""
_YES_OR_NO = re.compile(r"(?:A: ?)?(?:yes|no|ja|nein|oui|non|s[ií])\b", re.IGNORECASE)
_ABBREVIATIONS = (
    r"gr|temp|approx|aprox|ca|incl|inkl|excl|exkl|max|min|no|nr|env|z\. ?b|e\.g|i\.e|bzw|ggf|dim|vol|fl|dr|st"
    r"|ok|np|szt|maks|rozm|wys|szer|dł|gł|śr|wym|poj|godz|tj|m\.in|např|vč|příp|resp|hod|ks|cca|vel|č|š|výš|šíř|hl|prům"
)
_ABBREVIATION = re.compile(rf"\b(?:{_ABBREVIATIONS}|(?<!\d)(?<!\d )[A-Z])\.\s*$", re.IGNORECASE)
_MEASURES = (
    r"gew|mat|obermat|abm|ltg|spg|kap|fb|puiss|pot|haut|larg|prof|long|lg|anch|alt|diam|durchm|dm|vol|cap|wt|pds|sz|temp|"
    r"mind|inh|dims?|volt|tg|mis|lungh|largh|conf|(?<!\d)(?<!\d )kg"
)
_MEASURE = re.compile(rf"\b(?:{_MEASURES})\.\s*$", re.IGNORECASE)
"""Abbreviations that are whole words elsewhere, or a sentence's last: they are such before a figure only."""
_FIGURE = re.compile(r"(?:ca\.?|approx\.?|env\.?|aprox\.?)?\s*\d")
_DASHED = re.compile(r" [-–—] | ?\| ?|\t+")
_LONGEST_NAME = 40
_LONGEST_LISTED = 80
_FEWEST_LISTED, _LONGEST_LISTED_PART = 6, 40
_NAME = re.compile(
    r"(?:^|(?<=[.,;|•\n!])\s*|(?<=\n)[-–*]\s?|\s[-–]\s|(?<=/ ))"
    r"([^\W\d][^\W]*(?:[ _/&()\-.]{1,2}[\w]+[)]?){0,5})\.?\s?[:：=]\s*(?=\S)"
)
_STOP_IN_NAME = re.compile(r"(?<=\w{5})\.\s+(?=[^\W\d_])")
# `素材：綿`, `【素材】綿`, and after a bullet `■素材/綿`; no spaces part a name from what stands before it.
_JAPANESE_NAME = re.compile(
    r"[【［〔《\[]([^】］〕》\]\n]{1,20})[】］〕》\]]\s*[:：/／]?\s*(?=[^\s【［〔《※])"
    r"|(?<![\w・])([^\W\d][\w・()（）]{0,15})\s?[:：]\s*(?=\S)"
    r"|(?:^|[■●◆◇・○\n])\s*([ぁ-ヿ一-龠々]{1,10})\s?[/／]\s*(?=[^:：/／\n]{1,60}(?:[\n■●◆◇・○。]|$))"
)
_LISTS_NAMES = re.compile(r"\w: [^:\n]+[.,;|\n] ?[^\W\d][^:.,;|\n]{0,40}: \S")
"""Of a value that is itself a list of names with values: two of them."""
_MAY_NAME = re.compile(r"[:：】］〕》\]／]|[■●◆◇・○][^/]{1,12}/")
_HALF_WIDTH_KANA = re.compile(r"[\uff66-\uff9f\u3099\u309a]")


class Segment(NamedTuple):
    """A sentence of a field."""

    field: str
    text: str
    folded: str
    """What patterns are tried on; of a field that is a name with a value, `name: value`."""
    shift: int = 0
    """Length of the name in front of the text."""
    is_prose: bool = True
    """Whether it may be a sentence, and not an attribute's value of a word or two."""


class Pair(NamedTuple):
    """A name with its value, from a field of its own or from inside a text."""

    field: str
    name: str
    """Folded, words separated by one space."""
    folded: str
    """The value, folded."""
    text: str
    """What is quoted as evidence."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All that the detectors look at, worked out once for each context."""

    segments: tuple[Segment, ...]
    pairs: tuple[Pair, ...]
    folded: str
    """All segments in one string, for a first look whether a pattern finds anything."""
    _held: dict[Pattern, bool] = field(default_factory=dict, init=False, repr=False, compare=False)
    _pieces: list[frozenset[str]] = field(default_factory=list, init=False, repr=False, compare=False)
    """Empty, or one: what `pieces` returns."""

    def prose_chars(self) -> int:
        """Return how long titles, descriptions and highlights are together; fields of the shop's own repeat them."""
        return sum(len(segment.text) for segment in self.segments if segment.field in PROSE_FIELDS)

    def pieces(self) -> frozenset[str]:
        """Return the pieces of `folded` that tell which patterns are worth a search."""
        if not self._pieces:
            self._pieces.append(pieces_of(self.folded))
        return self._pieces[0]

    def holds_measure(self, pattern: Pattern) -> bool:
        """Say whether the text holds a measure that `pattern` needs, or it needs none that is known."""
        for measure in pattern.measures:
            held = self._held.get(measure)
            if held is None:
                held = self._held[measure] = measure.is_in(self.folded)
            if held:
                return True
        return not pattern.measures


Parts = tuple[list[Pair], list[Segment]]
"""The pairs and the sentences of a field."""


def read(context: Context, bank: Bank, kept: dict[tuple[str, str], Parts] | None = None) -> Reading:
    """Return the sentences and pairs of `context`; instructions to whoever reads the feed are left out.

    A field whose name misleads or gives half an answer only (`age_group`) counts by its name, never by its words.

    Args:
        context: The product.
        bank: Whose names and dropped sentences count.
        kept: Parts of fields that many products of a shop have in common, such as those of its delivery; it is filled
            here, and is for one bank only.
    """
    segments: list[Segment] = []
    pairs: list[Pair] = []
    kept = {} if kept is None else kept
    items = [_composed(i) for i in context.fields if i.name not in UNREAD_FIELDS and i.text.strip()]
    # Most feeds hold no instruction at all: one look at the whole spares a look at each sentence.
    whole = fold(as_one([item.text for item in items]))
    suspect = any(pattern.regex.search(whole) for pattern in _dropping(bank).left(whole, pieces_of(whole)))
    for item in items:
        # Titles and descriptions are each product's own.
        own = suspect or item.name in PROSE_FIELDS or len(item.text) > _LONGEST_KEPT
        parts = None if own else kept.get((item.name, item.text))
        if parts is None:
            parts = _parts(item, bank, suspect=suspect)
            if not own:
                if len(kept) >= _KEPT_FIELDS:
                    kept.clear()
                kept[item.name, item.text] = parts
        pairs += parts[0]
        segments += parts[1]
    return Reading(tuple(segments), tuple(pairs), as_one([segment.folded for segment in segments]))


def _parts(item: ContextField, bank: Bank, *, suspect: bool) -> Parts:
    """Return what a field holds; where it is `suspect`, each part is looked at for an instruction."""
    found, prefix = _field_pairs(item)
    if item.name in _LISTING_FIELDS:
        found.extend(_listed(item, bank))
    pairs = [pair for pair in found if not (suspect and _dropped(pair.folded, bank))]
    segments: list[Segment] = []
    if item.name not in PROSE_FIELDS and _says_nothing(found[0], bank):
        return pairs, segments
    hidden = [_unstopped(pair.text) for pair in found if item.name in PROSE_FIELDS and _is_beside(pair, bank)]
    for text in sentences(item.text, keep_questions=item.name == "question_and_answer"):
        # Inside a sentence a full stop before a space ends an abbreviation ("ca. 45 min"), not a thought.
        folded = prefix + _with_unit(_unstopped(text), prefix.removesuffix(": "))
        for words in hidden:
            folded = folded.replace(words, ";" * len(words))
        if not (suspect and _dropped(folded, bank)):
            is_prose = item.name in PROSE_FIELDS or text.count(" ") >= _FEWEST_SPACES
            segments.append(Segment(item.name, text, folded, len(prefix), is_prose))
    return pairs, segments


_BETWEEN_SEGMENTS = "\n.;,!?|\n"
"""What the gaps of patterns do not cross."""


def as_one(texts: Iterable[str]) -> str:
    """Return all sentences in one string, a line each, for a first look whether a pattern finds anything."""
    return _BETWEEN_SEGMENTS.join(texts)


def _composed(item: ContextField) -> ContextField:
    """Return a field with its half width kana in full width: `ｶﾞ` is two characters, and patterns know one."""
    if not _HALF_WIDTH_KANA.search(item.text):
        return item
    return ContextField(name=item.name, text=unicodedata.normalize("NFKC", item.text))


def _field_pairs(item: ContextField) -> tuple[list[Pair], str]:
    """Return the names with values in a field, and what its sentences are read with in front."""
    if item.name in TITLE_FIELDS:
        return list(_pairs(item.name, item.text)), "title: "
    if item.name == "product_detail":
        return list(_details(item.text)), ""
    if item.name in PROSE_FIELDS:
        return list(_pairs(item.name, item.text)), ""
    name = tidy_name(item.name)
    whole = Pair(item.name, name, fold(item.text), item.text)
    # A field of the shop's own may hold a whole list of names with values: `specs: type: disc, mount: IS/PM`.
    inside = list(_pairs(item.name, item.text)) if _LISTS_NAMES.search(item.text) else []
    return [whole, *(pair for pair in inside if pair.folded != whole.folded)], f"{name}: "


def _with_unit(folded: str, name: str) -> str:
    """Return a figure with the unit that its column's name ends in: `height cm: 35` says `height cm: 35 cm`."""
    unit = name.rpartition(" ")[2]
    return f"{folded} {unit}" if unit in _UNITS_IN_NAMES and _BARE_FIGURE.fullmatch(folded) else folded


def _says_nothing(pair: Pair, bank: Bank) -> bool:
    return bank.names.misleads(pair.name) or bool(bank.empty_value.regex.fullmatch(_with_unit(pair.folded, pair.name)))


def _is_beside(pair: Pair, bank: Bank) -> bool:
    """Say whether a name inside a text is no answer to a whole question, so that its words are none either.

    Such as `Ingredients: see packaging`, `Shipping weight: 5 kg` and `Cable length: 1.5 m`.
    """
    if bank.names.half(pair.name) or bank.empty_value.regex.fullmatch(pair.folded):
        return True
    return bank.names.misleads(pair.name) and pair.folded[:1].isdigit()


def _unstopped(text: str) -> str:
    return fold(text).replace(". ", "  ")


@lru_cache(maxsize=4)
def _dropping(bank: Bank) -> Sieve:
    return Sieve(bank.dropped)


def _dropped(folded: str, bank: Bank) -> bool:
    return any(pattern.search(folded) for pattern in bank.dropped)


def sentences(text: str, *, keep_questions: bool = False) -> Iterator[str]:
    """Yield the sentences of `text` as they stand there.

    A question by itself answers nothing and is left out; together with what follows it stays where that begins with a
    yes or a no, or everywhere with `keep_questions`.
    """
    start, question = 0, -1
    for end, after in _breaks(text, sentence_end(text), 0, len(text)):
        sentence = text[start:end].strip()
        if sentence.endswith("?"):
            question = start
        elif sentence:
            together = question >= 0 and (keep_questions or _YES_OR_NO.match(sentence))
            yield from _not_too_long(text[question if together else start : end].strip())
            question = -1
        start = after


def _not_too_long(sentence: str) -> Iterator[str]:
    """Cut what never ends between words: patterns look at the whole of a sentence, and feeds hold lists without end."""
    while len(sentence) > _LONGEST_SENTENCE:
        cut = sentence.rfind(" ", 1, _LONGEST_SENTENCE)
        cut = cut if cut > 0 else _LONGEST_SENTENCE
        yield sentence[:cut]
        sentence = sentence[cut:].lstrip()
    if sentence:
        yield sentence


def _breaks(text: str, ends: re.Pattern[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    for match in ends.finditer(text, start, end):
        if not (match.group().isspace() and "\n" not in match.group() and _abbreviates(text, match)):
            yield match.start(), match.end()
    yield end, end


def _abbreviates(text: str, stop: re.Match[str]) -> bool:
    """Say whether the full stop before this space ends an abbreviation."""
    before = text[max(0, stop.start() - 12) : stop.start()]
    return bool(_ABBREVIATION.search(before) or (_MEASURE.search(before) and _FIGURE.match(text, stop.end())))


def _details(text: str) -> Iterator[Pair]:
    """Yield the pairs of a `product_detail` field: a line each, `section / name: value`."""
    for line in text.splitlines():
        name, colon, value = line.partition(": ")
        if colon and value.strip():
            yield Pair("product_detail", tidy_name(name.rpartition(" / ")[2]), fold(value), line)


def _pairs(field_name: str, text: str) -> Iterator[Pair]:
    """Yield `name: value` pairs inside a text; a value ends at the next name or at the end of its sentence."""
    if not _MAY_NAME.search(text):
        return
    ends = sentence_end(text)
    names = list((_JAPANESE_NAME if is_japanese(ends) else _NAME).finditer(text))
    for number, match in enumerate(names, start=1):
        end = names[number].start() if number < len(names) else len(text)
        stop = next((at for at, _ in _breaks(text, ends, match.end(), end)), end)
        value = text[match.end() : stop].strip(" ,;|•.-\n")
        if value:
            group = match.lastindex or 1
            start = match.start(group) + _name_starts(match.group(group))
            quote = text[start : text.find(value, match.end()) + len(value)]
            yield Pair(field_name, tidy_name(text[start : match.end(group)]), fold(value), quote)


def _listed(item: ContextField, bank: Bank) -> Iterator[Pair]:
    """Yield the pairs of a list or a table that came without colons: `Material - oak`, or a name over its value."""
    lines = [line.strip(" •*-–—\t|") for line in item.text.splitlines()]
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        name, dash, value = line, "", below
        if parted := _DASHED.search(line):
            name, dash, value = line[: parted.start()], parted.group(), line[parted.end() :]
        known = tidy_name(name) if 0 < len(name) <= _LONGEST_NAME else ""
        if not (known and value) or not bank.names.is_whole(known):
            continue
        is_short = len(value) <= _LONGEST_LISTED or _is_enumeration(value)
        if dash or (is_short and not bank.names.is_whole(tidy_name(value))):
            quote = f"{name}{dash}{value}" if dash else value
            yield Pair(item.name, known, fold(value), quote)


def _is_enumeration(value: str) -> bool:
    """Say whether a long value is a list, such as of ingredients, and no prose."""
    parts = value.split(",")
    return len(parts) >= _FEWEST_LISTED and len(value) <= _LONGEST_LISTED_PART * len(parts)


def _name_starts(name: str) -> int:
    """Return where a name begins: after the full stop of a sentence before it, not of an abbreviation (`max. load`)."""
    stops = [m.end() for m in _STOP_IN_NAME.finditer(name)]
    return stops[-1] if stops else 0


def excerpt(text: str, start: int, end: int) -> str:
    """Return `text`, or where it is very long the part around `start` and `end`, cut between words."""
    if len(text) <= _LONGEST_EVIDENCE:
        return text
    left = max(0, start - 80)
    right = min(len(text), max(end + 80, left + _LONGEST_EVIDENCE // 2))
    cut_left = text.find(" ", left, start) + 1 if left else 0
    cut_right = text.rfind(" ", end, right) if right < len(text) else right
    return text[cut_left or left : cut_right if cut_right > end else right].strip()
