"""Amounts however a source has them, in minor units, millionths or beside their currency -> prices: `19.90 EUR`."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from feedeval.feed.parsing.product import FieldValue, Product

# ISO 4217: what is not named here has two decimals. CLDR (and so babel) counts the coins in use instead: its Serbian
# dinar has none, while a price in minor units counts paras.
_PLACES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DECIMALS = {code: places for places, codes in _PLACES.items() for code in codes.split()}
_MICRO_DIGITS = 6
_MOST_PLACES = 8
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
_BARE = re.compile(r"\d[\d.,'\s]*")
_CODE = re.compile(r"[A-Z]{3}")
_AMOUNTS = ("price", "sale_price", "maximum_retail_price", "cost_of_goods_sold", "auto_pricing_min_price")


def decimals(currency: str) -> int:
    """Return how many decimals the amounts of a currency have."""
    return _DECIMALS.get(currency.strip().upper(), 2)


def from_minor_units(amount: str, places: int) -> str:
    """Return an amount in whole units, or as it is where it is no whole number: 1999 with 2 places is 19.99."""
    digits = amount.strip()
    if not _WHOLE.fullmatch(digits) or not 0 <= places <= _MOST_PLACES:
        return amount
    return f"{Decimal(digits).scaleb(-places):.{places}f}"


def from_micros(amount: str, currency: str) -> str:
    """Return an amount that was counted in millionths; it has the currency's decimals, or more where it needs them."""
    if not _WHOLE.fullmatch(amount.strip()):
        return amount
    value = Decimal(amount.strip()).scaleb(-_MICRO_DIGITS)
    places = decimals(currency)
    rounded = value.quantize(Decimal(1).scaleb(-places))
    return f"{rounded:f}" if rounded == value else f"{value.normalize():f}"


def decimal(text: str) -> Decimal | None:
    """Return the exact number that a text is, with a decimal point or a decimal comma; None where it is none."""
    text = text.strip()
    try:
        return Decimal(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None
    except InvalidOperation:
        return None


def number(text: str) -> float:
    """Return the number that a text is, -1 where it is none."""
    found = decimal(text)
    return -1.0 if found is None else float(found)


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


def join_currency(product: Product) -> None:
    """Write the product's currency behind its bare amounts: `39.00` in a feed with `currency` EUR is `39.00 EUR`."""
    code = product.get("currency")
    if not isinstance(code, str) or not _CODE.fullmatch(code.upper()):
        return
    code = code.upper()
    for name in _AMOUNTS:
        if name in product:
            product[name] = _joined(product[name], code)
    shipping = product.get("shipping")
    for entry in shipping if isinstance(shipping, list) else ():
        if isinstance(entry, dict) and "price" in entry:
            entry["price"] = str(_joined(entry["price"], code))


def _joined(value: FieldValue, code: str) -> FieldValue:
    return f"{value} {code}" if isinstance(value, str) and _BARE.fullmatch(value) else value
