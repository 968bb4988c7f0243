"""The budget and the books, on a loop without a run around them."""

from __future__ import annotations

import asyncio
import random

import pytest

from feedeval.errors import BudgetReached, StorageError
from feedeval.records import Call, Usage
from feedeval.run.budget import Budget
from feedeval.run.ledger import RecordLedger, RunLedger


async def spend(budget: Budget, *, estimate_usd: float, cost_usd: float) -> None:
    hold = await budget.reserve(estimate_usd)
    await asyncio.sleep(0)
    budget.release(hold, cost_usd, replied=True)


async def test_without_a_cap_nothing_waits() -> None:
    budget = Budget()

    await asyncio.gather(*(spend(budget, estimate_usd=1.0, cost_usd=2.0) for _ in range(50)))

    assert budget.spent_usd == pytest.approx(100.0)
    assert (budget.in_flight, budget.held_usd) == (0, 0.0)


async def test_a_call_waits_while_others_may_give_money_back() -> None:
    budget = Budget(1.0)
    await spend(budget, estimate_usd=0.1, cost_usd=0.1)
    big = await budget.reserve(0.8)
    waits = asyncio.create_task(budget.reserve(0.3))
    # A chance to go on, which it must not.
    await asyncio.sleep(0.01)
    assert not waits.done()

    budget.release(big, 0.2, replied=True)

    assert (await waits).held_usd == pytest.approx(0.3)


async def test_the_cap_is_reached_only_when_nothing_is_in_flight() -> None:
    budget = Budget(1.0)
    await spend(budget, estimate_usd=0.5, cost_usd=0.5)
    hold = await budget.reserve(0.4)
    waits = asyncio.create_task(budget.reserve(0.4))
    # A chance to go on, which it must not.
    await asyncio.sleep(0.01)
    assert not waits.done()

    budget.release(hold, 0.4, replied=True)

    with pytest.raises(BudgetReached, match=r"run\.resume"):
        await waits


async def test_a_higher_cap_lets_those_go_on_that_wait() -> None:
    budget = Budget(0.3)
    await spend(budget, estimate_usd=0.1, cost_usd=0.1)
    await budget.reserve(0.1)
    waits = asyncio.create_task(budget.reserve(0.2))
    await asyncio.sleep(0.01)

    budget.set_limit(10.0)

    assert (await waits).held_usd == pytest.approx(0.2)


async def test_the_first_call_goes_alone() -> None:
    budget = Budget(10.0)
    await budget.reserve(0.001)

    second = asyncio.create_task(budget.reserve(0.001))
    # A chance to go on, which it must not.
    await asyncio.sleep(0.01)

    assert not second.done()
    second.cancel()


@pytest.mark.parametrize("factor", [0.0, 0.2, 1.0])
async def test_a_burst_overruns_by_no_more_than_one_call(factor: float) -> None:
    """Whatever the estimates are worth: none, a fifth of the price, right."""
    dice = random.Random(3)
    budget = Budget(1.0)

    async def one() -> None:
        cost_usd = 0.01 * dice.uniform(0.8, 1.0)
        hold = await budget.reserve(0.01 * factor)
        await asyncio.sleep(0.0005)
        budget.release(hold, cost_usd, replied=True)

    done = await asyncio.gather(*(one() for _ in range(300)), return_exceptions=True)

    assert budget.spent_usd <= 1.0 + 0.01
    assert budget.spent_usd > 0.9
    assert any(isinstance(end, BudgetReached) for end in done)


async def test_a_call_without_a_reply_costs_nothing() -> None:
    budget = Budget(1.0)
    hold = await budget.reserve(0.5)

    budget.release(hold)

    assert (budget.spent_usd, budget.held_usd, budget.in_flight) == (0.0, 0.0, 0)


class Log:
    """A call log that can break."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, Call]] = []
        self.broken = False

    def append_call(self, batch_number: int, call: Call) -> None:
        if self.broken:
            raise StorageError("full")
        self.lines.append((batch_number, call))

    def calls_of(self, batch_number: int) -> list[Call]:
        return [call for number, call in self.lines if number == batch_number]


def a_call(request_hash: str, *, cost_usd: float | None = 0.5, retries: int = 0) -> Call:
    usage = Usage(input_tokens=10, output_tokens=5)
    return Call(request_hash=request_hash, model="m", text="t", usage=usage, cost_usd=cost_usd, retries=retries)


async def settled(ledger: RecordLedger, call: Call | None) -> None:
    await ledger.reserve(0.1)
    await ledger.settle(0.1, call)


async def test_a_record_is_charged_with_its_calls() -> None:
    books = RunLedger(Log(), Budget())
    ledger = RecordLedger(books, 1)

    await settled(ledger, a_call("a", retries=2))
    await settled(ledger, None)

    tally = ledger.tally
    assert (tally.calls, tally.retries, tally.tokens, tally.cost_usd) == (1, 2, 15, 0.5)
    assert books.run.calls == 1


async def test_a_call_of_an_earlier_sitting_is_found_and_charged_once() -> None:
    books = RunLedger(Log(), Budget())
    books.take_over(1, a_call("a"))
    first, second = RecordLedger(books, 1), RecordLedger(books, 1)

    assert first.find("a") is not None
    assert second.find("a") is not None

    assert (first.tally.calls, second.tally.calls, books.run.calls) == (1, 0, 1)


async def test_a_record_that_is_put_back_leaves_its_calls_to_the_next_try() -> None:
    books = RunLedger(Log(), Budget())
    first = RecordLedger(books, 1)
    await settled(first, a_call("a"))

    first.close(put_back=True)

    second = RecordLedger(books, 1)
    assert second.find("a") is not None
    assert second.tally.calls == 1
    assert books.run.calls == 1


async def test_calls_that_nobody_claims_are_told_when_their_batch_closes() -> None:
    books = RunLedger(Log(), Budget())
    books.take_over(1, a_call("questions"))
    books.take_over(1, a_call("judge"))
    RecordLedger(books, 1).find("judge")

    unclaimed = books.close_batch(1)

    assert (unclaimed.calls, unclaimed.cost_usd) == (1, 0.5)
    assert books.find("judge") == (None, False)


async def test_calls_of_another_session_are_free() -> None:
    books = RunLedger(Log(), Budget())
    books.look_elsewhere({"a": a_call("a")})
    ledger = RecordLedger(books, 1)

    assert ledger.find("a") is not None
    assert (ledger.tally.calls, books.run.calls) == (0, 0)


async def test_a_reply_that_could_not_be_written_is_kept_and_written_later() -> None:
    log = Log()
    log.broken = True
    books = RunLedger(log, Budget(10.0))
    ledger = RecordLedger(books, 3)

    with pytest.raises(StorageError):
        await settled(ledger, a_call("a"))
    ledger.close(put_back=True)
    with pytest.raises(StorageError):
        books.write_again()
    log.broken = False
    books.write_again()
    books.write_again()

    assert [(number, call.request_hash) for number, call in log.lines] == [(3, "a")]
    assert RecordLedger(books, 3).find("a") is not None
    assert books.budget.spent_usd == 0.5


async def test_a_record_that_is_cut_off_gives_its_money_back() -> None:
    books = RunLedger(Log(), Budget(1.0))
    ledger = RecordLedger(books, 1)
    await ledger.reserve(0.4)

    ledger.close(put_back=True)

    assert (books.budget.held_usd, books.budget.in_flight) == (0.0, 0)


async def test_an_unknown_price_makes_the_sum_unknown() -> None:
    books = RunLedger(Log(), Budget())
    ledger = RecordLedger(books, 1)
    await settled(ledger, a_call("a"))
    await settled(ledger, a_call("b", cost_usd=None))

    assert ledger.tally.cost_usd is None
    assert books.run.cost_usd is None


async def test_a_reply_that_came_by_batch_is_found_in_the_log_and_charged_to_who_finds_it() -> None:
    log = Log()
    books = RunLedger(log, Budget())

    assert [books.land(2, a_call("a")), books.land(2, a_call("b")), books.land(2, a_call("a"))] == [True, True, False]
    ledger = RecordLedger(books, 2)

    assert ledger.find("a") == a_call("a") and ledger.find("c") is None
    assert (ledger.tally.calls, books.run.calls, len(log.lines)) == (1, 2, 2)
    assert books.close_batch(2).calls == 1


async def test_a_call_that_was_left_in_its_log_is_counted_with_its_batch_where_nobody_asks_for_it() -> None:
    log = Log()
    log.append_call(1, a_call("a"))
    books = RunLedger(log, Budget())

    books.leave_ashore(1, a_call("a"))
    books.leave_ashore(1, a_call("a"))

    assert books.run.calls == 1
    assert books.close_batch(1).calls == 1 and books.close_batch(1).calls == 0


async def test_what_is_set_aside_counts_as_spent_until_it_is_given_back() -> None:
    budget = Budget(1.0)

    budget.set_aside(0.7)
    assert budget.left_usd == pytest.approx(0.3)
    with pytest.raises(BudgetReached):
        await budget.reserve(0.5)

    budget.give_back(0.7, 0.2)
    assert budget.left_usd == pytest.approx(0.8) and budget.spent_usd == 0.2
    budget.release(await budget.reserve(0.5))
    assert Budget().left_usd is None
