"""What goes wrong in a call, told apart by exception class, HTTP status and error code; never by words in a message."""

from __future__ import annotations

import email.utils
import math
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import httpx2
import openai
import orjson
from openai._exceptions import SubjectTokenProviderError

from feedeval.errors import (
    AccessDenied,
    BrokenReply,
    ConnectionLost,
    ContentFiltered,
    FeedevalError,
    NoCapacity,
    QuotaExhausted,
    RateLimited,
    ReplyTruncated,
    RequestRejected,
    ServerFault,
    TimedOut,
    UnknownModel,
    WrongKey,
)
from feedeval.model.settings import NO_KEY

BY_CLASS: dict[type[Exception], type[FeedevalError]] = {
    openai.OpenAIError: RequestRejected,
    openai.APIError: ServerFault,
    openai.APIStatusError: RequestRejected,
    openai.APIResponseValidationError: BrokenReply,
    openai.APIConnectionError: ServerFault,
    openai.APITimeoutError: TimedOut,
    openai.BadRequestError: RequestRejected,
    openai.AuthenticationError: WrongKey,
    openai.OAuthError: WrongKey,
    openai.PermissionDeniedError: AccessDenied,
    openai.NotFoundError: UnknownModel,
    openai.ConflictError: ServerFault,
    openai.UnprocessableEntityError: RequestRejected,
    openai.RateLimitError: RateLimited,
    openai.InternalServerError: ServerFault,
    openai.LengthFinishReasonError: ReplyTruncated,
    openai.ContentFilterFinishReasonError: ContentFiltered,
    SubjectTokenProviderError: WrongKey,
    # Raised by parts of the SDK that are not used here (webhooks, websockets); mapped so that none can slip through.
    openai.InvalidWebhookSignatureError: RequestRejected,
    openai.WebSocketConnectionClosedError: ServerFault,
    openai.WebSocketQueueFullError: ServerFault,
}
"""What each exception class of the SDK means; for HTTP errors `BY_STATUS` and `BY_CODE` know more."""

BY_STATUS: dict[int, type[FeedevalError]] = {
    400: RequestRejected,
    401: WrongKey,
    402: QuotaExhausted,
    403: AccessDenied,
    404: UnknownModel,
    405: UnknownModel,
    407: AccessDenied,
    408: TimedOut,
    409: ServerFault,
    410: UnknownModel,
    413: RequestRejected,
    422: RequestRejected,
    425: ServerFault,
    429: RateLimited,
    498: NoCapacity,
}
"""Statuses that mean more than their class: other 5xx are `ServerFault`, 4xx `RequestRejected`, 3xx `UnknownModel`."""

BY_CODE: dict[str, type[FeedevalError]] = {
    "insufficient_quota": QuotaExhausted,
    "billing_hard_limit_reached": QuotaExhausted,
    "billing_not_active": QuotaExhausted,
    "rate_limit_exceeded": RateLimited,
    # OpenAI's and Groq's words for a flex call that finds no capacity.
    "resource_unavailable": NoCapacity,
    "capacity_exceeded": NoCapacity,
    "invalid_api_key": WrongKey,
    "account_deactivated": AccessDenied,
    "unsupported_country_region_territory": AccessDenied,
    "model_not_found": UnknownModel,
    "content_filter": ContentFiltered,
    "content_policy_violation": ContentFiltered,
    "context_length_exceeded": RequestRejected,
}
"""Values of the error body's `code` (or `type`) that mean more than the status they come with."""

STATUS_ERRORS: dict[int, type[openai.APIStatusError]] = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    409: openai.ConflictError,
    422: openai.UnprocessableEntityError,
    429: openai.RateLimitError,
}
"""The SDK's exception for each status."""

LONGEST_MESSAGE = 500
"""Characters of an endpoint's own words that are kept; cut after keys were taken out, lest half a key is left."""
LONGEST_CODE = 100

CALL_FAULTS: tuple[type[Exception], ...] = (openai.OpenAIError, httpx2.HTTPError)
"""What sending a request may raise."""

NEXT_STEP: dict[type[FeedevalError], str] = {
    WrongKey: "The endpoint does not accept the API key: give a valid one.",
    AccessDenied: "The key may not use this model or endpoint: ask for access, or choose another.",
    UnknownModel: "The endpoint does not know this model or address: check `model` and `base_url`.",
    QuotaExhausted: "No quota is left on the account: add credit or raise its limit.",
    RateLimited: "The endpoint asks for fewer requests.",
    NoCapacity: "The endpoint has no capacity left at this service tier: go on later, or with flex_fallback='default'.",
    RequestRejected: "The endpoint will not take this request.",
    ContentFiltered: "The endpoint's content filter stopped it.",
}
"""What to do next, where there is something; opens the message."""


def translate(exc: Exception, scrubber: Scrubber) -> FeedevalError:
    """Return what a fault of the SDK or of the transport means, without the key in it."""
    if isinstance(exc, openai.APIStatusError):
        return _from_status(exc, scrubber)
    if isinstance(exc, openai.APIConnectionError | httpx2.HTTPError):
        return _from_connection(exc, scrubber)
    kind = next((BY_CLASS[base] for base in type(exc).__mro__ if base in BY_CLASS), None)
    if kind is None:
        raise TypeError(f"{type(exc).__name__} is no fault of a call")
    return kind(scrubber(f"{type(exc).__name__}: {exc}"))


def status_error(response: httpx2.Response) -> openai.APIStatusError:
    """Return the SDK's exception for a reply that is no success, with what the SDK reads of its body."""
    status = response.status_code
    kind = STATUS_ERRORS.get(status, openai.InternalServerError if status >= 500 else openai.APIStatusError)
    try:
        body: Any = orjson.loads(response.content)
        message = f"Error code: {status} - {body}"
    except orjson.JSONDecodeError:
        body, message = None, response.text.strip() or f"Error code: {status}"
    inner = body.get("error", body) if isinstance(body, dict) else body
    return kind(message, response=response, body=inner)


def from_error_body(body: dict[str, Any], scrubber: Scrubber) -> FeedevalError:
    """Return what an error means that came in a reply with status 200; its code may be an HTTP status."""
    code, type_ = body.get("code"), body.get("type")
    status = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdecimal()) else 500
    kind = kind_of_status(status, code if isinstance(code, str) else None, type_ if isinstance(type_, str) else None)
    said = scrubber(error_message(body))[:LONGEST_MESSAGE]
    named = f"Error {scrubber(str(code))[:LONGEST_CODE]} in the reply."
    return kind(" ".join(part for part in (NEXT_STEP.get(kind, ""), named, said) if part))


def _from_status(exc: openai.APIStatusError, scrubber: Scrubber) -> FeedevalError:
    kind = kind_of_status(exc.status_code, exc.code, exc.type)
    said = scrubber(error_message(exc.body))[:LONGEST_MESSAGE]
    status = f"HTTP {exc.status_code}{_phrase(exc.status_code)}"
    details = "".join(
        f", {name} {scrubber(str(value))[:LONGEST_CODE]}"
        for name, value in (("code", exc.code), ("param", exc.param))
        if value
    )
    message = " ".join(part for part in (NEXT_STEP.get(kind, ""), f"{status}{details}.", said) if part)
    if kind in (RateLimited, NoCapacity, ServerFault):
        return kind(message, retry_after_s(exc.response.headers))
    return kind(message)


def kind_of_status(status: int, code: str | None, type_: str | None) -> type[FeedevalError]:
    """Return what an HTTP error means."""
    for word in (code, type_):
        if isinstance(word, str) and (known := word.casefold().replace(" ", "_")) in BY_CODE:
            return BY_CODE[known]
    if status in BY_STATUS:
        return BY_STATUS[status]
    if status >= 500:
        return ServerFault
    return RequestRejected if status >= 400 else UnknownModel


def _from_connection(exc: Exception, scrubber: Scrubber) -> FeedevalError:
    cause = exc.__cause__ if isinstance(exc, openai.APIConnectionError) and exc.__cause__ else exc
    words = scrubber(str(cause) or type(cause).__name__)
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
        return ConnectionLost(f"The endpoint cannot be reached: {words}")
    if isinstance(cause, httpx2.UnsupportedProtocol):
        return UnknownModel(f"The address of the endpoint cannot be used: check `base_url`. {words}")
    if isinstance(exc, openai.APITimeoutError | httpx2.TimeoutException):
        return TimedOut(f"No reply in time ({words}).")
    if isinstance(cause, httpx2.RemoteProtocolError | httpx2.DecodingError):
        return BrokenReply(f"The reply was cut off or is not HTTP: {words}")
    return ServerFault(f"The connection was lost before the reply: {words}")


def error_message(body: object) -> str:
    """Return the message of an error body; a page of HTML is not repeated."""
    if isinstance(body, dict):
        message = body.get("message")
        return message if isinstance(message, str) else ""
    if isinstance(body, str) and not body.lstrip().startswith("<"):
        return body
    return ""


def words_of(exc: Exception) -> str:
    """Return the endpoint's own words, keys and all; empty where there was no reply."""
    return error_message(exc.body) if isinstance(exc, openai.APIStatusError) else ""


def status_of(exc: Exception) -> int | None:
    """Return the HTTP status of a fault, or None where there was no reply."""
    return exc.status_code if isinstance(exc, openai.APIStatusError) else None


def refused_parameter(exc: Exception) -> str | None:
    """Return the parameter that the error body names (its first part), or None where it names none."""
    param = exc.param if isinstance(exc, openai.APIError) else None
    return re.split(r"[.\[]", param)[0] if isinstance(param, str) and param else None


def retry_after_s(headers: Any) -> float | None:
    """Return how long the endpoint asked to wait, or None where it did not say.

    Reads `retry-after-ms` and `retry-after` in seconds or as an HTTP date (RFC 9110, 10.2.3); the date is measured
    against the reply's own `date` so that a wrong clock here does no harm.
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * unit_s
        except ValueError:
            return _seconds_until(value, headers.get("date"))
        return max(0.0, seconds) if math.isfinite(seconds) else None
    return None


def _seconds_until(value: str, date: str | None) -> float | None:
    try:
        then = email.utils.parsedate_to_datetime(value)
        now = email.utils.parsedate_to_datetime(date or "")
        return max(0.0, (then - now).total_seconds())
    except (TypeError, ValueError):
        return None


def _phrase(status: int) -> str:
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""


class Scrubber:
    """Takes API keys out of text that came from elsewhere.

    Args:
        key: The key in use, if any; other keys are known by their form (`Bearer ...`, `sk-...`).
        headers: Values of further headers that are sent.
        in_replies: Those of them that are taken out of replies, too.
    """

    _FORMS = re.compile(r"(?i:bearer)\s+[^\s\"',;]+|\bsk-[A-Za-z0-9_*.\-]{6,}")

    _SECRET_CHARS = 12
    """A shorter key is a word for a server that wants none, such as `ollama`, and replies may have that word."""

    def __init__(self, key: str | None, headers: Iterable[str] = (), in_replies: Iterable[str] = ()) -> None:
        self._key = key if key and len(key) >= 4 and key != NO_KEY else None
        # The longest first: one may be a part of another.
        self._headers = sorted({value for value in headers if len(value) >= 4}, key=len, reverse=True)
        self._in_replies = sorted(set(in_replies), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text with each key replaced by `[key]`."""
        if self._key is not None:
            text = text.replace(self._key, "[key]")
        for value in self._headers:
            text = text.replace(value, "[header]")
        return self._FORMS.sub("[key]", text)

    def reply(self, text: str) -> str:
        """Return a model's reply without the key in use; words that only look like a key stay."""
        for value in self._in_replies:
            text = text.replace(value, "[header]")
        if self._key is None or len(self._key) < self._SECRET_CHARS:
            return text
        return text.replace(self._key, "[key]")

    def __repr__(self) -> str:
        return "Scrubber()"
