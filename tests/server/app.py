"""The model server: HTTP on loopback that speaks `chat/completions`, `models`, `files` and `batches`.

It misbehaves on demand.
"""

from __future__ import annotations

import asyncio
import collections
import hashlib
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from tests.server.answers import Answerer, Asked, take_apart
from tests.server.desk import ROUTE, Desk
from tests.server.faults import ERROR_REPLIES, Fault, FaultKind, faults_from_json
from tests.server.limits import Enforced, Headers, RateLimits, Shape

JSON = "application/json"
DEPLOYMENT = re.compile(r"/openai/deployments/([^/]+)/chat/completions$")
KEYS = frozenset({"authorization", "api-key"})
CACHE_BLOCK = 512
"""Characters of 128 tokens: what a prefix cache keeps at a time."""


@dataclass
class Stats:
    """What was served since the last reset."""

    requests: int = 0
    """Chat requests that came in."""
    accepted: int = 0
    """Chat requests answered with HTTP 200 and a whole reply: what a provider would bill."""
    repeated: int = 0
    """Accepted requests whose body had been accepted before."""
    refused: int = 0
    """Requests answered 429."""
    in_flight: int = 0
    max_in_flight: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    models_requests: int = 0
    by_purpose: collections.Counter[str] = field(default_factory=collections.Counter)
    by_tier: collections.Counter[str] = field(default_factory=collections.Counter)
    """Accepted requests by the tier that served them."""
    by_fault: collections.Counter[str] = field(default_factory=collections.Counter)
    uploads: int = 0
    batches: int = 0
    """Batches that were made and not refused."""
    batch_requests: int = 0
    """Requests in them."""
    batch_accepted: int = 0
    """Requests of batches that were answered; they count in `accepted`, too."""
    twice: int = 0
    """Requests in a batch that had been asked before, live or in a batch that was going on or had answered them."""


@dataclass
class Config:
    """Everything about the server that can be changed while it runs."""

    seed: int = 0
    model: str | None = None
    """Only this model is known; None: any."""
    api_key: str | None = None
    """Only this key is accepted; None: any."""
    rpm: int | None = None
    tpm: int | None = None
    window_s: float = 60.0
    """The minute of `rpm` and `tpm`, shortened for tests."""
    enforced_s: float | None = None
    """Seconds over which they are enforced; None: over the whole minute."""
    shape: str = Shape.BUCKET
    limit_headers: str = Headers.AGREE
    latency_s: float = 0.0
    latency_sigma: float = 0.0
    """Spread of the latency: lognormal with `latency_s` as its median."""
    held_after: int | None = None
    """Requests after so many are not answered before this is None: what asks them is still going on till then."""
    rate_headers: bool = True
    """Send `x-ratelimit-*`."""
    retry_after: bool = True
    """Send `retry-after` with a 429."""
    tier: str | None = None
    """Serves this tier whatever is asked for; None: the one that is asked for."""
    says_tier: bool = True
    deployments: dict[str, str] | None = None
    """Azure's classic form only: the deployments, and the model of each."""
    cached_tokens: bool = True
    usage: bool = True
    batches: bool = True
    """Has `files` and `batches`."""
    batch_s: float = 0.0
    """How long a batch takes; it is validated for a third of that."""
    batch_hold: bool = False
    """Keep all batches in progress."""
    batch_ends: list[str] = field(default_factory=list)
    """How the next batches end, of `BatchEnd`; those after them are completed."""
    batch_share: float = 0.5
    """Share of a batch's requests that is done when it expires or is cancelled."""
    batch_file_bytes: int | None = None
    """Longest file that is taken; None: any."""
    batch_tokens: int | None = None
    """Input tokens that may wait in batches; None: any number."""


class ModelApp:
    """Handles requests; lives on one event loop and needs no locks."""

    def __init__(self, config: Config, answerer: Answerer, faults: list[Fault]) -> None:
        self.config = config
        self.answerer = answerer
        self.faults = faults
        self.reset()

    def reset(self) -> None:
        """Forget what was served and refill the limits; faults count from here."""
        self.stats = Stats()
        self.bodies: list[dict[str, Any]] | None = None
        self.headers: list[dict[str, str]] | None = None
        self._accepted: set[bytes] = set()
        self._prefixes: set[bytes] = set()
        self._rng = random.Random(self.config.seed)
        self.restart_limits()
        for fault in self.faults:
            fault.struck = 0
        self.desk = Desk(self)

    def restart_limits(self) -> None:
        """Take over the limits as they stand in the configuration, with full buckets."""
        config = self.config
        enforced = Enforced(config.enforced_s, Shape(config.shape), Headers(config.limit_headers))
        self._limits = RateLimits(config.rpm, config.tpm, window_s=config.window_s, enforced=enforced)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer any request."""
        path = request.path
        if path.endswith("/chat/completions"):
            return await self._chat(request)
        if self.config.batches and (desk := ROUTE.search(path)):
            if self._wrong_key(request):
                return self._error(FaultKind.WRONG_KEY, None)
            return await self.desk.handle(request, desk)
        if path.endswith("/models"):
            self.stats.models_requests += 1
            return self._models(request)
        if path.endswith("/stats"):
            return web.Response(body=orjson.dumps(self.stats), content_type=JSON)
        if path.endswith("/control"):
            return self._control(orjson.loads(await request.read()))
        return web.Response(status=404, text="not found")

    def _control(self, wanted: dict[str, Any]) -> web.Response:
        if "faults" in wanted:
            self.faults[:] = faults_from_json(wanted["faults"])
        if "truth" in wanted:
            self.answerer.truth = wanted["truth"]
        for name, value in wanted.get("answers", {}).items():
            setattr(self.answerer, name, value)
        for name, value in wanted.get("config", {}).items():
            setattr(self.config, name, value)
        if {"rpm", "tpm", "window_s", "enforced_s", "shape", "limit_headers"} & wanted.get("config", {}).keys():
            self.restart_limits()
        if wanted.get("reset"):
            self.reset()
        return web.Response(body=orjson.dumps(self.stats), content_type=JSON)

    def _models(self, request: web.BaseRequest) -> web.Response:
        for fault in self.faults:
            if fault.kind is FaultKind.WRONG_KEY and not fault.contains:
                return self._error(FaultKind.WRONG_KEY, None)
        if self._wrong_key(request):
            return self._error(FaultKind.WRONG_KEY, None)
        models = [{"id": self.config.model or "test-model", "object": "model", "created": 0, "owned_by": "tests"}]
        return web.Response(body=orjson.dumps({"object": "list", "data": models}), content_type=JSON)

    def _wrong_key(self, request: web.BaseRequest) -> bool:
        if self.config.api_key is None:
            return False
        if self.config.deployments is not None:
            return request.headers.get("api-key") != self.config.api_key or "Authorization" in request.headers
        return request.headers.get("Authorization") != f"Bearer {self.config.api_key}"

    def _model_of(self, request: web.BaseRequest, body: dict[str, Any]) -> str | None:
        """Return the model that answers, or None where the address or the body names none that is there."""
        known, asked = self.config.deployments, body.get("model")
        if known is None:
            at_azure = DEPLOYMENT.search(request.path)
            return asked if self.config.model in (None, asked) and not at_azure else None
        named = DEPLOYMENT.search(request.path)
        return known.get(named[1]) if named and request.query.get("api-version") else None

    async def _chat(self, request: web.BaseRequest) -> web.StreamResponse:
        stats = self.stats
        stats.requests += 1
        number = stats.requests
        stats.in_flight += 1
        stats.max_in_flight = max(stats.max_in_flight, stats.in_flight)
        try:
            return await self._answer(request, number)
        finally:
            stats.in_flight -= 1

    async def _answer(self, request: web.BaseRequest, number: int) -> web.StreamResponse:
        raw = await request.read()
        body = orjson.loads(raw)
        if self.bodies is not None:
            self.bodies.append(body)
        if self.headers is not None:
            self.headers.append(_without_keys(request.headers))
        if self._wrong_key(request):
            return self._error(FaultKind.WRONG_KEY, None)
        model = self._model_of(request, body)
        if model is None:
            return self._error(FaultKind.UNKNOWN_MODEL, None)
        body = {**body, "model": model}
        struck = next((fault for fault in self.faults if fault.strikes(number, raw, body, self._rng)), None)
        if struck is not None:
            early = await self._misbehave(struck, request)
            if early is not None:
                return early
        asked = take_apart(body)
        text, finish, refusal = self._reply_text(asked, struck)
        usage = self._usage(asked, text)
        headers: dict[str, str] = {}
        if self._limits:
            refused = self._limits.admit(usage["total_tokens"])
            if self.config.rate_headers:
                headers = self._limits.headers()
            if refused is not None:
                self.stats.refused += 1
                retry_after_s = refused.retry_after_s if self.config.retry_after else None
                return self._error(FaultKind.RATE_LIMIT, retry_after_s, headers=headers, type_=refused.what)
        while self.config.held_after is not None and number > self.config.held_after:
            await asyncio.sleep(0.005)
        if self.config.latency_s:
            await self._wait()
        reply = self._completion(body, text, usage, finish=finish, refusal=refusal)
        return await self._send(request, raw, reply, struck=struck, headers=headers, purpose=asked.purpose)

    async def _wait(self) -> None:
        sigma = self.config.latency_sigma
        spread = self._rng.lognormvariate(0.0, sigma) if sigma else 1.0
        await asyncio.sleep(self.config.latency_s * spread)

    async def _misbehave(self, fault: Fault, request: web.BaseRequest) -> web.StreamResponse | None:
        """Return the bad answer, or None where the fault is in the reply itself."""
        kind = fault.kind
        self.stats.by_fault[kind.value] += 1
        if kind in ERROR_REPLIES:
            if ERROR_REPLIES[kind].status == 429:
                self.stats.refused += 1
            return self._error(kind, fault.retry_after_s, message=_echo(kind, request))
        if kind is FaultKind.HANG:
            await asyncio.sleep(fault.seconds)
        elif kind is FaultKind.RESET and request.transport is not None:
            request.transport.abort()
            return web.Response()
        elif kind is FaultKind.NOT_JSON:
            return web.Response(body=b"upstream connect error or disconnect", content_type=JSON)
        elif kind is FaultKind.HTML:
            return web.Response(
                text="<html><body><h1>Sign in to the network</h1></body></html>", content_type="text/html"
            )
        elif kind is FaultKind.OTHER_SHAPE:
            return web.Response(body=b'{"result":["something","else"]}', content_type=JSON)
        return None

    def _error(
        self,
        kind: FaultKind,
        retry_after_s: float | None,
        *,
        headers: dict[str, str] | None = None,
        message: str | None = None,
        type_: str | None = None,
    ) -> web.Response:
        reply = ERROR_REPLIES[kind]
        error = _error_body(kind)
        error.update({"message": message or reply.message, "type": type_ or reply.type})
        response = web.Response(
            status=reply.status, body=orjson.dumps({"error": error}), content_type=JSON, headers=headers
        )
        if retry_after_s is not None:
            response.headers["retry-after"] = f"{retry_after_s:.3f}"
        return response

    def answer_line(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer a request that came in a batch: the status and the body of its reply."""
        raw = orjson.dumps(body)
        if self.config.model not in (None, body.get("model")):
            return 404, {"error": _error_body(FaultKind.UNKNOWN_MODEL)}
        struck = next(
            (fault for fault in self.faults if fault.strikes(self.stats.requests, raw, body, self._rng)), None
        )
        if struck is not None:
            self.stats.by_fault[struck.kind.value] += 1
            if struck.kind in ERROR_REPLIES:
                return ERROR_REPLIES[struck.kind].status, {"error": _error_body(struck.kind)}
        asked = take_apart(body)
        text, finish, refusal = self._reply_text(asked, struck)
        usage = self._usage(asked, text)
        reply = self._completion(body, text, usage, finish=finish, refusal=refusal)
        if struck is not None and struck.kind is FaultKind.NULL_CONTENT:
            reply["choices"][0]["message"]["content"] = None
        self._bill(raw, usage, asked.purpose)
        self.stats.batch_accepted += 1
        return 200, reply

    def was_accepted(self, body: dict[str, Any]) -> bool:
        """Say whether a request with this body was answered."""
        return hashlib.blake2b(orjson.dumps(body), digest_size=16).digest() in self._accepted

    def _bill(self, raw: bytes, usage: Mapping[str, Any], purpose: str) -> None:
        stats = self.stats
        digest = hashlib.blake2b(raw, digest_size=16).digest()
        stats.repeated += digest in self._accepted
        self._accepted.add(digest)
        stats.accepted += 1
        stats.by_purpose[purpose] += 1
        stats.input_tokens += usage.get("prompt_tokens", 0)
        stats.output_tokens += usage.get("completion_tokens", 0)

    def _reply_text(self, asked: Asked, struck: Fault | None) -> tuple[str, str, str | None]:
        """Return the reply's text, its finish reason and its refusal."""
        text = self.answerer.answer(asked)
        if struck is None:
            return text, "stop", None
        if struck.kind is FaultKind.LENGTH:
            return text[: len(text) // 2], "length", None
        if struck.kind is FaultKind.FILTERED_REPLY:
            return "", "content_filter", None
        if struck.kind is FaultKind.REFUSAL:
            return "", "stop", "I can't help with that."
        if struck.kind is FaultKind.INVALID_REPLY:
            return '{"unexpected": true}', "stop", None
        return text, "stop", None

    def _usage(self, asked: Asked, text: str) -> dict[str, Any]:
        input_tokens = asked.characters // 4 + 800 * asked.images + 8
        output_tokens = max(1, len(text) // 4)
        cached = self._cached(asked.system + asked.user) if self.config.cached_tokens else 0
        return {
            "prompt_tokens": input_tokens,
            "completion_tokens": output_tokens,
            "total_tokens": input_tokens + output_tokens,
            "prompt_tokens_details": {"cached_tokens": cached},
        }

    def _cached(self, text: str) -> int:
        """Return how many tokens at the start of a prompt were met before: from 1,024, in steps of 128."""
        met, digest = 0, hashlib.blake2b(digest_size=8)
        for block in range(1, len(text) // CACHE_BLOCK + 1):
            digest.update(text[(block - 1) * CACHE_BLOCK : block * CACHE_BLOCK].encode("utf-8", "replace"))
            prefix = digest.digest()
            met = block if met == block - 1 and prefix in self._prefixes else met
            self._prefixes.add(prefix)
        return met * CACHE_BLOCK // 4 if met * CACHE_BLOCK // 4 >= 1024 else 0

    def _completion(
        self, body: dict[str, Any], text: str, usage: dict[str, Any], *, finish: str, refusal: str | None
    ) -> dict[str, Any]:
        message = {"role": "assistant", "content": text if refusal is None else None, "refusal": refusal}
        completion = {
            "id": f"chatcmpl-{self.stats.requests}",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": body.get("model"),
            "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        }
        if self.config.usage:
            completion["usage"] = usage
        tier = body.get("service_tier")
        if tier is not None and self.config.says_tier:
            completion["service_tier"] = self.config.tier or ("default" if tier == "auto" else tier)
        return completion

    async def _send(
        self,
        request: web.BaseRequest,
        raw: bytes,
        reply: dict[str, Any],
        *,
        struck: Fault | None,
        headers: dict[str, str],
        purpose: str,
    ) -> web.StreamResponse:
        if struck is not None and struck.kind is FaultKind.NO_CHOICES:
            reply["choices"] = []
        if struck is not None and struck.kind is FaultKind.NULL_CONTENT:
            reply["choices"][0]["message"]["content"] = None
        payload = orjson.dumps(reply)
        if struck is not None and struck.kind is FaultKind.CUT_OFF:
            return await _cut_off(request, payload)
        if "service_tier" in reply:
            self.stats.by_tier[reply["service_tier"]] += 1
        self._bill(raw, reply.get("usage", {}), purpose)
        return web.Response(body=payload, content_type=JSON, headers=headers)


def _error_body(kind: FaultKind) -> dict[str, Any]:
    reply = ERROR_REPLIES[kind]
    return {"message": reply.message, "type": reply.type, "param": reply.param, "code": reply.code}


def _echo(kind: FaultKind, request: web.BaseRequest) -> str | None:
    """Return the message of a fault that repeats what was sent."""
    if kind is FaultKind.ECHO_KEY:
        return f"You sent {request.headers.get('Authorization')}."
    if kind is FaultKind.ECHO_HEADERS:
        return f"You sent {dict(request.headers)}."
    return None


def _without_keys(headers: Mapping[str, str]) -> dict[str, str]:
    lowered = {name.lower(): value for name, value in headers.items()}
    return {name: "[key]" if name in KEYS else value for name, value in lowered.items()}


async def _cut_off(request: web.BaseRequest, payload: bytes) -> web.StreamResponse:
    """Promise the whole body, send half of it and hang up."""
    response = web.StreamResponse(headers={"Content-Type": JSON, "Content-Length": str(len(payload))})
    await response.prepare(request)
    await response.write(payload[: len(payload) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
