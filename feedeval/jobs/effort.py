"""What a piece of work took: a ledger that counts what passes through it."""

from __future__ import annotations

from feedeval.records import Call, Effort, Ledger


class EffortLedger:
    """Hands everything on to another ledger and adds up the calls, found ones included: they took as much once."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.effort = Effort()

    def find(self, request_hash: str) -> Call | None:
        """Look the call up, and count it if it is there."""
        call = self._ledger.find(request_hash)
        if call is not None:
            self._add(call)
        return call

    async def reserve(self, cost_usd: float) -> None:
        """Hand on."""
        await self._ledger.reserve(cost_usd)

    async def settle(self, reserved_usd: float, call: Call | None) -> None:
        """Hand on, and count the call."""
        await self._ledger.settle(reserved_usd, call)
        if call is not None:
            self._add(call)

    def _add(self, call: Call) -> None:
        before = self.effort
        priced = before.cost_usd is not None and call.cost_usd is not None
        self.effort = Effort(
            calls=before.calls + 1,
            usage=before.usage + call.usage,
            cost_usd=(before.cost_usd or 0.0) + (call.cost_usd or 0.0) if priced else None,
            latency_ms=before.latency_ms + call.latency_ms,
        )
