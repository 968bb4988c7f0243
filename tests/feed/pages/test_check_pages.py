"""Sixty products beside their pages over real HTTP: every planted contradiction is found, and nothing else."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from feedeval.errors import InputError
from feedeval.feed.checks.findings import COLUMNS
from feedeval.feed.pages.amounts import prices_in, readings, tax_between
from feedeval.feed.pages.check_pages import check_pages
from feedeval.feed.pages.contradictions import SAYS, Contradictions
from feedeval.feed.pages.limits import PageLimits
from feedeval.feed.pages.pages import Pages
from feedeval.feed.pages.read_pages import read_pages
from feedeval.html import escape
from feedeval.results.export import write_frame
from tests.feed.pages import shop

QUICK = PageLimits(pause_s=0, timeout_s=2, max_mb=1)
LINK = "https://shop.example/p/1"
LAMP: dict[str, Any] = {
    "id": "L-1",
    "title": "Fjellby lamp",
    "link": LINK,
    "price": "49.90 EUR",
    "availability": "in_stock",
}


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[dict[str, Any]], Pages, type[shop.Shop]]]:
    with shop.opened() as (base, counting):
        feed = shop.feed_of(base)
        cache = tmp_path_factory.mktemp("pages")
        yield feed, read_pages(feed, cache_dir=cache, allow_private=True, limits=QUICK, progress=False), counting


@pytest.fixture(scope="module")
def found(visited: tuple[list[dict[str, Any]], Pages, type[shop.Shop]]) -> Contradictions:
    feed, pages, _ = visited
    return check_pages(feed, pages)


def page(data: dict[str, Any] | None = None, text: str = "") -> str:
    head = shop.script({"@context": "https://schema.org", "@type": "Product", **data}) if data is not None else ""
    return f"<html><head>{head}</head><body><h1>Fjellby lamp</h1><main>{text}</main></body></html>"


def offer(**said: Any) -> dict[str, Any]:
    return {"name": "Fjellby lamp", "offers": {"@type": "Offer", "priceCurrency": "EUR", **said}}


def checked(html: str, country: str | None = None, **product: Any) -> Contradictions:
    feed = [{name: value for name, value in {**LAMP, **product}.items() if value is not None}]
    pages = read_pages(feed, pages={str(feed[0].get("link", "L-1")): html})
    return check_pages(feed, pages, country=country, now=datetime(2026, 11, 27, 12, tzinfo=UTC))


def kinds(found: Contradictions) -> list[tuple[str, str]]:
    return list(zip(found["field"], found["check"], strict=True))


def test_every_planted_contradiction_is_found_and_nothing_else(found: Contradictions) -> None:
    said: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for product_id, field, check in zip(found["product_id"], found["field"], found["check"], strict=True):
        said[int(product_id.removeprefix("P-"))].add((field, check))
    assert dict(said) == shop.PLANTED


def test_what_google_disapproves_is_an_error_and_nothing_else_is(found: Contradictions) -> None:
    errors = found[found["severity"] == "error"]
    assert {int(name.removeprefix("P-")) for name in errors["product_id"]} == shop.ERRORS
    assert set(errors["consequence"]) == {"disapproved"} and set(errors["target"]) == {"google"}
    assert (found.loc[found["check"] == "page_price_tax", "severity"] == "info").all()


def test_each_side_is_quoted_in_its_own_words(found: Contradictions) -> None:
    by_id = found.set_index("product_id")
    assert tuple(by_id.loc["P-13", list(SAYS)]) == ("49.90 EUR", "59,90 EUR", "59,90 €")
    assert tuple(by_id.loc["P-16", list(SAYS)]) == ("49.90 EUR", "49.90 EUR", "€54.90")
    assert tuple(by_id.loc["P-22", list(SAYS)]) == ("in_stock", "out_of_stock", "Sold out")
    assert list(found.columns) == [*COLUMNS, *SAYS]


def test_what_could_not_be_compared_is_counted_and_not_reported(found: Contradictions) -> None:
    told = found.attrs["feedeval"]
    assert told["products"] == 60 and told["pages"] == 60 - len(shop.WITHOUT_PAGE)
    assert sum(told["no_page"].values()) == len(shop.WITHOUT_PAGE)
    assert told["compared"]["price"] > 40 and told["not_compared"]["gtin"] > 0
    assert told["variant_unclear"] == 1
    assert (told["error"], told["warning"], told["info"]) == tuple(
        int((found["severity"] == name).sum()) for name in ("error", "warning", "info")
    )


def test_what_a_page_orders_is_text_and_what_it_would_run_is_escaped(
    visited: tuple[list[dict[str, Any]], Pages, type[shop.Shop]], tmp_path: Path
) -> None:
    _, pages, counting = visited
    hostile = pages.of("P-43")
    assert hostile is not None and "Ignore all previous instructions" in hostile.text
    assert "fetch(" not in hostile.text and "/stolen" not in counting.asked
    assert "<img" not in str(pages._repr_html_())
    evil = "<img src=x onerror=alert(1)>"
    found = checked(page({**offer(price="1.00"), "brand": f"=cmd {evil}"}), brand=f"=HYPERLINK {evil}", id=evil)
    shown = str(found._repr_html_())
    assert evil not in shown and str(escape(evil)) in shown
    write_frame(found, tmp_path / "found.csv")
    with (tmp_path / "found.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert cells and not any(cell.startswith(("=", "+", "@")) for cell in cells)


def test_nothing_found_is_said_with_what_it_stands_on() -> None:
    found = checked(page(offer(price="49.90", availability="InStock"), "€49.90"))
    assert found.empty and "1 of 1 products have a page" in str(found._repr_html_())


@pytest.mark.parametrize(
    ("stated", "asked", "same"),
    [
        ("1299.00 EUR", "1.299", True),
        ("1299.00 EUR", "1.299,00 €", True),
        ("1299.00 EUR", "1299", True),
        ("49.90 EUR", "49,9", True),
        ("49.90 EUR", "49.90000", True),
        ("49.90 EUR", "€49.90", True),
        ("49.90 EUR", "499.0", False),
        ("12990.00 CHF", "12'990.00 CHF", True),
        ("49.90 EUR", "49.91", False),
    ],
)
def test_formats_of_prices_are_understood(stated: str, asked: str, same: bool) -> None:
    found = checked(page(offer(price=asked, priceCurrency=stated[-3:])), price=stated)
    assert ("price", "page_price_differs") not in kinds(found) if same else kinds(found)[0][1].startswith("page_price")


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("49,90 € inkl. MwSt.", [(49.9,)]),
        ("Now $1,299.00", [(1299.0,)]),
        ("1 299,00 kr", [(1299.0,)]),
        ("CHF 12'990.–", [(12990.0, 129.9)]),
        ("€ 49 90", []),
        ("Free shipping over €50", []),
        ("12,50 €/100 g", []),
        ("5 x 3 cm, made in 2024", []),
    ],
)
def test_prices_are_told_from_other_amounts_of_a_text(text: str, amounts: list[tuple[float, ...]]) -> None:
    found = [amount.readings for amount in prices_in(text)]
    assert found == amounts if amounts or text != "€ 49 90" else all(49.9 not in one for one in found)


def test_a_price_that_is_none_has_no_reading() -> None:
    assert readings("on request") == ((), "")
    assert readings("from 15") == ((), "")


def test_tax_is_told_by_the_rates_of_the_country() -> None:
    assert tax_between((119.0,), (100.0,), country="DE", currency="EUR") == 19
    assert tax_between((100.0,), (107.0,), country="DE", currency="EUR") == 7
    assert tax_between((120.0,), (100.0,), country="DE", currency="EUR") is None
    assert tax_between((120.0,), (100.0,), country="FR", currency="EUR") == 20
    assert tax_between((108.0,), (100.0,), country="US", currency="USD") is None
    net = checked(page(offer(price="100.00")), country="DE", price="107.00 EUR")
    assert kinds(net) == [("price", "page_price_tax")] and "7 % tax" in net["message"].iloc[0]
    assert kinds(checked(page(offer(price="100.00")), country="FR", price="107.00 EUR")) == [
        ("price", "page_price_differs")
    ]


def test_several_prices_in_the_words_of_a_page_contradict_nothing() -> None:
    assert checked(page(None, "<p>€59.90</p><p>€69.90</p>")).empty
    assert kinds(checked(page(None, "<p>€59.90</p>"))) == [("price", "page_price_differs")]


def test_a_size_that_is_sold_out_is_not_the_product() -> None:
    sizes = "<ul><li>38<span><br>Sold out</span></li><li>39<span><br>Sold out</span></li><li>40</li></ul>"
    assert checked(page(None, f"<p>€49.90</p>{sizes}")).empty
    assert kinds(checked(page(None, "<p>€49.90</p><p>Sold out</p>"))) == [("availability", "page_availability_differs")]


def test_a_sale_counts_only_while_it_lasts() -> None:
    html = page(offer(price="49.90"))
    sale = {"sale_price": "39.90 EUR"}
    over = checked(html, **sale, sale_price_effective_date="2026-01-01T00:00Z/2026-02-01T00:00Z")
    now = checked(html, **sale, sale_price_effective_date="2026-11-01T00:00Z/2026-12-01T00:00Z")
    assert over.empty and kinds(now) == [("sale_price", "page_price_differs")]


def test_a_condition_that_the_feed_leaves_out_means_new() -> None:
    html = page(offer(price="49.90", itemCondition="https://schema.org/RefurbishedCondition"))
    assert kinds(checked(html)) == [("condition", "page_condition_differs")]
    assert checked(html, condition="refurbished").empty


VARIANTS = [
    ("R", "4006381333931", "Red", "49.90"),
    ("B", "4006381333948", "Blue", "59.90"),
]


def group(*, skus: bool = True) -> str:
    made = [
        {
            "@type": "Product",
            "name": f"Fjellby lamp, {color}",
            "color": color,
            **({"sku": sku, "gtin13": code} if skus else {}),
            "offers": {"@type": "Offer", "price": price, "priceCurrency": "EUR", "url": f"{LINK}?variant={color}"},
        }
        for sku, code, color, price in VARIANTS
    ]
    return page({"@type": "ProductGroup", "name": "Fjellby lamp", "hasVariant": made})


@pytest.mark.parametrize(
    "told",
    [
        {"id": "B"},
        {"gtin": "04006381333948"},
        {"mpn": "b"},
        {"link": f"{LINK}?variant=Blue&utm_source=x"},
        {"color": "blue"},
    ],
)
def test_the_variant_is_taken_that_the_feed_means(told: dict[str, Any]) -> None:
    assert checked(group(), **{"price": "59.90 EUR", **told}).empty
    assert ("price", "page_price_differs") in kinds(checked(group(), **{"price": "49.90 EUR", **told}))


def test_where_nothing_tells_variants_apart_nothing_is_contradicted() -> None:
    found = checked(group(skus=False))
    assert kinds(found) == [("link", "page_variant_unclear")] and found["severity"].iloc[0] == "info"


def test_a_name_of_a_colour_is_no_other_variant_where_the_code_is_the_same() -> None:
    data = {**offer(price="49.90"), "sku": "L-1", "color": "Rot"}
    assert checked(page(data), color="Red").empty
    assert kinds(checked(page({**data, "sku": "X"}), color="Red")) == [("color", "page_variant_differs")]


@pytest.mark.parametrize(
    ("canonical", "product", "differs"),
    [
        ("https://www.shop.example/p/1/", {}, False),
        ("https://shop.example/p/1", {"link": f"{LINK}?variant=7&utm_medium=x"}, False),
        ("https://shop.example/p/1", {"link": "https://shop.example/c/lamps/p/1"}, False),
        ("https://shop.example/p/2", {}, True),
        ("https://shop.example/p/2", {"canonical_link": "https://shop.example/p/2"}, False),
        ("https://shop.example/p/1", {"canonical_link": "https://shop.example/p/3"}, True),
    ],
)
def test_only_another_page_is_another_canonical_address(canonical: str, product: dict[str, Any], differs: bool) -> None:
    html = page(offer(price="49.90")).replace("</head>", f'<link rel="canonical" href="{canonical}"></head>')
    assert bool(kinds(checked(html, **product))) is differs


def test_a_picture_in_another_size_is_the_same_picture() -> None:
    html = page({**offer(price="49.90"), "image": "https://cdn.example/a/lamp-red_1200x1200.webp?v=2"})
    assert checked(html, image_link="https://shop.example/media/Lamp-Red.jpg").empty
    assert kinds(checked(html, image_link="https://shop.example/media/lamp-blue.jpg")) == [
        ("image_link", "page_image_differs")
    ]


def test_other_products_that_a_page_lists_are_not_the_one() -> None:
    other = {"@type": "Product", "name": "Cup", "offers": {"@type": "Offer", "price": "5", "priceCurrency": "EUR"}}
    listed = shop.script({"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": other}]})
    assert checked(page(None, "<p>€49.90</p>").replace("</head>", f"{listed}</head>")).empty


def test_unknown_targets_and_countries_are_named() -> None:
    pages = read_pages([LAMP], pages={LINK: page(offer(price="49.90"))})
    with pytest.raises(InputError, match="XX"):
        check_pages([LAMP], pages, country="XX")
    with pytest.raises(InputError, match="nowhere"):
        check_pages([LAMP], pages, target="nowhere")
