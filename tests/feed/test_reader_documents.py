"""Products of the commerce protocols, what stands around products, and documents that are given as mappings."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from feedeval.errors import FeedError
from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.parsing.money import decimals, from_micros, from_minor_units, sale
from feedeval.feed.parsing.product import Product
from feedeval.feed.reader import FeedWarning, products, read_feed
from tests.feed.feeds import read


def rows(document: Any, **settings: Any) -> list[Product]:
    """Return the products of a document."""
    return read(json.dumps(document).encode(), **settings)[0]


def lines(*documents: Any) -> bytes:
    """Return JSON Lines."""
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)


LANTERN: dict[str, Any] = {
    "id": "lantern",
    "title": "Trail lantern",
    "description": {"plain": "Hangs in any tent.", "html": "<p>Hangs in any tent.</p>"},
    "url": "https://polarka.example/lantern",
    "media": [
        {"type": "image", "url": "https://polarka.example/l.jpg", "alt_text": "lit"},
        {"type": "video", "url": "https://polarka.example/l.mp4"},
    ],
    "variants": [
        {
            "id": "lantern-red",
            "title": "Trail lantern - Red",
            "barcodes": [{"type": "EAN", "value": "4006381333931"}],
            "price": {"amount": 1999, "currency": "EUR"},
            "list_price": {"amount": 2499, "currency": "EUR"},
            "availability": {"available": False, "status": "out_of_stock"},
            "condition": ["new"],
            "categories": [
                {"value": "Camping > Lanterns", "taxonomy": "merchant"},
                {"value": "1016", "taxonomy": "google_product_category"},
            ],
            "variant_options": [{"name": "Farbe", "value": "Rot"}, {"name": "Plug", "value": "EU"}],
            "media": [{"type": "image", "url": "https://polarka.example/red.jpg"}],
            "unit_price": {
                "amount": 1999, "currency": "EUR", "measure": {"value": 1, "unit": "ct"},
                "reference": {"value": 1, "unit": "ct"},
            },
            "seller": {"name": "Polarka", "links": []},
        },
        {"id": "lantern-blue", "title": "Blue", "price": {"amount": 1999, "currency": "EUR"},
         "availability": {"available": True}},
    ],
}  # fmt: skip


def test_acp_gives_a_row_for_each_variant():
    red, blue = rows({"products": [LANTERN]})
    assert red == {
        "id": "lantern-red",
        "title": "Trail lantern - Red",
        "description": "Hangs in any tent.",
        "link": "https://polarka.example/lantern",
        "item_group_title": "Trail lantern",
        "price": "24.99 EUR",
        "sale_price": "19.99 EUR",
        "availability": "out_of_stock",
        "item_group_id": "lantern",
        "condition": "new",
        "gtin": "4006381333931",
        "color": "Rot",
        "product_detail": [{"attribute_name": "Plug", "attribute_value": "EU"}],
        "image_link": "https://polarka.example/red.jpg",
        "additional_image_link": ["https://polarka.example/l.jpg"],
        "video_link": ["https://polarka.example/l.mp4"],
        "google_product_category": "1016",
        "product_type": "Camping > Lanterns",
        "unit_pricing_measure": "1 ct",
        "unit_pricing_base_measure": "1 ct",
        "unit_price_amount": "19.99 EUR",
        "seller_name": "Polarka",
    }
    assert (blue["title"], blue["variant_title"], blue["price"]) == ("Trail lantern", "Blue", "19.99 EUR")
    assert blue["availability"] == "in_stock"
    assert "sale_price" not in blue


@pytest.mark.parametrize(
    "head",
    [
        {"feed_id": "feed_1", "account_id": "acct_1", "target_merchant": "m_1", "target_country": "DE"},
        {"id": "feed_1", "target_country": "DE", "updated_at": "2026-05-01T00:00:00Z"},
        {"type": "header", "version": "2026-04-17"},
        {"metadata": {"id": "feed_1", "currency": "EUR"}},
        {"Erstellt": "2026-05-01", "Anzahl": 2},
    ],
)
def test_a_line_about_the_feed_is_no_product_and_no_fault(head: dict[str, Any]):
    found, warning = read(lines(head, LANTERN))
    assert [p["id"] for p in found] == ["lantern-red", "lantern-blue"]
    assert not warning


def test_a_first_product_with_little_in_it_stays():
    found = read(lines({"id": "1", "note": "x"}, {"id": "2", "title": "Vase"}))[0]
    assert [p["id"] for p in found] == ["1", "2"]


@pytest.mark.parametrize(
    ("amount", "currency", "price"),
    [
        (1999, "USD", "19.99 USD"),
        (1999, "JPY", "1999 JPY"),
        (1999, "KWD", "1.999 KWD"),
        (5, "RSD", "0.05 RSD"),
        (0, "EUR", "0.00 EUR"),
        ("19.99", "EUR", "19.99 EUR"),
    ],
)
def test_minor_units_have_the_decimals_of_their_currency(amount: object, currency: str, price: str):
    variant = {"id": "v", "title": "T", "price": {"amount": amount, "currency": currency}}
    assert rows([{"id": "p", "title": "T", "variants": [variant]}])[0]["price"] == price


def test_minor_units_without_a_currency_are_no_price():
    variant = {"id": "v", "price": {"amount": 1999}, "availability": {"available": True}}
    (product,) = rows([{"id": "p", "title": "T", "variants": [variant]}])
    assert product["price_in_minor_units"] == "1999"
    assert "price" not in product
    (product,) = rows({"currency": "EUR", "products": [{"id": "p", "title": "T", "variants": [variant]}]})
    assert product["price"] == "19.99 EUR"


def test_one_variant_is_no_group_and_its_order_of_keys_does_not_matter():
    variant = {"id": "v", "title": "Vase white", "availability": {"status": "limited_stock"}}
    (product,) = rows({"variants": [variant], "title": "Vase", "id": "p"})
    assert product == {
        "id": "v", "title": "Vase white", "item_group_title": "Vase", "availability": "in_stock",
    }  # fmt: skip


def test_ucp_reads_options_measures_and_ranges():
    document = {
        "ucp": {"version": "2026-01-23"},
        "products": [
            {
                "id": "gid://shop/Product/9",
                "handle": "runner",
                "title": "Runner",
                "description": {"html": "<p>Light shoe</p>"},
                "price_range": {"min": {"amount": 9000, "currency": "JPY"}, "max": {"amount": 9900, "currency": "JPY"}},
                "options": [{"name": "Size", "values": [{"label": "40"}, {"label": "41"}]}],
                "rating": {"value": 4.5, "scale_max": 5},
                "variants": [
                    {
                        "id": "v40", "sku": "R40", "title": "40", "price": {"amount": 9000, "currency": "JPY"},
                        "options": [{"name": "Size", "label": "40"}],
                        "availability": {"available": True, "status": "backorder"},
                        "unit_price": {
                            "amount": 12, "currency": "JPY", "measure": {"value": 75, "scale": 1, "unit": "cl"},
                            "reference": {"value": 100, "unit": "cl"},
                        },
                    },
                    {"id": "v41", "title": "41", "price": {"amount": 9900, "currency": "JPY"},
                     "options": [{"name": "Size", "label": "41"}]},
                ],
            }
        ],
    }  # fmt: skip
    small, large = rows(document)
    assert (small["title"], small["size"], large["size"]) == ("Runner", "40", "41")
    assert (small["price"], large["price"]) == ("9000 JPY", "9900 JPY")
    assert small["item_group_id"] == large["item_group_id"] == "9"
    assert (small["availability"], "availability" in large) == ("backorder", False)
    assert small["unit_pricing_measure"] == "7.5 cl"
    assert small["description"] == "<p>Light shoe</p>"
    assert small["rating"] == {"value": "4.5", "scale_max": "5"}


def test_pages_one_a_line_are_read_through():
    page = [{"products": [{"id": n, "title": f"Vase {n}"}], "page": n} for n in (1, 2)]
    assert [p["id"] for p in read(lines(*page))[0]] == ["1", "2"]
    assert [p["id"] for p in rows(page)] == ["1", "2"]


def test_a_document_with_a_product_a_line_is_not_taken_for_json_lines():
    found, warning = read('{ "products": [\n{"id": "1", "title": "A"},\n{"id": "2", "title": "B"}\n]}\n')
    assert [p["id"] for p in found] == ["1", "2"]
    found, _ = read('{\n "made": "x",\n "products": [\n{"id": "1", "title": "A"},\n{"id": "2", "title": "B"}\n]}\n')
    assert [p["id"] for p in found] == ["1", "2"]
    assert not warning


def test_unknown_variants_stay_in_their_product_and_are_told():
    found, warning = read(lines(*[{"id": n, "title": "T", "variants": [{"kind": "x"}, {"kind": "y"}]} for n in (1, 2)]))
    assert [p["id"] for p in found] == ["1", "2"]
    assert found[0]["variants"] == [{"kind": "x"}, {"kind": "y"}]
    assert 'objects under "variants" have no known shape' in warning
    assert len(rows([{"id": "1", "title": "T", "variants": [{"kind": "x"}]}], strict=True)) == 1


def test_mappings_give_the_same_rows_as_the_document():
    document = {"products": [LANTERN, {**LANTERN, "id": "other"}]}
    assert list(products(document["products"])) == rows(document)
    assert list(products(LANTERN)) == rows(LANTERN)
    assert list(products(pd.DataFrame(document["products"]))) == rows(document)
    assert list(products([{"node": LANTERN}])) == rows([LANTERN])


def test_a_check_sees_the_variants_of_mappings_and_of_a_frame_of_them():
    whole = check_feed(read_feed(json.dumps([LANTERN]).encode()))
    for given in ([LANTERN], pd.DataFrame([LANTERN])):
        found = check_feed(given)
        assert found.attrs["feedeval"]["products"] == 2
        assert found["check"].tolist() == whole["check"].tolist()


def test_a_frame_that_was_read_is_not_read_as_documents_again():
    with pytest.warns(FeedWarning, match="no known shape"):
        frame = read_feed(lines({"id": "1", "title": "T", "variants": [{"kind": "x"}]}))
    assert next(products(frame)) == {"id": "1", "title": "T", "variants": {"kind": "x"}}


def test_what_holds_no_product_is_refused():
    with pytest.raises(FeedError, match="without a single product"):
        rows({"@context": "https://schema.org", "@type": "Organization", "name": "Polarka"})


def test_amounts_are_counted_in_parts_of_a_unit():
    assert [decimals(code) for code in ("EUR", "JPY", "KWD", "HUF", "RSD", "CLF")] == [2, 0, 3, 2, 2, 4]
    assert from_minor_units("-5", 2) == "-0.05"
    assert from_minor_units("9" * 30, 2) == "9" * 30
    assert from_micros("4990000", "EUR") == "4.99"
    assert from_micros("1500000000", "JPY") == "1500"
    assert from_micros("1234567", "EUR") == "1.234567"
    assert from_micros("soon", "EUR") == "soon"


def test_what_was_asked_before_counts_only_where_it_was_more():
    assert sale("5 EUR", "6 EUR") == {"price": "6 EUR", "sale_price": "5 EUR"}
    assert sale("5 EUR", "5.00 EUR") == sale("5 EUR", "6 USD") == sale("5 EUR", "") == {"price": "5 EUR"}
    assert sale("", "6 EUR") == {}


def test_a_product_without_variants_is_a_row_of_what_it_says():
    (found,) = rows({"products": [{"id": "p", "title": "Lantern", "description": {"plain": "Bright"}, "variants": []}]})
    assert found == {"id": "p", "title": "Lantern", "description": "Bright"}


def test_a_record_of_a_brand_or_category_is_read_by_its_name():
    entry = {"id": 1, "title": "Cup", "brand": {"id": 7, "name": "Holm"}, "maker": {"name": "Holm", "city": "Brno"}}
    (found,) = rows([{**entry, "category": [{"id": 1, "name": "Cups", "slug": "cups"}, {"id": 2, "name": "Blue"}]}])
    assert (found["brand"], found["product_type"]) == ("Holm", ["Cups", "Blue"])
    assert found["maker"] == {"name": "Holm", "city": "Brno"}


def test_nan_is_no_value():
    assert rows([{"id": 1, "title": "Cup", "price": float("nan")}]) == [{"id": "1", "title": "Cup"}]
