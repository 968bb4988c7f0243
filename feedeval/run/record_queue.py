"""In which order records are worked on, and which of them need no work.

Records come in the order of the job's iterator, those that were put back first. On the way those that are done are
passed over, those that an earlier session did are taken over, and those whose content is that of a record under way
wait for its result. A twin whose first copy failed for a reason that lies in the record fails likewise; after any other
failure the next copy gets a try of its own.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from enum import Enum

from feedeval.errors import InputError, RecordError
from feedeval.records import Failure, Record, Result
from feedeval.run.batches import Batches, Outcome
from feedeval.run.job import Job
from feedeval.run.plan import Plan, fold
from feedeval.run.reuse import EarlierResults

_SLICE_S = 0.005
"""How long records may be passed over before the event loop gets its turn."""


class TakeResult(Enum):
    """Why no record was taken."""

    NONE_LEFT = "none left"
    LATER = "later"
    """The event loop is due, or too many records wait for others."""


class RecordQueue:
    """Hands out the records of a run.

    Args:
        job: Whose records.
        plan: What the planning pass found.
        batches: What is done.
        earlier: Results of earlier sessions, if any.
    """

    def __init__(self, job: Job, plan: Plan, batches: Batches, earlier: EarlierResults | None) -> None:
        self._job = job
        self._plan = plan
        self._batches = batches
        self._earlier = earlier
        self._settle: Callable[[Outcome], None] = lambda outcome: None
        self._records: Iterator[Record] | None = None
        self._position = 0
        self._put_back: list[tuple[int, Record]] = []
        self._waiting: dict[int, list[Record]] = {}
        self._stand_in: dict[int, int] = {}
        """By the first copy of a content, the copy that was tried after the first had failed."""
        self._alike = frozenset(_names(RecordError))
        self.waiting = 0
        """Records that wait for the result of another."""
        self.exhausted = False

    def connect(self, settle: Callable[[Outcome], None]) -> None:
        """Say who enters outcomes that cost no work."""
        self._settle = settle

    def read_again(self) -> None:
        """Read the records anew, up to where they were, after reading them has failed."""
        self._records = None

    def put_back(self, record: Record) -> None:
        """Give back a record that was taken and could not be worked on."""
        heapq.heappush(self._put_back, (record.index, record))

    @property
    def left(self) -> bool:
        """Whether there is, or may be, anything to take."""
        return bool(self._put_back) or not self.exhausted

    def take(self, max_waiting: int) -> Record | TakeResult:
        """Return the next record that needs work.

        Raises:
            InputError: The records are not those of the planning pass any more.
        """
        if self._put_back:
            return heapq.heappop(self._put_back)[1]
        if self.exhausted:
            return TakeResult.NONE_LEFT
        if self.waiting >= max_waiting:
            return TakeResult.LATER
        until_s = time.perf_counter() + _SLICE_S
        while True:
            record = self._next()
            if record is None:
                self.exhausted = True
                return TakeResult.NONE_LEFT
            if self._needs_work(record):
                return record
            if time.perf_counter() > until_s or self.waiting >= max_waiting:
                return TakeResult.LATER

    def untouched(self) -> Iterator[Record | None]:
        """Go through all records for those that somebody has to be asked about; None for each of the others.

        Takes none of them: they are all to be taken later. Of those of the same content the first is enough.
        """
        for record in self._job.records():
            taken_over = self._earlier is not None and self._earlier.result(record) is not None
            twin = self._plan.leader(record.index) != record.index
            yield None if twin or taken_over or self._batches.has_result(record.index) else record

    def finished(self, record: Record, outcome: Outcome) -> None:
        """Let those that waited for this record have its outcome."""
        waiting = self._waiting.pop(record.index, None)
        if not waiting:
            return
        if isinstance(outcome, Failure) and outcome.error_type not in self._alike:
            first, *rest = waiting
            self.waiting -= 1
            self._stand_in[self._plan.leader(record.index)] = first.index
            self.put_back(first)
            if rest:
                self._waiting[first.index] = rest
            return
        self.waiting -= len(waiting)
        for twin in waiting:
            self._settle(_copied(twin, outcome))

    def _next(self) -> Record | None:
        if self._records is None:
            self._records = iter(self._job.records() if self._position else self._job.planned_records())
            for _ in range(self._position):
                next(self._records, None)
        record = next(self._records, None)
        if record is None:
            if self._position != self._plan.total:
                raise InputError(self._changed(f"there are {self._position:,} now, there were {self._plan.total:,}"))
            return None
        if self._position >= self._plan.total or fold(record.content_hash) != int(self._plan.hashes[record.index]):
            raise InputError(self._changed(f"record {record.key!r} is not what it was"))
        self._position += 1
        return record

    def _changed(self, what: str) -> str:
        return (
            f"The data changed while the run was going on: {what}. Stop this run and start again: what is done and "
            "still holds is taken over."
        )

    def _needs_work(self, record: Record) -> bool:
        number = self._batches.number_of(record.index)
        if self._batches.is_complete(number):
            return False
        batch = self._batches.opened(number)
        if record.index in batch.outcomes:
            return False
        result = self._earlier.result(record) if self._earlier is not None else None
        if result is not None:
            self._settle(result)
            return False
        leader = self._plan.leader(record.index)
        return leader == record.index or self._twin_needs_work(record, leader)

    def _twin_needs_work(self, twin: Record, leader: int) -> bool:
        index = self._stand_in.get(leader, leader)
        outcome = self._batches.outcome(index)
        if outcome is None and self._batches.is_complete(self._batches.number_of(index)):
            return True
        if outcome is None:
            self._waiting.setdefault(index, []).append(twin)
            self.waiting += 1
            return False
        if outcome.content_hash != twin.content_hash:
            return True
        if isinstance(outcome, Failure) and outcome.error_type not in self._alike:
            self._stand_in[leader] = twin.index
            return True
        self._settle(_copied(twin, outcome))
        return False


def _copied(twin: Record, outcome: Outcome) -> Outcome:
    own = {
        "key": twin.key,
        "index": twin.index,
        "content_hash": twin.content_hash,
        "meta": dict(twin.meta),
        "calls": 0,
        "retries": 0,
        "tokens": 0,
        "cost_usd": 0.0,
        "elapsed_ms": 0.0,
    }
    if isinstance(outcome, Result):
        return outcome.model_copy(update={**own, "reused_from": f"key:{outcome.key}"})
    return outcome.model_copy(update={**own, "context": {**outcome.context, "same_content_as": outcome.key}})


def _names(kind: type[Exception]) -> list[str]:
    return [kind.__name__, *(name for child in kind.__subclasses__() for name in _names(child))]
