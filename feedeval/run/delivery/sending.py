"""Sends parts, each once: money set aside first, what the endpoint has already looked up, room waited for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from feedeval.errors import BudgetReached, ConnectionLost, RecordError, RunFault, TransientError
from feedeval.formatting import money
from feedeval.records.delivery import Courier, Order, Part, PartState
from feedeval.run.context import RunContext
from feedeval.run.delivery.shelf import Shelf
from feedeval.run.failures import sentence

_HALVINGS = 4
"""Times that parts are cut smaller for want of room; after that it is others who take it up, and waiting helps."""
_CLOCKS_DIFFER = timedelta(days=2)
_ROUNDING_USD = 1e-9


class Sender:
    """Sends the parts of a run.

    Args:
        context: The run.
        courier: Who carries them.
        shelf: The parts.
        halted: Returns whether a halt was called.
        say: Says a sentence where the run is shown.
    """

    def __init__(
        self,
        context: RunContext,
        courier: Courier,
        *,
        shelf: Shelf,
        halted: Callable[[], bool],
        say: Callable[[str], None],
    ) -> None:
        self._budget = context.run_ledger.budget
        self._session = context.state.session
        self._since = int((datetime.fromisoformat(context.state.started) - _CLOCKS_DIFFER).timestamp())
        self._courier = courier
        self._shelf = shelf
        self._halted = halted
        self._say = say
        self._log = context.log.warning
        self._unsure: set[int] = set()
        """Parts that the endpoint may have been asked to work on without its answer being here."""
        self._uploaded: set[int] = set()
        """Parts that were uploaded in this sitting."""
        self._alone: set[int] = set()
        """Parts that were sent while nothing else of this run was out: what is too much then is too much by itself."""
        self._held_usd: dict[int, float] = {}
        self._halvings = 0
        self.no_room = False
        """The endpoint takes no more until a part has ended."""
        self._careful = False
        """The endpoint was found to have no room once: no part is sent while another's place is not sure."""
        self._no_use: list[str] = []
        """Files at the endpoint that nobody needs any more."""
        self.cut_anew = False
        """What was not sent was dropped, to be gathered into smaller parts."""

    async def look_up(self, strays: list[int]) -> list[tuple[int, Order]]:
        """Look up what the endpoint has of parts of which it is not written down.

        Args:
            strays: Numbers of files that have no entry.

        Returns:
            Those of the strays that were sent all the same, each with its batch. The others are removed.
        """
        doubtful = self._shelf.unsent
        if not strays and not doubtful:
            return []
        orders = await self._orders()
        for part in doubtful:
            order = _unknown(part, orders)
            if order is not None:
                self.is_out(part, order)
            elif part.state is PartState.WRITTEN:
                file_id = await self._courier.find_file(self._shelf.files.name(part.number), part.size_bytes)
                if file_id:
                    self._shelf.change(part, state=PartState.UPLOADED, file_id=file_id)
        sent = [(number, order) for number in strays for order in orders if order.part == number]
        for number in set(strays) - {number for number, _ in sent}:
            self._shelf.files.remove(number)
        return sent

    async def _orders(self) -> list[Order]:
        return await self._courier.orders(self._session, self._since)

    async def send(self) -> bool:
        """Send what can be sent now; return whether anything was that will surely stay.

        Raises:
            BudgetReached: Nothing is out, and the money that is left is not enough for the next request.
            ConnectionLost: The endpoint cannot be reached.
            RunFault: It will not take a part.
        """
        moved = False
        for part in self._shelf.unsent:
            if self._halted() or (self.no_room and self._shelf.out) or (self._careful and self._place_unsure):
                break
            self.no_room = False
            if not self._affordable(part):
                if not self._shelf.out:
                    self._cut_to_budget(part)
                break
            try:
                moved = (await self._send(part) and not self._careful) or moved
            except TransientError as exc:
                if self._shelf[part.number].note != sentence(exc):
                    self._shelf.change(self._shelf[part.number], note=sentence(exc))
                    self._log(f"part {part.number}: {sentence(exc)}")
                break
            except RecordError as exc:
                # Cut anew when the run goes on, with other limits where they were changed.
                self.drop_unsent()
                size = f"{part.size_bytes / 1e6:.1f} MB, {part.requests:,} requests"
                raise RunFault(
                    f"Part {part.number} ({size}) could not be sent: {sentence(exc)} If it is too large, start "
                    "again with a smaller part_mb or part_requests."
                ) from exc
            if self.no_room:
                break
        return moved

    @property
    def _place_unsure(self) -> bool:
        """Whether the endpoint may still refuse something that is out."""
        return any(part.status in ("", "validating") for part in self._shelf.out)

    async def _send(self, part: Part) -> bool:
        self.hold(part)
        try:
            order = await self._ordered(part)
        except (TransientError, ConnectionLost):
            # It may be out all the same: its money stays set aside until that is known.
            raise
        except BaseException:
            self.release(part)
            raise
        if order is None:
            return False
        part = self._shelf[part.number]
        if order.no_room:
            self.without_room(part, order)
            return False
        self.is_out(part, order)
        most = "" if part.most_usd is None else f", {money(part.most_usd)} at most"
        self._say(f"Part {part.number} is at the endpoint: {part.requests:,} requests{most}.")
        return True

    async def _ordered(self, part: Part) -> Order | None:
        """Upload a part where that was not done, and have the endpoint work on it, unless it does already.

        Returns:
            The batch; None where the file has to be uploaded again first.
        """
        number = part.number
        if number in self._unsure:
            order = _unknown(part, await self._orders())
            self._unsure.discard(number)
            if order is not None:
                return order
        if part.state is PartState.WRITTEN:
            file_id = await self._courier.upload(self._shelf.files.name(number), self._shelf.files.read(number))
            part = self._shelf.change(part, state=PartState.UPLOADED, file_id=file_id, note="")
            self._uploaded.add(number)
        self._unsure.add(number)
        (self._alone.discard if self._shelf.out else self._alone.add)(number)
        try:
            order = await self._courier.create(
                part.file_id, {"feedeval_session": self._session, "feedeval_part": f"{number:04d}"}
            )
        except (RecordError, RunFault):
            self._unsure.discard(number)
            if number in self._uploaded:
                raise
            # What was uploaded some days ago may be gone.
            self._shelf.change(part, state=PartState.WRITTEN, file_id="")
            return None
        self._unsure.discard(number)
        return order

    def is_out(self, part: Part, order: Order) -> None:
        """Write down that the endpoint works on a part."""
        self.hold(part)
        self._shelf.change(
            part,
            state=PartState.OUT,
            batch_id=order.id,
            status=order.status,
            completed=order.completed,
            failed=order.failed,
            expires_at=order.expires_at,
            note="",
        )

    def without_room(self, part: Part, order: Order) -> None:
        """Wait until earlier parts have ended; where there are none, cut what is not sent into smaller parts."""
        self.release(part)
        part = self._shelf.change(
            part,
            state=PartState.UPLOADED,
            batch_id="",
            status="",
            earlier=(*part.earlier, order.id) if order.id else part.earlier,
            note="waits for room",
        )
        self.no_room = self._careful = True
        alone = part.number in self._alone and not self._shelf.out
        if not alone or part.requests == 1 or self._halvings >= _HALVINGS:
            self._log(f"part {part.number} waits: too many tokens are at the endpoint already")
            return
        self._halvings += 1
        self._shelf.remember_room(max(1, part.tokens // 2))
        self._say(
            f"Part {part.number} has more tokens than the endpoint takes at once: parts are cut to about "
            f"{self._shelf.most_tokens:,} tokens."
        )
        self.drop_unsent()

    def _affordable(self, part: Part) -> bool:
        left_usd = self._budget.left_usd
        held = part.number in self._held_usd
        return held or left_usd is None or (part.most_usd or 0.0) <= left_usd + _ROUNDING_USD

    def _cut_to_budget(self, part: Part) -> None:
        if part.requests == 1:
            raise BudgetReached(
                f"The budget of {money(self._budget.limit_usd or 0.0)} is reached: {money(self._budget.spent_usd)} is "
                f"spent, and the next request may cost {money(part.most_usd or 0.0)}. Go on with a higher one, in the "
                "panel or by run.resume(budget_usd=...)."
            )
        self.drop_unsent()

    def drop_unsent(self) -> None:
        """Forget the parts that are surely not sent; their requests are gathered anew."""
        for part in self._shelf.unsent:
            if part.number not in self._unsure:
                self.release(part)
                self._shelf.drop(part)
                self.no_use_for(part.file_id)
        self.cut_anew = True

    def no_use_for(self, *file_ids: str) -> None:
        """Have files removed at the endpoint: a feed does not stay there longer than it has to."""
        self._no_use.extend(filter(None, file_ids))

    async def tidy(self) -> None:
        """Remove the files that nobody needs any more."""
        while self._no_use:
            await self._courier.remove(self._no_use.pop())

    def hold(self, part: Part) -> None:
        """Set the most that a part may cost aside."""
        if part.number not in self._held_usd:
            self._held_usd[part.number] = part.most_usd or 0.0
            self._budget.set_aside(self._held_usd[part.number])

    def release(self, part: Part, cost_usd: float = 0.0) -> None:
        """Give back what was set aside for a part, and book what it cost."""
        self._budget.give_back(self._held_usd.pop(part.number, 0.0), cost_usd)


def _unknown(part: Part, orders: list[Order]) -> Order | None:
    """Return the batch that was made of a part without that being written down, if there is one."""
    return next((order for order in orders if order.part == part.number and order.id not in part.earlier), None)
