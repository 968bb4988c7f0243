"""RSS and Atom with Google's elements."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tests.feed.writers.made import Made

_GOOGLE = "http://base.google.com/ns/1.0"


def rss(products: list[Made]) -> bytes:
    """Return an RSS feed; every attribute is an element of Google's."""
    items = "".join(f"<item>{_elements(product)}</item>\n" for product in products)
    text = f'<rss version="2.0" xmlns:g="{_GOOGLE}"><channel><title>Shop</title>\n{items}</channel></rss>'
    return _document(text)


def rss_in_cdata(products: list[Made]) -> bytes:
    """Return an RSS feed as shops write it: title, link and description are RSS's own, text stands in CDATA."""
    items = "".join(f"<item>{_elements(product, cdata=True)}</item>\n" for product in products)
    text = f'<rss xmlns:g="{_GOOGLE}" version="2.0"><channel><link>https://shop.example</link>{items}</channel></rss>'
    return _document(text)


def atom(products: list[Made]) -> bytes:
    """Return an Atom feed whose links are addresses in an attribute."""
    entries = "".join(f"<entry>{_elements(product, atom=True)}</entry>\n" for product in products)
    text = f'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="{_GOOGLE}"><title>Shop</title>{entries}</feed>'
    return _document(text)


def _document(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _elements(product: Made, *, cdata: bool = False, atom: bool = False) -> str:
    return "".join(
        _element(name, item, cdata=cdata, atom=atom)
        for name, value in product.items()
        for item in (value if isinstance(value, list) else [value])
    )


def _element(name: str, value: Any, *, cdata: bool, atom: bool) -> str:
    if isinstance(value, dict):
        parts = "".join(_element(part, text, cdata=cdata, atom=False) for part, text in value.items())
        return f"<g:{name}>{parts}</g:{name}>"
    if atom and name == "link":
        return f"<link rel='alternate' href={quoteattr(value)}/>"
    if cdata and name in ("title", "link", "description"):
        return f"<{name}>{_cdata(value)}</{name}>"
    return f"<g:{name}>{_cdata(value) if cdata else escape(value)}</g:{name}>"


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
