"""The rules of each destination, a row an attribute, from `data/spec`.

The rule files are tables that a reader can extend; each says in its first lines where its facts come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from feedeval.errors import InputError
from feedeval.feed.tables import table


class Target(StrEnum):
    """Where a feed is sent to."""

    GOOGLE = "google"
    OPENAI = "openai"
    OPENAI_GOOGLE_PROFILE = "openai_google_profile"
    """A feed in Google's form that is sent to OpenAI."""
    ACP = "acp"
    """The product feed of the Agentic Commerce Protocol."""
    META = "meta"
    MICROSOFT = "microsoft"
    TIKTOK = "tiktok"
    PINTEREST = "pinterest"

    @property
    def display_name(self) -> str:
        """The name as people write it."""
        return _names()[self.value]


class Kind(StrEnum):
    """How the values of an attribute are read."""

    TEXT = "text"
    MARKUP = "markup"
    """A text that may hold HTML."""
    ENUM = "enum"
    URL = "url"
    ASCII_URL = "ascii_url"
    FILE_URL = "file_url"
    IMAGE = "image"
    PRICE = "price"
    AMOUNT = "amount"
    """A price that may lack its currency, where the destination knows which is meant."""
    DATE = "date"
    DATE_RANGE = "date_range"
    INTEGER = "integer"
    NUMBER = "number"
    DECIMAL1 = "decimal1"
    """A number with at most one decimal."""
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
    GTIN_OR_MPN = "gtin_or_mpn"
    """Where there is no `mpn` either, unless no identifier exists."""
    BRAND_WITH_MPN = "brand_with_mpn"
    """Where an `mpn` is all that tells the product: it does so only with its brand."""
    USED = "used"
    """Used and refurbished products, which only the title can tell while the attribute is missing."""
    PREORDER = "preorder"
    """Products on preorder or backorder."""
    APPAREL = "apparel"
    CLOTHING_OR_SHOES = "clothing_or_shoes"
    VARIANT = "variant"
    """Variants: products with an `item_group_id`."""


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
    advised_chars: int | None
    """Length that the destination advises, but takes more than."""
    values: tuple[str, ...]
    """What is accepted; what this means depends on the kind, see the head of the rule files."""
    max_values: int | None
    """How often it may stand; None where there is no limit."""
    countries: tuple[str, ...]
    """Where the requirement holds, as the rule file lists it; empty: everywhere."""
    since: str
    """ISO date from which the rule holds; empty: always, or not stated."""
    source: str
    """Codes of `sources`, separated by commas."""


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    return {row["target"]: row["name"] for row in table("spec/targets")}


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
    return MappingProxyType({row["attribute"]: _rule(target, row) for row in table(f"spec/{name}")})


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
    most = row["max_chars"]
    return AttributeRule(
        target=target,
        attribute=row["attribute"],
        also=tuple(name for name in row["also"].split("|") if name),
        requirement=Requirement(row["requirement"]),
        kind=Kind(row["kind"]),
        max_chars=int(most) if most and not most.startswith("~") else None,
        advised_chars=int(most[1:]) if most.startswith("~") else None,
        values=tuple(value for value in row["values"].split("|") if value),
        max_values=None if row["max_values"] == "many" else int(row["max_values"]),
        countries=tuple(code for code in row["countries"].split("|") if code),
        since=row["since"],
        source=row["source"],
    )


@lru_cache(maxsize=8192)
def rule_for(target: Target, field: str) -> AttributeRule | None:
    """Return the rule of the attribute that a feed calls `field`, by its own name or by another one of it."""
    destination = rules(target)
    if field in destination:
        return destination[field]
    return next((rule for rule in destination.values() if field in rule.also), None)
