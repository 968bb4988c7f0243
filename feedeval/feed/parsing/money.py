"""Amounts that a source counts in parts of a currency's unit -> prices as destinations write them: `19.90 EUR`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

# ISO 4217: what is not named here has two decimals. CLDR (and so babel) counts the coins in use instead: its Serbian
# dinar has none, while a price in minor units counts paras.
_PLACES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DECIMALS = {code: places for places, codes in _PLACES.items() for code in codes.split()}
_MICRO_DIGITS = 6


def decimals(currency: str) -> int:
    """Return how many decimals the amounts of a currency have."""
    return _DECIMALS.get(currency.strip().upper(), 2)


def from_minor_units(amount: str, places: int) -> str:
    """Return an amount in whole units, or as it is where it is no whole number: 1999 with 2 places is 19.99."""
    digits = amount.strip()
    if not digits.lstrip("-").isdecimal() or not digits.isascii():
        return amount
    return f"{Decimal(digits).scaleb(-places):.{places}f}"


def from_micros(amount: str, currency: str) -> str:
    """Return an amount that was counted in millionths; it has the currency's decimals, or more where it needs them."""
    try:
        value = Decimal(amount.strip()).scaleb(-_MICRO_DIGITS)
    except InvalidOperation:
        return amount
    if not value.is_finite():
        return amount
    places = decimals(currency)
    rounded = value.quantize(Decimal(1).scaleb(-places))
    return f"{rounded:f}" if rounded == value else f"{value.normalize():f}"


def amount_of(text: str) -> Decimal | None:
    """Return a plain number, `19.90` or `19.90 EUR`; None where it is written in any other way."""
    number = text.partition(" ")[0]
    try:
        value = Decimal(number)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def with_currency(amount: str, currency: str) -> str:
    """Return a price; an amount without a currency stays alone, for none is made up."""
    return f"{amount} {currency}".strip() if amount else ""


def sale(price: str, before: str) -> dict[str, str]:
    """Return `price` and `sale_price` of what is asked now and what was asked before, where that was more."""
    now, then = amount_of(price), amount_of(before)
    dearer = now is not None and then is not None and then > now
    if dearer and price.partition(" ")[2] == before.partition(" ")[2]:
        return {"price": before, "sale_price": price}
    return {"price": price} if price else {}
