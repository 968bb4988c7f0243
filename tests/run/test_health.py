"""What the watch thinks of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedeval.records import Gauges, HealthStatus
from feedeval.run.health import (
    Assessment,
    HealthMonitor,
    MemoryReader,
    Pressure,
    advised_batch_size,
    batch_size_for,
    disk_free_mb,
)
from feedeval.run.progress import Memory
from feedeval.run.settings import HealthSettings, RunSettings

PLENTY = Memory(current_mb=200, peak_mb=250, available_mb=8000, total_mb=16000)


def watch(total: int = 500, batch_size: int = 20, **settings: float | int | None) -> HealthMonitor:
    return HealthMonitor(HealthSettings(**settings), total=total, batch_size=batch_size, max_workers=64)


def look(
    seen: HealthMonitor,
    memory: Memory = PLENTY,
    disk_mb: float | None = 9000,
    *,
    gauges: Gauges | None = None,
    now_s: float = 0.0,
) -> Assessment:
    return seen.look(memory, disk_mb, gauges or Gauges(), now_s)


def test_all_is_well() -> None:
    opinion = look(watch())

    assert opinion.health.overall_status is HealthStatus.HEALTHY
    assert opinion.health.reasons == opinion.health.recommendations == ()
    assert opinion.pressure is Pressure.NONE


@pytest.mark.parametrize(
    ("available_mb", "pressure", "status"),
    [
        (8000, Pressure.NONE, HealthStatus.HEALTHY),
        (399, Pressure.LOW, HealthStatus.DEGRADED),
        (149, Pressure.CRITICAL, HealthStatus.CRITICAL),
    ],
)
def test_memory_of_the_machine(available_mb: float, pressure: Pressure, status: HealthStatus) -> None:
    opinion = look(watch(), Memory(200, 250, available_mb, 16000))

    assert opinion.pressure is pressure
    assert opinion.health.overall_status is status
    assert (f"{available_mb} MB left" in opinion.shortage) == (pressure is not Pressure.NONE)


@pytest.mark.parametrize(
    ("current_mb", "pressure"), [(900, Pressure.NONE), (1100, Pressure.LOW), (1300, Pressure.CRITICAL)]
)
def test_memory_of_this_process(current_mb: float, pressure: Pressure) -> None:
    assert look(watch(process_limit_mb=1000.0), Memory(current_mb, current_mb, 8000, 16000)).pressure is pressure


@pytest.mark.parametrize(
    ("disk_mb", "pressure", "status"),
    [
        (400, Pressure.NONE, HealthStatus.DEGRADED),
        (40, Pressure.CRITICAL, HealthStatus.CRITICAL),
        (None, Pressure.NONE, HealthStatus.HEALTHY),
    ],
)
def test_room_on_the_disk(disk_mb: float | None, pressure: Pressure, status: HealthStatus) -> None:
    opinion = look(watch(), disk_mb=disk_mb)

    assert opinion.pressure is pressure
    assert opinion.health.overall_status is status


def test_pressure_eases_only_after_several_good_looks() -> None:
    seen = watch(clear_looks=3)
    look(seen, Memory(200, 250, 100, 16000))

    eased = [look(seen).pressure for _ in range(4)]

    assert eased == [Pressure.CRITICAL, Pressure.CRITICAL, Pressure.NONE, Pressure.NONE]


def test_few_failures_say_nothing_yet() -> None:
    seen = watch()
    for _ in range(19):
        seen.note("TimedOut", "slow")

    assert seen.failing() == ""
    assert look(seen).health.overall_status is HealthStatus.HEALTHY


def test_many_failures_degrade_and_most_are_critical() -> None:
    seen = watch()
    for n in range(50):
        seen.note("TimedOut" if n % 4 == 0 else "")
    opinion = look(seen)
    assert opinion.health.overall_status is HealthStatus.DEGRADED
    assert "13 of the last 50 failed (all timeouts)" in opinion.health.reasons

    for _ in range(40):
        seen.note("ReplyInvalid", "no such field")
    opinion = look(seen)
    assert opinion.health.overall_status is HealthStatus.CRITICAL
    assert "mostly unusable replies" in opinion.fault
    assert "no such field" in opinion.fault

    seen.forget_failures()
    assert look(seen).health.overall_status is HealthStatus.HEALTHY


def test_only_the_last_fifty_records_count() -> None:
    seen = watch()
    for _ in range(15):
        seen.note("TimedOut")
    for _ in range(50):
        seen.note()

    assert look(seen).health.overall_status is HealthStatus.HEALTHY


def test_being_held_back_by_limits_names_a_concurrency_and_a_plan() -> None:
    seen = watch()
    looks = [look(seen, gauges=Gauges(limit=40, cooled_s=0.8 * t), now_s=float(t)) for t in range(30)]

    assert looks[3].health.overall_status is HealthStatus.HEALTHY
    assert looks[-1].health.overall_status is HealthStatus.DEGRADED
    assert "80 % of the last minute" in looks[-1].health.reasons[0]
    assert "About 8 calls at once" in looks[-1].health.recommendations[0]
    assert "plan" in looks[-1].health.recommendations[0]


@pytest.mark.parametrize(
    ("total", "advised"),
    [(10, (20, 50)), (99, (20, 50)), (100, (15, 25)), (1000, (15, 25)), (1001, (10, 15)), (10**6, (10, 15))],
)
def test_the_advised_batch_size_follows_the_size_of_the_feed(total: int, advised: tuple[int, int]) -> None:
    assert advised_batch_size(total) == advised


@pytest.mark.parametrize(("total", "size"), [(10, 20), (100, 20), (1000, 20), (1001, 15), (10**6, 15)])
def test_the_default_batch_size_is_never_advised_against(total: int, size: int) -> None:
    assert batch_size_for(RunSettings(), total) == size
    assert look(watch(total=total, batch_size=size)).health.recommendations == ()
    assert batch_size_for(RunSettings(batch_size=200), total) == 200


def test_an_unsuitable_batch_size_is_advised_against_without_alarm() -> None:
    health = look(watch(total=50_000, batch_size=200)).health

    assert health.overall_status is HealthStatus.HEALTHY
    assert health.recommendations == ("With 50,000 to do, a batch size of 10 to 15 suits better than 200.",)


def test_this_machine_can_be_read(tmp_path: Path) -> None:
    read = MemoryReader()
    memory = read()

    assert 0 < memory.current_mb <= memory.peak_mb < memory.total_mb
    assert 0 < memory.available_mb <= memory.total_mb
    assert (disk_free_mb(tmp_path) or 0) > 0
    assert disk_free_mb(tmp_path / "not there") is None
