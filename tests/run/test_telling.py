"""What a run says of itself: how it ended, what is left, what it waits for, and over what time."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from feedeval.records import Counts, Gauges, Status
from feedeval.run.progress import Snapshot
from feedeval.run.telling.trace import Trace, TracePoint
from feedeval.run.telling.words import headline, held_back, ordinal, reason_in_words, until, what_is_left
from tests.notebook.snapshots import snapshot

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_finished_run_names_what_failed_and_what_its_figures_stand_on() -> None:
    shown = snapshot(
        status=Status.FINISHED,
        counts=Counts(total=160, done=109, failed=51),
        errors_by_type={"RequestRejected": 9, "TimedOut": 42},
    )
    assert headline(shown) == (
        "Finished: 109 of 160 products audited, 51 failed (42 timeouts, 9 refused). "
        "The figures are of these 109, 68 % of all."
    )


def test_a_run_in_which_all_is_well_says_no_more_than_that() -> None:
    shown = snapshot(status=Status.FINISHED, counts=Counts(total=1, done=1), errors_by_type={})
    assert headline(shown) == "Finished: 1 of 1 product audited"


def test_a_run_that_was_stopped_counts_what_is_not_done_yet() -> None:
    shown = snapshot(status=Status.STOPPED, counts=Counts(total=160, done=40), errors_by_type={})
    assert "40 of 160 products audited, 120 not done yet" in headline(shown)


def test_many_sorts_of_failures_are_summed_up() -> None:
    kinds = {"TimedOut": 5, "RateLimited": 4, "ServerFault": 3, "BrokenReply": 2, "ValueError": 1}
    shown = snapshot(status=Status.FINISHED, counts=Counts(total=20, done=5, failed=15), errors_by_type=kinds)
    assert "(5 timeouts, 4 refused by the endpoint's limits, 3 faults of the server, 3 others)" in headline(shown)


def last_one(**gauges: float) -> Snapshot:
    counts = Counts(total=100, done=99)
    return snapshot(counts=counts, in_hand=1, eta_s=None, gauges=Gauges(**gauges))  # type: ignore[arg-type]


def test_the_last_product_says_what_it_waits_for() -> None:
    assert what_is_left(last_one(retrying=1, next_try=3, next_try_s=5.2)) == "1 product left: third try in 6 s"
    assert what_is_left(last_one(retrying=1, next_try=3, next_try_s=0.0)) == "1 product left: third try now"
    assert what_is_left(last_one(in_flight=1)) == "1 product left: waiting for the reply"
    assert what_is_left(snapshot()) == ""


def test_a_wait_that_the_endpoint_asked_for_is_called_that() -> None:
    assert (
        held_back(Gauges(retrying=4, next_try_s=120, asked_s=120), NOON) == "waiting until 12:02, as the endpoint asked"
    )
    assert held_back(Gauges(cooldown_s=20), NOON).startswith("waiting until 12:00:20, because the endpoint refused")
    assert held_back(Gauges(cooldown_s=1), NOON) == ""
    assert held_back(Gauges(in_flight=1, retrying=3, next_try_s=120, asked_s=120), NOON) == ""


@pytest.mark.parametrize(
    ("seconds", "said"), [(5, "12:00:05"), (61, "12:02"), (3600, "13:00"), (86_400, "2026-03-02 12:00")]
)
def test_moments_are_as_exact_as_they_are_near(seconds: float, said: str) -> None:
    assert until(seconds, NOON) == said


def test_reasons_hold_no_names_of_classes() -> None:
    assert reason_in_words("WrongKey: the endpoint does not accept it") == "the endpoint does not accept it"
    assert reason_in_words("paused by hand") == "You paused it."
    assert reason_in_words("no network: gone") == "No network: gone"
    assert [ordinal(n) for n in (2, 3, 11)] == ["second", "third", "11th"]


def test_a_snapshot_is_one_line() -> None:
    shown = repr(snapshot())
    assert "\n" not in shown and len(shown) < 200
    assert "120 of 200 done, 3 failed" in shown


def test_a_trace_keeps_its_span_and_its_size_however_long_the_run() -> None:
    trace = Trace()
    for second in range(10_000):
        trace.note(TracePoint(float(second), second, 0.001 * second))
    points = trace.points()
    assert len(points) <= 61
    assert points[0].at_s == 0 and points[-1].at_s > 9_000
    steps = {b.at_s - a.at_s for a, b in pairwise(points)}
    assert max(steps) <= 2 * min(steps)
