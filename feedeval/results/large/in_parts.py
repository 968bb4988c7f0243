"""An audit part by part: what it leaves open, what was judged, and what can be copied from pages, side by side.

An audit that can be held is one part; of one in shards that is too large for that, each shard is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from feedeval.jobs.suggest import Proposal
from feedeval.results.cases import StoredResult
from feedeval.results.gaps.open_questions import OpenQuestions
from feedeval.results.gaps.summing import OpenFeed

Copies = Mapping[str, Sequence[Proposal]]
"""What can be copied from pages, by product id."""


@dataclass(frozen=True)
class AuditInParts:
    """An audit, gone through as often as is wanted; who lets go of one part before the next holds one at a time."""

    feed: OpenFeed
    """What it leaves open."""
    results: Callable[[], Iterator[Iterable[StoredResult]]]
    """Returns what was judged, part by part."""
    copies: Callable[[], Iterator[Copies]] | None = None
    """Returns what can be copied, part by part; None where no page was asked."""

    def with_copies(self) -> Iterator[tuple[OpenQuestions, Copies]]:
        """Yield what each part leaves open, with what can be copied for its products."""
        copies = iter(()) if self.copies is None else self.copies()
        for found in self.feed.parts():
            yield found, next(copies, {})
