"""Skroutz (`<mywebstore><products><product>` with `<price_with_vat>`).

Attributes: developer.skroutz.gr/feedspec. `instock` says whether the shop has it on its own shelf; what it has not may
still be sold, so only `Y` is taken for a statement of availability.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from feedeval.feed.parsing.columns import squeeze
from feedeval.feed.parsing.dialects.parts import are_products, attribute, children, filled, path_of, text_of
from feedeval.feed.parsing.elements import raw_value
from feedeval.feed.parsing.money import number
from feedeval.feed.parsing.values import Pair

if TYPE_CHECKING:
    from lxml import etree

    from feedeval.feed.parsing.dialects.definitions import Definitions

_NAMES = {
    "uniqueid": "id",
    "id": "id",
    "variationid": "id",
    "name": "title",
    "link": "link",
    "pricewithvat": "price",
    "price": "price",
    "manufacturer": "brand",
    "ean": "gtin",
    "barcode": "gtin",
}
_IMAGES = {"image", "additionalimage", "additionalimages", "additionalimageurl"}
_IN_STOCK = {"in stock", "instock", "σε απόθεμα", "άμεσα διαθέσιμο", "διαθέσιμο"}
_PER_VARIATION = {"size", "quantity", "availability", "availability_text", "on_own_shelf"}


def skroutz_products(item: etree._Element, definitions: Definitions) -> list[list[Pair]]:
    """Return the product of an element, or one for each of its variations that has an id of its own."""
    pairs = _pairs(item)
    variations = [
        _pairs(variation)
        for name, child in children(item)
        if squeeze(name) == "variations"
        for _, variation in children(child)
    ]
    ids = [dict(variation).get("id") for variation in variations]
    if not are_products(ids):
        return [pairs]
    group = dict(pairs).get("id")
    found = []
    for variation in variations:
        own = {name for name, _ in variation}
        shared = [(name, raw) for name, raw in pairs if name not in own and name not in _PER_VARIATION]
        found.append([*variation, *shared, *([("item_group_id", group)] if group else [])])
    return found


def _pairs(element: etree._Element) -> list[Pair]:
    pairs: list[Pair] = [("id", attribute(element, "id", "uniqueid"))]
    images: list[str] = []
    shelf = said = ""
    for name, child in children(element):
        key = squeeze(name)
        if key in _IMAGES:
            images += [text_of(each) for _, each in children(child)] or [text_of(child)]
        elif key == "category":
            pairs.append(("product_type", path_of(text_of(child))))
        elif key == "instock":
            shelf = text_of(child)
        elif key == "availability":
            said = text_of(child)
        elif key == "weight":
            weight = text_of(child)
            pairs.append(("product_weight", f"{weight} g" if number(weight) >= 0 else weight))
        elif key != "variations":
            pairs.append((_NAMES.get(key, name), raw_value(child)))
    there = shelf.upper() == "Y" or said.casefold() in _IN_STOCK
    pairs += [("availability", "in_stock")] if there else [("on_own_shelf", shelf)]
    return filled([*pairs, ("availability_text", said if said.casefold() not in _IN_STOCK else ""), ("images", images)])
