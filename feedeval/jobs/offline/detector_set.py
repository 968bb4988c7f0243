"""The detectors of some questions, which look a product through together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from feedeval.jobs.offline.detectors import Detection, Detector
from feedeval.jobs.offline.facets import ANY_LANGUAGE, Bank
from feedeval.jobs.offline.looks import Look, sieve_of
from feedeval.jobs.offline.reading import Pair, Reading
from feedeval.jobs.offline.sieve import Sieve

_KEPT_SETS = 256


class DetectorSet:
    """Detectors for products of one family whose text is in one of some languages.

    Args:
        facets: What is asked for.
        family: The family's id.
        languages: Whose patterns are tried.
        bank: Whose patterns they are.
    """

    def __init__(self, facets: Sequence[str], family: str, languages: tuple[str, ...], bank: Bank) -> None:
        self._bank = bank
        made = _made_of(bank)
        self._detectors = [made.detector(facet, family, languages) for facet in facets]
        self._asides = made.asides(languages)
        parts = [self._asides, *(part for each in self._detectors for part in (each.speaking, each.trapping))]
        self._sieve = Sieve(way for part in parts for way in part.patterns)

    def findings(self, reading: Reading) -> list[Detection | None]:
        """Return what each detector finds; None where it finds nothing.

        Clauses that speak of something else than the product are left out but for what they may answer: such as what is
        sold separately, the size that the model in the picture wears, or the shop's own history.
        """
        whole = Look.at(reading, self._sieve)
        own = whole.without(self._asides)
        pairs = pairs_by_facet(reading, self._bank)
        return [
            each.find(whole if each.facet.id in self._bank.asides_for else own, pairs.get(each.facet.id, ()))
            for each in self._detectors
        ]


class _Made:
    """What was made of a bank's patterns, for each set of languages that was met."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        self.asides = lru_cache(maxsize=None)(self._asides_of)
        self.detector = lru_cache(maxsize=None)(self._build)
        self.detector_set = lru_cache(maxsize=_KEPT_SETS)(self._set_of)

    def _asides_of(self, languages: tuple[str, ...]) -> Sieve:
        """Return what finds the clauses in sentences of `languages` that speak of something else than the product."""
        asides = self._bank.asides
        return sieve_of(p.within(languages) for name in (*languages, ANY_LANGUAGE) for p in asides.get(name, ()))

    def _build(self, facet: str, family: str, languages: tuple[str, ...]) -> Detector:
        return Detector.build(self._bank.facets[facet], family, languages, self._bank)

    def _set_of(self, facets: tuple[str, ...], family: str, languages: tuple[str, ...]) -> DetectorSet:
        return DetectorSet(facets, family, languages, self._bank)


@lru_cache(maxsize=4)
def _made_of(bank: Bank) -> _Made:
    """Return what all engines with a bank have in common."""
    return _Made(bank)


def detector_set_of(facets: tuple[str, ...], family: str, languages: tuple[str, ...], bank: Bank) -> DetectorSet:
    """Return the detectors of some facets, made when it is first needed."""
    return _made_of(bank).detector_set(facets, family, languages)


def pairs_by_facet(reading: Reading, bank: Bank) -> dict[str, list[Pair]]:
    """Return the named values of a product by the facets that they may answer."""
    found: dict[str, list[Pair]] = {}
    for pair in reading.pairs:
        for facet in bank.names.facets(pair.name) + bank.names.half(pair.name):
            found.setdefault(facet, []).append(pair)
    return found
