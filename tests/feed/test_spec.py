from __future__ import annotations

import re
from datetime import date

import pytest

from feedeval.errors import InputError
from feedeval.feed.checks.countries import country_of
from feedeval.feed.rules import Kind, Requirement, Target, rules
from feedeval.feed.spec import core_fields, missing_core_fields

COMPLETE = {
    "id": "1",
    "title": "Steel bottle",
    "description": "Keeps drinks cold.",
    "link": "https://shop.example/1",
    "image_link": "https://shop.example/1.jpg",
    "price": "15.00 EUR",
    "availability": "in_stock",
    "brand": "Acme",
    "gtin": "4006381333931",
}


@pytest.mark.parametrize("target", list(Target))
def test_every_rule_file_is_read_whole(target: Target) -> None:
    found = rules(target)
    for name, rule in found.items():
        assert rule.source, name
        assert rule.max_chars is None or rule.advised_chars is None, name
        assert not rule.since or date.fromisoformat(rule.since), name
        assert all(code == "EU" or country_of(code) == code for code in rule.countries), name
        assert re.fullmatch(r"[a-z0-9_]+(\.[a-z_]+)?", name), name
        if "." in name:
            assert found[name.partition(".")[0]].kind is Kind.GROUP, name
        if rule.kind in {Kind.ENUM, Kind.MEASURE, Kind.WHOLE_MEASURE}:
            assert rule.values, name


def test_parts_that_could_not_be_verified_are_not_in_the_rules() -> None:
    google = rules("google")
    assert google["canonical_link"].max_chars is None
    assert google["transit_time_label"].max_chars is None
    assert google["shipping"].requirement is Requirement.OPTIONAL
    assert "tax" not in google


def test_an_unknown_destination_is_named_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"target='amazon'.*google.*openai.*meta"):
        rules("amazon")


def test_a_complete_product_misses_nothing() -> None:
    assert missing_core_fields(COMPLETE) == []


def test_an_empty_product_misses_everything_that_has_no_condition() -> None:
    expected = ["id", "title", "description", "link", "image_link", "price", "availability", "brand", "gtin"]
    assert missing_core_fields({}) == expected
    assert missing_core_fields(dict.fromkeys(expected, " ")) == expected
    assert missing_core_fields(dict.fromkeys(expected, float("nan"))) == expected


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ({"gtin": None, "mpn": "A-1"}, []),
        ({"gtin": None, "identifier_exists": "no"}, []),
        ({"gtin": None, "brand": None, "identifier_exists": "false"}, []),
        ({"gtin": None, "brand": None, "condition": "used"}, []),
        ({"gtin": None, "brand": None, "google_product_category": "784"}, []),
        ({"gtin": "9783161484100", "brand": None}, []),
        ({"gtin": None}, ["gtin"]),
        ({"brand": None}, ["brand"]),
        ({"availability": "preorder"}, ["availability_date"]),
        ({"availability": "backorder", "availability_date": "2027-01-01"}, []),
        ({"google_product_category": "1604"}, ["age_group", "gender", "color", "size"]),
        ({"google_product_category": "Apparel & Accessories > Jewelry"}, ["age_group", "gender", "color"]),
        ({"product_type": ["Apparel & Accessories > Shoes"]}, ["age_group", "gender", "color", "size"]),
        ({"product_type": "Shoes"}, []),
        ({"product_type": "212"}, []),
        ({"google_product_category": "212"}, ["age_group", "gender", "color", "size"]),
        ({"google_product_category": "Bekleidung & Accessoires > Schuhe"}, ["age_group", "gender", "color", "size"]),
        ({"google_product_category": "175"}, []),
        ({"google_product_category": "Apparel & Accessories > Clothing Accessories > Cufflinks"}, ["gender", "color"]),
        ({"google_product_category": "178"}, ["age_group", "gender", "color"]),
        ({"google_product_category": "855", "brand": None, "gtin": None}, []),
        ({"title": None, "structured_title": {"content": "Steel bottle"}}, []),
    ],
)
def test_what_is_missing_depends_on_the_product(more: dict[str, object], missing: list[str]) -> None:
    assert missing_core_fields({**COMPLETE, **more}) == missing


def test_other_destinations_ask_for_other_fields() -> None:
    assert missing_core_fields(COMPLETE, target="openai") == ["seller_name"]
    assert missing_core_fields(COMPLETE, target="meta") == ["condition"]
    assert "condition" in core_fields(COMPLETE, target="meta")


def test_fields_are_found_under_the_names_of_the_destination() -> None:
    product = {
        "item_id": "1",
        "title": "Bottle",
        "description": "Steel",
        "url": "https://shop.example/1",
        "brand": "Acme",
        "seller_name": "Shop",
        "image_url": "https://shop.example/1.jpg",
        "availability": "in_stock",
        "price": "1.00 EUR",
    }
    assert missing_core_fields(product, target="openai") == []
