"""What any job works on and leaves behind: records, calls, results, reports, the state of a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from feedeval.errors import UNREADABLE

SCHEMA_VERSION = 1
"""Version of every file that a session writes; a file with a newer one is refused."""


class Frozen(BaseModel):
    """Base of the stored records: immutable, unknown keys refused when a model replies with them."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Record:
    """One unit of work of any job."""

    index: int
    """Position in the job's records, from 0."""
    key: str
    """Unique in the run and stable from run to run."""
    content_hash: str
    """Hex digest (32 characters) of all in the payload that a result depends on."""
    payload: Any
    """What the job works on; never stored by the runner."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """What identifies the record to a person (id, url, title); stored with the result, not part of the content hash."""
    label: str = ""
    """What a session has to show as it is now although no result depends on it, such as what people said of an image.
    Records with other labels are other records, for which the results still hold."""


class Result(Frozen):
    """A record that was done, as a batch file holds it."""

    key: str
    index: int
    content_hash: str
    meta: dict[str, Any]
    value: dict[str, Any]
    """What the job returned: for the audit, an `Evaluation`."""
    calls: int = 0
    retries: int = 0
    tokens: int = 0
    cost_usd: float | None = 0.0
    """None where the model has no known price."""
    elapsed_ms: float = 0.0
    reused_from: str | None = None
    """`session:<id>` or `key:<key>` where the value was taken over at no cost."""


class Failure(Frozen):
    """A record that could not be done, with its cause."""

    key: str
    index: int
    content_hash: str
    meta: dict[str, Any]
    error_type: str
    """Name of the exception class."""
    message: str
    context: dict[str, Any] = {}
    traceback: str = ""
    calls: int = 0
    retries: int = 0
    tokens: int = 0
    cost_usd: float | None = 0.0
    elapsed_ms: float = 0.0
    timestamp: str = ""
    """ISO 8601 with offset."""


class Usage(Frozen):
    """Tokens of one or several calls."""

    input_tokens: int = 0
    """All input tokens, cached ones included."""
    cached_tokens: int = 0
    output_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Input and output tokens together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
        )


class Effort(Frozen):
    """What a piece of work took, whenever it was done and whoever paid for it."""

    calls: int = 0
    usage: Usage = Usage()
    cost_usd: float | None = 0.0
    """None where the model has no known price."""
    latency_ms: float = 0.0


class Call(Frozen):
    """One reply that was paid for, as the call log keeps it, whatever it says."""

    request_hash: str
    """Hex digest (32 characters) of endpoint, model, messages, schema and sampling settings."""
    model: str
    text: str
    """The raw text of the reply."""
    finish_reason: str = ""
    usage: Usage = Usage()
    cost_usd: float | None = None
    latency_ms: float = 0.0
    retries: int = 0
    """Tries that failed before this reply arrived."""
    created: str = ""
    """ISO 8601 with offset."""


class Ledger(Protocol):
    """What a model client needs of whoever keeps the books; the runner gives one to each `Job.process`."""

    def find(self, request_hash: str) -> Call | None:
        """Return the reply to the same request if it was paid for before, else None."""

    async def reserve(self, cost_usd: float) -> None:
        """Set money aside for a call about to be made; waits while calls in flight may give some back.

        Raises:
            BudgetReached: The call could overrun the budget although nothing is in flight.
        """

    async def settle(self, reserved_usd: float, call: Call | None) -> None:
        """Give back what was reserved and write down the reply; None where none arrived.

        Returns when the line is with the operating system, so that a killed process does not lose it.
        """


class Gauges(Frozen):
    """What the engine behind a job says of itself at this moment."""

    in_flight: int = 0
    limit: int | None = None
    """Calls that may be in flight now; None where nothing limits them."""
    retries: int = 0
    """Tries that failed and were repeated, since the start."""
    rate_limited: int = 0
    """Replies 429 since the start."""
    cooldown_s: float = 0.0
    """Seconds until calls may start again; 0 when they may."""
    cooled_s: float = 0.0
    """Seconds spent cooling down since the start."""
    retrying: int = 0
    """Calls that failed and wait to be tried again."""
    next_try: int = 0
    """Which try the next of them will be, from 2; 0 where none waits."""
    next_try_s: float = 0.0
    """Seconds until then."""
    asked_s: float = 0.0
    """Seconds of waiting left that the endpoint itself asked for; 0 where nothing waits for it."""

    @property
    def waits_s(self) -> float:
        """Seconds until the next call may start, where all calls wait; 0 where one is out or may start."""
        if self.in_flight:
            return 0.0
        return max(self.cooldown_s, self.next_try_s if self.retrying else 0.0)


class Backend(Protocol):
    """Whoever makes a job's calls, as the runner sees it: a model client, or `NO_CALLS` where none are made."""

    async def probe(self) -> None:
        """Return when it can be reached; raise what a call raises otherwise. Must not cost anything."""

    def gauges(self) -> Gauges:
        """Return what it says of itself now. Called from any thread."""

    def narrow(self, max_in_flight: int | None) -> None:
        """Allow at most so many calls in flight; None gives back what was allowed first. Called from any thread.

        0 lets those in flight finish and starts none: a run that pauses asks for it.
        """

    async def aclose(self) -> None:
        """Close connections."""


class _NoCalls:
    async def probe(self) -> None:
        pass

    def gauges(self) -> Gauges:
        return Gauges()

    def narrow(self, max_in_flight: int | None) -> None:
        pass

    async def aclose(self) -> None:
        pass


NO_CALLS: Backend = _NoCalls()
"""The backend of work that is done on this machine: always there, and nothing to limit or to close."""


class Status(StrEnum):
    """State of a run or of a session on disk."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    """Never written: a session that says `running` while nobody holds its lock."""

    @property
    def words(self) -> str:
        """What people read, where it stands at the beginning of a line."""
        return _STATUS_WORDS.get(self, self.value.capitalize())


_STATUS_WORDS = {Status.PENDING: "Getting ready"}


class HealthStatus(StrEnum):
    """How well a run goes."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    CRITICAL = "critical"


class Health(Frozen):
    """State of health with its reasons and what to do about it."""

    overall_status: HealthStatus = HealthStatus.HEALTHY
    reasons: tuple[str, ...] = ()
    recommendations: tuple[str, ...] = ()


class BatchReport(Frozen):
    """Figures of one batch; `success_rate` is a share in [0, 1]."""

    batch_number: int
    """From 1."""
    total_batches: int
    batch_start_index: int
    """Index of its first record, from 0."""
    batch_end_index: int
    """Index of its last record, inclusive."""
    batch_size: int
    processed: int
    successful: int
    failed: int
    success_rate: float
    elapsed_ms: float
    average_time_ms: float
    estimated_time_remaining_ms: float
    """For the whole run, at the time of this report."""
    calls: int
    retries: int
    tokens: int
    cost_usd: float | None
    timestamp: str
    memory_mb: float | None = None
    """Memory of the process when the batch was complete; None where it was not noted."""
    health: HealthStatus | None = None
    """Health of the run when the batch was complete; None where it was not noted."""
    health_reason: str = ""
    """Why it was not healthy then."""
    unreadable: int = 0
    """Of those that failed: rows that could not be read, about which nobody was asked."""


class BatchFile(Frozen):
    """`batch_0001_<sid>.json`; `end_index` is inclusive."""

    schema_version: int = SCHEMA_VERSION
    session: str
    batch_number: int
    start_index: int
    end_index: int
    report: BatchReport
    results: list[Result]
    failures: list[Failure]


class Counts(Frozen):
    """Records of a run by what became of them; `done` includes `reused`."""

    total: int = 0
    done: int = 0
    failed: int = 0
    reused: int = 0

    @property
    def left(self) -> int:
        """Records that are neither done nor failed."""
        return self.total - self.done - self.failed


class Progress(Frozen):
    """`progress_<sid>.json`: the state of a session; its size does not grow with the run."""

    schema_version: int = SCHEMA_VERSION
    session: str
    kind: str
    """Of the job, such as those of `JobKind`."""
    engine: str
    status: Status
    status_reason: str = ""
    """Why it is paused or stopped, in one sentence for a person."""
    fingerprint: dict[str, Any]
    """The settings that results depend on, by name."""
    settings: dict[str, Any]
    """All other settings that are needed to go on, and the source of the records; never an API key."""
    records_digest: str
    """Digest over keys, content hashes and labels of all records, in order."""
    counts: Counts
    batch_size: int
    total_batches: int
    batches_complete: int
    latest_report: BatchReport | None = None
    usage: Usage = Usage()
    calls: int = 0
    retries: int = 0
    cost_usd: float | None = 0.0
    budget_usd: float | None = None
    elapsed_s: float = 0.0
    """Time spent running, over all sittings, pauses excluded."""
    errors_by_type: dict[str, int] = {}
    health: Health = Health()
    feedeval_version: str = ""
    started: str
    updated: str

    @property
    def unreadable(self) -> int:
        """Of those that failed: rows that could not be read, about which nobody was asked."""
        return sum(count for name, count in self.errors_by_type.items() if name in UNREADABLE)
