"""Comparisons of prices: what the feed asks, what a page's data asks, what a buyer reads.

Google compares the price of the feed with that on the landing page *or* in its structured data, and disapproves what
differs (Merchant Center Help, answer 6098334).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any

from feedeval.feed.pages.amounts import (
    Amount,
    amounts_in,
    is_lowest,
    prices_in,
    readings,
    same,
    says_before_tax,
    tax_between,
)
from feedeval.feed.pages.matching import Match, texts
from feedeval.feed.pages.page import Page
from feedeval.feed.pages.said import Contradiction, Said

_DEAREST_TAX = 1.3


@dataclass(frozen=True, slots=True)
class Asked:
    """A price as somebody states it."""

    words: str
    amounts: tuple[float, ...] = ()
    currency: str = ""
    field: str = "price"

    def is_same(self, other: Asked) -> bool:
        """Whether both may mean the same amount."""
        return any(same(one, two) for one in self.amounts for two in other.amounts)


def asked(words: str, field: str = "price") -> Asked | None:
    """Return a price as it may be read; None where it is none."""
    found, currency = readings(words)
    return Asked(words, found, currency, field) if found else None


def prices(product: Mapping[str, Any], match: Match | None, page: Page, said: Said) -> Iterator[Contradiction]:
    """Compare what is asked; `said` learns what could not be compared."""
    ours = _now(product, said.moment)
    if ours is None:
        return
    theirs = _now(match.fields, said.moment) if match is not None else None
    if theirs is not None and match is not None and match.several == 1 and _is_shown_as_lowest(page, theirs):
        yield from _within(ours, (theirs, Asked("more", (inf,), theirs.currency)), page, said)
        return
    if theirs is None and match is not None and (spread := _spread(match.fields)):
        yield from _within(ours, spread, page, said)
        return
    if theirs is None:
        yield from _text_alone(ours, page, said)
        return
    said.compared(ours.field)
    if ours.currency and theirs.currency and ours.currency != theirs.currency:
        yield Contradiction(
            "price",
            "page_currency_differs",
            f"the feed asks for {ours.currency}, the page's data for {theirs.currency}",
            (ours.words, theirs.words, _shown(page, ours, theirs)),
        )
    elif not ours.is_same(theirs):
        yield _differing(ours, theirs, product, page, said)
    else:
        yield from _regular(product, match, page, said)
        # Of several variants, the words of a page are those of the one that it opens with.
        if match is not None and match.several == 1:
            yield from _text_beside(ours, theirs, page, said)


def _now(fields: Mapping[str, Any], moment: datetime) -> Asked | None:
    """Return what is asked now: the sale's price while there is one."""
    stated = [one for one in texts(fields.get("price")) if not is_lowest(one)]
    price = next((found for one in stated if (found := asked(one))), None)
    sale = next((found for one in texts(fields.get("sale_price")) if (found := asked(one, "sale_price"))), None)
    if sale is not None and _holds(" ".join(texts(fields.get("sale_price_effective_date"))), moment):
        return sale if sale.currency or price is None else Asked(sale.words, sale.amounts, price.currency, sale.field)
    return price


def _holds(period: str, moment: datetime) -> bool:
    """Whether a period, `start/end` in ISO 8601, holds; one that cannot be read does."""
    start, _, end = period.partition("/")
    try:
        begins, ends = (datetime.fromisoformat(one.strip()) if one.strip() else None for one in (start, end))
        begins, ends = (
            one if one is None or one.tzinfo else one.replace(tzinfo=moment.tzinfo) for one in (begins, ends)
        )
    except ValueError:
        return True
    return (begins is None or begins <= moment) and (ends is None or moment <= ends)


def _spread(fields: Mapping[str, Any]) -> tuple[Asked, Asked] | None:
    if lowest := next((found for one in texts(fields.get("price")) if is_lowest(one) and (found := asked(one))), None):
        return lowest, Asked("more", (inf,), lowest.currency)
    low, high = (asked(next(iter(texts(fields.get(name))), "")) for name in ("low_price", "high_price"))
    return (low or high, high or low) if low or high else None  # type: ignore[return-value]


def _is_shown_as_lowest(page: Page, price: Asked) -> bool:
    """Whether a buyer reads that a price of the data is the lowest of several, and nowhere that it is the price."""
    shown = [amount for amount in amounts_in(page.text) if any(amount.may_be(own) for own in price.amounts)]
    return bool(shown) and all(amount.is_lowest for amount in shown)


def _within(ours: Asked, spread: tuple[Asked, Asked], page: Page, said: Said) -> Iterator[Contradiction]:
    low, high = min(spread[0].amounts), max(spread[1].amounts)
    if any(low - 0.005 <= amount <= high + 0.005 for amount in ours.amounts):
        said.open(ours.field)
        return
    said.compared(ours.field)
    words = f"{spread[0].words} – {spread[1].words}"
    message = f"the feed asks {ours.words}, the page's data offers from {spread[0].words} to {spread[1].words}"
    yield Contradiction(ours.field, "page_price_differs", message, (ours.words, words, _shown(page, ours, spread[0])))


def _differing(ours: Asked, theirs: Asked, product: Mapping[str, Any], page: Page, said: Said) -> Contradiction:
    shown = _shown(page, ours, theirs)
    words = (ours.words, theirs.words, shown)
    if tax := _tax(ours, theirs, page, said):
        message = f"the feed asks {ours.words}, the page's data {theirs.words}: {tax}"
        return Contradiction(ours.field, "page_price_tax", message, words)
    where = _side(page, ours, theirs)
    regular = asked(next(iter(texts(product.get("price"))), ""))
    if ours.field == "sale_price" and regular is not None and regular.is_same(theirs):
        message = f"the feed has a sale at {ours.words}, the page's data asks the full {theirs.words}{where}"
    elif theirs.field == "sale_price" and ours.field == "price":
        message = f"the page's data has a sale at {theirs.words}, the feed asks {ours.words}{where}"
        return Contradiction("sale_price", "page_price_differs", message, words)
    else:
        message = f"the feed asks {ours.words}, the page's data {theirs.words}{where}"
    return Contradiction(ours.field, "page_price_differs", message, words)


def _regular(product: Mapping[str, Any], match: Match | None, page: Page, said: Said) -> Iterator[Contradiction]:
    """Compare what was asked before the sale, where both say it."""
    fields = match.fields if match is not None else {}
    pair = [asked(next(iter(texts(one.get("price"))), "")) for one in (product, fields)]
    ours, theirs = pair
    on_sale = all(texts(one.get("sale_price")) for one in (product, fields))
    if on_sale and ours is not None and theirs is not None and not ours.is_same(theirs):
        said.compared("price")
        message = f"before the sale, the feed asks {ours.words}, the page's data {theirs.words}"
        yield Contradiction(
            "price", "page_price_differs", message, (ours.words, theirs.words, _shown(page, ours, theirs))
        )


def _text_alone(ours: Asked, page: Page, said: Said) -> Iterator[Contradiction]:
    """Compare with the words of a page whose data has no price: only where they name one price and no other."""
    if _found(page, ours):
        said.compared(ours.field)
        return
    shown = _in_currency(prices_in(page.text), ours)
    if len(shown) != 1:
        said.open(ours.field)
        return
    said.compared(ours.field)
    yield _read_on_page(ours, "", shown[0], page, said)


def _text_beside(ours: Asked, theirs: Asked, page: Page, said: Said) -> Iterator[Contradiction]:
    """Report a page whose words ask something else than its data and the feed agree on."""
    shown = _in_currency(prices_in(page.text), ours)
    if len(shown) == 1 and not _found(page, ours):
        yield _read_on_page(ours, theirs.words, shown[0], page, said)


def _read_on_page(ours: Asked, data: str, shown: Amount, page: Page, said: Said) -> Contradiction:
    seen = Asked(shown.words, shown.readings, ours.currency)
    words = (ours.words, data, shown.line)
    if tax := _tax(ours, seen, page, said):
        message = f"the feed asks {ours.words}, a buyer reads {shown.words}: {tax}"
        return Contradiction(ours.field, "page_price_tax", message, words)
    beside = ", and so does the page's data" if data else ""
    message = f"the feed asks {ours.words}{beside}, but a buyer reads {shown.words}"
    return Contradiction(ours.field, "page_price_differs", message, words)


def _tax(ours: Asked, theirs: Asked, page: Page, said: Said) -> str:
    """Return a sentence where tax tells two prices apart, or an empty string."""
    currency = ours.currency or theirs.currency
    rate = tax_between(ours.amounts, theirs.amounts, country=said.country, currency=currency)
    if rate is not None:
        side = "the feed's is with" if max(ours.amounts) > max(theirs.amounts) else "the page's is with"
        return f"{side} {rate:g} % tax, the other without"
    dearer = max(ours.amounts) / max(theirs.amounts) if max(theirs.amounts) else 0.0
    if 1.0 < dearer < _DEAREST_TAX and says_before_tax(page.text):
        return "the page says that its prices are without tax"
    return ""


def _side(page: Page, ours: Asked, theirs: Asked) -> str:
    """Return whom the visible text agrees with, as the end of a sentence."""
    feed, data = _found(page, ours), _found(page, theirs)
    if feed and not data:
        return "; the visible text agrees with the feed"
    return "; the visible text agrees with the data" if data and not feed else ""


def _found(page: Page, one: Asked) -> Amount | None:
    shown = amounts_in(page.text)
    return next((amount for amount in shown if any(amount.may_be(own) for own in one.amounts)), None)


def _in_currency(shown: list[Amount], ours: Asked) -> list[Amount]:
    return [one for one in shown if not ours.currency or ours.currency in one.currencies]


def _shown(page: Page, *prices: Asked) -> str:
    """Return the lines of the visible text that say one of the prices, or else what it says of prices."""
    found = [amount for one in prices if (amount := _found(page, one))] or prices_in(page.text)[:3]
    return " | ".join(dict.fromkeys(amount.line for amount in found))
