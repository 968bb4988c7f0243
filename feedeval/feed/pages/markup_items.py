"""Microdata and RDFa of a page as nodes of JSON-LD: one walk over its elements, whichever of the two they use.

As the HTML standard has it for microdata (`itemscope`, `itemprop`, `itemref`), and the W3C for RDFa Lite (`vocab`,
`typeof`, `property`, `resource`) and the `rel` of RDFa around an item or beside an address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

from feedeval.feed.pages.visible import recommends
from feedeval.feed.parsing.documents.linked import plain

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

Node = dict[str, Any]
LISTED = "@listed"
"""Mark of an item that is not what its page is about."""
MAX_ITEMS = 500
MAX_VALUE_CHARS = 20_000
MAX_DEPTH = 30
"""Items inside items that are followed."""
MAX_STEPS = 100_000
"""Elements of a page that are looked at, each as often as it stands inside an item."""
_ADDRESSES = {
    "a": "href", "area": "href", "link": "href", "img": "src", "audio": "src", "embed": "src", "iframe": "src",
    "source": "src", "track": "src", "video": "src", "object": "data",
}  # fmt: skip
_VALUES = {"data": "value", "meter": "value", "time": "datetime", "meta": "content"}
_LINKS = ("a", "link", "area", "form")
_SCHEMA = ("http://schema.org", "https://schema.org", "http://www.schema.org", "https://www.schema.org", "schema:")


def microdata(tree: LexborHTMLParser) -> list[Node]:
    """Return the top items of a page's microdata that are of schema.org."""
    steps = count()
    found = []
    for element in tree.css("[itemscope]")[:MAX_ITEMS]:
        if "itemprop" not in element.attributes and _is_schema(element.attributes.get("itemtype")):
            item = _item(element)
            roots = [root for name in _words(element, "itemref")[:20] if (root := _by_id(tree, name)) is not None]
            _fill(item, [*element.iter(), *roots], _microdata_of, steps)
            found.append(item | _listed(element))
    return found


def rdfa(tree: LexborHTMLParser) -> list[Node]:
    """Return the top nodes of a page's RDFa that are of schema.org."""
    steps = count()
    found = []
    for element in tree.css("[typeof]")[:MAX_ITEMS]:
        if not _is_inside(element) and _vocabulary(element):
            item = _resource(element)
            _fill(item, list(element.iter()), _rdfa_of, steps)
            found.append(item | _listed(element))
    return found


_Said = tuple[list[str], Node | None]
"""The properties that an element states, and the item that it begins, if it does."""


def _fill(item: Node, children: list[LexborNode], said_of: Callable[[LexborNode], _Said], steps: Iterator[int]) -> None:
    """Put what the elements inside an item state into it, and into the items inside that."""
    # A stack in place of recursion: a stranger decides how deep the elements are nested.
    waiting = [(child, item, 0) for child in reversed(children)]
    while waiting and next(steps) < MAX_STEPS:
        child, holder, depth = waiting.pop()
        names, inner = said_of(child)
        value = _value(child) if names and inner is None else inner
        for name in names:
            _put(holder, name, value)
        deeper = depth if inner is None else depth + 1
        if deeper < MAX_DEPTH:
            held = holder if inner is None else inner
            waiting.extend((grandchild, held, deeper) for grandchild in reversed(list(child.iter())))


def _microdata_of(element: LexborNode) -> _Said:
    names = [plain(name) for name in _words(element, "itemprop")]
    return names, _item(element) if "itemscope" in element.attributes else None


def _item(element: LexborNode) -> Node:
    item: Node = {"@type": [plain(kind) for kind in _words(element, "itemtype")]}
    if address := element.attributes.get("itemid"):
        item["@id"] = address
    return item


def _rdfa_of(element: LexborNode) -> _Said:
    names = [plain(name) for name in _words(element, "property")]
    if "typeof" in element.attributes:
        return names or _relations(element) or _relations_around(element), _resource(element)
    if not names and element.attributes.get("resource"):
        names = _relations(element)
    # What is left with a prefix is of another vocabulary, such as `og:title`.
    return [name for name in names if ":" not in name], None


def _relations(element: LexborNode) -> list[str]:
    """Return the properties that `rel` states; those of links say what a page is to another."""
    words = _words(element, "rel")
    return [plain(word) for word in words if word.startswith(_SCHEMA) or element.tag not in _LINKS]


def _relations_around(element: LexborNode) -> list[str]:
    """Return the properties that an element around an item states, with the item as their value."""
    for node in _above(element):
        if "typeof" in node.attributes or "resource" in node.attributes:
            return []
        if "rel" in node.attributes:
            return _relations(node)
    return []


def _resource(element: LexborNode) -> Node:
    node: Node = {"@type": [plain(kind) for kind in _words(element, "typeof")]}
    if address := element.attributes.get("resource") or element.attributes.get("about"):
        node["@id"] = address
    return node


def _words(element: LexborNode, attribute: str) -> list[str]:
    return (element.attributes.get(attribute) or "").split()[:MAX_DEPTH]


def _by_id(tree: LexborHTMLParser, name: str) -> LexborNode | None:
    usable = name.isprintable() and '"' not in name and "\\" not in name
    return tree.css_first(f'[id="{name}"]') if usable else None


def _is_schema(kind: str | None) -> bool:
    return bool(kind) and str(kind).strip().lower().startswith(_SCHEMA)


def _is_inside(element: LexborNode) -> bool:
    """Whether an element is the value of a property of another one."""
    stated = "property" in element.attributes or "rel" in element.attributes or _relations_around(element)
    if not stated:
        return False
    return any("typeof" in above.attributes for above in _above(element))


def _listed(element: LexborNode) -> Node:
    """Return the mark of an item that stands among what else a page recommends."""
    return {LISTED: True} if any(recommends(above) for above in (element, *_above(element))) else {}


def _above(element: LexborNode) -> Iterator[LexborNode]:
    node = element.parent
    steps = 0
    while node is not None and node.tag and node.tag != "-undef" and steps < 500:
        yield node
        node, steps = node.parent, steps + 1


def _vocabulary(element: LexborNode) -> bool:
    if any(map(_is_schema, _words(element, "typeof"))):
        return True
    for node in (element, *_above(element)):
        if "vocab" in node.attributes:
            return _is_schema(node.attributes.get("vocab"))
    return False


def _value(element: LexborNode) -> str:
    """Return what an element says: its address, its value for machines, or its text."""
    tag, attributes = element.tag or "", element.attributes
    if "rel" in attributes and "property" not in attributes and (address := attributes.get("resource")):
        return address[:MAX_VALUE_CHARS].strip()
    # `content` on any element is RDFa, and shops write it in microdata as well; readers take it.
    if attributes.get("content") is not None:
        return str(attributes["content"])[:MAX_VALUE_CHARS].strip()
    for table in (_VALUES, _ADDRESSES):
        if tag in table and (said := attributes.get(table[tag])):
            return said[:MAX_VALUE_CHARS].strip()
    if tag in ("meta", "link"):
        return ""
    text = element.text(deep=True, separator=" ")
    return " ".join(text[: 2 * MAX_VALUE_CHARS].split())[:MAX_VALUE_CHARS]


def _put(holder: Node, name: str, value: Any) -> None:
    if value in ("", {}):
        return
    if name not in holder:
        holder[name] = value
    elif isinstance(holder[name], list):
        if len(holder[name]) < MAX_ITEMS:
            holder[name].append(value)
    else:
        holder[name] = [holder[name], value]
