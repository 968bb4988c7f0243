"""What the audit asks and finds: contexts, questions, judgements, evaluations."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from feedeval.records.work import Effort, Frozen

MOST_NOT_JUDGED = 0.3
"""Share of the questions that apply which may be left unjudged: above it an audit has no headline figure."""
MOST_NOT_JUDGED_OF_PRODUCT = 0.5
"""The same of one product: above it the product has no coverage, and counts in no mean."""


class Verdict(StrEnum):
    """Does the feed answer the question?"""

    YES = "yes"
    PARTIAL = "partial"
    NO = "no"
    NOT_APPLICABLE = "not_applicable"
    """The question makes no sense for this product."""
    NOT_JUDGED = "not_judged"
    """The engine cannot read the text, or could not tell."""

    @property
    def counts(self) -> bool:
        """Whether the coverage counts it: `not_applicable` and `not_judged` are left out."""
        return self is not Verdict.NOT_APPLICABLE and self is not Verdict.NOT_JUDGED

    @property
    def score(self) -> float:
        """1, 0.5 or 0; 0 for what does not count."""
        return _SCORES.get(self, 0.0)

    @property
    def words(self) -> str:
        """What it says of a question, as a person reads it."""
        return _WORDS[self]

    @property
    def shown(self) -> str:
        """The words behind a glyph: never a colour alone."""
        return f"{_GLYPHS[self]} {_WORDS[self]}"


COUNTED = tuple(verdict for verdict in Verdict if verdict.counts)
"""The verdicts that the coverage counts, from the best."""

_SCORES = {Verdict.YES: 1.0, Verdict.PARTIAL: 0.5}
_WORDS = {
    Verdict.YES: "answered",
    Verdict.PARTIAL: "in part",
    Verdict.NO: "open",
    Verdict.NOT_APPLICABLE: "does not apply",
    Verdict.NOT_JUDGED: "not judged",
}
_GLYPHS = {
    Verdict.YES: "✔\ufe0e",
    Verdict.PARTIAL: "◐",
    Verdict.NO: "✖\ufe0e",
    Verdict.NOT_APPLICABLE: "–",
    Verdict.NOT_JUDGED: "?",
}


def is_enough(judged: int, not_judged: int, *, most: float = MOST_NOT_JUDGED) -> bool:
    """Say whether so much was judged of what applies that a coverage can be given.

    Args:
        judged: Questions with the verdict yes, partial or no.
        not_judged: Questions that were not judged.
        most: The share not judged up to which there is one.
    """
    return judged > 0 and not_judged <= most * (judged + not_judged)


class Taxonomy(StrEnum):
    """What a buyer's question is about."""

    SPECS = "Specs"
    FIT = "Fit"
    COMPATIBILITY = "Compatibility"
    USE = "Use"
    CARE = "Care"
    MATERIALS = "Materials"
    SAFETY = "Safety"
    WARRANTY = "Warranty"
    DELIVERY = "Delivery"
    RETURNS = "Returns"
    IN_BOX = "InBox"
    SUSTAINABILITY = "Sustainability"
    CERTIFICATION = "Certification"
    INGREDIENTS = "Ingredients"

    @property
    def words(self) -> str:
        """What it is called before people; files keep the value."""
        return topic_words(self.value)


def topic_words(taxonomy: str) -> str:
    """Return what people call a topic, by the word that files carry; also one that is somebody's own."""
    return _TOPIC_WORDS.get(taxonomy, taxonomy)


_TOPIC_WORDS = {"InBox": "In the box"}


class Question(Frozen):
    """A question that a buyer would ask."""

    text: str
    taxonomy: Taxonomy
    required: bool = False
    """A buyer needs the answer before buying; weighs 2 in the coverage, others 1."""
    facet: str | None = None
    """The bank's facet, where the embedded engine asked it."""


class QuestionSet(Frozen):
    """The questions asked of every product of a category (or of one product)."""

    category: str
    questions: tuple[Question, ...]
    engine: str
    locale: str
    notes: tuple[str, ...] = ()
    """What a reader should know of it, such as 'read attributes and measures only'."""
    effort: Effort = Effort()
    language: str = ""
    """ISO 639-1 code of the language that most of the sample is in, empty where it was not told."""
    frozen_from: str = ""
    """The session whose questions these are, where they were asked again as they stood."""


@dataclass(frozen=True, slots=True)
class ContextField:
    """One field of a product as the judge sees it; there are ten a product, so that each is one small object."""

    name: str
    text: str


class Context(Frozen):
    """The chosen fields of one product, cleaned, as the judge sees them."""

    category: str
    """`product_type`, else `google_product_category`, as a path joined by ` > `; empty where the feed has neither."""
    fields: tuple[ContextField, ...]

    @property
    def text(self) -> str:
        """`name: value` lines."""
        return "\n".join(f"{f.name}: {f.text}" for f in self.fields)

    def get(self, name: str) -> str:
        """Return the text of the field called `name`, or an empty string."""
        return next((f.text for f in self.fields if f.name == name), "")


class Judgement(Frozen):
    """The verdict on one question for one product."""

    question: str
    taxonomy: Taxonomy
    required: bool
    verdict: Verdict
    """What it counts as; a `yes` whose quote is not in the context counts as `partial`."""
    evidence: str = ""
    """The words of the feed that the verdict rests on."""
    attribute: str = ""
    """The feed attribute that holds or would hold the answer."""
    reason: str = ""
    verified: bool = True
    """False where a `yes` quoted words that are not in the context."""


class Evaluation(Frozen):
    """One product's judgements and scores: the `value` of an audit's `Result`.

    What the feed lacks whatever the judge says (`missing_core_fields`) stands in the result's `meta`, because it does
    not follow from the context.
    """

    category: str
    context: str
    """The context's text."""
    context_fields: list[str]
    judgements: list[Judgement]
    yes_count: int
    partial_count: int
    no_count: int
    not_applicable_count: int = 0
    not_judged_count: int = 0
    unverified_count: int
    coverage_pct: float | None
    """Of the questions that were judged and apply; None where none was, or more than half of those that apply were
    not."""
    unanswered_required_count: int
    engine: str
    notes: tuple[str, ...] = ()
    effort: Effort = Effort()
    """What the judgement took, questions not included: also where another session paid for it."""
