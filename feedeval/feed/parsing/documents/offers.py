"""Offers of schema.org -> price, sale price, availability and condition; what several offers leave open stays open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from feedeval.feed.parsing.columns import snake
from feedeval.feed.parsing.documents.fields import Entry, first_text, listing, mapping, mappings, text
from feedeval.feed.parsing.documents.linked import name_of, types, word
from feedeval.feed.parsing.money import sale, with_currency
from feedeval.feed.parsing.understood import SCHEMA_AVAILABILITY

IDENTITIES = ("sku", "gtin", "gtin13", "gtin14", "gtin12", "gtin8", "mpn", "productID", "itemOffered")
"""What tells one variant's offer from another's."""
_BEFORE = {"listprice", "strikethroughprice", "regularprice"}
_SUGGESTED = {"msrp", "srp", "minimumadvertisedprice", "invoiceprice"}


def offers_of(product: Entry) -> list[Entry]:
    """Return the offers of a product, those inside an `AggregateOffer` in its place."""
    found: list[Entry] = []
    for one in mappings(product.get("offers")):
        inner = mappings(one.get("offers"))
        shared = {name: value for name, value in one.items() if name in ("priceCurrency", "availability")}
        found += [{**shared, **offer} for offer in inner] or [one]
    return found


def variants(offers: Sequence[Entry]) -> bool:
    """Whether each of several offers is for a thing of its own, and not one of several sellers of the same."""
    if len(offers) < 2:
        return False
    for name in IDENTITIES:
        told = [_told(offer.get(name)) for offer in offers]
        if all(told) and len(set(told)) == len(told):
            return True
    return False


def _told(value: Any) -> str:
    node = mapping(value)
    return first_text(node, "sku", "@id", "gtin13", "gtin", "name") if node else text(value)


def fields(product: Entry, offers: Sequence[Entry]) -> dict[str, Any]:
    """Return what the offers say of a product by standard names."""
    found: dict[str, Any] = dict(_prices(product, offers))
    states = {_availability(offer) for offer in offers}
    if len(states) == 1:
        found["availability"] = states.pop()
    conditions = {_condition(offer.get("itemCondition")) for offer in offers}
    if len(conditions) == 1:
        found["condition"] = conditions.pop()
    if len(offers) == 1:
        found |= _single(offers[0])
    elif offers:
        found["offer_count"] = str(len(offers))
    return found


def _single(offer: Entry) -> dict[str, Any]:
    preorder = _availability(offer) in ("preorder", "backorder")
    return {
        "link": first_text(offer, "url"),
        "price_valid_until": text(offer.get("priceValidUntil")),
        "seller_name": name_of(offer.get("seller") or offer.get("offeredBy")),
        "offer_count": text(offer.get("offerCount")),
        "availability_date": text(offer.get("availabilityStarts")) if preorder else "",
        "shipping": _shipping(offer.get("shippingDetails")),
    }


def _condition(value: Any) -> str:
    return snake(word(value).removesuffix("Condition")) if word(value) else ""


def _availability(offer: Entry) -> str:
    said = word(offer.get("availability"))
    return SCHEMA_AVAILABILITY.get(said.replace("_", "").replace(" ", "").lower()) or (snake(said) if said else "")


def _prices(product: Entry, offers: Sequence[Entry]) -> dict[str, str]:
    """Return the price where there is one; else the lowest and the highest, each under its own name."""
    stated = [found for offer in offers if (found := _price(offer))]
    prices = {found.get("price", "") for found in stated}
    if len(offers) <= 1 or (len(stated) == len(offers) and len(prices) == 1):
        return stated[0] if stated else {}
    currencies = {price.partition(" ")[2] for price in prices}
    ranges = [one for one in mappings(product.get("offers")) if _ends(one)[0]]
    if len(ranges) == 1:
        return _range(ranges[0])
    if not stated or len(currencies) > 1:
        return {"offer_prices": ", ".join(sorted(prices))} if stated else {}
    asked = sorted((found.get("sale_price") or found.get("price", "") for found in stated), key=_number)
    if _number(asked[0]) == float("inf"):
        return {"offer_prices": ", ".join(asked)}
    return {"low_price": asked[0], "high_price": asked[-1]}


def _number(price: str) -> float:
    try:
        return float(price.partition(" ")[0])
    except ValueError:
        return float("inf")


def _range(offer: Entry) -> dict[str, str]:
    currency = text(offer.get("priceCurrency"))
    low, high = (with_currency(end, currency) for end in _ends(offer))
    if low and high and _number(low) == _number(high) != float("inf"):
        return {"price": low}
    return {"low_price": low, "high_price": high}


def _ends(offer: Entry) -> tuple[str, str]:
    """Return the lowest and the highest price of an offer for several things, by either of their names."""
    return first_text(offer, "lowPrice", "minPrice"), first_text(offer, "highPrice", "maxPrice")


def _price(offer: Entry) -> dict[str, str]:
    """Return the price of one offer; one that is struck through is the price, and the present one is the sale's."""
    low, high = _ends(offer)
    if low and high and low != high and not text(offer.get("price")):
        # A sale that stands beside is that of the cheapest variant.
        return _range(offer)
    currency = text(offer.get("priceCurrency"))
    now, before = _amount(text(offer.get("price")), currency), ""
    found: dict[str, str] = {}
    for one in mappings(offer.get("priceSpecification")):
        kind = word(one.get("priceType")).replace("_", "").lower()
        amount = _amount(first_text(one, "price"), text(one.get("priceCurrency")) or currency)
        if one.get("validForMemberTier"):
            found.setdefault("member_price", amount)
        elif kind in _BEFORE:
            before = before or amount
        elif kind in _SUGGESTED:
            found[snake(word(one.get("priceType")))] = amount
        elif not _is_per_unit(one) or not now:
            now = amount if kind == "saleprice" or not now else now
    if not now and not before and (low or high):
        return found | _range(offer)
    return found | sale(now or before, before)


def _is_per_unit(one: Entry) -> bool:
    """Whether a price is that of a measure, such as 100 ml."""
    return bool(one.get("referenceQuantity"))


def _amount(amount: str, currency: str) -> str:
    stated = any(char.isalpha() or char in "€$£¥" for char in amount)
    return amount if stated else with_currency(amount, currency)


def _shipping(value: Any) -> list[dict[str, str]]:
    found = []
    for one in mappings(value):
        rate = mapping(one.get("shippingRate"))
        price = with_currency(text(rate.get("value")), text(rate.get("currency")))
        for place in mappings(one.get("shippingDestination")) or [{}]:
            for country in _countries(place):
                group = {"country": country, "region": first_text(place, "addressRegion"), "price": price}
                found.append({name: part for name, part in group.items() if part})
    return found if all("price" in group for group in found) else []


def _countries(place: Entry) -> Iterable[str]:
    named = [name for one in listing(place.get("addressCountry")) if (name := name_of(one))]
    return named or [""]


def is_offered(entry: Entry) -> bool:
    """Whether an entry without a type has offers as schema.org's products have them."""
    return any("priceCurrency" in one or types(one) & {"Offer", "AggregateOffer"} for one in mappings(entry["offers"]))
