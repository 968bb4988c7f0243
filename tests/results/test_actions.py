"""What to do first: one action an attribute, whose figures are those of the gaps, and whose products can be shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import feedeval as fe
from feedeval.errors import InputError
from feedeval.html import escape
from feedeval.results.gaps.cards import cards_html
from feedeval.results.near_identical import Families
from feedeval.results.session import Session, load_session
from tests.e2e.support import write_jsonl
from tests.notebook.hostile import HOSTILE
from tests.results.factory import Plan, write_session, write_shadow_session

SORTS = ("Mug", "Raincoat", "Backpack", "Blanket")


def audited(folder: Path, products: list[dict[str, str]]) -> Session:
    feed = write_jsonl(folder / "northwind.jsonl", products)
    fe.ProductFeedEvaluator(model="offline", output_dir=folder / "output").evaluate_products_batch(
        feed, progress="none"
    )
    return load_session(output_dir=folder / "output")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    products = [
        {
            "id": f"{sort}-{size}",
            "title": f"{sort} Northwind classic, size {size}",
            "description": f"A {sort.lower()} for every day.",
            "product_type": f"Things > {sort}",
            "image_link": f"https://pictures.example/{sort}.jpg",
            "item_group_id": sort,
            **({"material": "100 % cotton"} if sort == "Blanket" else {}),
        }
        for sort in SORTS
        for size in range(6)
    ]
    return audited(tmp_path_factory.mktemp("shop"), products)


def test_an_attribute_has_one_row_over_all_categories_the_most_gain_first(session: Session) -> None:
    frame = session.actions()
    assert frame["attribute"].is_unique
    assert frame["gain_pct"].is_monotonic_decreasing
    gaps = session.gaps()
    summed = gaps.groupby("attribute")["gain"].sum()
    for action in session.action_cards:
        assert action.gain_pct == pytest.approx(summed[action.attribute])
        shares = sum(share.gain_pct for share in action.categories)
        assert shares == pytest.approx(action.gain_pct)
    assert frame["before_pct"].tolist() == pytest.approx([session.standing.coverage_pct] * len(frame))
    assert (frame["gain_low_pct"] <= frame["gain_pct"]).all() and (frame["gain_pct"] <= frame["gain_high_pct"]).all()


def test_the_products_of_an_action_are_those_that_leave_its_questions_open(session: Session) -> None:
    action = next(each for each in session.action_cards if each.attribute == "material")
    assert str(action).startswith("Add `material` to 18 products: answers “What is it made of?”, coverage ")
    ids = session.results["product_id"].to_numpy()[action.positions]
    assert set(ids) == {f"{sort}-{size}" for sort in SORTS[:3] for size in range(6)}
    assert [question.text for question in action.questions] == ["What is it made of?"]


def test_examples_are_not_nearly_the_same(session: Session) -> None:
    for action in session.action_cards:
        assert len({example.title.split()[0] for example in action.examples}) == min(3, len(action.categories) or 3)


def test_a_list_shows_products_by_picture_and_group(session: Session) -> None:
    looks = session.looks
    assert looks["image_link"][0] == "https://pictures.example/Mug.jpg" and looks["item_group_id"][0] == "Mug"
    assert session.title == "northwind.jsonl"


def test_an_older_session_has_no_pictures_and_all_the_rest(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=6, failed=(2,)))
    session = load_session(output_dir=tmp_path)
    assert len(session.looks) == len(session.results) and (session.looks == "").all(axis=None)
    assert (len(session.actions()) and session.title == session.feed_name) or session.title == session.id
    done = np.flatnonzero(session.results["status"] == "done")
    assert all(action.positions.max() < len(done) for action in session.action_cards)


def test_cards_show_what_a_stranger_wrote_as_text(tmp_path: Path) -> None:
    html = cards_html(audited(tmp_path, [HOSTILE, HOSTILE | {"id": "2"}]).action_cards)
    assert "<script" not in html and "<img" not in html and 'onmouseover="' not in html
    assert escape(HOSTILE["id"]) in html


def test_only_an_audit_has_actions(tmp_path: Path) -> None:
    write_shadow_session(tmp_path)
    with pytest.raises(InputError, match="only an audit"):
        load_session(output_dir=tmp_path).actions()


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Charger Movano 19.5V 4.62A for Dell", "Charger Movano 19V 2.37A for Dell", True),
        ("Lake Tee, red, size S", "Lake Tee, blue, size XL", True),
        ("Kettle, steel, 1.7 l", "Blanket, wool, 140 × 200 cm", False),
        ("Northwind raincoat", "Southwind raincoat", False),
        ("雨衣 红色", "雨衣 蓝色", False),
    ],
)
def test_titles_that_differ_in_numbers_or_a_word_are_of_one_family(one: str, other: str, alike: bool) -> None:
    first, second = Families().of([one, other])
    assert (first == second) is alike


def test_products_of_a_group_are_a_family_whatever_they_are_called() -> None:
    assert Families().of(["Mug", "Blanket", "Kettle"], ["g", "g", ""]) == [0, 0, 1]
