"""What a run is put together from, what it asks of its surroundings, and why it halts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from feedeval.errors import AccessDenied, BudgetReached, QuotaExhausted, RunFault, UnknownModel, WrongKey
from feedeval.records.delivery import Courier
from feedeval.run.batches import Batches
from feedeval.run.budget import Budget
from feedeval.run.failures import sentence
from feedeval.run.health import HealthMonitor, SystemReaders
from feedeval.run.job import Job
from feedeval.run.ledger import RunLedger
from feedeval.run.progress import Need, RunState
from feedeval.run.progress_writer import ProgressWriter
from feedeval.run.record_queue import RecordQueue
from feedeval.run.reporter_thread import ReporterThread
from feedeval.run.settings import RunSettings
from feedeval.run.telling.planning import Planning
from feedeval.run.write_thread import WriteThread
from feedeval.storage.event_log import EventLog
from feedeval.storage.paths import SessionPaths
from feedeval.storage.reply_cache import ReplyCache
from feedeval.storage.store import SessionStore


class HaltCause(StrEnum):
    """Why a run halts, and with it who lets it go on."""

    PERSON = "person"
    FAULT = "fault"
    NETWORK = "network"
    PRESSURE = "pressure"
    STOP = "stop"

    @property
    def clears_itself(self) -> bool:
        """Whether the run goes on without a person."""
        return self in (HaltCause.NETWORK, HaltCause.PRESSURE)


_NEEDS: Mapping[type, Need] = {
    BudgetReached: Need.BUDGET,
    WrongKey: Need.KEY,
    AccessDenied: Need.KEY,
    QuotaExhausted: Need.KEY,
    UnknownModel: Need.MODEL,
}


@dataclass(frozen=True, slots=True)
class Halt:
    """A halt that was called."""

    cause: HaltCause
    reason: str
    fault: RunFault | None = None
    """What a person has to mend."""

    @property
    def needs(self) -> Need:
        """What has to be changed for that, where it can be while the run is paused."""
        return _NEEDS.get(type(self.fault), Need.NOTHING)

    @classmethod
    def made(cls, cause: HaltCause, why: str | RunFault) -> Halt:
        """Return a halt for a reason in one sentence, or for the fault that is the reason."""
        if isinstance(why, RunFault):
            return cls(cause, f"{type(why).__name__}: {sentence(why)}", why)
        return cls(cause, why, RunFault(why) if cause is HaltCause.FAULT else None)


CallHalt = Callable[[HaltCause, str | RunFault], None]
"""Calls a halt with its reason: one sentence for a person, or the fault itself."""


def _local_now() -> datetime:
    return datetime.now().astimezone()


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a run asks of its surroundings."""

    on_change: Callable[[Mapping[str, Any]], None] | None = None
    """Given the settings that `Run.resume` was called with, such as a new API key; raises InputError for what it
    does not know."""
    courier: Courier | None = None
    """Who carries requests in parts, where they can be sent so."""
    now: Callable[[], datetime] = _local_now
    monotonic: Callable[[], float] = time.monotonic
    readers: SystemReaders = field(default_factory=SystemReaders.real)
    planning: Planning | None = None
    """Told how far the planning is; None: nobody asks."""
    budget: Callable[[float | None], Budget] = Budget
    """Makes the budget of a cap."""
    also_from: Sequence[SessionPaths] = ()
    """Sessions of other folders whose results hold."""
    cache_folder: Path | None = None
    """Where the cache of replies is, if it is asked for; None: in the session's folder."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """The parts of one run."""

    job: Job
    store: SessionStore
    settings: RunSettings
    state: RunState
    run_ledger: RunLedger
    batches: Batches
    queue: RecordQueue
    monitor: HealthMonitor
    readers: SystemReaders
    progress_writer: ProgressWriter
    write_thread: WriteThread
    reporter_thread: ReporterThread
    log: EventLog
    cache: ReplyCache | None
    """Replies kept across sessions, where the run was asked to."""
    now: Callable[[], str]
    """The time as it goes into files."""
    clock: Callable[[], datetime] = _local_now
    """The time as people see it."""
    courier: Courier | None = None

    def close(self) -> None:
        """Close what is written to beside the session's own files."""
        if self.cache is not None:
            self.cache.close()
            if self.cache.found:
                self.log.info(f"{self.cache.found} replies came from the cache {self.cache.path}")
            if self.cache.fault:
                self.log.warning(f"replies were not kept in the cache {self.cache.path}: {self.cache.fault}")
        self.log.close()
