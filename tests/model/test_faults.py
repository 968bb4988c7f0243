from __future__ import annotations

import email.utils
import importlib
import pkgutil
import warnings

import httpx2
import openai
import pytest

from feedeval import errors
from feedeval.model.faults import (
    BY_CLASS,
    Scrubber,
    from_error_body,
    kind_of_status,
    refused_parameter,
    retry_after_s,
    translate,
)
from feedeval.model.settings import NO_KEY

REQUEST = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")
UNUSED_PARTS = (
    "openai._AmbiguousModuleClientUsageError",
    "openai.lib.",
    "openai.auth._x509",
    "openai._extras",
    "openai._legacy_response",
    "openai._response",
)
"""Parts of the SDK that no call of ours goes through: its module as a client, agents, websockets, streams, extras."""


def exceptions_of_the_sdk() -> set[type[BaseException]]:
    found: set[type[BaseException]] = set()
    modules = [openai]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in pkgutil.walk_packages(openai.__path__, "openai."):
            try:
                modules.append(importlib.import_module(module.name))
            except ImportError:
                # Needs an extra that is not installed, such as websockets.
                continue
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, BaseException) and value.__module__.startswith("openai"):
                found.add(value)
    return found


def test_every_exception_class_of_the_sdk_is_mapped() -> None:
    names = {f"{kind.__module__}.{kind.__name__}" for kind in exceptions_of_the_sdk() if kind not in BY_CLASS}
    assert {name for name in names if not name.startswith(UNUSED_PARTS)} == set()


def test_every_public_exception_class_of_the_sdk_has_a_row_of_its_own() -> None:
    names = (name for name in dir(openai) if not name.startswith("_"))
    public = {value for name in names if isinstance(value := getattr(openai, name), type)}
    missing = {kind for kind in public if issubclass(kind, openai.OpenAIError) and kind not in BY_CLASS}
    assert missing == set()


def status_error(status: int, body: object = None, headers: dict[str, str] | None = None) -> openai.APIStatusError:
    response = httpx2.Response(status, headers=headers, json={"error": body}, request=REQUEST)
    client = openai.AsyncOpenAI(api_key="k", base_url="http://127.0.0.1")
    return client._make_status_error_from_response(response)


@pytest.mark.parametrize(
    ("status", "code", "type_", "kind"),
    [
        (400, None, "invalid_request_error", errors.RequestRejected),
        (400, "content_filter", None, errors.ContentFiltered),
        (400, "context_length_exceeded", None, errors.RequestRejected),
        (401, "invalid_api_key", None, errors.WrongKey),
        (402, None, None, errors.QuotaExhausted),
        (403, None, None, errors.AccessDenied),
        (404, "model_not_found", None, errors.UnknownModel),
        (408, None, None, errors.TimedOut),
        (409, None, None, errors.ServerFault),
        (413, None, None, errors.RequestRejected),
        (418, None, None, errors.RequestRejected),
        (422, None, None, errors.RequestRejected),
        (429, "rate_limit_exceeded", "requests", errors.RateLimited),
        (429, "insufficient_quota", "insufficient_quota", errors.QuotaExhausted),
        (429, None, "insufficient_quota", errors.QuotaExhausted),
        (500, None, None, errors.ServerFault),
        (503, None, None, errors.ServerFault),
        (529, None, None, errors.ServerFault),
        (302, None, None, errors.UnknownModel),
    ],
)
def test_http_errors_are_told_apart_by_status_and_code(
    status: int, code: str | None, type_: str | None, kind: type[Exception]
) -> None:
    assert kind_of_status(status, code, type_) is kind


def test_words_in_a_message_decide_nothing() -> None:
    body = {"message": "insufficient_quota invalid_api_key model_not_found", "type": "requests", "code": None}
    assert type(translate(status_error(429, body), Scrubber(None))) is errors.RateLimited


def test_a_numeric_code_is_no_reason_to_fail() -> None:
    body = {"message": "bad", "code": 400, "param": 7}
    fault = translate(status_error(400, body), Scrubber(None))
    assert type(fault) is errors.RequestRejected
    assert refused_parameter(status_error(400, body)) is None


def test_the_parameter_is_the_first_part_of_what_the_body_names() -> None:
    assert refused_parameter(status_error(400, {"param": "response_format.json_schema"})) == "response_format"
    assert refused_parameter(status_error(400, {"param": "messages[0].role"})) == "messages"


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (httpx2.ConnectError("refused"), errors.ConnectionLost),
        (httpx2.ConnectTimeout("slow"), errors.ConnectionLost),
        (httpx2.ReadTimeout("slow"), errors.TimedOut),
        (httpx2.ReadError("reset"), errors.ServerFault),
        (httpx2.RemoteProtocolError("cut"), errors.BrokenReply),
        (httpx2.DecodingError("gzip"), errors.BrokenReply),
        (httpx2.UnsupportedProtocol("ftp"), errors.UnknownModel),
    ],
)
def test_connection_faults_are_told_apart_by_their_cause(cause: Exception, kind: type[Exception]) -> None:
    timed_out = isinstance(cause, httpx2.TimeoutException)
    exc = openai.APITimeoutError(REQUEST) if timed_out else openai.APIConnectionError(request=REQUEST)
    exc.__cause__ = cause
    assert type(translate(exc, Scrubber(None))) is kind
    assert type(translate(cause, Scrubber(None))) is kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "120", "retry-after": "9"}, 0.12),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
        (
            {
                "retry-after": email.utils.formatdate(1_000_030, usegmt=True),
                "date": email.utils.formatdate(1_000_000, usegmt=True),
            },
            30.0,
        ),
    ],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(httpx2.Headers(headers)) == seconds


def test_retry_after_reaches_the_fault() -> None:
    fault = translate(status_error(429, {"code": "rate_limit_exceeded"}, {"retry-after": "3"}), Scrubber(None))
    assert isinstance(fault, errors.RateLimited)
    assert fault.retry_after_s == 3.0


def test_a_page_of_html_is_not_repeated_in_the_message() -> None:
    response = httpx2.Response(502, text="<html><script>alert(1)</script></html>", request=REQUEST)
    client = openai.AsyncOpenAI(api_key="k", base_url="http://127.0.0.1")
    fault = translate(client._make_status_error_from_response(response), Scrubber(None))
    assert type(fault) is errors.ServerFault
    assert "<" not in str(fault)


def test_keys_are_taken_out_of_text() -> None:
    scrub = Scrubber("my-own-secret")
    assert scrub("key my-own-secret is wrong") == "key [key] is wrong"
    assert scrub("sent Authorization: Bearer abc.def-1") == "sent Authorization: [key]"
    assert scrub("Incorrect API key provided: sk-ab****wxyz.") == "Incorrect API key provided: [key]"
    assert "my-own-secret" not in repr(scrub)
    assert scrub("nothing here") == "nothing here"


@pytest.mark.parametrize("placeholder", [NO_KEY, "ollama", "EMPTY", "test"])
def test_a_word_in_place_of_a_key_stays_in_replies(placeholder: str) -> None:
    reply = f'{{"severity": "{placeholder}", "evidence": "{placeholder} of it"}}'
    assert Scrubber(placeholder).reply(reply) == reply
    assert Scrubber(NO_KEY)(f"there is {NO_KEY}") == f"there is {NO_KEY}"
    assert Scrubber("my-own-secret").reply("my-own-secret") == "[key]"


def test_an_exception_that_is_no_fault_of_a_call_is_not_hidden() -> None:
    with pytest.raises(TypeError):
        translate(ZeroDivisionError(), Scrubber(None))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"code": 429, "message": "slow down"}, errors.RateLimited),
        ({"code": "402"}, errors.QuotaExhausted),
        ({"code": "insufficient_quota"}, errors.QuotaExhausted),
        ({"message": "upstream"}, errors.ServerFault),
        ({}, errors.ServerFault),
    ],
)
def test_an_error_in_a_reply_with_status_200_is_told_by_its_code(
    body: dict[str, object], kind: type[Exception]
) -> None:
    assert type(from_error_body(body, Scrubber(None))) is kind
