"""What a run is put together from, and why it halts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from feedeval.errors import RunFault
from feedeval.run.batches import Batches
from feedeval.run.display import Display
from feedeval.run.eventlog import EventLog
from feedeval.run.failures import sentence
from feedeval.run.health import Senses, Watch
from feedeval.run.job import Job
from feedeval.run.keeper import Keeper
from feedeval.run.ledger import Books
from feedeval.run.order import Order
from feedeval.run.progress import RunState
from feedeval.run.settings import RunSettings
from feedeval.run.store import SessionStore
from feedeval.run.writer import Writer


class Cause(StrEnum):
    """Why a run halts, and with it who lets it go on."""

    PERSON = "person"
    FAULT = "fault"
    NETWORK = "network"
    PRESSURE = "pressure"
    STOP = "stop"

    @property
    def clears_itself(self) -> bool:
        """Whether the run goes on without a person."""
        return self in (Cause.NETWORK, Cause.PRESSURE)


@dataclass(frozen=True, slots=True)
class Halt:
    """A halt that was called."""

    cause: Cause
    reason: str
    fault: RunFault | None = None
    """What a person has to mend."""

    @classmethod
    def made(cls, cause: Cause, why: str | RunFault) -> Halt:
        """Return a halt for a reason in one sentence, or for the fault that is the reason."""
        if isinstance(why, RunFault):
            return cls(cause, f"{type(why).__name__}: {sentence(why)}", why)
        return cls(cause, why, RunFault(why) if cause is Cause.FAULT else None)


CallHalt = Callable[[Cause, str | RunFault], None]
"""Calls a halt with its reason: one sentence for a person, or the fault itself."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one run."""

    job: Job
    store: SessionStore
    settings: RunSettings
    state: RunState
    books: Books
    batches: Batches
    order: Order
    watch: Watch
    senses: Senses
    keeper: Keeper
    writer: Writer
    display: Display
    log: EventLog
    now: Callable[[], str]
    """The time as it goes into files."""
