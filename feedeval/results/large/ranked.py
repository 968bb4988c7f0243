"""Things in an order of their own, on disk: more of them than can be held.

Each part is sorted by itself and written to a temporary file, some things a block; whoever goes through them all has a
block of each part in memory.
"""

from __future__ import annotations

import heapq
import pickle
import tempfile
from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, Generic, TypeVar

from feedeval.storage.atomic import storage_error

T = TypeVar("T")

BLOCK = 100
"""Things that are read at once of each part."""


class Ranked(Generic[T]):
    """Things with what they are sorted by; those of equal rank stand in the order of their parts.

    The file has no name and goes with this.

    Args:
        block: Things that are read at once of each part.
    """

    def __init__(self, *, block: int = BLOCK) -> None:
        self._block = block
        self._file = tempfile.TemporaryFile(prefix="feedeval-")  # noqa: SIM115 - open for as long as this is there
        self._parts: list[list[int]] = []

    def add(self, part: Iterable[tuple[Any, T]]) -> None:
        """Take in a part: things behind what they are sorted by.

        Raises:
            StorageError: There is no room for them.
        """
        ordered = sorted(part, key=itemgetter(0))
        places = []
        try:
            self._file.seek(0, 2)
            for start in range(0, len(ordered), self._block):
                places.append(self._file.tell())
                pickle.dump(ordered[start : start + self._block], self._file, pickle.HIGHEST_PROTOCOL)
        except OSError as exc:
            raise storage_error(exc, Path(tempfile.gettempdir()), "write") from exc
        self._parts.append(places)

    def __iter__(self) -> Iterator[tuple[Any, T]]:
        """Yield all things in their order; as often as it is wanted."""
        return heapq.merge(*map(self._read, self._parts), key=itemgetter(0))

    def parts(self) -> Iterator[Iterator[tuple[Any, T]]]:
        """Yield the parts one by one, each in its order."""
        return map(self._read, self._parts)

    def _read(self, places: list[int]) -> Iterator[tuple[Any, T]]:
        for place in places:
            self._file.seek(place)
            yield from pickle.load(self._file)
