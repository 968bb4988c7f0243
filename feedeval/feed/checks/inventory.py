"""Local and regional inventories: what a store or a region has of products that another feed describes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from feedeval.feed.checks.attribute_checks import Asked, Column
from feedeval.feed.checks.cells import Cells
from feedeval.feed.checks.findings import Finding, Issue, Setting
from feedeval.feed.checks.whole_feed import PLACES, duplicate_ids
from feedeval.feed.rules import AttributeRule, Requirement, Target, read_rules

_DESCRIBED_BY = ("title", "structured_title", "description", "link", "url", "image_link", "image_url")
_KINDS = dict(zip(PLACES, ("local", "regional"), strict=True))


def place_of(cells: Cells) -> str:
    """Return what an inventory lists its products by, `store_code` or `region_id`; empty for a feed of products.

    A feed that says in which store each product is, and describes the products too, is one of products.
    """
    if any(name in cells.columns for name in _DESCRIBED_BY):
        return ""
    return next((name for name in PLACES if name in cells.columns), "")


def of_inventory(cells: Cells, settings: Mapping[Target, Setting]) -> Iterator[Finding]:
    """Check a feed for which `place_of` names something: the product's own attributes are in another feed.

    Which values are taken is only known of Google; elsewhere the place and the id are looked at.
    """
    place = place_of(cells)
    kind = _KINDS[place]
    said = f"checked as a {kind} inventory, of which {place} and id are the key; products are described in another feed"
    yield Finding(-1, place, Issue("inventory_feed", said))
    yield from duplicate_ids(cells, next(iter(settings.values())))
    for rule in _rules(kind).values():
        values = cells.columns.get(rule.attribute, [None] * cells.count)
        if Target.GOOGLE in settings and rule.attribute in cells.columns:
            yield from Column([Asked(rule, settings[Target.GOOGLE])]).findings(rule.attribute, values)
        targets = tuple(target for target in settings if _is_needed(rule, target))
        issue = Issue("missing_required", f"a {kind} inventory needs {rule.attribute}")
        if targets:
            yield from (
                Finding(row, rule.attribute, issue, targets) for row, value in enumerate(values) if value is None
            )


def _is_needed(rule: AttributeRule, target: Target) -> bool:
    if rule.requirement is not Requirement.REQUIRED:
        return False
    return target is Target.GOOGLE or rule.attribute in {"id", *PLACES}


@lru_cache(maxsize=len(PLACES))
def _rules(kind: str) -> Mapping[str, AttributeRule]:
    return read_rules(f"{kind}_inventory", Target.GOOGLE)
