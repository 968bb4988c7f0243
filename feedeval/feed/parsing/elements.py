"""One XML element that holds a product -> the pairs of names and raw values that it gives."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from html.entities import html5
from typing import TYPE_CHECKING, Any

from feedeval.feed.parsing.columns import standard_name
from feedeval.feed.parsing.values import Pair

if TYPE_CHECKING:
    from lxml import etree

_HTML_WORDS = """
    a abbr b blockquote br center code dd div dl dt em font h1 h2 h3 h4 h5 h6 hr i img li ol p pre s small span strong
    sub sup table tbody td th thead tr u ul
"""
_AMOUNT = re.compile(r"[^A-Za-z]*\d[^A-Za-z]*(?:[A-Z]{3})?\s*")
HTML_TAGS = frozenset(_HTML_WORDS.split())
# Vocabularies that stand beside Google's in RSS and Atom; their names are kept apart, for media:title is no title.
_FOREIGN = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://search.yahoo.com/mrss/": "media",
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
    "http://purl.org/rss/1.0/modules/slash/": "slash",
    "http://wellformedweb.org/CommentAPI/": "wfw",
    "http://www.georss.org/georss": "georss",
}
_NATIVE = {"", "http://www.w3.org/2005/Atom", "http://purl.org/rss/1.0/", "http://purl.org/atom/ns#"}
_NEWS_WORDS = """
    title link description id guid pub_date author category categories comments enclosure source summary content
    updated published rights contributor
"""
NEWS_NAMES = frozenset(_NEWS_WORDS.split())
"""What a news item has too; an entry with nothing else is no product."""


@lru_cache(maxsize=4096)
@lru_cache(maxsize=4096)
def split_tag(tag: str) -> tuple[str, str]:
    """Return namespace and local name; a prefix that was never declared is dropped."""
    namespace, _, local = tag[1:].partition("}") if tag.startswith("{") else ("", "", tag)
    return namespace, local.rpartition(":")[2]


def pairs_of(item: Iterable[etree._Element]) -> list[Pair]:
    """Return the names and raw values of a product element, or of some of its children."""
    own: list[Pair] = []
    native: list[Pair] = []
    for child in item:
        if not isinstance(child.tag, str):
            continue
        namespace, local = split_tag(child.tag)
        if namespace in _FOREIGN:
            own.append((f"{_FOREIGN[namespace]}_{local}", raw_value(child)))
        elif namespace in _NATIVE:
            pair = _native(child, local)
            if pair is not None:
                native.append(pair)
        else:
            own.append((local, raw_value(child)))
    if not own or not native:
        return own or native
    filled = {name for name, raw in own if raw}
    values = {(name, raw) for name, raw in own if isinstance(raw, str)}
    # Google's own element goes before RSS's or Atom's of the same name; where they differ both survive.
    for name, raw in native:
        if name not in filled:
            own = [pair for pair in own if pair[0] != name]
            own.append((name, raw))
        elif not isinstance(raw, str) or ((name, raw) not in values and raw):
            own.append((f"plain_{name}" if name in NEWS_NAMES else name, raw))
    return own


def _native(child: etree._Element, local: str) -> Pair | None:
    """Return the pair of an element in RSS's or Atom's own vocabulary, or in none."""
    if local == "link" and (address := child.get("href")):
        rel = child.get("rel", "alternate")
        return ("link" if rel == "alternate" else f"link_{rel}", address)
    if local == "enclosure" and (address := child.get("url")):
        return ("image" if child.get("type", "image").startswith("image") else "enclosure", address)
    return local, raw_value(child)


def raw_value(element: etree._Element) -> Any:
    """Return an element's value: text, or a dict (with lists where names repeat) of what is nested in it."""
    if not len(element):
        text = element.text or ""
        if element.attrib and (not text.strip() or _AMOUNT.fullmatch(text)):
            return _from_attributes(element, text)
        return text
    children = [child for child in element if isinstance(child.tag, str)]
    if not children or any(split_tag(child.tag)[1].lower() in HTML_TAGS and ":" not in child.tag for child in children):
        return _inner_text(element)
    nested: dict[str, Any] = {}
    for child in children:
        local = split_tag(child.tag)[1]
        value = raw_value(child)
        if local not in nested:
            nested[local] = value
        elif isinstance(nested[local], list):
            nested[local].append(value)
        else:
            nested[local] = [nested[local], value]
    if text := (element.text or "").strip():
        nested.setdefault("text", text)
    return nested


def _from_attributes(element: etree._Element, text: str) -> Any:
    """Return the value of an element that says it, or the currency of it, in XML attributes."""
    found = {split_tag(str(key))[1]: str(value) for key, value in element.attrib.items() if "xml:" not in str(key)}
    if text.strip():
        # `unit` could be a kilogram anywhere else.
        named = ("currency", "unit") if "price" in element.tag else ("currency",)
        currency = next((code for key, code in found.items() if standard_name(key) in named), "")
        return f"{text.strip()} {currency}" if currency and currency not in text else text
    for key in ("href", "url", "src", "value", "content"):
        if key in found:
            return found[key]
    return found if "nil" not in found else ""


def _inner_text(element: etree._Element) -> str:
    """Return what stands between an element's tags with the markup in it, entities that nobody declared resolved."""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str):
            name = split_tag(child.tag)[1]
            parts.append(f"<{name}>{_inner_text(child)}</{name}>" if len(child) or child.text else f"<{name}/>")
        elif _is_entity(child):
            parts.append(html5.get((child.text or "")[1:], child.text or ""))
        parts.append(child.tail or "")
    return "".join(parts)


def _is_entity(child: etree._Element) -> bool:
    # Loaded by whoever made the element: what this file knows of names is asked for without one.
    from lxml import etree

    return child.tag is etree.Entity
