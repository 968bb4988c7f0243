"""How the model server can be made to misbehave: which fault, and which requests it strikes."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    """What goes wrong."""

    SERVER_ERROR = "server_error"
    UNAVAILABLE = "unavailable"
    CONFLICT = "conflict"
    REQUEST_TIMEOUT = "request_timeout"
    HANG = "hang"
    RESET = "reset"
    CUT_OFF = "cut_off"
    NOT_JSON = "not_json"
    HTML = "html"
    OTHER_SHAPE = "other_shape"
    NO_CHOICES = "no_choices"
    NULL_CONTENT = "null_content"
    RATE_LIMIT = "rate_limit"
    INSUFFICIENT_QUOTA = "insufficient_quota"
    WRONG_KEY = "wrong_key"
    FORBIDDEN = "forbidden"
    UNKNOWN_MODEL = "unknown_model"
    NO_JSON_SCHEMA = "no_json_schema"
    """Refuses a strict schema, names the parameter."""
    NO_JSON_OBJECT = "no_json_object"
    """Refuses JSON mode, names the parameter."""
    NO_RESPONSE_FORMAT_UNNAMED = "no_response_format_unnamed"
    """Refuses any `response_format` and does not say which parameter it refuses."""
    NO_TEMPERATURE = "no_temperature"
    NO_MAX_TOKENS = "no_max_tokens"
    NO_MAX_COMPLETION_TOKENS = "no_max_completion_tokens"
    NO_SEED = "no_seed"
    NO_REASONING_EFFORT = "no_reasoning_effort"
    NO_REASONING_EFFORT_UNNAMED = "no_reasoning_effort_unnamed"
    """Names the parameter in the message only."""
    NO_SERVICE_TIER = "no_service_tier"
    NO_TOP_P = "no_top_p"
    NO_CAPACITY = "no_capacity"
    """Refuses flex calls, as there is no room for them now."""
    NO_CAPACITY_AT_ALL = "no_capacity_at_all"
    """Refuses any call so."""
    REJECTED = "rejected"
    TOO_LARGE = "too_large"
    UNPROCESSABLE = "unprocessable"
    CONTENT_FILTER = "content_filter"
    """HTTP 400 with the code `content_filter`."""
    FILTERED_REPLY = "filtered_reply"
    """HTTP 200 with `finish_reason` `content_filter`."""
    REFUSAL = "refusal"
    LENGTH = "length"
    INVALID_REPLY = "invalid_reply"
    """A reply that is JSON but does not fit the schema."""
    ECHO_KEY = "echo_key"
    """HTTP 400 whose message repeats the Authorization header."""
    ECHO_HEADERS = "echo_headers"
    """HTTP 400 whose message repeats all headers."""


DIALECT = frozenset(
    {
        FaultKind.NO_JSON_SCHEMA,
        FaultKind.NO_JSON_OBJECT,
        FaultKind.NO_RESPONSE_FORMAT_UNNAMED,
        FaultKind.NO_TEMPERATURE,
        FaultKind.NO_MAX_TOKENS,
        FaultKind.NO_MAX_COMPLETION_TOKENS,
        FaultKind.NO_SEED,
        FaultKind.NO_REASONING_EFFORT,
        FaultKind.NO_REASONING_EFFORT_UNNAMED,
        FaultKind.NO_SERVICE_TIER,
        FaultKind.NO_TOP_P,
        FaultKind.NO_CAPACITY,
    }
)
"""Faults that strike only requests that use what the endpoint does not know."""


@dataclass
class Fault:
    """One fault and the requests it strikes; with no condition it strikes every request.

    All conditions that are given must hold.
    """

    kind: FaultKind
    probability: float = 1.0
    on: frozenset[int] = frozenset()
    """Numbers of the requests, counted from 1 since the last reset; empty: any."""
    from_request: int = 1
    until_request: int | None = None
    """The last request that is struck."""
    contains: str = ""
    """Only requests whose body has this text in it."""
    times: int | None = None
    """How often at most."""
    seconds: float = 3600.0
    """How long a hang lasts."""
    retry_after_s: float | None = None
    """Sent with 429 and 503."""
    struck: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.kind = FaultKind(self.kind)
        self.on = frozenset(self.on)

    def strikes(self, number: int, raw: bytes, body: dict[str, Any], rng: random.Random) -> bool:
        """Tell whether this request is struck, and count it if so."""
        if self.times is not None and self.struck >= self.times:
            return False
        if number < self.from_request or (self.until_request is not None and number > self.until_request):
            return False
        if self.on and number not in self.on:
            return False
        if self.contains and self.contains.encode() not in raw:
            return False
        if self.kind in DIALECT and not _uses(self.kind, body):
            return False
        if self.probability < 1.0 and rng.random() >= self.probability:
            return False
        self.struck += 1
        return True


def _uses(kind: FaultKind, body: dict[str, Any]) -> bool:
    response_format = (body.get("response_format") or {}).get("type")
    return {
        FaultKind.NO_JSON_SCHEMA: response_format == "json_schema",
        FaultKind.NO_JSON_OBJECT: response_format == "json_object",
        FaultKind.NO_RESPONSE_FORMAT_UNNAMED: response_format is not None,
        FaultKind.NO_TEMPERATURE: "temperature" in body,
        FaultKind.NO_MAX_TOKENS: "max_tokens" in body,
        FaultKind.NO_MAX_COMPLETION_TOKENS: "max_completion_tokens" in body,
        FaultKind.NO_SEED: "seed" in body,
        FaultKind.NO_REASONING_EFFORT: "reasoning_effort" in body,
        FaultKind.NO_REASONING_EFFORT_UNNAMED: "reasoning_effort" in body,
        FaultKind.NO_SERVICE_TIER: "service_tier" in body,
        FaultKind.NO_TOP_P: "top_p" in body,
        FaultKind.NO_CAPACITY: body.get("service_tier") == "flex",
    }[kind]


def faults_from_json(items: Iterable[dict[str, Any]]) -> list[Fault]:
    """Make faults from the JSON that the control endpoint takes."""
    return [Fault(**{**item, "on": frozenset(item.get("on", ()))}) for item in items]


@dataclass(frozen=True)
class ErrorReply:
    """Status and fields of an error body."""

    status: int
    message: str
    type: str
    code: str | None = None
    param: str | None = None


ERROR_REPLIES: dict[FaultKind, ErrorReply] = {
    FaultKind.SERVER_ERROR: ErrorReply(500, "The server had an error.", "server_error"),
    FaultKind.UNAVAILABLE: ErrorReply(503, "The engine is overloaded.", "service_unavailable"),
    FaultKind.CONFLICT: ErrorReply(409, "The resource was changed.", "conflict"),
    FaultKind.REQUEST_TIMEOUT: ErrorReply(408, "The request took too long.", "timeout"),
    FaultKind.RATE_LIMIT: ErrorReply(429, "Rate limit reached.", "requests", "rate_limit_exceeded"),
    FaultKind.INSUFFICIENT_QUOTA: ErrorReply(
        429, "You exceeded your current quota.", "insufficient_quota", "insufficient_quota"
    ),
    FaultKind.WRONG_KEY: ErrorReply(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    FaultKind.FORBIDDEN: ErrorReply(403, "Not allowed for this project.", "invalid_request_error", "forbidden"),
    FaultKind.UNKNOWN_MODEL: ErrorReply(
        404, "The model does not exist.", "invalid_request_error", "model_not_found", "model"
    ),
    FaultKind.NO_JSON_SCHEMA: ErrorReply(
        400, "Invalid parameter.", "invalid_request_error", "unsupported_value", "response_format"
    ),
    FaultKind.NO_JSON_OBJECT: ErrorReply(
        400, "Invalid parameter.", "invalid_request_error", "unsupported_value", "response_format"
    ),
    FaultKind.NO_RESPONSE_FORMAT_UNNAMED: ErrorReply(400, "Bad request.", "invalid_request_error"),
    FaultKind.NO_TEMPERATURE: ErrorReply(
        400, "Unsupported value.", "invalid_request_error", "unsupported_value", "temperature"
    ),
    FaultKind.NO_MAX_TOKENS: ErrorReply(
        400, "Unsupported parameter.", "invalid_request_error", "unsupported_parameter", "max_tokens"
    ),
    FaultKind.NO_MAX_COMPLETION_TOKENS: ErrorReply(
        400, "Unknown parameter.", "invalid_request_error", "unknown_parameter", "max_completion_tokens"
    ),
    FaultKind.NO_SEED: ErrorReply(
        400, "Unsupported parameter.", "invalid_request_error", "unsupported_parameter", "seed"
    ),
    FaultKind.NO_REASONING_EFFORT: ErrorReply(
        400, "Unsupported value.", "invalid_request_error", "unsupported_value", "reasoning_effort"
    ),
    FaultKind.NO_REASONING_EFFORT_UNNAMED: ErrorReply(
        400, "Unrecognized request argument supplied: reasoning_effort", "invalid_request_error"
    ),
    FaultKind.NO_SERVICE_TIER: ErrorReply(
        400, "This tier is not there for this model.", "invalid_request_error", "invalid_value", "service_tier"
    ),
    FaultKind.NO_TOP_P: ErrorReply(
        400, "Unsupported parameter.", "invalid_request_error", "unsupported_parameter", "top_p"
    ),
    FaultKind.NO_CAPACITY: ErrorReply(
        429, "Flex has no room for this now.", "resource_unavailable", "resource_unavailable"
    ),
    FaultKind.NO_CAPACITY_AT_ALL: ErrorReply(
        429, "There is no room for this now.", "resource_unavailable", "resource_unavailable"
    ),
    FaultKind.REJECTED: ErrorReply(400, "This cannot be processed.", "invalid_request_error", None, "messages"),
    FaultKind.TOO_LARGE: ErrorReply(413, "Request too large.", "invalid_request_error"),
    FaultKind.UNPROCESSABLE: ErrorReply(422, "Unprocessable.", "invalid_request_error", None, "messages"),
    FaultKind.CONTENT_FILTER: ErrorReply(
        400, "The prompt was filtered.", "invalid_request_error", "content_filter", "prompt"
    ),
    FaultKind.ECHO_KEY: ErrorReply(400, "", "invalid_request_error", None, "messages"),
    FaultKind.ECHO_HEADERS: ErrorReply(400, "", "invalid_request_error", None, "messages"),
}
"""Faults that are an HTTP error with an error body."""
