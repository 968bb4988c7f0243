from __future__ import annotations

import math
import random

import pytest

from feedeval.jobs.audit import Survey
from feedeval.records import Effort, Usage
from feedeval.results.estimate import Estimate, Range, estimate


def effort(tokens: int, cost: float | None = 0.001, latency_ms: float = 400.0) -> Effort:
    usage = Usage(input_tokens=tokens, output_tokens=200)
    return Effort(calls=1, usage=usage, cost_usd=cost, latency_ms=latency_ms)


def survey(products: int, categories: int = 1, chars: int = 1_000) -> Survey:
    return Survey(products=products, distinct=products, categories=categories, chars=chars * products)


def made(*, count: int, products: int, cost: float | None = 0.001) -> Estimate:
    judged = [(1_000, effort(500, cost)) for _ in range(count)]
    return estimate(survey(products), judged, [effort(800, cost)], engine="m", in_flight=10)


def test_products_that_are_all_alike_give_an_exact_figure() -> None:
    found = made(count=5, products=1_000)
    assert found.calls == Range(expected=1_001.0, low=1_001.0, high=1_001.0)
    assert found.input_tokens.expected == pytest.approx(500 * 1_000 + 800)
    assert found.cost_usd is not None
    assert found.cost_usd.expected == pytest.approx(1.001)
    assert found.seconds is not None
    assert found.seconds.expected == pytest.approx(1_001 * 0.4 / 10)


def test_a_pilot_of_the_whole_feed_leaves_nothing_open() -> None:
    judged = [(1_000, effort(tokens)) for tokens in (400, 500, 900)]
    found = estimate(survey(3), judged, [effort(800)], engine="m", in_flight=10)
    assert found.input_tokens.low == found.input_tokens.expected == found.input_tokens.high == 1_800 + 800


def test_a_model_without_a_price_costs_an_unknown_sum() -> None:
    found = made(count=5, products=1_000, cost=None)
    assert found.cost_usd is None
    assert "no price is known" in str(found)


def cached(tokens: int, cost: float) -> Effort:
    usage = Usage(input_tokens=1_400, cached_tokens=tokens, output_tokens=200)
    return Effort(calls=1, usage=usage, cost_usd=cost, latency_ms=400.0)


def test_what_the_pilot_found_cached_is_counted_on_for_all_but_the_first_of_each_category() -> None:
    judged = [(1_000, cached(0, 0.003))] * 2 + [(1_000, cached(1_024, 0.002))] * 3
    found = estimate(survey(1_000, categories=2), judged, [effort(800)] * 2, engine="m", in_flight=10)
    assert found.cached_tokens.expected == pytest.approx(998 * 1_024)
    assert found.cost_usd is not None
    assert found.cost_usd.expected == pytest.approx(998 * 0.002 + 2 * 0.003 + 2 * 0.001)
    assert found.input_tokens.expected == pytest.approx(1_000 * 1_400 + 2 * 800)
    assert "of them cached" in str(found) and "of them cached" in found._repr_html_()


def test_a_pilot_that_met_no_cache_counts_on_none() -> None:
    judged = [(1_000, cached(0, 0.003))] * 4
    found = estimate(survey(1_000, categories=900), judged, [effort(800)], engine="m", in_flight=10)
    assert found.cached_tokens.expected == 0 and "cached" not in str(found)
    one = [(1_000, cached(0, 0.003)), *[(1_000, cached(1_024, 0.002))] * 3]
    # One that came first cannot speak for many: the pilot's mixture stands for the feed.
    mixed = estimate(survey(1_000, categories=300), one, [effort(800)], engine="m", in_flight=10)
    assert mixed.cached_tokens.expected == pytest.approx(1_000 * 768) and mixed.cached_tokens.high < math.inf


def test_one_product_says_nothing_of_the_spread() -> None:
    assert made(count=1, products=10).input_tokens.high == math.inf


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = random.Random(7)
    held = 0
    for _ in range(300):
        feed = [(chars := rng.randint(200, 4_000), effort(300 + chars // 4 + rng.randint(-60, 60))) for _ in range(400)]
        truth = sum(e.usage.input_tokens for _, e in feed) + 800
        whole = Survey(products=400, distinct=400, categories=1, chars=sum(chars for chars, _ in feed))
        found = estimate(whole, rng.sample(feed, 5), [effort(800)], engine="m", in_flight=10).input_tokens
        held += found.low <= truth <= found.high
    assert 0.90 <= held / 300 <= 0.99


def test_what_is_shown_names_the_engine_and_the_pilot() -> None:
    found = made(count=5, products=1_000)
    assert "m, from 5 products" in str(found)
    assert "$1.00" in str(found)
    assert "<table" in found._repr_html_()
