"""A job whose speed and failures a test chooses; notebooks of the browser tests import it, too."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from feedeval.records import NO_CALLS, Ledger, Record
from feedeval.run.job import Documents


class CountingJob:
    """Counts to `total`: each record takes `seconds_each`, and every `fail_every`-th fails."""

    kind = "audit"
    engine = "stand-in"
    backend = NO_CALLS

    def __init__(
        self, total: int, *, seconds_each: float = 0.0, fail_every: int = 0, message: str = "no answer"
    ) -> None:
        self.total = total
        self.seconds_each = seconds_each
        self.fail_every = fail_every
        self.message = message
        self.fails = True

    def fingerprint(self) -> Mapping[str, Any]:
        return {"total": self.total, "fail_every": self.fail_every}

    def go_on_as(self, fingerprint: Mapping[str, Any]) -> bool:
        return False

    def settings(self) -> Mapping[str, Any]:
        return {}

    def records(self) -> Iterator[Record]:
        for index in range(self.total):
            key = f"sku-{index:05d}"
            yield Record(index, key, hashlib.sha256(key.encode()).hexdigest()[:32], index)

    def planned_records(self) -> Iterator[Record]:
        return self.records()

    async def open(self, documents: Documents) -> None:
        pass

    async def process(self, record: Record, ledger: Ledger) -> dict[str, Any]:
        if self.seconds_each:
            await asyncio.sleep(self.seconds_each)
        if self.fails and self.fail_every and record.index % self.fail_every == self.fail_every - 1:
            raise ValueError(self.message)
        return {"n": record.index}

    async def close(self) -> None:
        pass
