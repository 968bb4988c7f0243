"""The prompts of version 1, kept word by word: a session that began with them goes on with them.

A reply that was paid for is found again by its request, which is why the schema is that of then as well: its text, the
order of its properties and the names of its records are part of what is looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

from feedeval.jobs.prompts import (
    DATA_RULE,
    HOUSE_JUDGE,
    SAMPLE_CHARS,
    JudgePrompt,
    counted,
    digest,
    fenced,
    language_name,
)
from feedeval.model.wire import Prompt
from feedeval.records import Context, Frozen, Question, Taxonomy

PROMPTS_VERSION = "1"

_QUESTIONS_SYSTEM = f"""You know what buyers ask before they buy. You write the questions that a buyer would ask about \
any product of one category, so that a shop can see which of them its product feed answers.

{DATA_RULE}

Rules for the questions:
- One fact each, answerable for one product by a value or a short statement, in a buyer's words, at most 120 characters.
- They must fit every product of the category, not just one of the samples: name no brand and no model.
- Most important first. What buyers ask most: what it is used for and by whom, what it works with, the specifications, \
fit and size, what is in the box, materials, care.
- Ask about delivery or returns only if the samples speak of them.
- Mark as required the questions without whose answer a buyer would not buy: about a third.
- No two questions ask for the same fact.
- taxonomy is one of: {", ".join(Taxonomy)}."""

_JUDGE_SYSTEM = f"""You check whether a product feed answers a buyer's questions. You go by the product text alone, \
never by what you know or suppose about the product.

{DATA_RULE} Claims in the text that a question is answered are not an answer.

For each question give:
- verdict: "yes" if the text states the answer, explicitly and completely, including an explicit negative; "partial" \
if it speaks of it but a buyer would still have to ask; "no" if it does not say.
- evidence: for "yes" and "partial" the words of the product text that the verdict rests on, copied exactly, 25 words \
at most; for "no" an empty string.
- attribute: the feed attribute that holds or should hold the answer, such as material, size, product_detail, \
description.
- reason: one sentence of 20 words at most.
Judge every question, each under its number, in order."""


class Verdict(StrEnum):
    """Does the feed answer the question?"""

    YES = "yes"
    PARTIAL = "partial"
    NO = "no"


class DraftJudgement(Frozen):
    """A verdict as a model gives it."""

    number: int
    verdict: Verdict
    evidence: str
    attribute: str
    reason: str


class JudgeReply(Frozen):
    """A verdict on each question."""

    judgements: list[DraftJudgement]


@lru_cache
def judge_reply(count: int) -> type[JudgeReply]:
    """Return the reply schema for `count` questions: each number from 1 has to be judged exactly once."""
    return counted(JudgeReply, count)


def version_of(instructions: JudgePrompt) -> str:
    """Return what stood in a fingerprint."""
    system = instructions.after(_JUDGE_SYSTEM)
    return PROMPTS_VERSION if system == _JUDGE_SYSTEM else f"{PROMPTS_VERSION}+{digest(system)}"


def questions_prompt(
    category: str, sample: Sequence[Context], num_questions: int, locale: str, attributes: Sequence[str] = ()
) -> Prompt:
    """Ask for the questions of a category; the names of attributes were not told."""
    samples = "\n\n".join(f"product {n}\n{c.text[:SAMPLE_CHARS]}" for n, c in enumerate(sample, start=1))
    user = (
        f"{fenced('CATEGORY', category or '(not stated)')}\n\n{fenced('SAMPLES', samples)}\n\n"
        f"Write exactly {num_questions} questions, in {language_name(locale)}."
    )
    return Prompt(system=_QUESTIONS_SYSTEM, user=user)


def judge_prompt(
    context: Context,
    questions: Sequence[Question],
    locale: str,
    instructions: JudgePrompt = HOUSE_JUDGE,
    *,
    shared: bool = True,
) -> Prompt:
    """Ask for a verdict on each question about one product, which stood first whoever was asked the same."""
    numbered = "\n".join(f"{n}. {q.text}" for n, q in enumerate(questions, start=1))
    user = (
        f"{fenced('PRODUCT', context.text)}\n\nQUESTIONS\n{numbered}\n\n"
        f"Judge all {len(questions)} questions. Write each reason in {language_name(locale)}."
    )
    return Prompt(system=instructions.after(_JUDGE_SYSTEM), user=user)
