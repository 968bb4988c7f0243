"""Shopify's product export, in both its heading styles: a row a variant, and rows that only carry an image.

The names of options, the text and the images of a product stand in the first of its rows. An export of stock has a row
for each variant and location; these become one product.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from feedeval.feed.parsing.columns import snake, squeeze, standard_name
from feedeval.feed.parsing.money import decimal, number
from feedeval.feed.parsing.shops.rows import Cells, Note, Row, Shop, add_id, add_options, as_pairs, in_stock
from feedeval.feed.parsing.values import Pair

_NAMES = {
    "bodyhtml": "description",
    "description": "description",
    "vendor": "brand",
    "type": "product_type",
    "variantbarcode": "gtin",
    "barcode": "gtin",
    "costperitem": "cost_of_goods_sold",
    "urlhandle": "handle",
    "variantimage": "variant_image",
    "variantimageurl": "variant_image",
    "imagesrc": "image_src",
    "productimageurl": "image_src",
    "variantsku": "sku",
    "variantprice": "variant_price",
    "price": "variant_price",
    "variantcompareatprice": "compare_at_price",
    "compareatprice": "compare_at_price",
    "variantgrams": "grams",
    "weightvaluegrams": "grams",
    "variantinventoryqty": "inventory_quantity",
    "variantinventorytracker": "inventory_tracker",
    "variantinventorypolicy": "inventory_policy",
}
_PER_VARIANT = {"sku", "variant_price", "compare_at_price", "grams", "gtin", "variant_image", "inventory_quantity"}
_METAFIELD = re.compile(r"\s*\((?:product|variant)\.metafields\.[^)]*\)\s*$")
_OF_METAFIELDS = {
    *("color", "size", "material", "pattern", "gender", "age_group", "size_type", "size_system", "condition", "mpn"),
    *("google_product_category", "energy_efficiency_class"),
}
"""Attributes that a metafield of their name holds; any other metafield could be about anything."""
_AT_PLACE = ("available_not_editable", "available", "on_hand_current", "on_hand")


def shopify(header: set[str]) -> Shop | None:
    """Return the export where these squeezed headings are Shopify's."""
    if header & {"handle", "urlhandle"} and header & {"variantprice", "option1name", "variantsku"}:
        return Shop("Shopify", _adapt, _NAMES)
    return None


def _adapt(rows: Iterator[Row], note: Note) -> Iterator[Row]:
    cells_of = ((line, _named(pairs)) for line, pairs in rows)
    for handle, group in groupby(cells_of, key=lambda row: row[1].get("handle", "")):
        lines = list(group)
        first = dict(lines[0][1])
        images = [cells["image_src"] for _, cells in lines if cells.get("image_src")]
        variants = [(line, cells) for line, cells in lines if _is_variant(cells)] or lines[:1]
        if any("location" in cells for _, cells in variants):
            variants = _of_all_places(variants)
        # The names of the options stand in the first row only.
        shared = {k: v for k, v in first.items() if k not in _PER_VARIANT and not k.endswith("_value")}
        for line, cells in variants:
            merged = {**shared, **cells} if cells is not first else cells
            yield line, _pairs(merged, images, handle, several=len(variants) > 1)


def _named(pairs: Iterable[Pair]) -> Cells:
    cells: Cells = {}
    for heading, raw in pairs:
        if not (value := raw.strip()):
            if _NAMES.get(squeeze(heading)) == "inventory_tracker":
                # Nothing is counted, which an export without this column does not say.
                cells["inventory_tracker"] = ""
            continue
        base = _METAFIELD.sub("", heading)
        short = heading.removeprefix("Google Shopping / ")
        if base != heading:
            attribute = standard_name(base)
            cells.setdefault(attribute if attribute in _OF_METAFIELDS else f"{snake(base)}_metafield", value)
        else:
            cells[_NAMES.get(squeeze(short)) or snake(standard_name(short) if short is not heading else short)] = value
    return cells


def _is_variant(cells: Cells) -> bool:
    return any(cells.get(name) for name in ("variant_price", "sku", "option1_value", "gtin"))


def _of_all_places(variants: list[tuple[int, Cells]]) -> list[tuple[int, Cells]]:
    """Return a row for each variant, with the pieces that all its locations have together."""
    merged: dict[tuple[str, ...], tuple[int, Cells]] = {}
    for line, cells in variants:
        key = tuple(cells.get(name, "") for name in ("option1_value", "option2_value", "option3_value", "sku"))
        pieces = decimal(next((cells[name] for name in _AT_PLACE if name in cells), ""))
        line, kept = merged.setdefault(key, (line, cells))
        if pieces is not None:
            before = decimal(kept.get("inventory_quantity", "")) if kept.get("inventory_tracker") else None
            kept |= {"inventory_quantity": str(pieces + (before or 0)), "inventory_tracker": "shopify"}
    return list(merged.values())


def _pairs(cells: Cells, images: list[str], handle: str, *, several: bool) -> list[Pair]:
    cells = dict(cells)
    options: list[tuple[str, str]] = []
    found: dict[str, Any] = {}
    for place in "123":
        name, value = cells.pop(f"option{place}_name", ""), cells.pop(f"option{place}_value", "")
        cells.pop(f"option{place}_linked_to", None)
        if value and value != "Default Title":
            options.append((name or f"Option {place}", value))
    add_options(found, options)
    price, compare = cells.pop("variant_price", ""), cells.pop("compare_at_price", "")
    on_sale = number(compare) > number(price) >= 0
    found["price"] = compare if on_sale else price
    found["sale_price"] = price if on_sale else ""
    if compare and min(number(compare), number(price)) < 0:
        # Which of the two is the lower one cannot be told, so each stays what it is called.
        found["compare_at_price"] = compare
    grams = cells.pop("grams", "")
    found["product_weight"] = f"{grams} g" if number(grams) > 0 else ""
    image, own = cells.pop("variant_image", ""), cells.pop("image_src", "")
    found["images"] = [one for one in dict.fromkeys([image or (own if several else ""), *images]) if one]
    # A row that only carries an image says nothing of what is sold.
    sold = bool(price or options or cells.get("sku") or cells.get("inventory_quantity"))
    found["availability"] = _availability(cells) if sold else ""
    add_id(found, cells.get("sku", ""), handle, [value for _, value in options], several=several)
    return as_pairs(cells, found)


def _availability(cells: Cells) -> str:
    tracked, quantity = cells.get("inventory_tracker"), cells.get("inventory_quantity", "")
    if tracked is None and quantity:
        # Of what is not counted the quantity is 0.
        return in_stock(quantity) if number(quantity) > 0 else ""
    if not tracked or not quantity:
        return "in_stock" if not tracked else ""
    sells_on = "continue" in (cells.get("inventory_policy", ""), cells.get("continue_selling_when_out_of_stock", ""))
    return in_stock(
        quantity, sells_on=sells_on or cells.get("continue_selling_when_out_of_stock", "").upper() == "TRUE"
    )
