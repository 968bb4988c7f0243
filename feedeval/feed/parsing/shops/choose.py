"""Which shop's export a table is, judged by its headings and its first rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from feedeval.feed.parsing.columns import squeeze
from feedeval.feed.parsing.shops.bigcommerce import bigcommerce
from feedeval.feed.parsing.shops.magento import magento
from feedeval.feed.parsing.shops.prestashop import prestashop
from feedeval.feed.parsing.shops.rows import Shop
from feedeval.feed.parsing.shops.shopify import shopify
from feedeval.feed.parsing.shops.squarespace import squarespace
from feedeval.feed.parsing.shops.wix import wix
from feedeval.feed.parsing.shops.woocommerce import woocommerce

_BY_HEADINGS: tuple[Callable[[set[str]], Shop | None], ...] = (
    shopify,
    wix,
    squarespace,
    bigcommerce,
    magento,
    prestashop,
)
"""The most particular headings first."""


def shop_of(header: Sequence[str], samples: Sequence[Sequence[str]]) -> Shop | None:
    """Return the shop whose export has these headings and first rows, None for any other table."""
    headings = {squeeze(heading) for heading in header}
    for shop in _BY_HEADINGS:
        if found := shop(headings):
            return found
    return woocommerce(header, samples)
