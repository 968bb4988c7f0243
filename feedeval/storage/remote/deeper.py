"""The mirrors of the folders below an address: one for each folder, for as long as somebody uses it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

Mirror = TypeVar("Mirror")
_LATEST = 32
"""So many are kept that nobody uses: a session may have a thousand shards, each with a listing of its own."""


class Deeper(Generic[Mirror]):
    """What lies one folder deeper. Safe to use from several threads.

    Args:
        make: Makes the mirror of a folder, by its name.
    """

    def __init__(self, make: Callable[[str], Mirror]) -> None:
        self._make = make
        self._mutex = threading.Lock()
        self._made: WeakValueDictionary[str, Mirror] = WeakValueDictionary()
        self._latest: deque[Mirror] = deque(maxlen=_LATEST)

    def of(self, name: str) -> Mirror:
        """Return the mirror of a folder."""
        with self._mutex:
            found = self._made.get(name)
            if found is None:
                found = self._made[name] = self._make(name)
                self._latest.append(found)
            return found
