"""Which attribute a column, element or key is: standard names, the names of other exports, and one's own.

The table behind it is `data/columns.tsv`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from unicodedata import combining, normalize

from feedeval.errors import InputError
from feedeval.feed.tables import table


class AttributeShape(StrEnum):
    """How the value of an attribute is built."""

    ONE = "one"
    """Text; a list only where the feed repeats it."""
    MANY = "many"
    """Always a list of text."""
    GROUP = "group"
    """Sub-attributes."""
    GROUPS = "groups"
    """Always a list of groups of sub-attributes."""
    IMAGES = "images"
    """Addresses of images: the first is `image_link`, the others are `additional_image_link`."""


class Role(StrEnum):
    """Who an attribute is for."""

    TEXT = "text"
    """A buyer can read it."""
    LINK = "link"
    ID = "id"
    INTERNAL = "internal"
    """For the platform, or not for other eyes."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One row of the table."""

    name: str
    shape: AttributeShape = AttributeShape.ONE
    role: Role = Role.TEXT
    parts: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


SUPPLEMENTS = frozenset(
    {
        *(
            "id",
            "custom_label_0",
            "custom_label_1",
            "custom_label_2",
            "custom_label_3",
            "custom_label_4",
            "ads_redirect",
        ),
        *("shipping_label", "transit_time_label", "return_policy_label", "promotion_id", "pause", "popularity_rank"),
        *("ads_grouping", "ads_labels", "adwords_grouping", "adwords_labels", "included_destination"),
        *("excluded_destination", "shopping_ads_excluded_country", "cost_of_goods_sold", "auto_pricing_min_price"),
        *("expiration_date", "loyalty_program", "quantity_to_sell_on_facebook", "inventory", "internal_label"),
        *("custom_number_0", "custom_number_1", "custom_number_2", "custom_number_3", "custom_number_4"),
    }
)
"""The id, and attributes for the platform alone: a feed of nothing else supplements another."""

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD = re.compile(r"\W+|_+")
_INDEX = re.compile(r"^(?P<stem>.*?[^\W\d_])[\s_]*(?:\[\d+\]|(?P<number>\d{1,2}))(?P<tail>\.url)?$")
_WITH_PARTS = re.compile(r"^\s*(?P<name>[^()]+?)\s*\((?P<parts>[a-z_ ]+(?::[a-z_ ]+)*)\)\s*$")
_METAFIELD = re.compile(r"\s*\((?:product|variant)\.metafields\.[^)]*\)\s*$")


@cache
def attributes() -> dict[str, Attribute]:
    """Return the attributes of the table by name."""
    return {row["attribute"]: _attribute(row) for row in table("columns")}


def _attribute(row: Mapping[str, str]) -> Attribute:
    parts, aliases = _words(row["parts"], ":"), _words(row["aliases"], "|")
    return Attribute(row["attribute"], AttributeShape(row["shape"]), Role(row["role"]), parts, aliases)


def _words(text: str, separator: str) -> tuple[str, ...]:
    return tuple(word for word in text.split(separator) if word)


def squeeze(name: str) -> str:
    """Return a name without case, spaces and punctuation, for comparing."""
    return _NOT_WORD.sub("", name).lower()


@lru_cache(maxsize=8192)
def snake(name: str) -> str:
    """Return a name in snake case: `warrantyInformation` and `Warranty information` are `warranty_information`."""
    return _NOT_WORD.sub("_", _CAMEL.sub("_", name.strip())).strip("_").lower() or "unnamed"


@cache
def _standard() -> dict[str, str]:
    # A name that is also an alias (`sku`, which may stand in for the id) means itself only where it is not needed
    # as such.
    return {squeeze(name): name for name in attributes() if squeeze(name) not in _aliases()}


@cache
def _aliases() -> dict[str, tuple[str, int]]:
    """Squeezed alias -> attribute and rank (the lower one wins)."""
    found: dict[str, tuple[str, int]] = {}
    for attribute in attributes().values():
        for rank, alias in enumerate(attribute.aliases):
            for spelled in _spellings(alias):
                found.setdefault(squeeze(spelled), (attribute.name, rank))
    return found


def _spellings(alias: str) -> tuple[str, ...]:
    """Return an alias also as it is spelled where the keyboard, or a database, knows no accents."""
    plain = "".join(letter for letter in normalize("NFKD", alias) if not combining(letter))
    umlauts = alias.translate(_UMLAUTS)
    return (alias, *(other for other in (plain, umlauts) if other != alias and other.isascii()))


@dataclass(frozen=True, slots=True)
class ColumnMeaning:
    """What one column is read as."""

    name: str
    parts: tuple[str, ...] = ()
    """Sub-attributes that the heading names, as in `shipping(country:price)`."""


class ColumnNames:
    """Resolves the names of one source to attributes; names given in `columns` go first.

    Args:
        columns: The source's names to attributes.
        also: Further names, squeezed, with the attribute and the rank of each, where the table knows no other meaning.

    Attributes:
        used: Names of `columns` that the source has used so far.
    """

    def __init__(
        self, columns: Mapping[str, str] | None = None, *, also: Mapping[str, tuple[str, int]] | None = None
    ) -> None:
        self._also = also or {}
        self._given: dict[str, str] = {}
        self._spelling: dict[str, str] = {}
        if columns is not None and not isinstance(columns, Mapping):
            raise InputError(f"columns={columns!r}: give a mapping of the feed's names to attributes")
        for theirs, ours in (columns or {}).items():
            if not (isinstance(theirs, str) and isinstance(ours, str) and theirs.strip() and ours.strip()):
                raise InputError(
                    f"columns={{{theirs!r}: {ours!r}}}: give the feed's name and the attribute that it is, both as text"
                )
            self._given[squeeze(theirs)] = _standard().get(squeeze(ours)) or snake(ours)
            self._spelling[squeeze(theirs)] = theirs
        self.used: set[str] = set()

    @property
    def given(self) -> dict[str, str]:
        """Names of `columns` as a person gave them, and the attributes that they are."""
        return {spelling: self._given[key] for key, spelling in self._spelling.items()}

    @property
    def unused(self) -> list[str]:
        """Names of `columns` that the source never had."""
        return [spelling for key, spelling in self._spelling.items() if key not in self.used]

    def resolve(self, names: Sequence[str]) -> tuple[ColumnMeaning, ...]:
        """Return what each of the names that stand together in one product or header is read as."""
        sure: dict[int, ColumnMeaning] = {}
        maybe: dict[str, list[tuple[int, int, ColumnMeaning]]] = {}
        for position, name in enumerate(names):
            key = squeeze(name)
            if key in self._given:
                self.used.add(key)
                sure[position] = ColumnMeaning(self._given[key])
                continue
            found = _find(name)
            if found is None and key in self._also:
                found = ColumnMeaning(self._also[key][0]), self._also[key][1]
            if found is None:
                continue
            target, rank = found
            if rank is None:
                sure[position] = target
            else:
                maybe.setdefault(target.name, []).append((rank, position, target))
        taken = {target.name for target in sure.values()}
        for attribute, candidates in maybe.items():
            if attribute in taken:
                continue
            best = min(candidates)[0]
            sure.update({position: target for rank, position, target in candidates if rank == best})
        return tuple(sure.get(position) or ColumnMeaning(snake(name)) for position, name in enumerate(names))


@lru_cache(maxsize=8192)
def _find(name: str) -> tuple[ColumnMeaning, int | None] | None:
    """Return the attribute that a name means and the rank of the alias, None where it is the standard name itself."""
    name = _METAFIELD.sub("", name)
    parts: tuple[str, ...] = ()
    if match := _WITH_PARTS.match(name):
        attribute = attributes().get(snake(match["name"]))
        if attribute is not None and attribute.shape in (AttributeShape.GROUP, AttributeShape.GROUPS):
            name, parts = match["name"], tuple(snake(part) for part in match["parts"].split(":"))
    key = squeeze(name)
    if key in _standard():
        return ColumnMeaning(_standard()[key], parts), None
    if key in _aliases():
        attribute_name, rank = _aliases()[key]
        return ColumnMeaning(attribute_name, parts), rank
    return _find_numbered(name)


def _find_numbered(name: str) -> tuple[ColumnMeaning, int | None] | None:
    """Resolve `product_highlight_2`, `additional image link 3`, `Bild 2` and Meta's `image[0].url`."""
    match = _INDEX.match(name.strip())
    if match is None:
        return None
    stem = squeeze(match["stem"])
    if stem in ("image", "images") and (match["tail"] or "[" in name):
        return ColumnMeaning("images"), 0
    attribute_name = _standard().get(stem) or _aliases().get(stem, ("", 0))[0]
    if attribute_name == "image_link":
        return ColumnMeaning("images"), 0
    attribute = attributes().get(attribute_name)
    if attribute is not None and attribute.shape in (AttributeShape.MANY, AttributeShape.GROUPS, AttributeShape.IMAGES):
        return ColumnMeaning(attribute_name), None
    return None


def standard_name(name: str) -> str:
    """Return how a read feed spells a field that a person calls `name`: a standard attribute, or snake case."""
    found = _find(name)
    return found[0].name if found is not None else snake(name)


@lru_cache(maxsize=4096)
def role_of(name: str) -> Role:
    """Return who a field is for; a field that is not in the table is judged by its name."""
    attribute = attributes().get(name)
    if attribute is not None:
        return attribute.role
    if name.startswith(("_", "meta_")) or name.endswith(("_visible", "_global", "_default")):
        return Role.INTERNAL
    if name.endswith(("_link", "_url", "_urls", "_href", "_image")):
        return Role.LINK
    return Role.ID if name.endswith(("_id", "_sku", "_code", "_ids")) else Role.TEXT


def recognised(names: Iterable[str]) -> set[str]:
    """Return those of the resolved names that are standard attributes and not for a platform alone."""
    table = attributes()
    return {name for name in names if name in table and table[name].role is not Role.INTERNAL}
