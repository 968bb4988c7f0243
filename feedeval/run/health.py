"""How well a run goes: memory, disk, share of failures, time spent waiting for limits; with reasons and advice.

The watch only judges. What follows from its judgement (to narrow, to pause, to go on) is the runner's to do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from pathlib import Path

import psutil

from feedeval.records import Gauges, Health, HealthStatus
from feedeval.run.progress import Memory
from feedeval.run.settings import HealthSettings, RunSettings
from feedeval.run.telling.words import held_back, mostly

LAST_RECORDS = 50
_COOLING_WINDOW_S = 60.0
_MB = 1e6
_PROCESS_CRITICAL = 1.2
"""The share of `process_limit_mb` at which narrowing was not enough."""


class Pressure(IntEnum):
    """How short memory or disk is."""

    NONE = 0
    LOW = 1
    """Narrow."""
    CRITICAL = 2
    """Pause until it clears."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the watch thinks at one moment."""

    health: Health
    pressure: Pressure = Pressure.NONE
    shortage: str = ""
    """What is short, in a sentence; empty without pressure."""
    fault: str = ""
    """Why the run must pause for a person; empty where it need not."""


class MemoryReader:
    """Reads the memory of this process and of the machine."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._peak_mb = 0.0

    def __call__(self) -> Memory:
        """Return the memory at this moment; the peak is that of the readings."""
        current_mb = self._process.memory_info().rss / _MB
        self._peak_mb = max(self._peak_mb, current_mb)
        machine = psutil.virtual_memory()
        return Memory(current_mb, self._peak_mb, machine.available / _MB, machine.total / _MB)


def disk_free_mb(folder: Path) -> float | None:
    """Return the room left on the folder's disk; None where it cannot be told."""
    try:
        return psutil.disk_usage(str(folder)).free / _MB
    except OSError:
        return None


def advised_batch_size(total: int) -> tuple[int, int]:
    """Return the range of batch sizes that suits a number of records.

    Small feeds are through in a few batches; of large ones a smaller batch shows progress and saves it more often.
    """
    if total < 100:
        return 20, 50
    return (15, 25) if total <= 1000 else (10, 15)


def batch_size_for(settings: RunSettings, total: int) -> int:
    """Return the batch size of a new session: the one that was given, else the default as far as the advice allows."""
    if "batch_size" in settings.model_fields_set or not settings.health.batch_advice:
        return settings.batch_size
    low, high = advised_batch_size(total)
    return min(max(settings.batch_size, low), high)


class HealthMonitor:
    """Keeps what is needed to judge a run's health.

    Args:
        settings: The thresholds.
        total: Records of the run.
        batch_size: Records in a batch.
        max_workers: Records under way at once.
        clock: The time of day, as people see it.
    """

    def __init__(
        self,
        settings: HealthSettings,
        *,
        total: int,
        batch_size: int,
        max_workers: int,
        clock: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._total = total
        self._batch_size = batch_size
        self._max_workers = max_workers
        self._last: deque[str] = deque(maxlen=LAST_RECORDS)
        """Error types of the last records, empty for those that were done."""
        self._last_message = ""
        self._cooling: deque[tuple[float, float]] = deque()
        self._good_looks = 0
        self._pressure = Pressure.NONE

    def note(self, error_type: str = "", message: str = "") -> None:
        """Note that a record is through; `error_type` is empty where it was done."""
        self._last.append(error_type)
        if error_type:
            self._last_message = message

    def forget_failures(self) -> None:
        """Begin to count anew: a person has looked at the failures and goes on."""
        self._last.clear()

    def failing(self) -> str:
        """Return why the run must pause because of its failures; empty where it need not. Asked at each failure."""
        failed = len(self._last) - self._last.count("")
        if (
            len(self._last) < self._settings.failures_seen
            or failed / len(self._last) < self._settings.failures_critical
        ):
            return ""
        said = self._last_message[:300]
        return (
            f"{self._failed()}. The latest says: {said}{'' if said.endswith(('.', '!', '?')) else '.'} Look at the "
            "failures, correct the cause, then press Resume or call run.resume()."
        )

    def _failed(self) -> str:
        """Return how many of the last records failed, and by what."""
        failed = len(self._last) - self._last.count("")
        return f"{failed} of the last {len(self._last)} failed ({mostly(filter(None, self._last))})"

    def look(self, memory: Memory, disk_mb: float | None, gauges: Gauges, now_s: float) -> Assessment:
        """Judge the run."""
        reasons: list[tuple[HealthStatus, str, str]] = []
        pressure, shortage = self._shortage(memory, disk_mb)
        if shortage:
            status = HealthStatus.CRITICAL if pressure is Pressure.CRITICAL else HealthStatus.DEGRADED
            advice = (
                "Free disk space, or choose another folder (output_dir)."
                if shortage.startswith("disk")
                else f"Close other programs or kernels, or run with max_workers={max(1, self._max_workers // 4)} and a "
                "smaller batch size."
            )
            reasons.append((status, shortage, advice))
        fault = self.failing()
        if fault:
            reasons.append((HealthStatus.CRITICAL, fault, "Correct the cause of the failures before you resume."))
        else:
            reasons.extend(self._failures())
        reasons.extend(self._held_back(gauges, now_s))
        statuses = [status for status, _, _ in reasons]
        overall = (
            HealthStatus.CRITICAL
            if HealthStatus.CRITICAL in statuses
            else (HealthStatus.DEGRADED if statuses else HealthStatus.HEALTHY)
        )
        advice_lines = [advice for _, _, advice in reasons] + self._batch_advice()
        return Assessment(
            Health(
                overall_status=overall,
                reasons=tuple(reason for _, reason, _ in reasons),
                recommendations=tuple(advice_lines),
            ),
            pressure,
            shortage,
            fault,
        )

    def _shortage(self, memory: Memory, disk_mb: float | None) -> tuple[Pressure, str]:
        """Return the pressure; it eases only after several good looks, so that the run does not flutter."""
        now, shortage = self._shortage_now(memory, disk_mb)
        if now >= self._pressure:
            self._good_looks = 0
            self._pressure = now
            return now, shortage
        self._good_looks += 1
        if self._good_looks >= self._settings.clear_looks:
            self._good_looks = 0
            self._pressure = now
            return now, shortage
        return self._pressure, shortage or "memory or disk was short a moment ago"

    def _shortage_now(self, memory: Memory, disk_mb: float | None) -> tuple[Pressure, str]:
        limits = self._settings
        left = f"memory is short: {memory.available_mb:,.0f} MB left, {memory.current_mb:,.0f} MB used by this process"
        if disk_mb is not None and disk_mb < limits.disk_critical_mb:
            return Pressure.CRITICAL, f"disk is full: {disk_mb:,.0f} MB left"
        if memory.available_mb < limits.memory_critical_mb:
            return Pressure.CRITICAL, left
        process_mb = limits.process_limit_mb
        if process_mb is not None and memory.current_mb > process_mb * _PROCESS_CRITICAL:
            return Pressure.CRITICAL, f"{left}, {process_mb:,.0f} MB allowed"
        if memory.available_mb < limits.memory_low_mb:
            return Pressure.LOW, left
        if process_mb is not None and memory.current_mb > process_mb:
            return Pressure.LOW, f"{left}, {process_mb:,.0f} MB allowed"
        if disk_mb is not None and disk_mb < limits.disk_low_mb:
            # Fewer calls at once would not help: it is said, and the run goes on.
            return Pressure.NONE, f"disk is nearly full: {disk_mb:,.0f} MB left"
        return Pressure.NONE, ""

    def _failures(self) -> list[tuple[HealthStatus, str, str]]:
        seen = len(self._last)
        failed = seen - self._last.count("")
        if seen < self._settings.failures_seen or failed / seen < self._settings.failures_degraded:
            return []
        return [
            (
                HealthStatus.DEGRADED,
                self._failed(),
                "Look at the latest failures; all that failed is tried again when the session is gone on with.",
            )
        ]

    def _held_back(self, gauges: Gauges, now_s: float) -> list[tuple[HealthStatus, str, str]]:
        self._cooling.append((now_s, gauges.cooled_s))
        while now_s - self._cooling[0][0] > _COOLING_WINDOW_S:
            self._cooling.popleft()
        if waiting := held_back(gauges, self._clock()):
            advice = (
                "Nothing has to be done: it goes on by itself. Endpoints ask for this when they are short of capacity."
            )
            return [(HealthStatus.DEGRADED, waiting, advice)]
        since_s, cooled_s = self._cooling[0]
        if now_s - since_s < min(10 * self._settings.interval_s, _COOLING_WINDOW_S / 2):
            return []
        share = (gauges.cooled_s - cooled_s) / (now_s - since_s)
        if share < self._settings.cooling_degraded:
            return []
        enough = max(1, round((gauges.limit or self._max_workers) * (1 - min(share, 0.9))))
        return [
            (
                HealthStatus.DEGRADED,
                f"the endpoint's limits held calls back for {100 * min(share, 1.0):.0f} % of the last minute",
                f"About {enough} calls at once are enough for these limits; a plan with more requests or tokens a "
                "minute would be faster.",
            )
        ]

    def _batch_advice(self) -> list[str]:
        low, high = advised_batch_size(self._total)
        if not self._settings.batch_advice or low <= self._batch_size <= high:
            return []
        return [f"With {self._total:,} to do, a batch size of {low} to {high} suits better than {self._batch_size}."]


@dataclass(frozen=True, slots=True)
class SystemReaders:
    """Where the watch reads memory and disk; tests give their own."""

    memory: Callable[[], Memory]
    disk_free_mb: Callable[[Path], float | None] = disk_free_mb

    @classmethod
    def real(cls) -> SystemReaders:
        """Return those of this machine."""
        return cls(MemoryReader())
