"""Twenty saved pages in the structures that shops' platforms write, with invented products: read as they should be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from feedeval.feed.pages.check_pages import check_pages
from feedeval.feed.pages.page import Page
from feedeval.feed.pages.read_pages import read_pages

SAVED = Path(__file__).parent / "saved"
IN, OUT = "in_stock", "out_of_stock"

Facts = dict[str, Any]
PAGES: dict[str, tuple[str, list[Facts]]] = {
    "bigcommerce": ("microdata", [{"id": "ST-OAK", "price": "145 USD", "availability": IN, "gtin": "012345678905"}]),
    "drupal_rdfa": ("rdfa", [{"id": "LB-180", "price": "480.00 EUR", "availability": IN, "brand": "Holzhof"}]),
    "gambio": ("microdata", [{"model": "TK-G", "price": "1.049,00 EUR", "availability": IN, "gtin": "4251234500011"}]),
    "headless": (
        "json-ld",
        [
            {"id": "TS-40", "price": "89.00 EUR", "availability": IN, "brand": "Lauf"},
            {"id": "TS-45", "price": "99.00 EUR", "availability": "backorder", "brand": "Lauf"},
        ],
    ),
    "hybris": ("microdata", [{"id": "1934793", "price": "129.00 EUR", "availability": OUT}]),
    "magento2": ("microdata", [{"id": "HL-7", "price": "119.5 EUR"}]),
    "nopcommerce": ("json-ld", [{"id": "BC_001", "price": "42.50 EUR", "availability": IN, "brand": "Kompas"}]),
    "opencart": ("microdata", [{"model": "FW-38", "price": "$1,249.00", "availability": IN, "brand": "Horlo"}]),
    "prestashop17": ("microdata", [{"id": "LA-12", "price": "34.9 EUR", "availability": IN, "brand": "Toiles"}]),
    "prestashop8": (
        "json-ld",
        [{"id": "LN-14", "price": "27.5 EUR", "availability": "preorder", "gtin": "3760000000017", "mpn": "LN-14"}],
    ),
    "rdfa_prefix": ("rdfa", [{"id": "WB-1", "price": "99.00 GBP", "availability": IN}]),
    "sfra": ("json-ld", [{"id": "25502228M", "price": "119.00 USD", "availability": IN, "brand": "Maison"}]),
    "shopify_dawn": (
        "json-ld",
        [
            {"id": "TARN-MOSS", "price": "89.0 GBP", "availability": IN, "brand": "Hollin"},
            {"id": "TARN-SLATE", "price": "95.0 GBP", "availability": OUT, "brand": "Hollin"},
        ],
    ),
    "shopify_group": (
        "json-ld",
        [
            {"id": "FELL-S", "price": "140.00 GBP", "availability": IN, "item_group_id": "8001"},
            {"id": "FELL-M", "price": "150.00 GBP", "availability": OUT, "item_group_id": "8001"},
        ],
    ),
    "shopware6": ("microdata", [{"id": "SW10012", "price": "24.95 EUR", "availability": IN, "gtin": "4056789000014"}]),
    "squarespace": ("json-ld", [{"id": "SQ4410027", "price": "28.0 USD", "availability": IN, "brand": "Wick & Co"}]),
    "wix": ("json-ld", [{"id": "36523641234523", "price": "7.5 EUR", "availability": IN}]),
    "woocommerce": ("json-ld", [{"id": "KK-11", "price": "39.90 EUR", "sale_price": "29.90 EUR", "availability": IN}]),
    "woocommerce_yoast": (
        "json-ld",
        [{"id": "BK-24", "price": "64.00 EUR", "availability": IN, "brand": "Kornhaus", "gtin": "4012345000016"}],
    ),
}
FEEDS: list[tuple[str, Facts]] = [
    ("bigcommerce", {"id": "ST-OAK", "price": "145.00 USD", "gtin": "00012345678905"}),
    ("drupal_rdfa", {"id": "LB-180", "price": "480.00 EUR", "brand": "holzhof"}),
    ("gambio", {"id": "7", "price": "1049.00 EUR", "mpn": "TK-G"}),
    ("headless", {"id": "TS-45", "price": "99.00 EUR", "availability": "backorder"}),
    ("hybris", {"id": "1934793", "price": "129.00 EUR", "availability": "out of stock"}),
    ("magento2", {"id": "HL-7", "price": "119.50 EUR"}),
    ("nopcommerce", {"id": "9", "price": "42.50 EUR", "brand": "Kompas GmbH"}),
    ("opencart", {"id": "FW-38", "price": "1249.00 USD"}),
    ("prestashop17", {"id": "12", "price": "34.90 EUR"}),
    ("prestashop8", {"id": "14v1", "price": "27.50 EUR", "availability": "preorder", "gtin": "3760000000017"}),
    ("rdfa_prefix", {"id": "WB-1", "price": "99.00 GBP"}),
    ("sfra", {"id": "1", "price": "119.00 USD", "mpn": "25502228M"}),
    ("shopify_dawn", {"id": "shopify_GB_7001_41110001", "price": "89.00 GBP"}),
    ("shopify_dawn", {"id": "x", "price": "95.00 GBP", "availability": OUT, "link": "?variant=41110002"}),
    ("shopify_group", {"id": "y", "price": "140.00 GBP", "gtin": "5012345678900"}),
    ("shopware6", {"id": "SW10012", "price": "24.95 EUR", "brand": "Strickwerk"}),
    ("squarespace", {"id": "2", "price": "28.00 USD", "brand": "Wick & Co"}),
    ("wix", {"id": "3", "price": "7.50 EUR"}),
    ("woocommerce", {"id": "KK-11", "price": "39.90 EUR", "sale_price": "29.90 EUR"}),
    ("woocommerce_yoast", {"id": "BK-24", "price": "64.00 EUR", "gtin": "4012345000016"}),
]


def page_of(name: str) -> Page:
    return read_pages([{"id": name, "link": ""}], folder=SAVED)[0]


def checked(name: str, said: Facts) -> list[tuple[str, str]]:
    link = page_of(name).canonical + said.get("link", "")
    product = {"availability": IN, "title": "Something", **said, "link": link}
    found = check_pages([product], read_pages([product], folder=SAVED))
    return list(zip(found["field"], found["check"], strict=True))


def test_there_are_twenty_of_them_and_each_is_read() -> None:
    assert {path.stem for path in SAVED.glob("*.html")} == {*PAGES, "scripted"}
    assert len(PAGES) + 1 == 20


@pytest.mark.parametrize("name", PAGES)
def test_the_products_of_a_page_are_read_from_its_structured_data(name: str) -> None:
    syntax, expected = PAGES[name]
    page = page_of(name)
    offered = [one for one in page.structured if not one.listed]
    assert [one.syntax.value for one in offered] == [syntax] * len(expected), page.structured
    for one, facts in zip(offered, expected, strict=True):
        assert {key: one.fields.get(key) for key in facts} == facts
    assert page.title and page.canonical.startswith("https://") and not page.notes


def test_a_page_that_only_scripts_would_draw_is_empty() -> None:
    assert page_of("scripted").problem == "the page is empty"


@pytest.mark.parametrize(("name", "said"), FEEDS)
def test_a_feed_that_says_the_same_is_not_contradicted(name: str, said: Facts) -> None:
    assert checked(name, said) == []


@pytest.mark.parametrize(("name", "said"), FEEDS)
def test_a_feed_that_asks_another_price_is(name: str, said: Facts) -> None:
    field = "sale_price" if "sale_price" in said else "price"
    assert checked(name, {**said, field: f"3.33 {said['price'][-3:]}"}) == [(field, "page_price_differs")]


def test_what_a_page_recommends_is_none_of_its_text() -> None:
    assert "You may also like" not in page_of("shopify_dawn").text
    assert "Ash stool" not in page_of("bigcommerce").text
    assert "Vorrätig" in page_of("woocommerce").text
