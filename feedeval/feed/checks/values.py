"""Checks of one value: enumerations, numbers, measures, countries and categories."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from feedeval.feed.checks.countries import countries
from feedeval.feed.checks.findings import Issue, Setting, quoted
from feedeval.feed.rules import AttributeRule, Target
from feedeval.feed.taxonomy import is_english, taxonomy_id

_JOINS = re.compile(r"[\s_-]+")
_NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?")
_MEASURE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([a-z]+(?: [a-z]+)?)", re.IGNORECASE)
_LEADING_ID = re.compile(r"([0-9]+)(?:\s+[-–]\s+(.+))?$", re.DOTALL)


def length(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report a value that is longer than the destination takes, or than it advises."""
    where = setting.target.display_name
    if rule.max_chars is not None and len(value) > rule.max_chars:
        yield Issue("too_long", f"{len(value):,} characters; {where} takes {rule.max_chars:,}", value)
    elif rule.advised_chars is not None and len(value) > rule.advised_chars:
        said = f"{len(value):,} characters; {where} advises at most {rule.advised_chars:,}"
        yield Issue("longer_than_advised", said, value)


def enumeration(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report a value that the destination does not list, or lists in another spelling."""
    if value in rule.values:
        return
    if rule.max_values != 1 and "," in value:
        # A repeated part of a nested attribute is read as one text.
        for part in value.split(","):
            yield from enumeration(part.strip(), rule, setting)
        return
    listed = _spellings(rule).get(_JOINS.sub("", value.casefold()))
    if listed is not None and value.casefold() in _bracketed(rule):
        return
    if listed is None:
        some = ", ".join(listed for listed in rule.values if not listed.startswith("("))
        said = f"{quoted(value)} is not a value of {_name(rule)}; {setting.target.display_name} takes {some}"
        yield Issue("unknown_value", said, value)
    elif not _tolerated(value, listed, setting.target):
        where = setting.target.display_name
        yield Issue("value_form", f"{quoted(value)} is written {listed} at {where}", value)


@lru_cache(maxsize=1024)
def _spellings(rule: AttributeRule) -> dict[str, str]:
    # A value in brackets may be another spelling of one that is proposed.
    values = sorted((listed for listed in rule.values), key=lambda listed: not listed.startswith("("))
    return {_JOINS.sub("", listed.strip("()").casefold()): listed.strip("()") for listed in values}


@lru_cache(maxsize=1024)
def _bracketed(rule: AttributeRule) -> frozenset[str]:
    return frozenset(listed.strip("()").casefold() for listed in rule.values if listed.startswith("("))


def _tolerated(value: str, listed: str, target: Target) -> bool:
    """Tell whether the destination reads this spelling: case never matters, and Google takes the space forms."""
    spelling = value.casefold()
    if target is Target.GOOGLE:
        spelling = spelling.replace(" ", "_")
    return spelling == listed.casefold()


def integer(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report what is no whole number in the range that the rule gives as `low..high`."""
    if not re.fullmatch(r"[0-9]{1,9}", value):
        yield Issue("number_invalid", f"{quoted(value)} is not a whole number", value)
    else:
        yield from _outside(float(value), value, rule)


def number(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report what is no number in the range that the rule gives as `low..high`."""
    if not _NUMBER.fullmatch(value):
        yield Issue("number_invalid", f"{quoted(value)} is not a number with a decimal point", value)
    else:
        yield from _outside(float(value), value, rule)


def decimal1(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report what is no number with at most one decimal, in the range that the rule gives as `low..high`."""
    if _NUMBER.fullmatch(value) and len(value.partition(".")[2]) > 1:
        yield Issue("number_invalid", f"{quoted(value)} has more than one decimal", value)
    else:
        yield from number(value, rule, setting)


def _outside(amount: float, value: str, rule: AttributeRule) -> Iterator[Issue]:
    low, high = _limits(rule.values[0]) if rule.values else (None, None)
    if low is not None and amount < low:
        yield Issue("number_invalid", f"{quoted(value)} is below {low:g}", value)
    if high is not None and amount > high:
        yield Issue("number_invalid", f"{quoted(value)} is above {high:g}", value)


def _limits(text: str) -> tuple[float | None, float | None]:
    low, _, high = text.partition("..")
    return float(low) if low else None, float(high) if high else None


@lru_cache(maxsize=65536)
def read_measure(value: str) -> tuple[float, str] | None:
    """Return the amount and the unit of a measure such as `1.5 kg`, or None where it is none."""
    match = _MEASURE.fullmatch(value)
    return (float(match[1]), match[2].lower().replace(" ", "")) if match else None


def measure(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report what is no number with a listed unit, or is outside the range of that unit."""
    units = _units(rule)
    read = read_measure(value)
    if read is None or read[1] not in units:
        yield Issue("measure_invalid", f"{quoted(value)} is not a number with a unit of {', '.join(units)}", value)
        return
    amount, unit = read
    low, high = units[unit]
    if amount == 0 or (low is not None and amount < low) or (high is not None and amount > high):
        span = f"from {low:g} to {high:g} {unit}" if high is not None else f"above 0 {unit}"
        yield Issue("measure_out_of_range", f"{quoted(value)} is not {span}", value)


def whole_measure(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report what is no whole number with a listed unit."""
    read = read_measure(value)
    if read is not None and not read[0].is_integer():
        yield Issue("measure_invalid", f"{quoted(value)} is not a whole number of {read[1]}", value)
    else:
        yield from measure(value, rule, setting)


@lru_cache(maxsize=256)
def _units(rule: AttributeRule) -> dict[str, tuple[float | None, float | None]]:
    found: dict[str, tuple[float | None, float | None]] = {}
    for family in rule.values:
        for entry in family.split(","):
            unit, _, limits = entry.partition("=")
            found[unit] = _limits(limits)
    return found


def unit_family(unit: str, rule: AttributeRule) -> int:
    """Return the number of the family that a unit belongs to (weights, volumes, …), or -1."""
    families = (index for index, family in enumerate(rule.values) if unit in family.split(","))
    return next(families, -1)


def country(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report what is no country code; several may be separated by commas."""
    wrong = [code for code in re.split(r"\s*,\s*", value) if code.upper() not in countries()]
    if wrong:
        yield Issue("country_unknown", f"{quoted(wrong[0])} is not a two-letter country code", value)


def category(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report what Google's taxonomy does not list.

    The packaged lists are in English and German; Google also reads other translations, and newer German names, so a
    path that does not begin with an English category is only noted.
    """
    if taxonomy_id(value):
        return
    number, above = _LEADING_ID.match(value), _known_part(value)
    if number and taxonomy_id(number[1]) is None:
        yield Issue("category_unknown", f"Google's taxonomy has no category {number[1]}", value)
    elif number and taxonomy_id(number[2]):
        yield Issue("category_unknown", f"{number[1]} is not the id of {quoted(number[2])}", value)
    elif above:
        left = value[len(above) :].strip(" >") or value
        yield Issue("category_unknown", f"Google's taxonomy has no {quoted(left)} in {quoted(above)}", value)
    else:
        yield Issue("category_unrecognised", f"{quoted(value)} is not in Google's taxonomy in English or German", value)


def _known_part(path: str) -> str:
    """Return as much of the beginning of a path as the taxonomy lists in English."""
    while ">" in path:
        path = path.rpartition(">")[0].rstrip()
        if is_english(path):
            return path
    return ""


def _name(rule: AttributeRule) -> str:
    return rule.attribute.replace(".", " ")
