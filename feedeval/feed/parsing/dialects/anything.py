"""Any element that holds a product -> its pairs: children, XML attributes, and values that carry their name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from feedeval.feed.parsing.columns import AttributeShape, ColumnNames, attributes, recognised, squeeze
from feedeval.feed.parsing.dialects.parts import Options, are_products, children, named_value
from feedeval.feed.parsing.elements import HTML_TAGS, pairs_of
from feedeval.feed.parsing.values import Pair
from feedeval.feed.tables import table

if TYPE_CHECKING:
    from lxml import etree

    from feedeval.feed.parsing.dialects.definitions import Definitions

_CARRIER_WORDS = """
    param parameter attribute attr property prop spec specification feature characteristic option field column col cell
    data meta customattribute additionalattribute eigenschaft merkmal attribut cecha atrybut vlastnost parametr
    caracteristique caracteristica характеристика параметр свойство
"""
CARRIERS = frozenset(_CARRIER_WORDS.split())
"""Elements that carry the name of their value."""
_LAST_RANK = 1_000
"""Behind all names that the table of columns has."""
_BROAD = {"title", "id", "link", "description", "image_link", "images"}
"""Attributes that a part of a product may have for itself, as a maker has a name."""
_PLAIN_PARTS = ("detail", "info", "general", "basic", "data", "main", "common", "content", "core", "base", "stamm")
_VARIANT_WORDS = "variants variations varianten varianty warianty variantes varianti варианты"
_VARIANTS = frozenset(_VARIANT_WORDS.split())
_OTHERS = (
    "seller", "shop", "store", "supplier", "merchant", "review", "related", "similar", "accessor", "bundle", "variant",
    "author", "shipping", "deliver", "versand", "livraison", "oldprice", "previous", "purchase", "wholesale", "tier",
)  # fmt: skip
"""Parts of these names speak of something else than the product."""


@cache
def names_of_elements() -> dict[str, tuple[str, int]]:
    """Return what elements are called in other languages, squeezed, with the attribute and the rank of each."""
    return {
        squeeze(word): (row["attribute"], rank)
        for row in table("element_names")
        for rank, word in enumerate(row["words"].split("|"), start=_LAST_RANK)
    }


def any_products(item: etree._Element, definitions: Definitions) -> list[list[Pair]]:
    """Return the product of an element of a format that nobody has described.

    Where it lists variants of which each has an id of its own, there is one for each of them, with what they share.
    """
    lists = [child for name, child in children(item) if squeeze(name) in _VARIANTS]
    variants = [_pairs(variant, ()) for each in lists for _, variant in children(each)]
    ids = [_first_of("id", variant) for variant in variants]
    if not are_products(ids):
        return [_pairs(item, ())]
    shared = _pairs(item, lists)
    group = [] if _first_of("item_group_id", shared) else [("item_group_id", _first_of("id", shared))]
    return [[*variant, *_beside(variant, shared), *group] for variant in variants]


def _first_of(attribute: str, pairs: list[Pair]) -> str:
    values = (raw for name, raw in pairs if isinstance(raw, str) and raw.strip() and attribute in _known((name,)))
    return next(values, "")


def _beside(variant: list[Pair], shared: list[Pair]) -> list[Pair]:
    """Return what all variants have and this one does not say for itself."""
    own = {squeeze(name) for name, _ in variant} | _known(tuple(name for name, _ in variant))
    return [(name, raw) for name, raw in shared if squeeze(name) not in own and not _known((name,)) & own]


def _pairs(item: etree._Element, left_out: Sequence[etree._Element]) -> list[Pair]:
    options, columns, rest = Options(), [], []
    for _, child in children(item):
        if child in left_out:
            continue
        named = _named_values(child)
        if named:
            columns += named
        else:
            rest.append(child)
    pairs = [*_own_attributes(item), *((name, _plain(name, raw)) for name, raw in pairs_of(rest))]
    pairs = _lifted(pairs)
    if not _known(tuple(name for name, _ in pairs)):
        # All that the product has carries its name.
        return [*pairs, *columns]
    for name, value in columns:
        options.add(name, value)
    return [*pairs, *options.pairs(_known(tuple(name for name, raw in pairs if raw)))]


def _own_attributes(item: etree._Element) -> list[Pair]:
    """Return the XML attributes of the element itself, as far as no child has the name."""
    taken = {squeeze(name) for name, _ in children(item)}
    plain = {str(key): str(value) for key, value in item.attrib.items() if ":" not in str(key)}
    return [(key, value) for key, value in plain.items() if squeeze(key) not in taken]


def _named_values(child: etree._Element) -> list[tuple[str, str]]:
    """Return the values with their names in a child that carries one, or in a list of such children."""
    inside = list(children(child))
    if squeeze(_local(child)) in CARRIERS and (named := named_value(child)):
        return [named]
    if inside and all(squeeze(name) in CARRIERS for name, _ in inside):
        return [named for _, each in inside if (named := named_value(each))]
    return []


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


@lru_cache(maxsize=4096)
def _known(names: tuple[str, ...]) -> frozenset[str]:
    columns = ColumnNames(also=names_of_elements())
    return frozenset(recognised(target.name for target in columns.resolve(names)))


def _plain(name: str, raw: Any) -> Any:
    """Return the name in a value that has one beside an id, such as `<brand><id>7</id><name>Oak</name></brand>`."""
    known = _known((name,))
    if not known or any(attributes()[each].shape is not AttributeShape.ONE for each in known):
        return raw
    if isinstance(raw, list):
        return [_plain(name, each) for each in raw]
    if not isinstance(raw, dict):
        return raw
    if len(raw) == 1:
        ((key, inner),) = raw.items()
        if not isinstance(inner, str):
            return _plain(name, inner)
        if not _known((str(key),)):
            # One language of a name, or the amount of a price.
            return inner
    lower = {squeeze(str(key)): value for key, value in raw.items()}
    return lower["name"] if isinstance(lower.get("name"), str) and set(lower) <= {"id", "name", "code", "url"} else raw


def _lifted(pairs: list[Pair]) -> list[Pair]:
    """Return the pairs with attributes taken out of the parts that a product is divided into, each said once."""
    have = set(_known(tuple(name for name, _ in pairs)))
    result: list[Pair] = []
    names = [name for name, _ in pairs]
    for name, raw in pairs:
        known = _known((name,)) - ({"product_detail", "description"} if isinstance(raw, dict) else set())
        if not isinstance(raw, dict) or names.count(name) > 1 or known or _speaks_of_another(name):
            result.append((name, raw))
            continue
        key = next(iter(raw), "")
        if len(raw) == 1 and isinstance(raw[key], list) and (inner := _known((key,))):
            # A list around what repeats, such as pictures.
            result.append(("images" if "image_link" in inner else key, raw[key]))
            continue
        left: dict[str, Any] = {}
        for key, value in raw.items():
            found = _known((key,))
            broad = found & _BROAD and not _is_plain(name, key)
            if found and not found & have and not broad and str(key).lower() not in HTML_TAGS:
                result.append((str(key), value))
                have |= found
            else:
                left[key] = value
        if left:
            result.append((name, left))
    return result


def _is_plain(part: str, key: str) -> bool:
    """Whether a part only divides a product, as `details` do, or is called after the one thing that it holds."""
    return any(word in squeeze(part) for word in _PLAIN_PARTS) or squeeze(part).startswith(squeeze(key))


def _speaks_of_another(name: str) -> bool:
    return any(word in squeeze(name) for word in _OTHERS)
