"""An estimate at the price of the service tier that is asked for, and by batch, whatever the pilot was paid at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from feedeval.jobs.audit import Survey
from feedeval.model.settings import BATCH, FlexFallback, ServiceTier
from feedeval.records import Effort
from feedeval.results.estimate import Estimate, Range, efforts_of, estimate
from feedeval.results.session import Session

if TYPE_CHECKING:
    from feedeval.model.client import ModelClient


def estimate_of(session: Session, survey: Survey, client: ModelClient | None, *, engine: str) -> Estimate:
    """Return what the whole feed would take, from the session of its pilot.

    Where the pilot was paid for at the tier that is asked for, what was billed counts: an endpoint may serve another
    tier than it was asked for. Results that were taken over are priced by their tokens. A flex call that may fall back
    costs up to what the default tier costs.
    """
    judged, sets = efforts_of(session)
    if client is None:
        return estimate(survey, judged, sets, engine=engine, in_flight=1)
    settings, then = client.settings, session.progress
    tier = settings.service_tier

    def at(at_tier: str | None, *, judged_at: str | None = None) -> Estimate:
        products = [(length, _priced(effort, client, judged_at or at_tier)) for length, effort in judged]
        made = [_priced(effort, client, at_tier) for effort in sets]
        return estimate(survey, products, made, engine=engine, in_flight=settings.max_in_flight)

    if then.calls and then.settings.get("calls", {}).get("service_tier") == tier:
        found = estimate(survey, judged, sets, engine=engine, in_flight=settings.max_in_flight)
    else:
        found = at(tier)
    if settings.deployment is None:
        found = found.model_copy(update={"batch_cost_usd": at(tier, judged_at=BATCH).cost_usd})
    if tier is None:
        return found
    cost = found.cost_usd
    if cost is not None and tier is ServiceTier.FLEX and settings.flex_fallback is FlexFallback.DEFAULT:
        dearest = at(ServiceTier.DEFAULT).cost_usd
        high = cost.high if dearest is None else max(cost.high, dearest.high)
        cost = Range(expected=cost.expected, low=cost.low, high=high)
    return found.model_copy(update={"cost_usd": cost, "service_tier": tier.value})


def _priced(effort: Effort, client: ModelClient, tier: str | None) -> Effort:
    if not effort.calls:
        return effort
    return effort.model_copy(update={"cost_usd": client.price(effort.usage, tier or ServiceTier.DEFAULT)})
