"""What a call may say beyond the question (effort, seed, headers, fields of the body), and what an endpoint refuses."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from pydantic import SecretStr

from feedeval import errors
from feedeval.jobs.fingerprint import model_fingerprint
from feedeval.model.client import ModelClient, ModelSettings, Prompt
from tests.model.helpers import KEY, PROMPT, Answer, Books, ask, client_for, closing
from tests.server import Fault, FaultKind, ModelServer

SECRET = "gateway-5f2c91d07ab34e68"
AT = {"model": "m", "base_url": "http://a/v1", "api_key": SecretStr(KEY)}


def settings(**changes: Any) -> ModelSettings:
    return ModelSettings(**{**AT, **changes})


async def test_what_was_set_is_sent_and_nothing_else(server: ModelServer) -> None:
    bodies = server.record_bodies()
    await closing(plain := client_for(server.base_url), ask(plain, Books()))
    spoken = client_for(
        server.base_url,
        reasoning_effort="low",
        seed=7,
        max_output_tokens=900,
        service_tier="priority",
        extra_body={"top_p": 0.5, "metadata": {"shop": "north"}},
    )
    await closing(spoken, ask(spoken, Books()))
    assert bodies[0].keys() == {"model", "messages", "response_format", "temperature", "max_tokens"}
    added = {name: value for name, value in bodies[1].items() if name not in bodies[0]}
    assert added == {
        "reasoning_effort": "low",
        "seed": 7,
        "service_tier": "priority",
        "top_p": 0.5,
        "metadata": {"shop": "north"},
    }
    assert bodies[1]["max_tokens"] == 900


async def test_headers_are_sent_with_every_request(server: ModelServer) -> None:
    headers = server.record_headers()
    client = client_for(server.base_url, extra_headers={"X-Gateway": SECRET})
    await closing(client, ask(client, Books()))
    assert headers[0]["x-gateway"] == SECRET
    assert headers[0]["authorization"] == "[key]"


def test_the_hash_and_the_fingerprint_hold_what_changes_a_reply() -> None:
    plain = settings()
    digest = ModelClient(plain).request_hash(PROMPT, Answer)
    assert dict(model_fingerprint(plain, "1")).keys() == {"model", "endpoint", "prompts", "temperature"}
    same: list[dict[str, Any]] = [
        {"service_tier": "flex"},
        {"flex_fallback": "default"},
        {"extra_headers": {"X-Gateway": SECRET}},
        {"extra_headers": None, "extra_body": None},
    ]
    for changes in same:
        assert ModelClient(settings(**changes)).request_hash(PROMPT, Answer) == digest
        assert model_fingerprint(settings(**changes), "1") == model_fingerprint(plain, "1")
    others: list[dict[str, Any]] = [
        {"seed": 0},
        {"seed": 1},
        {"reasoning_effort": "high"},
        {"extra_body": {"top_p": 0.5}},
        {"extra_body": {"top_p": 0.6}},
    ]
    assert len({digest, *(ModelClient(settings(**c)).request_hash(PROMPT, Answer) for c in others)}) == 6
    for changes in others:
        assert model_fingerprint(settings(**changes), "1") == {**model_fingerprint(plain, "1"), **changes}


def test_the_hash_of_a_plain_request_is_what_it_was() -> None:
    given = ModelSettings(model="m", base_url="http://a/v1", api_key=SecretStr(KEY))
    assert ModelClient(given).request_hash(PROMPT, Answer) == "4bae3caf1c84a1ae933f8d650e34ae4d"


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        (FaultKind.NO_SEED, {"seed": 7}, "seed=7"),
        (FaultKind.NO_REASONING_EFFORT, {"reasoning_effort": "low"}, "reasoning_effort=low"),
        (FaultKind.NO_REASONING_EFFORT_UNNAMED, {"reasoning_effort": "low", "seed": 7}, "reasoning_effort=low"),
        (FaultKind.NO_SERVICE_TIER, {"service_tier": "flex"}, "service_tier=flex"),
        (FaultKind.NO_TOP_P, {"extra_body": {"top_p": 0.5}}, "extra_body['top_p']"),
        (FaultKind.NO_TEMPERATURE, {"temperature": 0.7}, "temperature=0.7"),
    ],
)
async def test_a_setting_that_is_refused_is_said_and_not_dropped(
    server: ModelServer, kind: FaultKind, changes: dict[str, Any], said: str
) -> None:
    server.faults.append(Fault(kind))
    client = client_for(server.base_url, **changes)
    with pytest.raises(errors.SettingRefused) as caught:
        await ask(client, Books())
    assert f"does not take {said} for the model gpt-4o-mini" in str(caught.value)
    # A fault of the whole run: nobody else is sent to find out the same.
    assert isinstance(caught.value, errors.RunFault)
    assert server.stats.requests == 1
    server.faults.clear()
    assert (await closing(client, ask(client, Books()))).word


async def test_a_message_that_has_the_name_of_a_setting_that_was_taken_before_is_the_requests_own(
    server: ModelServer,
) -> None:
    client = client_for(server.base_url, reasoning_effort="low")
    await ask(client, Books())
    server.faults.append(Fault(FaultKind.NO_REASONING_EFFORT_UNNAMED))
    with pytest.raises(errors.RequestRejected):
        await closing(client, ask(client, Books(), Prompt("s", "Another one?")))


async def test_a_model_that_thinks_is_asked_without_temperature_and_with_the_effort(server: ModelServer) -> None:
    server.faults.extend(Fault(kind) for kind in (FaultKind.NO_TEMPERATURE, FaultKind.NO_MAX_TOKENS))
    bodies = server.record_bodies()
    client = client_for(server.base_url, reasoning_effort="low")
    await ask(client, Books())
    bodies.clear()
    await closing(client, ask(client, Books(), Prompt("s", "Another one?")))
    (body,) = bodies
    assert body["reasoning_effort"] == "low" and "max_completion_tokens" in body and "temperature" not in body


async def test_a_headers_value_is_in_no_log_message_or_reply(
    server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.faults.append(Fault(FaultKind.ECHO_HEADERS, times=1))
    client = client_for(server.base_url, extra_headers={"X-Gateway": SECRET})
    books = Books()
    with pytest.raises(errors.RequestRejected) as caught:
        await ask(client, books)
    await closing(client, ask(client, books, Prompt("s", f"Say {SECRET}.")))
    shown = f"{client!r} {client.describe()} {client.settings!r} {client.settings.model_dump_json()} {caught.value}"
    assert "X-Gateway" in repr(client.settings)
    assert SECRET not in shown + caplog.text
    assert "[header]" in str(caught.value)


def test_a_secret_of_a_header_is_taken_out_of_replies_and_an_address_is_not() -> None:
    client = ModelClient(settings(extra_headers={"X-Gateway": SECRET, "HTTP-Referer": "https://shop.example/about"}))
    assert client.scrubber.reply(f"{SECRET} https://shop.example/about") == "[header] https://shop.example/about"
    assert "shop.example" not in client.scrubber("sent https://shop.example/about")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"extra_headers": {"Authorization": f"Bearer {SECRET}"}}, "give it as api_key"),
        ({"extra_headers": {"Content-Type": SECRET}}, "Content-Type belongs"),
        ({"extra_headers": {"X-A": f"{SECRET}\r\nX-B: 1"}}, "the header X-A"),
        ({"extra_headers": {"X A": SECRET}}, "no name of a header"),
        ({"extra_headers": SECRET}, "extra_headers cannot be used"),
        ({"extra_body": {"seed": 1}}, "give seed"),
        ({"extra_body": {"max_tokens": 1}}, "give max_output_tokens"),
        ({"extra_body": {"stream": True}}, "stream is made for each request"),
        ({"extra_body": {"provider": {"api_key": SECRET}}}, "provider.api_key looks like a key"),
        ({"extra_body": {"user": f"Bearer {SECRET}"}}, "user looks like a key"),
        ({"extra_body": {"user": {SECRET}}}, "no JSON"),
        ({"service_tier": "express"}, "service_tier='express'"),
        ({"reasoning_effort": "Very Hard"}, "reasoning_effort='Very Hard'"),
        ({"cached_price": 1.0}, "give all three"),
    ],
)
def test_what_cannot_be_sent_is_refused_without_showing_a_secret(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(errors.InputError) as caught:
        settings(**changes)
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


def test_words_that_only_sound_like_keys_may_be_sent() -> None:
    body = {"stop_token_ids": [1, 2], "prompt_cache_key": "audit", "tokenizer": "cl100k"}
    assert settings(extra_body=body).asked_for == {"extra_body": body}
