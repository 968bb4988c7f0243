"""Ceneo (`<offers><o id= price= avail=>`).

Of `avail`, 1 is in stock and 110 a presale; 3, 7 and 14 are days until it is sent, 90 is made to order, and 99 is not
known, none of which is one of the attribute's own words. Weights are in kilograms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from feedeval.feed.parsing.dialects.parts import Options, attribute, children, filled, path_of, text_of
from feedeval.feed.parsing.elements import raw_value, split_tag
from feedeval.feed.parsing.money import number
from feedeval.feed.parsing.values import Pair

if TYPE_CHECKING:
    from lxml import etree

    from feedeval.feed.parsing.dialects.definitions import Definitions

_NAMES = {"name": "title", "desc": "description", "url": "link"}
_AVAIL = {"1": "in_stock", "110": "preorder"}
_CODES = {
    "producent": "brand",
    "ean": "gtin",
    "isbn": "gtin",
    "kod_producenta": "mpn",
    "kod producenta": "mpn",
}


def ceneo_products(item: etree._Element, definitions: Definitions) -> list[list[Pair]]:
    """Return the product of an `o`."""
    pairs: list[Pair] = []
    for key, text in item.attrib.items():
        name, value = split_tag(str(key))[1], str(text).strip()
        if name == "avail":
            pairs.append(_available(value, attribute(item, "stock")))
        elif name == "weight":
            pairs.append(("product_weight", f"{value} kg" if number(value) > 0 else ""))
        else:
            pairs.append((_NAMES.get(name, name), value))
    options = Options()
    for name, child in children(item):
        if name == "cat":
            pairs.append(("product_type", path_of(text_of(child))))
        elif name == "imgs":
            pairs.append(("images", [url for _, image in children(child) if (url := attribute(image, "url"))]))
        elif name == "attrs":
            for _, each in children(child):
                pairs += _attribute(attribute(each, "name"), text_of(each), options)
        else:
            pairs.append((_NAMES.get(name, name), raw_value(child)))
    return [filled([*pairs, *options.pairs(name for name, raw in pairs if raw)])]


def _available(code: str, stock: str) -> Pair:
    """Return the availability that a code states; beside a stock of none, in stock would be a guess."""
    word = _AVAIL.get(code, "")
    return ("avail", code) if not word or (word == "in_stock" and stock == "0") else ("availability", word)


def _attribute(name: str, value: str, options: Options) -> list[Pair]:
    if known := _CODES.get(name.casefold()):
        return [(known, value)]
    if name and value:
        options.add(name, value)
    return []
