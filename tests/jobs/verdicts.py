"""What the embedded engine says of a text, and how that is held against the verdict that a sentence deserves."""

from feedeval.jobs.offline.detector_set import pairs_by_facet
from feedeval.jobs.offline.detectors import Detector
from feedeval.jobs.offline.facets import Bank
from feedeval.jobs.offline.families import GENERAL
from feedeval.jobs.offline.looks import Look
from feedeval.jobs.offline.reading import read
from feedeval.jobs.offline.sieve import Sieve
from feedeval.records import Context, ContextField


def verdict_on(facet: str, field: str, text: str, *, language: str, bank: Bank) -> str:
    """Return what the detector of a facet says of one field in a language, all of its clauses among it."""
    reading = read(Context(category="", fields=(ContextField(name=field, text=text),)), bank)
    detector = Detector.build(bank.facets[facet], GENERAL, (language,), bank)
    sieve = Sieve(detector.speaking.patterns | detector.trapping.patterns)
    found = detector.find(Look.at(reading, sieve), pairs_by_facet(reading, bank).get(facet, ()))
    return found.verdict.value if found else "no"


def is_wrong(found: str, expected: str) -> bool:
    """Say whether a verdict is wrong.

    Where a text says nothing, *no* and *not judged* are both true: the engine may hold that the words speak of it in a
    way that it cannot read. How often it may is held in `test_topics.py`.
    """
    return found != expected and (found, expected) != ("not_judged", "no")
