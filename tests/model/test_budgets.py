from __future__ import annotations

import pytest

from feedeval.model.budgets import LimitReading, RateBudget, parse_duration, read_headers


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120ms", 0.12), ("1m3s", 63.0), ("6.5s", 6.5), ("1h0m5s", 3605.0), ("12", 12.0), ("0s", 0.0), ("2d", 172800.0)],
)
def test_reset_headers_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "1x", "12 parsecs", "-3", "nan", "1m3"])
def test_a_reset_header_that_is_no_duration_is_passed_over(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize("limit", ["lots", "nan", "0", "-5"])
def test_headers_that_say_nothing_usable_teach_nothing(limit: str) -> None:
    headers = {"x-ratelimit-limit-requests": limit, "x-ratelimit-remaining-requests": "3"}
    assert read_headers(headers, "requests") is None
    assert read_headers({}, "requests") is None


def test_nothing_known_means_nothing_waits() -> None:
    assert RateBudget().wait_s(0.0, 1e9) == 0.0


def test_the_pace_is_learned_from_what_is_used_and_when_it_is_back() -> None:
    budget = RateBudget()
    mark = budget.take(0.0, 1.0)
    budget.finish(mark)
    budget.learn(0.1, mark, 1.0, LimitReading(600, 540, 6.0))
    assert budget.rate == pytest.approx(10.0)


def test_a_limit_without_a_reset_is_taken_as_a_minutes() -> None:
    budget = RateBudget()
    mark = budget.take(0.0, 1.0)
    budget.finish(mark)
    budget.learn(0.0, mark, 1.0, LimitReading(600, 0, None))
    assert budget.wait_s(0.0, 1.0) == pytest.approx(0.1)


def test_an_empty_budget_lets_the_next_call_wait_for_the_refill() -> None:
    budget = RateBudget()
    mark = budget.take(0.0, 1.0)
    budget.finish(mark)
    budget.learn(0.0, mark, 1.0, LimitReading(60, 0, 60.0))
    assert budget.wait_s(0.0, 1.0) == pytest.approx(1.0)
    assert budget.wait_s(0.6, 1.0) == pytest.approx(0.4)
    assert budget.wait_s(1.0, 1.0) == pytest.approx(0.0)


def test_calls_that_are_out_are_taken_off_what_a_reply_says_remained() -> None:
    budget = RateBudget()
    marks = [budget.take(0.0, 1.0) for _ in range(10)]
    budget.finish(marks[0])
    # The reply was written before the other nine came in, for all that is known.
    budget.learn(0.0, marks[0], 1.0, LimitReading(10, 9, 6.0))
    assert budget.wait_s(0.0, 1.0) > 0


def test_a_late_reply_does_not_give_back_what_was_taken_since() -> None:
    budget = RateBudget()
    first = budget.take(0.0, 1.0)
    others = [budget.take(0.0, 1.0) for _ in range(9)]
    for mark in others:
        budget.finish(mark)
    budget.learn(0.0, others[-1], 1.0, LimitReading(10, 0, 60.0))
    budget.finish(first)
    budget.learn(0.0, first, 1.0, LimitReading(10, 9, 6.0))
    assert budget.wait_s(0.0, 1.0) > 0


def test_others_who_use_the_same_key_are_noticed() -> None:
    budget = RateBudget()
    mark = budget.take(0.0, 1.0)
    budget.finish(mark)
    budget.learn(0.0, mark, 1.0, LimitReading(600, 599, 0.1))
    mark = budget.take(0.0, 1.0)
    budget.finish(mark)
    budget.learn(0.0, mark, 1.0, LimitReading(600, 0, 60.0))
    assert budget.wait_s(0.0, 1.0) > 0


def test_tokens_are_settled_by_what_was_really_used() -> None:
    budget = RateBudget()
    mark = budget.take(0.0, 100.0)
    budget.finish(mark)
    budget.learn(0.0, mark, 100.0, LimitReading(1000, 1000, 0.0))
    mark = budget.take(0.0, 900.0)
    assert budget.wait_s(0.0, 500.0) > 0
    budget.finish(mark, 100.0)
    assert budget.wait_s(0.0, 500.0) == 0.0


def test_a_call_larger_than_the_limit_waits_for_a_full_budget_and_not_for_ever() -> None:
    budget = RateBudget()
    mark = budget.take(0.0, 1.0)
    budget.finish(mark)
    budget.learn(0.0, mark, 1.0, LimitReading(600, 0, 60.0))
    assert budget.wait_s(0.0, 10_000.0) == pytest.approx(60.0)


def test_a_clock_that_is_set_back_drains_nothing() -> None:
    budget = RateBudget()
    mark = budget.take(100.0, 1.0)
    budget.finish(mark)
    budget.learn(100.0, mark, 1.0, LimitReading(60, 30, 30.0))
    assert budget.wait_s(50.0, 1.0) == 0.0
