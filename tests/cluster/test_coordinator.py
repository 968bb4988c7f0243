"""One limit and one budget for all, without Dask: workers are threads that speak to the coordinator directly."""

from __future__ import annotations

from typing import Any

import pytest

from feedeval.evaluator.cluster.coordinator import HORIZON_S, SILENT_S, Coordinator
from feedeval.evaluator.cluster.messages import Do, Orders, Reserve, Return, Said, Settle, Told, Want
from feedeval.evaluator.cluster.portal import Portal
from feedeval.jobs.audit import AuditSettings
from feedeval.model.pacing import Ended, Outcome
from feedeval.model.settings import ModelSettings
from feedeval.run.settings import RunSettings
from tests.e2e.support import until

OK = Ended(Outcome.OK, None, 100.0, None)
UNUSED = Ended(Outcome.NEUTRAL, None, 0.0, None)


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def coordinator(clock: Clock) -> Coordinator:
    return Coordinator(clock)


def orders(**model: Any) -> Orders:
    asked = ModelSettings(**{"model": "m", "base_url": "http://127.0.0.1:1/v1", "api_key": "k", **model})
    return Orders(RunSettings(), {}, {}, asked, audit=AuditSettings())


def say(coordinator: Coordinator, shard: int = 1, **said: Any) -> Told:
    words = {"token": "a", "worker": f"w{shard}", "heard": 99, "spent_usd": 0.0, **said}
    return coordinator.exchange(Said(shard=shard, **words))


def wants(count: int, start: int = 1) -> tuple[Want, ...]:
    return tuple(Want(number, 100.0) for number in range(start, start + count))


def test_the_window_is_one_for_all_and_shared_alike(coordinator: Coordinator) -> None:
    first = say(coordinator, 1, wants=wants(20))
    assert len(first.grants) == 8
    assert say(coordinator, 2, wants=wants(20)).grants == ()
    returns = tuple(Return(grant.permit, OK) for grant in first.grants)
    again = say(coordinator, 1, wants=wants(20, 100), returns=returns)
    # The other one asks as well, so that half of the places are its.
    assert 0 < len(again.grants) <= 8
    assert len(say(coordinator, 2, wants=wants(20)).grants) >= 8


def test_a_refusal_cools_all(coordinator: Coordinator, clock: Clock) -> None:
    [grant] = say(coordinator, 1, wants=wants(1)).grants
    refused = Ended(Outcome.REFUSED, None, None, 7.0)
    say(coordinator, 1, returns=(Return(grant.permit, refused),))
    told = say(coordinator, 2, wants=wants(1))
    assert told.grants == () and told.pace.cooldown_s == pytest.approx(7.0)
    clock.now_s += 7.1
    assert len(say(coordinator, 2, wants=wants(1)).grants) == 1


def test_the_pace_that_headers_state_is_kept_by_all_together(coordinator: Coordinator, clock: Clock) -> None:
    headers = {
        "x-ratelimit-limit-requests": "600",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "60s",
    }
    [grant] = say(coordinator, 1, wants=wants(1)).grants
    say(coordinator, 1, returns=(Return(grant.permit, Ended(Outcome.OK, headers, 100.0, None)),))
    began_s, granted = clock.now_s, 0
    while clock.now_s - began_s < 20:
        for shard in (1, 2, 3):
            told = say(coordinator, shard, wants=wants(5))
            assert all(grant.delay_s <= HORIZON_S + 1e-3 for grant in told.grants)
            granted += len(told.grants)
            say(coordinator, shard, returns=tuple(Return(grant.permit, OK) for grant in told.grants))
        clock.now_s += 0.05
    # Ten a second.
    assert 0.95 * 200 <= granted <= 1.01 * 200 + 2


def test_what_was_not_used_goes_back_to_all(coordinator: Coordinator) -> None:
    coordinator.order(orders(max_in_flight=2), budget_usd=None, spent_usd={})
    held = say(coordinator, 1, wants=wants(5)).grants
    assert len(held) == 2 and say(coordinator, 2, wants=wants(1)).grants == ()
    say(coordinator, 1, returns=tuple(Return(grant.permit, UNUSED) for grant in held))
    assert len(say(coordinator, 2, wants=wants(1)).grants) == 1


def test_the_calls_of_a_worker_that_died_go_back_to_all(coordinator: Coordinator, clock: Clock) -> None:
    coordinator.order(orders(max_in_flight=2), budget_usd=1.0, spent_usd={})
    say(coordinator, 1, wants=wants(2), reserves=(Reserve(1, 0.9),))
    assert say(coordinator, 2, wants=wants(1), reserves=(Reserve(1, 0.9),)).held == {}
    clock.now_s += SILENT_S + 1
    told = say(coordinator, 2, wants=wants(1), reserves=(Reserve(1, 0.9),))
    assert len(told.grants) == 1 and set(told.held) == {1}
    # Another sitting of the same shard gives back what the one before had out at once.
    again = say(coordinator, 2, token="b", wants=wants(2))
    assert len(again.grants) == 2


def test_the_cap_counts_all_books_and_is_overrun_by_no_call_too_many(coordinator: Coordinator) -> None:
    coordinator.order(orders(), budget_usd=1.0, spent_usd={7: 0.4, 8: 0.2})
    spent = {1: 0.0, 2: 0.0}
    number = 0
    refused: set[int] = set()
    while len(refused) < 2:
        for shard in (1, 2):
            number += 1
            told = say(coordinator, shard, spent_usd=spent[shard], reserves=(Reserve(number, 0.01),))
            refused |= {shard} if told.refused else set()
            if told.held:
                spent[shard] += 0.013
                say(coordinator, shard, spent_usd=spent[shard], settles=(Settle(number, 0.01, 0.013, True),))
    assert 0.9 < 0.6 + sum(spent.values()) <= 1.0 + 0.013
    coordinator.set_budget(2.0)
    assert say(coordinator, 1, spent_usd=spent[1], reserves=(Reserve(999, 0.01),)).held


def test_a_coordinator_made_anew_goes_by_what_the_books_say(clock: Clock) -> None:
    anew = Coordinator(clock)
    anew.order(orders(), budget_usd=1.0, spent_usd={1: 0.5})
    # The worker knows better than what was on disk, and settles what the one before had granted.
    told = say(anew, 1, spent_usd=0.999, settles=(Settle(5, 0.01, 0.01, True),), reserves=(Reserve(6, 0.01),))
    assert told.refused and not told.held


def test_what_was_spent_is_not_forgotten_while_a_worker_has_yet_to_read_the_books(coordinator: Coordinator) -> None:
    coordinator.order(orders(), budget_usd=1.0, spent_usd={1: 0.999})
    say(coordinator, 1, token="b", spent_usd=0.0)
    assert say(coordinator, 2, spent_usd=0.0, reserves=(Reserve(1, 0.01),)).refused
    coordinator.order(orders(), budget_usd=1.0, spent_usd={1: 0.5})
    assert say(coordinator, 2, spent_usd=0.0, reserves=(Reserve(2, 0.01),)).refused


def test_a_command_is_told_until_it_was_heard_and_nothing_is_granted_meanwhile(coordinator: Coordinator) -> None:
    coordinator.say(Do.PAUSE)
    told = say(coordinator, 1, heard=0, wants=wants(3))
    assert told.command is not None and told.command.do is Do.PAUSE and told.grants == ()
    assert say(coordinator, 1, heard=told.command.serial).command is None
    coordinator.say(Do.WORK)
    assert len(say(coordinator, 1, heard=told.command.serial, wants=wants(3)).grants) == 3


def test_no_money_goes_back_before_what_it_was_spent_on_is_told() -> None:
    heard: list[Said] = []

    def link(said: Said) -> Told:
        heard.append(said)
        return Told()

    portal = Portal(link, 1, "w")
    spent_usd = 0.0

    def look() -> float:
        # A call ends at the worst moment, just after somebody looked at the books.
        nonlocal spent_usd
        before_usd = spent_usd
        spent_usd += 0.01
        portal.settle(Settle(1, 0.01, 0.01, True))
        return before_usd

    portal.spent_usd = look
    portal.open()
    until(lambda: len(heard) > 5, "some words")
    portal.spent_usd = lambda: spent_usd
    portal.close()
    settled_usd = 0.0
    for said in heard:
        settled_usd += sum(each.cost_usd or 0.0 for each in said.settles)
        assert said.spent_usd is not None and settled_usd <= said.spent_usd + 1e-9
    assert settled_usd == pytest.approx(spent_usd)
