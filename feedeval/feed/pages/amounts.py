"""Prices and currencies in texts, and whether two prices differ by tax alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from babel.core import get_global
from babel.numbers import get_territory_currencies

from feedeval.feed.checks.prices import currencies, read_price
from feedeval.feed.parsing.money import decimals
from feedeval.feed.tables import table

_NUMBER = r"\d{1,3}(?:[.,'’\u00a0\u202f ]\d{3})+(?:[.,]\d{1,2})?|\d{1,9}(?:[.,]\d{1,3})?"
_SYMBOLS = {
    "€": "EUR", "£": "GBP", "¥": "JPY CNY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₴": "UAH", "₫": "VND",
    "฿": "THB", "₪": "ILS", "₦": "NGN", "₱": "PHP", "zł": "PLN", "kč": "CZK", "ft": "HUF", "лв": "BGN", "руб": "RUB",
    "円": "JPY", "kr": "SEK NOK DKK ISK", "r$": "BRL", "lei": "RON", "fr.": "CHF", "sfr": "CHF",
    "$": "USD CAD AUD NZD SGD HKD MXN CLP COP ARS TWD",
}  # fmt: skip
_SIGNS = r"R\$|[€£¥₹₽₩₺₴₫฿₪₦₱円$]|zł|Kč|Ft|лв|руб|kr|lei|Fr\.|SFr"
_UNIT = (
    r"(?:kg|g|mg|ml|cl|dl|l|m²|m2|qm|m³|m|cm|lbs?|oz|stk|stück|pcs?|pieces?|pièces?|units?|lit(?:er|re|ro|r|ers|res)|"
    r"kilo(?:gramm|gram|gramme|gramo|grammo)?|met(?:er|re|ro)|mètre|szt|ks|uds?|unidad|pezzo|stuk)\b"
)
_PER_UNIT = re.compile(
    rf"[\s\u00a0*¹²³)]*(?:/|per\b|pro\b|je\b|par\b|por\b|al\b|au\b|za\b|na\b|le\b|la\b)\s*(?:\d+(?:[.,]\d+)?\s*)?{_UNIT}",
    re.IGNORECASE,
)
_UNIT_IS = re.compile(rf"{_UNIT}\s*=\s*$", re.IGNORECASE)
_GROUPED = re.compile(r"\d{1,3}[.,]\d{3}")
_MAX_LINE_CHARS = 300


class Amount(NamedTuple):
    """One amount of money in a text."""

    readings: tuple[float, ...]
    """What its digits may mean: `1.299` is one and a third, or a thousand and more."""
    currencies: frozenset[str]
    words: str
    line: str
    before: str = ""
    """What stands in the line before it, from the amount in front of it on; in lower case, as `after` is."""
    after: str = ""

    @property
    def is_per_unit(self) -> bool:
        """Whether it is what a measure costs, such as a kilogram."""
        return bool(_UNIT_IS.search(self.before) or _PER_UNIT.match(self.after))

    @property
    def is_lowest(self) -> bool:
        """Whether it is the lowest of several, by the words around it."""
        return self.after.lstrip().startswith(("から", "より", "〜", "～")) or f" {self.before.strip()} ".endswith(
            tuple(f" {phrase.strip()} " for phrase in phrases("from"))
        )

    @property
    def is_of_product(self) -> bool:
        """Whether it may be what a product costs, by the words around it."""
        line = self.line.casefold()
        return not (
            self.is_per_unit
            or self.is_lowest
            or any(phrase in line for phrase in phrases("no_price"))
            or any(phrase in self.before for phrase in phrases("no_price_before"))
        )

    def may_be(self, amount: float) -> bool:
        """Whether it may say this amount."""
        return any(same(reading, amount) for reading in self.readings)


def same(first: float, second: float) -> bool:
    """Whether two amounts are the same but for what floats lose."""
    return abs(first - second) < 0.005


def readings(price: str) -> tuple[tuple[float, ...], str]:
    """Return what amounts a price of a feed or of structured data may mean, and its currency; nothing if it is none."""
    read = read_price(price.strip())
    if read.amount is None:
        found = next(amounts_in(price), None)
        return (found.readings, _only(found.currencies)) if found else ((), "")
    number = re.sub(r"[^\d.,'’]", "", price)
    found_readings = [read.amount]
    if _GROUPED.fullmatch(number) and decimals(read.currency) != 3:
        digits = re.sub(r"\D", "", number)
        found_readings += [float(digits), int(digits) / 1000]
    return tuple(dict.fromkeys(found_readings)), read.currency or _marked(price)


def _marked(price: str) -> str:
    for mark, codes in _SYMBOLS.items():
        if mark in price.lower():
            return _only(frozenset(codes.split()))
    return ""


def _only(codes: frozenset[str]) -> str:
    return next(iter(codes)) if len(codes) == 1 else ""


def amounts_in(text: str) -> Iterator[Amount]:
    """Yield the amounts of a text that stand beside a currency."""
    for line in text.split("\n"):
        line = line[:2000]
        matches = list(_money().finditer(line))
        ends = [0, *(match.end() for match in matches)]
        starts = [*(match.start() for match in matches[1:]), len(line)]
        for match, end, start in zip(matches, ends, starts, strict=False):
            mark, number = match["before"] or match["after"], match["first"] or match["second"]
            codes = _codes(mark)
            if codes:
                around = line[end : match.start()].casefold(), line[match.end() : start].casefold()
                yield Amount(_readings(number), codes, match[0], line[:_MAX_LINE_CHARS], *around)


@lru_cache(maxsize=1)
def _money() -> re.Pattern[str]:
    # Other three letters than those of a currency belong to the words around.
    mark = rf"(?:{_SIGNS}|{'|'.join(sorted(currencies()))})"
    return re.compile(
        rf"(?<![\w.,])(?P<before>{mark})\.?[ \u00a0\u202f]?(?P<first>{_NUMBER})(?![\d%])"
        rf"|(?<![\w.,])(?P<second>{_NUMBER})(?:,-|,–|\.-)?[ \u00a0\u202f]?(?P<after>{mark})(?![\w])"
    )


def _codes(mark: str) -> frozenset[str]:
    if mark.lower() in _SYMBOLS:
        return frozenset(_SYMBOLS[mark.lower()].split())
    return frozenset({mark}) if mark in currencies() else frozenset()


def _readings(number: str) -> tuple[float, ...]:
    digits = re.sub(r"\D", "", number)
    tail = re.search(r"[.,](\d{1,3})$", number)
    found = []
    if tail is None:
        # Cents that stand raised behind a price lose their comma: 49⁹⁰ is 49.90.
        found = [float(digits), int(digits) / 100] if len(digits) > 2 else [float(digits)]
    elif len(tail[1]) < 3:
        found = [int(digits) / 10 ** len(tail[1])]
    else:
        found = [float(digits), int(digits) / 1000]
    return tuple(found)


def prices_in(text: str) -> list[Amount]:
    """Return those amounts of a visible text that may be what its product costs, each once.

    What a measure costs is none, and neither is one before tax where another stands beside it.
    """
    found: dict[tuple[float, ...], Amount] = {}
    for amount in amounts_in(own_part(text)):
        if amount.is_of_product:
            found.setdefault(amount.readings, amount)
    with_tax = [one for one in found.values() if not says_before_tax(f"{one.before} {one.after}")]
    return with_tax or list(found.values())


def own_part(text: str) -> str:
    """Return a visible text up to the heading of what else a page recommends."""
    lines = text.split("\n")
    heads = phrases("others")
    ends = next((n for n, line in enumerate(lines) if n and line.casefold().lstrip(" •").startswith(heads)), len(lines))
    return "\n".join(lines[:ends])


def is_lowest(price: str) -> bool:
    """Whether a price is the lowest of several: *from 19.90*."""
    said = price.casefold().strip()
    return any(said.startswith(phrase) for phrase in phrases("from"))


def says_before_tax(text: str) -> bool:
    """Whether a text says that prices stand without tax."""
    lowered = text.casefold()
    return any(phrase in lowered for phrase in phrases("before_tax"))


@lru_cache(maxsize=16)
def phrases(meaning: str) -> tuple[str, ...]:
    """Return the phrases that mean something on a page, from `data/page_words.tsv`."""
    said = (row["phrases"] for row in table("page_words") if row["meaning"] == meaning)
    return tuple(phrase for row in said for phrase in row.split("|") if phrase.strip())


@lru_cache(maxsize=1)
def _rates() -> dict[str, tuple[float, ...]]:
    return {row["country"]: tuple(map(float, row["rates"].split(","))) for row in table("vat_rates")}


def tax_between(amounts: Iterable[float], others: Iterable[float], *, country: str, currency: str) -> float | None:
    """Return the rate of tax, in per cent, that alone tells two prices apart; None where none does.

    Args:
        amounts: What one price may be.
        others: What the other may be.
        country: Whose rates are tried; where it is empty, the standard rates of the countries that pay with `currency`.
        currency: Of both.
    """
    pairs = [(min(one, other), max(one, other)) for one in amounts for other in others if one > 0 and other > 0]
    for rate in _rates_for(country, currency):
        for net, gross in pairs:
            # Either of the two was rounded to cents, or the net one was worked out of the gross one.
            if net < gross and (
                abs(round(net * (100 + rate) / 100, 2) - gross) < 0.015
                or same(round(gross * 100 / (100 + rate), 2), net)
            ):
                return rate
    return None


@lru_cache(maxsize=64)
def _rates_for(country: str, currency: str) -> tuple[float, ...]:
    if country:
        return _rates().get(country, ())
    payers = (code for code in get_global("territory_currencies") if code in _rates())
    paying = [code for code in payers if currency in get_territory_currencies(code, non_tender=False)]
    return tuple(dict.fromkeys(_rates()[code][0] for code in sorted(paying)))
