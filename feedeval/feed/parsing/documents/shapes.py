"""The shapes of products in documents, in one table, and what turns entries into the pairs of their variants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from feedeval.feed.parsing.documents import commerce, jsonld, merchant, shopify, woocommerce
from feedeval.feed.parsing.documents.envelopes import Shop, contents, inside, without_head
from feedeval.feed.parsing.documents.families import Families
from feedeval.feed.parsing.documents.fields import Entry, mappings
from feedeval.feed.parsing.documents.linked import Graph, has_types
from feedeval.feed.parsing.values import Pair


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind of document holds products."""

    name: str
    recognises: Callable[[Entry], bool]
    """Whether an entry is of this shape."""
    rows: Callable[[Entry, str], Iterator[list[Pair]]]
    """Gives the pairs of each variant of an entry; takes the currency of prices that name none."""


SHAPES = (
    Shape("JSON-LD", jsonld.recognises, jsonld.rows),
    Shape("Merchant API", merchant.recognises, merchant.rows),
    Shape("WooCommerce", woocommerce.recognises, woocommerce.rows),
    Shape("ACP or UCP", commerce.recognises, commerce.rows),
    Shape("Shopify", shopify.recognises, shopify.rows),
)
_DEEPEST = 6
_VARIANTS = ("variants", "variations", "hasVariant", "skus")
Note = Callable[[str], None]


def _unsaid(sentence: str) -> None:
    """Keep a note to oneself."""


def _unadapted() -> None:
    """Tell nobody."""


def variants(entry: Entry, currency: str = "") -> Iterator[list[Pair]] | None:
    """Return the pairs of each variant of an entry, None where it has no shape that is known."""
    shape = next((shape for shape in SHAPES if shape.recognises(entry)), None)
    return shape.rows(entry, currency) if shape is not None else None


def holds_products(entry: Entry) -> bool:
    """Whether an entry has a shape that is known, or holds one entry and nothing else."""
    return any(shape.recognises(entry) for shape in SHAPES) or inside(entry) is not None


def document_pairs(
    entries: Iterable[tuple[int, Any]],
    shop: Shop | None = None,
    *,
    headed: bool = True,
    note: Note = _unsaid,
    adapted: Callable[[], None] = _unadapted,
) -> Iterator[tuple[int, list[Pair]]]:
    """Yield the pairs of each product of the objects of a document; one without a known shape is a product itself.

    Args:
        entries: Objects with the number of each in its source.
        shop: What the document says of all its products; learns more from a first entry that is no product.
        headed: The first entry may be none.
        note: Is told once what is read in a way that a person may not expect.
        adapted: Is called where products have a known shape.
    """
    known = shop or Shop()
    families = Families(lambda: known.currency, note)
    graph = Graph()
    for line, entry in _unwrapped(without_head(entries, known) if headed else entries, known):
        if families.takes(entry):
            adapted()
            yield from families.add(line, entry)
            continue
        yield from families.finish()
        nodes = graph.add(line, entry) if has_types(entry) else chain(graph.finish(), [(line, entry)])
        yield from _rows(nodes, known, note, adapted)
    yield from families.finish()
    yield from _rows(graph.finish(), known, note, adapted)


def _rows(
    entries: Iterable[tuple[int, Entry]], shop: Shop, note: Note, adapted: Callable[[], None]
) -> Iterator[tuple[int, list[Pair]]]:
    for line, entry in entries:
        found = variants(entry, shop.currency)
        if found is None:
            held = [name for name in _VARIANTS if name in entry]
            if name := next((name for name in held if mappings(entry[name])), ""):
                note(f'the objects under "{name}" have no known shape, so each product is one row with all of them')
            yield line, list(entry.items())
        else:
            adapted()
            yield from ((line, pairs) for pairs in found)


def _unwrapped(entries: Iterable[tuple[int, Any]], shop: Shop, depth: int = 0) -> Iterator[tuple[int, Entry]]:
    for line, entry in entries:
        inner = contents(entry) if depth < _DEEPEST else None
        if inner is None:
            yield line, entry
        else:
            shop.learn(entry)
            yield from _unwrapped([(line, one) for one in inner], shop, depth + 1)
