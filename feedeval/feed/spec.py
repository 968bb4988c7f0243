"""What a destination asks of a product: attribute rules, required attributes, Google's taxonomy; from `data/spec`.

The rule files are tables that a reader can extend; each says in its first lines where its facts come from.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from feedeval.errors import InputError

DATA = Path(__file__).resolve().parents[1] / "data" / "spec"
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


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    return {row["target"]: row["name"] for row in _table("targets")}


def _table(name: str) -> csv.DictReader[str]:
    """Return the rows of a table of `data/spec`."""
    lines = (DATA / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    return csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE)


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
    countries: tuple[str, ...]
    """Where the requirement holds; empty: everywhere."""
    since: str
    """ISO date from which the rule holds; empty: always, or not stated."""
    source: str


@lru_cache(maxsize=len(Target))
def rules(target: Target | str) -> Mapping[str, AttributeRule]:
    """Return the rules of a destination by attribute; parts of nested attributes are named `attribute.part`.

    Raises:
        InputError: There is no such destination.
    """
    destination = target_of(target)
    return MappingProxyType({row["attribute"]: _rule(destination, row) for row in _table(destination.value)})


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
        countries=tuple(code for code in row["countries"].split("|") if code),
        since=row["since"],
        source=row["source"],
    )


def core_fields(product: Mapping[str, Any], *, target: Target | str = Target.GOOGLE) -> list[str]:
    """Return the attributes that this product needs at the destination, in the order of the rule file.

    Which they are depends on the product: no `gtin` where there is an `mpn` or no identifier exists, no `brand` for
    books, `size` for clothing and shoes, `availability_date` for preorders, and so on.
    """
    return [rule.attribute for rule in _needed(target_of(target)) if _APPLIES[rule.requirement](product)]


def missing_core_fields(product: Mapping[str, Any], *, target: Target | str = Target.GOOGLE) -> list[str]:
    """Return those of `core_fields` that the product does not fill."""
    return [
        rule.attribute
        for rule in _needed(target_of(target))
        if not is_filled(product.get(rule.attribute))
        and not any(is_filled(product.get(name)) for name in rule.also)
        and _APPLIES[rule.requirement](product)
    ]


@lru_cache(maxsize=len(Target))
def _needed(target: Target) -> tuple[AttributeRule, ...]:
    return tuple(rule for rule in rules(target).values() if rule.requirement in _APPLIES)


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


def _preorder(product: Mapping[str, Any]) -> bool:
    return first_text(product.get("availability")).lower() in {"preorder", "pre_order", "pre order", "backorder"}


def _apparel(product: Mapping[str, Any]) -> bool:
    return category_path(product).startswith("Apparel & Accessories")


def _clothing_or_shoes(product: Mapping[str, Any]) -> bool:
    path = f"{category_path(product)} >"
    return path.startswith(("Apparel & Accessories > Clothing >", "Apparel & Accessories > Shoes >"))


_APPLIES: Mapping[Requirement, Callable[[Mapping[str, Any]], bool]] = {
    Requirement.REQUIRED: lambda product: True,
    Requirement.BRANDED: _identifier_exists,
    Requirement.NEW_AND_BRANDED: _new_and_branded,
    Requirement.IDENTIFIER: _needs_identifier,
    Requirement.PREORDER: _preorder,
    Requirement.APPAREL: _apparel,
    Requirement.CLOTHING_OR_SHOES: _clothing_or_shoes,
}


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
