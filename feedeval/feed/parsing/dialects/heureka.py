"""Heureka, Zboží.cz and what is modelled on them (`<SHOP><SHOPITEM>`).

Fields: heureka.github.io/xml-feed-specs, napoveda.zbozi.cz/en/specification. Prices are without a currency: the site
that reads the feed knows it, the feed does not say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from feedeval.feed.parsing.dialects.parts import (
    Options,
    are_products,
    children,
    discounted,
    filled,
    named_value,
    path_of,
    text_of,
)
from feedeval.feed.parsing.elements import raw_value
from feedeval.feed.parsing.values import Pair

if TYPE_CHECKING:
    from lxml import etree

    from feedeval.feed.parsing.dialects.definitions import Definitions

_NAMES = {
    "URL": "link",
    "VIDEO_URL": "video_link",
    "PRODUCTNO": "mpn",
    "EAN": "gtin",
    "ITEMGROUP_ID": "item_group_id",
    "BRAND": "brand",
}
_OWN_WORDS = "ITEM_ID PRODUCT PRODUCTNAME PRICE PRICE_VAT PRICE_BEFORE_DISCOUNT OLDPRICE_VAT DELIVERY_DATE"
_OWN = frozenset(_OWN_WORDS.split())
_OF_VARIANT = {"VARIANT_ID": "ITEM_ID", "VARIANTCODE": "PRODUCTNO", "PRODUCTNAMETEXT": "PRODUCTNAME"}
_Fields = dict[str, list["etree._Element"]]


def heureka_products(item: etree._Element, definitions: Definitions) -> list[list[Pair]]:
    """Return the product of a SHOPITEM, or one for each VARIANT in it that has an id of its own."""
    fields = _fields(item)
    variants = [_fields(element) for element in _variants(fields)]
    ids = [_first(variant, "ITEM_ID") for variant in variants]
    if not are_products(ids):
        return [_pairs(fields)]
    group = _first(fields, "ITEMGROUP_ID") or _first(fields, "ITEM_ID")
    shared = {name: found for name, found in fields.items() if name not in ("VARIANT", "VARIANTS")}
    return [
        [*_pairs({**shared, **variant, **_joined(shared, variant)}, without="ITEMGROUP_ID"), ("item_group_id", group)]
        for variant in variants
    ]


def _fields(element: etree._Element) -> _Fields:
    found: _Fields = {}
    for name, child in children(element):
        upper = name.upper()
        found.setdefault(_OF_VARIANT.get(upper, upper), []).append(child)
    return found


def _variants(fields: _Fields) -> list[etree._Element]:
    inside = [
        child for each in fields.get("VARIANTS", ()) for name, child in children(each) if name.upper() == "VARIANT"
    ]
    return [*fields.get("VARIANT", ()), *inside]


def _joined(shared: _Fields, variant: _Fields) -> _Fields:
    """Return the parameters of both: what a variant differs in stands beside what all of them have."""
    return {"PARAM": [*variant.get("PARAM", ()), *shared.get("PARAM", ())]}


def _first(fields: _Fields, name: str) -> str:
    return next((text for element in fields.get(name, ()) if (text := text_of(element))), "")


def _pairs(fields: _Fields, without: str = "") -> list[Pair]:
    name, label = _first(fields, "PRODUCTNAME"), _first(fields, "PRODUCT")
    pairs: list[Pair] = [("id", _first(fields, "ITEM_ID")), ("title", name or label)]
    if label and name and label != name:
        pairs.append(("product_label", label))
    options = Options()
    images: list[str] = []
    for field, elements in fields.items():
        texts: list[Any] = [raw for element in elements if (raw := raw_value(element))]
        if field == without or field in _OWN or not (texts or field == "PARAM"):
            continue
        if field in ("IMGURL", "IMGURL_ALTERNATIVE"):
            images += [text for text in texts if isinstance(text, str)]
        elif field == "PARAM":
            for named in filter(None, map(named_value, elements)):
                options.add(*named)
        elif field == "CATEGORYTEXT":
            pairs += [("product_type", path_of(text)) for text in texts if isinstance(text, str)]
        elif field == "ITEM_TYPE" and texts == ["new"]:
            pairs.append(("condition", "new"))
        else:
            pairs.append((_NAMES.get(field, field), texts if len(texts) > 1 else texts[0]))
    pairs += [("images", images), *_prices(fields), *_delivery(_first(fields, "DELIVERY_DATE"))]
    return filled([*pairs, *options.pairs(name.lower() for name, _ in pairs)])


def _prices(fields: _Fields) -> list[Pair]:
    with_vat, without = _first(fields, "PRICE_VAT"), _first(fields, "PRICE")
    before = _first(fields, "PRICE_BEFORE_DISCOUNT") or _first(fields, "OLDPRICE_VAT")
    # A price beside PRICE_VAT is the one without the tax.
    return [*discounted(with_vat or without, before), ("price_without_vat", without if with_vat else "")]


def _delivery(text: str) -> list[Pair]:
    """Return what DELIVERY_DATE states: 0 is in stock, another number the days that delivery takes, else a date."""
    if text == "0":
        return [("availability", "in_stock")]
    return [("delivery_time_days" if text.isdecimal() else "delivery_date", text)]
