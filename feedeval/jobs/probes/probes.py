"""Known cases for a judge: products changed in a way that says beforehand what its verdicts have to do.

A judge is probed against itself. What it said of a product as it stands is the baseline; then one thing is changed,
everything is asked again, and the verdicts that the change is about have to fall, rise or stay. Or statements are
added whose verdict is known by the definitions, and only these are asked about. Nobody has to label anything, and what
is found holds for this judge on this feed.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from feedeval.jobs.evidence import is_quoted
from feedeval.records import Context, Judgement, Question, Verdict

PER_CATEGORY = 4
"""Products of a category that are drawn together: what one of them says can be told of another."""


class Probe(StrEnum):
    """A kind of known case."""

    ABLATION = "ablation"
    """The fields that the answer stood in are taken out: a yes must fall."""
    INSERTION = "insertion"
    """What another product says on the question is added: a no must rise."""
    SWAP = "swap"
    """The text is that of a product of another kind: the answer must be no."""
    SHUFFLE = "shuffle"
    """Fields and questions come in another order: the verdict must stay."""
    FILLER = "filler"
    """Marketing words that say nothing are added: the verdict must stay."""
    INJECTION = "injection"
    """The description orders the judge to give another verdict: the verdict must stay."""
    REPEAT = "repeat"
    """Nothing is changed: the verdict must stay."""
    RUBRIC = "rubric"
    """Statements are added whose verdict is defined: it must be that."""
    LANGUAGE = "language"
    """The description is in another language and answers: it must be yes, quoted as it stands."""


EXPECTED: Mapping[Probe, str] = {
    Probe.ABLATION: "not yes",
    Probe.INSERTION: "not no",
    Probe.SWAP: "no",
    **dict.fromkeys((Probe.SHUFFLE, Probe.FILLER, Probe.INJECTION, Probe.REPEAT), "as before"),
    Probe.RUBRIC: "as defined",
    Probe.LANGUAGE: "yes, quoted",
}
"""What the verdict after the change has to be."""


def is_right(probe: Probe, before: str, after: str) -> bool | None:
    """Say whether a verdict did what the change asks for; None where the judge gave none.

    A judge that says it cannot tell did not change its mind, and was not misled: such a case counts neither way. That a
    question does not apply is a verdict: it has to stay where nothing that matters was changed, is right of the text of
    another kind of product, and adding an answer has to end it no less than a *no*.
    """
    if after == Verdict.NOT_JUDGED:
        return None
    if EXPECTED[probe] == "as before":
        return after == before
    if probe is Probe.ABLATION:
        return after != Verdict.YES
    return (after in (Verdict.NO, Verdict.NOT_APPLICABLE)) is (probe is Probe.SWAP)


class Known(NamedTuple):
    """A product with what the judge said of it as it stands."""

    key: str
    context: Context
    judgements: tuple[Judgement, ...]
    meta: Mapping[str, Any]

    @property
    def questions(self) -> tuple[Question, ...]:
        """What was asked, in order."""
        return tuple(Question(text=j.question, taxonomy=j.taxonomy, required=j.required) for j in self.judgements)

    def judged(self) -> tuple[int, ...]:
        """Return the questions, from 0, on which there is a verdict that could change."""
        return tuple(n for n, j in enumerate(self.judgements) if j.verdict is not Verdict.NOT_JUDGED)

    def answered(self) -> list[int]:
        """Return the questions, from 0, that were answered with a quote from the text."""
        return [n for n, j in enumerate(self.judgements) if j.verdict is Verdict.YES and j.evidence]


class Posed(NamedTuple):
    """A question that goes with what is planted, and was not asked of the product before."""

    question: Question
    right: frozenset[Verdict]
    """The verdicts that it may have."""
    said: str
    """The sentence that was added."""
    changed: str
    """What was done, in words."""
    quoted: bool = False
    """The evidence has to be words of the sentence."""

    @property
    def expected(self) -> str:
        """The verdicts that it may have, in words."""
        return " or ".join(verdict.value for verdict in Verdict if verdict in self.right)

    def is_right(self, verdict: str, evidence: str) -> bool | None:
        """Say whether a judgement is right; None where there was no verdict."""
        if verdict == Verdict.NOT_JUDGED:
            return None
        return verdict in self.right and (not self.quoted or is_quoted(evidence, self.said))


class Planted(NamedTuple):
    """A change that is made to one product, and the questions whose verdicts it is about."""

    context: Context
    order: tuple[int, ...]
    """The questions in the order in which they are asked, as positions in the baseline."""
    about: tuple[int, ...]
    """Positions in the baseline of the questions whose verdicts are looked at."""
    changed: str
    """What was done, in words."""
    posed: tuple[Posed, ...] = ()
    """Questions that are asked in place of the baseline's."""


class Variant(NamedTuple):
    """A product with one change, to be judged."""

    probe: Probe
    product: Known
    planted: Planted

    @property
    def key(self) -> str:
        """Unique among the variants of a baseline."""
        return f"{self.product.key}|{self.probe}"

    @property
    def questions(self) -> tuple[Question, ...]:
        """What is asked, in order."""
        if self.planted.posed:
            return tuple(each.question for each in self.planted.posed)
        asked = self.product.questions
        return tuple(asked[n] for n in self.planted.order)


class CannotPlant(Exception):
    """A product offers no case of this kind; the message says why."""


Planter = Callable[["Known", "Pool", random.Random], Planted]


@dataclass(frozen=True)
class Pool:
    """The products of a baseline, for what one lends another."""

    products: Sequence[Known]
    language: str
    """ISO 639-1 code of what is added in words of ours; English where there are none."""

    def donors(self, product: Known, question: str) -> list[tuple[Known, Judgement]]:
        """Return other products that answer the same question, with the answer; those of the same category first."""
        found = [
            (other, other.judgements[n])
            for other in self.products
            if other.key != product.key
            for n in other.answered()
            if other.judgements[n].question == question
        ]
        return sorted(found, key=lambda pair: pair[0].context.category != product.context.category)

    def kin(self, product: Known) -> list[Known]:
        """Return the other products of the same category."""
        category = product.context.category
        return [other for other in self.products if other.key != product.key and other.context.category == category]


@dataclass(frozen=True)
class ProbePlan:
    """All cases of a baseline."""

    variants: Sequence[Variant]
    refused: Mapping[Probe, Counter[str]] = field(default_factory=dict)
    """By probe, how many products offer no case, by reason."""


def plan_probes(pool: Pool, planters: Mapping[Probe, Planter], *, seed: int) -> ProbePlan:
    """Plant a change of each kind in each product where that can be done.

    The same baseline and seed give the same plan, so that a run that was killed finds its records again.
    """
    variants: list[Variant] = []
    refused: dict[Probe, Counter[str]] = defaultdict(Counter)
    for product in pool.products:
        for probe, plant in planters.items():
            try:
                planted = plant(product, pool, random.Random(f"{seed}|{product.key}|{probe}"))
            except CannotPlant as why:
                refused[probe][str(why)] += 1
            else:
                variants.append(Variant(probe, product, planted))
    return ProbePlan(variants, dict(refused))


def draw(categories: Iterable[tuple[int, str]], n: int, *, seed: int) -> set[int]:
    """Return the positions of `n` products, a few of each category, those of the largest categories first.

    Several of a category are needed to lend each other answers, and several categories to exchange texts.

    Args:
        categories: Position and category of each product.
        n: Products to draw; all where there are fewer.
        seed: Of the draw.
    """
    rng = random.Random(seed)
    by_category: dict[str, list[int]] = defaultdict(list)
    for position, category in categories:
        by_category[category].append(position)
    together = max(1, min(PER_CATEGORY, n // 2))
    portions = [
        [drawn[at : at + together] for at in range(0, len(drawn), together)]
        for drawn in (rng.sample(found, len(found)) for found in sorted(by_category.values(), key=len, reverse=True))
    ]
    turns = chain.from_iterable(portion or () for portion in chain.from_iterable(zip_longest(*portions)))
    return set(list(turns)[:n])
