"""Products of WooCommerce: the REST API (`wc/v3/products` and their variations) and the Store API, in minor units."""

from __future__ import annotations

import re
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
    one_or_all,
    text,
    truth,
)
from feedeval.feed.parsing.money import amount_of, from_minor_units, sale, with_currency
from feedeval.feed.parsing.values import Pair

_NESTED = ("images", "image", "categories", "attributes", "tags", "dimensions", "meta_data", "_links", "downloads")
_STOCK = {"instock": "in_stock", "outofstock": "out_of_stock", "onbackorder": "backorder"}
_UNDERSTOOD = {
    "id", "name", "permalink", "description", "short_description", "sku", "global_unique_id", "price", "prices",
    "regular_price", "sale_price", "stock_status", "is_in_stock", "is_on_backorder", "categories", "brands", "images",
    "image", "attributes", "variations", "parent_id", "tags", "meta_data", "type", "variation", "on_sale", "parent",
    "price_html", "_links", "add_to_cart", "extensions", "default_attributes", "formatted_weight", "yoast_head",
    "yoast_head_json", "stock_availability", "formatted_dimensions",
}  # fmt: skip
_MEASURE = re.compile(r"^([\d.,]+)\s*(kg|g|lbs?|oz)$", re.IGNORECASE)
_OWN_OF_PARENT = {"sku", "permalink", "slug"}
"""What a variation never has from its parent."""


def recognises(entry: Entry) -> bool:
    """Whether an entry is a product or a variation of WooCommerce."""
    if "currency_minor_unit" in mapping(entry.get("prices")):
        return True
    if "regular_price" not in entry or not entry.keys() & {"stock_status", "permalink", "manage_stock", "parent_id"}:
        return False
    # A flat table has these names too, and is read as tables are.
    return any(isinstance(entry.get(name), dict | list) for name in _NESTED)


def parent_of(entry: Entry) -> str:
    """Return the identifier of the product that a variation belongs to, empty for a product."""
    if not is_variation(entry):
        return ""
    found = first_text(entry, "parent_id", "parent")
    return "" if found == "0" else found


def is_variation(entry: Entry) -> bool:
    """Whether an entry is one variation, whose attributes have one value each."""
    if text(entry.get("type")) == "variation":
        return True
    options = mappings(entry.get("attributes"))
    return first_text(entry, "parent_id") not in ("", "0") and all("options" not in one for one in options)


def is_parent(entry: Entry) -> bool:
    """Whether an entry is a product whose variations are named only, so that they may follow."""
    return bool(listing(entry.get("variations"))) and not mappings(entry.get("variations"))


def rows(entry: Entry, currency: str, parent: Entry | None = None) -> Iterator[list[Pair]]:
    """Yield the pairs of each variation that an entry holds, or of the entry itself.

    Args:
        entry: A product or a variation.
        currency: The shop's, empty where nothing says so.
        parent: The product of a variation that stands alone.
    """
    variations = mappings(entry.get("variations"))
    if parent is None and variations:
        for one in variations:
            yield _pairs({**one, "parent_id": entry.get("id")}, currency, entry, alone=len(variations) == 1)
    else:
        yield _pairs(entry, currency, parent or {}, alone=False)


def _pairs(entry: Entry, currency: str, parent: Entry, *, alone: bool) -> list[Pair]:
    row = Row()
    row.put("id", text(entry.get("id")))
    row.put("title", first_text(parent, "name") or first_text(entry, "name"))
    long = first_text(entry, "description") or first_text(parent, "description")
    short = first_text(entry, "short_description") or first_text(parent, "short_description")
    row.put("description", long or short)
    row.put("short_description", short if long else "")
    row.put("link", first_text(entry, "permalink", "external_url") or first_text(parent, "permalink"))
    row.update(_prices(entry, currency))
    if not {"price", "low_price"} & set(_prices(entry, currency)) and "price" not in entry and "prices" not in entry:
        # The Store API names variations without a price; where all cost the same, the product says it.
        row.update({k: v for k, v in _prices(parent, currency).items() if k in ("price", "sale_price")})
    row.put("availability", _availability(entry))
    row.put("item_group_id", "" if alone else _group(entry, parent))
    for name in ("brand", "brands"):
        row.put("brand", one_or_all(_names(entry.get(name)) or _names(parent.get(name))))
    row.put("gtin", text(entry.get("global_unique_id")))
    row.put("sku", text(entry.get("sku")))
    row.put("product_type", one_or_all(_names(entry.get("categories")) or _names(parent.get("categories"))))
    _put_options(row, entry, parent)
    keys = ("src", "url")
    row.images(
        image
        for holder in (entry.get("image"), entry.get("images"), parent.get("images"))
        for image in addresses(holder, keys=keys)
    )
    row.put("product_weight", _weight(entry) or _weight(parent))
    row.put("tags", _names(entry.get("tags")) or _names(parent.get("tags")))
    title = text(entry.get("name"))
    row.put("variant_title", title if parent and title != text(parent.get("name")) else text(entry.get("variation")))
    row.put("woocommerce_type", text(entry.get("type")))
    for one in (entry, {name: value for name, value in parent.items() if name not in _OWN_OF_PARENT}):
        row.rest(one, _UNDERSTOOD)
        row.rest(_public(one), ())
    return row.pairs()


def _group(entry: Entry, parent: Entry) -> str:
    if found := parent_of(entry) or (text(parent.get("id")) if parent else ""):
        return found
    variable = text(entry.get("type")).startswith("variable") or is_parent(entry)
    return text(entry.get("id")) if variable else ""


def _prices(entry: Entry, currency: str) -> dict[str, str]:
    """Return price and sale price; of a product with variations, the lowest price under its own name."""
    stated = mapping(entry.get("prices"))
    if stated:
        places, own = text(stated.get("currency_minor_unit")), text(stated.get("currency_code"))
        span = mapping(stated.get("price_range"))
        values = {
            name: with_currency(from_minor_units(text(value), int(places)) if places.isdecimal() else "", own)
            for name, value in {**stated, **span}.items()
            if name in ("price", "regular_price", "sale_price", "min_amount", "max_amount") and text(value)
        }
        if span and values.get("min_amount") != values.get("max_amount"):
            return {"low_price": values.get("min_amount", ""), "high_price": values.get("max_amount", "")}
        return sale(values.get("price", ""), values.get("regular_price", ""))
    now, regular, reduced = (text(entry.get(name)) for name in ("price", "regular_price", "sale_price"))
    if not regular and not reduced and (is_parent(entry) or text(entry.get("type")).startswith("variable")):
        return {"low_price": with_currency(now, currency)}
    # The price is the present one: a sale price whose days have not come is not asked yet.
    found = sale(with_currency(now or reduced or regular, currency), with_currency(regular, currency))
    if reduced and "sale_price" not in found and (reduced == now or amount_of(now) is None):
        found["sale_price"] = with_currency(reduced, currency) if reduced != regular else ""
    return found


def _availability(entry: Entry) -> str:
    status = text(entry.get("stock_status"))
    if status:
        return _STOCK.get(status, status)
    said = truth(entry.get("is_in_stock"))
    if truth(entry.get("is_on_backorder")):
        return "backorder"
    return "" if said is None else "in_stock" if said else "out_of_stock"


def _names(value: Any) -> list[str]:
    return [name for one in listing(value) if (name := first_text(mapping(one), "name") or text(one))]


def _put_options(row: Row, entry: Entry, parent: Entry) -> None:
    """Set what a variation is chosen by; of the parent, only what all its variations share."""
    for one in (*mappings(entry.get("attributes")), *mappings(parent.get("attributes"))):
        shared = not (truth(one.get("variation")) or truth(one.get("has_variations")))
        name = first_text(one, "name", "slug")
        if one in mappings(entry.get("attributes")) or shared:
            values = [text(value) for value in listing(one.get("options"))] or _names(one.get("terms"))
            row.option(name, first_text(one, "option", "value") or ", ".join(values))


def _weight(entry: Entry) -> str:
    """Return a weight with its unit, which the REST API does not state."""
    match = _MEASURE.match(text(entry.get("formatted_weight")))
    if match is None or not match[1].strip("0.,"):
        return ""
    return f"{match[1]} {match[2].lower().replace('lbs', 'lb')}"


def _public(entry: Entry) -> dict[str, Any]:
    """Return the shop's own fields; those whose key begins with an underscore are for its plugins."""
    found = {text(one.get("key")): one.get("value") for one in mappings(entry.get("meta_data"))}
    return {key: value for key, value in found.items() if key and not key.startswith("_") and text(value)}
