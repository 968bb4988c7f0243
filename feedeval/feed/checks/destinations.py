"""Checks of a product as a whole that only some destinations make, where a rule needs more than the rule files say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from feedeval.feed.checks.countries import EUROPEAN_UNION
from feedeval.feed.checks.findings import Issue, Setting, quoted
from feedeval.feed.checks.products import Found, Product, ProductCheck, zero_price
from feedeval.feed.checks.values import read_measure, unit_family
from feedeval.feed.rules import Target, rules
from feedeval.feed.spec import category_id, first_text, is_filled
from feedeval.feed.taxonomy import taxonomy_path

_BARE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_SHIPPING_PARTS = 4
_RATING_DECIMALS = 2
_TIMES = frozenset(f"{bound}_{what}_time" for bound in ("min", "max") for what in ("handling", "transit"))
_CLASSES = ("energy_efficiency_class", "min_energy_efficiency_class", "max_energy_efficiency_class")
_REGISTER = "EPREL"
_SOLD_WITH_A_CONTRACT = frozenset({"267", "4745"})
_WEIGHTS, _LENGTHS = ("weight",), ("length", "width", "height", "dimensions")


class DestinationCheck(NamedTuple):
    """A check of some destinations."""

    check: ProductCheck
    wanted: tuple[str, ...]
    """A product has to fill one of these attributes to be looked at."""
    targets: frozenset[Target]


def unit_pricing(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a base measure without a measure, or of another kind of unit."""
    base, whole = (first_text(product.get(name)) for name in ("unit_pricing_base_measure", "unit_pricing_measure"))
    rule = rules(setting.target).get("unit_pricing_measure")
    if not base or rule is None:
        return
    if not whole:
        said = f"the base measure {quoted(base)} stands alone"
        yield "unit_pricing_measure", Issue("unit_measure_missing", said, base)
        return
    families = [unit_family(read[1], rule) for read in map(read_measure, (base, whole)) if read]
    if len(set(families)) == 2 and -1 not in families:
        said = f"{quoted(base)} does not fit {quoted(whole)}"
        yield "unit_pricing_base_measure", Issue("unit_family_differs", said, base)


def group_is_item(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a group of variants that is called like the variant itself."""
    for name in ("group_id", "item_group_id"):
        group = first_text(product.get(name))
        if group and group in {first_text(product.get(own)) for own in ("id", "item_id")}:
            yield name, Issue("group_equals_id", f"{quoted(group)} is the product's own id", group)


def unit_missing(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a weight or a dimension that is a bare number while no attribute gives its unit."""
    for names, unit in ((_WEIGHTS, "item_weight_unit"), (_LENGTHS, "dimensions_unit")):
        if is_filled(product.get(unit)):
            continue
        for name in names:
            value = first_text(product.get(name))
            if value and all(_BARE.fullmatch(part.strip()) for part in re.split(r"[x×*]", value)):
                yield name, Issue("unit_missing", f"{quoted(value)} has no unit, and {unit} is empty", value)


def shipping_parts(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a `shipping` of more or fewer parts than `country:region:service_class:price`."""
    cell = product.get("shipping")
    for entry in cell if isinstance(cell, list) else [cell]:
        if isinstance(entry, str) and ":" in entry:
            for text in entry.split(","):
                count = text.count(":") + 1
                if count != _SHIPPING_PARTS:
                    yield "shipping", Issue("shipping_parts", f"{quoted(text)} has {count} parts; 4 are read", text)
        elif isinstance(entry, dict):
            times = sorted(_TIMES & set(entry))
            if times:
                said = f"{' and '.join(times)} beside country, region, service class and price, which alone are read"
                yield "shipping", Issue("shipping_parts", said, ":".join(str(part) for part in entry.values()))


def needed_beside(product: Product, setting: Setting) -> Iterator[Found]:
    """Report what another attribute needs: a rating its count, variations their names, a checkout its terms."""
    for rating, count in (("star_rating", "review_count"), ("store_star_rating", "store_review_count")):
        value = first_text(product.get(rating))
        if value and not first_text(product.get(count)).strip("0"):
            yield count, Issue("needed_beside", f"{rating} {quoted(value)} has no reviews", value)
    if _is_true(product, "listing_has_variations") and not any(map(product.get, ("variant_dict", "variant_option"))):
        yield "variant_dict", Issue("needed_beside", "listing_has_variations is true, but nothing says which", "true")
    if _is_true(product, "is_eligible_checkout", "enable_checkout"):
        if not _is_true(product, "is_eligible_search", "enable_search"):
            yield "is_eligible_search", Issue("needed_beside", "is not true, but is_eligible_checkout is", "true")
        for name in ("seller_privacy_policy", "seller_tos"):
            if not is_filled(product.get(name)):
                yield name, Issue("needed_beside", "is empty, but is_eligible_checkout is true", "true")


def _is_true(product: Product, *names: str) -> bool:
    return any(first_text(product.get(name)).lower() == "true" for name in names)


def number_forms(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a rating with more than two decimals, and a weight or a dimension of zero."""
    for name in ("star_rating", "store_star_rating"):
        value = first_text(product.get(name))
        if _BARE.fullmatch(value) and len(value.partition(".")[2]) > _RATING_DECIMALS:
            yield name, Issue("number_invalid", f"{quoted(value)} has more than {_RATING_DECIMALS} decimals", value)
    for name in (*_WEIGHTS, *_LENGTHS):
        value = first_text(product.get(name))
        if _BARE.fullmatch(value) and not float(value):
            yield name, Issue("number_invalid", f"{quoted(value)} is not above zero", value)


def zero_price_of_no_contract(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a price of zero but for phones and tablets, which are sold with a contract."""
    if category_id(product) not in _SOLD_WITH_A_CONTRACT:
        yield from zero_price(product, setting)


def login_in_address(product: Product, setting: Setting) -> Iterator[Found]:
    """Report an address that holds a user name or a password."""
    for name in ("link", "image_link"):
        value = first_text(product.get(name))
        host = value.partition("://")[2].partition("/")[0]
        if "@" in host:
            yield name, Issue("url_invalid", "holds a user name or a password", host.rpartition("@")[2])


def energy_class_replaced(product: Product, setting: Setting) -> Iterator[Found]:
    """Report energy classes of products that are sent to the European Union, where a registered certificate counts.

    Switzerland, Norway and the United Kingdom still read the classes; where nothing is known of the country, nothing
    is said.
    """
    given = next((name for name in _CLASSES if is_filled(product.get(name))), "")
    union = sorted(EUROPEAN_UNION & (_shipped_to(product) or {setting.country}))
    if given and union and _REGISTER not in str(product.get("certification") or "").upper():
        said = f"not read for {', '.join(union[:3])}{' and others' if len(union) > 3 else ''}"
        yield given, Issue("energy_class_replaced", f"{said}; certification with the number of EPREL is", "")


def _shipped_to(product: Product) -> set[str]:
    shipping = product.get("shipping")
    groups = shipping if isinstance(shipping, list) else [shipping]
    return {str(group.get("country", "")).strip().upper() for group in groups if isinstance(group, dict)} - {""}


def broad_category(product: Product, setting: Setting) -> Iterator[Found]:
    """Report a category that stands too high in its tree to say much."""
    value = first_text(product.get("google_product_category"))
    path = taxonomy_path(value) if value else None
    if path and ">" not in path:
        yield "google_product_category", Issue("category_too_broad", f"{quoted(path)} has one level", value)
    own = first_text(product.get("fb_product_category"))
    if own and not own.isdecimal() and own.count(">") < 2:
        yield "fb_product_category", Issue("category_too_broad", f"{quoted(own)} has fewer than three levels", own)


_GOOGLE, _OPENAI, _META = (frozenset({target}) for target in (Target.GOOGLE, Target.OPENAI, Target.META))
_RATINGS = ("star_rating", "store_star_rating")
DESTINATION_CHECKS: tuple[DestinationCheck, ...] = (
    DestinationCheck(unit_pricing, ("unit_pricing_base_measure",), frozenset(Target)),
    DestinationCheck(energy_class_replaced, _CLASSES, _GOOGLE),
    DestinationCheck(group_is_item, ("group_id", "item_group_id"), _OPENAI),
    DestinationCheck(unit_missing, (*_WEIGHTS, *_LENGTHS), _OPENAI),
    DestinationCheck(number_forms, (*_RATINGS, *_WEIGHTS, *_LENGTHS), _OPENAI),
    DestinationCheck(shipping_parts, ("shipping",), _OPENAI),
    DestinationCheck(
        needed_beside, (*_RATINGS, "listing_has_variations", "is_eligible_checkout", "enable_checkout"), _OPENAI
    ),
    DestinationCheck(zero_price_of_no_contract, ("price", "sale_price"), frozenset({Target.MICROSOFT})),
    DestinationCheck(login_in_address, ("link", "image_link"), frozenset({Target.OPENAI_GOOGLE_PROFILE})),
    DestinationCheck(broad_category, ("google_product_category", "fb_product_category"), _META),
)
