"""BigCommerce's product exports: the rows of a product, its variants and its images, and the older bulk edit form.

In both, a row says in its first cells what it is; those that follow a product belong to it. Prices of 0 are unset.
"""

from __future__ import annotations

import re
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
    "item": "item",
    "itemtype": "item",
    "id": "bigcommerce_id",
    "productid": "bigcommerce_id",
    "name": "title",
    "productname": "title",
    "productcodesku": "sku",
    "type": "bigcommerce_type",
    "producttype": "bigcommerce_type",
    "productdescription": "description",
    "brandname": "brand",
    "brand": "brand",
    "categories": "category",
    "category": "category",
    # An address within the shop and no whole one.
    "producturl": "url_path",
    "currentstock": "stock",
    "currentstocklevel": "stock",
    "inventorytracking": "tracking",
    "trackinventory": "tracking",
    "costprice": "cost_of_goods_sold",
    "retailprice": "msrp",
    "upcean": "upc_ean",
    "productupcean": "upc_ean",
    "globaltradenumber": "global_trade_number",
    "gpsglobaltradeitemnumber": "global_trade_number",
    "manufacturerpartnumber": "mpn",
    "gpsmanufacturerpartnumber": "mpn",
    "gpsgender": "gender",
    "gpsagegroup": "age_group",
    "gpscolor": "color",
    "gpssize": "size",
    "gpsmaterial": "material",
    "gpspattern": "pattern",
    "productcondition": "condition",
    "productwarranty": "warranty_text",
    "warranty": "warranty_text",
}
_IMAGE = re.compile(r"^(?:internal_image_url_export|image_url_import|product_image_(?:url|file)_\d+)$")
_IMAGE_HEADING = re.compile(r"^(?:internalimageurlexport|imageurlimport|productimage(?:url|file)\d+)$")
"""The same as a heading without case and punctuation."""
_THUMBNAIL = re.compile(r"^(?:image_is_thumbnail|product_image_is_thumbnail_1)$")
_OPTION = re.compile(r"Name=([^|]*)\|Value=([^|;\n]*)")
_OLD_OPTION = re.compile(r"(?:\[[A-Z]{1,3}\])?([^=,\[\]]+)=([^,]*)")
_HALVES = {"brandid": "brand", "producturl": "link", "categories": "product_type"}
"""Numbers in the shop, and an address without its beginning."""
_PER_ITEM = {"item", "bigcommerce_id", "sku", "upc_ean", "global_trade_number", "mpn", "stock", "options", "low_stock"}


def bigcommerce(header: set[str]) -> Shop | None:
    """Return the export where these squeezed headings are those of BigCommerce."""
    newer = {"item", "name"} <= header and header & {"inventorytracking", "internalimageurlexport", "currentstock"}
    if newer or ({"itemtype", "productname"} <= header and header & {"productcodesku", "optionset"}):
        images = {heading: "images" for heading in header if _IMAGE_HEADING.match(heading)}
        return Shop("BigCommerce", _adapt, {**images, **_NAMES}, _HALVES)
    return None


def _adapt(rows: Iterator[Row], note: Note) -> Iterator[Row]:
    cells_of = ((line, named(pairs, _NAMES)) for line, pairs in rows)
    for family in families(cells_of, lambda cells: _kind(cells) == "product"):
        line, product = family[0]
        images = _images([cells for _, cells in family if _kind(cells) in ("product", "image")])
        variants = [(at, cells) for at, cells in family[1:] if _kind(cells) in ("variant", "sku")]
        if not variants:
            yield line, _pairs(product, product, images)
        for at, cells in variants:
            yield at, _pairs(cells, product, images)


def _kind(cells: Cells) -> str:
    return cells.get("item", "").strip().lower()


def _images(rows: list[Cells]) -> list[str]:
    found: list[tuple[bool, str]] = []
    for cells in rows:
        main = any(_THUMBNAIL.match(name) and value.lower() in ("true", "y", "yes") for name, value in cells.items())
        found += [(not main, value) for name, value in cells.items() if _IMAGE.match(name)]
    # The one that the shop shows first, then the others in their order.
    return list(dict.fromkeys(value for _, value in sorted(found, key=lambda pair: pair[0])))


def _pairs(cells: Cells, product: Cells, images: list[str]) -> list[Pair]:
    several = cells is not product
    options = _options(cells) if several else []
    own_images = _images([cells]) if several else []
    if several:
        shared = {name: value for name, value in product.items() if name not in _PER_ITEM}
        own = {name: value for name, value in cells.items() if name != "title" and not _is_unset(name, value)}
        if "stock" not in own and product.get("tracking", "").lower() == "product":
            own["stock"] = product.get("stock", "")
        merged = {**shared, **own}
    else:
        merged = dict(cells)
    merged = {name: value for name, value in merged.items() if not _IMAGE.match(name) and not _is_unset(name, value)}
    found: dict[str, Any] = {"images": list(dict.fromkeys([*own_images, *images]))}
    add_options(found, options)
    found["gtin"] = merged.pop("upc_ean", "") or merged.pop("global_trade_number", "")
    categories = merged.pop("category", "")
    ids = all(part.strip().isdecimal() for part in re.split(r"[;,]", categories))
    if ids:
        merged["category_ids"] = categories
    else:
        found["product_type"] = parts(categories, ";")
    found["availability"] = _availability(merged)
    group = product.get("sku") or product.get("bigcommerce_id", "")
    own_id = merged.get("sku") or ("" if several else merged.get("bigcommerce_id", ""))
    add_id(found, own_id or cells.get("bigcommerce_id", ""), group, [v for _, v in options], several=several)
    merged.pop("item", None)
    return as_pairs(merged, found)


def _is_unset(name: str, value: str) -> bool:
    return name in ("price", "sale_price", "msrp", "cost_of_goods_sold") and number(value) == 0


def _options(cells: Cells) -> list[tuple[str, str]]:
    if "options" in cells:
        return [(name.strip(), value.strip()) for name, value in _OPTION.findall(cells["options"])]
    return [(name.strip(), value.strip()) for name, value in _OLD_OPTION.findall(cells.get("title", ""))]


def _availability(cells: Cells) -> str:
    tracking = cells.get("tracking", "").lower()
    return "in_stock" if tracking == "none" else in_stock(cells.get("stock", ""))
