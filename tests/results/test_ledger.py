"""The parts of the ledger: what two quotes contradict each other in, and what of a page's words is a value."""

from __future__ import annotations

import pytest

from feedeval.jobs.landing_pages import PageSource
from feedeval.records import Verdict
from feedeval.results.gaps.answer_places import answer_place
from feedeval.results.ledger.copying import Copy, answer_for, may_be_anothers, quote_of, refused, values_for
from feedeval.results.ledger.differing import differ, lone_measure
from feedeval.results.ledger.page_answers import PageAnswers, Said


@pytest.mark.parametrize(
    ("feed", "page", "about"),
    [
        ("6.5 kg", "Weight: 9,8 kg", "product_weight"),
        ("Holds 1.7 l", "Capacity: 2,5 litres", ""),
        ("Warranty: 2 years", "3 Jahre Garantie", "warranty"),
        ("30 x 20 x 10 cm", "30 x 20 x 15 cm", "product_length"),
        ("Width: 30 cm", "45 cm wide", ""),
        ("1500 W", "Power: 2.2 kW", ""),
    ],
)
def test_two_values_of_one_thing_differ(feed: str, page: str, about: str) -> None:
    assert differ(feed, page, about=about) and differ(page, feed, about=about)


@pytest.mark.parametrize(
    ("feed", "page"),
    [
        ("6.5 kg", "6,5 kg"),
        ("1.2 kg", "1200 g"),
        ("1.200 g", "1,2 kg"),
        ("2 years", "24 months"),
        ("2.0 kg", "2.05 kg"),
        ("Width: 30 cm", "Height: 45 cm"),
        ("30 cm", "45 cm"),
        ("10 hours", "up to 12 hours"),
        ("10-12 hours", "8 hours"),
        ("about 2 kg", "3 kg"),
        ("Net weight 2 kg", "Gross weight 3 kg"),
        ("2 x 500 g", "1 kg"),
        ("30 x 20 x 10 cm", "30 x 20 cm"),
        ("Cotton", "Polyester"),
        ("500 g", "5 l"),
        ("", "5 l"),
        ("Weight 2 kg, load 50 kg", "3 kg"),
    ],
)
def test_what_may_be_the_same_is_no_contradiction(feed: str, page: str) -> None:
    assert not differ(feed, page) and not differ(page, feed)


def test_a_measure_that_stands_alone_is_one() -> None:
    assert lone_measure("It weighs 2.4 kg.") == "2.4 kg"
    assert lone_measure("2.4 kg and 3 cm") == "" and lone_measure("up to 9 kg") == "" and lone_measure("red") == ""


def page(variants: int = 1, **stated: str) -> PageAnswers:
    return PageAnswers("k", "https://shop.example/p", "", variants=variants, stated=stated)


@pytest.mark.parametrize(
    ("attribute", "quote", "expected"),
    [
        ("material", "Material: aluminium.", {"material": "aluminium"}),
        ("material", "100 % merino wool", {"material": "100 % merino wool"}),
        ("material", "This fine jacket is made by hand of wool.", {}),
        ("product_weight", "It weighs 1,4 kg when it is empty", {"product_weight": "1.4 kg"}),
        ("product_weight", "Weight: 1.400 g", {"product_weight": "1.400 g"}),
        ("product_detail (power)", "Power: 2000 W", {"product_detail (power)": "2000 W"}),
        ("question_and_answer", "Yes, it does.", {}),
        ("product_length, product_width, product_height", "30 x 20 x 10 cm", {}),
        ("description", "Made for hiking", {}),
    ],
)
def test_the_words_that_are_a_value_are_copied(attribute: str, quote: str, expected: dict[str, str]) -> None:
    said = Said(Verdict.YES, quote, PageSource.TEXT)
    assert values_for(answer_place(attribute), said, page()) == expected
    assert answer_for(said) == quote


def test_structured_data_states_the_value_itself() -> None:
    said = Said(Verdict.YES, "a sentence about steel and much else besides", PageSource.DATA)
    assert values_for(answer_place("material"), said, page(material="Steel")) == {"material": "Steel"}
    sides = {"product_length": "30 cm", "product_width": "20 cm", "product_height": "10 cm"}
    assert values_for(answer_place("product_length, product_width, product_height"), said, page(**sides)) == sides


def test_words_of_a_page_of_several_variants_may_be_those_of_another() -> None:
    said, size = Said(Verdict.YES, "Size: L", PageSource.TEXT), answer_place("size")
    assert may_be_anothers(said, size, page(3)) and not may_be_anothers(said, size, page(1))
    assert not may_be_anothers(said._replace(source=PageSource.DATA), size, page(3))
    assert not may_be_anothers(said, answer_place("product_weight"), page(3))


def test_what_the_destination_refuses_is_no_value_for_an_attribute() -> None:
    def copy(name: str, value: str) -> Copy:
        return Copy("P-1", name, value, value, PageSource.TEXT, "")

    assert refused([copy("product_weight", "heavy"), copy("material", "Wool")]) == {("P-1", "product_weight")}
    assert refused([copy("product_detail (power)", "2 kW")]) == set()


def test_what_data_states_under_another_attribute_belongs_there() -> None:
    said = Said(Verdict.YES, "0.4 kg", PageSource.DATA)
    assert values_for(answer_place("size"), said, page(product_weight="0.4 kg")) == {"product_weight": "0.4 kg"}


def test_a_value_of_the_data_rests_on_the_words_of_the_data() -> None:
    said = Said(Verdict.YES, "Weight: 1,4 kg", PageSource.TEXT)
    assert quote_of("product_weight", "1.4 kg", said, page()) == ("Weight: 1,4 kg", PageSource.TEXT)
    assert quote_of("material", "Steel", said, page(material="Steel")) == ("Steel", PageSource.DATA)
