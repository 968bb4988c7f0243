"""One call, whatever it takes: money set aside, a place in the pacer, tries, the endpoint's dialect, the books."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pydantic import BaseModel

from feedeval.errors import (
    BrokenReply,
    FeedevalError,
    NoCapacity,
    RateLimited,
    RequestRejected,
    RunFault,
    SettingRefused,
    TransientError,
)
from feedeval.model.faults import CALL_FAULTS, Scrubber, from_error_body, refused_parameter, status_of, translate
from feedeval.model.pacing import Lane, Outcome, Permit
from feedeval.model.refusals import STATUSES, refused_setting, settings_made
from feedeval.model.retrying import Patience, RetryWaits, retry
from feedeval.model.schema import schema_text
from feedeval.model.settings import FlexFallback, ModelSettings, ServiceTier
from feedeval.model.transport import Answer
from feedeval.model.wire import CACHE_KEY, Dialect, ErrorInReply, Reply, body_of, read_reply
from feedeval.records import Call, Ledger, Usage

CHARACTERS_PER_TOKEN = 4
TOKENS_PER_IMAGE = 800
MOST_DIALECTS = 7
"""Three ways to ask for a shape, a temperature, two names of a limit, another tier: more changes there are not."""
TOKENS_PARAMETERS = ("max_tokens", "max_completion_tokens")


@dataclass(eq=False)
class PendingCall:
    """A call to be made: what is asked and what is known of it so far."""

    request_hash: str
    messages: list[dict[str, Any]]
    schema: type[BaseModel]
    characters: int
    """Of all messages."""
    images: int = 0
    cache_key: str = ""
    """Which calls begin alike; empty where it is not known."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a call has come."""

    retries: int
    faults: int
    """Faults of the whole run that had been met when the call was asked for."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of sending a question."""

    dialect: Dialect
    named: bool
    """Whether the dialect leaves out what the endpoint refused by name."""
    response: Answer | None = None
    fault: FeedevalError | None = None


class Estimator:
    """Guesses the tokens of a call from its length and from what calls of the same schema used before."""

    def __init__(self, max_output_tokens: int) -> None:
        self._max_output_tokens = max_output_tokens
        self._input_ratio: dict[type[BaseModel], float] = {}
        self._output: dict[type[BaseModel], float] = {}

    def input_tokens(self, question: PendingCall) -> float:
        """Return the input tokens to expect."""
        plain = question.characters / CHARACTERS_PER_TOKEN + TOKENS_PER_IMAGE * question.images + 10
        return plain * self._input_ratio.get(question.schema, 1.0)

    def total_tokens(self, question: PendingCall) -> float:
        """Return all tokens to expect."""
        return self.input_tokens(question) + self._output.get(question.schema, min(300.0, self._max_output_tokens))

    def learn(self, question: PendingCall, usage: Usage) -> None:
        """Take a call's usage into account; the newest counts a tenth."""
        if not usage.total_tokens:
            return
        schema = question.schema
        ratio = self._input_ratio.get(schema, 1.0) * usage.input_tokens / self.input_tokens(question)
        self._input_ratio[schema] = _blend(self._input_ratio.get(schema), ratio)
        self._output[schema] = _blend(self._output.get(schema), float(usage.output_tokens))


def _blend(before: float | None, new: float) -> float:
    return new if before is None else 0.9 * before + 0.1 * new


@dataclass(frozen=True, slots=True)
class Served:
    """What a call is billed as."""

    tier: str | None = None
    """The service tier; None: that of no name."""
    model: str = ""
    """The model that the reply names."""


@dataclass
class Tools:
    """What a caller works with; each part can be another one in tests."""

    send: Callable[[bytes], Awaitable[Answer]]
    price: Callable[[Usage, Served], float | None]
    scrubber: Scrubber
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    rng: random.Random = field(default_factory=random.Random)


class Caller:
    """Makes calls to one endpoint with one key and keeps what was learned of it.

    Args:
        settings: Whom to ask, and how.
        lane: The way through the endpoint's pacer.
        tools: How to send, price, and wait.
    """

    def __init__(self, settings: ModelSettings, lane: Lane, tools: Tools) -> None:
        self.lane = lane
        self.retries = 0
        """Tries that failed and were repeated, since the start."""
        self.waits = RetryWaits(tools.clock, tools.sleep)
        self.dialect = Dialect(tokens_parameter=TOKENS_PARAMETERS[settings.is_openai])
        self._settings = settings
        self._tools = tools
        self._proven = False
        self._estimator = Estimator(settings.max_output_tokens)
        self._fault: RunFault | None = None
        self._faults = 0
        self._sampling: dict[str, Any] = {
            "model": settings.model,
            "temperature": settings.temperature,
            "max_output_tokens": settings.max_output_tokens,
            "reasoning_effort": settings.reasoning_effort,
            "seed": settings.seed,
            "service_tier": settings.service_tier,
            "extra_body": settings.extra_body,
        }
        self._made = settings_made(settings)

    async def call(self, question: PendingCall, ledger: Ledger) -> Call:
        """Return the reply to a question; tries again what may pass.

        Raises:
            FeedevalError: As the tree in `feedeval.errors` says; the last fault where tries ran out.
        """
        patience = Patience(self._settings.max_retries, self._tools.rng)
        faults = self._faults

        async def attempt() -> Call:
            self.retries += patience.retries > 0
            return await self._attempt(question, ledger, Standing(patience.retries, faults))

        try:
            return await retry(attempt, patience, partial(self.waits.wait, question, patience))
        finally:
            self.waits.leave(question)

    async def _attempt(self, question: PendingCall, ledger: Ledger, standing: Standing) -> Call:
        self._check(standing.faults)
        # An estimate may be too high, so a request that is only a little too large is tried.
        self._reject_if_too_large(question, 1.5)
        reserve_usd = self._most(question)
        await ledger.reserve(reserve_usd)
        call: Call | None = None
        complete = True
        try:
            permit = await self.lane.enter(self._estimator.total_tokens(question), ahead=standing.retries > 0)
            self.waits.leave(question)
            started = self._tools.clock()
            reply = await self._through(permit, question, standing)
            call = self._written(question, reply, (self._tools.clock() - started) * 1000, standing.retries)
            complete = reply.complete
        finally:
            await ledger.settle(reserve_usd, call)
        if not complete:
            raise BrokenReply("The reply was billed but says nothing: no choices, or content that is null.")
        return call

    async def _through(self, permit: Permit, question: PendingCall, standing: Standing) -> Reply:
        """Make the call that a permit was got for, and give the permit back in every case."""
        outcome, headers, tokens, retry_after_s = Outcome.NEUTRAL, None, None, None
        try:
            try:
                self._check(standing.faults)
            except RunFault:
                tokens = 0.0
                raise
            sent = await self._send(question)
            headers = None if sent.response is None else sent.response.headers
            reply = self._reply(sent)
            if isinstance(reply, RateLimited):
                self._reject_if_too_large(question, 0.7 if standing.retries else 1.0)
            if isinstance(reply, FeedevalError):
                outcome = _outcome(reply)
                retry_after_s = getattr(reply, "retry_after_s", None)
                raise reply
            outcome = Outcome.RETRIED_OK if standing.retries else Outcome.OK
            if reply.complete and (sent.named or not self._proven):
                self.dialect, self._proven = sent.dialect, True
            if reply.usage.total_tokens:
                tokens = float(reply.usage.total_tokens)
                self._estimator.learn(question, reply.usage)
            return reply
        finally:
            self.lane.leave(permit, outcome, headers=headers, tokens=tokens, retry_after_s=retry_after_s)

    def _reject_if_too_large(self, question: PendingCall, margin: float) -> None:
        """Reject a request that no waiting will bring under the endpoint's limit of tokens."""
        limit, needed = self.lane.pacer.token_limit, self._estimator.total_tokens(question)
        if limit is not None and needed > limit * margin:
            raise RequestRejected(
                f"The request takes about {needed:.0f} tokens, and the endpoint allows {limit:.0f} a minute: "
                "choose fewer fields, or ask for a higher limit."
            )

    def _reply(self, sent: Sent) -> Reply | FeedevalError:
        """Read the reply; what is wrong with it is returned and stops the run where no retry will mend it."""
        fault = sent.fault
        if fault is None:
            assert sent.response is not None
            try:
                return read_reply(sent.response.content)
            except ErrorInReply as exc:
                fault = from_error_body(exc.body, self._tools.scrubber)
            except BrokenReply as exc:
                fault = BrokenReply(self._tools.scrubber(str(exc)))
        if isinstance(fault, RunFault):
            self._fault, self._faults = fault, self._faults + 1
            self.lane.abort(fault)
        return fault

    async def _send(self, question: PendingCall) -> Sent:
        """Send in the dialect that the endpoint understands, which may take a few tries at the start of a run.

        Faults are returned, so that none is raised with the SDK's own, and the key in it, as context.
        """
        dialect, named, sampling = self.dialect, False, self._sampling
        if question.cache_key and self._settings.is_openai:
            # Other endpoints cache without being told, and some refuse a parameter that they do not know.
            sampling = {**sampling, CACHE_KEY: question.cache_key}
        for _ in range(MOST_DIALECTS):
            body = body_of(question.messages, question.schema, dialect, sampling)
            try:
                return Sent(dialect, named, response=await self._tools.send(body))
            except CALL_FAULTS as exc:
                sent = Sent(dialect, named, getattr(exc, "response", None), self._meant(exc, sampling))
                if isinstance(sent.fault, SettingRefused):
                    break
                other = self._other_dialect(exc, dialect, named)
                named = named or refused_parameter(exc) is not None
            if isinstance(sent.fault, NoCapacity) and self._settings.flex_fallback is FlexFallback.DEFAULT:
                sampling, other = {**sampling, "service_tier": ServiceTier.DEFAULT}, dialect
            if other is None:
                break
            dialect = other
        return sent

    def _meant(self, exc: Exception, sampling: dict[str, Any]) -> FeedevalError:
        """Return what a fault means for a request that was sent with this sampling."""
        scrubber = self._tools.scrubber
        refused = refused_setting(exc, self._made, self._settings, scrubber=scrubber, proven=self._proven)
        if refused is not None:
            return refused
        fault = translate(exc, scrubber)
        if isinstance(fault, NoCapacity) and sampling["service_tier"] is not ServiceTier.FLEX:
            # Where no cheap tier was asked for, that is one more way to ask for fewer requests.
            return RateLimited(str(fault), fault.retry_after_s)
        return fault

    def _check(self, faults: int) -> None:
        """Make no call where another call met a fault of the whole run since this one was asked for."""
        if self._fault is not None and self._faults != faults:
            raise type(self._fault)(*self._fault.args)

    def _other_dialect(self, exc: Exception, dialect: Dialect, named: bool) -> Dialect | None:
        """Return the dialect to try next after the endpoint refused a request, or None where that is no use.

        Where the endpoint names the parameter that it refuses, that one is left out. Where it does not, looser ways
        of asking for the reply's shape are tried, but only until one was found to work: from then on a request that is
        refused has itself to blame.
        """
        if status_of(exc) not in STATUSES:
            return None
        if self._proven and not named and dialect != self.dialect:
            # While this call was finding its way another one found it.
            return self.dialect
        parameter = refused_parameter(exc)
        if parameter is not None:
            return _without(dialect, parameter)
        looser = dialect.rung.looser
        return None if self._proven or looser is None else replace(dialect, rung=looser)

    def _most(self, question: PendingCall) -> float:
        """Return what the call can cost at most, as far as can be told."""
        schema_tokens = len(schema_text(question.schema)) // CHARACTERS_PER_TOKEN
        most = Usage(
            input_tokens=int(self._estimator.input_tokens(question) * 1.1) + schema_tokens,
            cached_tokens=0,
            output_tokens=self._settings.max_output_tokens,
        )
        # A flex call may be served, and billed, at the default tier.
        tiers = {self._settings.service_tier, ServiceTier.DEFAULT}
        return max(self._tools.price(most, Served(tier)) or 0.0 for tier in tiers)

    def _billed(self, reply: Reply) -> Served:
        """Return what a reply is billed as; where it does not say at which tier, the dearer one is supposed."""
        asked = self._settings.service_tier
        return Served(reply.service_tier or (None if asked is ServiceTier.FLEX else asked), reply.model)

    def _written(self, question: PendingCall, reply: Reply, latency_ms: float, retries: int) -> Call:
        usage = reply.usage
        if not usage.total_tokens and reply.complete:
            # Some servers report no usage; an estimate keeps the budget honest.
            usage = Usage(
                input_tokens=int(self._estimator.input_tokens(question)),
                cached_tokens=0,
                output_tokens=len(reply.text) // CHARACTERS_PER_TOKEN,
            )
        # A reply that says nothing is in the books but is not found again as the answer to this request; nor may it
        # stand for another one like it, of a later sitting or of the same, as the books go by the hash.
        request_hash = question.request_hash if reply.complete else f"{question.request_hash}-{secrets.token_hex(8)}"
        return Call(
            request_hash=request_hash,
            model=reply.model or self._settings.model,
            text=self._tools.scrubber.reply(reply.text),
            finish_reason=reply.finish_reason,
            usage=usage,
            cost_usd=self._tools.price(usage, self._billed(reply)),
            latency_ms=round(latency_ms, 3),
            retries=retries,
            created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )


def _outcome(fault: FeedevalError) -> Outcome:
    if isinstance(fault, RateLimited):
        return Outcome.REFUSED
    if isinstance(fault, NoCapacity):
        # Says nothing of how many calls the endpoint takes at another tier or a moment later.
        return Outcome.NEUTRAL
    if isinstance(fault, TransientError):
        return Outcome.FAULT
    return Outcome.NEUTRAL


def _without(dialect: Dialect, parameter: str) -> Dialect | None:
    """Return the dialect that does without a parameter, or None where nothing can be left out."""
    if parameter == "response_format" and dialect.rung.looser is not None:
        return replace(dialect, rung=dialect.rung.looser)
    if parameter == "temperature" and dialect.temperature:
        return replace(dialect, temperature=False)
    if parameter == dialect.tokens_parameter:
        other = TOKENS_PARAMETERS[1 - TOKENS_PARAMETERS.index(parameter)]
        return None if dialect.swapped else replace(dialect, tokens_parameter=other, swapped=True)
    return None
