"""Wix Stores: rows of products, followed by those of their variants and media, in both forms of the export.

A variant costs its product's price and its own surcharge; a discount is stated as an amount or in per cent. Images are
named as Wix keeps them; `https://static.wixstatic.com/media/` is where it serves them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from feedeval.feed.parsing.money import decimal
from feedeval.feed.parsing.shops.rows import (
    Cells,
    Note,
    Row,
    Shop,
    add_id,
    add_options,
    as_pairs,
    families,
    in_stock,
    named,
    parts,
)
from feedeval.feed.parsing.values import Pair

_NAMES = {
    "handleid": "handle",
    "fieldtype": "field_type",
    "name": "title",
    "plaindescription": "description",
    "productimageurl": "media",
    "collection": "collection",
    "categories": "collection",
    "barcode": "gtin",
    "cost": "cost_of_goods_sold",
    "discountmode": "discount_mode",
    "discountvalue": "discount_value",
    "strikethroughprice": "strikethrough_price",
    "preorderenabled": "pre_order_enabled",
}
_PARTS = {"name": "name", "type": "type", "description": "value", "choices": "value", "choice": "value"}
_OPTION = re.compile(r"^product_option_(name|type|description|choices?)_?\[?(\d)\]?$")
_MEDIA = re.compile(r"^[0-9a-f]{6}_[\w~.-]+\.(?:jpe?g|png|gif|webp|avif|bmp)$", re.IGNORECASE)
_COLOUR = re.compile(r"^#[0-9a-f]{3,8}:", re.IGNORECASE)
_OF_PRODUCT = {"sku", "gtin", "price", "surcharge", "inventory", "media", "field_type", "strikethrough_price"}


def wix(header: set[str]) -> Shop | None:
    """Return the export where these squeezed headings are those of Wix."""
    if "fieldtype" in header and header & {"handleid", "handle"} and "name" in header:
        return Shop("Wix", _adapt, _NAMES)
    return None


def _adapt(rows: Iterator[Row], note: Note) -> Iterator[Row]:
    cells_of = ((line, named(pairs, _NAMES)) for line, pairs in rows)
    for family in families(cells_of, lambda cells: _kind(cells) == "product"):
        line, product = family[0]
        variants = [(at, cells) for at, cells in family[1:] if _kind(cells) == "variant"]
        own = [image for _, cells in family if _kind(cells) == "media" for image in _images(cells)]
        images = [*_images(product), *own]
        if not variants:
            yield line, _pairs(product, product, images, several=False)
        for at, cells in variants:
            yield at, _pairs(cells, product, images, several=True)


def _kind(cells: Cells) -> str:
    return cells.get("field_type", "").lower()


def _images(cells: Cells) -> list[str]:
    names = parts(cells.get("media", ""), ";")
    return [f"https://static.wixstatic.com/media/{name}" if _MEDIA.match(name) else name for name in names]


def _pairs(cells: Cells, product: Cells, images: list[str], *, several: bool) -> list[Pair]:
    shared = {name: value for name, value in product.items() if cells is product or name not in _OF_PRODUCT}
    merged = {**shared, **cells}
    options = _options(merged, several=several)
    merged = {name: value for name, value in merged.items() if not _OPTION.match(name)}
    found: dict[str, Any] = {**_prices(merged, product), "availability": _availability(merged)}
    add_options(found, options)
    found["images"] = list(dict.fromkeys([*(_images(cells) if several else []), *images]))
    found["product_type"] = parts(merged.pop("collection", ""), ";")
    chosen = [value for _, value in options] if several else []
    add_id(found, merged.get("sku", ""), merged.get("handle", ""), chosen, several=several)
    for name in ("media", "price", "field_type"):
        merged.pop(name, None)
    return as_pairs(merged, found)


def _options(merged: Cells, *, several: bool) -> list[tuple[str, str]]:
    """Return what a variant is, or what a product without variants can be chosen in."""
    found: dict[str, dict[str, str]] = {}
    for name, value in merged.items():
        if match := _OPTION.match(name):
            found.setdefault(match[2], {})[_PARTS[match[1]]] = value
    options = []
    for place, cells in sorted(found.items()):
        values = [_COLOUR.sub("", value.strip()) for value in cells.get("value", "").split(";")]
        if any(values) and (not several or len(values) == 1):
            options.append((cells.get("name") or f"Option {place}", ", ".join(values)))
    return options


def _prices(cells: Cells, product: Cells) -> dict[str, str]:
    price, surcharge = decimal(cells.get("price", product.get("price", ""))), decimal(cells.get("surcharge", ""))
    if price is None:
        return {"price": cells.get("price", product.get("price", ""))}
    price += surcharge or 0
    crossed_out = decimal(cells.get("strikethrough_price", product.get("strikethrough_price", "")))
    if crossed_out is not None and crossed_out > price:
        return {"price": _money(crossed_out), "sale_price": _money(price)}
    off, mode = decimal(cells.get("discount_value", "")), cells.get("discount_mode", "").upper()
    if not off or off < 0:
        return {"price": _money(price)}
    if mode == "PERCENT":
        # Whether the surcharge is reduced too is not said.
        reduced = None if surcharge else (price * (100 - off) / 100).quantize(Decimal("0.01"))
    else:
        reduced = price - off if mode == "AMOUNT" else None
    return {"price": _money(price), "sale_price": _money(reduced) if reduced and reduced > 0 else ""}


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}" if amount == amount.quantize(Decimal("0.01")) else str(amount)


def _availability(cells: Cells) -> str:
    said = cells.get("inventory", "").replace("_", "").lower()
    named_so = {"instock": "in_stock", "outofstock": "out_of_stock"}.get(said)
    return named_so or in_stock(cells.get("inventory", ""))
