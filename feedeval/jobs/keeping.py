"""Records of the planning pass that are kept for the run: what is read once need not be read and cleaned again.

Only of a feed that is small: a million products must not lie in memory. Of a larger one nothing is kept, and the run
makes its records anew, each when its turn comes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from feedeval.feed.parsing.product import Product
from feedeval.records import Record

MOST_RECORDS = 8000
"""More than a shard of a cluster holds, at 7 to 9 KB each where descriptions are of the usual length."""
MOST_CHARS = 20_000_000
"""Of all their texts together, as they stand in the feed."""


class KeptRecords:
    """The records of one pass, until they are asked for or turn out to be too many."""

    def __init__(self, most_records: int = MOST_RECORDS, most_chars: int = MOST_CHARS) -> None:
        self._most_records = most_records
        self._most_chars = most_chars
        self._records: deque[Record] = deque()
        self._chars = 0
        self._keeps = False
        self._whole = False

    def begin(self, *, keeps: bool = True) -> None:
        """Let go of an earlier pass, and keep from here on unless nobody will ask."""
        self._records.clear()
        self._chars, self._keeps, self._whole = 0, keeps, False

    def add(self, record: Record, product: Product) -> None:
        """Keep a record that was made of a product."""
        if self._keeps:
            self._chars += sum([len(text) for text in product.values() if isinstance(text, str)])
            self._records.append(record)
            if len(self._records) > self._most_records or self._chars > self._most_chars:
                self._records.clear()
                self._keeps = False

    def end(self) -> None:
        """Say that the pass came to its end."""
        self._whole = self._keeps

    def taken(self) -> Iterator[Record] | None:
        """Return the records of the last pass, once; None where not all of them are there."""
        if not self._whole:
            return None
        records, self._records, self._whole, self._keeps = self._records, deque(), False, False
        # Each is let go of when its turn comes.
        return _let_go(records)


def _let_go(records: deque[Record]) -> Iterator[Record]:
    while records:
        yield records.popleft()
