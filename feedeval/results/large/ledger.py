"""The answer ledger of a session of shards too large to be held: booked shard by shard.

Kept are counts, some dozens of rows, a bit of each open question (whether its page answers it) and, on disk, what can
be copied. The rows themselves are booked again where they are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedeval.jobs.suggest import Proposal
from feedeval.results.cases import results_in
from feedeval.results.gaps.open_questions import OpenQuestions
from feedeval.results.gaps.summing import OpenFeed
from feedeval.results.large.fitting import LEDGER_BYTES, FreeMemory, free_mb, refuse_what_does_not_fit
from feedeval.results.large.ranked import Ranked
from feedeval.results.large.reader import LargeReader
from feedeval.results.ledger.copying import Copy
from feedeval.results.ledger.digest import Digest
from feedeval.results.ledger.ledger import AnswerLedger, ledger_frame, marked, origin, proposals_of
from feedeval.results.ledger.page_answers import PageAnswers, failed_pages, pages_session, stored_answers
from feedeval.results.ledger.rows import Booked, PagesInTurn, book
from feedeval.results.naming import engine_note
from feedeval.results.stored import StoredSession
from feedeval.storage.shards import Shards


@dataclass(frozen=True)
class LargeAudit:
    """An audit in shards, and what its pages said."""

    session: StoredSession
    shards: Shards
    reader: LargeReader
    asked: StoredSession | None
    """Where its pages were asked; the audit itself where that was here and now, and None where none was."""
    answers: Callable[[], Iterator[PageAnswers]]
    """Returns what the pages said, in the order of the audit's files."""

    @classmethod
    def of(cls, session: StoredSession, answers: Callable[[], Iterator[PageAnswers]] | None = None) -> LargeAudit:
        """Return an audit that is too large to be held.

        Args:
            session: The audit.
            answers: What its pages said here and now; None: in the latest session in which they were asked.
        """
        shards, reader = session.shards, session.large
        assert shards is not None and reader is not None  # who asks has looked
        if answers is not None:
            return cls(session, shards, reader, session, answers)
        asked = pages_session(session)
        return cls(session, shards, reader, asked, lambda: iter(()) if asked is None else stored_answers(asked))

    def booked(self) -> Iterator[tuple[OpenQuestions, Booked]]:
        """Yield the rows of each shard, with its open questions; positions are those in the shard."""
        asked = self.asked
        pages = None if asked is None else PagesInTurn(self.answers())
        failed = {} if asked is None or asked is self.session else failed_pages(asked)
        for number, found in zip(self.shards.numbers, self.reader.open_feed.parts(), strict=True):
            results = results_in(self.shards.batch_files_of(number))
            positions = self.reader.positions_in(number)
            yield found, book(results, pages, found, failed=failed, positions=positions)


class LargeLedger(AnswerLedger):
    """Where the answer to each question of a large audit stands, as of every ledger.

    Args:
        audit: The audit.
        free: How much memory is free.
    """

    _audit: LargeAudit
    _copies: Ranked[Copy]
    _bits: list[NDArray[np.uint8]]
    _free: FreeMemory

    def __init__(self, audit: LargeAudit, *, free: FreeMemory = free_mb) -> None:
        digest, unread = Digest(), pd.Series(dtype="int64")
        copies: Ranked[Copy] = Ranked()
        bits: list[NDArray[np.uint8]] = []
        counts = {"products": 0, "pages": 0}
        for found, booked in audit.booked():
            digest.add(ledger_frame(booked), found.judged.position[booked.places])
            bits.append(np.packbits(marked(found, frozenset(booked.on_page)).on_page))
            copies.add((n, copy) for n, copy in enumerate(booked.copies))
            counts = {name: counts[name] + getattr(booked, name) for name in counts}
            unread = unread.add(pd.Series(booked.unread, dtype="int64"), fill_value=0)
        engine = "" if audit.asked is None else audit.asked.progress.engine
        told: dict[str, Any] = {
            **counts,
            "session": audit.session.id,
            "pages_session": "" if audit.asked is None else audit.asked.id,
            "unread": {str(why): int(count) for why, count in unread.sort_values(ascending=False).items()},
            "note": engine_note(engine) if engine else "",
            "digest": digest,
        }
        # As of every ledger nothing of it changes.
        vars(self).update(told, _audit=audit, _copies=copies, _bits=bits, _free=free)

    def __len__(self) -> int:
        return sum(self.counts.values())

    def parts(self) -> Iterator[pd.DataFrame]:
        """Yield the rows of each shard, in the order of the feed."""
        return (rows.drop(columns=_PLACE) for rows in self._rows())

    def _rows(self) -> Iterator[pd.DataFrame]:
        for found, booked in self._audit.booked():
            rows = ledger_frame(booked).assign(**{_PLACE: found.judged.position[booked.places]})
            yield rows.sort_values(_PLACE, kind="stable", ignore_index=True)

    @property
    def frame(self) -> pd.DataFrame:
        """All rows, as of every ledger.

        Raises:
            InputError: They do not fit in memory.
        """
        otherwise = "ledger.parts() yields them shard by shard"
        refuse_what_does_not_fit(len(self), "rows", LEDGER_BYTES, free=self._free, otherwise=otherwise)
        rows = pd.concat(self._rows()).sort_values(_PLACE, kind="stable", ignore_index=True).drop(columns=_PLACE)
        rows.attrs["feedeval"] = origin(self._audit.session, self._audit.asked)
        return rows

    @property
    def copies(self) -> Sequence[Copy]:
        """What can be copied from a page into the feed."""
        return [copy for _, copy in chain.from_iterable(self._copies.parts())]

    def proposals_by_part(self) -> Iterator[Mapping[str, Sequence[Proposal]]]:
        """Yield what can be copied for the products of each shard, by product id."""
        return (proposals_of(copy for _, copy in part) for part in self._copies.parts())

    @property
    def on_page(self) -> frozenset[tuple[int, str]]:
        """Products, by their position among those that are done, and questions that their page alone answers."""
        return frozenset(
            (int(found.judged.position[product]), question)
            for found, booked in self._audit.booked()
            for product, question in booked.on_page
        )

    def marked(self, feed: OpenFeed) -> OpenFeed:
        """Return the open questions of the audit, which know then which of them a page answers."""
        bits = self._bits

        def parts() -> Iterator[OpenQuestions]:
            for found, there in zip(feed.parts(), bits, strict=True):
                yield replace(found, on_page=np.unpackbits(there, count=len(found.rows)).astype(bool))

        return OpenFeed(parts, feed.names)


_PLACE = "place"
