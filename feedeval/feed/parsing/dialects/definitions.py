"""What stands before the products and is meant by them: categories by their ids."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from feedeval.feed.parsing.dialects.parts import attribute, text_of

if TYPE_CHECKING:
    from lxml import etree

_CATEGORY = re.compile(r"<category\b([^<>]*)>(?:\s*<!\[CDATA\[)?([^<]*?)(?:\]\]>\s*)?</category\s*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w.-]+)\s*=\s*[\"']([^\"'<>]*)[\"']")
_KEPT_CHARS = 2_000
"""As much as a category may be long that two pieces of text share."""
_MOST_STEPS = 32


class Definitions:
    """The categories of a document, by id; read from elements, or from text where the document is broken."""

    def __init__(self) -> None:
        self._categories: dict[str, tuple[str, str]] = {}
        self._text = ""

    def take(self, element: etree._Element) -> None:
        """Remember an element that stands outside the products."""
        self._add(attribute(element, "id"), attribute(element, "parentid"), text_of(element))

    def read(self, text: str) -> None:
        """Look through the next piece of text that stands outside the products."""
        self._text += text
        done = 0
        for match in _CATEGORY.finditer(self._text):
            found = {name.lower(): unescape(value).strip() for name, value in _ATTRIBUTE.findall(match[1])}
            self._add(found.get("id", ""), found.get("parentid", ""), unescape(match[2]).strip())
            done = match.end()
        self._text = self._text[max(done, len(self._text) - _KEPT_CHARS) :]

    def path(self, category: str) -> str:
        """Return the path of a category joined by ` > `, or an empty string where it was never defined."""
        steps: list[str] = []
        while category in self._categories and len(steps) < _MOST_STEPS:
            category, name = self._categories[category]
            steps.insert(0, name)
        return " > ".join(steps)

    def _add(self, category: str, parent: str, name: str) -> None:
        if category and name:
            self._categories[category] = (parent if parent != category else "", name)
