"""Runs the checks of one value over a column: each distinct value is looked at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from feedeval.feed import checks_codes, checks_language, checks_links, checks_prices, checks_text, checks_values
from feedeval.feed.cells import Cell
from feedeval.feed.findings import Finding, Issue, Setting, ValueCheck
from feedeval.feed.spec import AttributeRule, Kind, Requirement

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
        self._checks = _BY_KIND[rule.kind] + _BY_ATTRIBUTE.get(rule.attribute, ())
        self._said: dict[str, tuple[Issue, ...]] = {}
        self._parts = {part.attribute: Column(part, {}, setting) for part in parts.values()}
        self._names = {name: part.attribute for part in parts.values() for name in (_last(part.attribute), *part.also)}
        self._needed = [part for part in parts.values() if part.requirement is Requirement.NEEDED_PART]
        self._links = rule.max_values != 1 and rule.kind in {Kind.IMAGE, Kind.URL, Kind.ASCII_URL}

    def findings(self, field: str, cells: Iterable[Cell | None]) -> Iterator[Finding]:
        """Return what is wrong in a column that the feed calls `field`."""
        said = self._said
        for row, cell in enumerate(cells):
            if cell is None:
                continue
            known = said.get(cell) if type(cell) is str else None
            if known is None:
                yield from (Finding(row, name, issue) for name, issue in self._cell(field, cell))
            else:
                yield from (Finding(row, field, issue) for issue in known)

    def _cell(self, field: str, cell: Any) -> Iterator[tuple[str, Issue]]:
        values = cell if isinstance(cell, list) else [cell]
        if self._links:
            values = [
                part for value in values for part in (checks_links.addresses(value) if _is_text(value) else [value])
            ]
        if self._rule.kind is Kind.GROUP:
            found = [issue for value in values if isinstance(value, dict) for issue in self._group(field, value)]
        elif len(values) == 1 and _is_text(values[0]):
            found = [(field, issue) for issue in self._value(values[0])]
        else:
            found = [(field, issue) for value in values if _is_text(value) for issue in self._value(value)]
        yield from _once_each(found, len(values))
        yield from ((field, issue) for issue in self._count(values))

    def _value(self, value: str) -> tuple[Issue, ...]:
        known = self._said.get(value)
        if known is None:
            known = tuple(issue for check in self._checks for issue in check(value, self._rule, self._setting))
            self._said[value] = known
        return known

    def _group(self, field: str, group: Mapping[str, Any]) -> Iterator[tuple[str, Issue]]:
        for name, value in group.items():
            part = self._names.get(name)
            if part is not None:
                yield from self._parts[part]._cell(f"{field}.{name}", value)
        lacking = [_last(part.attribute) for part in self._needed if not _has(group, part)]
        if lacking:
            said = ", ".join(f"{name}: {value}" for name, value in group.items())
            yield field, Issue("incomplete_group", f"{' and '.join(lacking)} missing", said)

    def _count(self, values: list[Any]) -> Iterator[Issue]:
        rule, where = self._rule, self._setting.target.display_name
        if rule.max_values == 1:
            distinct = list(dict.fromkeys(map(str, values)))
            if len(distinct) > 1:
                yield Issue(
                    "repeated_value", f"{len(distinct)} different values; {where} reads one", " | ".join(distinct)
                )
        elif rule.max_values is not None and len(values) > rule.max_values:
            yield Issue("too_many_values", f"{len(values)} values; {where} reads {rule.max_values}", str(values[-1]))
        if rule.kind is Kind.GROUP and rule.max_chars is not None:
            yield from checks_values.length("".join(map(_joined, values)), rule, self._setting)
        least = int(rule.values[0].partition("..")[0]) if rule.kind is Kind.TEXT and rule.values else 0
        if len(values) < least:
            yield Issue("too_few_values", f"{len(values)} value; at least {least} are shown", str(values[0]))


def _once_each(found: list[tuple[str, Issue]], count: int) -> Iterator[tuple[str, Issue]]:
    """Return one of the issues of each check and field, which says how many of several values it concerns."""
    if len(found) < 2 or count < 2:
        yield from found
        return
    grouped: dict[tuple[str, str], list[Issue]] = {}
    for field, issue in found:
        grouped.setdefault((field, issue.check), []).append(issue)
    for (field, _), issues in grouped.items():
        more = f" ({len(issues)} of {count} values)" if len(issues) > 1 else ""
        yield field, issues[0]._replace(message=issues[0].message + more)


def _last(attribute: str) -> str:
    return attribute.rpartition(".")[2]


def _has(group: Mapping[str, Any], part: AttributeRule) -> bool:
    return any(group.get(name) for name in (_last(part.attribute), *part.also))


def _joined(group: object) -> str:
    return "".join(filter(_is_text, group.values())) if isinstance(group, dict) else ""


def _is_text(value: object) -> bool:
    return isinstance(value, str)
