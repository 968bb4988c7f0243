"""Small feeds of invented products, and a way to read them that keeps the warnings."""

from __future__ import annotations

import warnings
from typing import Any

from feedeval.feed.parsing.product import Product
from feedeval.feed.reader import iter_feed

GOOGLE = 'xmlns:g="http://base.google.com/ns/1.0"'


def item(number: int, extra: str = "") -> str:
    return f"<item><g:id>{number}</g:id><g:title>Lamp {number}</g:title><g:price>9.50 EUR</g:price>{extra}</item>\n"


def rss(*items: str, prolog: str = '<?xml version="1.0"?>', channel: str = "Lamps") -> str:
    body = "".join(items)
    return f'{prolog}\n<rss version="2.0" {GOOGLE}><channel><title>{channel}</title>\n{body}</channel></rss>'


def read(source: Any, **settings: Any) -> tuple[list[Product], str]:
    """Return the products and the text of all warnings."""
    data = source.encode() if isinstance(source, str) and "\n" in source else source
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        products = list(iter_feed(data, **settings))
    return products, "\n".join(str(w.message) for w in caught)
