"""The children, texts and named values of an element, whatever namespace they are in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from feedeval.feed.parsing.columns import squeeze
from feedeval.feed.parsing.elements import raw_value, split_tag
from feedeval.feed.parsing.money import number
from feedeval.feed.parsing.options import add_option
from feedeval.feed.parsing.values import Pair

if TYPE_CHECKING:
    from lxml import etree

_NAMES = (
    "paramname", "name", "key", "label", "attributename", "propertyname", "title",
    "nazwa", "nazev", "název", "nazov", "názov", "nom", "nombre", "nome", "bezeichnung", "naam", "название", "имя",
)  # fmt: skip
_VALUES = (
    "val",
    "value",
    "values",
    "attributevalue",
    "paramvalue",
    "propertyvalue",
    "content",
    "wert",
    "valeur",
    "hodnota",
    "wartosc",
)


def children(element: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """Yield the children of an element with their local names."""
    for child in element:
        if isinstance(child.tag, str):
            yield split_tag(child.tag)[1], child


def text_of(element: etree._Element) -> str:
    """Return the text of an element that holds nothing else."""
    raw = raw_value(element)
    return raw.strip() if isinstance(raw, str) else ""


def attribute(element: etree._Element, *names: str) -> str:
    """Return the first XML attribute of these squeezed names that is filled."""
    found = {squeeze(split_tag(str(key))[1]): str(value).strip() for key, value in element.attrib.items()}
    return next((found[name] for name in names if found.get(name)), "")


def named_value(element: etree._Element) -> tuple[str, str] | None:
    """Return name and value of an element that carries both, such as `<param name="Colour">red</param>`."""
    nested: dict[str, list[str]] = {}
    for name, child in children(element):
        nested.setdefault(squeeze(name), []).append(text_of(child))
    name = attribute(element, *_NAMES) or next((nested[key][0] for key in _NAMES if key in nested), "")
    values = [text for key in _VALUES for text in nested.get(key, ()) if text]
    value = ", ".join(values) or ("" if nested else (element.text or "").strip()) or attribute(element, *_VALUES)
    return (name, value) if name and value else None


class Options:
    """Collects what carries its own name: colour, size and the like as attributes, all else as details."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}
        self._details: list[dict[str, str]] = []

    def add(self, name: str, value: str) -> None:
        """Add a value under the name that the feed gives it."""
        add_option(self._found, self._details, name, value)

    def pairs(self, given: Iterable[str] = ()) -> list[Pair]:
        """Return the pairs; what `given` names already stays among the details.

        Args:
            given: Names of attributes that the product has from elsewhere.
        """
        taken = set(given)
        details = [
            {"attribute_name": name, "attribute_value": str(value)}
            for name, value in self._found.items()
            if name in taken
        ]
        pairs: list[Pair] = [(name, value) for name, value in self._found.items() if name not in taken]
        return [*pairs, ("product_detail", details + self._details)] if details or self._details else pairs


def path_of(text: str) -> str:
    """Return a category path with its steps joined by ` > `, whatever sign the feed puts between them."""
    signs = [sign for sign in ("|", "->", ">", "»") if sign in text] or ["/"]
    return " > ".join(part for step in text.split(signs[0]) if (part := step.strip()))


def discounted(price: str, before: str) -> list[Pair]:
    """Return the pairs of a price and of what the product cost before, which counts only where it was more."""
    if number(before) > number(price) >= 0:
        return [("price", before), ("sale_price", price)]
    return [("price", price), ("old_price", before)]


def filled(pairs: Iterable[Pair]) -> list[Pair]:
    """Return the pairs that have a value."""
    return [(name, raw) for name, raw in pairs if raw not in ("", None, [], {})]


def are_products(ids: Sequence[str | None]) -> bool:
    """Whether the variants in an element are products of their own: each has an id, and none that of another."""
    return bool(ids) and all(ids) and len(set(ids)) == len(ids)
