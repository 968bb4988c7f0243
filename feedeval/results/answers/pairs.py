"""A question with its answer, and where the words are from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Source(StrEnum):
    """Whose words an answer is in."""

    FEED = "feed"
    PAGE = "page"


class Wording(StrEnum):
    """Who worded a text, as Google's `digital_source_type` says it (product data specification, answer 7052112)."""

    WRITTEN = "default"
    GENERATED = "trained_algorithmic_media"
    """By a model."""


class Pair(NamedTuple):
    """A question with its answer."""

    question: str
    answer: str
    source: Source
    field: str
    """The field of the feed that holds the answer; of the page's, the attribute where it belongs."""
    quote: str
    """What the verdict rests on; the answer is the sentence around it."""
    page_url: str = ""
    required: bool = False
    open_products: int = 0
    """Products of the audit that leave the question open."""

    @property
    def key(self) -> str:
        """What tells it from others: the question, whatever its case and spacing."""
        return question_key(self.question)


class Answered(NamedTuple):
    """What one product gets."""

    product_id: str
    title: str
    pairs: tuple[Pair, ...]
    has_pairs: bool
    """The feed has pairs for it already."""


@dataclass
class Tally:
    """What became of the answers of an audit."""

    products: int = 0
    pairs: int = 0
    from_pages: int = 0
    beside: int = 0
    """Products that have pairs in the feed as well."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Answers that were left out, by the reason."""


def question_key(text: str) -> str:
    """Return what tells a question from others, as `apply_fixes` does."""
    return " ".join(text.split()).casefold().rstrip(" ?？")
