"""Checks of energy labels: in the European Union a registered certificate has taken the place of the classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from feedeval.feed.checks.findings import Issue, Setting
from feedeval.feed.spec import is_filled

CLASSES = ("energy_efficiency_class", "min_energy_efficiency_class", "max_energy_efficiency_class")
_MEMBERS = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EUROPEAN_UNION = frozenset(_MEMBERS.split())
_REGISTER = "EPREL"


def energy_class_replaced(product: Mapping[str, Any], setting: Setting) -> Iterator[tuple[str, Issue]]:
    """Report energy classes of products that are sold in the European Union, where Google no longer reads them."""
    yield from replaced_in(product, countries_of(product) | {setting.country})


def replaced_in(product: Mapping[str, Any], countries: Iterable[str]) -> Iterator[tuple[str, Issue]]:
    """Report energy classes that a certificate should take the place of, for a product that is sold in `countries`.

    Switzerland, Norway and the United Kingdom still read the classes; where nothing is known of the country, nothing
    is said.
    """
    given = next((name for name in CLASSES if is_filled(product.get(name))), "")
    union = sorted(EUROPEAN_UNION.intersection(countries))
    if given and union and not _is_registered(product.get("certification")):
        said = f"not read for {', '.join(union[:3])}{' and others' if len(union) > 3 else ''}"
        yield given, Issue("energy_class_replaced", f"{said}; certification with the number of EPREL is", "")


def countries_of(product: Mapping[str, Any]) -> set[str]:
    """Return the countries that the product's shipping names."""
    shipping = product.get("shipping")
    groups = shipping if isinstance(shipping, list) else [shipping]
    return {str(group.get("country", "")).strip().upper() for group in groups if isinstance(group, dict)} - {""}


def _is_registered(value: object) -> bool:
    return _REGISTER in str(value).upper() if is_filled(value) else False
