"""What a value means that is not written as a destination wants it: `true` beside what it says of availability.

A feed's own `availability` keeps what it says, so that checks see it; what is meant stands beside it in the note
`_understood`, for whoever reads the product instead of checking it.
"""

from __future__ import annotations

from feedeval.feed.parsing.columns import squeeze
from feedeval.feed.parsing.product import FieldValue

UNDERSTOOD = "_understood"
"""Note on a product: attribute -> what its value means, where that is sure and written otherwise."""

_IN, _OUT = "in_stock", "out_of_stock"
_BOOLEAN = dict.fromkeys(("1", "true", "yes", "y"), _IN) | dict.fromkeys(("0", "false", "no", "n"), _OUT)
_YES = "t on x ja oui si sí sì sim ano áno tak igen da да есть var evet nai ναι はい 是"
_NO = "f off nein non não nao ne nie nem nee nej нет yok hayır όχι いいえ 否"
_ANSWERS = _BOOLEAN | dict.fromkeys(_YES.split(), _IN) | dict.fromkeys(_NO.split(), _OUT)
SCHEMA_AVAILABILITY = {
    "instock": _IN,
    "instoreonly": _IN,
    "onlineonly": _IN,
    "limitedavailability": _IN,
    "outofstock": _OUT,
    "soldout": _OUT,
    "discontinued": _OUT,
    "preorder": "preorder",
    "presale": "preorder",
    "backorder": "backorder",
}
"""What the words of schema.org's `ItemAvailability` mean, in lower case."""
_SCHEMA = {
    "availability": SCHEMA_AVAILABILITY,
    "condition": {"newcondition": "new", "usedcondition": "used", "refurbishedcondition": "refurbished"},
}
_SCHEMA_ADDRESS = ("http://schema.org/", "https://schema.org/", "http://www.schema.org/", "https://www.schema.org/")
_QUESTIONS = {"instock", "isinstock", "available", "isavailable", "instockyn", "instockyesno", "instocktf"}


def is_question(name: str) -> bool:
    """Whether a column asks by its own name whether a product is there, so that yes and no are its right answers."""
    return squeeze(name) in _QUESTIONS


def answered(value: str) -> str:
    """Return the availability that the answer in such a column states; a number counts the pieces in stock."""
    text = value.strip().casefold()
    if text.isdecimal() and text.isascii():
        return _IN if int(text[:18]) else _OUT
    return _ANSWERS.get(text, value)


def understood(name: str, value: FieldValue) -> str:
    """Return what a value of an attribute means, or an empty string where nothing but the value itself says so."""
    if name not in _SCHEMA or not isinstance(value, str):
        return ""
    text = value.strip().casefold()
    for address in _SCHEMA_ADDRESS:
        if text.startswith(address):
            return _SCHEMA[name].get(text.removeprefix(address).strip("/"), "")
    return _BOOLEAN.get(text, "") if name == "availability" else ""
