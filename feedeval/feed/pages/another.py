"""Pages that are served in the place of a product's: the shop's home page, or a list of other products."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from typing import Any

from feedeval.feed.pages.matching import matched, place, texts, words
from feedeval.feed.pages.page import Page
from feedeval.feed.spec import stated_text

_ROOT = re.compile(r"^/?(?:[a-z]{2}(?:[-_][a-z]{2})?/?)?(?:index\.\w{3,5}|home/?)?$", re.IGNORECASE)
_MOST_ALIKE = 0.5
"""Share of a title's words from which on a page may be meant by it."""


def is_another(product: Mapping[str, Any], page: Page) -> str:
    """Return why a page cannot be the product's, as a sentence; empty where it may be.

    It is the home page of the shop, or a list of products, that is served in its place, with or without leading there.
    """
    link = next(iter(texts(product.get("link"))), "")
    title = words(stated_text(product, "title"))
    match = matched(product, page)
    alike = len(title & words(f"{page.title} {page.text[:2000]}")) / len(title) if title else 1.0
    if not link or alike >= _MOST_ALIKE or (match is not None and match.is_sure):
        return ""
    if not _is_root(link) and any(_is_root(address) for address in (page.final_url, page.canonical) if address):
        return "the page is not this product\u2019s: it is the home page of the shop"
    about = sum(not one.listed for one in page.structured)
    listed = len(page.structured) - about
    elsewhere = any(place(address) != place(link) for address in (page.final_url, page.canonical) if address)
    if elsewhere and not about and listed > 1:
        return f"the page is not this product\u2019s: it lists {listed:,} others"
    return ""


def _is_root(address: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(address)
    except ValueError:
        return False
    return bool(_ROOT.match(parts.path)) and not parts.query
