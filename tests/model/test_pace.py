"""What is used of limits that are enforced over other times than headers tell, and what is refused."""

from __future__ import annotations

import asyncio
import random
import statistics
from dataclasses import dataclass
from typing import Any

import pytest

from feedeval.model.pace import LearnedPace
from feedeval.model.pacing import Outcome, Pacer
from feedeval.model.sharing import shared_pacer
from tests.model.helpers import run_timeless
from tests.server.limits import Enforced, Headers, RateLimits, Shape

RPM = 600
PLAYED_S = 180.0


@dataclass(frozen=True)
class Played:
    """What came of calls that were made for a while as fast as the pacer let them."""

    used: float
    """Of what the limit allows in that time, what it has saved up at the start included."""
    refused: float


def play(enforced: Enforced, *, latency_s: float, sigma: float = 0.0, workers: int = 128, seed: int = 1) -> Played:
    """Play calls against the model server's own limits, in time that is not real."""
    rng = random.Random(seed)
    window_s = enforced.window_s or 60.0

    async def run(loop: Any) -> Played:
        limits = RateLimits(RPM, None, clock=loop.time, enforced=enforced)
        lane = Pacer(clock=loop.time).lane(workers)
        accepted = refused = 0

        async def one() -> None:
            nonlocal accepted, refused
            again = False
            while True:
                permit = await lane.enter(500, ahead=again)
                await asyncio.sleep(rng.uniform(0.003, 0.02))
                over = limits.admit(500)
                headers = limits.headers()
                if over is None:
                    break
                refused += 1
                again = True
                await asyncio.sleep(rng.uniform(0.001, 0.01))
                lane.leave(permit, Outcome.REFUSED, headers=headers, retry_after_s=over.retry_after_s)
            accepted += 1
            await asyncio.sleep(latency_s * (rng.lognormvariate(0.0, sigma) if sigma else 1.0))
            lane.leave(permit, Outcome.RETRIED_OK if again else Outcome.OK, headers=headers, tokens=500)

        async def worker() -> None:
            while True:
                await one()

        workers_ = [asyncio.create_task(worker()) for _ in range(workers)]
        await asyncio.sleep(PLAYED_S)
        for task in workers_:
            task.cancel()
        await asyncio.gather(*workers_, return_exceptions=True)
        first_s = (1.0 - enforced.phase) * window_s if enforced.shape is Shape.FIXED else 0.0
        allowed = RPM / 60.0 * (window_s + PLAYED_S - first_s)
        return Played(accepted / allowed, refused / (accepted + refused))

    found, _ = run_timeless(run)
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize(("latency_s", "sigma"), [(0.1, 0.0), (1.0, 0.5)], ids=["100 ms", "1 s"])
@pytest.mark.parametrize("headers", list(Headers))
@pytest.mark.parametrize("window_s", [1.0, 6.0, 10.0, 60.0])
@pytest.mark.parametrize("shape", list(Shape))
def test_nearly_all_of_a_limit_is_used_and_hardly_anything_refused_however_it_is_enforced(
    shape: Shape, window_s: float, headers: Headers, latency_s: float, sigma: float
) -> None:
    found = play(Enforced(window_s, shape, headers, phase=0.3), latency_s=latency_s, sigma=sigma)
    assert found.used >= 0.95
    assert found.refused <= (0.03 if headers is Headers.NONE else 0.01)


def accepted_evenly(pace: LearnedPace, calls: int, gap_s: float, *, now: float = 0.0) -> float:
    """Let calls start evenly and be accepted; return when the next would start."""
    for _ in range(calls):
        pace.start(now, None)
        pace.accepted(1)
        now += gap_s
    return now


def refuse(pace: LearnedPace, now: float, *, in_flight: int = 1, stated: float | None = None) -> None:
    pace.refused(pace.start(now, stated), in_flight, now, stated)
    pace.resumes(now)


def test_before_any_refusal_no_pace_is_kept() -> None:
    pace = LearnedPace()
    accepted_evenly(pace, 500, 0.001)
    assert pace.known(None) is None
    assert pace.known(10.0) is None


def test_what_was_accepted_between_two_refusals_is_the_pace() -> None:
    pace = LearnedPace()
    now = accepted_evenly(pace, 60, 0.001)
    refuse(pace, now)
    now = accepted_evenly(pace, 99, 0.1, now=now + 0.1)
    refuse(pace, now)
    assert pace.known(None) == pytest.approx(99 / 10.0, rel=0.02)


def test_a_limit_of_a_second_is_used_whatever_the_first_seconds_told() -> None:
    """A few refusals close together tell a pace badly: that must not be paid for in the minutes after them."""
    enforced = Enforced(1.0, Shape.FIXED, Headers.NONE, phase=0.1)
    found = [play(enforced, latency_s=1.0, sigma=0.5, seed=seed) for seed in range(20, 40)]
    assert min(played.used for played in found) >= 0.92
    assert statistics.mean(played.used for played in found) >= 0.95
    assert max(played.refused for played in found) <= 0.03


def start_as_soon_as_may_be(pace: LearnedPace, until_s: float, *, now: float) -> float:
    """Let calls start at the pace that is kept and be accepted; return when the next may start."""
    while (now := now + pace.wait_s(now)) < until_s:
        pace.start(now, None)
        pace.accepted(1)
    return now


def test_the_time_in_which_a_pace_was_still_widening_tells_of_no_limit() -> None:
    pace = LearnedPace()
    refuse(pace, accepted_evenly(pace, 60, 0.001))
    refuse(pace, accepted_evenly(pace, 10, 0.2, now=0.1))
    began = pace.known(None)
    assert began is not None and began < 6.0
    now = start_as_soon_as_may_be(pace, 30.0, now=3.0)
    reached = pace.known(None)
    assert reached is not None and reached > 1.5 * began
    refuse(pace, now)
    kept = pace.known(None)
    assert kept is not None and 0.85 * reached < kept < reached


def test_few_calls_take_little_from_a_pace_that_many_found() -> None:
    pace = LearnedPace()
    now = accepted_evenly(pace, 60, 0.001)
    for _ in range(4):
        refuse(pace, now)
        now = accepted_evenly(pace, 100, 0.1, now=now + 0.1)
    refuse(pace, now)
    sure = pace.known(None)
    now = accepted_evenly(pace, 12, 0.1, now=now + 0.1)
    refuse(pace, now)
    kept = pace.known(None)
    assert sure is not None and kept is not None and 0.965 * sure < kept <= sure


def test_after_a_refusal_the_stated_pace_is_kept_and_never_gone_beyond() -> None:
    pace = LearnedPace()
    now = accepted_evenly(pace, 10, 0.01)
    refuse(pace, now, stated=10.0)
    assert pace.known(10.0) == 10.0
    for _ in range(1000):
        now += pace.wait_s(now)
        pace.start(now, 10.0)
    assert pace.known(10.0) == 10.0


def test_an_endpoint_that_limits_calls_at_once_is_given_no_pace() -> None:
    pace = LearnedPace()
    now = accepted_evenly(pace, 60, 0.01)
    for _ in range(6):
        refuse(pace, now, in_flight=17)
        now = accepted_evenly(pace, 40, 0.1, now=now + 0.1)
    assert pace.known(None) is None


def test_a_limit_that_was_raised_is_found_again() -> None:
    pace = LearnedPace()
    now = 0.0
    for _ in range(4):
        now = accepted_evenly(pace, 50, 0.1, now=now)
        refuse(pace, now)
    before = pace.known(None)
    assert before is not None
    while now < 600.0:
        now += pace.wait_s(now)
        pace.start(now, None)
        pace.accepted(2)
    after = pace.known(None)
    assert after is not None and after > 1.5 * before


def test_a_burst_of_refusals_teaches_once() -> None:
    pace = LearnedPace()
    now = accepted_evenly(pace, 60, 0.001)
    numbers = [pace.start(now, None) for _ in range(20)]
    for number in numbers:
        pace.refused(number, 20, now, None)
    pace.resumes(now + 1.0)
    now = accepted_evenly(pace, 50, 0.1, now=now + 1.0)
    refuse(pace, now, in_flight=1)
    assert pace.known(None) == pytest.approx(50 / 6.0, rel=0.03)


def test_pacers_of_one_endpoint_pass_on_what_they_learned() -> None:
    endpoint = "http://kept/v1"
    pace = shared_pacer(endpoint, None).pace
    pace.rate = 7.0
    assert shared_pacer(endpoint, None).pace.rate == 7.0
    assert shared_pacer(endpoint + "/other", None).pace.rate is None
