"""Does a reading of a product answer a facet's question?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from feedeval.jobs.offline.facets import ANY_LANGUAGE, AnswerNames, Bank, Facet
from feedeval.jobs.offline.looks import Look, blanked, finding_some, is_as_it_was, sieve_of
from feedeval.jobs.offline.patterns import Pattern
from feedeval.jobs.offline.reading import TITLE_FIELDS, Pair, Reading, Segment, as_one, excerpt
from feedeval.jobs.offline.sieve import Sieve, pieces_of
from feedeval.jobs.offline.topics import Topics
from feedeval.records import Verdict

_MOSTLY = 0.6
"""Share of a name with its value from which on a trap takes it all."""

_HINT = "the topic without the answer"
_SAID_FREELY = "not told from the text: it is said in many ways, and not all of them are read"
_UNTOLD = "the text may speak of it, in words that are not read"
"""Why a facet is not judged of which there is a trace."""

_KEPT_VALUES, _LONGEST_KEPT = 4096, 120

_NOUGHT = re.compile(r"0+(?:[.,]0+)?")
"""What a column of measures holds that nobody filled in."""


class Detection(NamedTuple):
    """What a detector found, and where."""

    verdict: Verdict
    evidence: str
    attribute: str
    reason: str


@dataclass(frozen=True, slots=True)
class Detector:
    """One facet's patterns for a set of languages, ready to run."""

    facet: Facet
    family: str
    value: Pattern | None
    part_value: Pattern | None
    strong: tuple[Pattern, ...]
    cased: tuple[Pattern, ...]
    weak: tuple[Pattern, ...]
    doubts: tuple[Pattern, ...]
    traps: tuple[Pattern, ...]
    parts: tuple[tuple[Pattern, ...], ...]
    """Groups of patterns of which each gives a part of the answer."""
    topics: tuple[Topics, ...]
    empty_value: Pattern
    names: AnswerNames
    told: dict[tuple[str, str], tuple[bool | None]] = field(default_factory=dict, repr=False, compare=False)
    """What named values were found to be."""
    speaking: Sieve = field(init=False, repr=False, compare=False)
    """All but traps and names."""
    trapping: Sieve = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        speaking = (*self.strong, *self.weak, *self.doubts, *(pattern for group in self.parts for pattern in group))
        object.__setattr__(self, "speaking", sieve_of(speaking))
        object.__setattr__(self, "trapping", sieve_of(self.traps))

    @classmethod
    def build(cls, facet: Facet, family: str, languages: Sequence[str], bank: Bank) -> Detector:
        """Return the detector of `facet` for products of `family` whose text is in one of `languages`."""
        rules = [facet.rules[name] for name in (*languages, ANY_LANGUAGE) if name in facet.rules]
        bare = facet.bare if not facet.bare_in or family in facet.bare_in else None
        always = tuple(pattern for pattern in (facet.named, bare, facet.bare_of.get(family)) if pattern is not None)
        groups = sorted({group for rule in rules for group in rule.parts})

        def fitted(patterns: Iterable[Pattern]) -> tuple[Pattern, ...]:
            return tuple(pattern.within(languages) for pattern in patterns)

        return cls(
            facet=facet,
            family=family,
            value=facet.value and facet.value.within(languages),
            part_value=facet.part_value and facet.part_value.within(languages),
            strong=fitted((*(p for rule in rules for p in rule.strong), *always)),
            cased=fitted(p for rule in rules for p in rule.cased),
            weak=fitted(p for rule in rules for p in rule.weak),
            doubts=fitted(p for rule in rules for p in rule.doubts),
            traps=fitted(p for rule in rules for p in rule.traps),
            parts=tuple(fitted(p for rule in rules for p in rule.parts.get(group, ())) for group in groups),
            topics=tuple(bank.topics[name] for name in (*languages, ANY_LANGUAGE) if name in bank.topics),
            empty_value=bank.empty_value,
            names=bank.names,
        )

    def find(self, look: Look, pairs: Sequence[Pair]) -> Detection | None:
        """Return the best that a reading has on the facet; None where it has nothing.

        What a text may speak of by its words, and no pattern answers, is *not judged*; and some facets are said in so
        many ways that any text of some length which no pattern answers is.
        """
        found = self._find(look, pairs)
        if found is None and self._is_mentioned(look):
            return Detection(Verdict.NOT_JUDGED, "", self.facet.attribute, _UNTOLD)
        enough, is_open = self.facet.said_freely_from, found is None or found.reason == _HINT
        if is_open and enough and look.reading.prose_chars() >= enough * (1 + bool(found)):
            return Detection(Verdict.NOT_JUDGED, "", self.facet.attribute, _SAID_FREELY)
        return found

    def _find(self, look: Look, pairs: Sequence[Pair]) -> Detection | None:
        half: Detection | None = None
        measured: set[str] = set()
        for pair in pairs:
            answers = self._answers(pair)
            if answers is False and self.parts and self._measures(pair):
                measured.add(pair.name)
                answers = len(measured) >= self.facet.parts_needed
            if answers:
                return _named(Verdict.YES, pair, f"named in {pair.field}")
            if answers is None:
                continue
            half = half or _named(Verdict.PARTIAL, pair, "named, but without the value asked for")
        reading, worth = look.reading, look.worth(self.speaking)
        speaking = finding_some(worth, reading.folded)
        # Traps or not: most products say nothing at all on most facets.
        if not speaking and not (self.cased and self._first_name(reading, [each.folded for each in reading.segments])):
            return half
        texts = blanked(look.worth(self.trapping), reading)
        told = _Told(reading, texts, speaking if is_as_it_was(reading, texts) else finding_some(worth, as_one(texts)))
        if found := told.first(self.strong):
            return _finding(Verdict.YES, *found, "stated in the text")
        if found := self._first_name(reading, texts):
            return _finding(Verdict.YES, *found, "stated in the text by name")
        parts = [found for group in self.parts if (found := told.first(group))]
        if len(parts) >= self.facet.parts_needed:
            return _finding(Verdict.YES, *parts[0], "stated in parts")
        if half:
            return half
        if parts:
            return _finding(Verdict.PARTIAL, *parts[0], "a part of the answer")
        if found := told.first(self.weak, prose=True):
            return _finding(Verdict.PARTIAL, *found, _HINT)
        if found := told.first(self.doubts):
            return _finding(Verdict.NOT_JUDGED, *found, _UNTOLD)._replace(evidence="")
        return None

    def _is_mentioned(self, look: Look) -> bool:
        """Say whether the text has words of the facet, and none that are known to look like it only."""
        text = look.reading.folded
        if not any([self.facet.id in topics.of(text) for topics in self.topics]):
            return False
        return not any(trap.regex.search(text) for trap in look.worth(self.trapping))

    def _answers(self, pair: Pair) -> bool | None:
        """Say whether a named value is an answer; None where it has nothing to do with the facet."""
        if len(pair.folded) > _LONGEST_KEPT:
            return self._answers_anew(pair)
        # Products of one shop have many values in common, of their delivery above all.
        key = pair.name, pair.folded
        kept = self.told.get(key)
        if kept is None:
            if len(self.told) >= _KEPT_VALUES:
                self.told.clear()
            kept = self.told[key] = (self._answers_anew(pair),)
        return kept[0]

    def _answers_anew(self, pair: Pair) -> bool | None:
        if self.empty_value.regex.fullmatch(pair.folded):
            return None
        if self.facet.id in self.names.half(pair.name):
            return False
        if self._is_trap(f"{pair.name}: {pair.folded}") or self._is_beside(pair):
            return None
        value = self.value
        if value is None:
            found = finding_some(self.speaking.left(pair.folded, pieces_of(pair.folded)), pair.folded)
            return not found.isdisjoint(self.strong) or found.isdisjoint(self.weak)
        # "weight (kg)" has the unit in the name, and so has "days to return".
        units = pair.name.split() if pair.folded.replace(".", "").isdigit() else pair.name.split()[-1:]
        if _NOUGHT.fullmatch(pair.folded) and any(
            self.empty_value.regex.fullmatch(f"{pair.folded} {unit}") for unit in units
        ):
            return None
        if value.search(pair.folded) or any(value.search(f"{pair.folded} {unit}") for unit in units):
            return True
        return None if _NOUGHT.fullmatch(pair.folded) else False

    def _is_beside(self, pair: Pair) -> bool:
        """Say whether a part is named (`body`) and its value does not speak of this facet (`Crew Cab`)."""
        if not self.names.is_part(pair.name) and not (self.facet.own_names and self.names.is_inside(pair.name)):
            return False
        known = (*self.strong, *self.weak, *((self.part_value,) if self.part_value else ()))
        return not any(pattern.search(pair.folded) for pattern in known)

    def _is_trap(self, named: str) -> bool:
        """Say whether a trap takes all of a name with its value, but for a few letters."""
        return any(
            match is not None and match.end() - match.start() >= len(named) * _MOSTLY
            for match in (way.whole.regex.search(named) for way in self.trapping.left(named, pieces_of(named)))
        )

    def _measures(self, pair: Pair) -> bool:
        """Say whether a named value is one measure of the product, and of none of what stands in the traps."""
        return _is_measure(pair) and not self._is_trap(f"{pair.name}: {pair.folded}")

    def _first_name(self, reading: Reading, texts: Sequence[str]) -> tuple[Segment, int, int] | None:
        """Return the first sentence in which a pattern finds a name; titles are capitalised and tell nothing."""
        for pattern in self.cased:
            if not pattern.may_match(reading.folded):
                continue
            for segment, text in zip(reading.segments, texts, strict=True):
                if segment.field in TITLE_FIELDS or segment.text.isupper():
                    continue
                for match in pattern.regex.finditer(segment.text):
                    start, end = match.start() + segment.shift, match.end() + segment.shift
                    if ";" not in text[start:end]:
                        return segment, start, end
        return None


class _Told:
    """Finds the sentences that tell something, with what is to be left out of them blanked.

    Args:
        reading: Whose sentences.
        texts: The sentences as they are looked through.
        finding: The patterns that find something in all of them together.
    """

    def __init__(self, reading: Reading, texts: Sequence[str], finding: set[Pattern]) -> None:
        self._segments = reading.segments
        self._texts = texts
        self._finding = finding

    def first(self, patterns: Sequence[Pattern], *, prose: bool = False) -> tuple[Segment, int, int] | None:
        """Return the first sentence that a pattern matches, and where.

        With `prose` nothing of attributes in a word or two is looked at: a colour called `Sand` is no hint of a use.
        """
        for pattern in patterns:
            if pattern in self._finding:
                for segment, text in zip(self._segments, self._texts, strict=True):
                    if (segment.is_prose or not prose) and (match := pattern.search(text)):
                        return segment, match.start(), match.end()
        return None


_OF_PARCEL = re.compile("pack|paket|confez|imball|embal|colis|opakow|balen|versand|ship|cable|kabel|cavo")
_MEASURED = re.compile(
    r"(?:(?:ca|cca|circa|approx|about|env|environ|aprox|ok|okolo|asi|zhruba|約)\.? {0,2})?\d[\d.,]*(?: ?- ?\d[\d.,]*)?"
    r" ?(?:mm|cm|dm|m|in|inch|\")"
)


def _is_measure(pair: Pair) -> bool:
    """Say whether the value is one length, with its unit behind it or at the end of the name: `width_cm: 35`."""
    if _OF_PARCEL.search(pair.name):
        return False
    return bool(_MEASURED.fullmatch(pair.folded) or _MEASURED.fullmatch(f"{pair.folded} {pair.name.split()[-1]}"))


def _named(verdict: Verdict, pair: Pair, reason: str) -> Detection:
    return Detection(verdict, excerpt(pair.text, 0, 0), pair.field, reason)


def _finding(verdict: Verdict, segment: Segment, start: int, end: int, reason: str) -> Detection:
    quote = excerpt(segment.text, max(0, start - segment.shift), max(0, end - segment.shift))
    return Detection(verdict, quote, segment.field, reason)
