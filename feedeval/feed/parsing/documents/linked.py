"""JSON-LD with one spelling: types and keys without their address, values without what wraps them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from feedeval.feed.parsing.documents.fields import Entry, listing, mapping, text

_PREFIX = re.compile(r"^(?:https?://(?:www\.)?schema\.org/|schema:)")
GROUPS = {"ProductGroup"}
PRODUCTS = {"Product", "ProductModel", "IndividualProduct", "SomeProducts", "ProductCollection", *GROUPS}
_OFFERS = {"Offer", "AggregateOffer", "OfferForPurchase", "Demand"}
_LISTS = ("itemListElement", "dataFeedElement", "@graph")
_HOLDING = (
    "item", "itemOffered", "mainEntity", "mainEntityOfPage", "hasOfferCatalog", "makesOffer", "hasPart", "about",
)  # fmt: skip
_DEEPEST = 8


def plain(name: str) -> str:
    """Return a word of the vocabulary without its address: `https://schema.org/InStock` is `InStock`."""
    return _PREFIX.sub("", name.strip())


def types(entry: Entry) -> set[str]:
    """Return the types of a node."""
    return {plain(text(one)) for one in listing(entry.get("@type"))}


def has_types(entry: Entry) -> bool:
    """Whether an entry is a node of JSON-LD, or holds such nodes."""
    return "@type" in entry or "@graph" in entry


def simplify(value: Any) -> Any:
    """Return a node whose keys are plain and whose `{"@value": …}`, `{"@list": …}` are what they hold."""
    if isinstance(value, Mapping):
        if "@value" in value:
            return value["@value"]
        for wrapper in ("@list", "@set"):
            if wrapper in value:
                return simplify(value[wrapper])
        return {plain(str(name)): simplify(inner) for name, inner in value.items() if name != "@context"}
    if isinstance(value, list | tuple):
        found = [simplify(inner) for inner in value]
        return found[0] if len(found) == 1 and not isinstance(found[0], Mapping) else found
    return value


def products(entry: Entry, depth: int = 0) -> Iterator[Entry]:
    """Yield the products that a simplified node is or holds: of a list, a catalogue, a page, an offer."""
    if types(entry) & PRODUCTS:
        yield entry
        return
    if depth > _DEEPEST or "BreadcrumbList" in types(entry):
        return
    if types(entry) & _OFFERS and isinstance(entry.get("itemOffered"), dict):
        offer = {name: value for name, value in entry.items() if name != "itemOffered"}
        for product in products(entry["itemOffered"], depth + 1):
            yield product if product.get("offers") else {**product, "offers": offer}
        return
    for name in (*_LISTS, *_HOLDING):
        for inner in listing(entry.get(name)):
            if isinstance(inner, dict):
                yield from products(inner, depth + 1)


def reference(value: Any) -> str:
    """Return the address of a node that stands elsewhere, which is all that `value` says."""
    node = mapping(value)
    return text(node["@id"]) if set(node) == {"@id"} or set(node) == {"@id", "@type"} else ""


def name_of(value: Any) -> str:
    """Return the name of the first of the things that a value names."""
    for one in listing(value):
        if isinstance(one, dict):
            if found := text(one.get("name")) or name_of(one.get("name")):
                return found
        elif found := text(one):
            return found
    return ""


def word(value: Any) -> str:
    """Return a word of the vocabulary, however it is written; empty where it is none."""
    for one in listing(value):
        if found := plain(text(one.get("@id")) or text(one.get("name")) if isinstance(one, dict) else text(one)):
            return found
    return ""
