"""Products of WooCommerce as JSON: the REST API and the Store API."""

from __future__ import annotations

from typing import Any

from feedeval.feed.reader import products
from tests.feed.test_reader_documents import rows

CAP: dict[str, Any] = {
    "id": 5, "name": "Cap", "permalink": "https://holm.example/cap", "type": "variable", "status": "publish",
    "description": "<p>Long</p>", "short_description": "Short", "sku": "CAP", "price": "19", "regular_price": "",
    "sale_price": "", "stock_status": "instock", "weight": "0.2", "categories": [{"id": 1, "name": "Wear"}],
    "images": [{"id": 1, "src": "https://holm.example/cap.jpg"}], "tags": [], "brands": [{"name": "Holm"}],
    "attributes": [{"name": "Farbe", "variation": True, "options": ["Rot", "Blau"]},
                   {"name": "Logo", "variation": False, "options": ["yes"]}],
    "variations": [51, 52], "meta_data": [{"key": "_edit", "value": "1"}, {"key": "season", "value": "winter"}],
    "price_html": "<span>19</span>", "_links": {"self": [{"href": "https://holm.example"}]},
}  # fmt: skip


def variation(number: int, colour: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number, "sku": f"CAP-{number}", "permalink": f"https://holm.example/cap?v={number}", "price": "19",
        "regular_price": "25", "sale_price": "19", "stock_status": "onbackorder", "description": "",
        "image": {"src": f"https://holm.example/{number}.jpg"}, "attributes": [{"name": "Farbe", "option": colour}],
        **more,
    }  # fmt: skip


MUG: dict[str, Any] = {
    "id": 6, "name": "Mug", "permalink": "https://holm.example/mug", "type": "simple", "price": "8",
    "regular_price": "8", "sale_price": "", "stock_status": "outofstock", "description": "",
    "short_description": "Clay",
    "global_unique_id": "4006381333931", "images": [], "categories": [{"name": "Home"}, {"name": "Clay"}],
    "attributes": [{"name": "Material", "options": ["Clay", "Cork"]}], "variations": [],
}  # fmt: skip


def check_red(red: dict[str, Any]) -> None:
    assert (red["id"], red["title"], red["description"]) == ("51", "Cap", "<p>Long</p>")
    assert (red["price"], red["sale_price"], red["availability"]) == ("25", "19", "backorder")
    assert (red["item_group_id"], red["sku"], red["color"]) == ("5", "CAP-51", "Rot")
    assert red["product_detail"] == [{"attribute_name": "Logo", "attribute_value": "yes"}]
    assert red["image_link"] == "https://holm.example/51.jpg"
    assert (red["brand"], red["product_type"], red["season"]) == ("Holm", "Wear", "winter")
    assert not {"edit", "links", "price_html", "variations"} & set(red)


def test_variations_inside_a_product_are_rows():
    red, blue, mug = rows([{**CAP, "variations": [variation(51, "Rot"), variation(52, "Blau")]}, MUG])
    check_red(red)
    assert blue["color"] == "Blau"
    assert (mug["description"], mug["gtin"], mug["availability"]) == ("Clay", "4006381333931", "out_of_stock")
    assert (mug["product_type"], mug["material"], mug["price"]) == (["Home", "Clay"], "Clay, Cork", "8")
    assert "item_group_id" not in mug


def test_variations_that_follow_their_product_take_its_text():
    follow = [variation(51, "Rot", parent_id=5, name="Rot"), variation(52, "Blau", parent_id=5)]
    found = rows([CAP, *follow, MUG])
    assert [p["id"] for p in found] == ["51", "52", "6"]
    check_red(found[0])
    assert found[0]["variant_title"] == "Rot"
    assert list(products([CAP, *follow, MUG])) == found


def test_a_product_whose_variations_are_elsewhere_is_a_row_without_a_price_of_its_own():
    cap, mug = rows([CAP, MUG])
    assert (cap["id"], cap["low_price"], cap["item_group_id"]) == ("5", "19", "5")
    assert "price" not in cap
    assert mug["id"] == "6"
    far = rows([CAP, MUG, variation(51, "Rot", parent_id=5)])
    assert [p["id"] for p in far] == ["5", "6", "51"]
    assert far[2]["title"] == "Cap"


def test_a_list_of_variations_alone_says_what_it_says():
    found = rows([variation(51, "Rot", parent_id=5, name="Cap - Rot"), variation(52, "Blau", parent_id=5)])
    assert [(p["id"], p.get("title"), p["item_group_id"]) for p in found] == [
        ("51", "Cap - Rot", "5"),
        ("52", None, "5"),
    ]


def test_a_currency_is_taken_only_where_the_document_states_it():
    assert rows({"settings": {"currency": "SEK"}, "products": [MUG]})[0]["price"] == "8 SEK"
    assert rows({"products": [MUG]})[0]["price"] == "8"


def store(**more: Any) -> dict[str, Any]:
    return {
        "id": 34, "name": "Hoodie", "type": "simple", "permalink": "https://holm.example/h", "description": "d",
        "prices": {"price": "1800", "regular_price": "2000", "sale_price": "1800", "price_range": None,
                   "currency_code": "KWD", "currency_minor_unit": 3},
        "images": [{"src": "https://holm.example/h.jpg"}], "categories": [{"name": "Wear"}], "is_in_stock": True,
        "attributes": [{"name": "Fabric", "has_variations": False, "terms": [{"name": "Wool"}]}],
        "variations": [], "formatted_weight": "0.5 kg", **more,
    }  # fmt: skip


def test_the_store_api_counts_in_the_units_that_it_names():
    (hoodie,) = rows([store()])
    assert (hoodie["price"], hoodie["sale_price"]) == ("2.000 KWD", "1.800 KWD")
    assert (hoodie["availability"], hoodie["material"], hoodie["product_weight"]) == ("in_stock", "Wool", "0.5 kg")
    assert "availability" not in rows([store(is_in_stock=None)])[0]
    assert rows([store(is_on_backorder=True)])[0]["availability"] == "backorder"


def test_variations_that_the_store_api_only_names_have_the_price_that_all_have():
    named = [{"id": n, "attributes": [{"name": "Color", "value": c}]} for n, c in ((35, "Red"), (36, "Blue"))]
    red, blue = rows([store(type="variable", variations=named)])
    assert (red["id"], red["color"], red["price"], red["item_group_id"]) == ("35", "Red", "2.000 KWD", "34")
    # That one of them is in stock says nothing about the other.
    assert "availability" not in blue
    prices = {**store()["prices"], "price_range": {"min_amount": "1000", "max_amount": "3000"}}
    assert "price" not in rows([store(type="variable", variations=named, prices=prices)])[0]
    (whole,) = rows([store(type="variable", prices=prices)])
    assert (whole["low_price"], whole["high_price"], "price" in whole) == ("1.000 KWD", "3.000 KWD", False)


def test_a_flat_table_with_woocommerces_names_is_read_as_before():
    flat = {"id": "1", "name": "Mug", "regular_price": "8", "sale_price": "7", "permalink": "https://holm.example/m"}
    assert list(products([flat])) == [
        {"id": "1", "title": "Mug", "price": "8", "sale_price": "7", "link": "https://holm.example/m"}
    ]
