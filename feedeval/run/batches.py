"""The batches that are open: outcomes in, batch files out.

A batch is no barrier: it is open while any of its records is under way, and written when the last of them is through.
Memory holds open batches, and those that could not be written yet.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from feedeval.errors import UNREADABLE, FeedevalError
from feedeval.records import BatchFile, BatchReport, Failure, Result
from feedeval.run.ledger import CallTotals
from feedeval.run.progress import BatchBar, RunState
from feedeval.storage.batch_files import BatchSummary

Outcome = Result | Failure
_FILES_HELD = 16


@dataclass(slots=True)
class OpenBatch:
    """One batch under way."""

    number: int
    start_index: int
    end_index: int
    """Inclusive."""
    begun_s: float
    """Running time of the session when it was opened."""
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    earlier: dict[int, Failure] = field(default_factory=dict)
    """Failures of an earlier sitting that are tried again: what they cost stays on the books."""
    from_disk: int = 0
    """Results that its file on disk holds."""

    @property
    def size(self) -> int:
        """Records in the batch."""
        return self.end_index - self.start_index + 1


@dataclass(frozen=True, slots=True)
class Saved:
    """What batch files hold, by number of records."""

    done: int = 0
    failed: int = 0
    reused: int = 0

    def __add__(self, other: Saved) -> Saved:
        return Saved(self.done + other.done, self.failed + other.failed, self.reused + other.reused)

    def __sub__(self, other: Saved) -> Saved:
        return Saved(self.done - other.done, self.failed - other.failed, self.reused - other.reused)


class Batches:
    """All batches of a run.

    Args:
        total: Records of the run.
        batch_size: Records in a batch.
        read: Reads a batch file by its number.
        now_s: The running time of the session.
        known: What the batch files on disk hold.
    """

    def __init__(
        self,
        total: int,
        batch_size: int,
        *,
        read: Callable[[int], BatchFile],
        now_s: Callable[[], float],
        known: Iterable[BatchSummary] = (),
    ) -> None:
        self.total = total
        self.size = batch_size
        self.count = -(-total // batch_size)
        self.open: dict[int, OpenBatch] = {}
        self.unwritten: dict[int, BatchFile] = {}
        """Complete, but not on disk yet."""
        self._read = read
        self._now_s = now_s
        self._complete = bytearray(self.count + 1)
        self._on_disk = bytearray(self.count + 1)
        self._files: OrderedDict[int, dict[int, Outcome]] = OrderedDict()
        self._durable = Saved()
        self._with_failures: dict[int, Saved] = {}
        for summary in known:
            self._on_disk[summary.number] = 1
            self._complete[summary.number] = summary.failed == 0
            saved = Saved(summary.successful, summary.failed, summary.reused)
            self._durable += saved
            if summary.failed:
                self._with_failures[summary.number] = saved

    @property
    def written(self) -> int:
        """Batches whose file is on disk."""
        return self._on_disk.count(1)

    @property
    def durable(self) -> Saved:
        """What the batch files on disk hold."""
        return self._durable

    def number_of(self, index: int) -> int:
        """Return the batch that a record belongs to."""
        return index // self.size + 1

    def is_complete(self, number: int) -> bool:
        """Whether nothing is left to do in a batch."""
        return bool(self._complete[number])

    def has_result(self, index: int) -> bool:
        """Whether a record is done; opens no batch."""
        number = self.number_of(index)
        if self._complete[number] or not (self._on_disk[number] or number in self.open):
            return bool(self._complete[number])
        return isinstance(self.outcome(index), Result)

    def opened(self, number: int) -> OpenBatch:
        """Return the open batch of this number; one with failures on disk is taken up with its results as they are."""
        batch = self.open.get(number)
        if batch is None:
            start = (number - 1) * self.size
            batch = self.open[number] = OpenBatch(number, start, min(start + self.size, self.total) - 1, self._now_s())
            if self._on_disk[number]:
                self._take_up(batch)
        return batch

    def bar(self) -> BatchBar | None:
        """Return how far the oldest open batch is."""
        if not self.open:
            return None
        batch = self.open[min(self.open)]
        return BatchBar(batch.number, batch.start_index, batch.end_index, len(batch.outcomes))

    def outcome(self, index: int) -> Outcome | None:
        """Return what became of a record that came before, or None while it is under way."""
        number = self.number_of(index)
        batch = self.open.get(number)
        if batch is not None:
            return batch.outcomes.get(index)
        file = self.unwritten.get(number)
        if file is not None:
            return next((row for row in _rows(file) if row.index == index), None)
        return self._from_disk(number).get(index)

    def settle(self, batch: OpenBatch, outcome: Outcome) -> bool:
        """Enter an outcome; return whether the batch is complete."""
        earlier = batch.earlier.pop(outcome.index, None)
        if earlier is not None:
            outcome = outcome.model_copy(update=_sums(outcome, earlier))
        batch.outcomes[outcome.index] = outcome
        return len(batch.outcomes) == batch.size

    def close(self, batch: OpenBatch, report: BatchReport, session: str) -> BatchFile:
        """Turn a complete batch into its file, to be written."""
        rows = [batch.outcomes[index] for index in sorted(batch.outcomes)]
        file = BatchFile(
            session=session,
            batch_number=batch.number,
            start_index=batch.start_index,
            end_index=batch.end_index,
            report=report,
            results=[row for row in rows if isinstance(row, Result)],
            failures=[row for row in rows if isinstance(row, Failure)],
        )
        self._complete[batch.number] = 1
        self.unwritten[batch.number] = file
        del self.open[batch.number]
        return file

    def saved(self, file: BatchFile) -> None:
        """Note that a batch file is on disk."""
        number = file.batch_number
        reused = sum(row.reused_from is not None for row in file.results)
        now = Saved(len(file.results), len(file.failures), reused)
        self._durable += now - self._with_failures.pop(number, Saved())
        if file.failures:
            self._with_failures[number] = now
        self._on_disk[number] = 1
        self._files.pop(number, None)
        self.unwritten.pop(number, None)

    def forget_open(self) -> int:
        """Let go of what is not on disk; return the number of outcomes that are lost with it."""
        lost = sum(len(batch.outcomes) - batch.from_disk for batch in self.open.values())
        lost += sum(len(file.results) + len(file.failures) for file in self.unwritten.values())
        self.open.clear()
        self.unwritten.clear()
        return lost

    def _take_up(self, batch: OpenBatch) -> None:
        file = self._read(batch.number)
        batch.from_disk = len(file.results)
        batch.outcomes.update((result.index, result) for result in file.results)
        batch.earlier.update((failure.index, failure) for failure in file.failures)

    def _from_disk(self, number: int) -> dict[int, Outcome]:
        rows = self._files.get(number)
        if rows is None:
            try:
                file = self._read(number)
                rows = {row.index: row for row in _rows(file)}
            except FeedevalError:
                # Damaged or gone since the run began: whoever asks does the work himself; `verify` tells of the file.
                rows = {}
            self._files[number] = rows
            if len(self._files) > _FILES_HELD:
                self._files.popitem(last=False)
        self._files.move_to_end(number)
        return rows


def _rows(file: BatchFile) -> list[Outcome]:
    return [*file.results, *file.failures]


def charge(batch: OpenBatch, unclaimed: CallTotals) -> None:
    """Put calls that no record claims on the batch's first record, so that the rows add up to what was served.

    There are such calls where a record was cut off by a kill between a call and its use, and did not ask again because
    a document made from the reply was already on disk.
    """
    if unclaimed.calls:
        first = batch.outcomes[batch.start_index]
        batch.outcomes[batch.start_index] = first.model_copy(update=_sums(first, unclaimed))


def add_costs(one_usd: float | None, other_usd: float | None) -> float | None:
    """Return the sum; None where either is not known."""
    return None if one_usd is None or other_usd is None else one_usd + other_usd


def _sums(one: Outcome, other: Failure | CallTotals) -> dict[str, int | float | None]:
    return {
        "calls": one.calls + other.calls,
        "retries": one.retries + other.retries,
        "tokens": one.tokens + other.tokens,
        "cost_usd": add_costs(one.cost_usd, other.cost_usd),
    }


def make_report(batch: OpenBatch, state: RunState, *, timestamp: str) -> BatchReport:
    """Return the figures of a complete batch.

    Args:
        batch: The batch.
        state: The run at this moment.
        timestamp: Now, ISO 8601.
    """
    rows = list(batch.outcomes.values())
    elapsed_s = max(state.elapsed_s - batch.begun_s, 0.0)
    successful = sum(isinstance(row, Result) for row in rows)
    cost_usd: float | None = 0.0
    for row in rows:
        cost_usd = add_costs(cost_usd, row.cost_usd)
    return BatchReport(
        batch_number=batch.number,
        total_batches=state.total_batches,
        batch_start_index=batch.start_index,
        batch_end_index=batch.end_index,
        batch_size=batch.size,
        processed=len(rows),
        successful=successful,
        failed=len(rows) - successful,
        success_rate=successful / len(rows),
        elapsed_ms=elapsed_s * 1000,
        average_time_ms=elapsed_s * 1000 / len(rows),
        estimated_time_remaining_ms=_remaining_s(state) * 1000,
        calls=sum(row.calls for row in rows),
        retries=sum(row.retries for row in rows),
        tokens=sum(row.tokens for row in rows),
        cost_usd=cost_usd,
        timestamp=timestamp,
        memory_mb=state.memory.current_mb or None,
        health=state.health.overall_status,
        health_reason="; ".join(state.health.reasons),
        unreadable=sum(isinstance(row, Failure) and row.error_type in UNREADABLE for row in rows),
    )


def _remaining_s(state: RunState) -> float:
    """Return the estimated time left for the whole run; by what it took so far while the rate says nothing yet."""
    left_s = state.eta_s()
    if left_s is not None:
        return left_s
    through = max(state.done + state.failed - state.retrying, 1)
    return state.elapsed_s / through * max(state.total - through, 0)
