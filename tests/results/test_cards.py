"""A card says for which products it is, what it gains, how often it is open, and what may be typed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from feedeval.cli.main import main
from feedeval.html import Markup
from feedeval.notebook.browser.actions_view import ActionsView
from feedeval.results.gaps.answer_places import answer_place
from feedeval.results.gaps.cards import cards_html, open_numbers, required_html, required_mark
from feedeval.results.gaps.entry_examples import _examples, entry_example
from feedeval.results.gaps.groups import Group, groups_in_words, short_names
from feedeval.results.gaps.present_values import field_values, present_value
from feedeval.results.session import Session
from tests.results.test_actions import audited

TEES, MUGS = 12, 2


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    def product(sort: str, path: str, number: int) -> dict[str, str]:
        title = f"{sort} Northwind {number}"
        return {"id": f"{sort}-{number}", "title": title, "description": title, "product_type": f"{path} > {sort}"}

    tees = [product("Tee", "Clothing > Tops", n) for n in range(TEES)]
    return audited(tmp_path_factory.mktemp("shop"), [*tees, *(product("Mug", "Kitchen", n) for n in range(MUGS))])


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_groups_are_named_biggest_first_or_those_that_are_left_out() -> None:
    names = ["Tees", "Mugs", "Magnets"]
    sizes = [(150, 150), (3, 3), (2, 2)]
    whole = [Group(name, *size) for name, size in zip(names, sizes, strict=True)]
    assert groups_in_words(whole) == "all 155 products"
    assert groups_in_words([*whole[:2], Group("Magnets", 0, 2)]) == "all 155 products except 2 of Magnets"
    assert groups_in_words([Group("Tees", 140, 150), Group("Mugs", 3, 3), Group("Magnets", 0, 2)]) == (
        "140 of Tees and 3 of Mugs"
    )
    many = [Group(f"G{n}", 1, 2) for n in range(9)]
    assert groups_in_words(many) == "1 of G0, 1 of G1, 1 of G2, 1 of G3 and 5 in 5 other groups"
    assert groups_in_words(whole[:1]) == "" == groups_in_words([])


def test_a_category_is_called_by_the_end_of_its_path_unless_two_end_alike() -> None:
    assert short_names(["A > Shirts", "B > Mugs", "C > Mugs", ""]) == ["Shirts", "B > Mugs", "C > Mugs", "no category"]


def test_a_question_is_required_of_all_of_some_or_of_none() -> None:
    assert (words(required_mark(0, 3)), words(required_mark(3, 3))) == ("", "(required)")
    assert words(required_mark(2, 157)) == "(required for 2 of 157)"


def test_examples_come_from_the_biggest_group(session: Session) -> None:
    action = next(each for each in session.action_cards if each.products == TEES + MUGS)
    assert action.for_which == f"all {TEES + MUGS} products"
    assert {example.product_id.split("-")[0] for example in action.examples} == {"Tee"}


def test_a_card_unfolds_all_its_products_where_nothing_else_shows_them(session: Session) -> None:
    cards = session.action_cards
    every = words(cards_html(cards, unfolds=True))
    assert f"All {TEES + MUGS} products" in every and "Mug-1" in every and f"Tee-{TEES - 1}" in every
    assert "<summary>All " not in cards_html(cards)


def test_what_the_first_three_gain_together_is_what_they_gain_one_by_one(session: Session) -> None:
    cards = session.action_cards
    assert cards.together_pct == pytest.approx(cards[0].before_pct + sum(action.gain_pct for action in cards[:3]))
    assert (
        cards.together.startswith("The first three together: ")
        and f"about {cards.together_pct:.0f} %" in cards.together
    )


def test_what_the_first_three_gain_together_is_said_wherever_actions_are(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    said = session.action_cards.together
    assert said.startswith("The first three together: coverage ")
    assert said in str(session.action_cards) and said in str(session.summary()) and said in session._repr_html_()
    view = ActionsView(lambda what: what(), session.action_cards, lambda action: None)
    assert said in view.root.children[0].value
    assert main(["gaps", session.id, "--output-dir", str(session.output_dir)]) == 0
    names = [action.attribute for action in session.action_cards[:3]]
    line = next(line for line in capsys.readouterr().out.splitlines() if " together: " in line)
    assert line == f"{names[0]}, {names[1]} and {names[2]} together: {said.partition(': ')[2]}"


def test_the_counts_of_a_question_are_those_of_its_verdicts(session: Session) -> None:
    judgements = session.judgements
    for action in session.action_cards:
        for question in action.questions:
            own = judgements[judgements["question"] == question.text]["verdict"]
            assert question.partial <= question.products <= int(own.isin(["no", "partial"]).sum())


def test_what_the_destination_requires_stands_in_one_line(session: Session) -> None:
    line = words(required_html(session.action_cards))
    assert "gtin , or brand with mpn , or identifier_exists=no (14 products)" in line
    assert isinstance(required_html(session.action_cards), Markup)


def test_actions_that_gain_next_to_nothing_are_counted_and_left_out(tmp_path: Path) -> None:
    paths = ["Clothing > Tops > Tee"] * 900 + ["Kitchen > Mugs"]
    products = [
        {"id": f"{n}", "title": f"{path.rsplit(' ', 1)[1]} {n}", "description": "", "product_type": path}
        for n, path in enumerate(paths)
    ]
    cards = audited(tmp_path, products).action_cards
    assert cards.left_out and cards.left_out_words in cards.text() and cards.left_out_words in cards_html(cards)
    assert all(action.gain_pct >= 0.1 or action.missing_core for action in cards[3:])


def test_an_entry_is_shown_for_places_that_an_action_can_have() -> None:
    assert entry_example("material") == "100 % cotton" and entry_example("anything else") == ""
    for place, entry in _examples().items():
        assert answer_place(place).label == place and entry
        assert not place.startswith("product_detail (") or entry.count(":") == 2


def test_what_the_destination_requires_is_never_folded_away(session: Session) -> None:
    cards = session.action_cards
    required = [number for number, action in enumerate(cards, 1) if action.missing_core]
    assert required and required[-1] > 1 and open_numbers(cards, 1) == sorted({1, *required})
    seen, _, folded = cards_html(cards, most=1).partition("<details><summary>")
    assert all(f'data-action="{number - 1}"' in seen for number in required) and "data-action" in folded


def test_bounds_that_are_one_figure_are_left_out(session: Session) -> None:
    cards = session.action_cards
    action = replace(cards[0], before_pct=28.0, gain_pct=1.0, gain_low_pct=0.9, gain_high_pct=1.1)
    assert "likely between 28.9 and 29.1 %" in cards_html(replace(cards, actions=(action,)))
    action = replace(action, gain_low_pct=1.0, gain_high_pct=1.01)
    assert "likely" not in cards_html(replace(cards, actions=(action,)))


def test_a_card_says_what_the_feed_says_now_where_it_says_too_little(tmp_path: Path) -> None:
    def hoodie(number: int) -> dict[str, str]:
        title = f"Hoodie Northwind {number}"
        colour = "See <b>product</b> page" if number % 3 else "Navy blue"
        return {
            "id": f"h{number}",
            "title": title,
            "description": title,
            "product_type": "Tops > Hoodies",
            "color": colour,
        }

    cards = audited(tmp_path, [hoodie(n) for n in range(12)]).action_cards
    action = next(each for each in cards if each.attribute == "color")
    assert action.extends == 8 and [count for _, count in action.present] == [8]
    shown = cards_html(cards)
    assert f"The feed says now, for instance: “ {action.present[0][0]} ” (8 products)" in words(shown)
    assert all(each.present == () for each in cards if not each.extends)


def test_the_value_of_an_attribute_is_found_in_what_was_judged() -> None:
    text = "title: Mug\nproduct_detail: Care: Dishwasher-safe\nGeneral / Weight: 300 g\ncolor: red"
    values = field_values(text, "title, product_detail, color")
    assert present_value("color", values) == "red" and present_value("size", values) == ""
    assert present_value("product_detail (weight)", values) == "300 g"
    assert present_value("product_detail (care)", values) == "Dishwasher-safe"
    assert present_value("title, color", values) == "Mug, red"
    assert field_values(text, "title, material") == {} == field_values(None, "title")
