"""What all documents share: values as text, lists however they are wrapped, and the row that they are put into."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from feedeval.feed.parsing.columns import snake
from feedeval.feed.parsing.options import add_option
from feedeval.feed.parsing.values import Pair

Entry = Mapping[str, Any]
_MODEL_MARK = re.compile(r"^(?:gid://[\w-]+/\w+/)([\w-]+)(?:\?.*)?$")


def is_empty(value: Any) -> bool:
    """Whether a value says nothing; zero and no say something."""
    return value is None or (isinstance(value, str | list | tuple | Mapping) and not value)


def text(value: Any) -> str:
    """Return a value that is text, a number or a truth value as text; empty for anything else."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if value is None or isinstance(value, Mapping | list | tuple | set):
        return ""
    return text(value.item()) if hasattr(value, "item") else str(value)


def first_text(entry: Entry, *names: str) -> str:
    """Return the first of these fields that holds text."""
    return next((found for name in names if (found := text(entry.get(name)))), "")


def listing(value: Any) -> list[Any]:
    """Return the members of a list, of `{"nodes": […]}` and of `{"edges": [{"node": …}]}`; anything else alone."""
    if isinstance(value, Mapping):
        if isinstance(value.get("nodes"), list | tuple):
            return list(value["nodes"])
        if isinstance(value.get("edges"), list | tuple):
            return [edge.get("node") if isinstance(edge, Mapping) else edge for edge in value["edges"]]
        return [value] if value else []
    if isinstance(value, list | tuple):
        return [item for item in value if not is_empty(item)]
    if hasattr(value, "tolist"):
        return listing(value.tolist())
    return [] if is_empty(value) else [value]


def mappings(value: Any) -> list[Entry]:
    """Return those members of a list that are objects."""
    if value is None or isinstance(value, str):
        return []  # of most fields that are looked for there is nothing
    return [item for item in listing(value) if isinstance(item, Mapping)]


def mapping(value: Any) -> Entry:
    """Return an object, or an empty one in place of anything else."""
    return value if isinstance(value, Mapping) else {}


def truth(value: Any) -> bool | None:
    """Return yes or no, whether written as a truth value or as text; None where it is neither."""
    word = text(value).lower()
    return True if word == "true" else False if word == "false" else None


def one_or_all(values: list[str]) -> str | list[str]:
    """Return the only value, or all."""
    return values[0] if len(values) == 1 else values


def number_of(identifier: Any) -> str:
    """Return an identifier; of one that is the address of a record (`gid://shopify/Product/7`), its own part."""
    name = text(identifier)
    match = _MODEL_MARK.match(name)
    return match[1] if match else name


def addresses(value: Any, *, keys: Iterable[str] = ("url", "src", "originalSrc", "transformedSrc")) -> Iterator[str]:
    """Yield the addresses of images, given as text or as objects."""
    for item in listing(value):
        if isinstance(item, Mapping):
            if found := first_text(item, *keys):
                yield found
            elif isinstance(item.get("image"), Mapping):
                yield from addresses(item["image"], keys=keys)
            elif isinstance(item.get("preview"), Mapping):
                yield from addresses(item["preview"], keys=keys)
        elif found := text(item):
            yield found


class Row:
    """The pairs of one product: what was understood under standard names, and the rest under its own.

    A field that is given twice keeps its first value, so the variant's own is put before its parent's.
    """

    def __init__(self) -> None:
        self._pairs: dict[str, Any] = {}
        self._details: list[dict[str, str]] = []

    def __contains__(self, name: str) -> bool:
        return name in self._pairs

    def put(self, name: str, value: Any) -> None:
        """Set a field that has no value yet; an empty value is none."""
        if not is_empty(value) and name not in self._pairs:
            # A number that is zero says something too, and is as good as the text that a stream has in its place.
            plain = isinstance(value, int | float) and not isinstance(value, bool)
            self._pairs[name] = text(value) if plain else value

    def update(self, values: Mapping[str, Any]) -> None:
        """Set several."""
        for name, value in values.items():
            self.put(name, value)

    def option(self, name: str, value: str) -> None:
        """Add what a variant is chosen by, or another named property: to its attribute, else to the details."""
        if name and value:
            found: dict[str, str] = {}
            details: list[dict[str, str]] = []
            add_option(found, details, name, value)
            for attribute, own in found.items():
                if attribute in self._pairs:
                    self.detail(name, value)
                else:
                    self.put(attribute, own)
            for detail in details:
                self.detail(detail["attribute_name"], detail["attribute_value"])

    def detail(self, name: str, value: str) -> None:
        """Add a named property that is no attribute; the first value of a name counts."""
        if name and value and all(detail["attribute_name"] != name for detail in self._details):
            self._details.append({"attribute_name": name, "attribute_value": value})

    def images(self, found: Iterable[str]) -> None:
        """Set the first address as the image and the others as further ones."""
        kept = list(dict.fromkeys(found))
        if kept:
            self.put("image_link", kept[0])
            self.put("additional_image_link", [image for image in kept if image != self._pairs["image_link"]])

    def rest(self, entry: Entry, understood: Iterable[str]) -> None:
        """Set the fields of an entry that were not understood, unless a field of their name has a value already."""
        known = set(understood)
        taken = {snake(name) for name in self._pairs}
        for name, value in entry.items():
            if name in known or snake(str(name)) in taken or str(name).startswith(("@", "__")):
                continue
            self.put(str(name), value)

    def pairs(self) -> list[Pair]:
        """Return the pairs, the identifier first."""
        order = ["id", "title", "description", "link", *self._pairs]
        pairs = [(name, self._pairs[name]) for name in dict.fromkeys(order) if name in self._pairs]
        return [*pairs, ("product_detail", self._details)] if self._details else pairs
