"""PrestaShop: the file of products, and the list that its back office exports, with headings in the shop's language."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from feedeval.feed.parsing.columns import squeeze
from feedeval.feed.parsing.money import decimal
from feedeval.feed.parsing.shops.rows import Note, Row, Shop, as_pairs, in_stock, named, parts
from feedeval.feed.tables import table


@cache
def _names() -> dict[str, str]:
    """Return what each squeezed heading is read as."""
    found: dict[str, str] = {}
    for row in table("prestashop_headings"):
        for heading in row["headings"].split("|"):
            found.setdefault(squeeze(heading), row["name"])
    return found


def prestashop(header: set[str]) -> Shop | None:
    """Return the export where these squeezed headings are those of PrestaShop."""
    known = {_names()[heading] for heading in header if heading in _names()}
    priced = {"net_price"} & known
    if priced and {"title", "reference"} <= known and len(known) >= 5:
        return Shop("PrestaShop", _adapt, _names())
    return None


def _adapt(rows: Iterator[Row], note: Note) -> Iterator[Row]:
    for line, pairs in rows:
        cells = named(pairs, _names())
        found: dict[str, Any] = {}
        net = cells.pop("net_price", "")
        if net and not cells.get("price"):
            found["price"] = net
            note("prices are those without tax, as the export states no others")
        elif net:
            cells["price_tax_excluded"] = net
        found["images"] = parts(cells.pop("image_urls", ""))
        found["product_type"] = parts(cells.pop("categories", ""))
        summary = cells.get("short_description", "")
        if summary and not cells.get("description"):
            found["description"] = cells.pop("short_description")
        found["gtin"] = cells.get("gtin") or cells.get("upc") or cells.get("isbn", "")
        quantity = cells.get("quantity", "")
        found["availability"] = in_stock(quantity) if (decimal(quantity) or 0) > 0 else ""
        found["product_detail"] = list(_features(cells.pop("feature", "")))
        yield line, as_pairs(cells, found)


def _features(text: str) -> Iterator[dict[str, str]]:
    for feature in text.split(","):
        name, _, rest = feature.partition(":")
        if name.strip() and (value := rest.split(":")[0].strip()):
            yield {"attribute_name": name.strip(), "attribute_value": value}
