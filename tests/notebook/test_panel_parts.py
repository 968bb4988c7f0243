"""The parts of the panel that can be folded away."""

from __future__ import annotations

import pytest

from feedeval.notebook.panel.latest import latest
from feedeval.notebook.panel.render import parts, run_html
from feedeval.notebook.panel.trace import BARS, trace
from feedeval.records import Counts, Result, Status
from feedeval.run.telling.trace import TracePoint
from tests.notebook.snapshots import snapshot
from tests.notebook.test_render import HOSTILE, Page


def result(title: str, *verdicts: str, required: int = -1, coverage: float | None = 40.0) -> Result:
    judgements = [
        {"question": f"What about {n}?", "verdict": verdict, "required": n == required}
        for n, verdict in enumerate(verdicts)
    ]
    value = {"judgements": judgements, "coverage_pct": coverage}
    return Result(key="k", index=0, content_hash="0" * 32, meta={"title": title}, value=value)


def test_a_product_shows_its_coverage_and_the_first_question_that_is_open() -> None:
    shown = snapshot(latest_results=(result("Tent", "yes", "partial", "no", "no", required=3),))
    text = Page(latest(shown)).words
    assert "Tent" in text and "40.0 %" in text
    assert "open: What about 3?" in text


def test_a_product_without_an_open_question_or_a_figure_says_so() -> None:
    text = Page(latest(snapshot(latest_results=(result("Tent", "yes", coverage=None),)))).words
    assert "nothing is open" in text and "–" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_titles_and_questions_are_shown_and_not_obeyed(text: str) -> None:
    value = {"judgements": [{"question": text, "verdict": "no"}], "coverage_pct": 0.0}
    made = Result(key=text, index=0, content_hash="0" * 32, meta={"title": text}, value=value)
    html = run_html(snapshot(latest_results=(made,)))
    page = Page(html)
    assert not page.handlers and not {"script", "img", "style"} & set(page.tags) and page.open == []
    assert len(html) < 20_000


def points(count: int) -> tuple[TracePoint, ...]:
    return tuple(TracePoint(float(n), n * n, 0.01 * n) for n in range(count))


def test_the_trace_has_a_bounded_number_of_bars_and_says_its_figures() -> None:
    html = trace(snapshot(trace=points(61), cost_usd=0.6), "4.2 a second")
    assert html.count("flex:1 1 0") <= 2 * BARS
    text = Page(html).words
    assert "now 4.2 a second, at most" in text and "over" in text
    assert "Cost so far" in text and "$0.6000" in text


def test_an_unknown_cost_has_no_trace_and_a_short_run_none_at_all() -> None:
    unknown = tuple(TracePoint(float(n), n, None) for n in range(9))
    assert "Cost" not in trace(snapshot(trace=unknown), "–")
    assert "Not long enough yet." in trace(snapshot(trace=points(2)), "–")


def test_a_saved_panel_folds_both_and_an_empty_one_none() -> None:
    html = run_html(snapshot(latest_results=(result("Tent", "no"),), trace=points(9)))
    assert html.count("<details") == 2
    assert "<details" not in run_html(snapshot())


def test_failures_are_in_the_headline_of_a_run_that_is_over() -> None:
    counts = Counts(total=160, done=109, failed=51)
    shown = snapshot(status=Status.FINISHED, counts=counts, errors_by_type={"TimedOut": 51}, batch=None)
    head = Page(parts(shown).head).words
    assert "Finished: 109 of 160 products audited, 51 failed (51 timeouts)" in head
    assert "The figures are of these 109, 68 % of all." in head
    assert "healthy" not in Page(run_html(shown)).words


def test_a_run_that_is_planned_shows_how_far_and_no_figures_yet() -> None:
    shown = snapshot(
        status=Status.PENDING,
        status_reason="Going through the products before any is worked on: 640 of 2,000 so far.",
        counts=Counts(total=2000),
        planned=640,
        session="",
    )
    text = " ".join(Page(run_html(shown)).words.split())
    assert "Getting ready" in text and "640 of 2,000 products" in text
    assert "Rate" not in text and "Cost" not in text
