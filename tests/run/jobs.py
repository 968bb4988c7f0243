"""Jobs for tests: constructor arguments say what they meet."""

from __future__ import annotations

import asyncio
import hashlib
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from feedeval.records import Backend, Call, Gauges, Ledger, Record, Usage
from feedeval.run.job import Documents

Fault = Callable[[Record, int], Exception | None]
"""Given a record and the number of the try, from 1: what its processing raises."""


def hash_of(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class QuickJob:
    """Answers at once and calls nobody.

    Args:
        contents: The content of each record; a number stands for so many different ones.
        keys: Their keys; by default the position.
        fault: What goes wrong.
        fingerprint: The settings that results depend on.
    """

    kind = "audit"
    engine = "quick"

    def __init__(
        self,
        contents: int | Sequence[str],
        *,
        keys: Sequence[str] | None = None,
        fault: Fault = lambda record, attempt: None,
        fingerprint: Mapping[str, Any] | None = None,
    ) -> None:
        self.contents = contents
        self.keys = keys
        self.fault = fault
        self._fingerprint = dict(fingerprint or {"model": "quick"})
        self.tries: Counter[str] = Counter()
        self.narrowings: list[int | None] = []
        self.probes = 0
        self.unreachable = 0
        self.closed = False
        self.documents: Documents | None = None

    def fingerprint(self) -> Mapping[str, Any]:
        return self._fingerprint

    def go_on_as(self, fingerprint: Mapping[str, Any]) -> bool:
        return False

    def settings(self) -> Mapping[str, Any]:
        return {"source": "tests"}

    def records(self) -> Iterable[Record]:
        return self._records()

    def planned_records(self) -> Iterable[Record]:
        return self.records()

    def _records(self) -> Iterator[Record]:
        contents: Iterable[str] = map(str, range(self.contents)) if isinstance(self.contents, int) else self.contents
        for index, content in enumerate(contents):
            key = self.keys[index] if self.keys is not None else f"p{index}"
            yield Record(index, key, hash_of(content), content, {"product_id": key})

    async def open(self, documents: Documents) -> None:
        self.documents = documents

    async def process(self, record: Record, ledger: Ledger) -> dict[str, Any]:
        self.tries[record.key] += 1
        fault = self.fault(record, self.tries[record.key])
        if fault is not None:
            raise fault
        return {"echo": record.payload}

    async def probe(self) -> None:
        self.probes += 1
        if self.probes <= self.unreachable:
            from feedeval.errors import ConnectionLost

            raise ConnectionLost("no route to host")

    def gauges(self) -> Gauges:
        return Gauges()

    def narrow(self, max_in_flight: int | None) -> None:
        self.narrowings.append(max_in_flight)

    async def close(self) -> None:
        self.closed = True

    @property
    def backend(self) -> Backend:
        return self

    async def aclose(self) -> None:
        pass


class CallingJob(QuickJob):
    """Makes one or more calls for each record, through the ledger as the model client does.

    Args:
        contents: As in `QuickJob`.
        latency_s: How long a call takes.
        price_usd: What a call costs; None where it is not known; a function of the record where prices differ.
        estimate_usd: What is reserved for it.
        calls: Calls a record.
        turns: Calls that may be in flight at once, as a pacer would say; None for as many as are asked for.
        gate: Calls are not answered before it is set.
        open_calls: So many are, all the same.
        others: Further arguments of `QuickJob`.
    """

    engine = "calling"

    def __init__(
        self,
        contents: int | Sequence[str],
        *,
        latency_s: float = 0.0,
        price_usd: float | Callable[[Record], float] | None = 0.001,
        estimate_usd: float = 0.001,
        calls: int = 1,
        turns: int | None = None,
        gate: threading.Event | None = None,
        open_calls: int = 0,
        **others: Any,
    ) -> None:
        super().__init__(contents, **{"fingerprint": {"model": "calling"}, **others})
        self.latency_s = latency_s
        self.price_usd = price_usd
        self.estimate_usd = estimate_usd
        self.calls = calls
        self.turns = turns
        self.allowed = turns
        self.gate = gate
        self.open_calls = open_calls
        self.served: Counter[str] = Counter()
        self.in_flight = 0
        self.most_in_flight = 0

    async def process(self, record: Record, ledger: Ledger) -> dict[str, Any]:
        texts = [await self._ask(record, ledger, number) for number in range(self.calls)]
        fault = self.fault(record, self.tries[record.key])
        if fault is not None:
            raise fault
        return {"echo": record.payload, "texts": texts}

    async def _ask(self, record: Record, ledger: Ledger, number: int) -> str:
        request_hash = hash_of(f"{record.content_hash} {number}")
        found = ledger.find(request_hash)
        if found is not None:
            return found.text
        self.tries[record.key] += 1
        await ledger.reserve(self.estimate_usd)
        call = None
        try:
            while self.allowed is not None and self.in_flight >= self.allowed:
                await asyncio.sleep(0.001)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            try:
                if self.latency_s:
                    await asyncio.sleep(self.latency_s)
                while self._held():
                    await asyncio.sleep(0.001)
                call = self._reply(record, request_hash, number)
            finally:
                self.in_flight -= 1
        finally:
            await ledger.settle(self.estimate_usd, call)
        assert call is not None
        return call.text

    def _held(self) -> bool:
        return self.gate is not None and not self.gate.is_set() and self.served.total() >= self.open_calls

    def _reply(self, record: Record, request_hash: str, number: int) -> Call:
        self.served[request_hash] += 1
        price_usd = self.price_usd(record) if callable(self.price_usd) else self.price_usd
        return Call(
            request_hash=request_hash,
            model="m",
            text=f"{record.payload}/{number}",
            usage=Usage(input_tokens=100, cached_tokens=10, output_tokens=20),
            cost_usd=price_usd,
            created="2026-01-01T00:00:00+00:00",
        )

    def gauges(self) -> Gauges:
        return Gauges(in_flight=self.in_flight, limit=self.allowed)

    def narrow(self, max_in_flight: int | None) -> None:
        super().narrow(max_in_flight)
        self.allowed = self.turns if max_in_flight is None else max_in_flight


def at(*indexes: int, error: Exception) -> Fault:
    """Return a fault that the records at these positions meet at every try."""
    return lambda record, attempt: error if record.index in indexes else None


def sometimes(share: float, make: Callable[[Record], Exception], seed: int = 0) -> Fault:
    """Return a fault that a share of the records meet at every try."""

    def fault(record: Record, attempt: int) -> Exception | None:
        return make(record) if random.Random(f"{seed} {record.key}").random() < share else None

    return fault
