"""Checks of a product as a whole: values that do not go together, whatever the destination."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from feedeval.feed.checks.codes import read_date
from feedeval.feed.checks.findings import Issue, Setting, quoted
from feedeval.feed.checks.prices import read_price
from feedeval.feed.rules import Target
from feedeval.feed.spec import first_text, is_filled, stated_text
from feedeval.feed.word_lists import find_phrase

Found = tuple[str, Issue]
"""A field and what is wrong with it."""
Product = Mapping[str, Any]
ProductCheck = Callable[[Product, Setting], Iterable[Found]]


def missing_condition(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a title that says used or refurbished while `condition` says nothing or `new`."""
    condition = first_text(product.get("condition")).lower()
    if condition not in {"", "new"}:
        return
    title = stated_text(product, "title")
    word = find_phrase(title.casefold(), "used", setting.language) if title else ""
    if word:
        yield (
            "condition",
            Issue("missing_condition", f"the title says {quoted(word)}, condition {condition or 'nothing'}", title),
        )


def identifier_contradiction(product: Product, setting: Setting) -> Iterator[Found]:
    """Report `identifier_exists` no beside a gtin."""
    said = first_text(product.get("identifier_exists"))
    if said.lower() in {"no", "false"} and is_filled(product.get("gtin")):
        yield "identifier_exists", Issue("identifier_contradiction", f"says {said}, but there is a gtin", said)


def description_equals_title(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a description that only repeats the title."""
    title, description = stated_text(product, "title"), stated_text(product, "description")
    # Equal but for case and space means about equal in length: most products need no closer look.
    if title and abs(len(title) - len(description)) < 20 and _plain(title) == _plain(description):
        field = "description" if first_text(product.get("description")) else "structured_description"
        yield field, Issue("description_equals_title", "the description repeats the title", description)


def _plain(text: str) -> str:
    return " ".join(text.casefold().strip(" .!").split())


def zero_price(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a price of zero, which only contracts with instalments or a subscription may have."""
    for name in ("price", "sale_price"):
        value = first_text(product.get(name))
        if value and read_price(value).amount == 0 and not any(map(product.get, ("installment", "subscription_cost"))):
            yield name, Issue("price_not_positive", f"{quoted(value)} is not above zero", value)


def sale_price(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a sale price that is not below the price, or in another currency."""
    sale, price = read_price(first_text(product.get("sale_price"))), read_price(first_text(product.get("price")))
    if sale.amount is None or price.amount is None:
        return
    value = f"{first_text(product.get('sale_price'))} against {first_text(product.get('price'))}"
    if sale.currency and price.currency and sale.currency != price.currency:
        yield "sale_price", Issue("sale_currency_differs", f"{sale.currency} beside a price in {price.currency}", value)
    elif sale.amount >= price.amount:
        yield "sale_price", Issue("sale_price_not_lower", f"{sale.amount:,.2f} is not below {price.amount:,.2f}", value)


def dates_past(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a delivery date or an expiration date that has passed; a day's grace covers every time zone."""
    names = ["expiration_date"]
    if first_text(product.get("availability")).lower().replace(" ", "_") in {"preorder", "pre_order", "backorder"}:
        names.append("availability_date")
    for name in names:
        value = first_text(product.get(name))
        read = read_date(value) if value else None
        if read is not None and read < setting.now - timedelta(days=1):
            yield name, Issue("date_past", f"{quoted(value)} has passed", value)


def shipping_dimensions(product: Product, setting: Setting) -> Iterator[Found]:
    """Report length, width and height of a parcel that are not given together."""
    names = ["shipping_length", "shipping_width", "shipping_height"]
    lacking = [name for name in names if not is_filled(product.get(name))]
    if lacking and len(lacking) < len(names):
        yield lacking[0], Issue("shipping_dimensions_incomplete", f"{' and '.join(lacking)} missing beside the others")


def handling_times(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a shortest handling time above the longest."""
    yield from _reversed_times(product)


def delivery_times(entry: Product) -> Iterator[Found]:
    """Report times of one `shipping` entry: a minimum above its maximum, or only one of the two maxima."""
    yield from _reversed_times(entry)
    handling, transit = (is_filled(entry.get(name)) for name in ("max_handling_time", "max_transit_time"))
    if handling != transit:
        lacking = "max_transit_time" if handling else "max_handling_time"
        yield lacking, Issue("shipping_times_incomplete", f"{lacking} missing beside the other")


def _reversed_times(entry: Product) -> Iterator[Found]:
    for name in ("handling_time", "transit_time"):
        low, high = first_text(entry.get(f"min_{name}")), first_text(entry.get(f"max_{name}"))
        if low.isdecimal() and high.isdecimal() and len(low + high) < 20 and int(low) > int(high):
            yield f"min_{name}", Issue("min_above_max", f"{low} is above max_{name} {high}", low)


def escaped_twice(product: Product, setting: Setting) -> Iterator[Found]:
    """Report the fields whose entities the reader had to resolve twice."""
    fields = product.get("_double_escaped")
    for name in fields if isinstance(fields, list) else []:
        value = first_text(product.get(str(name)))
        if is_filled(product.get(str(name))):
            yield str(name), Issue("double_escaped", "entities were escaped twice, such as &amp;amp; for &", value)


ZERO_IS_A_PRICE = frozenset({Target.ACP, Target.MICROSOFT})
"""Destinations that take a price of zero: of anything, or of what a check of their own knows."""
PRODUCT_CHECKS: tuple[tuple[ProductCheck, tuple[str, ...]], ...] = (
    (missing_condition, ("title", "structured_title")),
    (identifier_contradiction, ("identifier_exists",)),
    (description_equals_title, ("description", "structured_description")),
    (zero_price, ("price", "sale_price")),
    (sale_price, ("sale_price",)),
    (dates_past, ("expiration_date", "availability_date")),
    (shipping_dimensions, ("shipping_length", "shipping_width", "shipping_height")),
    (handling_times, ("min_handling_time",)),
    (escaped_twice, ("_double_escaped",)),
)
"""Those that say the same whatever the destination, as far as it has the attribute that they name; each with the
attributes of which a product has to fill one to be looked at."""
