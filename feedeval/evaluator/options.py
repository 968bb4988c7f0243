"""What can be said of a run, by keyword: the names and types of all options, and to whom each belongs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict, cast

from pydantic import SecretStr

from feedeval.errors import InputError
from feedeval.feed.pages.pages import Pages
from feedeval.jobs.audit import AuditSettings
from feedeval.model.settings import OPENAI_URL
from feedeval.results.session import Session
from feedeval.run.settings import RunSettings

PagesLike: TypeAlias = bool | str | Path | Pages | Mapping[str, Any] | None
"""Landing pages: True fetches them, a path is a folder of saved ones, a mapping has the arguments of `read_pages`."""


class WayOptions(TypedDict, total=False):
    """What can be said of the calls when a session is gone on with, too: results do not depend on it."""

    service_tier: Literal["auto", "default", "flex", "priority"] | None
    flex_fallback: Literal["wait", "default"]
    extra_headers: Mapping[str, str | SecretStr] | None


class CallOptions(WayOptions, total=False):
    """What can be said of the calls, but for `seed`; defaults stand in `ModelSettings`."""

    timeout_s: float
    max_retries: int
    max_in_flight: int
    temperature: float | None
    max_output_tokens: int
    delay_s: float
    input_price: float
    output_price: float
    cached_price: float
    reasoning_effort: str | None
    extra_body: Mapping[str, Any] | None
    api_version: str | None
    azure_deployment: str | None


class ModelOptions(CallOptions, total=False):
    """What can be said of the calls; defaults stand in `ModelSettings`."""

    seed: int | None


class EvaluatorOptions(ModelOptions, total=False):
    """What can be said of an evaluator besides what it asks and where its sessions lie."""

    storage_options: Mapping[str, Any] | None


class DeliveryOptions(TypedDict, total=False):
    """What can be said of how requests are sent; defaults stand in `RunSettings`."""

    delivery: Literal["live", "batch"]
    leftover: Literal["live", "batch"]
    part_requests: int
    part_mb: float
    part_tokens: int | None
    poll_first_s: float
    poll_longest_s: float


class AuditOptions(DeliveryOptions, total=False):
    """What can be said of an audit; defaults stand in `AuditSettings` and `RunSettings`."""

    name: str | None
    num_questions: int
    question_scope: Literal["category", "product"]
    batch_size: int
    resume: bool
    reuse: bool
    budget_usd: float | None
    give_up_after_s: float | None
    keep_calls: bool
    cache: bool
    cache_limit_mb: float
    limit: int | None
    max_in_flight: int | None
    progress: Literal["widgets", "html", "tqdm", "text", "none"] | None
    question_set: Session | str | None
    pages: PagesLike


class ResumeOptions(AuditOptions, WayOptions, total=False):
    """What can be said of a session that is gone on with."""

    cluster: Any


class StartOptions(AuditOptions, total=False):
    """What can be said of an audit that is started."""

    session: str | None
    cluster: Any
    shard_size: int | None


CHANGEABLE = tuple(WayOptions.__annotations__)


def delivery_of(settings: Mapping[str, Any]) -> DeliveryOptions:
    """Return how a session's requests were sent, as its progress file has it, where that was not live."""
    run = settings.get("run", {})
    if run.get("delivery", "live") == "live":
        return {}
    return cast(DeliveryOptions, {name: run[name] for name in DeliveryOptions.__annotations__ if name in run})


def calls_of(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the calls that results of this fingerprint depend on, but for the model."""
    endpoint = fingerprint["endpoint"]
    names = ("temperature", "reasoning_effort", "seed", "extra_body", "api_version", "azure_deployment")
    found = {name: fingerprint[name] for name in names if name in fingerprint}
    return {"base_url": None if endpoint == OPENAI_URL else endpoint, **found}


def sorted_options(options: Mapping[str, Any], locale: str) -> tuple[AuditSettings, RunSettings, dict[str, Any]]:
    """Return the settings of an audit in a locale, those of the run, and the rest, which belongs to neither.

    Raises:
        InputError: An option is not known or out of range.
    """
    left = dict(options)
    audit = {name: left.pop(name) for name in AuditSettings.model_fields if name in left}
    running = {name: left.pop(name) for name in RunSettings.model_fields if name in left}
    rest: dict[str, Any] = {
        name: left.pop(name) for name in ("limit", "max_in_flight", "progress", "pages") if name in left
    }
    if left:
        known = sorted({**DeliveryOptions.__annotations__, **AuditOptions.__annotations__})
        raise InputError(f"{', '.join(left)}: no such setting; known are {', '.join(known)}")
    return AuditSettings(**{"locale": locale, **audit}), RunSettings(**running), rest
