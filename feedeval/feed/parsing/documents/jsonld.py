"""Products of schema.org in JSON-LD: `Product`, `ProductGroup` with its variants, and the lists that hold them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from feedeval.feed.parsing.documents import offers
from feedeval.feed.parsing.documents.fields import (
    Entry,
    Row,
    addresses,
    first_text,
    listing,
    mapping,
    mappings,
    one_or_all,
    text,
)
from feedeval.feed.parsing.documents.linked import GROUPS, has_types, name_of, products, simplify, types, word
from feedeval.feed.parsing.values import Pair

_GTINS = ("gtin", "gtin13", "gtin14", "gtin12", "gtin8", "isbn")
_GROUP_NAMES = ("productGroupID", "inProductGroupWithID")
_PLAIN = ("color", "material", "pattern")
_LENGTHS = {"width": "product_width", "height": "product_height", "depth": "product_length", "length": "product_length"}
_CODES = {
    "KGM": "kg", "GRM": "g", "MGM": "mg", "LBR": "lb", "ONZ": "oz", "CMT": "cm", "MTR": "m", "MMT": "mm", "INH": "in",
    "FOT": "ft", "LTR": "l", "MLT": "ml", "CLT": "cl", "WTT": "W", "KWT": "kW", "VLT": "V", "AMP": "A", "HUR": "h",
    "MIN": "min", "SEC": "s", "CEL": "°C", "P1": "%", "HTZ": "Hz",
}  # fmt: skip
_UNDERSTOOD = {
    "name", "description", "url", "image", "offers", "brand", "manufacturer", *_GTINS, "mpn", "category",
    *_GROUP_NAMES, "hasVariant", "isVariantOf", "variesBy", "additionalProperty", *_PLAIN, "size", "audience",
    "itemCondition", "weight", *_LENGTHS, "hasMeasurement", "sku", "model",
}  # fmt: skip
_OF_GROUP = {"sku", "mpn", "productID", "identifier", "url", "offers", *_GTINS}
"""What a variant does not have from its group: they name the group itself, or another variant."""


def recognises(entry: Entry) -> bool:
    """Whether an entry is JSON-LD; one that holds no product gives no row."""
    return has_types(entry) or ("offers" in entry and offers.is_offered(entry))


def rows(entry: Entry, currency: str) -> Iterator[list[Pair]]:
    """Yield the pairs of each variant of each product that a node is or holds."""
    del currency
    node = simplify(entry)
    for product in products(node) if has_types(node) else [node]:
        yield from _rows(product)


def _rows(product: Entry) -> Iterator[list[Pair]]:
    inside = mappings(product.get("hasVariant"))
    stated = [one for one in inside if set(one) - {"@id", "@type"}]
    if stated:
        for variant in stated:
            yield _pairs(variant, product, several=len(inside) > 1)
        return
    if inside and not product.get("offers"):
        # Its variants stand elsewhere, each as a product.
        return
    parents = [one for one in mappings(product.get("isVariantOf")) if set(one) - {"@id", "@type"}]
    parent = parents[0] if parents else {}
    several = offers.offers_of(product)
    if not parent and offers.variants(several):
        for offer in several:
            yield _pairs(_variant_of(offer), product, several=True)
        return
    yield _pairs(product, parent, several=False)


def _variant_of(offer: Entry) -> Entry:
    """Return the variant that an offer is for."""
    item = mapping(offer.get("itemOffered"))
    own = {name: offer[name] for name in (*offers.IDENTITIES, "image", "url") if name in offer}
    named = {"variantTitle": text(offer.get("name"))}
    return {**own, **named, **item, "offers": {k: v for k, v in offer.items() if k != "itemOffered"}}


def _pairs(product: Entry, parent: Entry, *, several: bool) -> list[Pair]:
    """Return the pairs of one product, with what its group says of all its variants."""
    whole = {**{name: value for name, value in parent.items() if name not in _OF_GROUP}, **product}
    row = Row()
    stated = offers.offers_of(product) or (offers.offers_of(parent) if not several else [])
    row.put("id", _identifier(product) or _identifier({"sku": mapping(stated[0]).get("sku")} if stated else {}))
    row.put("title", text(name_of(whole.get("name"))))
    row.put("description", text(_string(whole.get("description"))))
    found = offers.fields(product, stated)
    row.put("link", first_text(product, "url") or found.get("link") or first_text(parent, "url"))
    row.update(found)
    row.put("condition", offers.fields({}, [{"itemCondition": whole.get("itemCondition")}]).get("condition"))
    row.put("item_group_id", _group(product, parent, several=several))
    shared = name_of(parent.get("name"))
    row.put("item_group_title", shared if shared != name_of(whole.get("name")) else "")
    row.put("brand", name_of(whole.get("brand")) or name_of(whole.get("manufacturer")))
    if whole.get("brand"):
        row.put("manufacturer", name_of(whole.get("manufacturer")))
    row.put("gtin", next((code for key in _GTINS if (code := _only(product.get(key)))), ""))
    row.put("mpn", text(product.get("mpn")))
    row.put("model", name_of(whole.get("model")))
    row.images(addresses(product.get("image") or parent.get("image"), keys=("contentUrl", "url", "@id")))
    row.put("product_type", _categories(whole.get("category")))
    for name in _PLAIN:
        row.put(name, _several(whole.get(name)))
    _put_size(row, whole.get("size"))
    _put_audience(row, whole.get("audience"))
    _put_measures(row, whole)
    for one in mappings(product.get("additionalProperty")) + mappings(parent.get("additionalProperty")):
        row.detail(name_of(one) or text(one.get("propertyID")), _property(one))
    row.put("varies_by", [word(one) for one in listing(parent.get("variesBy"))])
    row.rest(product, _UNDERSTOOD)
    row.rest({name: value for name, value in parent.items() if name not in _OF_GROUP}, _UNDERSTOOD)
    return row.pairs()


def _identifier(product: Entry) -> str:
    named = product.get("identifier")
    other = "" if isinstance(named, list) else text(named) or first_text(mapping(named), "value")
    return first_text(product, "sku", "productID") or other


def _group(product: Entry, parent: Entry, *, several: bool) -> str:
    stated = first_text(product, "inProductGroupWithID") or first_text(parent, *_GROUP_NAMES)
    if types(product) & GROUPS:
        stated = stated or first_text(product, "productGroupID")
    return stated or (first_text(parent, "sku", "productID", "@id") if several else "")


def _string(value: Any) -> str:
    """Return a text; of several, as in several languages, the first."""
    return next((found for one in listing(value) if (found := text(one))), "")


def _only(value: Any) -> Any:
    values = [found for one in listing(value) if (found := text(one))]
    return one_or_all(values)


def _several(value: Any) -> Any:
    values = [found for one in listing(value) if (found := name_of(one))]
    return one_or_all(values)


def _categories(value: Any) -> Any:
    found = []
    for one in listing(value):
        name = first_text(mapping(one), "name", "codeValue") or text(one)
        if name:
            found.append(name)
    return one_or_all(found)


def _put_size(row: Row, value: Any) -> None:
    sizes = [found for one in listing(value) if (found := name_of(one) or _quantity(one))]
    row.put("size", one_or_all(sizes))
    for one in mappings(value):
        row.put("size_system", word(one.get("sizeSystem")).removeprefix("WearableSizeSystem"))
        group = word(one.get("sizeGroup")).removeprefix("WearableSizeGroup").lower()
        row.put("size_type", group)
        _put_audience(row, one.get("suggestedGender") and {"suggestedGender": one["suggestedGender"]})


def _put_audience(row: Row, value: Any) -> None:
    for one in mappings(value):
        row.put("gender", word(one.get("suggestedGender")).lower())
        ages = mapping(one.get("suggestedAge"))
        row.put("audience_min_age", text(one.get("suggestedMinAge")) or text(ages.get("minValue")))
        row.put("audience_max_age", text(one.get("suggestedMaxAge")) or text(ages.get("maxValue")))
        row.put("audience_type", text(one.get("audienceType")))


def _put_measures(row: Row, node: Entry) -> None:
    """Set weight and lengths that have a unit; what has none says nothing as a measure."""
    for name, attribute in {"weight": "product_weight", **_LENGTHS}.items():
        value = node.get(name)
        said = _quantity(value) if isinstance(value, dict) else _string(value)
        row.put(attribute if any(char.isalpha() for char in said) else name, said)
    for one in mappings(node.get("hasMeasurement")):
        name = first_text(one, "name", "propertyID", "measurementTechnique")
        attribute = {"weight": "product_weight", **_LENGTHS}.get(name.strip().lower(), "")
        said = _quantity(one)
        if attribute and attribute not in row and any(char.isalpha() for char in said):
            row.put(attribute, said)
        else:
            row.detail(name, said)


def _quantity(value: Any) -> str:
    one = mapping(value)
    amount = text(one.get("value")) or name_of(one.get("value"))
    low, high = text(one.get("minValue")), text(one.get("maxValue"))
    if not amount and (low or high):
        amount = f"{low}–{high}" if low and high and low != high else low or high
    unit = text(one.get("unitText")) or text(one.get("unitCode"))
    return f"{amount} {_CODES.get(unit.upper(), unit)}".strip() if amount else ""


def _property(one: Entry) -> str:
    values = [found for item in listing(one.get("value")) if (found := text(item) or _quantity(item))]
    if len(values) > 1:
        return ", ".join(values)
    return _quantity({**one, "value": values[0]}) if values else _quantity(one)
