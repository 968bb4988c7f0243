"""Checks of the variants of one product against each other: products with the same `item_group_id`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from feedeval.feed.checks.cells import Cell, Cells
from feedeval.feed.checks.findings import Finding, Issue, Setting, quoted
from feedeval.feed.rules import Target
from feedeval.feed.spec import first_text, is_filled

_GROUP = ("item_group_id", "group_id")
_ATTRIBUTES = ("color", "size", "material", "pattern", "age_group", "gender")
"""By these Google and Meta tell variants apart; one that some variants fill has to be in all of them."""
_DETAILS = ("size_type", "size_system", "unit_pricing_measure", "multipack", "is_bundle", "condition", "product_detail")
"""What else can make two variants differ without any having to fill it."""
_OPTIONS = ("variant_option", "variant_dict", "additional_variant_attribute")
_SHOWN = 5


class _Group:
    """The variants of one product.

    Args:
        columns: The columns of the feed that tell variants apart.
        rows: Where the variants stand in the feed, in its order; each id once.
    """

    def __init__(self, columns: Mapping[str, list[Cell | None]], rows: Sequence[int]) -> None:
        self.rows = rows
        self._columns = columns
        self._options = {row: _options(columns, row) for row in rows} if not columns.keys().isdisjoint(_OPTIONS) else {}

    def lacking(self) -> Iterator[tuple[str, list[int]]]:
        """Return attributes and options that some variants fill and others do not, with those others."""
        for name in _ATTRIBUTES:
            column = self._columns.get(name)
            if column is not None:
                yield from self._unless_all(name, [row for row in self.rows if not is_filled(column[row])])
        for name in dict.fromkeys(name for options in self._options.values() for name in options):
            yield from self._unless_all(name, [row for row in self.rows if name not in self._options[row]])

    def _unless_all(self, name: str, without: list[int]) -> Iterator[tuple[str, list[int]]]:
        if without and len(without) < len(self.rows):
            yield name, without

    def alike(self) -> list[list[int]]:
        """Return sets of variants that nothing tells apart."""
        found: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for row in self.rows:
            told = [
                _comparable(self._columns[name][row]) for name in (*_ATTRIBUTES, *_DETAILS) if name in self._columns
            ]
            found[(*told, *sorted(self._options.get(row, {}).items()))].append(row)
        return [rows for rows in found.values() if len(rows) > 1]

    def used(self) -> list[str]:
        """Return the attributes and options by which at least one variant is told from others."""
        filled = [
            name
            for name in _ATTRIBUTES
            if name in self._columns and any(is_filled(self._columns[name][row]) for row in self.rows)
        ]
        return [*filled, *dict.fromkeys(name for options in self._options.values() for name in options)]


def variants(cells: Cells, setting: Setting) -> Iterator[Finding]:
    """Report, once a group and at its first variant, variants that do not fit together."""
    name = next((name for name in _GROUP if name in cells.columns), "")
    if not name:
        return
    ids = cells.texts("id", "item_id", "offer_id")
    brands = cells.columns.get("brand")
    # The product that a WooCommerce export describes above its variations is none of them.
    parents = {row for row, kind in enumerate(cells.texts("woocommerce_type")) if kind == "variable"}
    names = [("" if row in parents else called) for row, called in enumerate(cells.texts(name))]
    told_by = {key: cells.columns[key] for key in (*_ATTRIBUTES, *_DETAILS, *_OPTIONS) if key in cells.columns}
    for called, rows in _groups(names, ids, setting):
        group = _Group(told_by, rows)
        issues = [*_incomplete(group, ids), *_alike(group, ids), *(_brands(brands, group, ids) if brands else ())]
        for field, issue in issues:
            yield Finding(rows[0], field, issue._replace(message=f"group {quoted(called)}: {issue.message}"))


def _groups(names: Sequence[str], ids: Sequence[str], setting: Setting) -> Iterator[tuple[str, list[int]]]:
    """Return the groups of several products; a product that is listed twice is a finding of its own."""
    groups: dict[str, dict[str, int]] = {}
    for row, (name, product_id) in enumerate(zip(names, ids, strict=True)):
        if name:
            # Google says that groups whose ids differ in case only are one.
            key = name.casefold() if setting.target is Target.GOOGLE else name
            groups.setdefault(key, {}).setdefault(product_id or f"\0{row}", row)
    for rows in groups.values():
        if len(rows) > 1:
            found = list(rows.values())
            yield names[found[0]], found


def _incomplete(group: _Group, ids: Sequence[str]) -> Iterator[tuple[str, Issue]]:
    for name, without in group.lacking():
        said = f"{len(without)} of {len(group.rows)} variants have no {name}, which the others fill"
        field = name if name in _ATTRIBUTES else "variant_option"
        yield field, Issue("variant_attribute_missing", f"{said} ({_some(without, ids)})")


def _alike(group: _Group, ids: Sequence[str]) -> Iterator[tuple[str, Issue]]:
    sets = group.alike()
    if not sets:
        return
    used = group.used()
    count = sum(map(len, sets))
    if used:
        said = f"{count} of {len(group.rows)} variants are alike in {', '.join(used)}"
    else:
        said = f"none of {', '.join(_ATTRIBUTES)} tells its {count} variants apart"
    shown = " | ".join(_some(rows, ids) for rows in sets[:2]) + (" | …" if len(sets) > 2 else "")
    yield "item_group_id", Issue("variants_alike", f"{said} ({shown})")


def _brands(brands: Sequence[Cell | None], group: _Group, ids: Sequence[str]) -> Iterator[tuple[str, Issue]]:
    found: dict[str, tuple[str, list[int]]] = {}
    for row in group.rows:
        brand = first_text(brands[row])
        if brand:
            found.setdefault(" ".join(brand.casefold().split()), (brand, []))[1].append(row)
    if len(found) > 1:
        said = ", ".join(f"{quoted(brand)} ({_some(rows, ids)})" for brand, rows in list(found.values())[:3])
        yield "brand", Issue("variant_brands_differ", f"its variants are of {len(found)} brands: {said}")


def _some(rows: Sequence[int], ids: Sequence[str]) -> str:
    named = [ids[row] or f"entry {row + 1:,}" for row in rows[:_SHOWN]]
    return ", ".join(named) + (f" and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else "")


def _options(columns: Mapping[str, list[Cell | None]], row: int) -> dict[str, str]:
    """Return the variant options of a product, by their names in lower case."""
    found: dict[str, str] = {}
    for column in _OPTIONS:
        cell = columns[column][row] if column in columns else None
        for part in cell if isinstance(cell, list) else [cell]:
            if isinstance(part, dict):
                name, value = part.get("name"), part.get("value")
                pairs = part.items() if name is None else [(name, value)]
                found.update((str(key).strip().casefold(), str(_comparable(value))) for key, value in pairs)
            elif isinstance(part, str):
                for piece in part.split(","):
                    name, mark, value = piece.partition(":")
                    if mark and value.strip():
                        found[name.strip().casefold()] = str(_comparable(value))
    return {name: value for name, value in found.items() if name and value}


def _comparable(cell: Any) -> Any:
    """Return a cell so that spelling, space and order do not matter."""
    if isinstance(cell, str):
        return " ".join(cell.casefold().split())
    if isinstance(cell, dict):
        return tuple(sorted((str(key), _comparable(value)) for key, value in cell.items()))
    if isinstance(cell, list):
        return tuple(sorted((_comparable(value) for value in cell), key=repr))
    return "" if cell is None else str(cell)
