"""A feed as a table of labelled images: does each picture show what the feed says?"""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from enum import StrEnum
from itertools import tee
from typing import Any, NamedTuple

import pandas as pd

from feedeval.errors import InputError
from feedeval.feed.parsing.faults import warn
from feedeval.feed.parsing.product import FieldValue, Product
from feedeval.feed.reader import products
from feedeval.feed.taxonomy import taxonomy_path
from feedeval.feed.text import category_of, clean_text, field_text, record_keys

CATEGORY = "category"
"""Not an attribute: `product_type`, else `google_product_category`."""
_PATHS = (CATEGORY, "google_product_category", "product_type")

_SEPARATED = frozenset(("color", "material", "pattern"))
"""Attributes whose text can name several values; in others, such as a size, a slash is part of the value."""
_SEPARATOR = re.compile(r"\s*[/|;,+&]\s*|\s+(?:and|und|et|y|e|en)\s+", re.IGNORECASE)
_PATH_SIGN = re.compile(r"\s*[>›»→]\s*")


class Several(StrEnum):
    """What becomes of a product whose field has several values, such as `Black/White`."""

    FIRST = "first"
    """The first is the label: Google asks for the dominant colour first."""
    LEAVE_OUT = "leave_out"
    KEEP = "keep"
    """All of them together are one label."""


def labels_from_feed(
    feed: Any,
    field: str = "color",
    *,
    several: str = Several.FIRST,
    level: int | None = None,
    context: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return a feed as labelled images for shadow mode, so that a shop sees where picture and attribute disagree.

    A model that is sent the title may read the answer in it: `fe.run_shadow(labels, context=[])` sends none.

    Args:
        feed: A frame of `read_feed`, mappings of field names to values, or anything that `read_feed` takes.
        field: The attribute that is the label, such as `color`, `pattern` or `google_product_category`; or `category`.
        several: Of a field with several values take the `first`, `leave_out` the product, or `keep` them as one label.
        level: Of a path such as `Clothing > Dresses` take this part: 1 the first, -1 the last; None: all of it.
        context: Further columns: attributes, or `category` (`product_type`, else `google_product_category`).
            None: title, category and brand, without what is the label or says it.

    Returns:
        A row a product that has both image and field, in the feed's order: filename (the product's id, `id#2` where it
        repeats), image_url, true_class, then the columns of `context` (all str). Labels that differ only in case are
        written as most of them are. `attrs["feedeval"]` counts `products`, `labels`, `without_field`, `without_image`
        and `several`; what was left out is warned of.

    Raises:
        InputError: No product has both image and field, or a setting cannot be used.
        FeedError: It is no feed.
    """
    if context is None:
        telling = _PATHS if field in _PATHS else (field,)
        context = [name for name in ("title", CATEGORY, "brand") if name not in telling]
    _check(field, several, level, context)
    found = _Found(field, level)
    keyed, entries = tee(products(feed))
    for key, product in zip(record_keys(keyed), entries, strict=True):
        found.add(key, product)
    alone = [row for row in found.rows if several != Several.LEAVE_OUT or len(row.values) == 1]
    if not alone:
        raise InputError(found.why_nothing())
    labels = _spelled(["/".join(row.values) if several == Several.KEEP else row.values[0] for row in alone])
    columns = {"filename": [row.key for row in alone], "image_url": [row.image for row in alone], "true_class": labels}
    further = {name: [_context(row.product, name) for row in alone] for name in context}
    frame = pd.DataFrame({**columns, **further}, dtype="str")
    frame.attrs["feedeval"] = {"field": field, "labels": len(frame), **found.counts}
    if left_out := found.left_out(len(alone)):
        warn(f"{len(frame):,} of {found.counts['products']:,} products are labelled images; left out: {left_out}.")
    return frame


def _check(field: str, several: str, level: int | None, context: Sequence[str]) -> None:
    if several not in tuple(Several):
        raise InputError(f"several={several!r}: give one of {', '.join(Several)}")
    if level is not None and (isinstance(level, bool) or not isinstance(level, int) or level == 0):
        raise InputError(
            f"level={level!r}: give 1 for the first part of a path, -1 for the last, or None for all of it"
        )
    if isinstance(context, str) or field in context or {"filename", "image_url", "true_class"} & {*context}:
        raise InputError(
            f"context={context!r}: give a list of further attributes, without {field!r}, which is the label"
        )


class _Row(NamedTuple):
    key: str
    image: str
    values: list[str]
    product: Product


class _Found:
    """What one pass over the products finds."""

    def __init__(self, field: str, level: int | None) -> None:
        self.rows: list[_Row] = []
        self.counts = dict.fromkeys(("products", "without_field", "without_image", "several"), 0)
        self._field = field
        self._level = level
        self._names: set[str] = set()

    def add(self, key: str, product: Product) -> None:
        self._names.update(name for name in product if not name.startswith("_"))
        values, image = _values(product, self._field, self._level), _first(product.get("image_link"))
        self.counts["products"] += 1
        self.counts["without_field"] += not values
        self.counts["without_image"] += bool(values) and not image
        if values and image:
            self.counts["several"] += len(values) > 1
            self.rows.append(_Row(key, image, values, product))

    def why_nothing(self) -> str:
        counts, field = self.counts, self._field
        if field in self._names or field == CATEGORY:
            return (
                f"no product makes a labelled image: {counts['without_field']:,} of {counts['products']:,} have no "
                f"{field}, {counts['without_image']:,} no image_link, {counts['several']:,} several values of {field}"
            )
        close = difflib.get_close_matches(field, self._names, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        there = ", ".join(sorted(self._names)) or "none"
        return f"no product has the field {field!r}{hint} Fields that the feed has: {there}"

    def left_out(self, kept: int) -> str:
        """Return what is not among the labels, in words."""
        reasons = {
            f"without {self._field}": self.counts["without_field"],
            "without an image": self.counts["without_image"],
            f"with several values of {self._field}": len(self.rows) - kept,
        }
        return ", ".join(f"{count:,} {reason}" for reason, count in reasons.items() if count)


def _values(product: Product, field: str, level: int | None) -> list[str]:
    """Return what the field says, value by value, each once."""
    if field in _PATHS:
        path = category_of(product) if field == CATEGORY else _path(product.get(field))
        parts = [part for part in _PATH_SIGN.split(path) if part]
        if level is None or not parts:
            return [" > ".join(parts)] if parts else []
        return parts[level - 1 : level] if level > 0 else parts[level : len(parts) + level + 1]
    raw = product.get(field)
    texts = [text for text in (raw if isinstance(raw, list) else [raw]) if isinstance(text, str)]
    lines = [_line(text) for text in texts]
    split = [part for line in lines for part in (_SEPARATOR.split(line) if field in _SEPARATED else [line])]
    return [*dict.fromkeys(part for part in split if part)]


def _path(value: FieldValue | None) -> str:
    text = _first(value)
    return taxonomy_path(text) or text


def _first(value: FieldValue | None) -> str:
    first = value[0] if isinstance(value, list) and value else value
    return _line(first) if isinstance(first, str) else ""


def _line(text: str) -> str:
    return " ".join(clean_text(text).split())


def _context(product: Product, name: str) -> str | None:
    if name == CATEGORY:
        return category_of(product) or None
    value = product.get(name) or product.get(f"structured_{name}")
    return None if value is None else _line(field_text(name, value)) or None


def _spelled(labels: list[str]) -> list[str]:
    """Return labels that differ only in case as most of them are written."""
    spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for label in labels:
        spellings[label.casefold()][label] += 1
    return [spellings[label.casefold()].most_common(1)[0][0] for label in labels]
