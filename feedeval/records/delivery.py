"""Requests that travel in parts: what is sent together, how each part stands, and who carries it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from feedeval.records.work import Call, Frozen


class Delivery(StrEnum):
    """How requests reach a model."""

    LIVE = "live"
    """One by one, answered at once."""
    BATCH = "batch"
    """Many in a file, answered within a day, at half the price."""


class PartState(StrEnum):
    """How far a part has come."""

    WRITTEN = "written"
    """Its file is on disk; nothing of it was sent."""
    UPLOADED = "uploaded"
    """The endpoint has its file; whether it was told to work on it has to be looked up."""
    OUT = "out"
    """The endpoint works on it, or has."""
    ENDED = "ended"
    """Its answers are in the call logs; its file is gone."""


class Part(Frozen):
    """Requests that are sent together, and what became of them."""

    number: int
    requests: int
    size_bytes: int = 0
    tokens: int = 0
    """Input tokens, as estimated."""
    most_usd: float | None = None
    """What is set aside for it: what it may cost at most as far as can be told; None where no price is known."""
    batches: tuple[tuple[int, int], ...]
    """The batches that its lines belong to, in the file's order: a batch's number, and how many lines."""
    state: PartState = PartState.WRITTEN
    file_id: str = ""
    batch_id: str = ""
    earlier: tuple[str, ...] = ()
    """Names of batches that the endpoint made of it and refused for want of room."""
    status: str = ""
    """The endpoint's word for it."""
    completed: int = 0
    failed: int = 0
    expires_at: int | None = None
    """Seconds since 1970, when the endpoint gives it up."""
    cancelled: bool = False
    """It was called off here."""
    cost_usd: float | None = None
    """What its answers cost, once they are here."""
    live: tuple[str, ...] = ()
    """Hashes of its requests that are to be asked live."""
    note: str = ""
    """What went wrong with it."""

    @property
    def is_out(self) -> bool:
        """Whether the endpoint may still answer it."""
        return self.state is PartState.OUT

    @property
    def text(self) -> str:
        """How it stands, in a few words."""
        if self.state is PartState.OUT:
            return self.status.replace("_", " ") or "sent"
        if self.state is PartState.ENDED:
            return self.note or self.status or "ended"
        return self.note or "waits to be sent"


@dataclass(frozen=True, slots=True)
class Letter:
    """One request that may wait, as a line of a part."""

    request_hash: str
    line: bytes
    """Without its line break."""
    tokens: int
    """Input tokens, as estimated."""
    most_usd: float | None
    """What it may cost at most; None where no price is known."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What an endpoint found wrong with a part."""

    code: str
    message: str
    line: int | None = None
    """From 1."""


@dataclass(frozen=True, slots=True)
class Order:
    """A batch at the endpoint."""

    id: str
    status: str
    part: int | None = None
    """The number of the part that it was made of, as its metadata say."""
    completed: int = 0
    failed: int = 0
    expires_at: int | None = None
    output_id: str = ""
    errors_id: str = ""
    problems: tuple[Problem, ...] = ()
    used_usd: float | None = None
    """What the endpoint says was used, priced."""
    no_room: bool = False
    """Refused because too many tokens wait at the endpoint already."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A line of an answer."""

    request_hash: str
    call: Call | None = None
    """None where the request failed."""
    billed: bool = False
    """The call says nothing that could be used, and is for the books only."""
    undone: bool = False
    """The endpoint did not get to it."""
    error: str = ""


class Courier(Protocol):
    """Carries parts to an endpoint and back. Lives on the run's event loop."""

    @property
    def proven(self) -> bool:
        """Whether a live call has shown what the endpoint understands."""

    @property
    def priced(self) -> bool:
        """Whether a live reply has shown what requests like those that were put off last cost."""

    def gather(self, take: Callable[[Letter], None] | None) -> None:
        """Give requests that may wait to `take` instead of sending them; None sends them again."""

    async def upload(self, name: str, data: bytes) -> str:
        """Upload a part's file, and return the endpoint's name for it."""

    async def find_file(self, name: str, size_bytes: int) -> str:
        """Return the endpoint's name of a file that was uploaded before; empty where there is none."""

    async def create(self, file_id: str, metadata: Mapping[str, str]) -> Order:
        """Have the endpoint work on a file."""

    async def orders(self, session: str, since: int) -> list[Order]:
        """Return the batches that were made for a session, newest first."""

    async def look(self, order_id: str) -> Order | None:
        """Return how a batch stands; None where the endpoint does not know it any more."""

    async def cancel(self, order_id: str) -> Order | None:
        """Call a batch off; None where the endpoint does not know it any more."""

    async def download(self, file_id: str) -> bytes | None:
        """Return a file's content; None where it is gone."""

    def read(self, line: bytes) -> Answered | None:
        """Read a line of an output or error file; None where it is none."""

    async def remove(self, file_id: str) -> None:
        """Remove a file at the endpoint; nothing happens where that cannot be done."""
