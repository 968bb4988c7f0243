from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.reader import read_feed

ROW = {"store_code": "S01", "id": "A-1", "availability": "in_stock", "price": "19.90 EUR", "quantity": "5"}
TABLE = (
    "store code\titem id\tavailability\tprice\tpickup method\tpickup SLA\n"
    "S01\tA-1\tin stock\t19.90 EUR\tbuy\tsame day\n"
    "S02\tA-1\tout of stock\t19.90 EUR\tship to store\tmulti-week\n"
)


def checks(rows: list[dict[str, Any]], **options: Any) -> list[tuple[str, str]]:
    found = check_feed(rows, **options)
    return [(field, check) for field, check in zip(found["field"], found["check"], strict=True)][1:]


def test_a_product_may_be_in_several_stores_and_is_described_elsewhere() -> None:
    found = check_feed(
        [ROW, {**ROW, "store_code": "S02"}, {**ROW, "id": "A-2", "availability": "limited_availability"}]
    )
    assert list(found["check"]) == ["inventory_feed"]
    assert "local inventory" in found["message"].iloc[0]
    assert list(found["severity"]) == ["info"]
    assert list(found["product_id"]) == [""]


@pytest.mark.parametrize("target", ["google", "meta", "openai"])
@pytest.mark.parametrize("supplemental", [False, True])
def test_a_product_that_is_twice_in_one_store_is_reported(target: str, supplemental: bool) -> None:
    rows = [ROW, {**ROW, "store_code": "S02"}, ROW]
    assert checks(rows, target=target, supplemental=supplemental) == [("id", "duplicate_id")]
    assert "S01" in check_feed(rows).set_index("check").loc["duplicate_id", "message"]


@pytest.mark.parametrize(
    ("attribute", "value", "check"),
    [
        ("store_code", None, "missing_required"),
        ("id", None, "missing_required"),
        ("availability", None, "missing_required"),
        ("availability", "preorder", "unknown_value"),
        ("availability", "On Display to Order", None),
        ("quantity", "-1", "number_invalid"),
        ("quantity", None, None),
        ("price", "19.90", "price_currency_missing"),
        ("price", None, None),
        ("pickup_method", "ship to store", None),
        ("pickup_method", "courier", "unknown_value"),
        ("pickup_sla", "6-day", None),
        ("pickup_sla", "tomorrow", "unknown_value"),
        ("store_code", "S\u200b01", "invisible_characters"),
    ],
)
def test_an_inventory_has_values_of_its_own(attribute: str, value: str | None, check: str | None) -> None:
    rows = [{**ROW, attribute: value}, {**ROW, "id": "A-9"}]
    assert checks(rows) == ([(attribute, check)] if check else [])


def test_a_region_is_part_of_the_key_too() -> None:
    rows = [{"region_id": region, "id": "A-1", "price": "5.00 EUR"} for region in ("north", "south", "north")]
    assert checks(rows) == [("id", "duplicate_id")]
    assert "regional inventory" in check_feed(rows)["message"].iloc[0]


def test_products_that_are_described_are_no_inventory_whatever_store_they_are_in() -> None:
    rows = [{**ROW, "title": "Steel bottle", "store_code": store} for store in ("S01", "S02")]
    found = set(check_feed(rows)["check"])
    assert "missing_required" in found
    assert not found & {"inventory_feed", "duplicate_id"}


def test_headings_in_the_words_of_the_help_are_read() -> None:
    found = check_feed(read_feed(TABLE.encode()))
    assert list(found["check"]) == ["inventory_feed"], found.to_string()


def test_the_shared_inventory_is_clean(shared: Path) -> None:
    found = check_feed(read_feed(shared / "cases/local_inventory.tsv"))
    assert list(found["check"]) == ["inventory_feed"], pd.DataFrame(found).to_string()
