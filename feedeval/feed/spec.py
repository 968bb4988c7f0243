"""What a product needs at a destination, as its rules say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from feedeval.feed.rules import AttributeRule, Requirement, Target, rules, target_of
from feedeval.feed.taxonomy import asked_of, taxonomy_id

_BOOK = re.compile(r"97[89]\d{10}")


def core_fields(product: Mapping[str, Any], *, target: Target | str = Target.GOOGLE) -> list[str]:
    """Return the attributes that this product needs at the destination, in the order of the rule file.

    Which they are depends on the product: no `gtin` where there is an `mpn` or no identifier exists, no `brand` for
    books, `size` for clothing and shoes, `availability_date` for preorders, and so on. What only some countries ask for
    is among them.
    """
    return [rule.attribute for rule in needed(target_of(target)) if applies(rule, product)]


def missing_core_fields(product: Mapping[str, Any], *, target: Target | str = Target.GOOGLE) -> list[str]:
    """Return those of `core_fields` that the product does not fill."""
    return [
        rule.attribute
        for rule in needed(target_of(target))
        if not is_filled(product.get(rule.attribute))
        and not any(is_filled(product.get(name)) for name in rule.also)
        and applies(rule, product)
    ]


def applies(rule: AttributeRule, product: Mapping[str, Any]) -> bool:
    """Tell whether this product is one of those that an attribute is required of; the country is not looked at."""
    if rule.requirement in _BY_CATEGORY:
        return asked_of(rule.requirement.value, rule.attribute, category_id(product))
    condition = _APPLIES.get(rule.requirement)
    return condition is not None and condition(product)


@lru_cache(maxsize=len(Target))
def needed(target: Target) -> tuple[AttributeRule, ...]:
    """Return the rules of the attributes that some products need there, in the order of the rule file."""
    return tuple(rule for rule in rules(target).values() if rule.requirement in {*_APPLIES, *_BY_CATEGORY})


def is_filled(value: object) -> bool:
    """Tell whether a cell holds anything: not None, NaN, blank text or an empty list."""
    if isinstance(value, str):
        return bool(value) and not value.isspace()
    if value is None or value is False:
        return value is not None
    if isinstance(value, list | tuple | dict):
        return bool(value)
    # NaN and NaT are the only values that differ from themselves; pandas' NA answers neither yes nor no.
    return type(value).__name__ != "NAType" and bool(value == value)


def first_text(value: object) -> str:
    """Return a cell's text, that of the first value where it is repeated, and an empty string where there is none."""
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    return value.strip() if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def stated_text(product: Mapping[str, Any], name: str) -> str:
    """Return a title or description: its text, else the content of `structured_title` or `structured_description`.

    Google has generated text marked there, in the place of the plain attribute or beside it.
    """
    plain = first_text(product.get(name))
    if plain:
        return plain
    group = product.get(f"structured_{name}")
    group = group[0] if isinstance(group, list | tuple) and group else group
    return first_text(group.get("content") if isinstance(group, Mapping) else group)


def category_id(product: Mapping[str, Any]) -> str | None:
    """Return the id of the product's place in Google's taxonomy, or None where it names none that is listed."""
    found = taxonomy_id(first_text(product.get("google_product_category")))
    if found is None:
        # A number there is one of the shop's own.
        own = first_text(product.get("product_type"))
        found = None if own[:1].isdecimal() else taxonomy_id(own)
    return found


def _identifier_exists(product: Mapping[str, Any]) -> bool:
    return first_text(product.get("identifier_exists")).lower() not in {"no", "false"}


def _new_and_branded(product: Mapping[str, Any]) -> bool:
    if first_text(product.get("condition")).lower() in {"used", "refurbished"} or not _identifier_exists(product):
        return False
    return not (asked_of("media", "brand", category_id(product)) or _BOOK.fullmatch(first_text(product.get("gtin"))))


def _needs_identifier(product: Mapping[str, Any]) -> bool:
    return not is_filled(product.get("mpn")) and _new_and_branded(product)


def _gtin_or_mpn(product: Mapping[str, Any]) -> bool:
    return not is_filled(product.get("mpn")) and _identifier_exists(product)


def _brand_with_mpn(product: Mapping[str, Any]) -> bool:
    return is_filled(product.get("mpn")) and not is_filled(product.get("gtin")) and _identifier_exists(product)


def _variant(product: Mapping[str, Any]) -> bool:
    return is_filled(product.get("item_group_id")) or is_filled(product.get("group_id"))


def _preorder(product: Mapping[str, Any]) -> bool:
    return first_text(product.get("availability")).lower() in {"preorder", "pre_order", "pre order", "backorder"}


_APPLIES: Mapping[Requirement, Callable[[Mapping[str, Any]], bool]] = MappingProxyType(
    {
        Requirement.REQUIRED: lambda product: True,
        Requirement.BRANDED: _identifier_exists,
        Requirement.NEW_AND_BRANDED: _new_and_branded,
        Requirement.IDENTIFIER: _needs_identifier,
        Requirement.GTIN_OR_MPN: _gtin_or_mpn,
        Requirement.BRAND_WITH_MPN: _brand_with_mpn,
        Requirement.PREORDER: _preorder,
        Requirement.VARIANT: _variant,
    }
)
"""Tells for each requirement whether it concerns a product."""
_BY_CATEGORY = frozenset({Requirement.APPAREL, Requirement.CLOTHING_OR_SHOES})
"""Requirements that turn on the category; which categories, `categories.tsv` says."""
TELLING = (
    *("condition", "identifier_exists", "brand", "gtin", "mpn", "availability", "item_group_id", "group_id"),
    *("google_product_category", "product_type"),
)
"""The attributes that tell it."""
