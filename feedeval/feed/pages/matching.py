"""Which of the products on a page is the one of the feed: by what identifies it, and by nothing where that is open."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feedeval.feed.pages.amounts import readings, same
from feedeval.feed.pages.page import Page
from feedeval.feed.pages.structured import Offered, Syntax
from feedeval.feed.spec import stated_text
from feedeval.feed.text import clean_url

_NUMBERS = re.compile(r"\d{6,}")
_VARIANT_PARAMETERS = ("variant", "variation", "variantid", "sku", "pid", "attribute_", "dwvar_", "variation_id")


@dataclass(frozen=True, slots=True)
class Match:
    """What a page's data says of one product of the feed."""

    fields: Mapping[str, Any]
    """By the attributes of a feed; what several syntaxes say of it, the first of them first."""
    by: str = ""
    """What it was recognised by; empty where the page offers nothing else."""
    several: int = 1
    """Products that the page is about."""

    @property
    def is_sure(self) -> bool:
        """Whether it was recognised, and not only the one that is there."""
        return bool(self.by)


def texts(value: object) -> list[str]:
    """Return the texts of a field: one, several, none."""
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, Iterable) and not isinstance(value, Mapping):
        return [one for inner in value for one in texts(inner)]
    return []


def code(value: str) -> str:
    """Return an identifier so that case, space and hyphens do not matter."""
    return "".join(char for char in value.casefold() if char.isalnum())


def digits(value: str) -> str:
    """Return a GTIN without zeros in front, however many digits it is written with; empty where it is none."""
    only = "".join(char for char in value if char.isdigit() and char.isascii())
    return only.lstrip("0") if 8 <= len(only) <= 14 and not value.strip(" -0123456789") else ""


def place(address: str) -> str:
    """Return the host and path of an address; variants of one product differ in what is behind."""
    try:
        parts = urllib.parse.urlsplit(clean_url(address))
    except ValueError:
        return address
    host = (parts.netloc or "").lower().removeprefix("www.").removeprefix("m.")
    return f"{host}{urllib.parse.unquote(parts.path)}".rstrip("/").casefold()


def words(value: str) -> frozenset[str]:
    """Return the words of a text, whatever their order and case."""
    return frozenset(re.findall(r"\w+", value.casefold()))


def matched(product: Mapping[str, Any], page: Page) -> Match | None:
    """Return what a page's data says of a product; None where it says nothing or leaves open which one it is."""
    found: list[Mapping[str, Any]] = []
    by, several = "", 0
    for syntax in Syntax:
        offered = [one for one in page.structured if one.syntax is syntax]
        kept, recognised = _of_one_syntax(product, offered, page)
        if kept is not None:
            found.append(kept.fields)
            by = by or recognised
        several = max(several, len(_about(offered)))
    if not found:
        return None
    joined: dict[str, Any] = {}
    for fields in found:
        # A price of one syntax beside a sale of another is neither's.
        priced = any(name in joined for name in ("price", "low_price"))
        joined |= {k: v for k, v in fields.items() if k not in joined and not (priced and "price" in k)}
    return Match(joined, by, max(1, several))


def is_open(product: Mapping[str, Any], page: Page) -> bool:
    """Whether a page's data offers several products, and nothing says which of them it is."""
    return any(not one.listed for one in page.structured) and matched(product, page) is None


def _of_one_syntax(product: Mapping[str, Any], offered: Sequence[Offered], page: Page) -> tuple[Offered | None, str]:
    for name, test in _TESTS:
        if kept := _once([one for one in offered if test(product, one.fields)]):
            return kept, name
    about = _about(offered)
    if one := _once(about):
        return one, ""
    own = {place(page.canonical), place(page.final_url)} - {""}
    linked = [(one, _text(one.fields, "link")) for one in about]
    here = [one for one, link in linked if link and place(urllib.parse.urljoin(page.final_url, link)) in own]
    if one := _once(here):
        return one, ""
    titled = [one for one in about if _titled(product, one.fields)] or [
        one for one in about if page.title and words(page.title) == words(_text(one.fields, "title"))
    ]
    return _once(titled), ""


def _about(offered: Sequence[Offered]) -> list[Offered]:
    """Return the products that a page is about; those that it lists are others, unless there are no more."""
    return [one for one in offered if not one.listed]


def _once(found: Sequence[Offered]) -> Offered | None:
    """Return the one that was found; several that agree in what is compared are one, said more than once."""
    if not found:
        return None
    first = max(found, key=lambda one: ("price" in one.fields, len(one.fields)))
    keys = ("price", "sale_price", "availability", "gtin", "color", "size")
    agree = all(
        one.fields.get(key) is None or first.fields.get(key) is None or _same(key, one.fields[key], first.fields[key])
        for one in found
        for key in keys
    )
    return first if agree else None


def _same(key: str, one: Any, other: Any) -> bool:
    """Whether two values say the same: `49.90` and `49.9`, thirteen digits and fourteen."""
    if one == other or not (isinstance(one, str) and isinstance(other, str)):
        return bool(one == other)
    if "price" in key:
        (amounts, currency), (others, of_other) = readings(one), readings(other)
        return currency == of_other and any(same(amount, to) for amount in amounts for to in others)
    if key == "gtin":
        return bool(digits(one)) and digits(one) == digits(other)
    return words(one) == words(other)


_Test = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


def _by_gtin(product: Mapping[str, Any], offer: Mapping[str, Any]) -> bool:
    ours = {digits(one) for one in texts(product.get("gtin"))} - {""}
    return bool(ours & {digits(one) for one in texts(offer.get("gtin"))})


def _by_id(product: Mapping[str, Any], offer: Mapping[str, Any]) -> bool:
    ours = {code(one) for name in ("id", "item_id", "sku", "mpn") for one in texts(product.get(name))} - {""}
    return bool(ours & ({code(one) for name in ("id", "sku", "model") for one in texts(offer.get(name))} - {""}))


def _by_mpn(product: Mapping[str, Any], offer: Mapping[str, Any]) -> bool:
    ours = {code(one) for name in ("mpn", "id") for one in texts(product.get(name))} - {""}
    return bool(ours & {code(one) for one in texts(offer.get("mpn"))})


def _by_link(product: Mapping[str, Any], offer: Mapping[str, Any]) -> bool:
    """Whether both name the same variant in their address: by its query or its fragment."""
    ours, theirs = _variant_of(_text(product, "link")), _variant_of(_text(offer, "link"))
    return bool(ours) and ours == theirs


def _by_query(product: Mapping[str, Any], offer: Mapping[str, Any]) -> bool:
    """Whether the feed's link asks for all that the offer's asks for, such as `?size=small&color=green`."""
    ours, theirs = (_query(_text(one, "link")) for one in (product, offer))
    return bool(theirs) and theirs <= ours


def _query(link: str) -> set[tuple[str, str]]:
    try:
        query = urllib.parse.urlsplit(clean_url(link)).query
    except ValueError:
        return set()
    return {(name.casefold(), value.casefold()) for name, value in urllib.parse.parse_qsl(query)}


def _by_number(product: Mapping[str, Any], offer: Mapping[str, Any]) -> bool:
    """Whether the number of the variant in a platform's id, `shopify_GB_123_456`, is that of the offer's address."""
    numbers = _NUMBERS.findall(_text(product, "id"))
    return bool(numbers) and numbers[-1] in _NUMBERS.findall(_text(offer, "link").partition("?")[2])


def _by_options(product: Mapping[str, Any], offer: Mapping[str, Any]) -> bool:
    names = [name for name in ("color", "size", "material", "pattern") if _text(product, name) and _text(offer, name)]
    return ("color" in names or "size" in names) and all(
        words(_text(product, name)) == words(_text(offer, name)) for name in names
    )


_TESTS: tuple[tuple[str, _Test], ...] = (
    ("gtin", _by_gtin),
    ("id", _by_id),
    ("mpn", _by_mpn),
    ("link", _by_link),
    ("query of the link", _by_query),
    ("id in the link", _by_number),
    ("options", _by_options),
)


def _variant_of(link: str) -> tuple[tuple[str, str], ...]:
    parts = urllib.parse.urlsplit(clean_url(link)) if "[" not in link else urllib.parse.urlsplit("")
    named = [
        (name.lower(), value)
        for name, value in [*urllib.parse.parse_qsl(parts.query), *urllib.parse.parse_qsl(parts.fragment)]
        if name.lower().startswith(_VARIANT_PARAMETERS)
    ]
    if not named and parts.fragment and any(char.isdigit() for char in parts.fragment):
        named = [("#", parts.fragment)]
    return tuple(sorted(named))


def _titled(product: Mapping[str, Any], offer: Mapping[str, Any]) -> bool:
    ours = words(stated_text(product, "title"))
    return bool(ours) and ours == words(_text(offer, "title"))


def _text(fields: Mapping[str, Any], name: str) -> str:
    return next(iter(texts(fields.get(name))), "")
