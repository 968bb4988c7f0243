"""Saved pages in the structures that shops' platforms render, with invented products: read as they should be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from feedeval.feed.pages.amounts import prices_in
from feedeval.feed.pages.check_pages import check_pages
from feedeval.feed.pages.page import Page
from feedeval.feed.pages.read_pages import read_pages

SAVED = Path(__file__).parent / "saved"
IN, OUT = "in_stock", "out_of_stock"

Facts = dict[str, Any]
PAGES: dict[str, tuple[str, list[Facts]]] = {
    "bigcommerce": (
        "json-ld",
        [{"id": "ST-OAK", "price": "145 USD", "availability": IN, "gtin": "012345678905", "brand": "Stoolery"}],
    ),
    "bigcommerce_classic": (
        "microdata",
        [{"id": "TR-ELM", "low_price": "30 GBP", "high_price": "36 GBP", "price": None, "brand": "Stoolery"}],
    ),
    "bigcommerce_range": (
        "json-ld",
        [{"id": "BE-ASH", "low_price": "210 USD", "high_price": "260 USD", "price": None}],
    ),
    "google_rdfa": (
        "rdfa",
        [
            {
                **{"id": "MOSS-1", "price": "24.99 GBP", "availability": IN, "brand": "Sporangium", "mpn": "925872"},
                "link": "https://books.example/moss",
            }
        ],
    ),
    "google_variants": (
        "json-ld",
        [
            {"id": "44E01-M11000", "price": "39.99 USD", "availability": IN, "item_group_id": "44E01", "size": "small"},
            {"id": "44E01-K11000", "price": "49.99 USD", "availability": "backorder", "brand": "Good brand"},
            {"id": None, "price": None, "item_group_id": "44E01"},
        ],
    ),
    "magento2": ("microdata", [{"id": "HL-7", "title": "Hanging lamp HL-7", "price": "119.5 EUR"}]),
    "modified": (
        "microdata",
        [{"id": "TK-G", "price": "1049 EUR", "availability": IN, "gtin": "4251234500011", "brand": "Kessho"}],
    ),
    "nopcommerce": (
        "json-ld",
        [{"id": "BC_001", "price": "42.50 EUR", "availability": IN, "brand": "Kompas", "gtin": "5701234000012"}],
    ),
    "nopcommerce_grouped": (
        "json-ld",
        [
            {"id": "SL-S", "price": "60.00 EUR", "availability": IN, "item_group_id": None},
            {"id": "SL-L", "price": "85.00 EUR", "availability": OUT, "gtin": "5701234000036"},
        ],
    ),
    "opencart": ("", []),
    "prestashop17": ("microdata", [{"id": "LA-12", "price": "34.9 EUR", "availability": IN}]),
    "prestashop8": (
        "json-ld",
        [
            {"id": "LN-14-W", "price": "27.5 EUR", "availability": IN, "gtin": "3760000000017", "brand": "Toiles & Co"},
            {"id": "LN-14-O", "price": "29 EUR", "availability": OUT, "mpn": "LN-14-O"},
        ],
    ),
    "rdfa_lite": (
        "rdfa",
        [{"price": "1000.00 USD", "availability": IN, "brand": "Ofen", "gtin": "4012345000047"}],
    ),
    "sfra": ("json-ld", [{"id": "25502228M", "price": "119.00 USD", "availability": IN, "brand": "Maison"}]),
    "sfra_range": ("json-ld", [{"id": "25502230M", "low_price": "189.00 USD", "high_price": "229.00 USD"}]),
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
            {"id": "FELL-M", "price": "150.00 GBP", "availability": OUT, "gtin": "5012345678917"},
        ],
    ),
    "shoptet": (
        "microdata",
        [{"id": "49396/ZEL", "price": "499.00 CZK", "availability": IN, "brand": "Plátno", "gtin": "8591234000014"}],
    ),
    "shopware6": (
        "microdata",
        [{"id": "SW10012", "price": "24.95 EUR", "availability": IN, "gtin": "4056789000014", "mpn": "WM-12"}],
    ),
    "shopware6_blockprices": ("microdata", [{"id": "SW20001", "low_price": "3.5 EUR", "high_price": "4.2 EUR"}]),
    "spartacus": ("json-ld", [{"id": "1934793", "price": "129 USD", "availability": OUT, "brand": "Lumen"}]),
    "squarespace": ("json-ld", [{"id": "SQ4410027", "price": "28.00 USD", "availability": IN, "brand": "Wick & Co"}]),
    "wix": ("json-ld", [{"id": "36523641234523", "price": "7.5 EUR", "availability": IN}]),
    "woocommerce": (
        "json-ld",
        [{"id": "KK-11", "price": "39.90 EUR", "sale_price": "29.90 EUR", "availability": IN, "gtin": "4012345000030"}],
    ),
    "woocommerce_variable": (
        "json-ld",
        [{"id": "MS", "low_price": "14.00 GBP", "high_price": "22.00 GBP", "price": None, "availability": IN}],
    ),
    "woocommerce_yoast": (
        "json-ld",
        [{"id": "BK-24", "price": "64.00 EUR", "availability": IN, "brand": "Kornhaus", "gtin": "4012345000016"}],
    ),
}
FEEDS: list[tuple[str, Facts]] = [
    ("bigcommerce", {"id": "ST-OAK", "price": "145.00 USD", "gtin": "00012345678905"}),
    ("bigcommerce_classic", {"id": "TR-ELM", "price": "36.00 GBP"}),
    ("bigcommerce_range", {"id": "BE-ASH-140", "price": "260.00 USD"}),
    ("google_rdfa", {"id": "MOSS-1", "price": "24.99 GBP", "brand": "sporangium"}),
    ("google_variants", {"id": "a", "price": "39.99 USD", "link": "?utm_source=x&color=green&size=small"}),
    (
        "google_variants",
        {"id": "b", "price": "49.99 USD", "availability": "backorder", "gtin": "", "color": "light blue"},
    ),
    ("magento2", {"id": "HL-7", "price": "149.00 EUR", "sale_price": "119.50 EUR"}),
    ("modified", {"id": "7", "price": "1049.00 EUR", "gtin": "4251234500011"}),
    ("nopcommerce", {"id": "9", "price": "42.50 EUR", "brand": "Kompas GmbH"}),
    ("nopcommerce_grouped", {"id": "33", "mpn": "SL-L", "price": "85.00 EUR", "availability": OUT}),
    ("opencart", {"id": "FW-38", "price": "1249.00 USD"}),
    ("prestashop17", {"id": "12", "price": "34.90 EUR"}),
    ("prestashop8", {"id": "14v2", "price": "29.00 EUR", "availability": OUT, "gtin": "3760000000024"}),
    ("rdfa_lite", {"id": "9", "price": "1000.00 USD", "gtin": "4012345000047"}),
    ("sfra", {"id": "1", "price": "149.00 USD", "sale_price": "119.00 USD", "mpn": "25502228M"}),
    ("sfra_range", {"id": "2", "price": "189.00 USD"}),
    ("shopify_dawn", {"id": "shopify_GB_7001_41110001", "price": "89.00 GBP"}),
    ("shopify_dawn", {"id": "x", "price": "95.00 GBP", "availability": OUT, "link": "?variant=41110002"}),
    ("shopify_group", {"id": "y", "price": "140.00 GBP", "gtin": "5012345678900", "item_group_id": "shopify_GB_8001"}),
    ("shoptet", {"id": "49396/ZEL", "price": "499 CZK"}),
    ("shopware6", {"id": "SW10012", "price": "24.95 EUR", "brand": "Strickwerk"}),
    ("shopware6_blockprices", {"id": "SW20001", "price": "4.20 EUR"}),
    ("spartacus", {"id": "1934793", "price": "129.00 USD", "availability": "out of stock"}),
    ("squarespace", {"id": "2", "price": "28.00 USD", "brand": "Wick & Co"}),
    ("wix", {"id": "3", "price": "7.50 EUR"}),
    ("woocommerce", {"id": "KK-11", "price": "39.90 EUR", "sale_price": "29.90 EUR"}),
    ("woocommerce_variable", {"id": "MS-K", "price": "22.00 GBP"}),
    ("woocommerce_yoast", {"id": "BK-24", "price": "64.00 EUR", "gtin": "4012345000016"}),
]
SHOWN = {
    "bigcommerce": ["$145.00"],
    "modified": ["1.049,00 EUR"],
    "opencart": ["$1,249.00"],
    "shopify_group": ["£140.00"],
    "shopware6": ["24,95 €"],
    "shoptet": ["599 Kč", "499 Kč"],
    "wix": ["7,50 €"],
    "woocommerce": ["29,90 €"],
}


def page_of(name: str) -> Page:
    return read_pages([{"id": name, "link": ""}], folder=SAVED)[0]


def checked(name: str, said: Facts) -> list[tuple[str, str]]:
    link = page_of(name).canonical + said.get("link", "")
    product = {"availability": IN, "title": "Something", **said, "link": link}
    found = check_pages([product], read_pages([product], folder=SAVED))
    return list(zip(found["field"], found["check"], strict=True))


def test_there_are_more_than_twenty_of_them_and_each_is_read_and_has_its_source() -> None:
    names = {path.stem for path in SAVED.glob("*.html")}
    assert names == {*PAGES, "scripted"} and len(names) > 20
    sources = (SAVED / "README.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in sources for name in names)


@pytest.mark.parametrize("name", PAGES)
def test_the_products_of_a_page_are_read_from_its_structured_data(name: str) -> None:
    syntax, expected = PAGES[name]
    page = page_of(name)
    offered = [one for one in page.structured if not one.listed]
    assert [one.syntax.value for one in offered] == [syntax] * len(expected), page.structured
    for one, facts in zip(offered, expected, strict=True):
        assert {key: one.fields.get(key) for key in facts} == facts
    assert page.title and page.canonical.startswith("https://") and not page.notes and page.is_read


def test_a_page_that_only_scripts_would_draw_is_empty() -> None:
    assert page_of("scripted").problem == "the page is empty"


@pytest.mark.parametrize(("name", "said"), FEEDS)
def test_a_feed_that_says_the_same_is_not_contradicted(name: str, said: Facts) -> None:
    assert checked(name, said) == []


@pytest.mark.parametrize(("name", "said"), FEEDS)
def test_a_feed_that_asks_another_price_is(name: str, said: Facts) -> None:
    field = "sale_price" if "sale_price" in said else "price"
    assert checked(name, {**said, field: f"3.33 {said['price'][-3:]}"}) == [(field, "page_price_differs")]


@pytest.mark.parametrize("name", SHOWN)
def test_the_words_of_a_page_name_the_price_and_neither_that_of_a_measure_nor_of_another_product(name: str) -> None:
    found = [amount.words.replace("\u00a0", " ") for amount in prices_in(page_of(name).text)]
    assert found == SHOWN[name]


def test_what_a_page_recommends_is_none_of_its_text() -> None:
    assert "You may also like" not in page_of("shopify_dawn").text
    assert "Gant" not in page_of("prestashop17").text and "Peignoir" not in page_of("prestashop17").text
    assert "Vorrätig" in page_of("woocommerce").text


def test_a_price_that_was_struck_is_none_of_its_text() -> None:
    assert "149.00" not in page_of("sfra").text and "1,399.00" not in page_of("opencart").text
    assert "39,90" not in page_of("woocommerce").text and "180.00" not in page_of("shopify_group").text
