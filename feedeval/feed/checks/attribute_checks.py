"""Runs the checks of one value over a column: each distinct value is looked at once, for all destinations together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from feedeval.feed.rules import AttributeRule, Kind, Requirement, Target, rules

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
    Kind.MARKUP: tuple(check for check in _TEXT if check is not checks_text.html),
    Kind.ENUM: (checks_values.enumeration,),
    Kind.URL: (*_LINK, checks_links.url),
    Kind.ASCII_URL: (*_LINK, checks_links.ascii_url),
    Kind.FILE_URL: (*_LINK, checks_links.file_url),
    Kind.IMAGE: (*_LINK, checks_links.image),
    Kind.PRICE: (checks_prices.price,),
    Kind.AMOUNT: (checks_prices.amount,),
    Kind.DATE: (checks_codes.date,),
    Kind.DATE_RANGE: (checks_codes.date_range,),
    Kind.INTEGER: (checks_values.integer,),
    Kind.NUMBER: (checks_values.number,),
    Kind.DECIMAL1: (checks_values.decimal1,),
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
    "structured_title.content": _SELLING,
    "structured_description.content": (*_SELLING, checks_language.other_language),
}
_SAME_FOR_ALL: frozenset[ValueCheck] = frozenset(
    {
        *_ANY,
        *_TEXT,
        *_LINK,
        *_SELLING,
        checks_links.url,
        checks_links.ascii_url,
        checks_prices.price,
        checks_prices.amount,
        checks_language.other_language,
    }
    - {checks_values.length}
)
"""Checks that look at the attribute's name and its value alone."""
_NAMES_NOBODY = _SAME_FOR_ALL | {checks_values.measure, checks_values.whole_measure, checks_values.country}
"""Checks whose messages do not name the destination."""
_BY_GROUP = {"shipping": (delivery_times,)}
_ADDRESSES = {Kind.IMAGE, Kind.URL, Kind.ASCII_URL}
Targets = tuple[Target, ...]
Located = tuple[Targets, str, Issue]
"""Whose rule it is, the part of a nested attribute or an empty string, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one destination asks of an attribute."""

    rule: AttributeRule
    setting: Setting
    """That of this destination."""

    @property
    def target(self) -> Target:
        """The destination."""
        return self.rule.target

    @property
    def least(self) -> int:
        """How many values it takes for any to be shown."""
        values = self.rule.values
        return int(values[0].partition("..")[0]) if self.rule.kind is Kind.TEXT and values else 0

    @property
    def holds_several(self) -> bool:
        """Whether one text may hold several addresses."""
        return self.rule.max_values != 1 and self.rule.kind in _ADDRESSES


class Column:
    """The checks of one attribute for all destinations, with what they said of each value so far.

    Args:
        asked: What each destination asks of the attribute; all or none of them take several addresses in one text.
        parts: What each asks of its parts, where it is nested.
    """

    def __init__(self, asked: Sequence[Asked], parts: Sequence[Asked] = ()) -> None:
        self._asked = asked
        self._parts = _columns_of(parts)
        self._needed = [part for part in parts if part.rule.requirement is Requirement.NEEDED_PART]
        self._holds_several = asked[0].holds_several
        self._nested = tuple(one for one in asked if one.rule.kind is Kind.GROUP)
        self._plain = not self._nested and not self._holds_several and all(one.least < 2 for one in asked)
        self._checks = _grouped(asked)
        self._group_checks = _BY_GROUP.get(asked[0].rule.attribute, ())
        self._said: dict[str, tuple[tuple[Targets, Issue], ...]] = {}
        self._said_of_groups: dict[tuple[tuple[str, str], ...], tuple[Located, ...]] = {}

    def findings(self, field: str, cells: Iterable[Cell | None]) -> Iterator[Finding]:
        """Return what is wrong in a column that the feed calls `field`."""
        for row, cell in enumerate(cells):
            if cell is None:
                continue
            if self._plain and type(cell) is str:
                for targets, issue in self._value(cell):
                    yield Finding(row, field, issue, targets)
            else:
                for targets, part, issue in self._cell(cell):
                    yield Finding(row, f"{field}.{part}" if part else field, issue, targets)

    def _cell(self, cell: Any) -> Iterator[Located]:
        values = cell if isinstance(cell, list) else [cell]
        if self._holds_several:
            values = [part for value in values for part in (addresses(value) if type(value) is str else [value])]
        found: list[Located] = []
        for value in values:
            if type(value) is str:
                found.extend((targets, "", issue) for targets, issue in self._value(value))
            elif isinstance(value, dict) and self._nested:
                found.extend(self._group(value))
        for one in self._asked:
            found.extend(((one.target,), "", issue) for issue in _count(values, one))
        return _once_each(found, len(values))

    def _value(self, value: str) -> tuple[tuple[Targets, Issue], ...]:
        known = self._said.get(value)
        if known is None:
            known = self._said[value] = tuple(self._about_value(value))
        return known

    def _about_value(self, value: str) -> Iterator[tuple[Targets, Issue]]:
        for check, alike in self._checks:
            first, *others = alike
            issues = tuple(check(value, first.rule, first.setting))
            if not issues:
                continue
            if check in _NAMES_NOBODY:
                yield from ((tuple(one.target for one in alike), issue) for issue in issues)
                continue
            yield from (((first.target,), issue) for issue in issues)
            for one in others:
                yield from (((one.target,), issue) for issue in check(value, one.rule, one.setting))

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
            for column in self._parts.get(name, ()):
                yield from ((targets, name, issue) for targets, _, issue in column._cell(value))
        lacking: dict[Target, list[str]] = defaultdict(list)
        for part in self._needed:
            if not _has(group, part.rule):
                lacking[part.target].append(part.rule.attribute.rpartition(".")[2])
        for target, names in lacking.items():
            yield (target,), "", Issue("incomplete_group", f"{' and '.join(names)} missing", _as_text(group))
        for check in self._group_checks:
            for part_name, issue in check(group):
                named = f"{self._asked[0].rule.attribute}.{part_name}"
                # Times of a delivery are no matter of a destination that reads none.
                targets = tuple(one.target for one in self._nested if named in rules(one.target))
                if targets:
                    yield targets, part_name, issue


def _columns_of(parts: Sequence[Asked]) -> Mapping[str, list[Column]]:
    """Return the columns of the parts of a nested attribute by each name that they go by."""
    alike: dict[tuple[str, bool], list[Asked]] = defaultdict(list)
    for part in parts:
        for name in (part.rule.attribute.rpartition(".")[2], *part.rule.also):
            alike[name, part.holds_several].append(part)
    columns: dict[str, list[Column]] = defaultdict(list)
    for (name, _), asked in alike.items():
        columns[name].append(Column(asked))
    return dict(columns)


def _grouped(asked: Sequence[Asked]) -> list[tuple[ValueCheck, list[Asked]]]:
    """Return each check with the destinations for which it says the same of a value, but for their names."""
    found: dict[tuple[ValueCheck, object], list[Asked]] = defaultdict(list)
    for one in asked:
        rule = one.rule
        for check in (*_ANY, *_BY_KIND[rule.kind], *_BY_ATTRIBUTE.get(rule.attribute, ())):
            found[check, None if check in _SAME_FOR_ALL else _limits(check, rule)].append(one)
    return [(check, alike) for (check, _), alike in found.items()]


def _limits(check: ValueCheck, rule: AttributeRule) -> object:
    # How spellings are tolerated is all that the destination decides by itself.
    decides = rule.target if check is checks_values.enumeration else None
    return rule.kind, rule.max_chars, rule.advised_chars, rule.values, rule.max_values == 1, decides


def _count(values: list[Any], asked: Asked) -> Iterator[Issue]:
    rule, where = asked.rule, asked.target.display_name
    if len(values) > 1 and rule.max_values == 1:
        distinct = list(dict.fromkeys(_as_text(value) for value in values))
        if len(distinct) > 1:
            yield Issue("repeated_value", f"{len(distinct)} different values; {where} reads one", " | ".join(distinct))
    elif rule.max_values is not None and len(values) > rule.max_values:
        yield Issue("too_many_values", f"{len(values)} values; {where} reads {rule.max_values}", _as_text(values[-1]))
    if len(values) < asked.least:
        said = f"{len(values)} value; at least {asked.least} are shown"
        yield Issue("too_few_values", said, _as_text(values[0]))
    if rule.kind is Kind.GROUP and rule.max_chars is not None:
        texts = (part for value in values if isinstance(value, dict) for part in value.values())
        yield from checks_values.length("".join(map(_as_text, texts)), rule, asked.setting)


def _once_each(found: list[Located], count: int) -> Iterator[Located]:
    """Return one of the issues of each destination, check and part, which says how many values it concerns."""
    if len(found) < 2 or count < 2:
        yield from found
        return
    grouped: dict[tuple[Target, str, str], list[Issue]] = {}
    for targets, part, issue in found:
        for target in targets:
            grouped.setdefault((target, part, issue.check), []).append(issue)
    for (target, part, _), issues in grouped.items():
        more = f" ({len(issues)} of {count} values)" if len(issues) > 1 else ""
        yield (target,), part, issues[0]._replace(message=issues[0].message + more)


def _has(group: Mapping[str, Any], part: AttributeRule) -> bool:
    return any(group.get(name) for name in (part.attribute.rpartition(".")[2], *part.also))


def _as_text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {part}" for name, part in value.items())
    return str(value)
