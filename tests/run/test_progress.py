"""State, snapshots and the reporters that render them."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import pytest

from feedeval.errors import InputError
from feedeval.formatting import duration
from feedeval.records import BatchReport, Failure, Status
from feedeval.run.progress import BatchBar, Rate, RunState, Snapshot
from feedeval.run.reporters import TextReporter, TqdmReporter, choose_reporter, money, status_line


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def state(total: int = 100, clock: Clock | None = None) -> RunState:
    made = RunState(
        session="20260101_120000",
        kind="audit",
        engine="m",
        output_dir="output",
        total=total,
        batch_size=20,
        total_batches=5,
        started="2026-01-01T12:00:00+00:00",
        monotonic=clock or Clock(),
    )
    made.status = Status.RUNNING
    return made


def failure(index: int, error_type: str = "TimedOut") -> Failure:
    return Failure(key=f"p{index}", index=index, content_hash="h", meta={}, error_type=error_type, message="slow")


def report(**changes: Any) -> BatchReport:
    values: dict[str, Any] = {
        "batch_number": 2,
        "total_batches": 5,
        "batch_start_index": 20,
        "batch_end_index": 39,
        "batch_size": 20,
        "processed": 20,
        "successful": 19,
        "failed": 1,
        "success_rate": 0.95,
        "elapsed_ms": 2500.0,
        "average_time_ms": 125.0,
        "estimated_time_remaining_ms": 61_000.0,
        "calls": 21,
        "retries": 0,
        "tokens": 900,
        "cost_usd": 0.0123,
        "timestamp": "",
    }
    return BatchReport(**{**values, **changes})


def test_the_rate_is_that_of_the_window() -> None:
    rate = Rate(window_s=10.0)
    rate.restart(0.0)
    for tenth in range(1, 201):
        rate.add(tenth / 10 if tenth <= 100 else 10 + (tenth - 100) / 5)

    assert rate.per_s(30.0) == pytest.approx(5.0, rel=0.1)
    assert rate.per_s(100.0) == pytest.approx(0.0, abs=0.1)


def test_the_time_left_counts_only_records_that_need_work() -> None:
    clock = Clock()
    made = state(1000, clock)
    made.reusable = 800
    made.begin_running()
    for index in range(800):
        made.record_done(index, reused=True, worked=False)
    assert made.eta_s() is None
    for index in range(800, 820):
        clock.now_s += 0.1
        made.record_done(index)

    assert made.eta_s() == pytest.approx(18.0, rel=0.1)
    assert made.reusable == 0


def test_nothing_is_said_of_the_time_left_at_the_start_and_while_paused() -> None:
    clock = Clock()
    made = state(clock=clock)
    assert made.snapshot().eta_s is None
    made.begin_running()
    clock.now_s += 0.001
    made.record_done(0)
    assert made.snapshot().eta_s is None
    clock.now_s += 1
    assert made.snapshot().eta_s is not None

    made.end_running()

    assert made.snapshot().eta_s is None
    assert made.snapshot().rate_per_s == 0.0


def test_pauses_do_not_count_as_elapsed() -> None:
    clock = Clock()
    made = state(clock=clock)
    made.elapsed_before_s = 100.0
    made.begin_running()
    clock.now_s += 5
    made.end_running()
    clock.now_s += 500
    made.begin_running()
    clock.now_s += 5

    assert made.snapshot().elapsed_s == pytest.approx(110.0)


def test_a_failure_of_an_earlier_sitting_counts_until_it_is_tried_again() -> None:
    made = state()
    made.stands([failure(3), failure(4, "ReplyInvalid")])
    assert made.snapshot().errors_by_type == {"TimedOut": 1, "ReplyInvalid": 1}

    made.record_done(3)
    made.record_failed(failure(4, "ServerFault"))

    snapshot = made.snapshot()
    assert (snapshot.counts.done, snapshot.counts.failed) == (1, 1)
    assert snapshot.errors_by_type == {"ServerFault": 1}
    assert [f.error_type for f in snapshot.latest_failures] == ["ServerFault"]
    assert made.retrying == 0


def test_the_latest_failures_are_bounded_and_newest_first() -> None:
    made = state(1000)
    for index in range(500):
        made.record_failed(failure(index))

    assert [f.index for f in made.snapshot().latest_failures] == list(range(499, 489, -1))
    assert len(made.latest) == 200


def test_a_snapshot_does_not_change_with_the_state() -> None:
    made = state()
    snapshot = made.snapshot()
    made.record_failed(failure(0))

    assert snapshot.counts.failed == 0
    assert snapshot.errors_by_type == {}
    with pytest.raises(AttributeError):
        snapshot.status = Status.PAUSED  # type: ignore[misc]


def test_the_state_reads_well() -> None:
    made = state()
    made.in_hand = 7
    assert made.snapshot().state_text == "running"
    made.leaving = "pausing"
    assert made.snapshot().state_text == "pausing: 7 under way"
    made.leaving, made.status, made.status_reason = "", Status.PAUSED, "WrongKey: no"
    assert made.snapshot().state_text == "paused: WrongKey: no"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.04, "0.0s"),
        (59.94, "59.9s"),
        (59.96, "1m 00s"),
        (200, "3m 20s"),
        (3725, "1h 02m"),
        (90_000, "25h 00m"),
    ],
)
def test_durations_read_well(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_money_reads_well() -> None:
    assert (money(0.00123), money(1234.5), money(None)) == ("$0.0012", "$1,234.50", "price unknown")


def reporter(*, live: bool = False, blocks: bool = True) -> tuple[TextReporter, io.StringIO, Clock]:
    stream, clock = io.StringIO(), Clock()
    return TextReporter(stream, live=live, blocks=blocks, monotonic=clock), stream, clock


def through(made: RunState, number: int) -> Snapshot:
    while made.done < number:
        made.record_done(made.done)
    return made.snapshot()


def test_a_batch_block_tells_all_of_a_batch() -> None:
    shown, stream, _ = reporter()

    shown.batch(report(), through(state(), 40))

    assert stream.getvalue() == (
        "Batch 2/5 · products 21–40 · overall 40/100 (40.0 %)\n"
        "  successful 19 · failed 1 · success rate 95.0 % · 21 calls · $0.0123\n"
        "  elapsed 2.5s · average 125.0 ms per product · estimated remaining 1m 01s\n"
    )


def test_a_block_of_a_shadow_run_speaks_of_images_and_tells_unreadable_rows_apart() -> None:
    shown, stream, _ = reporter()

    shown.batch(report(unreadable=1), dataclasses.replace(through(state(), 40), kind="shadow"))

    assert "· images 21–40 ·" in stream.getvalue() and "ms per image" in stream.getvalue()
    assert "failed 1 (1 of them unreadable rows) ·" in stream.getvalue()


def test_one_of_a_kind_is_told_in_the_singular() -> None:
    shown, stream, _ = reporter()

    shown.start(dataclasses.replace(state(total=1).snapshot(), total_batches=1))
    shown.batch(report(calls=1), through(state(), 40))

    assert "1 product in 1 batch\n" in stream.getvalue() and "· 1 call ·" in stream.getvalue()


def test_plain_output_gets_a_line_every_tenth_or_thirty_seconds_or_change_of_state() -> None:
    shown, stream, clock = reporter(blocks=False)
    made = state()
    shown.start(made.snapshot())
    for number in range(1, 101):
        shown.update(through(made, number))
    assert len(stream.getvalue().splitlines()) == 1 + 10

    quiet, stream, clock = reporter(blocks=False)
    slow = state()
    quiet.start(slow.snapshot())
    for _ in range(65):
        clock.now_s += 1
        quiet.update(slow.snapshot())
    assert len(stream.getvalue().splitlines()) == 1 + 2

    slow.status, slow.status_reason = Status.PAUSED, "no network"
    quiet.update(slow.snapshot())
    quiet.update(slow.snapshot())
    assert stream.getvalue().count("No network") == 1


def test_a_terminal_gets_one_line_that_is_redrawn() -> None:
    shown, stream, _ = reporter(live=True, blocks=False)
    made = state()
    shown.start(made.snapshot())
    for number in (10, 50, 100):
        shown.update(through(made, number))
    shown.message("A sentence.")
    shown.close(made.snapshot())

    lines = stream.getvalue().split("\n")
    assert lines[1].count("\r") == 5
    assert "50/100 (50 %)" in lines[1]
    assert lines[1].endswith("A sentence.")
    assert "100 of 100 products audited" in lines[2]


def test_the_line_shows_cost_only_where_there_is_one() -> None:
    made = state()
    assert "$" not in status_line(made.snapshot())
    made.calls, made.cost_usd = 3, 0.5
    assert "$0.5000" in status_line(made.snapshot())
    made.cost_usd = None
    assert "price unknown" in status_line(made.snapshot())


def test_tqdm_bars_follow_the_run() -> None:
    from tqdm import tqdm

    stream = io.StringIO()
    bars: list[Any] = []

    def bar(**options: Any) -> Any:
        bars.append(tqdm(file=stream, mininterval=0, **options))
        return bars[-1]

    made = state()
    shown = TqdmReporter(bar)
    shown.start(made.snapshot())
    through(made, 30)
    made.batch = BatchBar(2, 20, 39, 10)
    shown.update(made.snapshot())
    assert (bars[0].n, bars[0].total, bars[1].n, bars[1].total) == (30, 100, 10, 20)
    through(made, 100)
    made.status = Status.FINISHED
    shown.close(made.snapshot())

    assert bars[0].n == 100
    assert "finished" in stream.getvalue()


@pytest.mark.parametrize(("progress", "kinds"), [("text", [TextReporter]), ("tqdm", [TqdmReporter]), ("none", [])])
def test_reporters_are_chosen_by_name(progress: str, kinds: list[type]) -> None:
    assert [type(r) for r in choose_reporter(progress)] == kinds


def test_an_unknown_reporter_is_refused() -> None:
    with pytest.raises(InputError, match="'bars'"):
        choose_reporter("bars")
