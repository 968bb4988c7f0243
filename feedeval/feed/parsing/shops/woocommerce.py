"""WooCommerce's product export, in any language: simple products, and the variations of variable ones.

A variation is given with the text, images, categories and options of the variable product that it belongs to, and this
is no product of its own then. The variations of a product can stand anywhere in the file, so variable products are kept
in memory until the end, and so are variations until their product comes; simple products are not. A variable product
without variations in the file is a product, which comes last.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from feedeval.feed.parsing.columns import squeeze
from feedeval.feed.parsing.shops.rows import Row, Shop, add_options, in_stock
from feedeval.feed.parsing.shops.woocommerce_headings import Headings, headings_of
from feedeval.feed.parsing.understood import answered
from feedeval.feed.parsing.values import Pair

_MEASURE = re.compile(r"^(weight|length|width|height) \(([^()]+)\)$", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"^attribute (\d+) (name|value\(s\))$", re.IGNORECASE)
_COMMA = re.compile(r"(?<!\\),")
_NEW_LINE = re.compile(r"(?<!\\)\\n")
_GTIN = re.compile(r"\bgtin\b.*\bisbn\b", re.IGNORECASE)
_NAMES = {
    "id": "id",
    "type": "woocommerce_type",
    "name": "title",
    "regularprice": "price",
    "saleprice": "sale_price",
    "images": "images",
    "externalurl": "link",
    "gtinupceanorisbn": "gtin",
    "brands": "brand",
    "categories": "product_type",
    "instock": "availability",
    "costofgoods": "cost_of_goods_sold",
}
_SHARED = {
    *("shortdescription", "description", "categories", "tags", "brands", "shippingclass", "taxstatus", "isfeatured"),
    *("visibilityincatalog", "allowcustomerreviews", "purchasenote", "externalurl", "buttontext"),
}
"""Headings that are filled for a variable product and count for its variations where these leave them empty."""


@dataclass(slots=True)
class _Parsed:
    """A row by its English headings."""

    line: int
    cells: dict[str, str]
    """By squeezed heading, filled or not."""
    names: dict[str, str]
    """The headings themselves."""
    options: dict[str, str]
    """What the buyer can choose or read, by its name; empty where a variation leaves the choice open."""
    group: str = ""
    has_variations: bool = False
    waiting: list[_Parsed] = field(default_factory=list)


def woocommerce(header: Sequence[str], samples: Sequence[Sequence[str]]) -> Shop | None:
    """Return the export where headings and first rows are WooCommerce's."""
    headings = headings_of(header, samples)
    if headings is None:
        return None
    english = dict(headings.english) | {h: "GTIN, UPC, EAN, or ISBN" for h in header if _GTIN.search(h)}
    names = {squeeze(h): _NAMES.get(squeeze(name), squeeze(name)) for h, name in english.items()}
    read = Headings(english, headings.language)
    language = "" if headings.language in ("", "en") else f" with headings in the language “{headings.language}”"
    return Shop(f"WooCommerce{language}", lambda rows, note: _adapt(rows, read), names)


def _adapt(rows: Iterable[Row], headings: Headings) -> Iterator[Row]:
    parents: dict[str, _Parsed] = {}
    variable: list[_Parsed] = []
    early: dict[str, list[_Parsed]] = defaultdict(list)
    for line, pairs in rows:
        row = _parse(line, pairs, headings)
        kind = row.cells.get("type", "").lower()
        if kind.startswith("variable"):
            variable.append(row)
            for key in filter(None, (row.cells.get("sku"), f"id:{row.cells.get('id')}")):
                parents[key] = row
                for variation in early.pop(key, ()):
                    yield variation.line, _variation(variation, row)
        elif (parent := row.cells.get("parent", "")) and not kind.startswith("grouped"):
            if parent in parents:
                yield line, _variation(row, parents[parent])
            else:
                early[parent].append(row)
        else:
            yield line, _pairs(row)
    for orphans in early.values():
        for row in orphans:
            yield row.line, _pairs(row)
    for row in variable:
        if not row.has_variations:
            yield row.line, _pairs(row)


def _parse(line: int, pairs: Iterable[Pair], headings: Headings) -> _Parsed:
    row = _Parsed(line, {}, {}, {})
    attributes: dict[str, dict[str, str]] = {}
    for heading, raw in pairs:
        name, value = headings.english.get(heading, heading), raw.strip()
        key = squeeze(name)
        if option := _ATTRIBUTE.match(name):
            attributes.setdefault(option[1], {})[option[2].lower()] = value.replace("\\,", ",")
            continue
        if key in ("regularprice", "saleprice") or _MEASURE.match(name):
            value = _number(value, comma=headings.decimal_comma)
        elif key in ("description", "shortdescription"):
            value = _NEW_LINE.sub("\n", value)
        row.cells[key], row.names[key] = value, name
    row.options = {cells["name"]: cells.get("value(s)", "") for cells in attributes.values() if cells.get("name")}
    return row


def _number(text: str, *, comma: bool) -> str:
    """Return a number with a decimal point; one that could be read in two ways stays as it is written.

    WooCommerce writes no thousands separators, but who edits the file may.
    """
    whole, mark, rest = text.rpartition(",")
    if not mark or not rest.isdecimal() or not whole.isdecimal() or not whole.isascii():
        return text
    return f"{whole}.{rest}" if len(rest) != 3 or (comma and whole == "0") else text


def _variation(row: _Parsed, parent: _Parsed) -> list[Pair]:
    """Return a variation's pairs with what it has from its product."""
    parent.has_variations = True
    # Its variations may name it by its sku or by its number; they are one group all the same.
    row.group = parent.cells.get("sku") or parent.cells.get("id", "")
    for key, value in parent.cells.items():
        name = parent.names[key]
        if key in _SHARED or key == "name" or _MEASURE.match(name):
            if not row.cells.get(key):
                row.cells[key], row.names[key] = value, name
        elif key == "images":
            row.cells[key] = ", ".join(filter(None, (row.cells.get(key), value)))
            row.names[key] = name
        elif row.cells.get(key) == "parent":
            row.cells[key] = value
    row.options = {
        **{name: value for name, value in parent.options.items() if name not in row.options},
        **{name: value or parent.options.get(name, "") for name, value in row.options.items()},
    }
    return _pairs(row)


def _pairs(row: _Parsed) -> list[Pair]:
    out: list[Pair] = []
    cells = row.cells
    for key, value in cells.items():
        name = row.names[key]
        if not value or key == "instock":
            continue
        if measure := _MEASURE.match(name):
            out.append((f"product_{measure[1].lower()}", f"{value} {measure[2]}"))
        elif key == "categories":
            parts = (part.replace("\\,", ",").strip() for part in _COMMA.split(value))
            out.append(("product_type", [part for part in parts if part]))
        elif key == "shortdescription":
            out.append(("short_description" if cells.get("description") else "description", value))
        elif key == "parent":
            out += [("parent", value), ("item_group_id", row.group or value.removeprefix("id:"))]
        else:
            out.append((_NAMES.get(key, name), value))
    if availability := _availability(cells):
        out.append(("availability", availability))
    if cells.get("type", "").startswith("variable") and not cells.get("parent"):
        out.append(("item_group_id", cells.get("sku") or cells.get("id", "")))
    found: dict[str, Any] = {}
    add_options(found, [(name, value) for name, value in row.options.items() if value])
    return [*out, *found.items()]


def _availability(cells: dict[str, str]) -> str:
    sells_on = cells.get("backordersallowed", "") in ("1", "yes", "notify")
    return answered(cells.get("instock", "")) or in_stock(cells.get("stock", ""), sells_on=sells_on)
