"""Service tiers: flex calls that find no room, and the price of the tier that served a call."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from feedeval import errors
from feedeval.model.client import Prompt
from feedeval.model.faults import kind_of_status
from feedeval.model.pricing import cost_usd
from feedeval.records import Usage
from tests.model.helpers import Books, NoSleep, ask, client_for, closing
from tests.server import Fault, FaultKind, ModelServer

USAGE = Usage(input_tokens=1_000_000, cached_tokens=200_000, output_tokens=100_000)
MODEL = "gpt-5-mini"
"""Has a price at each tier."""


def price(tier: str | None, model: str = MODEL) -> float | None:
    return cost_usd(model, USAGE, tier=tier)


def test_flex_costs_half_and_priority_more() -> None:
    standard, flex, priority = price(None), price("flex"), price("priority")
    assert standard and flex and priority
    assert flex == pytest.approx(standard / 2)
    assert priority > standard
    assert price("default") == price("auto") == price("") == standard


def test_a_tier_that_a_model_is_not_sold_at_has_no_price() -> None:
    assert price(None, "gpt-4o-mini") is not None
    assert price("flex", "gpt-4o-mini") is None
    assert price("scale") is None


def test_cached_tokens_cost_less_at_every_tier() -> None:
    for tier in (None, "flex", "priority"):
        full = cost_usd(MODEL, USAGE.model_copy(update={"cached_tokens": 0}), tier=tier)
        cached = price(tier)
        assert full and cached and cached < full


@pytest.mark.parametrize(
    ("asked", "config", "billed"),
    [
        ("flex", {}, "flex"),
        ("flex", {"tier": "default"}, "default"),
        ("priority", {"tier": "default"}, "default"),
        ("auto", {"tier": "flex"}, "flex"),
        # Where a reply does not say, the dearer one is supposed: a budget is a hard cap.
        ("flex", {"says_tier": False}, "default"),
        ("priority", {"says_tier": False}, "priority"),
    ],
)
async def test_the_tier_that_the_reply_names_decides_the_price(
    server: ModelServer, asked: str, config: dict[str, Any], billed: str
) -> None:
    server.configure(**config)
    client, books = client_for(server.base_url, model=MODEL, service_tier=asked), Books()
    await closing(client, ask(client, books))
    (call,) = books.paid
    assert call.cost_usd == pytest.approx(cost_usd(MODEL, call.usage, tier=billed))
    assert books.reserved[0] >= (call.cost_usd or 0)


async def test_a_flex_call_that_finds_no_room_is_tried_again_and_narrows_nothing(server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.NO_CAPACITY, times=3))
    sleep = NoSleep()
    client, books = client_for(server.base_url, sleep=sleep, model=MODEL, service_tier="flex"), Books()
    width = client.gauges().limit
    await closing(client, ask(client, books))
    first, second, third = sleep.slept
    assert first < second < third
    gauges = client.gauges()
    assert (gauges.retries, gauges.rate_limited, gauges.cooled_s, gauges.limit) == (3, 0, 0.0, width)
    assert server.stats.by_tier == {"flex": 1}


async def test_a_wait_that_the_endpoint_asks_for_is_kept(server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.NO_CAPACITY, times=1, retry_after_s=45))
    sleep = NoSleep()
    client = client_for(server.base_url, sleep=sleep, model=MODEL, service_tier="flex")
    await closing(client, ask(client, Books()))
    assert sleep.slept == [45]


async def test_no_room_for_long_is_a_fault_of_the_record_in_the_end(server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.NO_CAPACITY))
    client = client_for(server.base_url, model=MODEL, service_tier="flex", max_retries=1)
    with pytest.raises(errors.NoCapacity, match="no capacity"):
        await closing(client, ask(client, Books()))
    assert server.stats.requests == 5


async def test_a_flex_call_falls_back_to_the_default_tier_where_that_is_asked_for(server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.NO_CAPACITY, contains="crowded"))
    client = client_for(server.base_url, model=MODEL, service_tier="flex", flex_fallback="default")
    books = Books()
    await ask(client, books, Prompt("s", "crowded"))
    await closing(client, ask(client, books, Prompt("s", "quiet")))
    assert server.stats.by_tier == {"default": 1, "flex": 1}
    for call, tier in zip(books.paid, ("default", "flex"), strict=True):
        assert call.cost_usd == pytest.approx(cost_usd(MODEL, call.usage, tier=tier))
    assert client.gauges().retries == 0
    assert books.reserved[0] >= (books.paid[0].cost_usd or 0)


async def test_many_flex_calls_are_out_while_some_find_no_room(server: ModelServer) -> None:
    server.configure(latency_s=0.1)
    server.faults.append(Fault(FaultKind.NO_CAPACITY, probability=0.3))
    client = client_for(server.base_url, model=MODEL, service_tier="flex", max_in_flight=32, max_retries=8)
    answers = await closing(client, asyncio.gather(*(ask(client, Books(), Prompt("s", f"{i}?")) for i in range(200))))
    assert len(answers) == 200
    assert client.gauges().limit == 32
    assert server.stats.refused > 20


async def test_no_room_where_no_flex_was_asked_for_asks_for_fewer_calls(server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.NO_CAPACITY_AT_ALL, times=1))
    client = client_for(server.base_url)
    await closing(client, ask(client, Books()))
    assert client.gauges().rate_limited == 1


@pytest.mark.parametrize(
    ("status", "code"), [(429, "resource_unavailable"), (429, "Resource Unavailable"), (498, None)]
)
def test_want_of_capacity_is_told_by_status_and_code(status: int, code: str | None) -> None:
    assert kind_of_status(status, code, None) is errors.NoCapacity


def test_flex_replies_may_take_longer() -> None:
    assert client_for("http://127.0.0.1:9/v1", service_tier="flex").settings.timeout_s == 900
    assert client_for("http://127.0.0.1:9/v1", service_tier="flex", timeout_s=30).settings.timeout_s == 30


def test_a_price_that_is_not_known_at_the_tier_is_said() -> None:
    assert not client_for("https://api.openai.com/v1", service_tier="flex").price_known
    own = {"input_price": 1.0, "output_price": 2.0, "cached_price": 0.1}
    client = client_for("https://api.openai.com/v1", service_tier="flex", **own)
    assert client.price(USAGE) == pytest.approx(0.8 + 0.02 + 0.2)
