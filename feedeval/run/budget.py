"""The budget: a hard cap that knows what is in flight.

The rule. A call starts only if what is spent, what calls in flight have reserved, and what this call may cost stay
within the cap together. A caller's estimate is corrected upwards by the worst ratio of real to estimated cost seen so
far, and where there is no estimate the dearest call so far stands in for it.

Such a guess is worth little before prices were seen. So the first call under a budget goes alone, and after it no more
calls are in flight than were priced before, unless the cap would hold if each of them cost ten times what is expected.
Of n calls about one costs more than the dearest of n calls before them: so the cap is overrun by no more than the price
of one call.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from feedeval.errors import BudgetReached
from feedeval.formatting import money

_ROUNDING_USD = 1e-9
"""Prices are added up in binary: ten cents ten times are not quite a dollar."""


_SURPRISE = 10.0
"""How many times its guess a call is thought to cost at most while few prices are known."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Money set aside for one call in flight."""

    estimate_usd: float
    """What the caller asked for."""
    held_usd: float
    """What was set aside."""


class Budget:
    """Reserves and settles the cost of calls against a cap. Lives on one event loop."""

    def __init__(self, limit_usd: float | None = None, *, spent_usd: float = 0.0) -> None:
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self.held_usd = 0.0
        self.set_aside_usd = 0.0
        """For what is answered much later than it is sent; calls in flight do not wait for it."""
        self.in_flight = 0
        self._priced = 0
        self._unpriced = False
        self._worst_ratio = 1.0
        self._dearest_usd = 0.0
        self._waiters: list[asyncio.Future[None]] = []

    async def reserve(self, estimate_usd: float) -> Hold:
        """Set money aside for a call; waits while calls in flight may give some back.

        Raises:
            BudgetReached: The call could overrun the cap although nothing is in flight.
        """
        while (hold := self.try_reserve(estimate_usd)) is None:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        return hold

    def try_reserve(self, estimate_usd: float) -> Hold | None:
        """Set money aside for a call; None while calls in flight may give some back.

        Raises:
            BudgetReached: As `reserve`.
        """
        if not self._fits(estimate_usd):
            return None
        hold = Hold(estimate_usd, self._price(estimate_usd))
        self.held_usd += hold.held_usd
        self.in_flight += 1
        return hold

    def release(self, hold: Hold, cost_usd: float | None = 0.0, *, replied: bool = False) -> None:
        """Give back what was held and book what the call cost; `cost_usd` None is a reply without a known price."""
        self.in_flight -= 1
        self.held_usd = self.held_usd - hold.held_usd if self.in_flight else 0.0
        if replied and cost_usd is None:
            self._unpriced = True
        elif replied and cost_usd is not None:
            self.spent_usd += cost_usd
            self._priced += 1
            self._dearest_usd = max(self._dearest_usd, cost_usd)
            if hold.estimate_usd > 0:
                self._worst_ratio = max(self._worst_ratio, cost_usd / hold.estimate_usd)
        self._wake()

    @property
    def left_usd(self) -> float | None:
        """What may still be spent; None where there is no cap."""
        if self.limit_usd is None:
            return None
        return max(0.0, self.limit_usd - self.spent_usd - self.held_usd - self.set_aside_usd)

    def set_aside(self, most_usd: float) -> None:
        """Set the most that something may cost aside, until `give_back`."""
        self.set_aside_usd += most_usd

    def give_back(self, most_usd: float, cost_usd: float) -> None:
        """Give back what was set aside, and book what it cost."""
        self.set_aside_usd = max(0.0, self.set_aside_usd - most_usd)
        self.spent_usd += cost_usd
        self._wake()

    def set_limit(self, limit_usd: float | None) -> None:
        """Change the cap; waiting calls look again."""
        self.limit_usd = limit_usd
        self._wake()

    def _price(self, estimate_usd: float) -> float:
        return estimate_usd * self._worst_ratio if estimate_usd > 0 else self._dearest_usd

    def _fits(self, estimate_usd: float) -> bool:
        if self.limit_usd is None:
            return True
        if self._unpriced:
            raise BudgetReached(
                f"The budget of {money(self.limit_usd)} cannot be kept: the price of this model is not known. Give "
                "its price in the model's settings, or go on without a budget by run.resume(budget_usd=None)."
            )
        need_usd = self._price(estimate_usd)
        left_usd = self.limit_usd - self.spent_usd - self.set_aside_usd + _ROUNDING_USD
        if self.in_flight:
            expected_usd = self.held_usd + need_usd
            unsure = self.in_flight >= self._priced and expected_usd * _SURPRISE > left_usd
            return self._priced > 0 and expected_usd <= left_usd and not unsure
        if need_usd > left_usd or left_usd <= 2 * _ROUNDING_USD:
            raise BudgetReached(
                f"The budget of {money(self.limit_usd)} is reached: {money(self.spent_usd)} is spent, and the next "
                f"call may cost {money(need_usd)}. Go on with a higher one, in the panel or by "
                "run.resume(budget_usd=...)."
            )
        return True

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
