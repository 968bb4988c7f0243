"""Checks of a product as a whole that only some destinations make, where a rule needs more than the rule files say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from feedeval.feed.checks.findings import Issue, Setting, quoted
from feedeval.feed.checks.products import Found, Product, ProductCheck
from feedeval.feed.checks.values import read_measure, unit_family
from feedeval.feed.rules import Target, rules
from feedeval.feed.spec import first_text, is_filled
from feedeval.feed.taxonomy import taxonomy_path

_BARE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_SHIPPING_PARTS = (4, 8)
"""`country:region:service_class:price`, and the same with the four times behind it."""
_TIMES = frozenset(f"{bound}_{what}_time" for bound in ("min", "max") for what in ("handling", "transit"))
_WEIGHTS, _LENGTHS = ("weight",), ("length", "width", "height", "dimensions")


class DestinationCheck(NamedTuple):
    """A check of some destinations."""

    check: ProductCheck
    wanted: tuple[str, ...]
    """A product has to fill one of these attributes to be looked at."""
    targets: frozenset[Target]


def unit_pricing(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a base measure without a measure, or of another kind of unit."""
    base, whole = (first_text(product.get(name)) for name in ("unit_pricing_base_measure", "unit_pricing_measure"))
    rule = rules(setting.target).get("unit_pricing_measure")
    if not base or rule is None:
        return
    if not whole:
        said = f"the base measure {quoted(base)} stands alone"
        yield "unit_pricing_measure", Issue("unit_measure_missing", said, base)
        return
    families = [unit_family(read[1], rule) for read in map(read_measure, (base, whole)) if read]
    if len(set(families)) == 2 and -1 not in families:
        said = f"{quoted(base)} does not fit {quoted(whole)}"
        yield "unit_pricing_base_measure", Issue("unit_family_differs", said, base)


def group_is_item(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a group of variants that is called like the variant itself."""
    for name in ("group_id", "item_group_id"):
        group = first_text(product.get(name))
        if group and group in {first_text(product.get(own)) for own in ("id", "item_id")}:
            yield name, Issue("group_equals_id", f"{quoted(group)} is the product's own id", group)


def unit_missing(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a weight or a dimension that is a bare number while no attribute gives its unit."""
    for names, unit in ((_WEIGHTS, "item_weight_unit"), (_LENGTHS, "dimensions_unit")):
        if is_filled(product.get(unit)):
            continue
        for name in names:
            value = first_text(product.get(name))
            if value and all(_BARE.fullmatch(part.strip()) for part in re.split(r"[x×*]", value)):
                yield name, Issue("unit_missing", f"{quoted(value)} has no unit, and {unit} is empty", value)


def shipping_parts(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a `shipping` that has some of the four times: it is read with none of them, or with all."""
    cell = product.get("shipping")
    for entry in cell if isinstance(cell, list) else [cell]:
        if isinstance(entry, str) and ":" in entry:
            for text in entry.split(","):
                count = text.count(":") + 1
                if count not in _SHIPPING_PARTS:
                    yield (
                        "shipping",
                        Issue("shipping_parts", f"{quoted(text)} has {count} parts; 4 or 8 are read", text),
                    )
        elif isinstance(entry, dict):
            times = sorted(_TIMES & set(entry))
            if times and len(times) < len(_TIMES):
                text = ":".join(str(part) for part in entry.values())
                said = f"{' and '.join(times)} without the other times; all four are read, or none"
                yield "shipping", Issue("shipping_parts", said, text)


def broad_category(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a category of one level, which says next to nothing."""
    value = first_text(product.get("google_product_category"))
    path = taxonomy_path(value) if value else None
    if path and ">" not in path:
        yield "google_product_category", Issue("category_too_broad", f"{quoted(path)} has one level", value)


_OPENAI = frozenset({Target.OPENAI})
DESTINATION_CHECKS: tuple[DestinationCheck, ...] = (
    DestinationCheck(unit_pricing, ("unit_pricing_base_measure",), frozenset(Target)),
    DestinationCheck(group_is_item, ("group_id", "item_group_id"), _OPENAI),
    DestinationCheck(unit_missing, (*_WEIGHTS, *_LENGTHS), _OPENAI),
    DestinationCheck(shipping_parts, ("shipping",), _OPENAI),
    DestinationCheck(broad_category, ("google_product_category",), frozenset({Target.META})),
)
