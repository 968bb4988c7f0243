"""Squarespace's product export: a row a variant, of which the first carries the text and the images of the product."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from feedeval.feed.parsing.money import number
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
    "productidnoneditable": "squarespace_product_id",
    "variantidnoneditable": "squarespace_variant_id",
    "producttypenoneditable": "squarespace_type",
    "productid": "squarespace_product_id",
    "variantid": "squarespace_variant_id",
    # Parts of an address and no address.
    "productpage": "page_path",
    "producturl": "url_path",
    "hostedimageurls": "hosted_image_urls",
    "categories": "product_type",
    "gtin": "gtin",
}
_HALVES = {"producturl": "link", "productpage": "link"}
"""Parts of an address."""
_PER_VARIANT = {"sku", "price", "sale_price", "on_sale", "stock", "squarespace_variant_id", "gtin"}


def squarespace(header: set[str]) -> Shop | None:
    """Return the export where these squeezed headings are those of Squarespace."""
    if header & {"hostedimageurls", "productidnoneditable"} and header & {"optionname1", "variantidnoneditable"}:
        return Shop("Squarespace", _adapt, _NAMES, _HALVES)
    return None


def _adapt(rows: Iterator[Row], note: Note) -> Iterator[Row]:
    cells_of = ((line, named(pairs, _NAMES)) for line, pairs in rows)
    for family in families(cells_of, lambda cells: bool(cells.get("title") or cells.get("squarespace_product_id"))):
        first = family[0][1]
        shared = {k: v for k, v in first.items() if k not in _PER_VARIANT and not k.startswith("option_value")}
        for line, cells in family:
            yield line, _pairs({**shared, **cells}, several=len(family) > 1)


def _pairs(cells: Cells, *, several: bool) -> list[Pair]:
    options = []
    for place in "123456":
        name, value = cells.pop(f"option_name_{place}", ""), cells.pop(f"option_value_{place}", "")
        if value:
            options.append((name or f"Option {place}", value))
    found: dict[str, Any] = {}
    add_options(found, options)
    found["images"] = list(dict.fromkeys(cells.pop("hosted_image_urls", "").split()))
    found["product_type"] = parts(cells.pop("product_type", ""))
    on_sale = cells.get("on_sale", "yes").lower() in ("yes", "true", "1")
    found["sale_price"] = cells.pop("sale_price", "") if on_sale and number(cells.get("sale_price", "")) > 0 else ""
    cells.pop("sale_price", None)
    stock = cells.get("stock", "")
    found["availability"] = "in_stock" if stock.lower() == "unlimited" else in_stock(stock)
    own = cells.get("sku") or cells.get("squarespace_variant_id", "")
    group = cells.get("squarespace_product_id") or cells.get("url_path", "")
    add_id(found, own, group, [value for _, value in options], several=several)
    return as_pairs(cells, found)
