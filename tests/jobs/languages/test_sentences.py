from pathlib import Path

import pytest

from feedeval.jobs.offline.bank import load_bank
from tests.jobs.verdicts import is_wrong, verdict_on

HERE = Path(__file__).parent
LANGUAGES = tuple(sorted(path.stem for path in HERE.glob("*.txt")))
FEWEST_FACETS = 25


def rows(language: str) -> list[tuple[str, str, str]]:
    lines = (HERE / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("|", 2)) for line in lines if line and not line.startswith("#")]  # type: ignore[misc]


def verdict(facet: str, sentence: str, language: str) -> str:
    field, text = ("title", sentence.removeprefix("title: ")) if sentence.startswith("title: ") else ("", sentence)
    return verdict_on(facet, field or "description", text, language=language, bank=load_bank())


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_of_a_language_are_judged_as_its_readers_would(language: str) -> None:
    wrong = [
        f"{facet}: {sentence!r} is {found}, not {wanted}"
        for facet, wanted, sentence in rows(language)
        if is_wrong(found := verdict(facet, sentence, language), wanted)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", LANGUAGES)
def test_most_facets_are_tried_with_an_answer_a_half_one_and_none(language: str) -> None:
    seen: dict[str, set[str]] = {}
    for facet, wanted, _ in rows(language):
        seen.setdefault(facet, set()).add(wanted)
    assert sum(len(verdicts) == 3 for verdicts in seen.values()) >= FEWEST_FACETS
