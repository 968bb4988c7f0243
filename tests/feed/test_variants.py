from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.reader import read_feed
from tests.feed.check_cases import CLEAN, Product

CHECKS = {"variants_alike", "variant_attribute_missing", "variant_brands_differ"}


def group(*changes: Product, name: str = "G-1") -> list[Product]:
    return [{**CLEAN, "id": f"B-{n}", "item_group_id": name, **change} for n, change in enumerate(changes, 1)]


def said(feed: list[Product], **options: Any) -> list[tuple[str, str, str, str]]:
    found = check_feed(feed, **options)
    found = found[found["check"].isin(CHECKS)]
    return [tuple(row) for row in found[["product_id", "field", "check", "message"]].itertuples(index=False)]


@pytest.mark.parametrize("target", ["google", "meta", "openai"])
def test_variants_that_differ_in_what_all_of_them_fill_are_clean(target: str) -> None:
    feed = group(
        {"color": "red", "size": "S"},
        {"color": "red", "size": "M"},
        {"color": "blue", "size": "S", "title": "Acme insulated steel bottle 0.75 l, matt blue"},
    )
    assert said(feed, target=target) == []


@pytest.mark.parametrize("target", ["google", "meta", "openai"])
def test_variants_that_nothing_tells_apart_are_reported_once_at_the_first(target: str) -> None:
    feed = group({"color": "Red"}, {"color": " red "}, {"color": "blue"}, {"color": "RED"})
    ((product, field, check, message),) = said(feed, target=target)
    assert (product, field, check) == ("B-1", "item_group_id", "variants_alike")
    assert "G-1" in message
    assert "3 of 4 variants are alike in color (B-1, B-2, B-4)" in message


def test_a_group_without_any_attribute_of_variants_says_so() -> None:
    ((_, _, check, message),) = said(group({}, {"title": "Acme insulated steel bottle 1 l, matt green"}))
    assert check == "variants_alike"
    assert "none of color, size" in message


@pytest.mark.parametrize(
    "values",
    [
        {"variant_option": [{"name": "Memory", "value": "64 GB"}]},
        {"variant_dict": {"memory": "64 GB"}},
        {"additional_variant_attribute": "Memory:64 GB"},
        {"unit_pricing_measure": "750 ml"},
        {"multipack": "6"},
        {"product_detail": [{"attribute_name": "Memory", "attribute_value": "64 GB"}]},
        {"size_type": "petite"},
    ],
)
def test_other_details_tell_variants_apart_too(values: Product) -> None:
    other = {key: str(value).replace("64", "128").replace("750", "500") for key, value in values.items()}
    other |= {
        "variant_option": [{"name": "Memory", "value": "128 GB"}] if "variant_option" in values else None,
        "variant_dict": {"memory": "128 GB"} if "variant_dict" in values else None,
        "multipack": "12" if "multipack" in values else None,
        "size_type": "plus" if "size_type" in values else None,
    }
    assert "variants_alike" not in {check for _, _, check, _ in said(group(values, other))}


def test_an_option_that_only_some_variants_have_is_missing_from_the_others() -> None:
    feed = group(
        {"variant_option": [{"name": "Memory", "value": "64 GB"}, {"name": "Case", "value": "steel"}]},
        {"variant_option": [{"name": "memory", "value": "128 GB"}]},
    )
    ((product, field, check, message),) = said(feed)
    assert (product, field, check) == ("B-1", "variant_option", "variant_attribute_missing")
    assert "no case" in message


@pytest.mark.parametrize("attribute", ["color", "size", "material", "pattern", "gender", "age_group"])
def test_an_attribute_that_one_variant_fills_is_missing_from_the_others(attribute: str) -> None:
    value = {"gender": "male", "age_group": "adult"}.get(attribute, "one")
    other = "size" if attribute != "size" else "color"
    feed = group({attribute: value, other: "1"}, {attribute: None, other: "2"}, {other: "3"})
    ((product, field, check, message),) = said(feed)
    assert (product, field, check) == ("B-1", attribute, "variant_attribute_missing")
    assert "2 of 3 variants" in message
    assert "B-2, B-3" in message


def test_a_group_is_of_one_brand() -> None:
    feed = group({"color": "red"}, {"color": "blue", "brand": "ACME"}, {"color": "green", "brand": "Other"})
    ((_, field, check, message),) = said(feed)
    assert (field, check) == ("brand", "variant_brands_differ")
    assert "Other" in message
    assert "B-3" in message


def test_a_group_of_one_and_groups_that_are_named_like_their_product_are_fine() -> None:
    assert said(group({"color": "red"})) == []
    assert said([{**CLEAN, "id": name, "item_group_id": name} for name in ("A", "B", "C")]) == []
    assert said([CLEAN, {**CLEAN, "id": "B-2"}]) == []


def test_a_product_that_is_listed_twice_is_no_variant_of_itself() -> None:
    assert said(group({"color": "red"}, {"color": "red", "id": "B-1"})) == []


def test_google_takes_group_ids_that_differ_in_case_for_one() -> None:
    feed = [*group({"color": "red"}, name="abc"), {**CLEAN, "id": "B-9", "item_group_id": "ABC", "color": "red"}]
    assert [check for _, _, check, _ in said(feed)] == ["variants_alike"]
    assert said(feed, target="meta") == []


def test_a_supplement_need_not_repeat_what_tells_variants_apart() -> None:
    feed = [{"id": f"B-{n}", "item_group_id": "G", "custom_label_0": "x"} for n in range(3)]
    assert said(feed, supplemental=True) == []


def test_many_ids_are_counted() -> None:
    ((_, _, _, message),) = said(group(*[{} for _ in range(12)]))
    assert "B-5 and 7 more" in message


def test_real_groups_of_clothes_are_clean(shared: Path) -> None:
    found = check_feed(read_feed(shared / "feeds/lecc_us_google_160.tsv"))
    assert not set(found["check"]) & CHECKS


def test_the_parent_in_a_woocommerce_export_is_no_variant(shared: Path) -> None:
    found = check_feed(read_feed(shared / "feeds/woocommerce_sample_24.csv"))
    assert "variant_attribute_missing" not in set(found["check"])
