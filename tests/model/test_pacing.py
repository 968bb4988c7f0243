from __future__ import annotations

import asyncio
import gc
import itertools
import random
from typing import Any

import pytest

from feedeval.model import sharing
from feedeval.model.pacing import Lane, Outcome, Pacer, Permit
from feedeval.model.sharing import shared_pacer
from tests.model.helpers import run_timeless
from tests.server.limits import RateLimits

KEY = "sk-test-0123456789abcdef"


def simulate(
    *,
    calls: int,
    rpm: int | None = None,
    tpm: int | None = None,
    tokens: int = 500,
    latency_s: float = 0.4,
    workers: int = 64,
) -> dict[str, float]:
    """Play calls against the server's own limits, in time that is not real."""
    rng = random.Random(7)

    async def play(loop: Any) -> dict[str, float]:
        limits = RateLimits(rpm, tpm, clock=loop.time)
        lane = Pacer(clock=loop.time).lane(workers)
        done: list[tuple[float, float]] = []
        refused = 0

        async def one() -> None:
            nonlocal refused
            used = max(10.0, rng.gauss(tokens, tokens * 0.3))
            again = False
            while True:
                permit = await lane.enter(tokens, ahead=again)
                await asyncio.sleep(rng.uniform(0.005, 0.03))
                over, headers = limits.admit(int(used)), limits.headers()
                if over is None:
                    break
                refused += 1
                again = True
                lane.leave(permit, Outcome.REFUSED, headers=headers, retry_after_s=over.retry_after_s)
            await asyncio.sleep(latency_s * rng.lognormvariate(0, 0.3))
            lane.leave(permit, Outcome.RETRIED_OK if again else Outcome.OK, headers=headers, tokens=used)
            done.append((loop.time(), used))

        numbers = iter(range(calls))

        async def worker() -> None:
            for _ in numbers:
                await one()

        await asyncio.gather(*(worker() for _ in range(workers)))
        half = done[len(done) // 2 :]
        seconds = half[-1][0] - half[0][0]
        return {
            "requests_a_minute": (len(half) - 1) / seconds * 60,
            "tokens_a_minute": sum(used for _, used in half[1:]) / seconds * 60,
            "refused": refused / calls,
        }

    found, _ = run_timeless(play)
    return found  # type: ignore[no-any-return]


def test_at_600_requests_a_minute_nearly_all_of_the_limit_is_used_and_hardly_anything_refused() -> None:
    found = simulate(rpm=600, calls=2400)
    assert found["requests_a_minute"] >= 0.97 * 600
    assert found["refused"] <= 0.01


def test_at_60000_tokens_a_minute_nearly_all_of_the_limit_is_used_and_hardly_anything_refused() -> None:
    found = simulate(tpm=60_000, calls=600)
    assert found["tokens_a_minute"] >= 0.97 * 60_000
    assert found["refused"] <= 0.01


def test_two_limits_at_once_are_both_kept() -> None:
    found = simulate(rpm=600, tpm=60_000, tokens=90, calls=2000)
    assert found["requests_a_minute"] >= 0.97 * 600
    assert found["refused"] <= 0.01


def test_a_refusal_cools_the_whole_endpoint_down_for_as_long_as_it_asked() -> None:
    async def play(loop: Any) -> list[float]:
        pacer = Pacer(clock=loop.time)
        one, other = pacer.lane(8), pacer.lane(8)
        permit = await one.enter(1)
        one.leave(permit, Outcome.REFUSED, retry_after_s=7.0)
        assert pacer.cooldown_s == pytest.approx(7.0)
        started = []
        for lane in (one, other):
            lane.leave(await lane.enter(1), Outcome.NEUTRAL)
            started.append(loop.time())
        assert pacer.cooldown_s == 0.0
        assert pacer.cooled_s == pytest.approx(7.0)
        return started

    started, _ = run_timeless(play)
    assert started == pytest.approx([7.0, 7.0], abs=0.01)


def test_the_cooldown_has_a_floor_that_doubles_with_each_burst_in_a_row() -> None:
    async def play(loop: Any) -> list[float]:
        lane = Pacer(clock=loop.time).lane(8)
        waits = []
        for _ in range(8):
            permit = await lane.enter(1)
            lane.leave(permit, Outcome.REFUSED)
            waits.append(lane.pacer.cooldown_s)
        permit = await lane.enter(1)
        lane.leave(permit, Outcome.OK)
        permit = await lane.enter(1)
        lane.leave(permit, Outcome.REFUSED)
        waits.append(lane.pacer.cooldown_s)
        return waits

    waits, _ = run_timeless(play)
    assert waits == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60, 1])


def test_successes_during_a_cooldown_or_after_a_retry_do_not_widen_the_window() -> None:
    async def play(loop: Any) -> tuple[int, int]:
        lane = Pacer(clock=loop.time).lane(64)
        permits = [await lane.enter(1) for _ in range(8)]
        for permit in permits:
            lane.leave(permit, Outcome.RETRIED_OK)
        after_retries = lane.pacer.width
        permits = [await lane.enter(1) for _ in range(8)]
        lane.leave(permits.pop(), Outcome.REFUSED, retry_after_s=60.0)
        narrowed = lane.pacer.width
        for permit in permits:
            lane.leave(permit, Outcome.OK)
        assert lane.pacer.width == narrowed
        return after_retries, narrowed

    (after_retries, narrowed), _ = run_timeless(play)
    assert (after_retries, narrowed) == (8, 6)


def test_calls_start_in_order_and_repeated_ones_first() -> None:
    async def play(loop: Any) -> list[str]:
        lane = Pacer(start=1, clock=loop.time).lane(64)
        order: list[str] = []
        held = await lane.enter(1)

        async def call(name: str, ahead: bool = False) -> None:
            permit = await lane.enter(1, ahead=ahead)
            order.append(name)
            lane.leave(permit, Outcome.NEUTRAL)

        tasks = [asyncio.create_task(call(name)) for name in "abc"]
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(call("again", ahead=True)))
        await asyncio.sleep(0)
        lane.leave(held, Outcome.NEUTRAL)
        await asyncio.gather(*tasks)
        return order

    order, _ = run_timeless(play)
    assert order == ["again", "a", "b", "c"]


def test_a_lane_that_is_full_holds_up_nobody_else() -> None:
    async def play(loop: Any) -> None:
        pacer = Pacer(clock=loop.time)
        small, large = pacer.lane(1), pacer.lane(8)
        await small.enter(1)
        waiting = asyncio.create_task(small.enter(1))
        await asyncio.sleep(0)
        async with asyncio.timeout(1):
            await large.enter(1)
        assert not waiting.done()
        waiting.cancel()

    run_timeless(play)


def test_narrowing_a_lane_holds_calls_back_until_it_is_lifted() -> None:
    async def play(loop: Any) -> None:
        lane = Pacer(clock=loop.time).lane(8)
        lane.narrow(2)
        permits = [await lane.enter(1) for _ in range(2)]
        waiting = asyncio.create_task(lane.enter(1))
        await asyncio.sleep(0)
        assert not waiting.done()
        lane.narrow(None)
        await waiting
        assert len(permits) == 2

    run_timeless(play)


def test_a_gap_between_starts_is_kept() -> None:
    async def play(loop: Any) -> list[float]:
        lane = Pacer(clock=loop.time).lane(8, gap_s=0.5)
        started = []
        for _ in range(4):
            await lane.enter(1)
            started.append(loop.time())
        return started

    started, _ = run_timeless(play)
    assert [b - a for a, b in itertools.pairwise(started)] == pytest.approx([0.5] * 3, abs=0.01)


def test_a_cancelled_waiter_loses_no_place() -> None:
    async def play(loop: Any) -> None:
        lane = Pacer(start=1, clock=loop.time).lane(8)
        held = await lane.enter(1)
        gone, kept = asyncio.create_task(lane.enter(1)), asyncio.create_task(lane.enter(1))
        await asyncio.sleep(0)
        lane.leave(held, Outcome.NEUTRAL)
        # The place was given to the first waiter in this very moment; cancelling hands it on.
        gone.cancel()
        async with asyncio.timeout(1):
            await kept
        assert lane.in_flight == 1

    run_timeless(play)


def test_cancelling_the_waiter_that_has_the_timer_sets_one_for_the_next() -> None:
    async def play(loop: Any) -> None:
        lane = Pacer(clock=loop.time).lane(8)
        lane.leave(await lane.enter(1), Outcome.REFUSED, retry_after_s=5.0)
        gone, kept = asyncio.create_task(lane.enter(1)), asyncio.create_task(lane.enter(1))
        await asyncio.sleep(0)
        gone.cancel()
        async with asyncio.timeout(6):
            await kept

    run_timeless(play)


def test_aborting_a_lane_fails_its_waiters_and_no_others() -> None:
    async def play(loop: Any) -> None:
        pacer = Pacer(start=1, clock=loop.time)
        one, other = pacer.lane(8), pacer.lane(8)
        held = await one.enter(1)
        failing, waiting = asyncio.create_task(one.enter(1)), asyncio.create_task(other.enter(1))
        await asyncio.sleep(0)
        one.abort(RuntimeError("no quota"))
        with pytest.raises(RuntimeError, match="no quota"):
            await failing
        one.leave(held, Outcome.NEUTRAL)
        await waiting

    run_timeless(play)


def test_runs_on_two_event_loops_share_one_pacer() -> None:
    pacer = Pacer(start=2)
    seen: list[int] = []

    async def work(lane: Lane) -> None:
        async def one() -> None:
            permit: Permit = await lane.enter(1)
            seen.append(pacer.in_flight)
            await asyncio.sleep(0.001)
            lane.leave(permit, Outcome.NEUTRAL)

        await asyncio.gather(*(one() for _ in range(30)))

    async def both() -> None:
        await asyncio.gather(
            asyncio.to_thread(asyncio.run, work(pacer.lane(64))),
            asyncio.to_thread(asyncio.run, work(pacer.lane(64))),
        )

    asyncio.run(both())
    assert len(seen) == 60
    assert max(seen) <= 2
    assert pacer.in_flight == 0


def test_one_pacer_is_shared_for_each_endpoint_and_key_and_the_key_is_nowhere_in_it() -> None:
    one, same = shared_pacer("http://a/v1", KEY), shared_pacer("http://a/v1", KEY)
    assert one is same
    assert one is not shared_pacer("http://a/v1", KEY + "x")
    assert one is not shared_pacer("http://b/v1", KEY)
    assert KEY not in repr(dict(sharing._shared))


def test_a_pacer_that_nobody_uses_is_forgotten() -> None:
    shared_pacer("http://gone/v1", KEY)
    gc.collect()
    before = len(sharing._shared)
    kept = shared_pacer("http://gone/v1", KEY)
    assert len(sharing._shared) == before + 1
    assert kept.width == 8
