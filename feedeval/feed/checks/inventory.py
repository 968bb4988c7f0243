"""Local and regional inventories: what a store or a region has of products that another feed describes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from feedeval.feed.checks.attribute_checks import Column
from feedeval.feed.checks.cells import Cells
from feedeval.feed.checks.findings import Finding, Issue, Setting
from feedeval.feed.checks.whole_feed import PLACES, duplicate_ids
from feedeval.feed.spec import AttributeRule, Requirement, Target, read_rules

_DESCRIBED_BY = ("title", "structured_title", "description", "link", "url", "image_link", "image_url")
_KINDS = dict(zip(PLACES, ("local", "regional"), strict=True))


def place_of(cells: Cells) -> str:
    """Return what an inventory lists its products by, `store_code` or `region_id`; empty for a feed of products.

    A feed that says in which store each product is, and describes the products too, is one of products.
    """
    if any(name in cells.columns for name in _DESCRIBED_BY):
        return ""
    return next((name for name in PLACES if name in cells.columns), "")


def of_inventory(cells: Cells, setting: Setting) -> Iterator[Finding]:
    """Check a feed for which `place_of` names something: the product's own attributes are in another feed.

    Which values are taken is only known of Google; elsewhere the place and the id are looked at.
    """
    place = place_of(cells)
    kind = _KINDS[place]
    said = f"checked as a {kind} inventory, of which {place} and id are the key; products are described in another feed"
    yield Finding(-1, place, Issue("inventory_feed", said))
    yield from duplicate_ids(cells, setting)
    for rule in _rules(kind).values():
        values = cells.columns.get(rule.attribute, [None] * cells.count)
        if setting.target is Target.GOOGLE and rule.attribute in cells.columns:
            yield from Column(rule, {}, setting).findings(rule.attribute, values)
        if _is_needed(rule, setting):
            why = f"a {kind} inventory needs {rule.attribute}"
            yield from (
                Finding(row, rule.attribute, Issue("missing_required", why))
                for row, value in enumerate(values)
                if value is None
            )


def _is_needed(rule: AttributeRule, setting: Setting) -> bool:
    if rule.requirement is not Requirement.REQUIRED:
        return False
    return setting.target is Target.GOOGLE or rule.attribute in {"id", *PLACES}


@lru_cache(maxsize=len(PLACES))
def _rules(kind: str) -> Mapping[str, AttributeRule]:
    return read_rules(f"{kind}_inventory", Target.GOOGLE)
