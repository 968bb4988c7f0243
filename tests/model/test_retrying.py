from __future__ import annotations

import random

import pytest

from feedeval.errors import (
    ConnectionLost,
    FeedevalError,
    QuotaExhausted,
    RateLimited,
    RequestRejected,
    ServerFault,
    TimedOut,
)
from feedeval.model.retrying import Patience, retry
from tests.model.helpers import NoSleep


class Failing:
    """Fails in the given ways, one after the other, then returns."""

    def __init__(self, *faults: FeedevalError) -> None:
        self.faults = list(faults)
        self.tries = 0

    async def __call__(self) -> str:
        self.tries += 1
        if self.faults:
            raise self.faults.pop(0)
        return "done"


async def retried(failing: Failing, max_retries: int = 5) -> tuple[str, list[float], Patience]:
    sleep, patience = NoSleep(), Patience(max_retries, random.Random(1))
    return await retry(failing, patience, sleep), sleep.slept, patience


async def test_what_may_pass_is_tried_again_with_growing_pauses() -> None:
    done, slept, patience = await retried(Failing(ServerFault("a"), TimedOut("b"), ServerFault("c")))
    assert done == "done"
    assert patience.retries == 3
    assert 0.375 <= slept[0] <= 0.625
    assert 0.75 <= slept[1] <= 1.25
    assert 1.5 <= slept[2] <= 2.5


async def test_the_last_fault_is_raised_when_patience_is_spent() -> None:
    failing = Failing(*[ServerFault(str(i)) for i in range(9)])
    with pytest.raises(ServerFault, match="3"):
        await retried(failing, max_retries=3)
    assert failing.tries == 4


async def test_no_retries_means_one_try() -> None:
    failing = Failing(TimedOut("a"))
    with pytest.raises(TimedOut):
        await retried(failing, max_retries=0)
    assert failing.tries == 1


@pytest.mark.parametrize("fault", [RequestRejected("a"), QuotaExhausted("a")])
async def test_what_no_retry_mends_is_not_tried_again(fault: FeedevalError) -> None:
    failing = Failing(fault)
    with pytest.raises(type(fault)):
        await retried(failing)
    assert failing.tries == 1


async def test_retry_after_is_honoured_where_it_is_longer() -> None:
    _, slept, _ = await retried(Failing(ServerFault("a", retry_after_s=42.0)))
    assert slept == [42.0]


async def test_refusals_by_rate_wait_in_the_pacer_and_wear_patience_out_slowly() -> None:
    failing = Failing(*[RateLimited("a", 1.0) for _ in range(12)])
    done, slept, _ = await retried(failing, max_retries=3)
    assert done == "done"
    assert set(slept) == {0.0}
    with pytest.raises(RateLimited):
        await retried(Failing(*[RateLimited("a") for _ in range(13)]), max_retries=3)


async def test_a_connection_that_cannot_be_made_is_tried_three_times_in_a_short_time() -> None:
    failing = Failing(*[ConnectionLost("a") for _ in range(9)])
    sleep = NoSleep()
    with pytest.raises(ConnectionLost):
        await retry(failing, Patience(5, random.Random(1)), sleep)
    assert failing.tries == 3
    assert sum(sleep.slept) < 3.0
