"""What a new session takes over from earlier ones: every result whose content still stands."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from feedeval.errors import FeedevalError
from feedeval.records import Record, Result
from feedeval.run.plan import Folded, Plan, fold
from feedeval.storage.batch_files import iter_batches, read_batch
from feedeval.storage.batch_shapes import Unread, batch_decoder
from feedeval.storage.parts import PARTS
from feedeval.storage.paths import FileKind, SessionPaths
from feedeval.storage.readers import read_document
from feedeval.storage.store import SessionStore

_FILES_HELD = 16
"""Old batch files kept decoded: feeds keep their order more or less, so neighbours come from the same file."""


class _KeyAndHash(msgspec.Struct, gc=False):
    key: str
    content_hash: str


class _HashAndValue(msgspec.Struct):
    content_hash: str
    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Changes:
    """How the records differ from those of earlier sessions, by number."""

    kept: int
    """Same key, same content."""
    moved: int
    """Another key, but content that was done before."""
    changed: int
    """Same key, other content."""
    new: int
    gone: int
    """Done in the latest of the sessions, not among the records any more."""
    failed: int
    """Failed before, so tried again; part of `new`."""

    @property
    def unrelated(self) -> bool:
        """Whether the records have nothing in common with those of the earlier session."""
        return not (self.kept or self.moved or self.changed or self.failed)

    def __str__(self) -> str:
        parts = [f"kept {self.kept:,}", f"changed {self.changed:,}", f"new {self.new:,}", f"gone {self.gone:,}"]
        if self.moved:
            parts.append(f"known under another id {self.moved:,}")
        if self.failed:
            parts.append(f"of the new ones {self.failed:,} failed before")
        return " · ".join(parts)


class EarlierResults:
    """Results of earlier sessions with the same fingerprint, found by content.

    Args:
        sources: The sessions, newest first: where two have a result for the same content, the newer one's is taken.
        plan: The records of the new session.
        latest: How many of them make up the latest: its shards, where it is in shards.
    """

    def __init__(self, sources: Sequence[SessionPaths], plan: Plan, *, latest: int = 1) -> None:
        self._places = tuple(sources)
        self._files: OrderedDict[tuple[int, int], dict[str, dict[str, Any]]] = OrderedDict()
        keys, hashes, failed = array("Q"), array("Q"), array("Q")
        self._sources, self._batches = array("H"), array("L")
        latest_rows = 0
        decode = batch_decoder(_KeyAndHash, _KeyAndHash)
        for source, paths in enumerate(self._places):
            for number, rows in iter_batches(paths, decode, on_damaged=_leave_alone):
                for row in rows.results:
                    keys.append(fold(row.key))
                    hashes.append(fold(row.content_hash))
                    self._sources.append(source)
                    self._batches.append(number)
                failed.extend(fold(row.key) for row in rows.failures)
            if source < latest:
                latest_rows = len(keys)
        old_keys, old_hashes, old_failed = (np.frombuffer(a, dtype=np.uint64) for a in (keys, hashes, failed))
        self._row_of = _first_rows(old_hashes, plan.hashes)
        self.changes = _changes(plan, (old_keys, old_hashes, old_failed), latest_rows, self._row_of)

    def __len__(self) -> int:
        return self.changes.kept + self.changes.moved

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """Of each record, where its result was found; -1 where there is none."""
        return self._row_of

    def result(self, record: Record) -> Result | None:
        """Return the result for a record, or None where there is none that can be read."""
        row = int(self._row_of[record.index])
        if row < 0:
            return None
        source = self._sources[row]
        value = self._values(source, self._batches[row]).get(record.content_hash)
        if value is None:
            return None
        return Result(
            key=record.key,
            index=record.index,
            content_hash=record.content_hash,
            meta=dict(record.meta),
            value=value,
            reused_from=f"session:{self._places[source].sid}",
        )

    def _values(self, source: int, number: int) -> dict[str, dict[str, Any]]:
        at = (source, number)
        values = self._files.get(at)
        if values is None:
            values = self._files[at] = self._read(self._places[source], number)
            if len(self._files) > _FILES_HELD:
                self._files.popitem(last=False)
        self._files.move_to_end(at)
        return values

    def _read(self, paths: SessionPaths, number: int) -> dict[str, dict[str, Any]]:
        try:
            batch = read_batch(paths.stored(paths.batch(number)), batch_decoder(_HashAndValue, Unread))
        except FeedevalError:
            # Damaged since it was listed: the record is done anew, as it is where the file has gone.
            return {}
        return {} if batch is None else {row.content_hash: row.value for row in batch.results}


def copy_documents(paths: SessionPaths, store: SessionStore) -> list[str]:
    """Copy a session's documents, such as its questions, to a new session; return their names.

    What the session sent in parts stays its own.
    """
    names = []
    for file in paths.files():
        if file.kind is not FileKind.DOCUMENT or not file.name.endswith(f"_{paths.sid}.json"):
            continue
        name = file.name.removesuffix(f"_{paths.sid}.json")
        document = read_document(paths, name)
        if document is not None and name != PARTS:
            store.save(name, document)
            names.append(name)
    return names


def _leave_alone(path: Path, problem: str) -> None:
    """Leave a damaged file for its own session to mend: its records count as not done."""


def _first_rows(old: Folded, new: Folded) -> npt.NDArray[np.int64]:
    if not len(old):
        return np.full(len(new), -1, dtype=np.int64)
    order = np.argsort(old, kind="stable")
    ordered = old[order]
    at = np.minimum(np.searchsorted(ordered, new), len(old) - 1)
    rows: npt.NDArray[np.int64] = np.where(ordered[at] == new, order[at], -1)
    return rows


def _changes(
    plan: Plan, old: tuple[Folded, Folded, Folded], latest_rows: int, row_of: npt.NDArray[np.int64]
) -> Changes:
    old_keys, old_hashes, old_failed = old
    kept = np.isin(_pairs(plan.keys, plan.hashes), _pairs(old_keys, old_hashes)) & (row_of >= 0)
    moved = (row_of >= 0) & ~kept
    known = np.isin(plan.keys, old_keys)
    changed = known & ~kept & ~moved
    new = ~known & ~moved
    return Changes(
        kept=int(kept.sum()),
        moved=int(moved.sum()),
        changed=int(changed.sum()),
        new=int(new.sum()),
        gone=int((~np.isin(old_keys[:latest_rows], plan.keys)).sum()),
        failed=int((new & np.isin(plan.keys, old_failed)).sum()),
    )


def _pairs(keys: Folded, hashes: Folded) -> Folded:
    # Both are hashes already; an odd factor (of the golden ratio) keeps key and content from cancelling out.
    return keys * np.uint64(0x9E3779B97F4A7C15) + hashes
