"""The objects of a session that stand, by the files that they hold."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping

from feedeval.storage.names import FileKind, FileState, parse_name
from feedeval.storage.remote.manifest import Entry, file_of


class Standing:
    """Objects by name, and by the file that they hold or hold a piece of. For one thread at a time.

    Args:
        objects: Those to begin with.
    """

    def __init__(self, objects: Mapping[str, Entry] | None = None) -> None:
        self.objects: dict[str, Entry] = {}
        self._pieces: dict[str, set[str]] = {}
        self._in_order: list[tuple[int, str]] | None = None
        for name, entry in (objects or {}).items():
            self.add(name, entry)

    def add(self, name: str, entry: Entry) -> None:
        """Note an object; one of this name is no more."""
        file = file_of(name)
        if file is not None:
            self.objects[name] = entry
            self._pieces.setdefault(file, set()).add(name)
            self._in_order = None

    def discard(self, names: Iterable[str]) -> None:
        """Note that objects are no more."""
        for name in names:
            self.objects.pop(name, None)
            file = file_of(name) or ""
            pieces = self._pieces.get(file, set())
            pieces.discard(name)
            if not pieces:
                self._pieces.pop(file, None)
        self._in_order = None

    def files(self) -> set[str]:
        """Return the names of all files."""
        return set(self._pieces)

    def holds(self, file: str) -> bool:
        """Say whether there is such a file."""
        return file in self._pieces

    def pieces(self, file: str) -> list[str]:
        """Return the objects that hold a file, in the order of its content; none where there is no such file."""
        return sorted(self._pieces.get(file, ()))

    def size(self, file: str) -> int:
        """Return the length of a file in bytes; 0 where there is none."""
        return sum(self.objects[name].size for name in self._pieces.get(file, ()))

    def batches_after(self, name: str) -> list[str]:
        """Return the batch files that come after one, in the order of their numbers."""
        if self._in_order is None:
            files = (parse_name(each) for each in self.objects)
            self._in_order = sorted((f.number or 0, f.name) for f in files if f and is_batch(f.name))
        file = parse_name(name)
        number = (file.number or 0) if file else 0
        return [each for _, each in self._in_order[bisect_right(self._in_order, (number, name)) :]]


def is_batch(name: str) -> bool:
    """Say whether a name is that of a batch file, which is put whole and is final."""
    if not name.startswith("batch_"):
        return False
    file = parse_name(name)
    return file is not None and file.kind is FileKind.BATCH and file.state is FileState.IN_USE
