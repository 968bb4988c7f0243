"""The books of a run: which replies were paid for, by which record, and what they cost.

A record is charged with the calls that its result rests on, also with those that an earlier sitting of the session made
for it. Every call of the session is charged to one record, so that the rows of the batch files add up to what the
endpoint served. Calls found in the log of another session were paid for there and cost nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from feedeval.errors import StorageError
from feedeval.records import Call, Usage
from feedeval.run.budget import Budget, Hold


class CallLog(Protocol):
    """The part of a session's store that the books write to."""

    def append_call(self, batch_number: int, call: Call) -> None:
        """Write one line."""

    def calls_of(self, batch_number: int) -> Iterable[Call]:
        """Return what stands in the log of a batch."""


class Cache(Protocol):
    """Replies that are kept across sessions."""

    def get(self, request_hash: str) -> Call | None:
        """Return the reply to a request that was paid for before."""

    def put(self, call: Call) -> None:
        """Keep a reply."""


class CallTotals:
    """A running sum of calls."""

    __slots__ = ("cached_tokens", "calls", "input_tokens", "output_tokens", "priced_usd", "retries", "unpriced")

    def __init__(self) -> None:
        self.calls = 0
        self.retries = 0
        self.input_tokens = 0
        self.cached_tokens = 0
        self.output_tokens = 0
        self.priced_usd = 0.0
        self.unpriced = 0

    def add(self, call: Call) -> None:
        """Count one call."""
        usage = call.usage
        self.calls += 1
        self.retries += call.retries
        self.input_tokens += usage.input_tokens
        self.cached_tokens += usage.cached_tokens
        self.output_tokens += usage.output_tokens
        if call.cost_usd is None:
            self.unpriced += 1
        else:
            self.priced_usd += call.cost_usd

    @property
    def tokens(self) -> int:
        """Input and output tokens."""
        return self.input_tokens + self.output_tokens

    @property
    def cost_usd(self) -> float | None:
        """What the calls cost; None where one of them has no known price."""
        return None if self.unpriced else self.priced_usd

    @property
    def usage(self) -> Usage:
        """The tokens as a record."""
        return Usage(input_tokens=self.input_tokens, cached_tokens=self.cached_tokens, output_tokens=self.output_tokens)


class RunLedger:
    """Every call of a run. Lives on the run's event loop."""

    def __init__(self, log: CallLog, budget: Budget, *, on_written: Callable[[], None] = lambda: None) -> None:
        self.budget = budget
        self.run = CallTotals()
        self._log = log
        self._on_written = on_written
        self._found: dict[str, Call] = {}
        self._by_batch: dict[int, set[str]] = {}
        self._charged: set[str] = set()
        self._elsewhere: Mapping[str, Call] = {}
        self._cache: Cache | None = None
        self._unwritten: list[tuple[int, Call]] = []
        self._ashore: dict[str, int] = {}
        """Replies that are in the logs and not in memory, each with its batch: a whole feed's may come at once."""

    def take_over(self, batch_number: int, call: Call) -> None:
        """Enter a call that an earlier sitting of this session left in the log of an open batch."""
        if call.request_hash not in self._found:
            self._enter(batch_number, call)
            self.run.add(call)

    def land(self, batch_number: int, call: Call) -> bool:
        """Write a reply down that came by batch, which no record was charged with yet; return whether it was new.

        Raises:
            StorageError: It could not be written; it is not entered either.
        """
        if call.request_hash in self._found or call.request_hash in self._ashore:
            return False
        self._log.append_call(batch_number, call)
        self.leave_ashore(batch_number, call)
        self._on_written()
        return True

    def leave_ashore(self, batch_number: int, call: Call) -> None:
        """Enter a call that stands in the log of its batch, and leave it there until it is looked up."""
        if call.request_hash not in self._found and call.request_hash not in self._ashore:
            self._ashore[call.request_hash] = batch_number
            self.run.add(call)

    def _bring(self, batch_number: int) -> None:
        for call in self._log.calls_of(batch_number):
            if self._ashore.get(call.request_hash) == batch_number:
                del self._ashore[call.request_hash]
                self._enter(batch_number, call)

    def look_elsewhere(self, calls: Mapping[str, Call]) -> None:
        """Also find calls that another session paid for."""
        self._elsewhere = calls

    def use(self, cache: Cache) -> None:
        """Also find replies that are kept across sessions, and keep those of this one there."""
        self._cache = cache

    def close_batch(self, batch_number: int) -> CallTotals:
        """Forget the calls of a batch that is complete; return those that no record claimed."""
        unclaimed = CallTotals()
        if self._ashore:
            # What a batch was billed for and nobody asked for again, such as a reply that said nothing.
            self._bring(batch_number)
        for request_hash in self._by_batch.pop(batch_number, ()):
            call = self._found.pop(request_hash, None)
            if call is not None and request_hash not in self._charged:
                unclaimed.add(call)
            self._charged.discard(request_hash)
        return unclaimed

    def write_again(self) -> None:
        """Write what could not be written before; raises StorageError where that fails again."""
        while self._unwritten:
            self._log.append_call(*self._unwritten[0])
            del self._unwritten[0]
            self._on_written()

    def find(self, request_hash: str) -> tuple[Call | None, bool]:
        """Return the call and whether the finder is to be charged with it: once, and only for calls of this session."""
        if request_hash in self._ashore:
            self._bring(self._ashore[request_hash])
        call = self._found.get(request_hash)
        if call is None:
            return self._found_elsewhere(request_hash), False
        if request_hash in self._charged:
            return call, False
        self._charged.add(request_hash)
        if self._cache is not None:
            # It came by batch, or in an earlier sitting, and was not written here.
            self._cache.put(call)
        return call, True

    def _found_elsewhere(self, request_hash: str) -> Call | None:
        call = self._elsewhere.get(request_hash)
        return self._cache.get(request_hash) if call is None and self._cache is not None else call

    def uncharge(self, request_hash: str) -> None:
        """Let the next finder be charged: the one before was put back and left no result."""
        self._charged.discard(request_hash)

    def write(self, batch_number: int, call: Call) -> None:
        """Enter a reply and write it down.

        Raises:
            StorageError: It could not be written; it is kept in memory, and `write_again` writes it.
        """
        self._enter(batch_number, call)
        self._charged.add(call.request_hash)
        self.run.add(call)
        try:
            self._log.append_call(batch_number, call)
        except StorageError:
            self._unwritten.append((batch_number, call))
            raise
        self._on_written()
        if self._cache is not None:
            self._cache.put(call)

    def _enter(self, batch_number: int, call: Call) -> None:
        self._found[call.request_hash] = call
        self._by_batch.setdefault(batch_number, set()).add(call.request_hash)


class RecordLedger:
    """The ledger that one record's `Job.process` is given; see `feedeval.records.Ledger`."""

    __slots__ = ("_batch_number", "_hashes", "_holds", "_run_ledger", "parked", "tally", "touched")

    def __init__(self, run_ledger: RunLedger, batch_number: int) -> None:
        self.tally = CallTotals()
        self.parked = False
        """True while the record waits for money: nothing of it is in flight."""
        self.touched = False
        """True once the record has asked for a call."""
        self._run_ledger = run_ledger
        self._batch_number = batch_number
        self._holds: list[Hold] = []
        self._hashes: list[str] = []

    def find(self, request_hash: str) -> Call | None:
        """Return the reply to the same request if it was paid for before."""
        self.touched = True
        call, charged = self._run_ledger.find(request_hash)
        if call is not None and charged:
            self.tally.add(call)
            self._hashes.append(request_hash)
        return call

    async def reserve(self, cost_usd: float) -> None:
        """Set money aside for a call; waits while calls in flight may give some back."""
        self.touched = self.parked = True
        try:
            self._holds.append(await self._run_ledger.budget.reserve(cost_usd))
        finally:
            self.parked = False

    async def settle(self, reserved_usd: float, call: Call | None) -> None:
        """Give back what was reserved and write down the reply."""
        at = next((i for i, hold in enumerate(self._holds) if hold.estimate_usd == reserved_usd), 0)
        hold = self._holds.pop(at) if self._holds else None
        if hold is not None:
            cost_usd = call.cost_usd if call is not None else 0.0
            self._run_ledger.budget.release(hold, cost_usd, replied=call is not None)
        if call is not None:
            self.tally.add(call)
            self._hashes.append(call.request_hash)
            self._run_ledger.write(self._batch_number, call)

    def close(self, *, put_back: bool = False) -> None:
        """Give back what a cut-off call still holds; a record that was put back will find its calls again."""
        for hold in self._holds:
            self._run_ledger.budget.release(hold)
        self._holds.clear()
        if put_back:
            for request_hash in self._hashes:
                self._run_ledger.uncharge(request_hash)
