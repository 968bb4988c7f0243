from __future__ import annotations

from enum import StrEnum
from typing import Any

import httpx2
import orjson
import pytest
from pydantic import BaseModel, Field, SecretStr

from feedeval.errors import BrokenReply
from feedeval.model.client import ModelClient, ModelSettings
from feedeval.model.schema import schema_text, strict_schema
from feedeval.model.wire import Dialect, ErrorInReply, Prompt, Rung, body_of, json_in, messages_of, read_reply
from tests.model.helpers import KEY, Answer, Books

SAMPLING = {"model": "m", "temperature": 0.0, "max_output_tokens": 100}


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Inner(BaseModel):
    title: str = Field(default="", max_length=20, description="What it is called.")
    colour: Colour = Field(default=Colour.RED, description="Beside a reference nothing may stand.")


class Outer(BaseModel):
    default: int = 3
    inner: list[Inner]
    maybe: str | None = None


def test_a_strict_schema_is_closed_and_requires_everything() -> None:
    schema = strict_schema(Outer)
    inner = schema["$defs"]["Inner"]
    assert schema["additionalProperties"] is inner["additionalProperties"] is False
    assert schema["required"] == ["default", "inner", "maybe"]
    assert inner["required"] == ["title", "colour"]
    assert inner["properties"]["title"] == {"type": "string", "description": "What it is called."}
    assert inner["properties"]["colour"] == {"$ref": "#/$defs/Colour"}


def test_the_text_of_a_schema_is_the_same_each_time() -> None:
    assert schema_text(Outer) == schema_text(Outer)
    assert orjson.loads(schema_text(Outer)) == strict_schema(Outer)


def body(dialect: Dialect, image_url: str | None = None) -> dict[str, Any]:
    prompt = Prompt("be brief", "what?", image_url)
    found: dict[str, Any] = orjson.loads(body_of(messages_of(prompt), Answer, dialect, SAMPLING))
    return found


@pytest.mark.parametrize(
    ("base_url", "cache_key", "sent"),
    [
        ("https://api.openai.com/v1", "tents", "tents"),
        ("https://api.openai.com/v1", "", None),
        ("https://models.example/v1", "tents", None),
    ],
)
async def test_prompts_that_begin_alike_are_marked_for_openai_alone(
    base_url: str, cache_key: str, sent: str | None
) -> None:
    bodies: list[dict[str, Any]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        bodies.append(orjson.loads(request.content))
        return httpx2.Response(200, content=completion(content='{"word": "a", "number": 1}'))

    settings = ModelSettings(model="m", base_url=base_url, api_key=SecretStr(KEY))
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        client = ModelClient(settings, http_client=http)
        prompts = [Prompt("be brief", "what?", cache_key=key) for key in (cache_key, "")]
        assert client.request_hash(prompts[0], Answer) == client.request_hash(prompts[1], Answer)
        await client.ask(prompts[0], Answer, Books())
    assert [body.get("prompt_cache_key") for body in bodies] == [sent]


def test_each_rung_asks_for_the_shape_in_its_own_way() -> None:
    strict, loose, text = (body(Dialect(rung)) for rung in Rung)
    assert strict["response_format"]["json_schema"]["strict"] is True
    assert strict["messages"][0]["content"] == "be brief"
    assert loose["response_format"] == {"type": "json_object"}
    assert "response_format" not in text
    for told in (loose, text):
        assert schema_text(Answer) in told["messages"][0]["content"]
        assert "JSON" in told["messages"][0]["content"]
        assert told["messages"][1]["content"] == "what?"


def test_a_dialect_leaves_out_what_the_endpoint_does_not_know() -> None:
    plain = body(Dialect(temperature=False, tokens_parameter="max_tokens"))
    assert "temperature" not in plain
    assert plain["max_tokens"] == 100
    assert "max_completion_tokens" not in plain


def test_a_picture_goes_beside_the_text() -> None:
    content = body(Dialect(), "http://x/1.png")["messages"][1]["content"]
    assert [part["type"] for part in content] == ["text", "image_url"]


def completion(**message: Any) -> bytes:
    choice = {"message": {"role": "assistant", **message}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}
    return orjson.dumps({"choices": [choice], "usage": usage, "model": "m-1"})


def test_a_reply_is_read_with_its_usage() -> None:
    reply = read_reply(completion(content="{}"))
    assert (reply.text, reply.model, reply.complete) == ("{}", "m-1", True)
    assert (reply.usage.input_tokens, reply.usage.cached_tokens, reply.usage.output_tokens) == (10, 4, 5)


def test_content_in_parts_is_joined() -> None:
    assert read_reply(completion(content=[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}])).text == "ab"


def test_a_refusal_is_kept_under_its_own_reason() -> None:
    reply = read_reply(completion(content=None, refusal="No."))
    assert (reply.text, reply.finish_reason, reply.complete) == ("No.", "refusal", True)


def test_a_reply_that_was_billed_but_says_nothing_is_incomplete() -> None:
    assert not read_reply(completion(content=None)).complete
    assert not read_reply(orjson.dumps({"choices": [], "usage": {"prompt_tokens": 3}})).complete


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b'{"choices": []', b"[]", b"null", b'"x"', b'{"choices": "x"}', b'{"choices": [{"message": 3}]}'],
)
def test_a_body_of_another_shape_is_a_broken_reply(content: bytes) -> None:
    with pytest.raises(BrokenReply):
        read_reply(content)


@pytest.mark.parametrize(
    "usage", [None, [], "x", {"prompt_tokens": "many"}, {"prompt_tokens": -1}, {"prompt_tokens_details": 3}]
)
def test_strange_usage_is_no_usage(usage: Any) -> None:
    content = orjson.dumps({"choices": [{"message": {"content": "x"}}], "usage": usage})
    assert read_reply(content).usage.total_tokens == 0


def test_the_object_is_found_between_words_and_fences() -> None:
    assert json_in('Sure!\n```json\n{"a": {"b": 1}}\n```\nDone.') == '{"a": {"b": 1}}'
    assert json_in("no object") == "no object"


def test_an_error_body_with_status_200_is_an_error() -> None:
    with pytest.raises(ErrorInReply) as caught:
        read_reply(b'{"error": {"code": 429, "message": "slow down"}}')
    assert caught.value.body["code"] == 429


def test_a_reply_that_a_provider_broke_off_is_incomplete() -> None:
    content = orjson.dumps({"choices": [{"message": {"content": "{"}, "finish_reason": "error"}]})
    assert not read_reply(content).complete
