"""Products of Shopify as JSON: the storefront, the Admin API, GraphQL and bulk operations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from feedeval.feed.reader import products
from tests.feed.feeds import read
from tests.feed.test_reader_documents import lines, rows

SHIRT: dict[str, Any] = {
    "id": 7,
    "title": "Linen shirt",
    "handle": "linen-shirt",
    "body_html": "<p>Cool</p>",
    "vendor": "Holm",
    "product_type": "Shirts",
    "tags": ["linen", "summer"],
    "variants": [
        {
            "id": 71, "title": "White / M", "option1": "White", "option2": "M", "option3": None, "sku": "S-W",
            "available": True, "price": "39.00", "compare_at_price": "49.00", "grams": 220, "featured_image": None,
        },
        {
            "id": 72, "title": "Blue / M", "option1": "Blue", "option2": "M", "option3": None, "sku": "",
            "available": False, "price": "39.00", "compare_at_price": None, "grams": 0,
            "featured_image": {"id": 2, "src": "https://holm.example/blue.jpg", "variant_ids": [72]},
        },
    ],
    "images": [
        {"id": 1, "src": "https://holm.example/white.jpg", "variant_ids": [71]},
        {"id": 2, "src": "https://holm.example/blue.jpg", "variant_ids": [72]},
        {"id": 3, "src": "https://holm.example/detail.jpg", "variant_ids": []},
    ],
    "options": [{"name": "Couleur", "position": 1}, {"name": "Size", "position": 2}],
}  # fmt: skip
VASE: dict[str, Any] = {
    "id": 8, "title": "Vase", "handle": "vase", "body_html": None, "vendor": "Holm", "product_type": "",
    "tags": "clay, home", "images": [], "options": [{"name": "Title", "values": ["Default Title"]}],
    "variants": [{"id": 81, "title": "Default Title", "option1": "Default Title", "price": "12.00",
                  "compare_at_price": "12.00", "available": True}],
}  # fmt: skip


def test_the_storefronts_products_json_gives_a_row_for_each_variant():
    white, blue, vase = rows({"products": [SHIRT, VASE]})
    assert (white["id"], blue["id"], vase["id"]) == ("71", "72", "81")
    assert (white["color"], white["size"], blue["color"]) == ("White", "M", "Blue")
    assert (white["price"], white["sale_price"]) == ("49.00", "39.00")
    assert (blue["price"], "sale_price" in blue, vase["price"]) == ("39.00", False, "12.00")
    assert (white["availability"], blue["availability"]) == ("in_stock", "out_of_stock")
    assert white["item_group_id"] == blue["item_group_id"] == "7"
    assert "item_group_id" not in vase
    assert (white["brand"], white["product_type"], white["description"]) == ("Holm", "Shirts", "<p>Cool</p>")
    assert (white["product_weight"], "product_weight" in blue) == ("220 g", False)
    assert (white["sku"], "sku" in blue) == ("S-W", False)
    assert vase["tags"] == ["clay", "home"]
    assert not {"product_detail", "variant_title", "color"} & set(vase)
    assert list(products([SHIRT, VASE])) == [white, blue, vase]


def test_images_of_other_variants_are_not_a_variants_own():
    white, blue = rows([SHIRT])
    assert (white["image_link"], blue["image_link"]) == (
        "https://holm.example/white.jpg",
        "https://holm.example/blue.jpg",
    )
    assert white["additional_image_link"] == blue["additional_image_link"] == ["https://holm.example/detail.jpg"]


def test_a_currency_is_taken_only_where_the_document_states_it():
    assert rows({"products": [VASE]})[0]["price"] == "12.00"
    assert rows({"shop": {"name": "Holm", "currency": "DKK"}, "products": [VASE]})[0]["price"] == "12.00 DKK"
    assert read(lines({"currency": "DKK", "version": 1}, VASE))[0][0]["price"] == "12.00 DKK"


@pytest.mark.parametrize(
    ("stock", "availability"),
    [
        ({"inventory_management": None, "inventory_quantity": 0, "inventory_policy": "deny"}, "in_stock"),
        ({"inventory_management": "shopify", "inventory_quantity": 3, "inventory_policy": "deny"}, "in_stock"),
        ({"inventory_management": "shopify", "inventory_quantity": 0, "inventory_policy": "deny"}, "out_of_stock"),
        ({"inventory_management": "shopify", "inventory_quantity": -2, "inventory_policy": "continue"}, "backorder"),
        ({"inventoryItem": {"tracked": False}, "inventoryQuantity": 0}, "in_stock"),
        ({"availableForSale": True, "currentlyNotInStock": True}, "backorder"),
        ({"inventoryQuantity": 0}, None),
        ({}, None),
    ],
)
def test_availability_follows_what_the_shop_keeps_count_of(stock: dict[str, Any], availability: str | None):
    product = {"id": 1, "title": "Mug", "vendor": "Holm", "variants": [{"id": 2, "price": "9.00", **stock}]}
    assert rows({"product": product})[0].get("availability") == availability


def test_the_admin_api_gives_barcodes_weights_and_image_ids():
    product = {
        "id": 1, "title": "Mug", "body_html": "x", "vendor": "Holm", "tags": "a, b", "status": "active",
        "variants": [{"id": 2, "price": "9.00", "barcode": "4006381333931", "weight": 0.4, "weight_unit": "kg",
                      "image_id": 12, "admin_graphql_api_id": "gid://shopify/ProductVariant/2"}],
        "images": [{"id": 11, "src": "https://i.example/1.jpg", "variant_ids": []},
                   {"id": 12, "src": "https://i.example/2.jpg", "variant_ids": [2]}],
        "image": {"id": 11, "src": "https://i.example/1.jpg", "variant_ids": []},
    }  # fmt: skip
    (mug,) = rows({"products": [product]})
    assert (mug["gtin"], mug["product_weight"], mug["image_link"]) == (
        "4006381333931",
        "0.4 kg",
        "https://i.example/2.jpg",
    )
    assert mug["additional_image_link"] == ["https://i.example/1.jpg"]


def node(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/ProductVariant/{number}",
        "title": f"V {number}",
        "price": {"amount": "39.0", "currencyCode": "EUR"},
        "compareAtPrice": {"amount": "49.0", "currencyCode": "EUR"},
        "availableForSale": True,
        "selectedOptions": [{"name": "Farbe", "value": f"Blau {number}"}],
        **more,
    }


@pytest.mark.parametrize("wrap", [lambda v: {"edges": [{"node": one} for one in v]}, lambda v: {"nodes": v}, list])
def test_graphql_is_read_however_its_lists_are_asked_for(wrap: Any):
    product = {
        "id": "gid://shopify/Product/7", "title": "Shirt", "descriptionHtml": "<p>Cool</p>", "vendor": "Holm",
        "productType": "Shirts", "onlineStoreUrl": "https://holm.example/shirt",
        "featuredImage": {"url": "https://holm.example/1.jpg"},
        "metafields": wrap([{"key": "fabric", "value": "linen"}]),
        "images": wrap([{"url": "https://holm.example/1.jpg"}, {"url": "https://holm.example/2.jpg"}]),
        "variants": wrap([node(71, sku="A"), node(72, image={"url": "https://holm.example/72.jpg"})]),
    }  # fmt: skip
    first, second = rows({"data": {"products": wrap([product])}, "extensions": {"cost": {"requestedQueryCost": 1}}})
    assert (first["id"], first["item_group_id"], first["admin_graphql_api_id"]) == (
        "71",
        "7",
        "gid://shopify/ProductVariant/71",
    )
    assert (first["price"], first["sale_price"]) == ("49.0 EUR", "39.0 EUR")
    assert (first["color"], second["color"]) == ("Blau 71", "Blau 72")
    assert (first["image_link"], second["image_link"]) == ("https://holm.example/1.jpg", "https://holm.example/72.jpg")
    assert (first["link"], first["material"]) == ("https://holm.example/shirt", "linen")


def test_prices_of_older_and_newer_versions_are_read():
    money = {"amount": "5.0", "currencyCode": "CAD"}
    for name, value in (("priceV2", money), ("price", {"shopMoney": money}), ("price", money)):
        product = {"id": "gid://shopify/Product/1", "title": "T", "variants": [{"id": "v", name: value}]}
        assert rows([product])[0]["price"] == "5.0 CAD"
    spans = {"minVariantPrice": money, "maxVariantPrice": {"amount": "9.0", "currencyCode": "CAD"}}
    (product,) = rows([{"id": "gid://shopify/Product/1", "title": "T", "handle": "t", "priceRangeV2": spans}])
    assert (product["low_price"], product["high_price"]) == ("5.0 CAD", "9.0 CAD")
    assert "price" not in product


def test_variants_that_hold_their_product_are_rows():
    product = {"id": "gid://shopify/Product/7", "title": "Shirt", "vendor": "Holm"}
    document = {"data": {"productVariants": {"nodes": [node(71, product=product), node(72, product=product)]}}}
    first, second = rows(document)
    assert (first["title"], first["brand"]) == ("Shirt", "Holm")
    assert first["item_group_id"] == second["item_group_id"] == "7"


def test_lines_of_a_bulk_operation_are_put_together():
    cap, bag = "gid://shopify/Product/1", "gid://shopify/Product/2"
    found, warning = read(
        lines(
            {"id": cap, "title": "Cap", "vendor": "Holm", "descriptionHtml": "Warm"},
            node(11, __parentId=cap),
            {"key": "fabric", "value": "wool", "__parentId": "gid://shopify/ProductVariant/11"},
            {"id": "gid://shopify/InventoryLevel/5", "available": 3, "__parentId": "gid://shopify/ProductVariant/11"},
            node(12, __parentId=cap),
            {"url": "https://holm.example/cap.jpg", "__parentId": cap},
            {"id": bag, "title": "Bag"},
            {"id": "gid://shopify/ProductVariant/21", "price": "5.00", "__parentId": bag},
        )
    )
    assert [(p["id"], p["title"], p.get("item_group_id")) for p in found] == [
        ("11", "Cap", "1"),
        ("12", "Cap", "1"),
        ("21", "Bag", None),
    ]
    assert (found[0].get("material"), found[1].get("material")) == ("wool", None)
    assert found[0]["image_link"] == "https://holm.example/cap.jpg"
    assert found[2]["price"] == "5.00"
    assert not warning


def test_a_variant_far_from_its_product_is_read_and_told():
    one, two = "gid://shopify/Product/1", "gid://shopify/Product/2"
    found, warning = read(lines({"id": one, "title": "Cap"}, {"id": two, "title": "Bag"}, node(11, __parentId=one)))
    assert [p["id"] for p in found] == ["1", "2", "11"]
    assert found[2]["item_group_id"] == "1"
    assert "do not follow the product" in warning


def test_the_storefronts_js_counts_in_hundredths():
    product = {
        "id": 1, "title": "Mug", "handle": "mug", "description": "d", "vendor": "Holm", "type": "Mugs", "price": 1000,
        "price_min": 1000, "price_varies": False, "url": "/products/mug", "options": ["Taille"],
        "images": ["https://i.example/m.jpg"],
        "variants": [{"id": 2, "option1": "S", "price": 1050, "compare_at_price": 2000, "available": True}],
    }  # fmt: skip
    (mug,) = read(json.dumps(product).encode())[0]
    assert (mug["price"], mug["sale_price"], mug["size"], mug["product_type"]) == ("20.00", "10.50", "S", "Mugs")
