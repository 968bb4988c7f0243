"""JSON-LD with one spelling: types and keys without their address, values without what wraps them."""

from __future__ import annotations

import re
from collections import OrderedDict, deque
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
_NODES_KEPT = 1000
_NODES_AHEAD = 100
"""Nodes that are looked at before the first of them is read, since pages name a product before its brand and offers."""


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


class Graph:
    """Nodes for those that only name them by their address: the latest that came before, and a few that follow."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, Entry]] = deque()
        self._offer_of: OrderedDict[str, Entry] = OrderedDict()
        self._nodes: OrderedDict[str, Entry] = OrderedDict()
        self._group_of: OrderedDict[str, Entry] = OrderedDict()

    def add(self, line: int, entry: Entry) -> Iterator[tuple[int, Entry]]:
        """Take a node, and yield those that waited long enough for what they refer to, with it in its place."""
        self._learn(entry)
        self._waiting.append((line, entry))
        if len(self._waiting) > _NODES_AHEAD:
            yield from self._next()

    def finish(self) -> Iterator[tuple[int, Entry]]:
        """Yield the nodes that wait still."""
        while self._waiting:
            yield from self._next()

    def _next(self) -> Iterator[tuple[int, Entry]]:
        line, entry = self._waiting.popleft()
        offered = reference(entry.get("itemOffered"))
        if not (offered in self._nodes and self._offer_of.get(offered) is entry):
            # The product that an offer names has it already, and is no second product.
            yield line, self._completed(entry)

    def _completed(self, entry: Entry) -> Entry:
        # What a page, a list or a group holds by address is an entry itself.
        held = {"hasVariant"} if types(entry) & PRODUCTS else {"hasVariant", *_HOLDING, *_LISTS}
        own = {name: value if plain(name) in held else self._resolved(value) for name, value in entry.items()}
        address = text(entry.get("@id"))
        if address in self._group_of and "isVariantOf" not in own:
            own["isVariantOf"] = self._group_of[address]
        if address in self._offer_of and "offers" not in own:
            own["offers"] = {k: v for k, v in self._offer_of[address].items() if k != "itemOffered"}
        return own

    def _learn(self, entry: Entry) -> None:
        if address := text(entry.get("@id")):
            self._keep(self._nodes, address, entry)
        if types(entry) & _OFFERS and (offered := reference(entry.get("itemOffered"))):
            self._keep(self._offer_of, offered, entry)
        if types(entry) & GROUPS:
            for one in listing(entry.get("hasVariant")):
                if named := reference(one):
                    self._keep(self._group_of, named, {k: v for k, v in entry.items() if k != "hasVariant"})

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [self._resolved(one) for one in value]
        return self._nodes.get(reference(value), value)

    def _keep(self, kept: OrderedDict[str, Entry], address: str, entry: Entry) -> None:
        kept[address] = entry
        if len(kept) > _NODES_KEPT:
            kept.popitem(last=False)


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
