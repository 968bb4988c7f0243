"""The product exports of Shopify and WooCommerce, in which a cell's meaning depends on others.

The columns are those that the shops' own export pages write (Shopify "Export products", both the heading styles before
and after 2024; WooCommerce "Product CSV export").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from feedeval.feed.parsing.columns import snake, squeeze, standard_name
from feedeval.feed.parsing.options import add_option
from feedeval.feed.parsing.values import Pair

Row = tuple[int, list[Pair]]
Adapter = Callable[[Iterator[Row]], Iterator[Row]]

_NOT_SLUG = re.compile(r"[\W_]+")
_WOO_MEASURE = re.compile(r"^(weight|length|width|height) \((kg|g|lbs|oz|mm|cm|m|in|yd)\)$", re.IGNORECASE)
_WOO_ATTRIBUTE = re.compile(r"^attribute (\d+) (name|value\(s\))$", re.IGNORECASE)

# Heading (squeezed) -> name, for what Shopify calls otherwise than its standard attribute.
_SHOPIFY = {
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


def adapter_for(header: Sequence[str]) -> Adapter | None:
    """Return what turns the rows of a shop's own export into products, or None for any other table."""
    names = {squeeze(name) for name in header}
    if names & {"handle", "urlhandle"} and names & {"variantprice", "option1name", "variantsku"}:
        return _shopify
    if {"sku", "name", "regularprice"} <= names and names & {"type", "instock", "categories"}:
        return _woocommerce
    return None


def _shopify(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield a product for each variant; rows that only carry an image are merged into the product's images."""
    named = ((line, _shopify_names(pairs)) for line, pairs in rows)
    for handle, group in groupby(named, key=lambda row: row[1].get("handle", "")):
        lines = list(group)
        first = dict(lines[0][1])
        images = [cells["image_src"] for _, cells in lines if cells.get("image_src")]
        variants = [(line, cells) for line, cells in lines if _is_variant(cells)] or lines[:1]
        # The names of the options stand in the first row only.
        shared = {k: v for k, v in first.items() if k not in _PER_VARIANT and not k.endswith("_value")}
        for line, cells in variants:
            merged = {**shared, **cells} if cells is not first else cells
            yield line, _shopify_pairs(merged, images, handle, several=len(variants) > 1)


def _shopify_names(pairs: list[Pair]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for name, raw in pairs:
        value = raw.strip()
        if not value:
            continue
        short = name.rpartition(" / ")[2] if name.startswith("Google Shopping / ") else name
        cells[_SHOPIFY.get(squeeze(short)) or snake(standard_name(short) if short is not name else short)] = value
    return cells


def _is_variant(cells: dict[str, str]) -> bool:
    return any(cells.get(name) for name in ("variant_price", "sku", "option1_value", "gtin"))


def _shopify_pairs(cells: dict[str, str], images: list[str], handle: str, *, several: bool) -> list[Pair]:
    cells = dict(cells)
    details: list[dict[str, str]] = []
    options: list[str] = []
    found: dict[str, Any] = {}
    for number in "123":
        name, value = cells.pop(f"option{number}_name", ""), cells.pop(f"option{number}_value", "")
        cells.pop(f"option{number}_linked_to", None)
        if not value or value == "Default Title":
            continue
        options.append(value)
        add_option(found, details, name or f"Option {number}", value)
    price, compare = cells.pop("variant_price", ""), cells.pop("compare_at_price", "")
    on_sale = _number(compare) > _number(price) >= 0
    found["price"] = compare if on_sale else price
    found["sale_price"] = price if on_sale else ""
    grams = cells.pop("grams", "")
    found["product_weight"] = f"{grams} g" if _number(grams) > 0 else ""
    image, own = cells.pop("variant_image", ""), cells.pop("image_src", "")
    found["images"] = [one for one in dict.fromkeys([image or (own if several else ""), *images]) if one]
    found["availability"] = _shopify_availability(cells)
    if several:
        found["item_group_id"] = handle
    slug = _NOT_SLUG.sub("-", "-".join(options).lower()).strip("-")
    found["id"] = cells.get("sku") or (f"{handle}-{slug}" if several and slug else handle)
    if details:
        found["product_detail"] = details
    order = ["id", "title", *cells, *found]
    pairs = {**cells, **found}
    return [(name, pairs[name]) for name in dict.fromkeys(order) if pairs.get(name)]


def _shopify_availability(cells: dict[str, str]) -> str:
    tracked, quantity = cells.get("inventory_tracker"), cells.get("inventory_quantity", "")
    if not tracked or not quantity:
        return "in_stock" if not tracked else ""
    sells_on = (
        cells.get("inventory_policy", "") == "continue" or cells.get("continue_selling_when_out_of_stock") == "TRUE"
    )
    if _number(quantity) > 0:
        return "in_stock"
    return "backorder" if sells_on else "out_of_stock"


def _number(text: str) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return -1.0


def _woocommerce(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield a product for each row: simple products, variable ones and their variations, as the shop exports them."""
    for line, pairs in rows:
        yield line, _woocommerce_pairs(pairs)


def _woocommerce_pairs(pairs: list[Pair]) -> list[Pair]:
    out: list[Pair] = []
    options: dict[str, dict[str, str]] = {}
    cells = {squeeze(name): raw.strip() for name, raw in pairs}
    for name, raw in pairs:
        value, key = raw.strip(), squeeze(name)
        measure, option = _WOO_MEASURE.match(name.strip()), _WOO_ATTRIBUTE.match(name.strip())
        if option:
            options.setdefault(option[1], {})[option[2].lower()] = value
        elif not value:
            continue
        elif measure:
            unit = {"lbs": "lb"}.get(measure[2].lower(), measure[2].lower())
            out.append((f"product_{measure[1].lower()}", f"{value} {unit}"))
        elif key == "categories":
            out.append(("product_type", [part.strip() for part in re.split(r"(?<!\\),", value) if part.strip()]))
        elif key == "shortdescription":
            out.append(("short_description" if cells.get("description") else "description", value))
        elif key == "parent":
            out += [("parent", value), ("item_group_id", value.removeprefix("id:"))]
        elif key == "instock":
            out.append(("availability", {"1": "in_stock", "0": "out_of_stock"}.get(value, value)))
        else:
            out.append((_WOOCOMMERCE.get(key, name), value))
    if cells.get("type", "").startswith("variable") and "parent" not in dict(out):
        out.append(("item_group_id", cells.get("sku") or cells.get("id", "")))
    found: dict[str, Any] = {}
    details: list[dict[str, str]] = []
    for option_cells in options.values():
        name, value = option_cells.get("name", ""), option_cells.get("value(s)", "")
        if name and value:
            add_option(found, details, name, value)
    out += found.items()
    if details:
        out.append(("product_detail", details))
    return out


_WOOCOMMERCE = {
    "id": "id",
    "type": "woocommerce_type",
    "name": "title",
    "regularprice": "price",
    "saleprice": "sale_price",
    "images": "images",
    "externalurl": "link",
    "gtinupceanorisbn": "gtin",
    "brands": "brand",
}
