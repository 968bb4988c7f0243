"""Checks of prices, and reading them for checks that compare."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from babel.core import get_global
from babel.numbers import get_territory_currencies

from feedeval.feed.checks.findings import Issue, Setting, quoted
from feedeval.feed.rules import AttributeRule

_PLAIN = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,6})?) ?([A-Z]{3})")
_AMOUNT = re.compile(r"[-−]?\s?[0-9](?:[0-9.,'’\s]{0,30}[0-9])?")
_CODE = re.compile(r"(?<![A-Za-z])[A-Za-z]{3}(?![A-Za-z])")
_SYMBOL = re.compile(r"[$€£¥₹₽₩₺₴₸₫฿₪₦₱]|Kč|zł|kr\b|Ft\b|лв|руб|р\.|円")
_DECIMALS = re.compile(r"[.,]([0-9]{1,2})$")


class Price(NamedTuple):
    """A price as far as it could be read."""

    amount: float | None
    currency: str
    """Upper-case code, or empty."""
    plain: bool
    """Whether it is written as destinations ask: `15.00 USD`."""


@lru_cache(maxsize=65536)
def read_price(value: str) -> Price:
    """Return amount and currency, also of a price written with a comma, thousands separators or a symbol."""
    plain = _PLAIN.fullmatch(value)
    if plain:
        return Price(float(plain[1]), plain[2], plain=True)
    amount, code = _AMOUNT.search(value), _CODE.search(value)
    rest = value
    for found in (amount, code):
        rest = rest.replace(found[0], "", 1) if found else rest
    # Words around a number make it something else than a price: "from 15", "on request".
    if amount is None or re.search(r"[^\W_]", _SYMBOL.sub("", rest)):
        return Price(None, "", plain=False)
    return Price(_amount(amount[0]), code[0].upper() if code else "", plain=False)


def _amount(text: str) -> float:
    digits = re.sub(r"[^0-9]", "", text)
    decimals = _DECIMALS.search(text)
    amount = int(digits) / 10 ** len(decimals[1]) if decimals else float(digits)
    return -amount if text.startswith(("-", "−")) else amount


def price(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report what is no price as destinations read it; whether zero is a price depends on the product."""
    read = read_price(value)
    if read.amount is None:
        yield Issue("price_invalid", f"{quoted(value)} is not a number and a currency", value)
        return
    if not read.currency:
        symbol = _SYMBOL.search(value)
        hint = f"; the symbol {symbol[0]} is not read" if symbol else ""
        yield Issue("price_currency_missing", f"{quoted(value)} has no currency code{hint}", value)
    elif read.currency not in currencies():
        yield Issue("currency_unknown", f"{read.currency} in {quoted(value)} is not a currency in use", value)
    if not read.plain and (read.currency or "," in value):
        yield Issue("price_format", f"{quoted(value)} is not written as {_as_asked(read)}", value)
    if read.amount < 0:
        yield Issue("price_not_positive", f"{quoted(value)} is below zero", value)


def amount(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report what `price` does, but for a missing currency."""
    yield from (issue for issue in price(value, rule, setting) if issue.check != "price_currency_missing")


def _as_asked(read: Price) -> str:
    return f"{read.amount:.2f} {read.currency}".strip()


@lru_cache(maxsize=1)
def currencies() -> frozenset[str]:
    """Return the codes of the currencies that some country pays with today."""
    territories = get_global("territory_currencies")
    in_use = (get_territory_currencies(territory, non_tender=False) for territory in territories)
    return frozenset(code for codes in in_use for code in codes)
