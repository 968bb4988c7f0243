"""Checks of one value: product numbers and dates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from dateutil.parser import isoparse
from stdnum import ean, isbn

from feedeval.feed.checks.findings import Issue, Setting, quoted
from feedeval.feed.rules import AttributeRule

_GTIN_LENGTHS = (8, 12, 13, 14)
_SEPARATORS = re.compile(r"[\s-]+")
_SEVERAL = re.compile(r"[0-9X -]{8,20}(?:, ?[0-9X -]{8,20})+")
_ISBN10 = "isbn10"
_COUPON = frozenset({"05", "98", "99"})
# What a spreadsheet makes of a long number: 4.00639E+12, or 4006381333931.0.
_SPREADSHEET = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,2}|[0-9]{8,14}[.,]0+")
_DAY = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}(?:[T ].*)?", re.ASCII)


def gtin(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report what is no barcode number that was given to a product.

    The check digit is that of GS1 (modulo 10). A prefix counts in the form of 13 digits: a GTIN-12 gets a zero in
    front, a GTIN-14 loses its first digit, which says how many are packed together. Which prefixes are refused is
    what the rule lists; `isbn10` among them says that ISBNs of ten characters are taken as well. Where several numbers
    are taken, one text may hold them.
    """
    if rule.max_values != 1 and _SEVERAL.fullmatch(value):
        for part in value.split(","):
            yield from gtin(part.strip(), rule, setting)
        return
    digits = _SEPARATORS.sub("", value)
    if _ISBN10 in rule.values and len(digits) == 10 and isbn.is_valid(digits):
        return
    if not re.fullmatch(r"[0-9]+", digits) or len(digits) not in _GTIN_LENGTHS:
        yield Issue("gtin_invalid", _why_invalid(value, digits), value)
    elif not digits.strip("0"):
        # stdnum accepts zeros only, because their check digit is right.
        yield Issue("gtin_all_zero", f"{quoted(value)} holds nothing but zeros", value)
    elif not ean.is_valid(digits):
        expected = ean.calc_check_digit(digits[:-1])
        yield Issue("gtin_check_digit", f"{quoted(value)} ends in {digits[-1]} where {expected} would fit", value)
    else:
        yield from _prefix(digits, value, rule)
        if digits != value:
            yield Issue("value_form", f"{quoted(value)} is written {digits}", value)


def _why_invalid(value: str, digits: str) -> str:
    if _SPREADSHEET.fullmatch(value):
        return f"{quoted(value)} is what a spreadsheet makes of a long number"
    if not re.fullmatch(r"[0-9]+", digits):
        return f"{quoted(value)} holds more than digits"
    said = f"{quoted(value)} has {len(digits)} digits instead of 8, 12, 13 or 14"
    padded = digits.zfill(next((size for size in _GTIN_LENGTHS if size > len(digits)), len(digits)))
    if len(digits) >= 10 and padded != digits and ean.is_valid(padded):
        return f"{said}; with its leading zeros it would be {padded}"
    return said


def _prefix(digits: str, value: str, rule: AttributeRule) -> Iterator[Issue]:
    start = digits if len(digits) == 8 else digits.zfill(14)[1:]
    refused = next((prefix for prefix in rule.values if start.startswith(prefix)), "")
    if refused in _COUPON:
        if len(digits) != 8:
            yield Issue("gtin_coupon", f"{quoted(value)} has a prefix that is kept for coupons", value)
    elif refused:
        yield Issue("gtin_restricted", f"{quoted(value)} has a prefix that shops use for their own numbers", value)


@lru_cache(maxsize=65536)
def read_date(value: str) -> datetime | None:
    """Return an ISO 8601 date or date and time, in UTC where it names no zone, or None where it is none."""
    if not _DAY.fullmatch(value):
        return None
    try:
        read = isoparse(value)
    except (ValueError, OverflowError):
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def date(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report what is no date, or lies more days ahead than the rule gives."""
    read = read_date(value)
    if read is None:
        yield Issue("date_invalid", f"{quoted(value)} is not a date of ISO 8601", value)
    elif rule.values and read > setting.now + timedelta(days=int(rule.values[0])):
        days, where = rule.values[0], setting.target.display_name
        yield Issue("date_too_far", f"{quoted(value)} is more than the {days} days ahead that {where} takes", value)


def date_range(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report what is no period of two dates, or ends before it starts."""
    dates = [read_date(part.strip()) for part in value.split("/")]
    if len(dates) != 2 or dates[0] is None or dates[1] is None:
        yield Issue("date_invalid", f"{quoted(value)} is not a period of two ISO 8601 dates joined by /", value)
    elif dates[1] < dates[0]:
        yield Issue("date_range_reversed", f"{quoted(value)} ends before it starts", value)
