"""The embedded engine does not invent: sentences of each kind of mistake, in the bank's own languages."""

import re
from pathlib import Path

import pytest

from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.records import Context, ContextField, Question, Taxonomy
from tests.jobs.verdicts import is_wrong

ENGINE = OfflineEngine()
CASES = [
    line.split("|", 4)
    for line in (Path(__file__).parent / "offline_kinds.txt").read_text(encoding="utf-8").splitlines()
    if line[:1] != "#"
]
GOES_ON = {
    "en": "You can have it with all of these, and it is not what you would think of.",
    "de": "Das ist etwas, das sich nicht nur die anderen so gedacht haben.",
    "fr": "Ce n'est pas ce que vous avez vu dans les autres, et pour cause.",
    "es": "No es lo que se ve en los otros, y por algo lo decimos con todas las letras.",
}
"""Sentences that answer nothing and tell the language."""


def context_of(text: str, language: str) -> Context:
    fields, prose = [], ""
    for part in text.split(" ¦ "):
        if named := re.match(r"([a-z_]+)=(.*)", part):
            fields.append(ContextField(name=named[1], text=named[2]))
        else:
            prose = part if part.endswith((".", "!", "?")) else f"{part}."
    description = f"{prose} {GOES_ON[language]}".strip()
    return Context(category="", fields=(*fields, ContextField(name="description", text=description)))


def verdict_of(facet: str, context: Context) -> str:
    [judgement] = ENGINE.judge(context, [Question(text=facet, taxonomy=Taxonomy.USE, facet=facet)])
    assert judgement.evidence in context.text
    return judgement.verdict.value


@pytest.mark.parametrize("kind", sorted({case[2] for case in CASES}))
def test_each_kind_is_judged_right(kind: str) -> None:
    wrong = []
    for facet, expected, _, language, text in (case for case in CASES if case[2] == kind):
        verdict = verdict_of(facet, context_of(text, language))
        if is_wrong(verdict, expected):
            wrong.append(f"{facet} ({language}): {expected} -> {verdict}: {text}")
    assert wrong == []


def test_the_cases_are_many_in_each_language() -> None:
    assert len(CASES) > 700
    for language in GOES_ON:
        assert sum(case[3] == language for case in CASES) > 120


@pytest.mark.parametrize("language", GOES_ON)
def test_the_sentence_that_goes_on_answers_nothing(language: str) -> None:
    said = [f for f in ENGINE._bank.facets if is_wrong(verdict_of(f, context_of("", language)), "no")]
    assert said == []
