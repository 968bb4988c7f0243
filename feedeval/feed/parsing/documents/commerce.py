"""Products of the Agentic and of the Universal Commerce Protocol: variants with prices in minor units.

Fields as in `rfcs/rfc.product_feeds.md` and `schema.feed.json` of the former (2026-04-17), and in
`source/schemas/shopping/types/` of the latter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from feedeval.feed.parsing.documents.fields import (
    Entry,
    Row,
    addresses,
    first_text,
    listing,
    mapping,
    mappings,
    number_of,
    one_or_all,
    text,
    truth,
)
from feedeval.feed.parsing.money import decimals, from_minor_units, sale, with_currency
from feedeval.feed.parsing.values import Pair

_TEXTS = {"plain", "html", "markdown"}
_PRODUCT = {"id", "title", "description", "url", "media", "variants"}
_VARIANT = {
    "id", "title", "description", "url", "barcodes", "price", "list_price", "unit_price", "availability",
    "categories", "condition", "variant_options", "media", "seller", "marketplace",
}  # fmt: skip
_PARENT_ONLY = {"variants", "options", "price_range", "list_price_range"}
_UNDERSTOOD = {*_PRODUCT, *_VARIANT, *_PARENT_ONLY, "sku", "handle"}


def recognises(entry: Entry) -> bool:
    """Whether an entry is a product of one of the two protocols."""
    if "variants" not in entry:
        return False
    variants = mappings(entry["variants"])
    if not variants:
        return "id" in entry and set(entry) <= _PRODUCT and set(mapping(entry.get("description"))) <= _TEXTS
    if "selectedOptions" in variants[0] or "option1" in variants[0]:
        return False
    if any(_is_minor_range(entry.get(name)) for name in ("price_range", "list_price_range")):
        return True
    if any(_is_marked(one) for one in (entry, *variants)):
        return True
    # What has fewer fields is taken for one where all of them are the protocol's.
    return set(entry) <= _PRODUCT and all(_is_variant(variant) for variant in variants)


def _is_variant(one: Entry) -> bool:
    priced = "price" not in one or {"amount"} <= set(mapping(one["price"])) <= {"amount", "currency"}
    return "id" in one and set(one) <= _VARIANT and priced


def _is_minor_range(value: Any) -> bool:
    return {"min", "max"} <= set(mapping(value)) and isinstance(mapping(value)["min"], dict)


def _is_marked(one: Entry) -> bool:
    described = mapping(one.get("description"))
    return (
        (bool(described) and set(described) <= _TEXTS)
        or bool(set(mapping(one.get("availability"))) & {"available", "status"})
        or bool(mappings(one.get("variant_options")))
        or any({"type", "value"} <= set(code) for code in mappings(one.get("barcodes")))
        or any({"name", "label"} <= set(option) for option in mappings(one.get("options")))
    )


def rows(entry: Entry, currency: str) -> Iterator[list[Pair]]:
    """Yield the pairs of each variant."""
    variants = mappings(entry["variants"]) or [{}]
    for variant in variants:
        yield _variant(entry, variant, several=len(variants) > 1, currency=currency)


def _variant(product: Entry, variant: Entry, *, several: bool, currency: str) -> list[Pair]:
    row = Row()
    row.put("id", number_of(variant.get("id")) or ("" if several else number_of(product.get("id"))))
    _put_titles(row, text(product.get("title")), text(variant.get("title")))
    row.put("description", _description(variant.get("description")) or _description(product.get("description")))
    row.put("link", first_text(variant, "url") or first_text(product, "url"))
    row.update(_prices(variant, currency))
    row.put("availability", _availability(variant.get("availability")))
    if several:
        row.put("item_group_id", number_of(product.get("id")))
    row.put(
        "condition", one_or_all([found for item in listing(variant.get("condition")) if (found := text(item).lower())])
    )
    row.put("gtin", one_or_all([code for one in mappings(variant.get("barcodes")) if (code := text(one.get("value")))]))
    for option in (*mappings(variant.get("variant_options")), *mappings(variant.get("options"))):
        row.option(text(option.get("name")), first_text(option, "value", "label"))
    media = _media(variant, product)
    row.images(media.pop("image", []))
    row.update(media)
    row.update(_categories(variant.get("categories")) or _categories(product.get("categories")))
    row.update(_unit_price(mapping(variant.get("unit_price")), currency))
    row.put("sku", text(variant.get("sku")))
    for role in ("seller", "marketplace"):
        row.put(f"{role}_name", first_text(mapping(variant.get(role)), "name") or text(variant.get(role)))
    for one in (variant, product):
        row.rest(one, _UNDERSTOOD)
    return row.pairs()


def _put_titles(row: Row, shared: str, own: str) -> None:
    """Set the title: a variant's may be the product's with its options, or the options alone."""
    if own and (not shared or shared.casefold() in own.casefold()):
        row.put("title", own)
        row.put("item_group_title", shared if shared != own else "")
    else:
        row.put("title", shared)
        row.put("variant_title", own)


def _description(value: Any) -> str:
    return first_text(mapping(value), "plain", "html", "markdown") or text(value)


def _money(value: Any, currency: str) -> str:
    """Return an amount in minor units as a price; one that has decimals is none, and stays as it is written."""
    if not isinstance(value, dict):
        return text(value)
    amount, own = text(value.get("amount")), text(value.get("currency")) or currency
    if not own:
        # Without a currency nobody knows how many of its units that is.
        return ""
    return with_currency(from_minor_units(amount, decimals(own)), own)


def _prices(variant: Entry, currency: str) -> dict[str, str]:
    found = sale(_money(variant.get("price"), currency), _money(variant.get("list_price"), currency))
    bare = mapping(variant.get("price"))
    if not found and text(bare.get("amount")):
        found["price_in_minor_units"] = text(bare["amount"])
    return found


def _availability(value: Any) -> str:
    if not isinstance(value, dict):
        return text(value)
    status, available = text(value.get("status")).lower(), truth(value.get("available"))
    if status in _STATUS:
        return _STATUS[status]
    if status:
        return status
    return "" if available is None else "in_stock" if available else "out_of_stock"


_STATUS = {
    "limited_stock": "in_stock",
    "discontinued": "out_of_stock",
    "pre_order": "preorder",
    "back_order": "backorder",
}


def _media(variant: Entry, product: Entry) -> dict[str, list[str]]:
    """Return addresses by kind, the variant's own first."""
    found: dict[str, list[str]] = {}
    for one in (*listing(variant.get("media")), *listing(product.get("media"))):
        kind = first_text(mapping(one), "type").lower()
        name = "video_link" if kind == "video" else "virtual_model_link" if kind in ("model", "model_3d") else "image"
        if kind in ("", "image") or name != "image":
            found.setdefault(name, []).extend(address for address in addresses(one) if address)
    return {name: list(dict.fromkeys(links)) for name, links in found.items() if links}


def _categories(value: Any) -> dict[str, Any]:
    """Return Google's category and the shop's own; those of further taxonomies go with the shop's."""
    google: list[str] = []
    own: list[str] = []
    for one in listing(value):
        name = first_text(mapping(one), "value") or text(one)
        if name:
            (google if text(mapping(one).get("taxonomy")).startswith("google") else own).append(name)
    return {
        name: one_or_all(values)
        for name, values in (("google_product_category", google), ("product_type", own))
        if values
    }


def _unit_price(value: Entry, currency: str) -> dict[str, str]:
    measures = {
        "unit_pricing_measure": _measure(mapping(value.get("measure"))),
        "unit_pricing_base_measure": _measure(mapping(value.get("reference"))),
    }
    return {**measures, "unit_price_amount": _money(value, currency) if value else ""}


def _measure(value: Entry) -> str:
    amount, unit, scale = text(value.get("value")), text(value.get("unit")), text(value.get("scale"))
    if not amount or not unit:
        return ""
    return f"{from_minor_units(amount, int(scale)) if scale.isdecimal() else amount} {unit}"
