"""What the tests of the model room share: a ledger, a reply record, a loop whose time is not real."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr

from feedeval.model.client import ModelClient, ModelSettings, Prompt
from feedeval.records import Call

T = TypeVar("T")
KEY = "sk-test-0123456789abcdef"
PROMPT = Prompt("Be brief.", "What is it?")


class Answer(BaseModel):
    """A small reply."""

    model_config = ConfigDict(extra="forbid")
    word: str
    number: int


class Books:
    """A ledger that remembers everything."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.settled: list[Call | None] = []
        self.reserved: list[float] = []

    def find(self, request_hash: str) -> Call | None:
        return self.calls.get(request_hash)

    async def reserve(self, cost_usd: float) -> None:
        self.reserved.append(cost_usd)

    async def settle(self, reserved_usd: float, call: Call | None) -> None:
        self.settled.append(call)
        if call is not None:
            self.calls[call.request_hash] = call

    @property
    def paid(self) -> list[Call]:
        return [call for call in self.settled if call is not None]


class NoSleep:
    """A sleep that takes no time and remembers what was asked of it."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


class TimelessLoop(asyncio.SelectorEventLoop):
    """An event loop that jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__()

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.now = max(self.now, self._scheduled[0].when())
        super()._run_once()


def run_timeless(make: Any) -> Any:
    """Run `make(loop)` on a loop whose time jumps; return its result and the seconds that would have gone by."""
    loop = TimelessLoop()
    try:
        return loop.run_until_complete(make(loop)), loop.now
    finally:
        loop.close()


def client_for(url: str, *, sleep: Any = None, **settings: Any) -> ModelClient:
    """Make a client for a test server; its retries do not really wait."""
    given = {"model": "gpt-4o-mini", "base_url": url, "api_key": SecretStr(KEY), **settings}
    return ModelClient(ModelSettings(**given), sleep=sleep or NoSleep())


async def ask(client: ModelClient, books: Books, prompt: Prompt = PROMPT) -> Answer:
    """Ask for an `Answer`."""
    return await client.ask(prompt, Answer, books)


async def closing(client: ModelClient, work: Awaitable[T]) -> T:
    """Await the work, then close the client."""
    try:
        return await work
    finally:
        await client.aclose()
