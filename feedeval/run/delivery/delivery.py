"""Sees all parts through: sends them, waits, lands their answers, once each whatever breaks off when.

Every step is on disk before the next is made: a part's file, its entry, that it was uploaded, that the endpoint works
on it. A kill between asking the endpoint to work on a part and writing that down is met by looking: batches carry the
session and the part in their metadata, and none is made before it was looked whether there is one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from feedeval.errors import ConnectionLost, FeedevalError, RecordError, RunFault, SessionDamaged, TransientError
from feedeval.formatting import money
from feedeval.records.delivery import Courier, Delivery, Order, Part, PartState
from feedeval.run.context import RunContext
from feedeval.run.delivery.gathering import Gatherer
from feedeval.run.delivery.landing import Landed, asked_live, land
from feedeval.run.delivery.packing import Limits
from feedeval.run.delivery.sending import Sender
from feedeval.run.delivery.shelf import Shelf
from feedeval.run.delivery.words import problems_of, what_stays_out, what_stopping_costs
from feedeval.run.failures import sentence
from feedeval.storage.parts import has_parts, hashes_in

_GROWTH = 1.5
_REFUSALS_BORNE = 2
"""Parts that were refused for some of their lines, after which a person has to look."""
_ENDED = frozenset({"completed", "expired", "cancelled"})


class PartDelivery:
    """The delivery of a run in parts.

    Args:
        context: The run.
        courier: Who carries them.
        halted: Returns whether a halt was called.
        slept: Sleeps for so many seconds, or until something happens.
    """

    def __init__(
        self,
        context: RunContext,
        courier: Courier,
        *,
        halted: Callable[[], bool],
        slept: Callable[[float], Awaitable[bool]],
    ) -> None:
        self._context = context
        self._courier = courier
        self._halted = halted
        self._slept = slept
        self._shelf = shelf = Shelf(context)
        self._gatherer = Gatherer(context, courier, halted=halted, done=shelf.add)
        self._sender = Sender(context, courier, shelf=shelf, halted=halted, say=self._say)
        self._opened = False
        self._refusals = 0
        self._trouble = ""
        settings = context.settings
        self._calls_off = settings.delivery is Delivery.LIVE and "delivery" in settings.model_fields_set
        """A person wants what is out to be asked live."""
        self._gathered = self._calls_off

    async def deliver(self) -> bool:
        """See all parts through; return whether that was done before a halt.

        Raises:
            ConnectionLost: The endpoint cannot be reached.
            RunFault: A person has to mend something.
        """
        try:
            return await self._deliver()
        except TransientError as exc:
            raise ConnectionLost(f"The endpoint is not well: {sentence(exc)}") from exc
        except (RecordError, SessionDamaged) as exc:
            raise RunFault(f"The parts could not be seen through: {sentence(exc)}") from exc

    async def _deliver(self) -> bool:
        if not self._opened:
            await self._open()
        settings = self._context.settings
        wait_s = settings.poll_first_s
        while not self._halted():
            if not self._gathered:
                self._gathered = await self._gather()
                continue
            await self._sender.tidy()
            moved = await self._sender.send()
            if self._sender.cut_anew:
                self._sender.cut_anew, self._gathered = False, False
                continue
            if not self._shelf.out and not self._shelf.unsent:
                return True
            wait_s = settings.poll_first_s if moved else wait_s
            await self._slept(wait_s)
            moved = not self._halted() and await self._look_round()
            wait_s = settings.poll_first_s if moved else min(wait_s * _GROWTH, settings.poll_longest_s)
        return False

    async def _open(self) -> None:
        """Take up the parts that are there, and look up what the endpoint has of them."""
        for number, order in await self._sender.look_up(self._shelf.load()):
            # Its entry was lost. To which batch each line belongs shows when the records are gone through.
            hashes = hashes_in(self._shelf.files.read(number))
            self._gatherer.found.update(dict.fromkeys(hashes, 1))
            part = Part(number=number, requests=len(hashes), batches=((1, len(hashes)),), most_usd=None)
            self._sender.is_out(self._shelf.put(part), order)
        for part in self._shelf.out:
            self._sender.hold(part)
        if self._calls_off:
            await self._call_off()
        self._opened = True

    async def _call_off(self) -> None:
        """Call off what is out, as a person wants it to be asked live; what is answered counts."""
        out = [part for part in self._shelf.out if part.status != "cancelling"]
        if out:
            self._say(what_stopping_costs(out))
        for part in out:
            if (order := await self._courier.cancel(part.batch_id)) is not None:
                self._shelf.change(part, status=order.status)
        self._sender.drop_unsent()
        self._sender.cut_anew = False

    async def _gather(self) -> bool:
        settings = self._context.settings
        limits = Limits(
            settings.part_requests,
            int(settings.part_mb * 1e6),
            self._shelf.most_tokens,
            self._context.run_ledger.budget.left_usd,
        )
        return await self._gatherer.gather(self._shelf.spoken_for(), limits)

    async def _look_round(self) -> bool:
        """Look how the parts that are out stand, and land those that have ended; return whether any has moved."""
        moved = False
        for part in self._shelf.out:
            try:
                moved = await self._stands(part, await self._courier.look(part.batch_id)) or moved
            except (TransientError, ConnectionLost) as exc:
                # It goes on there all the same.
                if (trouble := sentence(exc)) != self._trouble:
                    self._trouble = trouble
                    self._context.log.warning(f"part {part.number}: {trouble}")
        return moved

    async def _stands(self, part: Part, order: Order | None) -> bool:
        """Take up how a part stands; return whether that has changed."""
        if order is None:
            self._lost(part)
            return True
        changed = self._shelf.change(
            part,
            status=order.status,
            completed=order.completed,
            failed=order.failed,
            expires_at=order.expires_at or part.expires_at,
        )
        if order.status == "failed" and order.no_room:
            # No news: it is tried again, after waits that grow.
            self._sender.without_room(changed, order)
            return False
        elif order.status == "failed":
            self._refused(changed, order)
        elif order.status in _ENDED:
            await self._land(changed, order)
        return changed.status != part.status

    def _refused(self, part: Part, order: Order) -> None:
        """Meet a part that was refused as a whole, before any of it was answered."""
        what = problems_of(part, order)
        hashes = list(self._where(part))
        lines = {problem.line for problem in order.problems if problem.line is not None}
        bad = tuple(hashes[line - 1] for line in sorted(lines) if 1 <= line <= len(hashes))
        self._refusals += 1
        self._sender.no_use_for(part.file_id)
        self._ended(part, live=bad, again=len(hashes) - len(bad), note=what)
        if not bad or self._refusals > _REFUSALS_BORNE:
            self._refusals = 0
            raise RunFault(f"{what}. Nothing of it was billed. Going on sends it again; delivery='live' asks it live.")
        self._say(f"{what}. Nothing of it was billed; what was named is asked live, the rest is sent again.")

    async def _land(self, part: Part, order: Order) -> None:
        landed = await land(self._context, self._courier, order, self._where(part))
        live = asked_live(part, order, landed, self._context.settings.leftover)
        again = len(landed.missing | landed.failed) - len(live)
        lost_usd = max(0.0, (order.used_usd or 0.0) - landed.cost_usd) if landed.gone else 0.0
        note = f"{order.status}, its output is gone" if landed.gone else ""
        self._sender.release(part, landed.new_usd + lost_usd)
        self._ended(part, live=tuple(sorted(live)), again=again, note=note, cost_usd=landed.cost_usd + lost_usd)
        self._say(
            f"Part {part.number} {order.status}: {_what_came(landed, len(live), again)} · {money(landed.cost_usd)}"
        )
        if not landed.gone:
            # What they say is in the call logs.
            self._sender.no_use_for(part.file_id, order.output_id, order.errors_id)

    def _where(self, part: Part) -> dict[str, int]:
        found = self._gatherer.found
        return {request_hash: found.get(request_hash, n) for request_hash, n in self._shelf.where(part).items()}

    def _lost(self, part: Part) -> None:
        """End a part that the endpoint does not know any more."""
        note = "the endpoint does not know it any more"
        to_batch = part.cancelled or self._context.settings.leftover is Delivery.BATCH
        hashes = tuple(self._where(part))
        self._ended(part, live=() if to_batch else hashes, again=len(hashes) if to_batch else 0, note=note)
        self._say(f"Part {part.number}: {note}; it is {'sent again' if to_batch else 'asked live'}.")

    def _ended(self, part: Part, *, live: tuple[str, ...], again: int, note: str, cost_usd: float = 0.0) -> None:
        self._sender.release(part)
        self._shelf.change(part, state=PartState.ENDED, cost_usd=cost_usd, live=live, note=note)
        self._shelf.files.remove(part.number)
        self._sender.no_room = False
        if again and not self._calls_off:
            self._gathered = False

    async def stop(self) -> None:
        """Call off what is out, after saying what is still billed; what is answered counts when the run goes on."""
        if not self._opened:
            self._shelf.load()
        out = [part for part in self._shelf.out if not part.cancelled]
        if out:
            self._say(what_stopping_costs(out))
        for part in out:
            try:
                order = await self._courier.cancel(part.batch_id)
            except FeedevalError as exc:
                self._say(f"Part {part.number} could not be called off and goes on: {sentence(exc)}")
                continue
            self._shelf.change(part, cancelled=True, status=part.status if order is None else order.status)

    def leave(self) -> None:
        """Say what stays out where the run ends before it."""
        if self._shelf.out:
            self._say(what_stays_out(self._shelf.out))

    def _say(self, text: str) -> None:
        self._context.log.info(text)
        self._context.reporter_thread.say(text)


def parts_of(
    context: RunContext, *, halted: Callable[[], bool], slept: Callable[[float], Awaitable[bool]]
) -> PartDelivery | None:
    """Return the delivery in parts where a run has one: it is asked for, or the session has begun with it."""
    courier, wanted = context.courier, context.settings.delivery is Delivery.BATCH
    if courier is None or not (wanted or has_parts(context.store.paths)):
        return None
    return PartDelivery(context, courier, halted=halted, slept=slept)


def _what_came(landed: Landed, live: int, again: int) -> str:
    said = [f"{landed.answered:,} answers"]
    if landed.failed:
        said.append(f"{len(landed.failed):,} failed ({'; '.join(landed.reasons)})")
    if landed.gone:
        said.append("output that can no longer be downloaded")
    if live:
        said.append(f"{live:,} to be asked live")
    if again:
        said.append(f"{again:,} to be sent again")
    return ", ".join(said)
