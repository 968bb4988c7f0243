"""The rule data of each destination: well formed, traced to a source, and true to what the destinations say."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest

from feedeval.feed.checks.check_feed import catalogue, check_feed
from feedeval.feed.checks.countries import countries
from feedeval.feed.consequences import Consequence
from feedeval.feed.parsing.columns import AttributeShape, attributes
from feedeval.feed.rules import Kind, Requirement, Target, rules
from feedeval.feed.tables import table
from tests.feed.feeds import item, read, rss

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVERYWHERE = [target.value for target in Target]
CODES = {row["code"] for row in table("spec/sources")}
HEADER = [
    *("attribute", "also", "requirement", "kind", "max_chars", "values", "max_values"),
    *("countries", "since", "source"),
]
SHOP = "https://shop.example.com"
MUG: dict[str, Any] = {
    "id": "MUG-1",
    "title": "Kilnhouse stoneware mug, 0.35 l, speckled blue",
    "description": "A stoneware mug with a wide handle. It goes into the dishwasher and keeps tea warm for long.",
    "link": f"{SHOP}/mug-1",
    "image_link": f"{SHOP}/mug-1.jpg",
    "price": "18.00 EUR",
    "brand": "Kilnhouse",
    "gtin": "4006381333931",
    "condition": "new",
    "google_product_category": "2169",
}
GOOD: dict[str, dict[str, Any]] = {
    "google": {
        "availability": "in_stock",
        "variant_option": [{"name": "Glaze", "value": "Speckled blue"}],
        "popularity_rank": "95.5",
        "carrier_shipping": [{"country": "DE", "origin_postal_code": "10115", "flat_price": "4.90 EUR"}],
        "handling_cutoff_time": [{"country": "DE", "cutoff_time": "1530", "cutoff_timezone": "Europe/Berlin"}],
        "shipping_handling_business_days": [{"country": "DE", "business_days": "Mon-Fri"}],
        "shipping_transit_business_days": [{"country": "DE", "business_days": "Mon-Sat"}],
        "pickup_cost": {"flat_rate": "2.00 EUR", "free_threshold": "30.00 EUR"},
        "loyalty_program": [{"program_label": "club", "tier_label": "gold", "price": "16 EUR", "loyalty_points": "5"}],
        "installment": {"months": "3", "amount": "6 EUR", "annual_percentage_rate": "0", "total_amount": "18.00 EUR"},
        "returns": [{"country": "DE", "window_days": "30", "method": "BY_MAIL", "item_condition": "NEW"}],
        "related_product": [{"relationship_type": "accessory", "identifier_type": "id", "identifier": "LID-1"}],
    },
    "openai": {
        "availability": "pre_order",
        "seller_name": "Kilnhouse Shop",
        "item_group_id": "MUG",
        "listing_has_variations": "true",
        "variant_dict": {"glaze": "Blue"},
        "weight": "0.4",
        "item_weight_unit": "kg",
        "dimensions": {"length": "12", "height": "9.5", "unit": "cm"},
        "star_rating": "4.55",
        "review_count": "12",
        "return_deadline_in_days": "30",
        "shipping_price": "0.00 EUR",
        "target_countries": ["US", "CA"],
        "title": f"{MUG['title']} {'and a saucer that fits ' * 6}in the same glaze.",
    },
    "openai_google_profile": {"availability": "preorder", "availability_date": "2026-12-24"},
    "acp": {"availability": "limited_stock", "condition": ["secondhand"], "gtin": None, "brand": None},
    "meta": {"availability": "preorder", "item_group_id": "MUG", "shipping": [{"country": "US", "price": "9.99 USD"}]},
    "microsoft": {"availability": "in stock", "identifier_exists": "TRUE", "sale_price": "16.00"},
    "tiktok": {"availability": "IN_STOCK", "price": "18.00"},
    "pinterest": {"availability": "preorder", "price": "18.00", "size_type": "big_and_tall"},
}
Facts = list[tuple[str, str, Any, str]]
WRONG: Facts = [
    ("google", "variant_option", [{"name": "n" * 251, "value": "Blue"}], "too_long"),
    ("google", "variant_option", [{"name": f"Option {n}", "value": "x"} for n in range(31)], "too_many_values"),
    ("google", "popularity_rank", "95.55", "number_invalid"),
    ("google", "popularity_rank", "101", "number_invalid"),
    ("google", "product_detail", [{"attribute_name": "Glaze", "attribute_value": "v" * 1500}], "too_long"),
    ("google", "carrier_shipping", [{"country": "DE", "flat_price": "4.90 EUR"}], "incomplete_group"),
    ("google", "handling_cutoff_time", [{"country": "DE"}], "incomplete_group"),
    ("google", "handling_cutoff_time", [{"country": "Germany", "cutoff_time": "1530"}], "country_unknown"),
    ("google", "shipping_handling_business_days", [{"country": "DE"}], "incomplete_group"),
    ("google", "pickup_cost", {"free_threshold": "30.00 EUR"}, "incomplete_group"),
    ("google", "loyalty_program", [{"price": "cheap"}], "price_invalid"),
    ("google", "loyalty_program", [{"loyalty_points": "2.5"}], "number_invalid"),
    ("google", "installment", {"months": "3", "amount": "6.00 EUR", "total_amount": "18"}, "price_currency_missing"),
    ("google", "related_product", [{"relationship_type": "cousin", "identifier": "LID-1"}], "unknown_value"),
    ("openai", "condition", "brandnew", "unknown_value"),
    ("openai", "star_rating", "7.5", "number_invalid"),
    ("openai", "return_deadline_in_days", "-3", "number_invalid"),
    ("openai", "item_weight_unit", "stone", "unknown_value"),
    ("openai", "dimensions", {"length": "12", "height": "9"}, "incomplete_group"),
    ("openai", "availability", "preorder", "value_form"),
    ("openai", "listing_has_variations", None, "missing_required"),
    ("openai", "gtin", ["4006381333931", "4012345678901"], "repeated_value"),
    ("openai", "shipping_price", "free", "price_invalid"),
    ("openai_google_profile", "availability", "unknown", "unknown_value"),
    ("openai_google_profile", "availability", "pre_order", "value_form"),
    ("openai_google_profile", "availability_date", None, "missing_availability_date"),
    ("openai_google_profile", "title", "t" * 151, "too_long"),
    ("openai_google_profile", "gtin", None, "missing_identifier"),
    ("openai_google_profile", "gtin", "2012345678903", "gtin_restricted"),
    ("acp", "title", None, "missing_required"),
    ("meta", "item_group_id", "g" * 101, "too_long"),
    ("meta", "gtin", None, "missing_identifier"),
    ("meta", "availability", "backorder", "unknown_value"),
    ("microsoft", "id", "i" * 51, "too_long"),
    ("microsoft", "availability", "backorder", "unknown_value"),
    ("microsoft", "sale_price", "on request", "price_invalid"),
    ("tiktok", "title", "t" * 501, "too_long"),
    ("tiktok", "brand", None, "missing_required"),
    ("pinterest", "link", f"{SHOP}/{'p' * 511}", "too_long"),
    ("pinterest", "price", "cheap", "price_invalid"),
]


def errors(target: str, **changes: Any) -> set[tuple[str, str]]:
    product = {name: value for name, value in {**MUG, **GOOD[target], **changes}.items() if value is not None}
    found = check_feed([product], target=target, country="DE" if target != "microsoft" else "US", now=NOW)
    found = found[found["target"] == target]
    return set(zip(found["field"], found["check"], strict=True))


@pytest.mark.parametrize("target", EVERYWHERE)
def test_each_rule_is_well_formed_and_has_a_source(target: str) -> None:
    rows = list(table(f"spec/{target}"))
    assert list(rows[0]) == HEADER
    assert [name for name, count in Counter(row["attribute"] for row in rows).items() if count > 1] == []
    for row in rows:
        assert None not in row.values() and None not in row, row
        assert Kind(row["kind"]) and Requirement(row["requirement"]), row
        assert set(row["source"].split(",")) <= CODES, row
        assert set(row["countries"].split("|")) - {"", "EU"} <= countries(), row
        assert not row["since"] or date.fromisoformat(row["since"]), row
        assert re.fullmatch(r"~?[0-9]+|", row["max_chars"]) and re.fullmatch(r"[0-9]+|many", row["max_values"]), row


@pytest.mark.parametrize("target", EVERYWHERE)
def test_parts_belong_to_nested_attributes_that_are_read_as_such(target: str) -> None:
    nested = {name.partition(".")[0] for name in rules(target) if "." in name}
    for name in nested:
        assert rules(target)[name].kind is Kind.GROUP
        shape = attributes()[name].shape if name in attributes() else AttributeShape.ONE
        # What has no shape of its own is a group where the feed writes one.
        assert shape in {AttributeShape.GROUP, AttributeShape.GROUPS, AttributeShape.ONE}


def test_sources_and_destinations_are_dated() -> None:
    sources = list(table("spec/sources"))
    assert len(CODES) == len(sources)
    for row in sources:
        assert row["title"] and row["read"], row
        assert all(re.fullmatch(r"20\d\d(-\d\d){0,2}|", row[name]) for name in ("published", "read")), row
    for row in table("spec/targets"):
        assert date.fromisoformat(row["as_of"]) and row["name"] and row["about"].endswith("."), row


def test_consequences_name_checks_attributes_and_sources_that_there_are() -> None:
    checks = set(catalogue()["check"])
    for row in table("spec/consequences"):
        assert row["check"] in checks, row
        assert Consequence(row["consequence"]) and set(row["source"].split(",")) <= CODES, row
        assert not row["attribute"] or row["attribute"] in rules(row["target"]), row


@pytest.mark.parametrize("target", EVERYWHERE)
def test_a_good_product_has_no_error(target: str) -> None:
    product = {name: value for name, value in {**MUG, **GOOD[target]}.items() if value is not None}
    if target == "microsoft":
        product["shipping"] = [{"country": "DE", "price": "4.90"}]
    found = check_feed([product], target=target, country="DE", now=NOW)
    assert found[found["severity"] != "info"].empty, found.to_string()


@pytest.mark.parametrize(("target", "attribute", "value", "check"), WRONG)
def test_what_a_destination_does_not_take_is_found(target: str, attribute: str, value: Any, check: str) -> None:
    found = errors(target, **{attribute: value})
    assert check in {name for field, name in found if field.partition(".")[0] == attribute}, found
    assert check not in {name for field, name in errors(target) if field.partition(".")[0] == attribute}


@pytest.mark.parametrize("attribute", ["title", "description", "id"])
def test_openai_advises_lengths_and_refuses_none(attribute: str) -> None:
    checks = {check for _, check in errors("openai", **{attribute: "long words and more of them " * 300})}
    assert "too_long" not in checks


def test_google_compatible_feeds_need_no_seller_and_no_identifier_where_none_exists() -> None:
    assert not any("missing" in check for _, check in errors("openai_google_profile"))
    bare = errors("openai_google_profile", gtin=None, identifier_exists="no")
    assert not any("missing" in check for _, check in bare)
    assert not any("missing" in check for _, check in errors("openai_google_profile", gtin=None, mpn="KH-35-B"))


def test_apparel_is_asked_for_its_attributes_only_where_the_country_does() -> None:
    shirt = {**MUG, **GOOD["google"], "google_product_category": "212", "title": "Kilnhouse linen shirt, sand"}
    in_germany, in_spain = (
        set(check_feed([shirt], country=country, now=NOW).query("check == 'missing_apparel_attribute'")["field"])
        for country in ("DE", "ES")
    )
    assert in_germany == {"color", "size", "gender", "age_group"}
    assert in_spain == set()


def test_pairs_and_days_are_read_from_text() -> None:
    columns = {
        "variant_option": "Memory size:128 GB,Screen size:XL",
        "related_product": "required_part:id:AZ7A, accessory:gtin:4006381333931",
        "shipping_transit_business_days": "Mon-Fri;Sun",
    }
    heading, cells = ("\t".join(texts) for texts in (columns, columns.values()))
    (product,), _ = read(f"id\ttitle\tprice\t{heading}\n1\tLamp\t9.50 EUR\t{cells}\n")
    assert product["variant_option"] == [
        {"name": "Memory size", "value": "128 GB"},
        {"name": "Screen size", "value": "XL"},
    ]
    assert [one["identifier"] for one in product["related_product"]] == ["AZ7A", "4006381333931"]
    assert product["shipping_transit_business_days"] == [{"business_days": "Mon-Fri;Sun"}]


@pytest.mark.parametrize(("method", "wrong"), [("IN_STORE", 0), ("BY_PIGEON", 1)])
def test_each_of_several_values_of_a_part_is_looked_at(method: str, wrong: int) -> None:
    parts = f"<g:country>DE</g:country><g:method>BY_MAIL</g:method><g:method>{method}</g:method>"
    products, _ = read(rss(item(1, f"<g:return>{parts}</g:return>")))
    found = check_feed(products, country="DE", now=NOW)
    assert (found["field"] == "returns.method").sum() == wrong


NESTED = {
    "pickup_cost": ("flat_rate", "2.00 EUR"),
    "handling_cutoff_time": ("cutoff_time", "1530"),
    "carrier_shipping": ("origin_postal_code", "10115"),
    "shipping_transit_business_days": ("business_days", "Mon-Fri"),
    "loyalty_program": ("shipping_label", "members"),
    "installment": ("total_amount", "18.00 EUR"),
    "related_product": ("identifier", "LID-1"),
}


@pytest.mark.parametrize("name", NESTED)
def test_nested_parts_are_read_from_elements_text_and_json(name: str) -> None:
    part, value = NESTED[name]
    parts = attributes()[name].parts
    text = ":".join(value if one == part else "" for one in parts[: parts.index(part) + 1])
    table_of_it = f"id\ttitle\tprice\t{name}\n1\tLamp\t9.50 EUR\t{text}\n"
    sources = [
        rss(item(1, f"<g:{name}><g:{part}>{value}</g:{part}></g:{name}>")),
        table_of_it,
        f'[{{"id": "1", "title": "Lamp", "price": "9.50 EUR", "{name}": {{"{part}": "{value}"}}}}]\n',
    ]
    for source in sources:
        (product,), _ = read(source)
        cell: Any = product[name]
        assert (cell[0] if isinstance(cell, list) else cell) == {part: value}
