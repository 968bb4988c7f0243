"""Runs the checks of one value over a column: each distinct value is looked at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from feedeval.feed.checks import characters as checks_characters
from feedeval.feed.checks import codes as checks_codes
from feedeval.feed.checks import language as checks_language
from feedeval.feed.checks import links as checks_links
from feedeval.feed.checks import prices as checks_prices
from feedeval.feed.checks import text as checks_text
from feedeval.feed.checks import values as checks_values
from feedeval.feed.checks.cells import Cell
from feedeval.feed.checks.findings import Finding, Issue, Setting, ValueCheck
from feedeval.feed.checks.links import addresses
from feedeval.feed.checks.products import delivery_times
from feedeval.feed.spec import AttributeRule, Kind, Requirement

_ANY: tuple[ValueCheck, ...] = (checks_characters.invisible,)
_TEXT: tuple[ValueCheck, ...] = (
    checks_values.length,
    checks_text.placeholder,
    checks_text.html,
    checks_text.double_escaped,
    checks_text.broken_characters,
)
_LINK: tuple[ValueCheck, ...] = (checks_values.length, checks_text.double_escaped)
_BY_KIND: Mapping[Kind, tuple[ValueCheck, ...]] = {
    Kind.TEXT: _TEXT,
    Kind.ENUM: (checks_values.enumeration,),
    Kind.URL: (*_LINK, checks_links.url),
    Kind.ASCII_URL: (*_LINK, checks_links.ascii_url),
    Kind.FILE_URL: (*_LINK, checks_links.file_url),
    Kind.IMAGE: (*_LINK, checks_links.image),
    Kind.PRICE: (checks_prices.price,),
    Kind.DATE: (checks_codes.date,),
    Kind.DATE_RANGE: (checks_codes.date_range,),
    Kind.INTEGER: (checks_values.integer,),
    Kind.NUMBER: (checks_values.number,),
    Kind.MEASURE: (checks_values.measure,),
    Kind.WHOLE_MEASURE: (checks_values.whole_measure,),
    Kind.COUNTRY: (checks_values.country,),
    Kind.CATEGORY: (checks_values.category,),
    Kind.GTIN: (checks_codes.gtin,),
    Kind.GROUP: (),
}
_SELLING = (checks_text.too_short, checks_text.capitals, checks_text.emoji, checks_text.promotion, checks_text.cut_off)
_BY_ATTRIBUTE: Mapping[str, tuple[ValueCheck, ...]] = {
    "title": _SELLING,
    "description": (*_SELLING, checks_language.other_language),
}
_BY_GROUP = {"shipping": (delivery_times,)}
Located = tuple[str, Issue]
"""The part of a nested attribute, or an empty string, and what is wrong with it."""


class Column:
    """The checks of one attribute, with what they said of each value so far.

    Args:
        rule: The attribute's rule.
        parts: Rules of its parts by name, where it is nested.
        setting: What the checks may need to know.
    """

    def __init__(self, rule: AttributeRule, parts: Mapping[str, AttributeRule], setting: Setting) -> None:
        self._rule = rule
        self._setting = setting
        self._checks = (*_ANY, *_BY_KIND[rule.kind], *_BY_ATTRIBUTE.get(rule.attribute, ()))
        self._group_checks = _BY_GROUP.get(rule.attribute, ())
        self._parts = {
            name: Column(part, {}, setting)
            for part in parts.values()
            for name in (part.attribute.rpartition(".")[2], *part.also)
        }
        self._needed = [part for part in parts.values() if part.requirement is Requirement.NEEDED_PART]
        self._least = int(rule.values[0].partition("..")[0]) if rule.kind is Kind.TEXT and rule.values else 0
        self._may_hold_several = rule.max_values != 1 and rule.kind in {Kind.IMAGE, Kind.URL, Kind.ASCII_URL}
        self._said: dict[str, tuple[Issue, ...]] = {}
        self._said_of_groups: dict[tuple[tuple[str, str], ...], tuple[Located, ...]] = {}

    def findings(self, field: str, cells: Iterable[Cell | None]) -> Iterator[Finding]:
        """Return what is wrong in a column that the feed calls `field`."""
        plain = self._rule.kind is not Kind.GROUP and self._least < 2 and not self._may_hold_several
        for row, cell in enumerate(cells):
            if cell is None:
                continue
            if plain and type(cell) is str:
                for issue in self._value(cell):
                    yield Finding(row, field, issue)
            else:
                for part, issue in self._cell(cell):
                    yield Finding(row, f"{field}.{part}" if part else field, issue)

    def _cell(self, cell: Any) -> Iterator[Located]:
        values = cell if isinstance(cell, list) else [cell]
        if self._may_hold_several:
            values = [part for value in values for part in (addresses(value) if type(value) is str else [value])]
        found: list[Located] = []
        for value in values:
            if type(value) is str:
                found.extend(("", issue) for issue in self._value(value))
            elif isinstance(value, dict) and self._rule.kind is Kind.GROUP:
                found.extend(self._group(value))
        found.extend(("", issue) for issue in self._count(values))
        return _once_each(found, len(values))

    def _value(self, value: str) -> tuple[Issue, ...]:
        known = self._said.get(value)
        if known is None:
            known = tuple(issue for check in self._checks for issue in check(value, self._rule, self._setting))
            self._said[value] = known
        return known

    def _group(self, group: Mapping[str, Any]) -> tuple[Located, ...]:
        key = tuple(group.items())
        try:
            known = self._said_of_groups.get(key)
        except TypeError:
            # A part that is repeated cannot be looked up.
            return tuple(self._about_group(group))
        if known is None:
            known = self._said_of_groups[key] = tuple(self._about_group(group))
        return known

    def _about_group(self, group: Mapping[str, Any]) -> Iterator[Located]:
        for name, value in group.items():
            part = self._parts.get(name)
            if part is not None:
                yield from ((name, issue) for _, issue in part._cell(value))
        lacking = [part for part in self._needed if not _has(group, part)]
        if lacking:
            names = " and ".join(part.attribute.rpartition(".")[2] for part in lacking)
            yield "", Issue("incomplete_group", f"{names} missing", _as_text(group))
        for check in self._group_checks:
            yield from check(group)

    def _count(self, values: list[Any]) -> Iterator[Issue]:
        most = self._rule.max_values
        if len(values) > 1 and most == 1:
            distinct = list(dict.fromkeys(_as_text(value) for value in values))
            if len(distinct) > 1:
                where = self._setting.target.display_name
                yield Issue(
                    "repeated_value", f"{len(distinct)} different values; {where} reads one", " | ".join(distinct)
                )
        elif most is not None and len(values) > most:
            where = self._setting.target.display_name
            yield Issue("too_many_values", f"{len(values)} values; {where} reads {most}", _as_text(values[-1]))
        if len(values) < self._least:
            yield Issue("too_few_values", f"{len(values)} value; at least {self._least} are shown", _as_text(values[0]))
        if self._rule.kind is Kind.GROUP and self._rule.max_chars is not None:
            texts = (part for value in values if isinstance(value, dict) for part in value.values())
            yield from checks_values.length("".join(map(_as_text, texts)), self._rule, self._setting)


def _once_each(found: list[Located], count: int) -> Iterator[Located]:
    """Return one of the issues of each check and part, which says how many of several values it concerns."""
    if len(found) < 2 or count < 2:
        yield from found
        return
    grouped: dict[tuple[str, str], list[Issue]] = {}
    for part, issue in found:
        grouped.setdefault((part, issue.check), []).append(issue)
    for (part, _), issues in grouped.items():
        more = f" ({len(issues)} of {count} values)" if len(issues) > 1 else ""
        yield part, issues[0]._replace(message=issues[0].message + more)


def _has(group: Mapping[str, Any], part: AttributeRule) -> bool:
    return any(group.get(name) for name in (part.attribute.rpartition(".")[2], *part.also))


def _as_text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {part}" for name, part in value.items())
    return str(value)
