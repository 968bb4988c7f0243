"""The API key is nowhere but in the Authorization header."""

from __future__ import annotations

import logging
import pickle
import traceback

import httpx2
import openai
import pytest
from pydantic import SecretStr

from feedeval import errors
from feedeval.model.client import ModelClient, ModelSettings, Prompt
from feedeval.model.faults import Scrubber, from_error_body, translate
from tests.model.helpers import KEY, Answer, Books, client_for, closing
from tests.server import Fault, FaultKind, ModelServer

PROMPT = Prompt("s", "What is it?")


def everything_about(error: BaseException) -> str:
    """Return the error as text with its causes, contexts and the local variables of every frame."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(told.format(chain=True)) + repr(error) + repr(error.__dict__)


@pytest.mark.parametrize("kind", [FaultKind.ECHO_KEY, FaultKind.WRONG_KEY, FaultKind.SERVER_ERROR, FaultKind.RESET])
async def test_the_key_is_in_no_error_nor_in_its_chain(server: ModelServer, kind: FaultKind) -> None:
    server.faults.append(Fault(kind))
    client = client_for(server.base_url, max_retries=1)
    with pytest.raises(errors.FeedevalError) as caught:
        await closing(client, client.ask(PROMPT, Answer, Books()))
    error: BaseException | None = caught.value
    assert KEY not in everything_about(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args
    while error is not None:
        assert not hasattr(error, "request")
        assert not hasattr(error, "response")
        error = error.__cause__ or error.__context__


async def test_an_echo_of_the_header_is_scrubbed(server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.ECHO_KEY))
    client = client_for(server.base_url)
    with pytest.raises(errors.RequestRejected, match=r"You sent \[key\]"):
        await closing(client, client.ask(PROMPT, Answer, Books()))


@pytest.mark.parametrize("key", [KEY, "plain+key/without=form"])
def test_an_error_body_that_repeats_the_key_anywhere_is_scrubbed_before_it_is_cut(key: str) -> None:
    scrubber = Scrubber(key)
    bodies = [{"code": key}, {"type": key, "message": f"no {key}"}, {"message": "x" * 490 + key}]
    request = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")
    for body in bodies:
        response = httpx2.Response(422, request=request)
        refused = openai.UnprocessableEntityError("no", response=response, body=body)
        for fault in (from_error_body(body, scrubber), translate(refused, scrubber)):
            assert key[:12] not in str(fault)


async def test_the_key_is_in_no_log(server: ModelServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = client_for(server.base_url)
    await closing(client, client.ask(PROMPT, Answer, Books()))
    assert KEY not in caplog.text


def test_the_key_is_in_nothing_that_can_be_shown() -> None:
    client = client_for("http://127.0.0.1:9/v1?token=hidden")
    shown = f"{client!r} {client} {client.describe()} {client.settings!r} {client.settings.model_dump_json()}"
    assert KEY not in shown
    assert "hidden" not in repr(client)
    assert "hidden" not in str(client.describe())


@pytest.mark.parametrize("key", ["sk-with blank", "sk-\u00e4", "sk-line\nbreak"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(errors.InputError) as caught:
        ModelClient(ModelSettings(model="m", base_url="http://127.0.0.1:9/v1", api_key=SecretStr(key)))
    assert key not in str(caught.value)


def test_settings_that_are_wrong_do_not_show_the_key() -> None:
    with pytest.raises(errors.InputError, match="timeout_s=-1") as caught:
        ModelSettings(model="m", api_key=SecretStr(KEY), timeout_s=-1)
    assert KEY not in str(caught.value)


async def test_the_environments_key_is_not_sent_to_another_endpoint(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    server.configure(api_key=KEY)
    client = client_for(server.base_url, api_key=None)
    with pytest.raises(errors.WrongKey):
        await closing(client, client.ask(PROMPT, Answer, Books()))
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    for base_url in (None, server.base_url):
        client = client_for(server.base_url, base_url=base_url, api_key=None)
        assert (await closing(client, client.ask(PROMPT, Answer, Books()))).word


def test_no_key_for_openai_is_said_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(errors.InputError, match="OPENAI_API_KEY"):
        ModelClient(ModelSettings(model="gpt-4o-mini"))
