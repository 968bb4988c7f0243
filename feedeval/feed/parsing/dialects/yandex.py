"""Yandex Market's YML (`<yml_catalog><shop><offers><offer>`).

Elements: yandex.com/support/partnermarket/elements. `available="true"` is ready to be sent; `"false"` is made to order
or has no known delivery time, which is neither out of stock nor a backorder, so it stays as written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from feedeval.feed.parsing.dialects.parts import Options, attribute, children, discounted, filled, text_of
from feedeval.feed.parsing.elements import raw_value
from feedeval.feed.parsing.money import number
from feedeval.feed.parsing.options import option_attribute
from feedeval.feed.parsing.values import Pair

if TYPE_CHECKING:
    from lxml import etree

    from feedeval.feed.parsing.dialects.definitions import Definitions

_NAMES = {
    "url": "link",
    "vendor": "brand",
    "vendorCode": "mpn",
    "barcode": "gtin",
    "group_id": "item_group_id",
    "count": "quantity",
}
_OWN = {
    "name",
    "price",
    "oldprice",
    "currencyId",
    "categoryId",
    "picture",
    "param",
    "weight",
    "dimensions",
    "condition",
}
_CODE = re.compile(r"[A-Z]{3}")
_OLD_CODES = {"RUR": "RUB"}


def yandex_products(item: etree._Element, definitions: Definitions) -> list[list[Pair]]:
    """Return the product of an offer."""
    texts: dict[str, list[str]] = {}
    for name, child in children(item):
        texts.setdefault(name, []).append(text_of(child))
    first = {name: next(filter(None, found), "") for name, found in texts.items()}
    pairs: list[Pair] = [
        ("id", attribute(item, "id")),
        ("title", first.get("name") or _made_title(first)),
        *_available(attribute(item, "available")),
        ("item_group_id", attribute(item, "groupid")),
        *_prices(first),
        *_categories(texts.get("categoryId", []), definitions),
        ("images", [picture for picture in texts.get("picture", ()) if picture]),
        *_measures(first),
    ]
    options = Options()
    for name, child in children(item):
        if name == "param":
            pairs += _param(child, options)
        elif name == "condition":
            pairs += _condition(child)
        elif name not in _OWN:
            pairs.append((_NAMES.get(name, name), raw_value(child)))
    return [filled([*pairs, *options.pairs(name for name, raw in pairs if raw)])]


def _made_title(first: dict[str, str]) -> str:
    """Return the title that Yandex makes of an offer of the type `vendor.model`, which has no name."""
    parts = [first.get(name, "") for name in ("typePrefix", "vendor", "model")]
    return " ".join(filter(None, parts)) if first.get("model") else first.get("title", "")


def _available(said: str) -> list[Pair]:
    return [("availability", "in_stock")] if said.lower() == "true" else [("ready_to_ship", said)]


def _prices(first: dict[str, str]) -> list[Pair]:
    code = first.get("currencyId", "").upper()
    code = _OLD_CODES.get(code, code)
    pairs = discounted(first.get("price", ""), first.get("oldprice", ""))
    if not _CODE.fullmatch(code):
        return [*pairs, ("currency", first.get("currencyId", ""))]
    return [(name, f"{value} {code}") for name, value in pairs if value]


def _categories(ids: list[str], definitions: Definitions) -> list[Pair]:
    paths = {number: definitions.path(number) for number in ids if number}
    return [("product_type", path) if path else ("category_id", number) for number, path in paths.items()]


def _measures(first: dict[str, str]) -> list[Pair]:
    """Return weight (kilograms) and dimensions (length/width/height, centimetres), both of the parcel."""
    weight, sides = first.get("weight", ""), first.get("dimensions", "").split("/")
    pairs: list[Pair] = [("shipping_weight", f"{weight} kg" if number(weight) >= 0 else weight)]
    if len(sides) == 3 and all(number(side) >= 0 for side in sides):
        names = ("shipping_length", "shipping_width", "shipping_height")
        return [*pairs, *((name, f"{side.strip()} cm") for name, side in zip(names, sides, strict=True))]
    return [*pairs, ("dimensions", first.get("dimensions", ""))]


def _param(element: etree._Element, options: Options) -> list[Pair]:
    """Add a parameter with its unit; the unit of a size says in which country's system it is."""
    name, unit, value = attribute(element, "name"), attribute(element, "unit"), text_of(element)
    if not name or not value:
        return []
    if unit and option_attribute(name) == "size":
        options.add(name, value)
        return [("size_unit", unit)]
    options.add(name, f"{value} {unit}" if unit and not value.endswith(unit) else value)
    return []


def _condition(element: etree._Element) -> list[Pair]:
    """Return the state of goods that are not new, which Yandex tells apart more finely than Google."""
    kind = attribute(element, "type")
    nested: dict[str, Any] = {name: text_of(child) for name, child in children(element)}
    said = {"type": kind, **nested} if nested or kind else text_of(element)
    return [("condition", kind)] if kind in ("new", "used") and not nested else [("condition_of_goods", said)]
