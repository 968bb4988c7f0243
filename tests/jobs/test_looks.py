import json

import pytest

from feedeval.jobs.offline.bank import load_bank
from feedeval.jobs.offline.looks import finding_some, sieve_of
from feedeval.jobs.offline.patterns import Pattern, fold
from feedeval.jobs.offline.sieve import pieces_of
from tests.benchmarks.judge_agreement import LABELLED


@pytest.fixture(scope="module")
def folded_texts() -> list[str]:
    """Texts of the labelled set, folded as they are looked through."""
    lines = (LABELLED / "products_dev.jsonl").read_text(encoding="utf-8").splitlines()
    return [fold(" ".join(map(str, json.loads(line)["fields"].values()))) for line in lines[::8]]


@pytest.mark.parametrize("language", ["en", "cs", "ja"])
def test_the_ways_of_a_pattern_find_what_the_whole_pattern_finds(language: str, folded_texts: list[str]) -> None:
    bank = load_bank()
    names = [name for name, facet in bank.facets.items() if language in facet.rules][:3]
    rules = [bank.facets[name].rules[language] for name in names]
    patterns = [p.within((language,)) for each in rules for p in (*each.strong, *each.weak, *each.traps)]
    sieve = sieve_of(patterns)
    for text in folded_texts:
        found = finding_some(sieve.left(text, pieces_of(text)), text)
        assert found == {pattern for pattern in patterns if pattern.regex.search(text)}


def test_a_pattern_that_is_one_way_is_its_own() -> None:
    pattern = Pattern("a|b", ())
    assert pattern.ways == (pattern,)
    assert pattern.whole is pattern
