"""The formats in one table: what tells each from the others, and what reads its elements."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedeval.feed.parsing.dialects.ceneo import ceneo_products
from feedeval.feed.parsing.dialects.heureka import heureka_products
from feedeval.feed.parsing.dialects.skroutz import skroutz_products
from feedeval.feed.parsing.dialects.yandex import yandex_products
from feedeval.feed.parsing.values import Pair

if TYPE_CHECKING:
    from lxml import etree

    from feedeval.feed.parsing.dialects.definitions import Definitions


@dataclass(frozen=True, slots=True)
class Dialect:
    """A format of products in XML.

    Attributes:
        name: What people call it.
        root: Pattern of the local name of the root element.
        item: Pattern of the local name of the elements that hold a product; any case.
        mark: Pattern of what the document has to hold besides.
        products: Gives the pairs of each product in an element.
    """

    name: str
    root: str
    item: str
    mark: str
    products: Callable[[etree._Element, Definitions], list[list[Pair]]]


DIALECTS = (
    Dialect("Heureka", r"\w+", "shopitem", "", heureka_products),
    Dialect("Yandex YML", "yml_catalog", "offer", "", yandex_products),
    Dialect("Skroutz", r"\w+", "product", r"<price_with_vat[\s>/]", skroutz_products),
    Dialect("Ceneo", "offers", "o", r"<o\s[^<>]*\burl\s*=", ceneo_products),
)
DEFINING = ("category",)
"""Elements outside the products that products refer to."""


def dialect_of(root: str, text: str) -> tuple[Dialect, str] | None:
    """Return the format of a document and its element that holds a product, as the document writes it.

    Args:
        root: Local name of the root element.
        text: The document behind its root's start, as far as it was looked at.
    """
    for dialect in DIALECTS:
        if not re.fullmatch(dialect.root, root, re.IGNORECASE):
            continue
        found = re.search(rf"<(?:[\w.-]+:)?({dialect.item})[\s>/]", text, re.IGNORECASE)
        if found and re.search(dialect.mark, text, re.IGNORECASE):
            return dialect, found[1]
        if dialect.root == "yml_catalog":
            # Its categories may be longer than what was looked at.
            return dialect, dialect.item
    return None
