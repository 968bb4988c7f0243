"""Products of Shopify: the storefront's `products.json` and `.js`, the Admin REST API, and GraphQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from feedeval.feed.parsing.documents.fields import (
    Entry,
    Row,
    addresses,
    first_text,
    listing,
    mapping,
    mappings,
    number_of,
    text,
    truth,
)
from feedeval.feed.parsing.money import from_minor_units, sale, with_currency
from feedeval.feed.parsing.values import Pair

_VARIANT_MARKS = {
    "option1", "selectedOptions", "compare_at_price", "compareAtPrice", "compareAtPriceV2", "priceV2",
    "inventory_policy", "inventoryPolicy", "availableForSale", "admin_graphql_api_id",
}  # fmt: skip
_PRODUCT_MARKS = {"body_html", "bodyHtml", "descriptionHtml", "vendor", "productType", "priceRangeV2", "onlineStoreUrl"}
_CENTS = {"price_varies", "compare_at_price_varies", "price_min"}
"""Only the storefront's `.js` has them; its prices are in hundredths, also of currencies that have none."""
_UNDERSTOOD = {
    "id", "title", "handle", "body_html", "bodyHtml", "descriptionHtml", "description", "vendor", "product_type",
    "productType", "type", "category", "productCategory", "tags", "options", "variants", "images", "image", "media",
    "featuredImage", "featuredMedia", "featured_image", "featured_media", "onlineStoreUrl", "url", "sku", "barcode",
    "price", "priceV2", "compare_at_price", "compareAtPrice", "compareAtPriceV2", "available", "availableForSale",
    "option1", "option2", "option3", "selectedOptions", "grams", "weight", "weight_unit", "weightUnit", "image_id",
    "metafields", "metafield", "inventory_management", "legacyResourceId", "name", "public_title",
    "inventoryItem", "presentment_prices", "product", "product_id", "price_min", "price_max", "price_varies",
    "compare_at_price_min", "compare_at_price_max", "compare_at_price_varies", "priceRange", "priceRangeV2",
    "compareAtPriceRange", "admin_graphql_api_id", "content", "currentlyNotInStock", "hasOnlyDefaultVariant",
}  # fmt: skip
_UNITS = {"KILOGRAMS": "kg", "GRAMS": "g", "POUNDS": "lb", "OUNCES": "oz"}


def recognises(entry: Entry) -> bool:
    """Whether an entry is a product of Shopify, or a variant that holds its product."""
    if text(entry.get("id")).startswith(("gid://shopify/Product/", "gid://shopify/ProductVariant/")):
        return True
    if isinstance(entry.get("product"), dict) and "selectedOptions" in entry:
        return True
    variants = mappings(entry.get("variants"))
    if not variants:
        return False
    return bool(set(entry) & _PRODUCT_MARKS) or any(set(variant) & _VARIANT_MARKS for variant in variants)


def rows(entry: Entry, currency: str) -> Iterator[list[Pair]]:
    """Yield the pairs of each variant; a product without one is a row of what it says."""
    if isinstance(entry.get("product"), dict):
        product, variants = entry["product"], [entry]
        several = bool(_options(product, entry))
    else:
        product, variants = entry, mappings(entry.get("variants")) or [{}]
        several = len(variants) > 1
    for variant in variants:
        yield _variant(product, variant, several=several, currency=currency)


def _variant(product: Entry, variant: Entry, *, several: bool, currency: str) -> list[Pair]:
    row = Row()
    row.put("id", number_of(variant.get("id")) or number_of(product.get("id")) or text(product.get("handle")))
    row.put("title", text(product.get("title")) or first_text(variant, "title"))
    row.put("description", first_text(product, "body_html", "bodyHtml", "descriptionHtml", "description", "content"))
    row.put("link", first_text(variant, "url") or first_text(product, "onlineStoreUrl", "url"))
    cents = bool(set(product) & _CENTS)
    row.update(_prices(variant or product, currency, cents=cents))
    row.put("availability", _availability(variant or product))
    if several:
        row.put("item_group_id", number_of(product.get("id")) or text(product.get("handle")))
    row.put("brand", text(product.get("vendor")))
    row.put("gtin", text(variant.get("barcode")))
    row.put("sku", text(variant.get("sku")))
    row.put("product_type", _product_type(product))
    for name, value in _options(product, variant):
        row.option(name, value)
    row.images(_images(product, variant))
    row.put("product_weight", _weight(variant))
    row.put("handle", text(product.get("handle")))
    row.put("tags", _tags(product.get("tags")))
    title = text(variant.get("title"))
    row.put("variant_title", "" if title in ("Default Title", text(product.get("title"))) else title)
    address = text((variant or product).get("admin_graphql_api_id")) or text((variant or product).get("id"))
    row.put("admin_graphql_api_id", address if address.startswith("gid://") else "")
    for one in (variant, product):
        row.rest(_metafields(one), ())
        row.rest(one, _UNDERSTOOD)
    return row.pairs()


def _prices(variant: Entry, currency: str, *, cents: bool) -> dict[str, str]:
    """Return price and sale price; a price that was asked before is the price, and the present one is the sale's."""
    now = _money(variant, ("price", "priceV2"), currency, cents=cents)
    before = _money(variant, ("compare_at_price", "compareAtPrice", "compareAtPriceV2"), currency, cents=cents)
    if now or not (span := mapping(variant.get("priceRangeV2") or variant.get("priceRange"))):
        return sale(now, before)
    low, high = (_amount(span.get(f"{end}VariantPrice"), currency) for end in ("min", "max"))
    return {"price": low} if low == high else {"low_price": low, "high_price": high}


def _money(variant: Entry, names: tuple[str, ...], currency: str, *, cents: bool) -> str:
    value = next((variant[name] for name in names if variant.get(name) not in (None, "")), None)
    if value is None:
        return ""
    if cents and not isinstance(value, dict):
        return with_currency(from_minor_units(text(value), 2), currency)
    return _amount(value, _presented(variant) or currency)


def _amount(value: Any, currency: str) -> str:
    if isinstance(value, dict):
        inner = value.get("shopMoney") if isinstance(value.get("shopMoney"), dict) else value
        assert isinstance(inner, dict)
        return with_currency(
            text(inner.get("amount")), first_text(inner, "currencyCode", "currency_code", "currency") or currency
        )
    return with_currency(text(value), currency)


def _presented(variant: Entry) -> str:
    """Return the currency of the only list of prices that the Admin API gives, which is the shop's own."""
    lists = mappings(variant.get("presentment_prices"))
    return text(mapping(lists[0].get("price")).get("currency_code")) if len(lists) == 1 else ""


def _availability(variant: Entry) -> str:
    said = truth(variant.get("availableForSale", variant.get("available")))
    if said is not None:
        late = said and truth(variant.get("currentlyNotInStock"))
        return "backorder" if late else "in_stock" if said else "out_of_stock"
    tracked = truth(mapping(variant.get("inventoryItem")).get("tracked"))
    if tracked is False or ("inventory_management" in variant and not text(variant["inventory_management"])):
        return "in_stock"
    quantity = first_text(variant, "inventory_quantity", "inventoryQuantity")
    policy = first_text(variant, "inventory_policy", "inventoryPolicy").lower()
    if not quantity.lstrip("-").isdecimal():
        return ""
    if int(quantity) > 0:
        return "in_stock"
    return {"continue": "backorder", "deny": "out_of_stock"}.get(policy, "out_of_stock" if tracked else "")


def _product_type(product: Entry) -> str:
    category = product.get("category") or product.get("productCategory")
    node = mapping(mapping(category).get("productTaxonomyNode")) or mapping(category)
    own = first_text(product, "product_type", "productType", "type")
    return own or first_text(node, "fullName", "full_name", "name") or text(category)


def _options(product: Entry, variant: Entry) -> list[tuple[str, str]]:
    chosen = [(text(one.get("name")), text(one.get("value"))) for one in mappings(variant.get("selectedOptions"))]
    names = [text(one.get("name")) if isinstance(one, dict) else text(one) for one in listing(product.get("options"))]
    for number in (1, 2, 3):
        value = text(variant.get(f"option{number}"))
        chosen.append((names[number - 1] if len(names) >= number else f"Option {number}", value))
    return [(name, value) for name, value in chosen if value and (name, value) != ("Title", "Default Title")]


def _images(product: Entry, variant: Entry) -> list[str]:
    """Return the variant's own image, then the product's; those of other variants are not among them."""
    shared: list[str] = []
    own: list[str] = [*addresses(variant.get("image")), *addresses(variant.get("featured_image"))]
    own += addresses(variant.get("media"))
    others: list[str] = []
    key = text(variant.get("id"))
    for image in (*listing(product.get("images")), *listing(product.get("media"))):
        about = [text(one) for one in listing(mapping(image).get("variant_ids"))]
        named = bool(key) and (key in about or text(mapping(image).get("id")) == text(variant.get("image_id")) != "")
        (own if named else others if about else shared).extend(addresses(image))
    main = [
        *addresses(product.get("featuredImage") or product.get("featured_image") or product.get("image")),
        *addresses(product.get("featuredMedia")),
    ]
    lead = [image for image in main if image not in others] or ([] if own or shared else main)
    return [*own, *lead, *shared] or others[:1]


def _weight(variant: Entry) -> str:
    measured = mapping(mapping(mapping(variant.get("inventoryItem")).get("measurement")).get("weight"))
    unit = text(measured.get("unit")) or first_text(variant, "weight_unit", "weightUnit")
    value = text(measured.get("value")) or text(variant.get("weight"))
    if unit and value.strip("0.") != "":
        return f"{value} {_UNITS.get(unit.upper(), unit)}"
    grams = text(variant.get("grams"))
    return f"{grams} g" if grams.strip("0.") else ""


def _tags(value: Any) -> list[str]:
    words = [part for part in value.split(",")] if isinstance(value, str) else [text(tag) for tag in listing(value)]
    return [word.strip() for word in words if word.strip()]


def _metafields(one: Entry) -> dict[str, Any]:
    found = (*mappings(one.get("metafields")), *mappings(one.get("metafield")))
    return {key: field.get("value") for field in found if (key := text(field.get("key")))}


def kind_of(child: Entry) -> str:
    """Return the field of a product that a line of a bulk operation belongs to; empty for what is no part of it."""
    kind = text(child.get("id")).removeprefix("gid://shopify/").partition("/")[0] or text(child.get("__typename"))
    if kind == "ProductVariant" or child.keys() & {"selectedOptions", "inventoryQuantity", "barcode", "sku"}:
        return "variants"
    if kind in ("ProductImage", "MediaImage", "Image", "ImageSource") or child.keys() & {
        "originalSrc",
        "transformedSrc",
    }:
        return "images"
    if kind == "Metafield" or {"key", "value"} <= child.keys():
        return "metafields"
    return "images" if not kind and "url" in child else ""
