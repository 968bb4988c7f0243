"""The kinds of job, in one table: the word that files carry, what a run of it and what its records are called.

The words for states stand with them (`records.work`), those for topics and verdicts in `records.audit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class JobKind(StrEnum):
    """What is done to each record; a new kind of job gets a member here and a row in `JOB_KINDS`."""

    AUDIT = "audit"
    SHADOW = "shadow"
    JUDGE = "judge"
    PROBE = "probe"
    QUESTIONS = "questions"
    SUGGEST = "suggest"
    PAGES = "pages"


@dataclass(frozen=True, slots=True)
class KindWords:
    """What people call a kind of job."""

    title: str
    """A run of it."""
    unit: str
    """One record."""
    units: str
    """Several records."""
    judges: bool = False
    """Whether it looks at a judge and not at a feed; its results are evaluations as well."""


JOB_KINDS: Mapping[str, KindWords] = {
    JobKind.AUDIT: KindWords("Feed audit", "product", "products"),
    JobKind.SHADOW: KindWords("Shadow mode", "image", "images"),
    JobKind.JUDGE: KindWords("Another judge", "product", "products", judges=True),
    JobKind.PROBE: KindWords("Probes of a judge", "variant", "variants", judges=True),
    JobKind.QUESTIONS: KindWords("Questions to a judge", "question", "questions", judges=True),
    JobKind.SUGGEST: KindWords("Proposed values", "product", "products"),
    JobKind.PAGES: KindWords("Pages beside a feed", "page", "pages"),
}

KINDS_OF_JUDGE = frozenset(kind for kind, words in JOB_KINDS.items() if words.judges)
"""Kinds of sessions that look at a judge."""


def kind_words(kind: str) -> KindWords:
    """Return what a kind of job is called, also one that is somebody's own."""
    return JOB_KINDS.get(kind) or KindWords(kind.replace("_", " ").capitalize(), "record", "records")


def units(kind: str) -> tuple[str, str]:
    """Return what a record of a kind of job is called, one and several."""
    words = kind_words(kind)
    return words.unit, words.units
