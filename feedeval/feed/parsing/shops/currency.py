"""Amounts and the currency that stands beside them in a column of its own."""

from __future__ import annotations

import re

from feedeval.feed.parsing.product import FieldValue, Product

_BARE = re.compile(r"\d[\d.,'\s]*")
_CODE = re.compile(r"[A-Z]{3}")
_AMOUNTS = ("price", "sale_price", "maximum_retail_price", "cost_of_goods_sold", "auto_pricing_min_price")


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
