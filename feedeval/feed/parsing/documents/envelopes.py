"""What stands around products: lists under a key, pages of an answer, batches, and lines that describe the feed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from feedeval.feed.parsing.columns import AttributeShape, ColumnNames, attributes, recognised, snake
from feedeval.feed.parsing.documents import linked, merchant
from feedeval.feed.parsing.documents.fields import Entry, mapping, mappings, text

WRAPPERS = {
    "products", "items", "data", "results", "feed", "catalog", "offers", "entries", "records", "rows", "nodes", "edges",
    "resources", "productinputs", "productvariants", "variations", "@graph", "itemlistelement", "datafeedelement",
}  # fmt: skip
"""Keys under which products stand, in lower case."""
ASIDE = {"shop", "store", "collection"}
"""Keys of objects that may hold products, and are something else where they do not."""
_AROUND = {"response", "result", "channel", "rss", "shop"}
"""Keys of objects inside which such keys stand."""
_PERHAPS_AROUND = {"store", "collection", "mainentity", "hasoffercatalog", "product", "structuredcontent"}
"""The same, where what the object says before is not said of a product."""
_INSIDE = {
    "variants", "hasvariant", "offers", "images", "media", "image", "options", "attributes", "categories", "tags",
    "barcodes", "metafields", "metadata", "meta_data", "brands", "review", "reviews", "additionalproperty",
    "itemcondition", "isvariantof", "variations", "variant_options", "customattributes", "shipping", "skus",
    "aggregaterating", "default_attributes", "downloads", "hasmeasurement", "variesby", "potentialaction", "errors",
}  # fmt: skip
"""Keys that a product has inside: what stands under them are parts of it."""
_PAGES = ("products", "productInputs", "resources", "@graph", "itemListElement", "items", "results", "data", "entries")
_HEAD = {
    "feed_id", "account_id", "target_merchant", "target_country", "target_countries", "schema_version", "generated_at",
    "exported_at", "merchant_id", "feed_name", "total_count", "product_count", "next_page_token", "feed_label",
}  # fmt: skip
_OF_PRODUCT = {"title", "name", "price", "link", "url", "description", "image_link", "availability", "gtin", "sku"}
_HEADED = {"header", "metadata", "meta", "feed", "feed_metadata", "feed_header"}
_CURRENCY = {"currency", "currency_code", "price_currency", "default_currency", "shop_currency", "store_currency"}
_CODE = re.compile(r"[A-Z]{3}")


class Shop:
    """What a document says of all its products.

    Attributes:
        currency: The code of the currency of prices that name none; empty where the document does not say.
    """

    def __init__(self) -> None:
        self.currency = ""

    def learn(self, head: Mapping[str, Any]) -> None:
        """Take what is said beside the products, or in a line of its own."""
        for name, value in head.items():
            own = snake(str(name))
            if own in _CURRENCY and _CODE.fullmatch(text(value)):
                self.currency = self.currency or text(value)
            elif own in _HEADED | {"shop", "store", "settings"} and isinstance(value, dict):
                self.learn(value)


def opens(key: str, kept: Mapping[str, Any], *, listed: bool) -> bool:
    """Whether what stands under a key is products and not a part of the object that has it.

    Args:
        key: The key.
        kept: What the object says before it.
        listed: The value is a list of objects, and not one object.
    """
    name = key.lower()
    if linked.types(kept) & linked.PRODUCTS or (name == "offers" and "@type" in kept):
        return False
    if name in _INSIDE and (name not in WRAPPERS or bool(_recognised(kept))):
        return False
    if listed:
        return name in WRAPPERS or not (_recognised(kept) or _is_nested(key))
    return name in WRAPPERS | _AROUND or (name in _PERHAPS_AROUND and ("@type" in kept or not _recognised(kept)))


def _is_nested(key: str) -> bool:
    """Whether a key is an attribute of which a product has several, such as `product_detail`."""
    [meaning] = ColumnNames().resolve((key,))
    attribute = attributes().get(meaning.name)
    return attribute is not None and attribute.shape is not AttributeShape.ONE


def _recognised(entry: Mapping[str, Any]) -> set[str]:
    return recognised(target.name for target in ColumnNames().resolve(tuple(map(str, entry))))


def inside(entry: Entry) -> Entry | None:
    """Return the entry that stands alone inside another, as in an edge of a graph or a batch; None where none does."""
    node = entry.get("node")
    return node if isinstance(node, dict) and len(entry) <= 2 else merchant.unwrapped(entry)


def contents(entry: Entry) -> Iterator[Entry] | None:
    """Return the entries inside one that only wraps them, None where it is a product or anything else."""
    if (inner := inside(entry)) is not None:
        return iter([inner])
    if "@type" in entry:
        return None
    for name in _PAGES:
        value = entry.get(name)
        is_list = isinstance(value, list | tuple) and bool(value) and isinstance(value[0], dict)
        if not is_list and not (name in ("data", "products") and isinstance(value, dict) and value):
            continue
        beside = {key: one for key, one in entry.items() if key != name and not isinstance(one, dict | list)}
        if not _recognised(beside) - {"id"}:
            return iter(mappings(value)) if is_list else _answer(mapping(value))
    return None


def _answer(value: Entry) -> Iterator[Entry] | None:
    """Return the entries in the answer to a query, such as `{"products": {"edges": [{"node": …}]}}`."""
    for name in ("nodes", "edges"):
        if isinstance(value.get(name), list):
            return iter(mappings(value))
    inner = [one for one in value.values() if isinstance(one, dict)]
    for one in (value, *inner):
        for name in ("products", "productVariants", "items", "nodes", "edges"):
            if found := mappings(one.get(name)) if isinstance(one.get(name), dict | list) else []:
                return iter(found)
    return None


def is_head(entry: Entry, following: Entry | None) -> bool:
    """Whether the first entry describes the feed; the one behind it shows what a product has."""
    names = {snake(str(name)) for name in entry}
    if len(entry) == 1 and names <= _HEADED and isinstance(next(iter(entry.values())), dict):
        return True
    if "@type" in entry or names & _OF_PRODUCT or contents(entry) is not None:
        return False
    if names & _HEAD or text(entry.get("type")).lower() in _HEADED:
        return True
    return following is not None and not _recognised(entry) and not set(entry) & set(following)


def without_head(entries: Iterable[tuple[int, Any]], shop: Shop) -> Iterator[tuple[int, Any]]:
    """Pass entries on but for a first one that is no product; the shop learns from it."""
    coming = iter(entries)
    first = next(coming, None)
    if first is None:
        return
    if not isinstance(first[1], Mapping):
        yield first
        yield from coming
        return
    second = next(coming, None)
    following = mapping(second[1]) if second is not None else None
    if is_head(first[1], following or None):
        shop.learn(first[1])
    else:
        yield first
    if second is not None:
        yield second
    yield from coming
