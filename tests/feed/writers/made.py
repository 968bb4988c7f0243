"""Random products: every attribute with values of its kind, in many scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from feedeval.feed.parsing.columns import Attribute, AttributeShape, attributes
from feedeval.feed.rules import AttributeRule, Kind, rules

Made = dict[str, Any]
"""A product as it has to come back."""

_SCRIPTS = {
    "latin": "aàâäåbcçčdeéèêęěfghiïíjklłmnñńoóôöøpqrřsßśštťuúüůűvwxyýzžżÆŒÞÅÉŁ",
    "cyrillic": "абвгдеёжзиїйклмнопрстуфхцчшщъыьэюяЛЖЯ",
    "greek": "αάβγδεέζηήθιίκλμνξοόπρσςτυφχψωώΔΩ",
    "arabic": "ابتثجحخدذرزسشصضطظعغفقكلمنهويءةى",
    "hebrew": "אבגדהוזחטיכךלמםנןסעפףצץקרשת",
    "chinese": "灯露营轻便防水杯子茶叶蓝色",
    "japanese": "ランプ折りたたみ靴下陶器茶碗ー",
    "thai": "โคมไฟพับได้สำหรับตั้งแคมป์",
}
_SIGNS = [
    *("&", "<", ">", '"', "'", ",", ";", "|", "=", "+", "@", "%", "/", "(", ")", "!", "?", "#", "\\", "{", "]"),
    *('5"', "½", "×", "°", "€", "„", "“", "»", "—", "’", "。", "、", "، ", "& <b", "a=b&c", "100%", "<3", "'s"),
    *("🧦", "👩\u200d🔧", "🇨🇿", "✔\ufe0f", "👍🏽"),
]
_FIRST = ["=1+1 ", "+49 ", "-5 ", "@home ", "'quoted' ", '"best" ', "#1 ", "0012 ", "https: "]
_ENTITY = re.compile(r"&#?\w+;")

EXPORTS_OF_SHOPS = {"images", "handle", "sku", "parent", "position", "barcode_type", "currency", "ads_metadata"}
"""Columns that mean something else in the exports of shops, the currency that joins the price, and those that are no
attributes of their own or have no parts of their own."""


def _words(script: str) -> st.SearchStrategy[str]:
    letters = st.text(_SCRIPTS[script], min_size=1, max_size=7)
    pieces = st.lists(letters | letters | st.sampled_from(_SIGNS), min_size=1, max_size=6)
    begun = st.tuples(st.sampled_from(["", "", "", *_FIRST]), pieces)
    return begun.map(lambda parts: (parts[0] + " ".join(parts[1])).strip())


def _is_plain(text: str) -> bool:
    """Tell whether text means itself: `&amp;` in a value is taken for an ampersand that was escaped twice."""
    return not _ENTITY.search(text)


LINE: st.SearchStrategy[str] = st.sampled_from(sorted(_SCRIPTS)).flatmap(_words).filter(_is_plain)
"""Text of one line in one of the scripts, with signs that formats have a use of their own for."""
LINES: st.SearchStrategy[str] = st.lists(LINE, min_size=1, max_size=3).map("\n".join).filter(_is_plain)
CODE = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,9}", fullmatch=True)
PART: st.SearchStrategy[str] = LINE.map(lambda text: re.sub(r"[:,;\"']", " ", text).strip()).filter(bool)
"""Text that a part of a text form can hold as it is."""


def _address(end: str) -> st.SearchStrategy[str]:
    name = st.text("abcxyzäß-_0123456789灯", min_size=1, max_size=8)
    query = st.sampled_from(["", "?v=1", "?a=1&b=2", "?size=M,L"])
    return st.tuples(name, query).map(lambda parts: f"https://shop.example/{parts[0]}{end}{parts[1]}")


def _gtin(digits: str) -> str:
    """Return digits with the check digit of GS1 (weights 3 and 1 from the right)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


_PRICE = st.tuples(st.integers(1, 999_999), st.sampled_from(["EUR", "USD", "CZK", "JPY", "GBP"])).map(
    lambda made: f"{made[0] // 100}.{made[0] % 100:02d} {made[1]}"
)
_DATE = st.tuples(st.integers(2020, 2035), st.integers(1, 12), st.integers(1, 28), st.booleans()).map(
    lambda made: f"{made[0]}-{made[1]:02d}-{made[2]:02d}" + ("T08:30+01:00" if made[3] else "")
)
_INTEGER = st.integers(0, 400).map(str)
_KINDS: dict[Kind, st.SearchStrategy[str]] = {
    Kind.URL: _address(""),
    Kind.ASCII_URL: _address(".pdf"),
    Kind.FILE_URL: _address(".glb"),
    Kind.IMAGE: _address(".jpg"),
    Kind.PRICE: _PRICE,
    Kind.DATE: _DATE,
    Kind.DATE_RANGE: st.tuples(_DATE, _DATE).map("/".join),
    Kind.INTEGER: _INTEGER,
    Kind.NUMBER: st.integers(0, 1000).map(lambda tenths: f"{tenths // 10}.{tenths % 10}"),
    Kind.COUNTRY: st.sampled_from(["DE", "CZ", "US", "JP", "SA"]),
    Kind.CATEGORY: st.sampled_from(["212", "Home & Garden > Kitchen & Dining", "Bekleidung & Accessoires > Schuhe"]),
    Kind.GTIN: st.text("0123456789", min_size=12, max_size=12).map(_gtin),
}


def _value(rule: AttributeRule | None, text: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    if rule is None or rule.kind in (Kind.TEXT, Kind.GROUP):
        return text
    if rule.kind is Kind.ENUM:
        return st.sampled_from([value.strip("()") for value in rule.values])
    if rule.kind in (Kind.MEASURE, Kind.WHOLE_MEASURE):
        units = [unit.partition("=")[0] for family in rule.values for unit in family.split(",")]
        return st.tuples(st.sampled_from(["1", "12.5", "300"]), st.sampled_from(units)).map(" ".join)
    return _KINDS.get(rule.kind, text)


def _group(attribute: Attribute, *, flat: bool) -> st.SearchStrategy[dict[str, str]]:
    """Return groups of parts; those of a `flat` one can be written with colons between them."""
    known = rules("google")
    named = [part for part in known if part.startswith(f"{attribute.name}.")]
    parts = attribute.parts or tuple(part.partition(".")[2] for part in named)
    if not flat:
        parts = tuple(dict.fromkeys([*parts, *(part.partition(".")[2] for part in named)]))
    text = PART if flat else LINE
    made = {
        part: _PARTS[part] if part in _PARTS else _value(known.get(f"{attribute.name}.{part}"), text) for part in parts
    }
    # A detail is nothing without its name and value, a question nothing without its answer.
    needed = {part: made[part] for part in made if attribute.name not in _LOOSE or part in ("country", "price", "rate")}
    return st.fixed_dictionaries(needed, optional={part: made[part] for part in made if part not in needed}).filter(
        # Without a colon a text is no group that can be told from the one before it.
        lambda group: any(part in group for part in parts[1:]) if flat else bool(group)
    )


_LOOSE = {"shipping", "returns", "loyalty_program", "certification", "installment", "tax"}
"""Groups of which parts may be missing."""

_PARTS: dict[str, st.SearchStrategy[str]] = {
    "country": _KINDS[Kind.COUNTRY],
    "price": _PRICE,
    "rate": st.sampled_from(["5.00", "8.25", "19"]),
    "cutoff_time": st.sampled_from(["0900", "1430"]),
    # A time of day holds a colon, which no part but the last can hold in a cell.
    "member_price_effective_date": st.sampled_from(["2026-01-01/2026-02-01", "2027-03-01/2027-03-31"]),
    "cutoff_timezone": st.sampled_from(["Europe/Berlin", "America/New_York"]),
}
"""Parts that have one meaning in every group."""


def _attribute_value(attribute: Attribute, *, flat: bool) -> st.SearchStrategy[Any]:
    rule = rules("google").get(attribute.name)
    if attribute.shape is AttributeShape.GROUP:
        return _group(attribute, flat=flat)
    if attribute.shape is AttributeShape.GROUPS:
        return st.lists(_group(attribute, flat=flat), min_size=1, max_size=3)
    if attribute.name == "description":
        return LINES
    value = _value(rule, LINE)
    if attribute.name.endswith("_link"):
        value = _address(".jpg" if "image" in attribute.name else "")
    if attribute.shape is AttributeShape.MANY:
        return st.lists(value, min_size=1, max_size=3, unique=True)
    if rule is not None and rule.max_values is None and not flat:
        return value | st.lists(value, min_size=2, max_size=3, unique=True)
    return value


def attribute_names(*, flat: bool) -> list[str]:
    """Return the attributes that products may have; a text cell cannot hold `returns`, whose parts have no order."""
    rest = {*EXPORTS_OF_SHOPS, "id", "title"} | ({"returns"} if flat else set())
    named = [name for name in rules("google") if "." not in name]
    return [name for name in dict.fromkeys([*named, *attributes()]) if name not in rest]


def value_of(name: str, *, flat: bool) -> st.SearchStrategy[Any]:
    """Return values of an attribute; those of a `flat` one can be written as the text of a cell."""
    return _attribute_value(attributes().get(name) or Attribute(name), flat=flat)


def products(*, flat: bool, names: list[str] | None = None) -> st.SearchStrategy[list[Made]]:
    """Return lists of one to three products with an id, a title, and some of `names` (all that there are)."""
    known = names if names is not None else attribute_names(flat=flat)
    some = st.lists(st.sampled_from(known), min_size=1, max_size=5, unique=True)
    one = some.flatmap(lambda chosen: made_of(chosen, flat=flat))
    return st.lists(one, min_size=1, max_size=3, unique_by=lambda made: made["id"])


def made_of(names: list[str], *, flat: bool) -> st.SearchStrategy[Made]:
    """Return products that have an id, a title and all of `names`."""
    return st.fixed_dictionaries({"id": CODE, "title": LINE, **{name: value_of(name, flat=flat) for name in names}})


Writer = Callable[[list[Made]], bytes]
"""What writes products as a feed."""
