"""A look at a text: the patterns that are worth a search in it, told once for all that is asked of a product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from feedeval.jobs.offline.patterns import Pattern
from feedeval.jobs.offline.reading import Reading, as_one
from feedeval.jobs.offline.sieve import Sieve


def sieve_of(patterns: Iterable[Pattern]) -> Sieve:
    """Return what tells in which ways some patterns may match a text: each way is a pattern by itself."""
    return Sieve(way for pattern in patterns for way in pattern.ways)


@dataclass(frozen=True, slots=True)
class Look:
    """A reading, and what a sieve leaves of its patterns for it."""

    reading: Reading
    sieve: Sieve
    left: set[Pattern]

    @classmethod
    def at(cls, reading: Reading, sieve: Sieve) -> Look:
        """Return the look at a reading."""
        return cls(reading, sieve, sieve.left(reading.folded, reading.pieces()))

    def worth(self, part: Sieve) -> list[Pattern]:
        """Return what a part of the sieve leaves but for what needs a measure that is nowhere in the text."""
        return [way for way in self.left & part.patterns if self.reading.holds_measure(way)]

    def without(self, part: Sieve) -> Look:
        """Return the look at what is left of the reading where all that a part of the sieve finds is blanked."""
        texts = blanked(self.worth(part), self.reading)
        if is_as_it_was(self.reading, texts):
            return self  # what was looked for in it need not be looked for again
        pairs = zip(self.reading.segments, texts, strict=True)
        segments = [s if s.folded == text else s._replace(folded=text) for s, text in pairs]
        return Look.at(replace(self.reading, segments=tuple(segments), folded=as_one(texts)), self.sieve)


def finding_some(ways: Iterable[Pattern], text: str) -> set[Pattern]:
    """Return the patterns that find something in a text: one look at the whole spares a look at each sentence."""
    found: set[Pattern] = set()
    for way in ways:
        if way.whole not in found and way.regex.search(text):
            found.add(way.whole)
    return found


def blanked(worth: Iterable[Pattern], reading: Reading) -> Sequence[str]:
    """Return the sentences without what patterns find in them as they were: their order does not matter.

    What is left out becomes semicolons, which the gaps of patterns do not cross.

    Args:
        worth: The ways of the patterns that are worth a search.
        reading: Whose sentences.
    """
    texts = [segment.folded for segment in reading.segments]
    for pattern in finding_some(worth, reading.folded):
        for number, segment in enumerate(reading.segments):
            if not pattern.may_match(segment.folded):
                continue
            for match in pattern.regex.finditer(segment.folded):
                text, (start, end) = texts[number], match.span()
                texts[number] = text[:start] + ";" * (end - start) + text[end:]
    return texts


def is_as_it_was(reading: Reading, texts: Sequence[str]) -> bool:
    """Say whether nothing was blanked."""
    return all([segment.folded is text for segment, text in zip(reading.segments, texts, strict=True)])
