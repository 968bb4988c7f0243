"""Products of Google's Merchant API (`products`, `productInputs`) and of the Content API before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from feedeval.feed.parsing.columns import attributes, snake
from feedeval.feed.parsing.documents.fields import Entry, Row, first_text, listing, mapping, mappings, text
from feedeval.feed.parsing.money import from_micros, with_currency
from feedeval.feed.parsing.values import Pair

_HOLDERS = ("productAttributes", "attributes", "product_attributes")
_UNDERSTOOD = {*_HOLDERS, "id", "offerId", "offer_id", "name", "kind", "customAttributes", "custom_attributes"}
_LOWER = {
    "availability", "condition", "age_group", "gender", "size_type", "size_types", "pause", "credit_type", "period",
    "digital_source_type",
}  # fmt: skip
_ENERGY = {"APPP": "A+++", "APP": "A++", "AP": "A+"}
_PLURALS = {
    "gtins": "gtin",
    "product_types": "product_type",
    "sizes": "size",
    "size_types": "size_type",
    "questions_and_answers": "question_and_answer",
    "question_and_answers": "question_and_answer",
    "promotion_ids": "promotion_id",
    "product_highlights": "product_highlight",
    "product_details": "product_detail",
    "image_link": "image_link",
    "tax": "tax",
    "taxes": "tax",
    "cost_of_goods_sold": "cost_of_goods_sold",
}
_SPANS = {"start_time": "end_time", "start_date": "end_date"}


def recognises(entry: Entry) -> bool:
    """Whether an entry is a product, or an input of one, as Google's APIs give it."""
    if text(entry.get("kind")) == "content#product":
        return True
    if any([isinstance(entry.get(holder), dict) for holder in _HOLDERS]):
        name = text(entry.get("name"))
        ours = name.startswith("accounts/") and ("/products/" in name or "/productInputs/" in name)
        if ours or first_text(entry, "offerId", "offer_id"):
            return True
    return "offerId" in entry and bool(entry.keys() & {"contentLanguage", "feedLabel", "targetCountry"})


def rows(entry: Entry, currency: str) -> Iterator[list[Pair]]:
    """Yield the pairs of the product: these have no variants inside."""
    del currency
    row = Row()
    row.put("id", first_text(entry, "offerId", "offer_id") or _offer(entry))
    held: Entry = next((entry[name] for name in _HOLDERS if isinstance(entry.get(name), dict)), entry)
    understood = set(_UNDERSTOOD)
    for name, value in held.items():
        if held is entry and name in _UNDERSTOOD:
            continue
        own = snake(str(name))
        if target := _target(own):
            row.put(target, _value(target, value))
            understood.add(name)
        elif held is not entry:
            row.put(own, value)
    for one in mappings(entry.get("customAttributes") or entry.get("custom_attributes")):
        row.put(snake(text(one.get("name"))), text(one.get("value")) or one.get("groupValues"))
    row.put("resource_name", text(entry.get("name")))
    row.rest(entry, understood)
    return iter([row.pairs()])


def _offer(entry: Entry) -> str:
    """Return the offer's identifier out of a resource's name, `online~en~US~sku123` or `en:US:sku123`."""
    whole = text(entry.get("name")).rpartition("/")[2] or text(entry.get("id"))
    mark = "~" if "~" in whole else ":"
    parts = whole.split(mark, 3)
    begin = 3 if len(parts) == 4 and parts[0] in ("online", "local") else 2
    return mark.join(whole.split(mark)[begin:]) if len(parts) > begin else whole


def _target(name: str) -> str:
    """Return the attribute that a field is, in the singular where the API has the plural; empty for none."""
    if name in _PLURALS:
        return _PLURALS[name]
    table = attributes()
    return next((one for one in (name, name.removesuffix("s")) if one in table), "")


def _value(name: str, value: Any) -> Any:
    """Return a value as feeds write it: amounts, measures, spans of time and words in one text each."""
    if isinstance(value, list | tuple):
        return [one for item in value if (one := _value(name, item)) not in ("", None)]
    if isinstance(value, dict):
        if money := _money(value):
            return money
        if text(value.get("value")) and text(value.get("unit")) and len(value) == 2:
            return f"{text(value['value'])} {text(value['unit'])}"
        keys = {snake(str(key)): key for key in value}
        if {"year", "month", "day"} <= set(keys):
            return _moment(value)
        for start, end in _SPANS.items():
            if start in keys and end in keys:
                return f"{_moment(value[keys[start]])}/{_moment(value[keys[end]])}"
        return {own: _inner(own, value[key]) for own, key in keys.items()}
    word = text(value)
    if name in _LOWER:
        return word.lower().replace(" ", "_")
    if name.endswith("energy_efficiency_class"):
        return _ENERGY.get(word, word)
    return word


def _inner(name: str, value: Any) -> Any:
    found = _value(name, value)
    return ", ".join(map(str, found)) if isinstance(found, list) else found


def _money(value: Entry) -> str:
    micros, currency = first_text(value, "amountMicros", "amount_micros"), first_text(value, "currencyCode", "currency")
    if micros:
        code = currency or first_text(value, "currency_code")
        return with_currency(from_micros(micros, code), code)
    if currency and text(value.get("value")):
        return with_currency(text(value["value"]), currency)
    return ""


def _moment(value: Any) -> str:
    """Return a moment, given as text or in parts."""
    parts = mapping(value)
    if not parts:
        return text(value)
    year, month, day = (text(parts.get(name)) for name in ("year", "month", "day"))
    if not year:
        return text(parts.get("seconds"))
    date = f"{year}-{month.zfill(2)}-{day.zfill(2)}"
    hours = text(parts.get("hours"))
    return f"{date}T{hours.zfill(2)}:{text(parts.get('minutes') or '0').zfill(2)}" if hours else date


def unwrapped(entry: Entry) -> Entry | None:
    """Return the product inside an entry of a batch request, None for any other."""
    held = entry.get("product", entry.get("productInput"))
    if isinstance(held, dict) and listing(held) and set(entry) <= {
        "batchId", "merchantId", "method", "product", "productInput", "feedId", "productId", "dataSource", "kind",
        "parent", "errors",
    }:  # fmt: skip
        return held
    return None
