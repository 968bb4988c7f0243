"""The planning pass: what there is to do, before anything is spent.

One pass over the records keeps 24 bytes of each, so that a million of them plan in little memory.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feedeval.errors import InputError
from feedeval.records import Record

Folded = npt.NDArray[np.uint64]
"""Strings folded to 64 bits by `fold`."""
_MASK = (1 << 64) - 1
_TOLD_EVERY = 64
"""Records between two words on how far the pass is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All records in short."""

    total: int
    digest: str
    """Over keys, content hashes and labels, in order: what `Progress.records_digest` holds."""
    keys: Folded
    hashes: Folded
    leaders: npt.NDArray[np.int64] | None
    """Of each record, the first one with the same content; None where no content occurs twice."""
    twins: int
    """Records whose content an earlier one has."""

    def leader(self, index: int) -> int:
        """Return the first record with the same content: the record itself where there is none before it."""
        return index if self.leaders is None else int(self.leaders[index])


def fold(text: str) -> int:
    """Return 64 bits of a string; the same within this process only."""
    return hash(text) & _MASK


def make_plan(records: Iterable[Record], told: Callable[[int], None] = lambda count: None) -> Plan:
    """Go through all records once.

    Args:
        records: The records.
        told: Told now and then how many were gone through; what it raises ends the pass.

    Raises:
        InputError: There are none, two have the same key, or their indexes are not their positions.
    """
    keys, hashes = array("Q"), array("Q")
    digest = hashlib.blake2b(digest_size=16)
    for position, record in enumerate(records):
        if record.index != position:
            raise InputError(
                f"record {record.key!r} says that its index is {record.index}, but it comes at {position}."
            )
        keys.append(fold(record.key))
        hashes.append(fold(record.content_hash))
        label = f"\0{record.label}" if record.label else ""
        if not position % _TOLD_EVERY:
            told(position)
        digest.update(f"{record.key}\0{record.content_hash}{label}\n".encode("utf-8", "surrogatepass"))
    told(len(keys))
    if not keys:
        raise InputError("There is nothing to work on: the source holds no products (or no labelled images).")
    folded_keys = np.frombuffer(keys, dtype=np.uint64)
    folded_hashes = np.frombuffer(hashes, dtype=np.uint64)
    _refuse_repeated(folded_keys)
    leaders = _leaders(folded_hashes)
    twins = 0 if leaders is None else int(np.count_nonzero(leaders != np.arange(len(leaders))))
    return Plan(len(keys), digest.hexdigest(), folded_keys, folded_hashes, leaders, twins)


def _refuse_repeated(keys: Folded) -> None:
    leaders = _leaders(keys)
    if leaders is None:
        return
    second = int(np.flatnonzero(leaders != np.arange(len(leaders)))[0])
    raise InputError(f"records {int(leaders[second])} and {second} have the same key; every record needs its own.")


def _leaders(values: Folded) -> npt.NDArray[np.int64] | None:
    """Return for each value the position of its first occurrence; None where all are different."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    begins = np.empty(len(values), dtype=bool)
    begins[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    if begins.all():
        return None
    firsts = order[begins]
    leaders = np.empty(len(values), dtype=np.int64)
    leaders[order] = firsts[np.cumsum(begins) - 1]
    return leaders
