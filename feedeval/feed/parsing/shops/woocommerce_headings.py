"""The headings of a WooCommerce product export in any language, told by words and, failing that, by structure.

WooCommerce writes the headings in the language of the shop, always in the same order; `data/woocommerce_headings.tsv`
holds what its language files call them. The order is that of `WC_Product_CSV_Exporter`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from feedeval.feed.parsing.columns import squeeze, standard_name
from feedeval.feed.tables import table

_ORDER = (
    "ID", "Type", "SKU", "GTIN, UPC, EAN, or ISBN", "Name", "Published", "Is featured?", "Visibility in catalog",
    "Short description", "Description", "Date sale price starts", "Date sale price ends", "Tax status", "Tax class",
    "In stock?", "Stock", "Low stock amount", "Backorders allowed?", "Sold individually?",
)  # fmt: skip
"""The headings before the weight; the product number and the low stock amount came with later versions."""
_MEASURES = ("Weight", "Length", "Width", "Height")
_AFTER = (
    "Allow customer reviews?", "Purchase note", "Sale price", "Regular price", "Categories", "Tags", "Shipping class",
    "Images", "Download limit", "Download expiry days", "Parent", "Grouped products", "Upsells", "Cross-sells",
    "External URL", "Button text", "Position",
)  # fmt: skip
_OF_ATTRIBUTES = ("name", "value(s)", "visible", "global", "default")
_OF_ATTRIBUTE = {
    "title": "Name", "description": "Description", "price": "Regular price", "sale_price": "Sale price",
    "images": "Images", "image_link": "Images", "product_type": "Categories", "brand": "Brands",
    "gtin": "GTIN, UPC, EAN, or ISBN", "availability": "In stock?",
}  # fmt: skip
_TYPES = {"simple", "variable", "variation", "grouped", "external"}
_UNITS = {"lbs": "lb", "кг": "kg", "г": "g", "см": "cm", "мм": "mm", "м": "m"}
_UNIT = re.compile(r"\s*[(（]([^()（）]{1,8})[)）]\s*$")
_DIGITS = re.compile(r"\d+")
_POINTS = {"en", "ja", "ko", "zh-CN", "zh-TW", "th"}
"""Languages that write a decimal point."""


@dataclass(frozen=True, slots=True)
class Headings:
    """What the headings of an export are in English."""

    english: Mapping[str, str]
    """By the heading as written; headings of extensions are not in it."""
    language: str
    """Of the headings; empty where it is not known."""

    @property
    def decimal_comma(self) -> bool:
        """Whether a comma in a number can only be a decimal comma."""
        return self.language not in _POINTS


@cache
def _translations() -> dict[str, dict[str, str]]:
    """Language -> key of a translation -> heading in English."""
    rows = list(table("woocommerce_headings"))
    english = dict.fromkeys((*(row["heading"] for row in rows), *_ORDER, *_AFTER))
    found: dict[str, dict[str, str]] = {"en": {}}
    for row in rows:
        own = found.setdefault(row["language"], {})
        for translation in row["translations"].split("|"):
            # Finnish tells two of its headings apart by a question mark only.
            own.setdefault(_exact(translation), row["heading"])
            own.setdefault(_key(translation), row["heading"])
    for own in found.values():
        for heading in english:
            # What a language leaves in English has no row.
            own.setdefault(_key(heading), heading)
    return found


def _exact(heading: str) -> str:
    return "=" + _DIGITS.sub("%d", heading).strip().casefold()


def _key(heading: str) -> str:
    return squeeze(_DIGITS.sub("%d", heading).replace("（", "(").replace("）", ")"))


def headings_of(header: Sequence[str], samples: Sequence[Sequence[str]]) -> Headings | None:
    """Return the headings of a WooCommerce export in English, or None where the table is none."""
    best = Headings({}, "")
    for language, own in _translations().items():
        found = {heading: name for heading in header if (name := _translated(heading, own))}
        if len(found) > len(best.english):
            best = Headings(found, language)
    ordered = _by_order(header, samples)
    names = set(best.english.values())
    if ordered and len(ordered) > len(best.english) + 5:
        return Headings(ordered, best.language if len(best.english) > 15 else "")
    if {"SKU", "Name", "Regular price"} <= names and names & {"Type", "In stock?", "Categories"}:
        missing = {heading: name for heading, name in ordered.items() if name not in names}
        return _completed(Headings({**missing, **best.english}, best.language), header)
    # The kinds of product are English everywhere, and stand in the second column: a heading from another version of the
    # language file, or from the shop's own, changes nothing about that.
    kind = next((heading for heading, name in best.english.items() if name == "Type"), header[1] if header[1:] else "")
    if kind and len(names) > 3 and names & {"SKU", "Name"} and _holds_types(header.index(kind), samples):
        return _completed(Headings({**best.english, kind: "Type"}, best.language), header)
    return None


def _completed(read: Headings, header: Sequence[str]) -> Headings:
    """Return headings with those that this version of the language does not have, but any table of a shop may have."""
    rest = [heading for heading in header if heading not in read.english]
    names = {heading: _OF_ATTRIBUTE[said] for heading in rest if (said := standard_name(heading)) in _OF_ATTRIBUTE}
    named = {heading: name for heading, name in names.items() if name not in read.english.values()}
    return Headings({**_attributes([h for h in rest if h not in named]), **named, **read.english}, read.language)


def _translated(heading: str, names: Mapping[str, str]) -> str:
    """Return a heading in English, with its number, its unit or the name of its meta field; empty if it is none."""
    if name := names.get(_exact(heading)) or names.get(_key(heading)):
        numbers = _DIGITS.findall(heading)
        return name.replace("%d", numbers[0]) if numbers else name
    if unit := _UNIT.search(heading):
        name = names.get(_key(heading[: unit.start()] + " (%s)"), "")
        return name.replace("%s", _unit(unit[1])) if "(%s)" in name else ""
    start, colon, rest = heading.replace("：", ":").partition(":")
    return f"Meta: {rest.strip()}" if colon and names.get(_key(start + "%s")) == "Meta: %s" else ""


def _unit(text: str) -> str:
    return _UNITS.get(text.strip().lower(), text.strip().lower())


def _holds_types(place: int, samples: Sequence[Sequence[str]]) -> bool:
    """Whether a column holds WooCommerce's kinds of product, which it writes in English everywhere."""
    kinds = [row[place].split(",")[0].strip() for row in samples if len(row) > place and row[place].strip()]
    return any(kind in _TYPES for kind in kinds) and all(re.fullmatch(r"[a-z][a-z_-]*", kind) for kind in kinds)


def _by_order(header: Sequence[str], samples: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return the headings of a whole export by their places: around the four measures everything is in one order."""
    units = [match[1] if (match := _UNIT.search(heading)) else "" for heading in header]
    start = next((n for n in (17, 18, 19) if all(units[n : n + 4]) and len(units) > n + 4), 0)
    if not start or len(set(units[start + 1 : start + 4])) > 1 or not _holds_types(1, samples):
        return {}
    absent = {19: set(), 18: {_ORDER[3]}, 17: {_ORDER[3], "Low stock amount"}}[start]
    names = [name for name in _ORDER if name not in absent]
    names += [f"{name} ({_unit(units[start + n])})" for n, name in enumerate(_MEASURES)]
    names += _AFTER
    return dict(zip(header, names, strict=False)) | _attributes(header[len(names) :])


def _attributes(header: Sequence[str]) -> dict[str, str]:
    """Return the headings of products' attributes: their numbers tell which stand together, always in one order."""
    found: dict[str, str] = {}
    for digits, run in groupby(header, key=lambda heading: "".join(_DIGITS.findall(heading))):
        several = list(run)
        if digits and 2 <= len(several) <= len(_OF_ATTRIBUTES):
            found.update(zip(several, (f"Attribute {digits} {part}" for part in _OF_ATTRIBUTES), strict=False))
    return found
