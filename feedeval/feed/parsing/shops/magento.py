"""Magento 2 and Adobe Commerce: configurable products, and the simple ones that are their variants.

`configurable_variations` of a configurable product names its variants, which stand in rows of their own, mostly before
it. Simple products that are not shown by themselves wait for it in memory, at most `_MOST_WAITING` of them; what nobody
names is a product of its own, as is a configurable product without variants in the file. Configurable products are kept
until the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from feedeval.feed.parsing.options import option_attribute
from feedeval.feed.parsing.shops.rows import Cells, Note, Row, Shop, add_options, as_pairs, in_stock, named, parts
from feedeval.feed.parsing.understood import answered
from feedeval.feed.parsing.values import Pair

_MOST_WAITING = 20_000
_NAMES = {
    "name": "title",
    "producttype": "magento_type",
    "specialprice": "sale_price",
    "cost": "cost_of_goods_sold",
    "baseimage": "base_image",
    "additionalimages": "additional_images",
    "categories": "categories",
    "isinstock": "is_in_stock",
    "qty": "qty",
}
_HALVES = {"baseimage": "image_link", "additionalimages": "additional_image_link", "urlkey": "link"}
"""Parts of addresses, but for shops that keep their pictures elsewhere."""
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_NEXT = re.compile(r",(?=[\w]+=)")
_OWN_IMAGES = ("base_image", "small_image", "thumbnail_image", "swatch_image")
_SHARED = {"description", "short_description", "categories", "additional_images", *_OWN_IMAGES}
_BRANDS = ("brand", "manufacturer")


def magento(header: set[str]) -> Shop | None:
    """Return the export where these squeezed headings are those of Magento."""
    if {"sku", "name"} <= header and len(
        header & {"attributesetcode", "storeviewcode", "producttype", "configurablevariations", "additionalattributes"}
    ) >= 2:
        return Shop("Magento", _adapt, _NAMES, _HALVES)
    return None


class _Families:
    """Variants that wait for their product, and products by the variants that they name."""

    def __init__(self) -> None:
        self.waiting: dict[str, tuple[int, Cells]] = {}
        self.parents: dict[str, tuple[Cells, dict[str, str]]] = {}
        self.configurable: list[tuple[int, Cells]] = []
        self.joined: set[str] = set()

    def add(self, line: int, cells: Cells) -> Iterator[Row]:
        """Yield the products that are complete with this row."""
        sku = cells.get("sku", "")
        if cells.get("magento_type", "").lower() == "configurable":
            self.configurable.append((line, cells))
            for variant, chosen in _variations(cells).items():
                self.parents[variant] = (cells, chosen)
                if variant in self.waiting:
                    yield self._variant(*self.waiting.pop(variant))
        elif sku in self.parents:
            yield self._variant(line, cells)
        elif cells.get("visibility", "").lower() == "not visible individually":
            self.waiting[sku] = (line, cells)
            if len(self.waiting) > _MOST_WAITING:
                first = self.waiting.pop(next(iter(self.waiting)))
                yield first[0], _pairs(first[1])
        else:
            yield line, _pairs(cells)

    def rest(self) -> Iterator[Row]:
        """Yield what is left when all rows were seen."""
        for line, cells in self.waiting.values():
            yield line, _pairs(cells)
        for line, cells in self.configurable:
            if cells.get("sku", "") not in self.joined:
                yield line, _pairs(cells)

    def _variant(self, line: int, cells: Cells) -> Row:
        parent, chosen = self.parents[cells["sku"]]
        self.joined.add(parent.get("sku", ""))
        shared = {name: value for name, value in parent.items() if name in _SHARED and not cells.get(name)}
        return line, [*_pairs({**shared, **cells}, chosen), ("item_group_id", parent.get("sku", ""))]


def _adapt(rows: Iterator[Row], note: Note) -> Iterator[Row]:
    families = _Families()
    for line, pairs in rows:
        cells = named(pairs, _NAMES)
        if cells.get("store_view_code", "").lower() not in ("", "default", "admin"):
            note("rows of single store views (store_view_code) repeat products in part and were left out")
            continue
        yield from families.add(line, cells)
    yield from families.rest()


def _variations(cells: Cells) -> dict[str, dict[str, str]]:
    """Return the variants that a configurable product names, with what each is, by sku."""
    labels = dict(_assigned(cells.get("configurable_variation_labels", "")))
    found = {}
    for variation in cells.get("configurable_variations", "").split("|"):
        parts = dict(_assigned(variation))
        if sku := parts.pop("sku", ""):
            found[sku] = {labels.get(name, name): value for name, value in parts.items()}
    return found


def _assigned(text: str) -> Iterator[tuple[str, str]]:
    for part in _NEXT.split(text):
        name, equals, value = part.partition("=")
        if equals and value.strip():
            yield name.strip(), value.strip()


def _pairs(cells: Cells, chosen: dict[str, str] | None = None) -> list[Pair]:
    cells = dict(cells)
    found: dict[str, Any] = {"id": cells.get("sku", "")}
    options = dict(chosen or {})
    taken = {option_attribute(name) or name.lower() for name in options}
    for name, value in _assigned(cells.pop("additional_attributes", "")):
        if name in _BRANDS:
            found.setdefault("brand", value)
        elif (option_attribute(name) or name.lower()) not in taken:
            options[name] = ", ".join(value.split("|"))
    add_options(found, list(options.items()))
    images = [*parts(cells.get("base_image", "")), *parts(cells.get("additional_images", ""))]
    found["images"] = list(dict.fromkeys(image for image in images if _ADDRESS.match(image)))
    if found["images"]:
        cells = {name: value for name, value in cells.items() if name not in ("base_image", "additional_images")}
    found["product_type"] = [path.replace("/", " > ") for path in parts(cells.pop("categories", ""))]
    found["availability"] = answered(cells.get("is_in_stock", "")) or in_stock(cells.get("qty", ""))
    return as_pairs(cells, found)
