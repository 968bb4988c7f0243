"""OpenAI-compatible calls: a prompt and a schema in, a parsed record and its usage out.

The SDK builds the request (address, authorisation, headers) and sorts the errors; its retries are off, because
`retrying.py` owns retrying, and its parsing of replies is passed by: reading the body with orjson and pydantic costs
a third of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx2
import openai
import orjson
from pydantic import BaseModel

from feedeval.errors import BrokenReply, ConnectionLost, FeedevalError, ReplyInvalid, ServerFault, TimedOut, WrongKey
from feedeval.model.calling import Caller, PendingCall, Served, Tools
from feedeval.model.extras import secrets_of
from feedeval.model.faults import CALL_FAULTS, Scrubber, status_error, translate
from feedeval.model.pacing import Pacer
from feedeval.model.pricing import BATCH_SHARE, TokenPrices, cost_usd
from feedeval.model.replies import read_record
from feedeval.model.schema import schema_text
from feedeval.model.settings import BATCH, ModelSettings
from feedeval.model.sharing import shared_pacer
from feedeval.model.transport import Answer, LeanClient, Prepared, whole_response
from feedeval.model.wire import Dialect, Prompt, PutOff, messages_of
from feedeval.records import Call, Gauges, Ledger, Usage

__all__ = ["ModelClient", "ModelSettings", "Prompt"]

T = TypeVar("T", bound=BaseModel)
PutAway = Callable[[PendingCall], None]

PROBE_TIMEOUT_S = 10.0


class ModelClient:
    """Asks one model at one endpoint; made anywhere, used on one event loop at a time.

    Args:
        settings: Whom to ask, and how.
        pacer: Who says when calls may start; by default the one that this process shares for endpoint and key.
        clock: Monotonic seconds.
        sleep: How a retry waits.
        http_client: Another HTTP client under the SDK; the client does not close it.

    Raises:
        InputError: There is no usable API key.
    """

    def __init__(
        self,
        settings: ModelSettings,
        *,
        pacer: Pacer | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        self._given_pacer = pacer
        self._given_http = http_client
        self._clock = clock
        self._sleep = sleep
        self._http: httpx2.AsyncClient | None = None
        self._sdk: openai.AsyncOpenAI | None = None
        self._prepared: Prepared | None = None
        """What the SDK made of the first request to the endpoint, for all that follow."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flights: dict[str, asyncio.Future[Any]] = {}
        self._callers: tuple[Caller, ...] = ()
        """The one in use and those before it, whose calls may still be out."""
        self._narrowed: int | None = None
        self.put_off: PutAway | None = None
        """Where set, it is given the requests that may wait, and they are not sent."""
        self._take(settings)

    def _take(self, settings: ModelSettings) -> None:
        key = settings.key()
        self.settings = settings
        self._key = key
        self._price_url = None if settings.is_openai else settings.shown_endpoint
        self._deployment = settings.deployment
        self._rates: TokenPrices | None = None
        if settings.input_price is not None and settings.output_price is not None:
            self._rates = TokenPrices(settings.input_price, settings.output_price, settings.cached_price)
        self.scrubber = Scrubber(key, *secrets_of(settings.extra_headers))
        self._sdk = self._prepared = None
        self._hashes: dict[type[BaseModel], Any] = {}
        pacer = self._given_pacer or shared_pacer(settings.endpoint, key)
        lane = pacer.lane(settings.max_in_flight, gap_s=settings.delay_s)
        lane.narrowed = self._narrowed
        tools = Tools(
            send=self._post,
            price=self._price,
            scrubber=self.scrubber,
            clock=self._clock,
            sleep=self._sleep,
            rng=random.Random(),
        )
        self._caller = Caller(settings, lane, tools)
        self._callers = (*self._callers, self._caller)

    def __repr__(self) -> str:
        return f"ModelClient(model={self.settings.model!r}, endpoint={self.settings.shown_endpoint!r})"

    def update(self, **settings: Any) -> None:
        """Go on with other settings, such as a mended `api_key` or `model`; calls that are out end as they began."""
        changed = ModelSettings(**{**dict(self.settings), **settings})
        self._take(changed)

    def describe(self) -> dict[str, Any]:
        """Return what a person may see of the settings, and what results depend on; never a key."""
        return {
            "model": self.settings.model,
            "endpoint": self.settings.shown_endpoint,
            "temperature": self.settings.temperature,
            "max_output_tokens": self.settings.max_output_tokens,
            **self.settings.asked_for,
            **self.settings.kept,
            "price_known": self.price_known,
        }

    @property
    def price_known(self) -> bool:
        """Whether calls can be priced; where they cannot, their cost is None."""
        return self.price(Usage(input_tokens=1, output_tokens=1)) is not None

    def price(self, usage: Usage, tier: str | None = None) -> float | None:
        """Return what the usage costs at a service tier, by default the one that is asked for; None: not known."""
        return self._price(usage, Served(tier or self.settings.service_tier))

    def _price(self, usage: Usage, served: Served) -> float | None:
        if self._rates is not None:
            # What was agreed holds for the calls as they are asked for.
            return self._rates.cost_usd(usage) * (BATCH_SHARE if served.tier == BATCH else 1.0)
        if self._deployment is not None and served.model:
            # A deployment is called as somebody pleased; the reply says which model it is.
            cost = cost_usd(served.model, usage, self._price_url, served.tier)
            if cost is not None:
                return cost
        return cost_usd(self.settings.model, usage, self._price_url, served.tier)

    def gauges(self) -> Gauges:
        """Return how things stand; may be called from any thread."""
        lane = self._caller.lane
        # Those of earlier settings are over soon and wait by what was learned then.
        retrying, next_try, next_try_s, asked_s = self._caller.waits.figures()
        return Gauges(
            in_flight=sum(caller.lane.in_flight for caller in self._callers),
            limit=min(lane.limit, lane.pacer.width),
            retries=sum(caller.retries for caller in self._callers),
            rate_limited=sum(caller.lane.refusals for caller in self._callers),
            cooldown_s=lane.pacer.cooldown_s,
            cooled_s=lane.pacer.cooled_s,
            retrying=retrying,
            next_try=next_try,
            next_try_s=max(next_try_s, lane.pacer.cooldown_s) if retrying else 0.0,
            asked_s=asked_s,
        )

    def narrow(self, max_in_flight: int | None) -> None:
        """Allow at most so many calls in flight; None gives back what was allowed first. From any thread."""
        self._narrowed = max_in_flight
        for caller in self._callers:
            caller.lane.narrow(max_in_flight)

    def request_hash(self, prompt: Prompt, schema: type[BaseModel]) -> str:
        """Return the digest of all that a reply depends on: endpoint, model, sampling, schema and prompt."""
        start = self._hashes.get(schema)
        if start is None:
            settings = self.settings
            parts: tuple[Any, ...] = (
                settings.shown_endpoint,
                settings.model,
                settings.temperature,
                settings.max_output_tokens,
                schema.__name__,
                schema_text(schema),
            )
            if settings.asked_for:
                # Beside the others only where there is something: hashes of earlier sessions stay as they are.
                parts = (*parts, orjson.dumps(settings.asked_for, option=orjson.OPT_SORT_KEYS))
            start = self._hashes[schema] = hashlib.blake2b(repr(parts).encode(), digest_size=16)
        digest = start.copy()
        digest.update(repr((prompt.system, prompt.user, prompt.image_url)).encode("utf-8", "surrogatepass"))
        return str(digest.hexdigest())

    async def ask(self, prompt: Prompt, schema: type[T], ledger: Ledger, *, live: bool = False) -> T:
        """Ask, and return the reply as a record.

        The ledger is looked up first; what it has is not asked again. Of identical requests that are made at the same
        time one is sent and its reply given to all. A reply that does not fit is asked again once, with what is wrong
        with it. Where requests are put off, one that is `live` is not.

        Raises:
            PutOff: The request was put off.
            RecordError: This prompt cannot be answered.
            TransientError: The tries ran out.
            ConnectionLost: The endpoint cannot be reached.
            RunFault: No prompt will be answered until a person mends something.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._move_to(loop)
        key = self.request_hash(prompt, schema)
        while (flight := self._flights.get(key)) is not None:
            await asyncio.wait([flight])
            if not flight.cancelled():
                return flight.result()  # type: ignore[no-any-return]
        flight = self._flights[key] = loop.create_future()
        try:
            value = await self._ask(key, prompt, schema, ledger, put_off=None if live else self.put_off)
        except Exception as exc:
            flight.set_exception(exc)
            # Marks it as seen: often nobody else waits for it.
            flight.exception()
            raise
        except BaseException:
            flight.cancel()
            raise
        else:
            flight.set_result(value)
            return value
        finally:
            if self._flights.get(key) is flight:
                del self._flights[key]

    async def _ask(self, key: str, prompt: Prompt, schema: type[T], ledger: Ledger, *, put_off: PutAway | None) -> T:
        messages = messages_of(prompt)
        images, cache_key = int(prompt.image_url is not None), prompt.cache_key
        characters = len(prompt.system) + len(prompt.user)
        call = ledger.find(key)
        if call is None:
            question = PendingCall(key, messages, schema, characters, images, cache_key)
            if put_off is not None:
                put_off(question)
                raise PutOff
            call = await self._call(question, ledger)
        value, wrong = read_record(call, schema)
        if value is not None:
            return value
        again = [
            *messages,
            {"role": "assistant", "content": call.text},
            {"role": "user", "content": f"That reply does not fit the schema: {wrong}. Reply again so that it fits."},
        ]
        second = hashlib.blake2b(f"{key}\0{call.text}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        characters += len(call.text) + len(wrong)
        if put_off is not None:
            # A conversation does not wait a day for its second turn: it is asked live when its turn comes.
            raise PutOff
        mended = PendingCall(second, again, schema, characters, images, cache_key)
        call = ledger.find(second) or await self._call(mended, ledger)
        value, wrong = read_record(call, schema)
        if value is None:
            raise ReplyInvalid(f"The reply does not have the form that was asked for, nor did the one before: {wrong}.")
        return value

    async def _call(self, question: PendingCall, ledger: Ledger) -> Call:
        try:
            return await self._caller.call(question, ledger)
        except (TimedOut, ServerFault, BrokenReply):
            # Tries ran out. Where the endpoint cannot be reached at all it was not this record's fault.
            if await self._is_lost():
                raise ConnectionLost("The endpoint cannot be reached any more.") from None
            raise

    async def _is_lost(self) -> bool:
        try:
            await self.probe()
        except ConnectionLost:
            return True
        except FeedevalError:
            return False
        return False

    async def probe(self) -> None:
        """Return when the endpoint can be reached; asks for the list of models, which costs nothing.

        Raises:
            ConnectionLost: It cannot be reached.
            WrongKey: It can, but does not accept the key.
            TransientError: It can, but is not well.
        """
        fault: FeedevalError | None = None
        try:
            await self._client().get(
                "/models", cast_to=httpx2.Response, options={"timeout": min(PROBE_TIMEOUT_S, self.settings.timeout_s)}
            )
        except CALL_FAULTS as exc:
            fault = translate(exc, self.scrubber)
        if isinstance(fault, TimedOut):
            fault = ConnectionLost(f"The endpoint does not answer: {fault}")
        # Any other answer shows that it is there: many servers have no list of models, or do not show it.
        if isinstance(fault, ConnectionLost | WrongKey | ServerFault | BrokenReply):
            raise fault

    async def aclose(self) -> None:
        """Close connections; asking again opens new ones."""
        http, self._http, self._sdk, self._prepared = self._http, None, None, None
        if http is not None and http is not self._given_http:
            await http.aclose()

    @property
    def sdk(self) -> openai.AsyncOpenAI:
        """The SDK's client, for what is not a chat completion; on the loop that uses it."""
        return self._client()

    @property
    def dialect(self) -> Dialect | None:
        """What the endpoint was found to understand; None before the first reply."""
        return self._caller.dialect if self._caller._proven else None

    def usual_output(self, schema: type[BaseModel]) -> float | None:
        """Return how many tokens replies of this schema have; None before the first."""
        return self._caller._estimator._output.get(schema)

    async def _post(self, body: bytes) -> Answer:
        sdk, http = self._client(), self._http
        prepared = self._prepared
        if prepared is not None and isinstance(http, LeanClient):
            answer = await http.repeat(prepared, body)
            if answer.is_success:
                return answer
            raise status_error(whole_response(answer, prepared.request))
        response = await sdk.post("/chat/completions", cast_to=httpx2.Response, content=body)
        if isinstance(http, LeanClient) and sdk is self._sdk:
            self._prepared = http.prepare(response.request)
        return response

    def _client(self) -> openai.AsyncOpenAI:
        """Return the SDK's client; made on the loop that uses it, as its connections belong to that loop."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._move_to(loop)
        # A name of its own: `update` may take the attribute away at any moment, from another thread.
        sdk = self._sdk
        if sdk is None:
            if self._http is None:
                self._http = self._given_http or LeanClient()
            sdk, self._prepared = self._new_sdk(self._http), None
            self._sdk = sdk
        return sdk

    def _new_sdk(self, http: httpx2.AsyncClient) -> openai.AsyncOpenAI:
        settings = self.settings
        # Of the client, not of each request: the SDK's own log shows what a request is given.
        headers = {name: value.get_secret_value() for name, value in settings.extra_headers.items()}
        common: dict[str, Any] = {
            "api_key": self._key,
            "timeout": settings.timeout_s,
            "max_retries": 0,
            "default_headers": headers,
            "http_client": http,
        }
        deployment = self._deployment
        if deployment is None:
            return openai.AsyncOpenAI(base_url=settings.endpoint, **common)
        return openai.AsyncAzureOpenAI(
            azure_endpoint=deployment.root,
            azure_deployment=deployment.name,
            api_version=deployment.api_version,
            **common,
        )

    def _move_to(self, loop: asyncio.AbstractEventLoop) -> None:
        """Forget what belonged to another event loop, such as that of an earlier run that was not closed."""
        self._loop = loop
        self._flights = {}
        self._sdk = self._prepared = self._http = None
