"""The objects of a session that stand, by the files that they hold."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterable, Mapping

from feedeval.storage.names import FileKind, FileState, parse_name
from feedeval.storage.remote.manifest import Entry, file_of


class Standing:
    """Objects by name, and by the file that they hold or hold a piece of. Safe to use from several threads.

    Args:
        objects: Those to begin with.
    """

    def __init__(self, objects: Mapping[str, Entry] | None = None) -> None:
        self._mutex = threading.Lock()
        self._objects: dict[str, Entry] = {}
        self._pieces: dict[str, set[str]] = {}
        self._in_order: list[tuple[int, str]] | None = None
        for name, entry in (objects or {}).items():
            self.add(name, entry)

    def add(self, name: str, entry: Entry) -> None:
        """Note an object; one of this name is no more."""
        file = file_of(name)
        if file is None:
            return
        with self._mutex:
            if name not in self._objects and is_batch(name):
                self._in_order = None
            self._objects[name] = entry
            self._pieces.setdefault(file, set()).add(name)

    def discard(self, names: Iterable[str]) -> None:
        """Note that objects are no more."""
        with self._mutex:
            for name in names:
                self._objects.pop(name, None)
                file = file_of(name) or ""
                self._pieces.get(file, set()).discard(name)
                if not self._pieces.get(file):
                    self._pieces.pop(file, None)
            self._in_order = None

    def objects(self) -> dict[str, Entry]:
        """Return all objects by name."""
        with self._mutex:
            return dict(self._objects)

    def entry(self, name: str) -> Entry | None:
        """Return what is known of an object; None where it does not stand."""
        return self._objects.get(name)

    def files(self) -> set[str]:
        """Return the names of all files."""
        with self._mutex:
            return set(self._pieces)

    def holds(self, file: str) -> bool:
        """Say whether there is such a file."""
        return file in self._pieces

    def pieces(self, file: str) -> list[tuple[str, Entry]]:
        """Return the objects that hold a file, in the order of its content; none where there is no such file."""
        with self._mutex:
            return [(name, self._objects[name]) for name in sorted(self._pieces.get(file, ()))]

    def size(self, file: str) -> int:
        """Return the length of a file in bytes; 0 where there is none."""
        return sum(entry.size for _, entry in self.pieces(file))

    def batches_after(self, name: str, limit: int) -> list[tuple[str, Entry]]:
        """Return the batch files that come after one, in the order of their numbers, so many at most."""
        with self._mutex:
            if self._in_order is None:
                self._in_order = sorted((_number(each), each) for each in self._objects if is_batch(each))
            begin = bisect_right(self._in_order, (_number(name), name))
            return [(each, self._objects[each]) for _, each in self._in_order[begin : begin + limit]]


def _number(name: str) -> int:
    file = parse_name(name)
    return (file.number or 0) if file else 0


def is_batch(name: str) -> bool:
    """Say whether a name is that of a batch file, which is put whole and is final."""
    if not name.startswith("batch_"):
        return False
    file = parse_name(name)
    return file is not None and file.kind is FileKind.BATCH and file.state is FileState.IN_USE
