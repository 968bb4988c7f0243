"""The pacer and the budget of a worker: they look like a run's own, and the coordinator grants what they grant."""

from __future__ import annotations

from dataclasses import dataclass, replace

from feedeval.evaluator.cluster.messages import Settle
from feedeval.evaluator.cluster.portal import Portal
from feedeval.model.budgets import Mark
from feedeval.model.pacing import Ended, Lane, Outcome, Pacer, Permit
from feedeval.run.budget import Budget, Hold

_NO_MARK = Mark(0.0, 0.0, 0.0, 0.0)
_LIMITS = "x-ratelimit-"


class LeasedPacer(Pacer):
    """Lets calls start when the coordinator says so.

    Args:
        portal: The way to it.
    """

    def __init__(self, portal: Portal) -> None:
        super().__init__()
        self._portal = portal

    @property
    def width(self) -> int:
        """Calls that may be out now, of all workers together."""
        return self._portal.pace.width

    @property
    def token_limit(self) -> float | None:
        """Tokens that the endpoint allows in its window, where it said so."""
        return self._portal.pace.token_limit

    @property
    def cooldown_s(self) -> float:
        """Seconds until calls may start again, as last told."""
        return self._portal.pace.cooldown_s

    @property
    def cooled_s(self) -> float:
        """Seconds that all workers spent cooling down so far."""
        return self._portal.pace.cooled_s

    async def enter(self, lane: Lane, tokens: float, *, ahead: bool = False) -> Permit:
        """Wait until a call of about `tokens` tokens may start."""
        number = await self._portal.turn(lane, tokens, ahead=ahead)
        return Permit(0, number, lane.in_flight, _NO_MARK, _NO_MARK)

    def leave(self, lane: Lane, permit: Permit, ended: Ended) -> None:
        """Take a permit back; of the headers the coordinator is told what they say of limits."""
        if ended.outcome is Outcome.REFUSED:
            lane.refusals += 1
        headers = None
        if ended.headers is not None:
            headers = {name: value for name, value in ended.headers.items() if name.lower().startswith(_LIMITS)}
        self._portal.leave(lane, permit.number, replace(ended, headers=headers))

    def abort(self, lane: Lane, error: Exception) -> None:
        """Let everybody who waits in this lane fail with `error`."""
        self._portal.fail(lane, error)

    def pump(self) -> None:
        """Ask anew: a lane has more room."""
        self._portal.look()


@dataclass(frozen=True, slots=True)
class LeasedHold(Hold):
    """Money that the coordinator set aside."""

    number: int = 0


class LeasedBudget(Budget):
    """Keeps the shard's books, and asks the coordinator for money where there is a cap.

    Args:
        portal: The way to it.
    """

    def __init__(self, portal: Portal) -> None:
        super().__init__()
        self._portal = portal
        portal.spent_usd = lambda: self.spent_usd

    async def reserve(self, estimate_usd: float) -> Hold:
        """Set money aside for a call.

        Raises:
            BudgetReached: The cap of the whole run has no room for it.
        """
        if not self._portal.capped:
            return await super().reserve(estimate_usd)
        number, held_usd = await self._portal.money(estimate_usd)
        self.held_usd += held_usd
        self.in_flight += 1
        return LeasedHold(estimate_usd, held_usd, number)

    def release(self, hold: Hold, cost_usd: float | None = 0.0, *, replied: bool = False) -> None:
        """Give back what was held and book what the call cost."""
        super().release(hold, cost_usd, replied=replied)
        number = hold.number if isinstance(hold, LeasedHold) else 0
        self._portal.settle(Settle(number, hold.estimate_usd, cost_usd, replied))

    def set_limit(self, limit_usd: float | None) -> None:
        """Leave the cap to the coordinator, which has it for all."""
