"""The state of a run, apart from drawing it.

`RunState` is what the runner changes; a `Snapshot` is what everybody else sees. Reporters only render snapshots, so
that no way of showing a run can slow it, count differently or break it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from feedeval.errors import UNREADABLE
from feedeval.formatting import counts_in_words, money
from feedeval.records import BatchReport, Counts, Failure, Gauges, Health, Result, Status, Usage
from feedeval.records.delivery import Part
from feedeval.records.kinds import units
from feedeval.run.telling.trace import Rate, Trace, TracePoint

LATEST_KEPT = 200
"""Failures that are kept with their context and traceback."""
_LATEST_SHOWN = 10
_RESULTS_SHOWN = 5
_ETA_AFTER_S = 0.5
"""A shorter time says nothing of the speed: the first records come back together."""


class Need(StrEnum):
    """What a person has to change before a paused run can go on."""

    NOTHING = ""
    """Nothing, or nothing that can be changed while it is paused."""
    BUDGET = "budget"
    KEY = "key"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of this process and of the machine, in MB."""

    current_mb: float = 0.0
    peak_mb: float = 0.0
    available_mb: float = 0.0
    total_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class BatchBar:
    """How far one open batch is."""

    number: int
    start_index: int
    end_index: int
    """Inclusive."""
    through: int
    """Records done or failed."""

    @property
    def size(self) -> int:
        """Records in the batch."""
        return self.end_index - self.start_index + 1


@dataclass(frozen=True, slots=True)
class WorkerState:
    """What one of several workers of a run does, each on a part of the records."""

    name: str
    task: str
    """The part that it works on."""
    state: str
    through: int
    """Records of the part that are done or failed."""
    total: int
    rate_per_s: float
    in_flight: int
    memory_mb: float


@dataclass(frozen=True, slots=True, repr=False)
class Snapshot:
    """A run at one moment: all that a panel, a bar or a line of text shows."""

    session: str
    kind: str
    engine: str
    output_dir: str
    status: Status
    status_reason: str
    """Why it is paused or stopped, in one sentence for a person."""
    leaving: str
    """`pausing` or `stopping` while what is in flight finishes, else empty."""
    needs_person: bool
    """True where it is paused and does not go on by itself."""
    counts: Counts
    batch_size: int
    total_batches: int
    batches_complete: int
    batch: BatchBar | None
    """The oldest batch that is open."""
    in_hand: int
    """Records under way."""
    gauges: Gauges
    rate_per_s: float
    """Records a second that were worked on, over the last half minute."""
    eta_s: float | None
    """Seconds of work left; None while nothing can be said."""
    elapsed_s: float
    calls: int
    retries: int
    usage: Usage
    cost_usd: float | None
    budget_usd: float | None
    memory: Memory
    disk_free_mb: float | None
    health: Health
    errors_by_type: dict[str, int]
    latest_failures: tuple[Failure, ...]
    """Newest first."""
    latest_report: BatchReport | None
    started: str
    updated: str
    planned: int = 0
    """Records gone through before the run begins, while it is pending."""
    needs: Need = Need.NOTHING
    """What has to be changed before it can go on, where it is paused for that."""
    waits_for: str = ""
    """What it waits for that is no reply, in one sentence; empty while it waits for nothing but replies."""
    waited_s: float = 0.0
    """For how long, with nothing done meanwhile."""
    latest_results: tuple[Result, ...] = ()
    """Of those that were worked on in this sitting, newest first."""
    trace: tuple[TracePoint, ...] = ()
    """How far it was and what it had cost, over this sitting."""
    parts: tuple[Part, ...] = ()
    """What was sent in parts, and how each stands."""
    workers: tuple[WorkerState, ...] = ()
    """What each worker does, where the run has several."""

    @property
    def parts_out(self) -> tuple[Part, ...]:
        """The parts that the endpoint works on."""
        return tuple(part for part in self.parts if part.is_out)

    @property
    def done(self) -> bool:
        """Whether the run is over."""
        return self.status in (Status.FINISHED, Status.STOPPED)

    @property
    def share(self) -> float:
        """Share of the records that are through, in [0, 1]."""
        return (self.counts.done + self.counts.failed) / self.counts.total if self.counts.total else 1.0

    @property
    def unreadable(self) -> int:
        """Of those that failed: rows that could not be read, about which nobody was asked."""
        return sum(count for name, count in self.errors_by_type.items() if name in UNREADABLE)

    def __repr__(self) -> str:
        words = counts_in_words(self.counts) if self.status is not Status.PENDING else f"{self.planned:,} planned"
        parts = [f"{words} ({units(self.kind)[1]})", money(self.cost_usd)]
        parts += [f"{self.health.overall_status.value}"] if not self.done else []
        return f"Snapshot({self.session or 'no session yet'}: {self.state_text} · {' · '.join(parts)})"

    @property
    def state_text(self) -> str:
        """The state in a few words, with the reason where there is one."""
        if self.leaving:
            return f"{self.leaving}: {self.in_hand:,} under way"
        return f"{self.status.value}: {self.status_reason}" if self.status_reason else self.status.value


class Reporter(Protocol):
    """Shows a run. Called from one thread at a time, a few times a second at most; what it raises is only logged."""

    def start(self, snapshot: Snapshot) -> None:
        """Show that a run begins."""

    def update(self, snapshot: Snapshot) -> None:
        """Show where it stands."""

    def batch(self, report: BatchReport, snapshot: Snapshot) -> None:
        """Show a batch that is complete; of many at once only the last is given."""

    def message(self, text: str) -> None:
        """Show a sentence."""

    def close(self, snapshot: Snapshot) -> None:
        """Show the last state and let go."""


@dataclass
class RunState:
    """The figures of a run while it goes on; changed by the runner's thread, read through `snapshot`."""

    session: str
    kind: str
    engine: str
    output_dir: str
    total: int
    batch_size: int
    total_batches: int
    started: str
    budget_usd: float | None = None
    monotonic: Callable[[], float] = time.monotonic
    status: Status = Status.PENDING
    status_reason: str = ""
    leaving: str = ""
    needs_person: bool = False
    done: int = 0
    failed: int = 0
    reused: int = 0
    retrying: int = 0
    """Failures of earlier sittings that will be tried again in this one: counted in `failed` until then."""
    reusable: int = 0
    """Records left that will cost no work."""
    batches_complete: int = 0
    batch: BatchBar | None = None
    in_hand: int = 0
    elapsed_before_s: float = 0.0
    gauges: Gauges = field(default_factory=Gauges)
    calls: int = 0
    retries: int = 0
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = 0.0
    memory: Memory = field(default_factory=Memory)
    disk_free_mb: float | None = None
    health: Health = field(default_factory=Health)
    latest_report: BatchReport | None = None
    updated: str = ""
    parts: tuple[Part, ...] = ()
    workers: tuple[WorkerState, ...] = ()
    planned: int = 0
    needs: Need = Need.NOTHING
    waits_for: str = ""
    waited_s: float = 0.0
    rate: Rate = field(default_factory=Rate)
    lock: threading.RLock = field(default_factory=threading.RLock)
    errors_by_type: Counter[str] = field(default_factory=Counter)
    latest: deque[Failure] = field(default_factory=lambda: deque(maxlen=LATEST_KEPT))
    latest_done: deque[Result] = field(default_factory=lambda: deque(maxlen=_RESULTS_SHOWN))
    """Those that were worked on."""
    course: Trace = field(default_factory=Trace)
    failures_version: int = 0
    """Changes whenever the failures do."""
    _running_since_s: float | None = None
    _standing: dict[int, str] = field(default_factory=dict)

    def begin_running(self) -> None:
        """Start the clock."""
        with self.lock:
            now_s = self.monotonic()
            self._running_since_s = now_s
            self.rate.restart(now_s)

    def end_running(self) -> None:
        """Stop the clock: pauses do not count as elapsed."""
        with self.lock:
            self.elapsed_before_s = self.elapsed_s
            self._running_since_s = None

    @property
    def elapsed_s(self) -> float:
        """Seconds spent running, over all sittings."""
        since_s = self._running_since_s
        return self.elapsed_before_s + (self.monotonic() - since_s if since_s is not None else 0.0)

    def stands(self, failures: Iterable[Failure]) -> None:
        """Enter failures of earlier sittings: they count until they are tried again."""
        with self.lock:
            for failure in failures:
                self._fail(failure)
                self._standing[failure.index] = failure.error_type
                self.retrying += 1

    def record_done(self, index: int, *, reused: bool = False, worked: bool = True) -> None:
        """Count a result; `worked` is False where it cost no work and says nothing of the speed."""
        with self.lock:
            self._settle_earlier(index)
            self.done += 1
            self.reused += reused
            self._through(worked)

    def record_failed(self, failure: Failure, *, worked: bool = True) -> None:
        """Count a failure."""
        with self.lock:
            self._settle_earlier(failure.index)
            self._fail(failure)
            self._through(worked)

    def _through(self, worked: bool) -> None:
        if worked:
            self.rate.add(self.monotonic())
        elif self.reusable:
            self.reusable -= 1

    def _fail(self, failure: Failure) -> None:
        self.failed += 1
        self.failures_version += 1
        self.errors_by_type[failure.error_type] += 1
        self.latest.append(failure)

    def _settle_earlier(self, index: int) -> None:
        if not self._standing or index not in self._standing:
            return
        error_type = self._standing.pop(index)
        self.failed -= 1
        self.failures_version += 1
        self.retrying -= 1
        self.errors_by_type[error_type] -= 1
        self.errors_by_type += Counter()
        for failure in self.latest:
            if failure.index == index:
                self.latest.remove(failure)
                break

    def counts(self) -> Counts:
        """Return what became of the records."""
        return Counts(total=self.total, done=self.done, failed=self.failed, reused=self.reused)

    def eta_s(self) -> float | None:
        """Return the seconds of work left, or None while nothing can be said."""
        left = self.total - self.done - self.failed + self.retrying
        if left <= 0:
            return 0.0
        if self._running_since_s is None:
            return None
        now_s = self.monotonic()
        rate = self.rate.per_s(now_s)
        if rate <= 0 or now_s - self._running_since_s < _ETA_AFTER_S:
            return None
        eta_s = max(left - self.reusable, 0) / rate
        if left > self.in_hand or not self.in_hand:
            return eta_s
        # Those that are left are all under way: how fast others were says little of them.
        return None if self.gauges.retrying or self.rate.silent_s(now_s) > eta_s else eta_s

    def snapshot(self) -> Snapshot:
        """Return the state at this moment. Callable from any thread."""
        with self.lock:
            rate = self.rate.per_s(self.monotonic()) if self._running_since_s is not None else 0.0
            fresh: dict[str, Any] = {
                "counts": self.counts(),
                "rate_per_s": rate,
                "eta_s": self.eta_s(),
                "elapsed_s": self.elapsed_s,
                "errors_by_type": dict(self.errors_by_type),
                "latest_failures": tuple(list(self.latest)[: -_LATEST_SHOWN - 1 : -1]),
                "latest_results": tuple(reversed(self.latest_done)),
                "trace": self.course.points(),
            }
            return Snapshot(**fresh, **{name: getattr(self, name) for name in _COPIED})


_COPIED = tuple((set(Snapshot.__dataclass_fields__) & set(RunState.__dataclass_fields__)) - {"errors_by_type"})
"""Fields that a snapshot takes over as they are."""
