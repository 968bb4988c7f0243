"""What products lack that a destination asks for, looked at by attribute: most are filled throughout."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from feedeval.feed.checks.cells import Cells
from feedeval.feed.checks.countries import is_in
from feedeval.feed.checks.findings import Finding, Issue, Setting
from feedeval.feed.rules import AttributeRule, Requirement, Target
from feedeval.feed.spec import TELLING, applies, needed

_WHY = {
    Requirement.NEW_AND_BRANDED: ("missing_brand", "asks for {} on new products, except books, films and music"),
    Requirement.BRANDED: ("missing_brand", "asks for {} unless identifier_exists is no"),
    Requirement.BRAND_WITH_MPN: ("missing_brand", "asks for {} beside an mpn"),
    Requirement.IDENTIFIER: ("missing_identifier", "asks for gtin or mpn, and there is neither"),
    Requirement.GTIN_OR_MPN: ("missing_identifier", "asks for gtin or mpn, and there is neither"),
    Requirement.APPAREL: ("missing_apparel_attribute", "requires {} for apparel"),
    Requirement.CLOTHING_OR_SHOES: ("missing_apparel_attribute", "requires {} for clothing and shoes"),
    Requirement.PREORDER: ("missing_availability_date", "requires {} for preorders and backorders"),
    Requirement.VARIANT: ("missing_required", "requires {} for variants of one product"),
}
_CONCERNS = {Requirement.APPAREL: "for apparel", Requirement.CLOTHING_OR_SHOES: "for clothing and shoes"}

_CATEGORIES = ("google_product_category", "product_type")


class Needs:
    """What the products of a feed lack and which requirements concern them, found out once for all destinations."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._lacking: dict[tuple[str, ...], list[int]] = {}
        self._concerned: dict[tuple[Requirement, str], dict[int, bool]] = defaultdict(dict)
        self._telling = {name: cells.columns[name] for name in TELLING if name in cells.columns}

    def rows(self, rule: AttributeRule) -> Iterator[int]:
        """Return the products that need an attribute and do not have it."""
        concerned = self._concerned[rule.requirement, rule.attribute]
        for row in self.without((rule.attribute, *rule.also)):
            needs = concerned.get(row)
            if needs is None:
                needs = concerned[row] = applies(rule, {name: column[row] for name, column in self._telling.items()})
            if needs:
                yield row

    def without(self, names: tuple[str, ...]) -> list[int]:
        """Return the products that fill none of some attributes."""
        known = self._lacking.get(names)
        if known is None:
            columns = [self._cells.columns[name] for name in names if name in self._cells.columns]
            if not columns:
                known = list(range(self._cells.count))
            elif any(None not in column for column in columns):
                known = []
            else:
                known = [row for row, values in enumerate(zip(*columns, strict=True)) if not any(values)]
            self._lacking[names] = known
        return known


def missing(needs: Needs, setting: Setting) -> Iterator[Finding]:
    """Report attributes that products need at a destination and do not have.

    What only some countries ask for is an error where the feed is meant for one of them. Where that is not known, one
    finding about the whole feed names those countries.
    """
    open_questions: list[AttributeRule] = []
    for rule in needed(setting.target):
        if rule.countries and setting.country and not is_in(setting.country, rule.countries):
            continue
        rows = needs.rows(rule)
        if rule.countries and not setting.country:
            if next(rows, None) is not None:
                open_questions.append(rule)
            continue
        check, why = _WHY.get(rule.requirement, ("missing_required", "requires {}"))
        issue = Issue(check, f"{rule.target.display_name} {why.format(_called(rule))}")
        for row in rows:
            yield Finding(row, rule.attribute, issue, (setting.target,))
    yield from _country_unstated(open_questions, setting.target)
    if setting.target is Target.GOOGLE:
        issue = Issue("missing_category", f"neither {' nor '.join(_CATEGORIES)}")
        for row in needs.without(_CATEGORIES):
            yield Finding(row, _CATEGORIES[0], issue, (setting.target,))


def _called(rule: AttributeRule) -> str:
    # OpenAI has names of its own for some; elsewhere such a name is an attribute that may stand in.
    return next(iter(rule.also), rule.attribute) if rule.target is Target.OPENAI else rule.attribute


def _country_unstated(open_questions: Sequence[AttributeRule], target: Target) -> Iterator[Finding]:
    asked: dict[tuple[str, ...], list[AttributeRule]] = defaultdict(list)
    for rule in open_questions:
        asked[rule.countries].append(rule)
    said = "; ".join(f"{_what(found)} in {_listed(sorted(where))}" for where, found in asked.items())
    if said:
        message = (
            f"{target.display_name} requires {said}; some products lack {'them' if len(open_questions) > 1 else 'it'}"
        )
        names = ", ".join(rule.attribute for found in asked.values() for rule in found)
        yield Finding(-1, "", Issue("country_unstated", message, names), (target,))


def _what(found: list[AttributeRule]) -> str:
    by_concern: dict[str, list[str]] = defaultdict(list)
    for rule in found:
        by_concern[_CONCERNS.get(rule.requirement, "")].append(rule.attribute)
    return " and ".join(f"{_listed(names)} {concern}".rstrip() for concern, names in by_concern.items())


def _listed(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
