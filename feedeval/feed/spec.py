"""What a destination asks of a product: attribute rules and required attributes; from `data/spec`.

The rule files are tables that a reader can extend; each says in its first lines where its facts come from.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from feedeval.errors import InputError
from feedeval.feed.taxonomy import asked_of, taxonomy_id

DATA = Path(__file__).resolve().parents[1] / "data" / "spec"
_BOOK = re.compile(r"97[89]\d{10}")


class Target(StrEnum):
    """Where a feed is sent to."""

    GOOGLE = "google"
    OPENAI = "openai"
    META = "meta"

    @property
    def display_name(self) -> str:
        """The name as people write it."""
        return {"google": "Google", "openai": "OpenAI", "meta": "Meta"}[self.value]


class Kind(StrEnum):
    """How the values of an attribute are read."""

    TEXT = "text"
    ENUM = "enum"
    URL = "url"
    ASCII_URL = "ascii_url"
    FILE_URL = "file_url"
    IMAGE = "image"
    PRICE = "price"
    DATE = "date"
    DATE_RANGE = "date_range"
    INTEGER = "integer"
    NUMBER = "number"
    MEASURE = "measure"
    WHOLE_MEASURE = "whole_measure"
    COUNTRY = "country"
    CATEGORY = "category"
    GTIN = "gtin"
    GROUP = "group"
    """Nested: its parts have rules of their own, named `attribute.part`."""


class Requirement(StrEnum):
    """When a product needs an attribute."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NEEDED_PART = "needed_part"
    """A nested attribute is of no use without this part."""
    BRANDED = "branded"
    """Unless the product says that no identifier exists."""
    NEW_AND_BRANDED = "new_and_branded"
    """New products except films, books and music, unless no identifier exists."""
    IDENTIFIER = "identifier"
    """As NEW_AND_BRANDED, where there is no `mpn` either."""
    USED = "used"
    """Used and refurbished products, which only the title can tell while the attribute is missing."""
    PREORDER = "preorder"
    """Products on preorder or backorder."""
    APPAREL = "apparel"
    CLOTHING_OR_SHOES = "clothing_or_shoes"


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """What one destination asks of one attribute."""

    target: Target
    attribute: str
    also: tuple[str, ...]
    """Other names of it, or attributes that stand in for it."""
    requirement: Requirement
    kind: Kind
    max_chars: int | None
    values: tuple[str, ...]
    """What is accepted; what this means depends on the kind, see the head of the rule files."""
    max_values: int | None
    """How often it may stand; None where there is no limit."""
    source: str


@lru_cache(maxsize=len(Target))
def rules(target: Target | str) -> Mapping[str, AttributeRule]:
    """Return the rules of a destination by attribute; parts of nested attributes are named `attribute.part`.

    Raises:
        InputError: There is no such destination.
    """
    destination = target_of(target)
    return read_rules(destination.value, destination)


def read_rules(name: str, target: Target) -> Mapping[str, AttributeRule]:
    """Return the rules of the rule file called `name` by attribute."""
    lines = (DATA / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE)
    return MappingProxyType({row["attribute"]: _rule(target, row) for row in rows})


def target_of(name: str) -> Target:
    """Return the destination called `name`.

    Raises:
        InputError: There is none; the message names those there are.
    """
    if isinstance(name, Target):
        return name
    try:
        return Target(str(name).strip().lower())
    except ValueError:
        known = ", ".join(f'"{t.value}"' for t in Target)
        raise InputError(f"target={name!r} is not among the destinations with rules: {known}") from None


def _rule(target: Target, row: Mapping[str, str]) -> AttributeRule:
    return AttributeRule(
        target=target,
        attribute=row["attribute"],
        also=tuple(name for name in row["also"].split("|") if name),
        requirement=Requirement(row["requirement"]),
        kind=Kind(row["kind"]),
        max_chars=int(row["max_chars"]) if row["max_chars"] else None,
        values=tuple(value for value in row["values"].split("|") if value),
        max_values=None if row["max_values"] == "many" else int(row["max_values"]),
        source=row["source"],
    )


def core_fields(product: Mapping[str, Any], *, target: Target | str = Target.GOOGLE) -> list[str]:
    """Return the attributes that this product needs at the destination, in the order of the rule file.

    Which they are depends on the product: no `gtin` where there is an `mpn` or no identifier exists, no `brand` for
    books, `size` for clothing and shoes, `availability_date` for preorders, and so on.
    """
    return [rule.attribute for rule in _needed(target_of(target)) if applies(rule, product)]


def missing_core_fields(product: Mapping[str, Any], *, target: Target | str = Target.GOOGLE) -> list[str]:
    """Return those of `core_fields` that the product does not fill."""
    return [
        rule.attribute
        for rule in _needed(target_of(target))
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
def _needed(target: Target) -> tuple[AttributeRule, ...]:
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


def _preorder(product: Mapping[str, Any]) -> bool:
    return first_text(product.get("availability")).lower() in {"preorder", "pre_order", "pre order", "backorder"}


_APPLIES: Mapping[Requirement, Callable[[Mapping[str, Any]], bool]] = {
    Requirement.REQUIRED: lambda product: True,
    Requirement.BRANDED: _identifier_exists,
    Requirement.NEW_AND_BRANDED: _new_and_branded,
    Requirement.IDENTIFIER: _needs_identifier,
    Requirement.PREORDER: _preorder,
}
_BY_CATEGORY = frozenset({Requirement.APPAREL, Requirement.CLOTHING_OR_SHOES})
"""Requirements that turn on the category; which categories, `categories.tsv` says."""
