"""Products of schema.org in JSON-LD."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.reader import products, read_feed
from tests.feed.test_reader_documents import lines, rows

CONTEXT = {"@context": "https://schema.org"}


def offer(price: object = "19.90", **more: Any) -> dict[str, Any]:
    return {"@type": "Offer", "price": price, "priceCurrency": "EUR", **more}


def lamp(**more: Any) -> dict[str, Any]:
    return {"@type": "Product", "name": "Lamp", "sku": "L-1", **more}


def one(**more: Any) -> dict[str, Any]:
    """Return the only product that a lamp with these fields gives."""
    (found,) = rows({**CONTEXT, **lamp(**more)})
    return found


def test_a_product_is_read_with_its_offer(shared: Path):
    frame = read_feed(shared / "cases" / "jsonld_product.json")
    (product,) = frame.to_dict("records")
    assert (product["price"], product["availability"], product["condition"]) == ("19.90 EUR", "in_stock", "new")
    assert product["additional_image_link"] == ["https://lantern.example/2.jpg"]
    assert set(check_feed(frame)["check"]) == {"missing_category"}


def test_everything_that_a_product_says_has_its_place():
    product = one(
        description="Warm light.", url="https://holm.example/l", productID="77", gtin13="4006381333931", mpn="X1",
        brand={"@type": "Brand", "name": "Holm"}, manufacturer={"@type": "Organization", "name": "Maker"},
        image=[{"@type": "ImageObject", "contentUrl": "https://i.example/1.jpg"}, "https://i.example/2.jpg"],
        category="Home > Lamps", color=["red", "blue"], material="brass", pattern="plain",
        size={"@type": "SizeSpecification", "name": "M", "sizeSystem": "https://schema.org/WearableSizeSystemEU"},
        audience={"@type": "PeopleAudience", "suggestedGender": "female"},
        weight={"@type": "QuantitativeValue", "value": 180, "unitCode": "GRM"}, height="12 cm",
        hasMeasurement=[{"name": "Seat height", "value": 40, "unitText": "cm"}],
        additionalProperty=[
            {"@type": "PropertyValue", "name": "Power", "value": 9, "unitText": "W"},
            {"name": "Cable", "minValue": 1, "maxValue": 3, "unitCode": "MTR"},
            {"propertyID": "dimmable", "value": True},
        ],
        aggregateRating={"ratingValue": 4.4, "reviewCount": 9},
        offers=offer(19.9, itemCondition="https://schema.org/RefurbishedCondition", seller={"name": "Holm shop"},
                     priceValidUntil="2027-01-01"),
    )  # fmt: skip
    assert product == {
        "id": "L-1", "title": "Lamp", "description": "Warm light.", "link": "https://holm.example/l",
        "price": "19.9 EUR", "condition": "refurbished", "price_valid_until": "2027-01-01", "seller_name": "Holm shop",
        "brand": "Holm", "manufacturer": "Maker", "gtin": "4006381333931", "mpn": "X1",
        "image_link": "https://i.example/1.jpg", "additional_image_link": ["https://i.example/2.jpg"],
        "product_type": "Home > Lamps", "color": ["red", "blue"], "material": "brass", "pattern": "plain",
        "size": "M", "size_system": "EU", "gender": "female", "product_weight": "180 g", "product_height": "12 cm",
        "product_id": "77", "aggregate_rating": {"rating_value": "4.4", "review_count": "9"},
        "product_detail": [
            {"attribute_name": "Seat height", "attribute_value": "40 cm"},
            {"attribute_name": "Power", "attribute_value": "9 W"},
            {"attribute_name": "Cable", "attribute_value": "1–3 m"},
            {"attribute_name": "dimmable", "attribute_value": "true"},
        ],
    }  # fmt: skip


GROUP: dict[str, Any] = {
    "@type": "ProductGroup", "@id": "#coat", "name": "Coat", "description": "Warm.", "url": "https://holm.example/coat",
    "brand": {"@type": "Brand", "name": "Holm"}, "productGroupID": "44E", "sku": "group-sku",
    "variesBy": ["https://schema.org/color"],
}  # fmt: skip


def test_a_group_gives_a_row_for_each_variant():
    variants = [
        {"@type": "Product", "sku": "44E-G", "name": "Coat green", "color": "green", "offers": offer(url="https://h/g")},
        {"@type": "Product", "gtin": "4006381333931", "color": "red", "offers": offer(25, availability="SoldOut")},
    ]  # fmt: skip
    green, red = rows({**CONTEXT, **GROUP, "hasVariant": variants})
    assert (green["id"], green["title"], green["item_group_title"]) == ("44E-G", "Coat green", "Coat")
    assert (red["title"], red["price"], red["availability"], "id" in red) == ("Coat", "25 EUR", "out_of_stock", False)
    assert green["item_group_id"] == red["item_group_id"] == "44E"
    assert (green["brand"], red["description"], green["varies_by"]) == ("Holm", "Warm.", "color")
    assert (green["link"], red["link"]) == ("https://h/g", "https://holm.example/coat")
    assert list(products([{**GROUP, "hasVariant": variants}])) == [green, red]


def test_variants_and_groups_find_each_other_in_a_graph():
    first = lamp(**{"@id": "#v1", "offers": offer(), "brand": {"@id": "#brand"}})
    second = {**first, "@id": "#v2", "sku": "L-2", "isVariantOf": {"@id": "#coat"}}
    graph = [
        {"@type": "WebSite", "name": "Holm", "url": "https://holm.example"},
        {"@type": "Organization", "@id": "#brand", "name": "Holm"},
        {**GROUP, "hasVariant": [{"@id": "#v1"}, {"@id": "#v2"}]},
        first,
        second,
    ]
    found = rows({**CONTEXT, "@graph": graph})
    assert [(p["id"], p["item_group_id"], p["brand"]) for p in found] == [
        ("L-1", "44E", "Holm"),
        ("L-2", "44E", "Holm"),
    ]


def test_a_variant_may_bring_its_group():
    product = one(isVariantOf={**GROUP}, offers=offer())
    assert (product["item_group_id"], product["description"], product["title"]) == ("44E", "Warm.", "Lamp")
    assert one(inProductGroupWithID="44E")["item_group_id"] == "44E"


@pytest.mark.parametrize(
    "document",
    [
        {"@type": "ItemList", "name": "All", "url": "https://h", "itemListElement": [
            {"@type": "ListItem", "position": 1, "item": lamp()}]},
        {"@type": "ItemList", "itemListElement": [lamp()]},
        {"@type": "Store", "hasOfferCatalog": {"@type": "OfferCatalog", "name": "C", "itemListElement": [
            {"@type": "OfferCatalog", "name": "Sub", "itemListElement": [
                {"@type": "Offer", "itemOffered": lamp()}]}]}},
        {"@type": "WebPage", "name": "Page", "mainEntity": lamp()},
        {"@type": "DataFeed", "dataFeedElement": [{"@type": "DataFeedItem", "item": lamp()}]},
        {"@graph": [{"@type": "BreadcrumbList", "itemListElement": [
            {"@type": "ListItem", "position": 1, "item": {"@id": "https://h", "name": "Home"}}]}, lamp()]},
        lamp(**{"@type": ["Product", "http://schema.org/Book"]}),
        lamp(**{"@type": "schema:IndividualProduct"}),
        [{"@type": ["http://schema.org/Product"], "http://schema.org/name": [{"@value": "Lamp"}],
          "http://schema.org/sku": [{"@value": "L-1"}]}],
    ],
)  # fmt: skip
def test_products_are_found_in_whatever_holds_them(document: Any):
    (found,) = rows(document)
    assert (found["id"], found["title"]) == ("L-1", "Lamp")


@pytest.mark.parametrize(
    ("offers", "expected"),
    [
        (offer(0), {"price": "0 EUR"}),
        (offer("19,90 €", priceCurrency="EUR"), {"price": "19,90 €"}),
        ({"@type": "AggregateOffer", "lowPrice": "5", "highPrice": "5.00", "priceCurrency": "EUR"}, {"price": "5 EUR"}),
        (
            {"@type": "AggregateOffer", "lowPrice": 5, "highPrice": 9, "priceCurrency": "EUR", "offerCount": 3},
            {"low_price": "5 EUR", "high_price": "9 EUR", "offer_count": "3"},
        ),
        ({"@type": "AggregateOffer", "lowPrice": "5", "priceCurrency": "EUR"}, {"low_price": "5 EUR"}),
        (
            {"@type": "AggregateOffer", "lowPrice": "5", "priceCurrency": "EUR", "offers": [{"price": "5"}]},
            {"price": "5 EUR"},
        ),
        ([offer("5"), offer("5")], {"price": "5 EUR", "offer_count": "2"}),
        ([offer("5"), offer("9")], {"low_price": "5 EUR", "high_price": "9 EUR", "offer_count": "2"}),
        ([offer("5"), offer("6", priceCurrency="USD")], {"offer_prices": "5 EUR, 6 USD", "offer_count": "2"}),
        ({"priceSpecification": {"price": "5.50", "priceCurrency": "EUR"}}, {"price": "5.50 EUR"}),
        (
            offer("5", priceSpecification={"priceType": "https://schema.org/ListPrice", "price": 8}),
            {"price": "8 EUR", "sale_price": "5 EUR"},
        ),
        (
            {"priceCurrency": "EUR", "priceSpecification": [
                {"price": 8, "priceType": "StrikethroughPrice"}, {"price": 5, "priceType": "SalePrice"},
                {"price": 4, "validForMemberTier": {"name": "Gold"}}]},
            {"member_price": "4 EUR", "price": "8 EUR", "sale_price": "5 EUR"},
        ),
        (
            offer("5", priceSpecification={"price": 50, "referenceQuantity": {"value": 1, "unitCode": "LTR"}}),
            {"price": "5 EUR"},
        ),
        (offer("5", priceSpecification={"priceType": "ListPrice", "price": 4}), {"price": "5 EUR"}),
    ],
)  # fmt: skip
def test_prices_are_what_the_offers_leave_no_doubt_of(offers: Any, expected: dict[str, str]):
    product = one(offers=offers)
    assert {name: value for name, value in product.items() if name not in ("id", "title")} == expected


@pytest.mark.parametrize(
    ("said", "read_as"),
    [
        ("https://schema.org/InStock", "in_stock"),
        ("http://schema.org/OutOfStock", "out_of_stock"),
        ("PreOrder", "preorder"),
        ({"@id": "https://schema.org/BackOrder"}, "backorder"),
        ("in stock", "in_stock"),
        ("https://schema.org/Discontinued", "out_of_stock"),
        ("https://schema.org/MadeToOrder", "made_to_order"),
    ],
)
def test_availability_is_in_the_words_of_destinations(said: Any, read_as: str):
    assert one(offers=offer(availability=said))["availability"] == read_as


def test_offers_that_name_things_of_their_own_are_variants():
    offers = [offer("5", sku="L-1a", availability="InStock"), offer("6", sku="L-1b", availability="OutOfStock")]
    first, second = rows({**CONTEXT, **lamp(offers={"@type": "AggregateOffer", "lowPrice": "5", "offers": offers})})
    assert [(p["id"], p["price"], p["availability"], p["item_group_id"]) for p in (first, second)] == [
        ("L-1a", "5 EUR", "in_stock", "L-1"),
        ("L-1b", "6 EUR", "out_of_stock", "L-1"),
    ]
    same = [offer("5", seller={"name": "A"}), offer("6", seller={"name": "B"})]
    assert len(rows({**CONTEXT, **lamp(offers=same)})) == 1


def test_the_order_of_keys_does_not_matter():
    document = {"offers": [offer("5"), offer("5")], "@type": "Product", "name": "Lamp", "sku": "L-1"}
    assert rows(document)[0]["title"] == "Lamp"
    assert rows({"offers": offer("5"), "name": "Lamp"})[0] == {"title": "Lamp", "price": "5 EUR"}


def test_delivery_is_read_where_it_has_a_price():
    details = {"shippingRate": {"value": "4.90", "currency": "EUR"}, "shippingDestination": {"addressCountry": "DE"}}
    assert one(offers=offer(shippingDetails=details))["shipping"] == [{"country": "DE", "price": "4.90 EUR"}]
    assert "shipping" not in one(offers=offer(shippingDetails={"shippingDestination": {"addressCountry": "DE"}}))


def test_lines_of_json_ld_are_read():
    found = read_feed(lines({**CONTEXT, **lamp()}, {**CONTEXT, "@type": "Organization", "name": "Holm"}, lamp(sku="2")))
    assert found["id"].tolist() == ["L-1", "2"]


def test_a_measure_without_a_unit_is_no_measure():
    product = one(weight=180, width={"@type": "QuantitativeValue", "value": 5})
    assert (product["weight"], product["width"]) == ("180", "5")
    assert json.dumps(product).count("product_w") == 0


def test_what_a_product_names_by_address_may_stand_behind_it():
    product = {**lamp(offers={"@id": "#o"}, brand={"@id": "#b"}), "@id": "#p"}
    page = {"@type": "ItemPage", "@id": "#w", "name": "A page", "mainEntity": {"@id": "#p"}}
    nodes = [page, product, {"@type": "Brand", "@id": "#b", "name": "Holm"}, {**offer(), "@id": "#o"}]
    for order in (nodes, nodes[::-1]):
        (found,) = rows({**CONTEXT, "@graph": order})
        assert (found["id"], found["brand"], found["price"]) == ("L-1", "Holm", "19.90 EUR")


def test_a_product_is_given_once_with_the_offer_that_names_it():
    nodes = [{**lamp(), "@id": "#p"}, {**offer(), "itemOffered": {"@id": "#p"}}]
    for order in (nodes, nodes[::-1]):
        (found,) = rows({**CONTEXT, "@graph": order})
        assert (found["id"], found["price"]) == ("L-1", "19.90 EUR")


def test_a_group_may_stand_behind_the_variants_that_it_names():
    variants = [{**lamp(), "@id": f"#{sku}", "sku": sku} for sku in ("a", "b")]
    named = [{"@id": "#a"}, {"@id": "#b"}]
    group = {"@type": "ProductGroup", "productGroupID": "G", "name": "Lamps", "hasVariant": named}
    for order in ([*variants, group], [group, *variants]):
        found = rows({**CONTEXT, "@graph": order})
        assert [(one["id"], one["item_group_id"]) for one in found] == [("a", "G"), ("b", "G")]
