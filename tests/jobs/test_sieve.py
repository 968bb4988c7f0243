import json
import random

import pytest

from feedeval.jobs.offline.bank import load_bank
from feedeval.jobs.offline.detectors import Detector
from feedeval.jobs.offline.facets import Bank
from feedeval.jobs.offline.patterns import Pattern, fold
from feedeval.jobs.offline.sieve import Sieve, pieces_of
from tests.benchmarks.judge_agreement import LABELLED

LETTERS = "abc é重"


def patterns_of(bank: Bank, language: str) -> list[Pattern]:
    rules = [facet.rules[language] for facet in bank.facets.values() if language in facet.rules]
    return [pattern for each in rules for pattern in (*each.strong, *each.weak, *each.doubts, *each.traps)]


def test_letters_are_found_wherever_the_text_is_cut() -> None:
    for length in range(1, 9):
        letters = "vodotesny"[:length]
        for before in range(7):
            text = "-" * before + letters + "." * (before % 3)
            pattern = Pattern(letters, (letters,))
            assert Sieve([pattern]).left(text, pieces_of(text)) == {pattern}


def test_a_sieve_lets_through_what_may_match_and_nothing_else() -> None:
    rng = random.Random(5)
    for _ in range(300):
        patterns = [
            Pattern("x", tuple("".join(rng.choices(LETTERS, k=rng.randrange(1, 8))) for _ in range(rng.randrange(3))))
            for _ in range(8)
        ]
        text = "".join(rng.choices(LETTERS, k=rng.randrange(60)))
        assert Sieve(patterns).left(text, pieces_of(text)) == {p for p in patterns if p.may_match(text)}


def test_the_banks_own_patterns_pass_as_their_letters_say() -> None:
    bank = load_bank()
    text = "the charger comes with a 19.5 v adapter, weighs 300 g and has a warranty of two years; hand wash only"
    patterns = patterns_of(bank, "en")
    assert len(patterns) > 300
    assert Sieve(patterns).left(text, pieces_of(text)) == {p for p in patterns if p.may_match(text)}


def test_a_detector_tries_its_traps_and_its_patterns_apart() -> None:
    bank = load_bank()
    detector = Detector.build(bank.facets["water_resistance"], "general", ("en",), bank)
    text = "comes with a water bottle"
    trapping = detector.trapping.left(text, pieces_of(text))
    assert trapping and trapping <= {*detector.traps}


def test_the_first_look_for_a_measure_misses_none() -> None:
    facets = load_bank().facets.values()
    rules = [each for facet in facets for each in facet.rules.values()]
    measures = {m for each in rules for p in (*each.strong, *each.weak, *each.traps) for m in p.measures if m.unit}
    assert len(measures) > 5
    texts = ["5 kg", "4-6 kg", "3 kg - 5 kg", "1,5kg", "\u00bd l", "12 x 5 mm", "2 years", "38 g/mol", "20 v"]
    for measure in measures:
        for text in texts:
            assert measure.unit is not None
            assert measure.unit.search(text) or not measure.regex.search(text)


def test_words_of_a_long_list_are_found_one_by_one_as_the_whole_list_finds_them(folded_texts: list[str]) -> None:
    facets = load_bank().facets.values()
    rules = [each for facet in facets for each in facet.rules.values()]
    measures = {m for each in rules for p in (*each.strong, *each.weak, *each.traps) for m in p.measures if m.words}
    assert len(measures) > 3
    for measure in measures:
        found = [measure.is_in(text) for text in folded_texts]
        assert found == [bool(measure.regex.search(text)) for text in folded_texts]


@pytest.fixture
def folded_texts() -> list[str]:
    """Texts of the labelled set, some hundred, folded as they are looked through."""
    lines = (LABELLED / "products_dev.jsonl").read_text(encoding="utf-8").splitlines()
    told = [str(text) for line in lines for text in json.loads(line)["fields"].values()]
    return [fold(text) for text in told] + ["oak", "oaks", "in solid oak.", "soft cotton-like", "cottonwood"]
