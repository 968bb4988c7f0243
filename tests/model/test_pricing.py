from __future__ import annotations

import pytest

from feedeval.model.pricing import TokenPrices, _calculate, cost_usd
from feedeval.model.settings import BATCH
from feedeval.records import Usage

USAGE = Usage(input_tokens=1_000_000, cached_tokens=200_000, output_tokens=100_000)


def test_a_known_model_has_a_price_and_cached_tokens_cost_less() -> None:
    cost = cost_usd("gpt-4o-mini", USAGE)
    assert cost is not None
    full = cost_usd("gpt-4o-mini", USAGE.model_copy(update={"cached_tokens": 0}))
    assert full is not None
    assert 0 < cost < full


@pytest.mark.parametrize("model", ["gpt-4o-mini", "gpt-4o", "gpt-4.1-nano"])
def test_the_short_way_agrees_with_the_full_calculation(model: str) -> None:
    priced = _calculate(model, USAGE, None)
    assert priced is not None
    assert cost_usd(model, USAGE) == pytest.approx(float(priced.total_price))


def test_a_price_that_depends_on_the_length_of_the_input_is_calculated_for_each_call() -> None:
    url = "https://generativelanguage.googleapis.com/v1beta/openai"
    short = cost_usd("gemini-2.5-pro", Usage(input_tokens=1000), url)
    long = cost_usd("gemini-2.5-pro", Usage(input_tokens=1_000_000), url)
    assert short is not None
    assert long is not None
    assert long / short > 1001


def test_an_unknown_model_has_no_price() -> None:
    assert cost_usd("no-such-model-9", USAGE) is None


def test_a_model_of_ones_own_is_not_billed_at_the_price_of_some_provider() -> None:
    assert cost_usd("llama-3.1-8b-instant", USAGE, "http://127.0.0.1:8000/v1") is None


def test_a_model_behind_a_proxy_costs_what_openai_asks_for_it() -> None:
    assert cost_usd("gpt-4o-mini", USAGE, "http://127.0.0.1:4000/v1") == cost_usd("gpt-4o-mini", USAGE)


def test_rates_of_ones_own() -> None:
    assert TokenPrices(2.0, 10.0).cost_usd(USAGE) == pytest.approx(3.0)
    assert TokenPrices(2.0, 10.0, cached_usd=0.0).cost_usd(USAGE) == pytest.approx(2.6)


def test_a_batch_costs_half_where_the_model_has_no_price_of_its_own_for_it() -> None:
    fresh = USAGE.model_copy(update={"cached_tokens": 0})
    live = cost_usd("gpt-4o-mini", fresh)
    assert live is not None and cost_usd("gpt-4o-mini", fresh, None, BATCH) == pytest.approx(live / 2)
    old = cost_usd("gpt-3.5-turbo-0301", fresh)
    assert old is not None and cost_usd("gpt-3.5-turbo-0301", fresh, None, BATCH) == pytest.approx(old / 2)
    assert cost_usd("no-such-model-9", fresh, None, BATCH) is None
