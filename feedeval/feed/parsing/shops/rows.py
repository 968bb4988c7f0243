"""What the exports of shops have in common: rows, lists in a cell, families of variants, ids that had to be made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from feedeval.feed.parsing.columns import snake, squeeze
from feedeval.feed.parsing.money import decimal
from feedeval.feed.parsing.options import add_option
from feedeval.feed.parsing.product import MADE
from feedeval.feed.parsing.values import Pair

Row = tuple[int, list[Pair]]
"""The number of a line, and the headings with the cells of that row."""
Cells = dict[str, str]
"""The filled cells of a row by what the shop's heading is read as."""
Note = Callable[[str], None]
"""Takes a sentence on how the source is read."""
Adapter = Callable[[Iterator[Row], Note], Iterator[Row]]

_NOT_SLUG = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Shop:
    """The export of a shop: what it is called, and how its rows become products."""

    name: str
    adapt: Adapter
    names: Mapping[str, str] = field(default_factory=dict)
    """Squeezed heading -> what it is read as, where that is not its own name."""
    halves: Mapping[str, str] = field(default_factory=dict)
    """Squeezed heading -> the attribute of which it holds a part only, such as the brand's number in the shop."""

    def means(self, heading: str) -> str:
        """Return what a heading of this export is read as; empty where it holds a part of an attribute only."""
        if squeeze(heading) in self.halves:
            return ""
        return self.names.get(squeeze(heading)) or snake(heading)


def named(pairs: Iterable[Pair], names: Mapping[str, str]) -> Cells:
    """Return the filled cells of a row by what `names` reads the squeezed headings as; others keep their own name."""
    cells: Cells = {}
    for heading, raw in pairs:
        if value := raw.strip():
            cells.setdefault(names.get(squeeze(heading)) or snake(heading), value)
    return cells


def parts(text: str, mark: str = ",") -> list[str]:
    """Return what a cell holds between marks, without what is empty."""
    return [part.strip() for part in text.split(mark) if part.strip()]


def families(rows: Iterable[tuple[int, Cells]], begins: Callable[[Cells], bool]) -> Iterator[list[tuple[int, Cells]]]:
    """Yield the rows of each product together: one that begins a product, and those up to the next that does."""
    family: list[tuple[int, Cells]] = []
    for line, cells in rows:
        if family and begins(cells):
            yield family
            family = []
        family.append((line, cells))
    if family:
        yield family


def in_stock(quantity: str, *, sells_on: bool = False) -> str:
    """Return the availability that a number of pieces means, empty where it is no number."""
    pieces = decimal(quantity)
    if pieces is None:
        return ""
    if pieces > 0:
        return "in_stock"
    return "backorder" if sells_on else "out_of_stock"


def add_options(found: dict[str, Any], options: Iterable[tuple[str, str]]) -> None:
    """Add what a buyer chooses to the attributes found, and the rest to `product_detail`."""
    details: list[dict[str, str]] = list(found.get("product_detail", []))
    for name, value in options:
        add_option(found, details, name, value)
    if details:
        found["product_detail"] = details


def add_id(found: dict[str, Any], own: str, group: str, options: Sequence[str], *, several: bool) -> None:
    """Add the id: the shop's own, or one that is made of the group's name and the options and noted as such."""
    made = []
    if several and group:
        found["item_group_id"] = group
        made.append("item_group_id")
    if own:
        found["id"] = own
    elif group:
        slug = _NOT_SLUG.sub("-", "-".join(options).lower()).strip("-")
        found["id"] = f"{group}-{slug}" if several and slug else group
        made.append("id")
    if made:
        found[MADE] = made


def as_pairs(cells: Mapping[str, Any], found: Mapping[str, Any]) -> list[Pair]:
    """Return a product's pairs, id and title first, without what is empty; what was found goes before the cells."""
    pairs = {**cells, **found}
    order = dict.fromkeys(("id", "title", *pairs))
    return [(name, pairs[name]) for name in order if pairs.get(name)]
