"""What goes over the wire: the body of a request, and what is read out of a reply."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from pydantic import BaseModel

from feedeval.errors import BrokenReply
from feedeval.model.schema import schema_text, strict_schema
from feedeval.records import Usage

REFUSAL = "refusal"
"""Finish reason under which a refusal is kept: the API has none of its own for it."""
PLAIN = ("reasoning_effort", "seed", "service_tier")
"""Settings that are sent as they are, under their own names, where a person gave them."""
CACHE_KEY = "prompt_cache_key"
"""OpenAI's name for what groups prompts that begin alike."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked."""

    system: str
    user: str
    image_url: str | None = None
    """An http(s) or data URL of a picture to look at."""
    cache_key: str = ""
    """Says which prompts begin alike, for an endpoint that sends them where that beginning is cached; no reply depends
    on it."""


class Rung(StrEnum):
    """How the shape of the reply is asked for, from strict to loose."""

    SCHEMA = "json_schema"
    JSON = "json_object"
    TEXT = "text"

    @property
    def looser(self) -> Rung | None:
        """The next looser way, or None below plain text."""
        return {Rung.SCHEMA: Rung.JSON, Rung.JSON: Rung.TEXT}.get(self)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What an endpoint understands."""

    rung: Rung = Rung.SCHEMA
    temperature: bool = True
    tokens_parameter: str = "max_completion_tokens"
    swapped: bool = False
    """The other name of `tokens_parameter` was refused before."""


def body_of(
    messages: list[dict[str, Any]], schema: type[BaseModel], dialect: Dialect, sampling: dict[str, Any]
) -> bytes:
    """Return the JSON body of a request.

    Args:
        messages: As `messages_of` made them.
        schema: The record that the reply has to fit.
        dialect: What the endpoint understands.
        sampling: `model`, `temperature` and `max_output_tokens`, perhaps some of `PLAIN`, `CACHE_KEY` and `extra_body`.
    """
    body: dict[str, Any] = {"model": sampling["model"], "messages": messages}
    if dialect.rung is Rung.SCHEMA:
        wanted = {"name": schema.__name__, "strict": True, "schema": strict_schema(schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": wanted}
    else:
        first = messages[0]
        told = f"{first['content']}\n\nReply with one JSON object that fits this JSON schema, and nothing else:\n"
        body["messages"] = [{**first, "content": told + schema_text(schema)}, *messages[1:]]
        if dialect.rung is Rung.JSON:
            body["response_format"] = {"type": "json_object"}
    if dialect.temperature and sampling["temperature"] is not None:
        body["temperature"] = sampling["temperature"]
    body[dialect.tokens_parameter] = sampling["max_output_tokens"]
    body.update({name: sampling[name] for name in (*PLAIN, CACHE_KEY) if sampling.get(name) is not None})
    body.update(sampling.get("extra_body") or {})
    return orjson.dumps(body)


def messages_of(prompt: Prompt) -> list[dict[str, Any]]:
    """Return the prompt as chat messages."""
    content: Any = prompt.user
    if prompt.image_url is not None:
        content = [
            {"type": "text", "text": prompt.user},
            {"type": "image_url", "image_url": {"url": prompt.image_url}},
        ]
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": content}]


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that has the shape of a chat completion."""

    text: str
    """What the model wrote; empty where it wrote nothing."""
    finish_reason: str
    usage: Usage
    model: str
    complete: bool
    """False where the reply was billed but says nothing: no choices, or content that is null without a reason."""
    service_tier: str = ""
    """The tier that served it; empty where the endpoint does not say."""


class PutOff(Exception):
    """A request was put off: it will be answered later."""


class ErrorInReply(Exception):
    """A reply with status 200 that holds an error body and nothing else, as some routers send it.

    Attributes:
        body: The error: `message`, `type`, `code`, `param` as far as it has them.
    """

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__("an error body with status 200")
        self.body = body


def read_reply(content: bytes) -> Reply:
    """Read the body of a reply with status 200.

    Raises:
        ErrorInReply: The body is an error.
        BrokenReply: The body is not JSON, or JSON of another shape.
    """
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError as exc:
        start = content[:60].decode("utf-8", "replace")
        raise BrokenReply(f"The reply is not JSON ({exc.msg}); it starts with {start!r}.") from None
    usage = _usage(body.get("usage")) if isinstance(body, dict) else Usage()
    if isinstance(body, dict) and isinstance(body.get("error"), dict) and not body.get("choices"):
        raise ErrorInReply(body["error"])
    try:
        choice = body["choices"][0]
        message = choice["message"]
        text, refusal = _text(message.get("content")), message.get("refusal")
        finish_reason = choice.get("finish_reason") or ""
    except (KeyError, IndexError, TypeError, AttributeError):
        if usage.total_tokens:
            return Reply("", "", usage, _word(body, "model"), complete=False, service_tier=_word(body, "service_tier"))
        raise BrokenReply("The reply is JSON but no chat completion: it has no choices with a message.") from None
    if refusal and not text:
        text, finish_reason = str(refusal), REFUSAL
    # `error` is what routers say where a provider broke off in the middle of a reply.
    complete = finish_reason != "error" and (bool(text) or finish_reason in ("length", "content_filter", REFUSAL))
    return Reply(text, str(finish_reason), usage, _word(body, "model"), complete, _word(body, "service_tier"))


def _word(body: dict[str, Any], name: str) -> str:
    return str(body.get(name) or "")


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return ""


def _usage(found: Any) -> Usage:
    if not isinstance(found, dict):
        return Usage()
    details = found.get("prompt_tokens_details")
    return Usage(
        input_tokens=_count(found.get("prompt_tokens")),
        cached_tokens=_count(details.get("cached_tokens")) if isinstance(details, dict) else 0,
        output_tokens=_count(found.get("completion_tokens")),
    )


def _count(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and value > 0 else 0


def json_in(text: str) -> str:
    """Return the JSON object in a reply that may have words or a code fence around it."""
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text
