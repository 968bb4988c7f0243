"""What has to be known to read advice: who judged, and what it does not rest on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feedeval.results.stored import StoredSession


def advice_notes(session: StoredSession, not_judged: int) -> Iterator[str]:
    """Yield what has to be known to read the advice: who judged, and what it does not rest on.

    Args:
        session: An audit.
        not_judged: Questions that were not judged.
    """
    counts = session.progress.counts
    if session.note:
        yield session.note
    if drawn := session.sample:
        yield (
            f"A sample of {drawn['drawn']:,} of {drawn['of']:,} products was audited: counts and points are estimates "
            "for the whole feed, examples are of the sample."
        )
    if not_judged:
        were = "question was" if not_judged == 1 else "questions were"
        yield f"{not_judged:,} {were} not judged: they count neither as open nor as answered."
    if counts.left:
        yield f"The audit is not finished: {counts.left:,} of {counts.total:,} products are left and not counted."
    if counts.failed:
        yield f"{counts.failed:,} product{'s' * (counts.failed != 1)} failed and could not be judged."
