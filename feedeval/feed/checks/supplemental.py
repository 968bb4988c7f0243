"""Supplemental feeds: an id and some attributes, which are laid over the products of another feed."""

from __future__ import annotations

from feedeval.feed.checks.cells import Cell, Cells
from feedeval.feed.checks.findings import Finding

_IN_THE_OTHER_FEED = frozenset(
    {
        *("missing_required", "missing_brand", "missing_apparel_attribute", "missing_identifier"),
        *("missing_availability_date", "missing_condition", "missing_category"),
        *("country_unstated", "unit_missing", "needed_beside"),
        *("variants_alike", "variant_attribute_missing", "energy_class_replaced"),
        *("unit_measure_missing", "shipping_dimensions_incomplete"),
    }
)
"""Checks that find something lacking which the other feed may have."""


def is_at_fault(found: Finding) -> bool:
    """Say whether a finding concerns the supplement itself; only the id has to be in it."""
    return found.field == "id" or found.issue.check not in _IN_THE_OTHER_FEED


def answered(cells: Cells) -> Cells:
    """Return the cells without questions that wait for their answer: they are blanks to be filled in."""
    column = cells.columns.get("question_and_answer")
    if column is None:
        return cells
    kept: list[Cell | None] = [_answered(cell) for cell in column]
    return Cells(cells.count, {**cells.columns, "question_and_answer": kept})


def _answered(cell: Cell | None) -> Cell | None:
    pairs = cell if isinstance(cell, list) else [cell]
    return [pair for pair in pairs if pair is not None and not waits(pair)] or None


def waits(pair: object) -> bool:
    """Say whether a question waits for its answer."""
    return isinstance(pair, dict) and bool(pair.get("question")) and not str(pair.get("answer") or "").strip()
