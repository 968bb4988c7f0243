"""The products that a page's structured data offers, by the attributes of a feed: `price`, `gtin` and the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from feedeval.feed.pages.jsonld import nodes
from feedeval.feed.pages.markup_items import LISTED, microdata, rdfa
from feedeval.feed.parsing.columns import ColumnNames
from feedeval.feed.parsing.documents import jsonld as products_of
from feedeval.feed.parsing.documents.fields import Entry, mappings, text
from feedeval.feed.parsing.documents.linked import products, simplify, types
from feedeval.feed.parsing.product import Product
from feedeval.feed.parsing.values import Builder

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

MOST_PRODUCTS = 500
"""Products of one page that are read: variants of one, and what else it lists."""
_SPELLED = {name.lower(): name for name in ("lowPrice", "highPrice", "priceCurrency", "itemCondition", "productID")}
"""Properties that platforms write in lower case alone."""
_LISTS = {"ItemList", "OfferCatalog", "CollectionPage", "SearchResultsPage", "BreadcrumbList", "Store", "Organization"}


class Syntax(StrEnum):
    """How structured data is written, the one that is read first first."""

    JSON_LD = "json-ld"
    MICRODATA = "microdata"
    RDFA = "rdfa"


@dataclass(frozen=True, slots=True)
class Offered:
    """One product, or one variant, of a page's structured data."""

    syntax: Syntax
    fields: Product
    """By the attributes of a feed."""
    listed: bool = False
    """It stands in a list, as what else a page shows does, and is not what the page is about."""

    def as_dict(self) -> dict[str, object]:
        """Return the fields, with `syntax` beside them."""
        return {"syntax": self.syntax.value, **self.fields}


def structured(tree: LexborHTMLParser, problems: list[str]) -> list[Offered]:
    """Return what a page offers; `problems` gets a sentence for each piece that could not be read."""
    scripts = [script.text(deep=True) or "" for script in tree.css('script[type*="ld+json" i]')]
    builder = Builder(ColumnNames(), flat=False)
    found: list[Offered] = []
    for syntax, entries in (
        (Syntax.JSON_LD, nodes(scripts, problems)),
        (Syntax.MICRODATA, microdata(tree)),
        (Syntax.RDFA, rdfa(tree)),
    ):
        for product, listed in _rows(entries, builder):
            if len(found) < MOST_PRODUCTS:
                found.append(Offered(syntax, product, listed))
    return found


def _rows(entries: Iterable[Entry], builder: Builder) -> Iterator[tuple[Product, bool]]:
    for entry in entries:
        node = simplify(_spelled(entry))
        listed = LISTED in entry or bool(types(node) & _LISTS)
        for product in products(node):
            stated = _groups(product)
            for pairs in products_of.rows(product, ""):
                if fields := builder.build(pairs):
                    # A group that only its first variant or its address names is no group of the feed.
                    if fields.get("item_group_id") not in stated:
                        fields.pop("item_group_id", None)
                    yield fields, listed


def _groups(product: Entry) -> set[str]:
    """Return what a product calls the group that it belongs to, or is."""
    nodes_of_group = [product, *mappings(product.get("isVariantOf")), *mappings(product.get("hasVariant"))]
    return {text(one.get(name)) for one in nodes_of_group for name in ("productGroupID", "inProductGroupWithID")} - {""}


def _spelled(value: Any) -> Any:
    """Return a node with the properties as schema.org spells them, which not all shops do."""
    if isinstance(value, dict):
        lowered = {_SPELLED.get(name, name[:1].lower() + name[1:]): _spelled(inner) for name, inner in value.items()}
        return {**lowered, **{name: _spelled(inner) for name, inner in value.items() if name in lowered}}
    return [_spelled(inner) for inner in value] if isinstance(value, list) else value
