"""Whether two quotes give different values: only where that is beyond doubt, as a false alarm costs more than a miss.

Compared are measures. A quote with a range, a limit or an estimate, or with several measures of one kind that are not
the three of a size, says too little to contradict another, and so do two that measure different sides of a thing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_TOLERANCE = 0.05
"""Share by which two values may differ and be the same, rounded or measured otherwise."""
_UNITS: Mapping[str, tuple[str, float]] = {
    **{unit: ("mass", size) for unit, size in (("mg", 0.001), ("g", 1.0), ("kg", 1000.0), ("oz", 28.35))},
    **{unit: ("mass", 453.6) for unit in ("lb", "lbs")},
    **{unit: ("mass", 1.0) for unit in ("gram", "grams", "gramm", "grammes", "gramos", "grammi")},
    **{unit: ("mass", 1000.0) for unit in ("kilo", "kilos", "kilogram", "kilograms", "kilogramm")},
    **{unit: ("length", size) for unit, size in (("mm", 0.1), ("cm", 1.0), ("m", 100.0), ("in", 2.54), ("inch", 2.54))},
    **{unit: ("length", 2.54) for unit in ("inches", "zoll")},
    **{unit: ("volume", size) for unit, size in (("ml", 1.0), ("cl", 10.0), ("l", 1000.0))},
    **{unit: ("volume", 1000.0) for unit in ("litre", "litres", "liter", "liters", "litri", "litros")},
    **{unit: ("power", size) for unit, size in (("w", 1.0), ("kw", 1000.0), ("watt", 1.0), ("watts", 1.0))},
    **{unit: ("voltage", 1.0) for unit in ("v", "volt", "volts")},
    **{unit: ("charge", size) for unit, size in (("mah", 1.0), ("ah", 1000.0))},
    **{unit: ("energy", size) for unit, size in (("wh", 1.0), ("kwh", 1000.0))},
    **{unit: ("hours", 1.0) for unit in ("h", "hr", "hrs", "hour", "hours", "stunden", "heures", "horas", "ore")},
    **{unit: ("months", 1.0) for unit in ("month", "months", "monate", "mois", "meses", "mesi")},
    **{unit: ("months", 12.0) for unit in ("year", "years", "jahr", "jahre", "jahren", "ans", "años", "anni", "jaar")},
    **{unit: ("memory", size) for unit, size in (("mb", 0.001), ("gb", 1.0), ("tb", 1000.0))},
    **{unit: ("sound", 1.0) for unit in ("db",)},
    **{unit: ("light", 1.0) for unit in ("lm", "lumen", "lumens")},
}
_NAMES = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_NUMBER = r"\d{1,3}(?:[.,]\d{3})+(?![\d.,])|\d+(?:[.,]\d+)?"
_TIMES = r"\s*[x×*]\s*"
_MEASURE = re.compile(
    rf"(?<![\w.,/-])(?P<values>(?:{_NUMBER})(?:\s*(?:{_NAMES})?{_TIMES}(?:{_NUMBER}))*)\s*-?(?P<unit>{_NAMES})(?!\w)",
    re.IGNORECASE,
)
_ONE = re.compile(_NUMBER)
_UNSURE = re.compile(
    r"\d\s*(?:[-–—]|to|bis|à|a|do)\s*\d|[<>≤≥~±]|"
    r"\b(?:up to|upto|max|min|maximum|minimum|approx|approximately|about|around|ca|circa|from|at least|at most|over|"
    r"under|less than|more than|bis zu|etwa|mindestens|höchstens|ab|jusqu|environ|hasta|fino a|tot|ongeveer|od|do|per|"
    r"each|pro)\b",
    re.IGNORECASE,
)
_SIDES: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "length": "length long länge lang longueur largo lunghezza lengte",
        "width": "width wide breite breit largeur ancho larghezza breedte",
        "height": "height high tall höhe hoch hauteur alto altezza hoogte",
        "depth": "depth deep tiefe tief profondeur profundidad profondità diepte",
        "diameter": "diameter ø durchmesser diamètre diámetro diametro",
        "thickness": "thickness thick dicke dick épaisseur grosor spessore dikte",
    }.items()
}
_OTHER_WEIGHTS = re.compile(
    r"\b(?:gross|net|shipping|packag\w*|packed|brutto|netto|versand\w*|verpack\w*|load|carries|capacity|filled|empty|"
    r"brut|poids net|lordo|bruto|trag\w*)",
    re.IGNORECASE,
)


class _Measures(NamedTuple):
    """What a quote measures in one kind."""

    values: tuple[tuple[float, ...], ...]
    """Of each number, what its digits may mean."""
    of: frozenset[str]
    """Which sides of the thing, or which of its weights."""


def differ(one: str, other: str, *, about: str = "") -> bool:
    """Say whether two quotes that answer the same question give different values.

    Args:
        one: The words of one.
        other: The words of the other.
        about: What both answer, such as `product_width`: stands for the side that a quote does not name.
    """
    if not (first := _measures(one, about)) or not (second := _measures(other, about)):
        return False
    shared = first.keys() & second.keys()
    return any(_differ(kind, first[kind], second[kind]) for kind in shared)


def _differ(kind: str, one: _Measures, other: _Measures) -> bool:
    count = len(one.values)
    if count != len(other.values) or one.of != other.of:
        return False
    if kind == "length" and not (count == 3 or (count == 1 and len(one.of) == 1)):
        return False
    if kind != "length" and count != 1:
        return False
    pairs = zip(sorted(one.values), sorted(other.values), strict=True)
    return any(not any(_same(a, b) for a in mine for b in theirs) for mine, theirs in pairs)


def _same(one: float, other: float) -> bool:
    low, high = sorted((one, other))
    return high - low <= _TOLERANCE * high


def _measures(quote: str, about: str) -> dict[str, _Measures]:
    """Return what a quote measures, by kind; nothing where it is not sure of it."""
    text = quote.casefold()
    if _UNSURE.search(text):
        return {}
    found: dict[str, list[tuple[float, ...]]] = {}
    for match in _MEASURE.finditer(text):
        kind, size = _UNITS[match["unit"]]
        numbers = _ONE.findall(match["values"])
        if len(numbers) > 1 and kind != "length":
            return {}  # two packs of so much each
        found.setdefault(kind, []).extend(tuple(value * size for value in _readings(number)) for number in numbers)
    words = frozenset(re.findall(r"[^\W\d_]+|ø", f"{text} {about.casefold().replace('_', ' ')}"))
    sides = frozenset(name for name, known in _SIDES.items() if known & words)
    of = {"length": sides, "mass": frozenset(_OTHER_WEIGHTS.findall(text))}
    return {
        kind: _Measures(tuple(values), of.get(kind, frozenset()) if len(values) == 1 else frozenset())
        for kind, values in found.items()
    }


def _readings(number: str) -> tuple[float, ...]:
    """Return what the digits of a number may mean: `1.200` is one and a fifth, or twelve hundred."""
    parted = re.split(r"[.,]", number)
    if len(parted) > 2:
        return (float("".join(parted)),)
    meant = [float(number.replace(",", "."))]
    if len(parted) == 2 and len(parted[1]) == 3 and parted[0] != "0":
        meant.append(float("".join(parted)))
    return tuple(meant)


def lone_measure(quote: str) -> str:
    """Return the measure of a quote that holds a single one, as it is written; else nothing."""
    found = list(_MEASURE.finditer(quote))
    if len(found) != 1 or len(_ONE.findall(found[0]["values"])) != 1 or _UNSURE.search(quote.casefold()):
        return ""
    return found[0][0]
