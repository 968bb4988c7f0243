"""Products of Google's Merchant API and Content API."""

from __future__ import annotations

from typing import Any

import pytest

from feedeval.feed.reader import products
from tests.feed.test_reader_documents import rows

ATTRIBUTES: dict[str, Any] = {
    "title": "Lamp",
    "link": "https://holm.example/l",
    "imageLink": "https://i.example/1.jpg",
    "additionalImageLinks": ["https://i.example/2.jpg"],
    "availability": "IN_STOCK",
    "availabilityDate": {"year": 2026, "month": 5, "day": 3},
    "condition": "NEW",
    "price": {"amountMicros": "1500000000", "currencyCode": "JPY"},
    "salePrice": {"amountMicros": "4990000", "currencyCode": "EUR"},
    "salePriceEffectiveDate": {"startTime": "2026-01-01T00:00:00Z", "endTime": "2026-02-01T00:00:00Z"},
    "gtins": ["4006381333931"],
    "productTypes": ["Home > Lamps", "Gifts"],
    "productHighlights": ["Bright, warm", "Dims"],
    "productDetails": [{"sectionName": "Light", "attributeName": "Power", "attributeValue": "9 W"}],
    "shipping": [{"country": "DE", "price": {"amountMicros": "4990000", "currencyCode": "EUR"}, "maxHandlingTime": 2}],
    "productWeight": {"value": 180, "unit": "g"},
    "energyEfficiencyClass": "APP",
    "isBundle": False,
    "itemGroupId": "G",
    "ageGroup": "ADULT",
    "sizeSystem": "EU",
}
PRODUCT: dict[str, Any] = {
    "name": "accounts/1/productInputs/en~DE~L-1",
    "offerId": "L-1",
    "contentLanguage": "de",
    "feedLabel": "DE",
    "productAttributes": ATTRIBUTES,
    "customAttributes": [{"name": "Voltage", "value": "230 V"}],
}


def test_products_of_the_merchant_api_are_read():
    (product,) = rows({"products": [PRODUCT], "nextPageToken": "x"})
    assert product == {
        "id": "L-1", "title": "Lamp", "link": "https://holm.example/l", "image_link": "https://i.example/1.jpg",
        "additional_image_link": ["https://i.example/2.jpg"], "availability": "in_stock",
        "availability_date": "2026-05-03", "condition": "new", "price": "1500 JPY", "sale_price": "4.99 EUR",
        "sale_price_effective_date": "2026-01-01T00:00:00Z/2026-02-01T00:00:00Z", "gtin": "4006381333931",
        "product_type": ["Home > Lamps", "Gifts"], "product_highlight": ["Bright, warm", "Dims"],
        "product_detail": [{"section_name": "Light", "attribute_name": "Power", "attribute_value": "9 W"}],
        "shipping": [{"country": "DE", "price": "4.99 EUR", "max_handling_time": "2"}], "product_weight": "180 g",
        "energy_efficiency_class": "A++", "is_bundle": "false", "item_group_id": "G", "age_group": "adult",
        "size_system": "EU", "voltage": "230 V", "resource_name": "accounts/1/productInputs/en~DE~L-1",
        "content_language": "de", "feed_label": "DE",
    }  # fmt: skip
    assert list(products([PRODUCT])) == [product]


@pytest.mark.parametrize(
    "document",
    [
        {"productInputs": [PRODUCT]},
        {"products": [{**PRODUCT, "attributes": ATTRIBUTES, "productAttributes": None}]},
        [PRODUCT],
        {"entries": [{"batchId": 1, "merchantId": "1", "method": "insert", "product": PRODUCT}]},
        PRODUCT,
        {key: value for key, value in PRODUCT.items() if key != "offerId"},
    ],
)
def test_products_are_found_in_whatever_holds_them(document: Any):
    (product,) = rows(document)
    assert (product["id"], product["price"], product["title"]) == ("L-1", "1500 JPY", "Lamp")


def test_products_of_the_content_api_are_read():
    item = {
        "kind": "content#product", "id": "online:en:US:L-1", "offerId": "L-1", "title": "Lamp", "channel": "online",
        "price": {"value": "9.99", "currency": "USD"}, "additionalImageLinks": ["https://i.example/2.jpg"],
        "availability": "in stock", "shippingWeight": {"value": 1.5, "unit": "kg"}, "targetCountry": "US",
    }  # fmt: skip
    (product,) = rows({"kind": "content#productsListResponse", "resources": [item]})
    assert product == {
        "id": "L-1", "title": "Lamp", "price": "9.99 USD", "additional_image_link": ["https://i.example/2.jpg"],
        "availability": "in_stock", "shipping_weight": "1.5 kg", "channel": "online", "target_country": "US",
    }  # fmt: skip
    del item["offerId"]
    assert rows([item])[0]["id"] == "L-1"
