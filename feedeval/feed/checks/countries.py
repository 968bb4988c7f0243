"""Countries: which codes there are, and which country a feed is meant for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from babel import Locale
from babel.core import get_global
from babel.numbers import get_territory_currencies

from feedeval.errors import InputError
from feedeval.feed.checks.cells import Cells
from feedeval.feed.checks.prices import read_price
from feedeval.feed.spec import first_text

# What babel lists beside the countries of ISO 3166-1: unions, reserved and made-up codes.
_NO_COUNTRIES = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
EUROPEAN_UNION = frozenset(
    {
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
        *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    }
)
EEA = EUROPEAN_UNION | {"IS", "LI", "NO"}
"""The European Economic Area, which rule files call EU."""
# They pay with another country's money, and no shop's feed is meant for them alone.
_DEPENDENT = {"GG", "GS", "IM", "JE", "TA", "BV", "SJ", "FO", "GL"}
_STATED = ("target_country", "target_countries", "store_country")


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """Return the two-letter codes of ISO 3166-1."""
    codes = {str(code) for code in Locale("en").territories}
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NO_COUNTRIES


def country_of(code: str) -> str:
    """Return a country's code in upper case; UK, which people write, is GB.

    Raises:
        InputError: There is no such country.
    """
    upper = str(code).strip().upper()
    upper = "GB" if upper == "UK" else upper
    if upper not in countries():
        raise InputError(f'country={code!r} is not a two-letter country code of ISO 3166-1, such as "DE"')
    return upper


def is_in(country: str, listed: Iterable[str]) -> bool:
    """Tell whether a country is among those that a rule lists."""
    return any(country == code or (code == "EU" and country in EEA) for code in listed)


def country_of_feed(cells: Cells) -> str:
    """Return the country that a feed is meant for as far as it says so itself, or an empty string.

    It says so by the countries that it names as its own or ships to, where that is one, or else by a currency that one
    country alone pays with.
    """
    named = set(_named(cells))
    if not named:
        currencies = {read_price(value).currency for value in cells.texts("price") if value}
        named = {_pays_with().get(currency, "") for currency in currencies}
    return named.pop() if len(named) == 1 else ""


def _named(cells: Cells) -> Iterator[str]:
    for name in _STATED:
        for cell in cells.columns.get(name, ()):
            for value in cell if isinstance(cell, list) else [cell]:
                yield from _codes(value)
    for cell in cells.columns.get("shipping", ()):
        for entry in cell if isinstance(cell, list) else [cell]:
            if isinstance(entry, dict):
                yield from _codes(entry.get("country"))


def _codes(value: object) -> Iterator[str]:
    for part in first_text(value).replace(";", ",").split(","):
        code = part.strip().upper()
        if code:
            yield "GB" if code == "UK" else code if code in countries() else ""


@lru_cache(maxsize=1)
def _pays_with() -> dict[str, str]:
    """Return the only country that pays with a currency, by currency."""
    places: dict[str, set[str]] = {}
    for territory in get_global("territory_currencies"):
        if territory in countries() and territory not in _DEPENDENT:
            for currency in get_territory_currencies(territory, non_tender=False):
                places.setdefault(currency, set()).add(territory)
    return {currency: next(iter(found)) for currency, found in places.items() if len(found) == 1}
