"""The answers of a part into the call logs, and what is to become of the requests without one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from feedeval.records.delivery import Answered, Courier, Delivery, Order, Part
from feedeval.run.context import RunContext

_BREATH_LINES = 100
_REASONS_KEPT = 3


@dataclass(slots=True)
class Landed:
    """What came of a part."""

    answered: int = 0
    failed: set[str] = field(default_factory=set)
    """Requests that the endpoint would not answer."""
    missing: set[str] = field(default_factory=set)
    """Requests that it did not get to, or whose answers are gone."""
    cost_usd: float = 0.0
    new_usd: float = 0.0
    """The part of it that was not in the books yet."""
    gone: bool = False
    """Answers can no longer be downloaded."""
    reasons: list[str] = field(default_factory=list)
    """Why requests failed, each once, the first few."""


async def land(context: RunContext, courier: Courier, order: Order, where: Mapping[str, int]) -> Landed:
    """Enter the answers of a batch that has ended; those that are there already are left as they are.

    Args:
        context: The run.
        courier: Who brings the files.
        order: The batch.
        where: Its requests, each with the number of the batch that it belongs to.

    Raises:
        FeedevalError: They could not be brought; nothing is lost, and the same call brings them.
        StorageError: They could not be written.
    """
    landed = Landed(missing=set(where))
    for file_id in (order.output_id, order.errors_id):
        if not file_id:
            continue
        data = await courier.download(file_id)
        if data is None:
            landed.gone = True
            continue
        for number, line in enumerate(data.splitlines()):
            answer = courier.read(line)
            if answer is not None and answer.request_hash in where:
                _enter(context, answer, where[answer.request_hash], landed)
            if number % _BREATH_LINES == 0:
                await asyncio.sleep(0)
    await asyncio.to_thread(context.store.sync_calls)
    return landed


def _enter(context: RunContext, answer: Answered, batch_number: int, landed: Landed) -> None:
    if answer.undone:
        return
    landed.missing.discard(answer.request_hash)
    if answer.call is not None:
        cost_usd = answer.call.cost_usd or 0.0
        landed.cost_usd += cost_usd
        if context.run_ledger.land(batch_number, answer.call):
            landed.new_usd += cost_usd
    if answer.call is not None and not answer.billed:
        landed.answered += 1
        landed.failed.discard(answer.request_hash)
        return
    landed.failed.add(answer.request_hash)
    if answer.error not in landed.reasons and len(landed.reasons) < _REASONS_KEPT:
        landed.reasons.append(answer.error)


def asked_live(part: Part, order: Order, landed: Landed, leftover: Delivery) -> set[str]:
    """Return the requests without an answer that are to be asked live; the others go into another part.

    What failed by itself would fail in another batch, too. What was called off here was meant to go by batch.
    """
    if order.status == "completed" and not landed.gone:
        return landed.failed | landed.missing
    again = part.cancelled or leftover is Delivery.BATCH
    return landed.failed if again else landed.failed | landed.missing
