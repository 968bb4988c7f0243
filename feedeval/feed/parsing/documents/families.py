"""Products whose variants stand in entries of their own: lines of a Shopify bulk operation, variations of WooCommerce.

A family is held until an entry comes that does not belong to it, so there is never more than one in memory; of the
parents before it only what their variations lack is kept, for the latest of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from feedeval.feed.parsing.documents import shopify, woocommerce
from feedeval.feed.parsing.documents.fields import Entry, text
from feedeval.feed.parsing.values import Pair

_PARENTS_KEPT = 1000


class Families:
    """Puts together what belongs together, as the entries come.

    Args:
        currency: Gives the currency of prices that name none.
    """

    def __init__(self, currency: Callable[[], str]) -> None:
        self._currency = currency
        self._line = 0
        self._product: dict[str, Any] | None = None
        self._ids: dict[str, dict[str, Any]] = {}
        self._parent: Entry | None = None
        self._parents: OrderedDict[str, Entry] = OrderedDict()

    def takes(self, entry: Entry) -> bool:
        """Whether an entry belongs to a family, as its parent or a member."""
        if "__parentId" in entry or _begins_bulk(entry):
            return True
        return woocommerce.recognises(entry) and (woocommerce.is_parent(entry) or woocommerce.is_variation(entry))

    def add(self, line: int, entry: Entry) -> Iterator[tuple[int, list[Pair]]]:
        """Yield what is complete now that this entry has come."""
        if "__parentId" in entry:
            yield from self._child(line, entry)
        elif _begins_bulk(entry):
            yield from self.finish()
            self._line, self._product = line, {**entry, "variants": []}
            self._ids = {text(entry.get("id")): self._product}
        elif woocommerce.is_variation(entry):
            yield from self._variation(line, entry)
        else:
            yield from self.finish()
            self._line, self._parent = line, entry

    def finish(self) -> Iterator[tuple[int, list[Pair]]]:
        """Yield the family that is held."""
        product, parent = self._product, self._parent
        self._product, self._parent, self._ids = None, None, {}
        if product is not None:
            yield from ((self._line, pairs) for pairs in shopify.rows(product, self._currency()))
        if parent is not None:
            self._keep(parent)
            yield from ((self._line, pairs) for pairs in woocommerce.rows(parent, self._currency()))

    def _child(self, line: int, entry: Entry) -> Iterator[tuple[int, list[Pair]]]:
        holder = self._ids.get(text(entry.get("__parentId")))
        own, name = {**entry}, text(entry.get("id"))
        kind = shopify.kind_of(entry)
        if kind == "variants" and holder is None:
            # Its product came long before, or not at all: what it says of itself is all that is known.
            yield from self.finish()
            product = {"id": entry["__parentId"]}
            yield from ((line, pairs) for pairs in shopify.rows({**own, "product": product}, self._currency()))
        elif holder is not None:
            if kind:
                holder.setdefault(kind, [])
                if isinstance(holder[kind], list):
                    holder[kind].append(own)
            if name:
                self._ids[name] = own

    def _variation(self, line: int, entry: Entry) -> Iterator[tuple[int, list[Pair]]]:
        number = woocommerce.parent_of(entry)
        if self._parent is not None:
            parent, self._parent = self._parent, None
            self._keep(parent)
            if text(parent.get("id")) != number:
                # It named variations, and none of them follows.
                yield from ((self._line, pairs) for pairs in woocommerce.rows(parent, self._currency()))
        known = self._parents.get(number) if number else None
        yield from ((line, pairs) for pairs in woocommerce.rows(entry, self._currency(), known))

    def _keep(self, parent: Entry) -> None:
        self._parents[text(parent.get("id"))] = parent
        while len(self._parents) > _PARENTS_KEPT:
            self._parents.popitem(last=False)


def _begins_bulk(entry: Entry) -> bool:
    """Whether an entry is a product whose variants are not inside, so that they may follow in lines of their own."""
    return text(entry.get("id")).startswith("gid://shopify/Product/") and "variants" not in entry
