"""What a product needs at a destination, and Google's taxonomy."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from feedeval.feed.rules import DATA, AttributeRule, Kind, Requirement, Target, rules, target_of

__all__ = [
    "APPLIES",
    "DATA",
    "TELLING",
    "AttributeRule",
    "Kind",
    "Requirement",
    "Target",
    "category_path",
    "core_fields",
    "first_text",
    "is_filled",
    "missing_core_fields",
    "needed",
    "rules",
    "target_of",
    "taxonomy_path",
]

_SEPARATOR = re.compile(r"\s*>\s*")
_BOOK = re.compile(r"97[89]\d{10}")
_IDS_OF_RULES = {
    "166": "Apparel & Accessories",
    "187": "Apparel & Accessories > Shoes",
    "783": "Media",
    "784": "Media > Books",
    "1604": "Apparel & Accessories > Clothing",
}
"""Ids of Google's product taxonomy (version 2021-09-21) that a requirement turns on."""


def core_fields(product: Mapping[str, Any], *, target: Target | str = Target.GOOGLE) -> list[str]:
    """Return the attributes that this product needs at the destination, in the order of the rule file.

    Which they are depends on the product: no `gtin` where there is an `mpn` or no identifier exists, no `brand` for
    books, `size` for clothing and shoes, `availability_date` for preorders, and so on. What only some countries ask for
    is among them.
    """
    return [rule.attribute for rule in needed(target_of(target)) if APPLIES[rule.requirement](product)]


def missing_core_fields(product: Mapping[str, Any], *, target: Target | str = Target.GOOGLE) -> list[str]:
    """Return those of `core_fields` that the product does not fill."""
    return [
        rule.attribute
        for rule in needed(target_of(target))
        if not is_filled(product.get(rule.attribute))
        and not any(is_filled(product.get(name)) for name in rule.also)
        and APPLIES[rule.requirement](product)
    ]


@lru_cache(maxsize=len(Target))
def needed(target: Target) -> tuple[AttributeRule, ...]:
    """Return the rules of the attributes that some products need there, in the order of the rule file."""
    return tuple(rule for rule in rules(target).values() if rule.requirement in APPLIES)


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


def category_path(product: Mapping[str, Any]) -> str:
    """Return the product's place in Google's taxonomy, or an empty string where it names none that is listed."""
    for name in ("google_product_category", "product_type"):
        text = first_text(product.get(name))
        path = taxonomy_path(text) if text else None
        if path:
            return path
    return ""


def _identifier_exists(product: Mapping[str, Any]) -> bool:
    return first_text(product.get("identifier_exists")).lower() not in {"no", "false"}


def _new_and_branded(product: Mapping[str, Any]) -> bool:
    if first_text(product.get("condition")).lower() in {"used", "refurbished"} or not _identifier_exists(product):
        return False
    return not (category_path(product).startswith("Media") or _BOOK.fullmatch(first_text(product.get("gtin"))))


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


def _apparel(product: Mapping[str, Any]) -> bool:
    return category_path(product).startswith("Apparel & Accessories")


def _clothing_or_shoes(product: Mapping[str, Any]) -> bool:
    path = f"{category_path(product)} >"
    return path.startswith(("Apparel & Accessories > Clothing >", "Apparel & Accessories > Shoes >"))


APPLIES: Mapping[Requirement, Callable[[Mapping[str, Any]], bool]] = MappingProxyType(
    {
        Requirement.REQUIRED: lambda product: True,
        Requirement.BRANDED: _identifier_exists,
        Requirement.NEW_AND_BRANDED: _new_and_branded,
        Requirement.IDENTIFIER: _needs_identifier,
        Requirement.GTIN_OR_MPN: _gtin_or_mpn,
        Requirement.BRAND_WITH_MPN: _brand_with_mpn,
        Requirement.PREORDER: _preorder,
        Requirement.APPAREL: _apparel,
        Requirement.CLOTHING_OR_SHOES: _clothing_or_shoes,
        Requirement.VARIANT: _variant,
    }
)
"""Tells for each requirement whether it concerns a product."""
TELLING = (
    *("condition", "identifier_exists", "brand", "gtin", "mpn", "availability", "item_group_id", "group_id"),
    *("google_product_category", "product_type"),
)
"""The attributes that tell it."""


@lru_cache(maxsize=65536)
def taxonomy_path(id_or_path: str) -> str | None:
    """Return the full path of a category of Google's product taxonomy, or None where the packaged list has no such one.

    The list has no ids; only those that rules turn on (apparel, media) are known.

    Args:
        id_or_path: A path such as `"Electronics > Audio"`, with or without its id in front (`"223 - Electronics > …"`),
            or an id; case and the space around `>` do not matter.
    """
    text = id_or_path.strip()
    number, _, named = text.partition(" - ") if text[:1].isdecimal() else ("", "", text)
    if not named and number.strip().isascii():
        return _IDS_OF_RULES.get(number.strip())
    return _taxonomy().get(_SEPARATOR.sub(" > ", named.strip()).casefold())


@lru_cache(maxsize=1)
def _taxonomy() -> dict[str, str]:
    """Return the paths of Google's taxonomy by their casefolded form."""
    packed = (DATA / "google_taxonomy_en-US.txt.gz").read_bytes()
    paths: list[str] = []
    above: list[str] = []
    for line in gzip.decompress(packed).decode("utf-8").splitlines():
        if line.startswith("#"):
            continue
        name = line.lstrip("\t")
        above = [*above[: len(line) - len(name)], name]
        paths.append(" > ".join(above))
    return {path.casefold(): path for path in paths}
