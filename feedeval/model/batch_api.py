"""The Batch API of an endpoint: files up and down, batches made, looked up, looked at and called off.

It goes by the SDK's own `files` and `batches`. A line of a part asks for what a live call would ask for, in the
dialect that live calls have found, but for the service tier: a batch is a tier of its own. What a line's answer holds
is read as a live reply is.

https://platform.openai.com/docs/guides/batch has the formats of the files.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel

from feedeval.errors import BrokenReply, FeedevalError, InputError, RequestRejected, RunFault, UnknownModel
from feedeval.model.calling import CHARACTERS_PER_TOKEN, TOKENS_PARAMETERS, TOKENS_PER_IMAGE, PendingCall
from feedeval.model.client import ModelClient
from feedeval.model.faults import CALL_FAULTS, from_error_body, status_of, translate
from feedeval.model.schema import schema_text
from feedeval.model.settings import BATCH
from feedeval.model.wire import Dialect, ErrorInReply, body_of, read_reply
from feedeval.records.delivery import Answered, Letter, Order, Problem
from feedeval.records.work import Call, Usage

T = TypeVar("T")

URL = "/v1/chat/completions"
"""What every line asks, whatever the address of the endpoint: that is how the format names it."""
PURPOSE = "batch"
SESSION, PART = "feedeval_session", "feedeval_part"
"""Metadata of a batch: what it is looked up by."""
FILE_TIMEOUT_S = 900.0
"""How long 200 MB may take."""
NO_ROOM = frozenset({"token_limit_exceeded", "enqueued_token_limit_exceeded", "batch_limit_exceeded"})
"""Codes under which a batch is refused because too much waits at the endpoint already."""
UNDONE = frozenset({"batch_expired", "batch_cancelled"})
"""Codes of lines that the endpoint did not get to."""
LONGEST = 3.0
"""How many times its usual length the replies of a part may have on average, for what is set aside for it."""
_PAGE = 100
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


class BatchApi:
    """Carries parts to the endpoint of a client and back; see `feedeval.records.delivery.Courier`.

    Args:
        client: Whose endpoint, key, prices and dialect these are.

    Raises:
        InputError: The endpoint is of a form that has no batches here.
    """

    def __init__(self, client: ModelClient) -> None:
        if client.settings.deployment is not None:
            raise InputError(
                "delivery='batch' goes by the address that OpenAI's API has: give Azure's own form of it as base_url "
                "(https://RESOURCE.openai.azure.com/openai/v1) and leave api_version and azure_deployment out."
            )
        self._client = client
        self._schema: type[BaseModel] | None = None

    def __repr__(self) -> str:
        return f"BatchApi({self._client!r})"

    @property
    def proven(self) -> bool:
        """Whether a live call has shown what the endpoint understands."""
        return self._client.dialect is not None

    @property
    def priced(self) -> bool:
        """Whether a live reply has shown what requests like those that were put off last cost."""
        return self._schema is not None and self._client.usual_output(self._schema) is not None

    def gather(self, take: Callable[[Letter], None] | None) -> None:
        """Give requests that may wait to `take` instead of sending them; None sends them again."""
        self._client.put_off = None if take is None else lambda question: take(self._letter(question))

    def _letter(self, question: PendingCall) -> Letter:
        settings = self._client.settings
        dialect = self._client.dialect or Dialect(tokens_parameter=TOKENS_PARAMETERS[settings.is_openai])
        sampling = {
            "model": settings.model,
            "temperature": settings.temperature,
            "max_output_tokens": settings.max_output_tokens,
            "reasoning_effort": settings.reasoning_effort,
            "seed": settings.seed,
            "extra_body": settings.extra_body,
        }
        body = body_of(question.messages, question.schema, dialect, sampling)
        head = orjson.dumps({"custom_id": question.request_hash, "method": "POST", "url": URL})
        characters = question.characters + len(schema_text(question.schema))
        tokens = int(1.1 * characters / CHARACTERS_PER_TOKEN) + TOKENS_PER_IMAGE * question.images + 10
        self._schema = question.schema
        usual = self._client.usual_output(question.schema)
        longest = settings.max_output_tokens if usual is None else min(settings.max_output_tokens, int(LONGEST * usual))
        most = Usage(input_tokens=tokens, cached_tokens=0, output_tokens=longest)
        line = b'%b,"body":%b}' % (head[:-1], body)
        return Letter(question.request_hash, line, tokens, self._client.price(most, BATCH))

    async def upload(self, name: str, data: bytes) -> str:
        """Upload a part's file, and return the endpoint's name for it."""
        files = self._client.sdk.files
        made = await self._sent(
            lambda: files.create(file=(name, data, "application/jsonl"), purpose="batch", timeout=FILE_TIMEOUT_S)
        )
        return made.id

    async def find_file(self, name: str, size_bytes: int) -> str:
        """Return the endpoint's name of a file that was uploaded before; empty where there is none, or no list."""
        try:
            page = await self._sent(lambda: self._paged(self._client.sdk.files.list(purpose=PURPOSE, limit=_PAGE)))
        except (RunFault, RequestRejected):
            # What cannot be looked up is uploaded once more, which costs nothing.
            return ""
        return next((file.id for file in page if file.filename == name and file.bytes == size_bytes), "")

    @staticmethod
    async def _paged(pages: Any) -> list[Any]:
        return [each async for each in pages]

    async def create(self, file_id: str, metadata: Mapping[str, str]) -> Order:
        """Have the endpoint work on a file.

        Raises:
            FeedevalError: It could not be asked, or would not; whether it heard has to be looked up after a fault
                of the connection or of the server.
        """
        batches = self._client.sdk.batches
        try:
            made = await batches.create(
                input_file_id=file_id,
                endpoint="/v1/chat/completions",
                completion_window="24h",
                metadata=dict(metadata),
            )
        except CALL_FAULTS as exc:
            if getattr(exc, "code", None) in NO_ROOM:
                return Order("", "failed", no_room=True)
            fault = self._meant(exc)
        else:
            return self._order(made)
        raise fault

    async def orders(self, session: str, since: int) -> list[Order]:
        """Return the batches that were made for a session, newest first.

        Args:
            session: Its name, as their metadata have it.
            since: Older ones, in seconds since 1970, are not looked for.
        """

        async def looked() -> list[Order]:
            found = []
            async for batch in self._client.sdk.batches.list(limit=_PAGE):
                if batch.created_at < since:
                    break
                if (batch.metadata or {}).get(SESSION) == session:
                    found.append(self._order(batch))
            return found

        return await self._sent(looked)

    async def look(self, order_id: str) -> Order | None:
        """Return how a batch stands; None where the endpoint does not know it any more."""
        return await self._unless_gone(lambda: self._client.sdk.batches.retrieve(order_id), self._order)

    async def cancel(self, order_id: str) -> Order | None:
        """Call a batch off; None where the endpoint does not know it any more."""
        return await self._unless_gone(lambda: self._client.sdk.batches.cancel(order_id), self._order)

    async def download(self, file_id: str) -> bytes | None:
        """Return a file's content; None where it is gone."""
        files = self._client.sdk.files
        return await self._unless_gone(
            lambda: files.content(file_id, timeout=FILE_TIMEOUT_S), lambda found: bytes(found.content)
        )

    async def remove(self, file_id: str) -> None:
        """Remove a file at the endpoint; nothing happens where that cannot be done."""
        with contextlib.suppress(FeedevalError):
            await self._sent(lambda: self._client.sdk.files.delete(file_id))

    def read(self, line: bytes) -> Answered | None:
        """Read a line of an output or error file; None where it is none."""
        try:
            told = orjson.loads(line)
            request_hash = str(told["custom_id"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return None
        response, error = told.get("response"), told.get("error")
        if not isinstance(response, dict) or response.get("status_code") != HTTPStatus.OK:
            return self._failed(request_hash, response, error)
        try:
            reply = read_reply(orjson.dumps(response.get("body")))
        except ErrorInReply as exc:
            return Answered(request_hash, error=str(from_error_body(exc.body, self._client.scrubber)))
        except BrokenReply as exc:
            return Answered(request_hash, error=self._client.scrubber(str(exc)))
        usage, settings = reply.usage, self._client.settings
        # One that says nothing was billed, but does not stand for an answer: the same line always has the same name.
        name = request_hash if reply.complete else f"{request_hash}-{str(told.get('id') or 'empty')[-16:]}"
        price = self._client.price(usage, BATCH) if usage.total_tokens else None
        call = Call(
            request_hash=name,
            model=reply.model or settings.model,
            text=self._client.scrubber.reply(reply.text),
            finish_reason=reply.finish_reason,
            usage=usage,
            cost_usd=price,
            latency_ms=0.0,
            retries=0,
            created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )
        error_text = "" if reply.complete else "The reply was billed but says nothing."
        return Answered(request_hash, call, billed=not reply.complete, error=error_text)

    def _failed(self, request_hash: str, response: Any, error: Any) -> Answered:
        body = response.get("body") if isinstance(response, dict) else None
        if isinstance(body, dict) and isinstance(body.get("error"), dict):
            error = body["error"]
        error = error if isinstance(error, dict) else {}
        if error.get("code") in UNDONE:
            return Answered(request_hash, undone=True)
        status = response.get("status_code") if isinstance(response, dict) else None
        told = error if error.get("code") else {**error, "code": status}
        return Answered(request_hash, error=str(from_error_body(told, self._client.scrubber)))

    def _order(self, batch: Any) -> Order:
        counts, scrubber = batch.request_counts, self._client.scrubber
        part = (batch.metadata or {}).get(PART, "")
        problems = tuple(
            Problem(str(each.code or ""), scrubber(str(each.message or ""))[:500], each.line)
            for each in ((batch.errors and batch.errors.data) or ())
        )
        used = None
        if batch.usage is not None and batch.usage.total_tokens:
            details = batch.usage.input_tokens_details
            used = Usage(
                input_tokens=batch.usage.input_tokens,
                cached_tokens=details.cached_tokens if details else 0,
                output_tokens=batch.usage.output_tokens,
            )
        return Order(
            id=batch.id,
            status=str(batch.status),
            part=int(part) if part.isdecimal() else None,
            completed=counts.completed if counts else 0,
            failed=counts.failed if counts else 0,
            expires_at=batch.expires_at,
            output_id=batch.output_file_id or "",
            errors_id=batch.error_file_id or "",
            problems=problems,
            used_usd=None if used is None else self._client.price(used, BATCH),
            no_room=batch.status == "failed" and any(each.code in NO_ROOM for each in problems),
        )

    async def _sent(self, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            return await ask()
        except CALL_FAULTS as exc:
            fault = self._meant(exc)
        # Outside, so that none is raised with the SDK's own, and the key in it, as context.
        raise fault

    async def _unless_gone(self, ask: Callable[[], Awaitable[Any]], then: Callable[[Any], T]) -> T | None:
        try:
            return then(await ask())
        except CALL_FAULTS as exc:
            if status_of(exc) in _GONE:
                return None
            fault = self._meant(exc)
        raise fault

    def _meant(self, exc: Exception) -> FeedevalError:
        fault = translate(exc, self._client.scrubber)
        if isinstance(fault, UnknownModel) and status_of(exc) in (*_GONE, HTTPStatus.METHOD_NOT_ALLOWED):
            return RunFault(f"The endpoint has no Batch API: start again without batches (delivery='live'). {fault}")
        return fault
