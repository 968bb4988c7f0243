"""Usage to money, by the prices that genai-prices carries; nothing is looked up on the network."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import genai_prices

from feedeval.model.settings import BATCH
from feedeval.records import Usage

PER_TOKENS = 1_000_000
STANDARD = frozenset({None, "", "auto", "default", "standard"})
"""Tiers that cost what a model costs where no tier is named."""
BATCH_SHARE = 0.5
"""What a batch costs of the price of live calls, where a model has no price of its own for it."""


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """Prices of one model in dollars for a million tokens."""

    input_usd: float
    output_usd: float
    cached_usd: float | None = None
    """Input tokens that came from the provider's cache; None: they cost as much as others."""

    def cost_usd(self, usage: Usage) -> float:
        """Return what the usage costs."""
        cached = min(usage.cached_tokens, usage.input_tokens)
        cached_usd = self.input_usd if self.cached_usd is None else self.cached_usd
        return (
            (usage.input_tokens - cached) * self.input_usd + cached * cached_usd + usage.output_tokens * self.output_usd
        ) / PER_TOKENS


def cost_usd(model: str, usage: Usage, base_url: str | None = None, tier: str | None = None) -> float | None:
    """Return what the usage costs, or None where the model has no known price.

    A `base_url` that genai-prices does not know is taken for a proxy or for a server of one's own: a model that OpenAI
    sells under this name is priced as OpenAI's, any other has no known price. That keeps an open-weights model on a
    local server from being billed at the price of some provider that rents it out.

    Args:
        model: The name of the model as the endpoint knows it.
        usage: Tokens of one call; the price of some models depends on how long the input is.
        base_url: The endpoint; None is OpenAI's own.
        tier: The service tier that served the call, as the reply names it. One that has no price of its own for this
            model has none: it is not billed at that of another. `BATCH` is the price of batches.
    """
    tier = None if tier in STANDARD else tier
    if tier == BATCH and _calculate(model, usage, base_url, tier) is None:
        live = cost_usd(model, usage, base_url)
        return None if live is None else BATCH_SHARE * live
    rates = _flat_rates(model, base_url, tier)
    if rates is not None:
        return rates.cost_usd(usage)
    priced = _calculate(model, usage, base_url, tier)
    return None if priced is None else float(priced.total_price)


@lru_cache(maxsize=256)
def _flat_rates(model: str, base_url: str | None, tier: str | None) -> TokenPrices | None:
    """Return the model's rates where they do not depend on the usage: the full calculation costs 0.1 ms a call."""
    priced = _calculate(model, Usage(input_tokens=2, cached_tokens=1, output_tokens=1), base_url, tier)
    if priced is None:
        return None
    parts = [getattr(priced.model_price, name, None) for name in ("input_mtok", "output_mtok", "cache_read_mtok")]
    if not all(part is None or isinstance(part, Decimal) for part in parts):
        return None
    input_usd, output_usd, cached_usd = (None if part is None else float(part) for part in parts)
    return TokenPrices(input_usd or 0.0, output_usd or 0.0, cached_usd)


def _calculate(
    model: str, usage: Usage, base_url: str | None, tier: str | None = None
) -> genai_prices.types.PriceCalculation | None:
    asked = genai_prices.Usage(
        input_tokens=usage.input_tokens, cache_read_tokens=usage.cached_tokens, output_tokens=usage.output_tokens
    )
    name = "processing" if tier == BATCH else "service_tier"
    context = None if tier is None else {name: tier}
    priced = None
    if base_url is not None:
        with contextlib.suppress(LookupError):
            priced = genai_prices.calc_price(asked, model, provider_api_url=base_url, price_context=context)
    try:
        priced = priced or genai_prices.calc_price(asked, model, provider_id="openai", price_context=context)
    except LookupError:
        return None
    # Without a price of the tier's own the standard one would be given.
    own = tier is None or any(v.when.get(name) == tier for v in priced.model.price_variants or ())
    return priced if own else None
