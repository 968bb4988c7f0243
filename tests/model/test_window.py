from __future__ import annotations

from feedeval.model.window import AdaptiveWindow


def clean_round(window: AdaptiveWindow) -> None:
    width = window.width
    for i in range(width):
        window.entered(i + 1)
    for _ in range(width):
        window.succeeded(window.generation)


def test_clean_saturated_rounds_double_the_window_until_the_first_refusal() -> None:
    window = AdaptiveWindow(8)
    widths = []
    for _ in range(3):
        clean_round(window)
        widths.append(window.width)
    assert widths == [16, 32, 64]


def test_after_a_refusal_a_round_widens_by_a_twentieth_and_one_at_least() -> None:
    window = AdaptiveWindow(100)
    window.entered(100)
    assert window.refused(window.generation)
    assert window.width == 80
    clean_round(window)
    assert window.width == 84
    small = AdaptiveWindow(5)
    small.entered(5)
    small.refused(small.generation)
    clean_round(small)
    assert small.width == 5


def test_refusals_of_one_burst_narrow_once() -> None:
    window = AdaptiveWindow(100)
    window.entered(100)
    started_in = window.generation
    assert [window.refused(started_in) for _ in range(30)] == [True] + [False] * 29
    assert window.width == 80
    assert window.refused(window.generation)
    assert window.width < 80


def test_successes_of_calls_that_started_before_the_burst_do_not_count() -> None:
    window = AdaptiveWindow(10)
    window.entered(10)
    old = window.generation
    window.refused(old)
    width = window.width
    window.entered(width)
    for _ in range(50):
        window.succeeded(old)
    assert window.width == width


def test_a_round_that_never_used_all_places_widens_nothing() -> None:
    window = AdaptiveWindow(8)
    window.entered(7)
    for _ in range(20):
        window.succeeded(window.generation)
    assert window.width == 8


def test_a_server_fault_stops_growth_for_its_round_and_does_not_narrow() -> None:
    window = AdaptiveWindow(8)
    window.failed()
    clean_round(window)
    assert window.width == 8
    clean_round(window)
    assert window.width == 16


def test_a_window_wider_than_anybody_used_narrows_from_what_was_used() -> None:
    window = AdaptiveWindow(512)
    window.entered(10)
    window.refused(window.generation)
    assert window.width == 8


def test_the_window_never_closes() -> None:
    window = AdaptiveWindow(2)
    for _ in range(20):
        window.entered(1)
        window.refused(window.generation)
    assert window.width == 1
