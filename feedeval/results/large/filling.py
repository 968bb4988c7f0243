"""What a file to fill in asks for, of a session of shards too large to be held: its products in order, on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.results.frames.judgement_arrays import Codes, Floats
from feedeval.results.gaps.fixfile import Entry, attribute_gains, entry_of, product_gains, rows_by_product, together
from feedeval.results.gaps.open_questions import OpenQuestions
from feedeval.results.gaps.proposals import ToFill, Wanted, copied
from feedeval.results.large.in_parts import AuditInParts, Copies
from feedeval.results.large.ranked import Ranked


class Places(NamedTuple):
    """Which products of a feed are written, and in which order."""

    group: Codes
    """Of each product, by its position among all, the rank of its id; -1 where it is left out."""
    rank: Codes
    """Its own rank."""
    without_id: int

    def of(self, position: int) -> tuple[int, int] | None:
        """Return what a product is sorted by; None where it is left out."""
        group = int(self.group[position])
        return None if group < 0 else (group, int(self.rank[position]))


class Ranks(NamedTuple):
    """What products of a part are ranked by: a few numbers of each."""

    position: Codes
    """Among all products that are done; of those that may be written."""
    identity: NDArray[np.uint64]
    """The same for products of the same id; 0 for those without one."""
    gain: Floats
    copied: Floats


def ranks_of(found: OpenQuestions, asked: NDArray[np.bool_], gain: Floats, copied: Floats) -> Ranks:
    """Return what the products of a part are ranked by."""
    judged = found.judged
    ids = np.array(judged.ids[:], dtype=object)[asked]
    identity = pd.util.hash_array(ids, categorize=False) | np.uint64(1) if len(ids) else np.zeros(0, dtype=np.uint64)
    identity = np.where(ids == "", np.uint64(0), identity)
    return Ranks(judged.position[asked], identity, gain[asked], copied[asked])


def placed(parts: Iterable[Ranks], limit: int | None) -> Places:
    """Return which products are written and in which order: those that gain most first, one row an id.

    Args:
        parts: What they are ranked by.
        limit: Most ids.
    """
    position, identity, gain, copied = (np.concatenate(each) for each in zip(*parts, strict=True))
    # What can be copied from a page comes first.
    order = np.lexsort((position, -gain, -copied))
    known = order[identity[order] != 0]
    _, first, member = np.unique(identity[known], return_index=True, return_inverse=True)
    # The rank of an id is that of its first product.
    ranks = np.empty(len(first), dtype=np.int64)
    ranks[np.argsort(first, kind="stable")] = np.arange(len(first))
    group = ranks[member]
    if limit is not None:
        known, group = known[group < limit], group[group < limit]
    size = int(position.max(initial=-1)) + 1
    places = Places(np.full(size, -1), np.zeros(size, dtype=np.int64), len(order) - int((identity != 0).sum()))
    places.group[position[known]] = group
    places.rank[position[known]] = np.arange(len(known))
    return places


class _Rows(Iterable[Wanted]):
    """The products of a file, in order; those of the same id are one."""

    def __init__(self, ranked: Ranked[Wanted]) -> None:
        self._ranked = ranked

    def __iter__(self) -> Iterator[Wanted]:
        for _, group in groupby(self._ranked, key=lambda pair: (pair[0][0], pair[1].entry.product_id)):
            wanted = [each for _, each in group]
            yield wanted[0] if len(wanted) == 1 else _one(wanted)


def _one(wanted: Sequence[Wanted]) -> Wanted:
    entry: Entry = wanted[0].entry
    copies = {each.name: each for each in wanted[0].copies}
    for other in wanted[1:]:
        entry = together(entry, other.entry)
        for each in other.copies:
            copies.setdefault(each.name, each)
    return Wanted(entry, copied(entry, copies.values()))


def to_fill_in_parts(audit: AuditInParts, limit: int | None) -> ToFill:
    """Return what a file to fill in asks for; of its products one part is held.

    Args:
        audit: The audit.
        limit: Most products.
    """
    gains: dict[str, float] = {}
    audited = 0

    def ranks() -> Iterator[Ranks]:
        nonlocal audited
        for found in audit.feed.parts():
            audited += len(found.judged)
            for name, gain in attribute_gains(found).items():
                gains[name] = gains.get(name, 0.0) + gain
            of_products = product_gains(found)
            yield ranks_of(found, of_products.asked, of_products.gain, of_products.copied)

    places = placed(ranks(), limit)
    ranked: Ranked[Wanted] = Ranked()
    for found, copies in audit.with_copies():
        ranked.add(_wanted(found, places, copies))
    return ToFill(_Rows(ranked), gains, places.without_id, audited)


def _wanted(found: OpenQuestions, places: Places, copies: Copies) -> Iterator[tuple[tuple[int, int], Wanted]]:
    judged = found.judged
    rows = rows_by_product(found)
    for product, position in enumerate(judged.position.tolist()):
        key = places.of(position)
        if key is not None:
            entry = entry_of(found, product, rows[product])
            yield key, Wanted(entry, copied(entry, copies.get(entry.product_id, ())))
