from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.browser.busy import ANSWERS_WHILE_BLOCKED, Busy

if TYPE_CHECKING:
    from tests.browser.lab import Lab, Notebook

pytestmark = pytest.mark.slow

RUN = """from tests.notebook.cells import *
job = CountingJob({total}, seconds_each={seconds_each}, fail_every={fail_every}, message={message!r})
handle = Handle(job, max_workers=8)
handle"""
HOSTILE = "<img src=x onerror='window.obeyed = 1'> costs $5 or $6"

Open = Callable[..., "Notebook"]


def run_of(total: int, *, seconds_each: float = 0.2, fail_every: int = 0, message: str = HOSTILE) -> str:
    return RUN.format(total=total, seconds_each=seconds_each, fail_every=fail_every, message=message)


def exported(book: Notebook) -> str:
    """The notebook as it is saved, as a page that runs nothing."""
    from nbconvert import HTMLExporter

    book.save()
    page, _ = HTMLExporter().from_filename(str(book.path))
    text: str = page
    return text


def test_the_panel_moves_and_answers_whatever_the_kernel_does(notebook: Open, tmp_path: Path) -> None:
    busy = Busy(tmp_path)
    book = notebook(run_of(50_000, fail_every=5), busy.cell)
    book.run(0)
    panel = book.output(0)
    book.wait_until(lambda: book.through(0) > 0)

    book.start(1)
    busy.wait_until_it_is()
    before = book.through(0)
    book.wait_until(lambda: book.through(0) > before + 10)
    assert book.runs(1), "the panel moved only when the kernel was free again"
    panel.get_by_role("button", name="Pause").click()
    if not ANSWERS_WHILE_BLOCKED:
        busy.end()
    book.wait_until(lambda: "Paus" in book.state(0))
    assert book.runs(1) or not ANSWERS_WHILE_BLOCKED, "the button acted only when the kernel was free again"
    busy.end()
    book.wait_until(lambda: not book.runs(1))
    assert "products" not in book.output(1).inner_text()
    panel.get_by_role("button", name="Resume").click()
    book.wait_until(lambda: "Running" in book.state(0))

    panel.get_by_role("button", name="Pause").click()
    book.wait_until(lambda: "Paused" in book.state(0))
    before = book.through(0)
    # A chance to move, which it must not.
    book.page.wait_for_timeout(600)
    assert book.through(0) == before
    assert "Paused" in exported(book)

    panel.get_by_role("button", name="Resume").click()
    book.wait_until(lambda: book.through(0) > before)
    panel.get_by_role("button", name="Stop").click()
    book.wait_until(lambda: "Stopped" in book.state(0))
    assert panel.get_by_role("button").count() == 0
    assert book.page.evaluate("window.obeyed") is None
    assert panel.locator(".MathJax, mjx-container").count() == 0
    assert book.complaints == []


def test_a_reloaded_page_shows_the_live_panel(notebook: Open) -> None:
    book = notebook(run_of(10_000), "print(handle.snapshot().status.value)")
    book.run(0)
    book.wait_until(lambda: book.through(0) > 0)
    book.save()
    book.load()
    book.wait_until(lambda: "products" in book.output(0).inner_text())
    before = book.through(0)
    book.wait_until(lambda: book.through(0) > before)
    book.output(0).get_by_role("button", name="Stop").click()
    book.wait_until(lambda: "Stopped" in book.state(0))
    book.run(1)
    assert "stopped" in book.output(1).inner_text()
    assert book.complaints == []


def test_the_last_state_outlives_the_kernel_and_the_page(notebook: Open, lab: Lab) -> None:
    book = notebook(run_of(120, seconds_each=0.05), "handle.wait(); print(widgets_left())")
    book.run(0)
    book.run(1)
    assert int(book.output(1).inner_text()) <= 10
    book.wait_until(lambda: "Finished" in book.state(0))
    saved = book.save()
    assert [sorted(output.data) for output in saved.cells[0].outputs] == [["text/html", "text/plain"]] * 2
    assert "120 of 120 products · 100 %" in exported(book)
    lab.stop_kernels()
    book.load()
    book.wait_until(lambda: "120 of 120 products · 100 %" in book.output(0).inner_text())
    assert "Error" not in book.output(0).inner_text()
    assert book.complaints == []


def test_a_notebook_saved_in_the_midst_shows_that_state_without_its_kernel(notebook: Open, lab: Lab) -> None:
    book = notebook(run_of(10_000))
    book.run(0)
    panel = book.output(0)
    book.wait_until(lambda: book.through(0) > 0)
    panel.get_by_role("button", name="Pause").click()
    book.wait_until(lambda: "Paused" in book.state(0))
    assert panel.locator("[role=status]:visible").count() == 1, "the static form is hidden while the panel is there"
    page = exported(book)
    assert "Paused" in page
    assert page.count('role="status"') == 1
    lab.stop_kernels()
    book.load()
    book.wait_until(lambda: panel.locator("[role=status]:visible").count() == 1)
    assert "Paused" in panel.inner_text()
    assert "run this cell again to go on" in panel.inner_text()


def test_failures_can_be_tried_again_from_the_page(notebook: Open) -> None:
    book = notebook(run_of(60, seconds_each=0.05, fail_every=10))
    book.run(0)
    panel = book.output(0)
    book.wait_until(lambda: "Finished" in book.state(0))
    assert "failed" in exported(book)
    button = panel.get_by_role("button", name="Retry failed")
    book.wait_until(lambda: button.count() == 1)
    button.click()
    # The static form of the first sitting may be seen for a moment before the panel of the second is drawn.
    book.wait_until(lambda: "Done 60 Failed 0" in " ".join(panel.inner_text().split()))
    # The panel of the first sitting leaves the page a moment after that of the second has come.
    book.wait_until(lambda: panel.get_by_text("Finished").count() == 1)
    assert book.complaints == []


def test_twenty_thousand_fast_records_end_at_100_percent_on_the_page(notebook: Open) -> None:
    book = notebook(run_of(20_000, seconds_each=0))
    book.run(0)
    book.wait_until(lambda: "20,000 of 20,000 products · 100 %" in book.output(0).inner_text())
    assert book.complaints == []


def test_the_panel_fits_a_narrow_window(notebook: Open) -> None:
    book = notebook(run_of(2_000, fail_every=5))
    book.page.set_viewport_size({"width": 520, "height": 800})
    book.run(0)
    book.wait_until(lambda: "Failed:" in book.output(0).inner_text())
    widths = book.output(0).evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert widths[0] <= widths[1], "it has to be scrolled sideways"


PLANNING = """import tempfile
from feedeval.evaluator import ProductFeedEvaluator
from tests.e2e.support import make_feed
run = ProductFeedEvaluator(model="offline", output_dir=tempfile.mkdtemp()).start(make_feed(100_000))
run"""


def test_going_through_a_large_feed_is_shown_and_can_be_stopped(notebook: Open) -> None:
    book = notebook(PLANNING, "print(run.wait().status_reason)")
    book.run(0)
    panel = book.output(0)
    book.wait_until(lambda: "Getting ready" in book.state(0) and "of 100,000 products" in panel.inner_text())
    panel.get_by_role("button", name="Stop").click()
    book.wait_until(lambda: "Stopped" in book.state(0))
    assert "before it began" in panel.inner_text()
    book.run(1)
    assert "nothing was spent" in book.output(1).inner_text()
    assert book.complaints == []


NEEDY = """import tempfile
from feedeval.evaluator import ProductFeedEvaluator
from tests.e2e.support import make_feed
from tests.server import ModelServer
server = ModelServer(latency_s=0.05, api_key="sk-right-and-never-to-be-seen")
server.__enter__()
prices = {"input_price": 2, "output_price": 20}
evaluator = ProductFeedEvaluator("sk-wrong", base_url=server.base_url, output_dir=tempfile.mkdtemp(), **prices)
run = evaluator.start(make_feed(100), num_questions=4, max_in_flight=4, budget_usd=0.15)
run"""


def test_what_a_pause_needs_is_changed_on_the_page_and_a_key_reaches_no_file(notebook: Open) -> None:
    book = notebook(NEEDY, "server.__exit__(None, None, None)")
    book.run(0)
    panel = book.output(0)
    resume = panel.get_by_role("button", name="Resume")
    book.wait_until(lambda: "Paused" in book.state(0) and panel.get_by_label("API key:").is_visible())
    resume.click()
    book.wait_until(lambda: "another key is needed" in panel.inner_text())
    panel.get_by_label("API key:").fill("sk-right-and-never-to-be-seen")
    panel.get_by_label("API key:").press("Tab")
    resume.click()

    budget = panel.get_by_label("New budget, dollars:")
    book.wait_until(lambda: "Paused" in book.state(0) and budget.is_visible())
    resume.click()
    book.wait_until(lambda: "a higher budget is needed" in panel.inner_text())
    budget.fill("50")
    budget.press("Tab")
    resume.click()
    book.wait_until(lambda: "Latest products" in panel.inner_text() and "open:" in panel.inner_text())
    panel.locator("span").filter(has_text="Rate and cost over time").click()
    book.wait_until(lambda: "Finished: 100 of 100 products audited" in book.state(0))
    saved = book.save()
    for cell in saved.cells:
        cell.source = ""  # the server of the first cell is given the key that it is to take
    assert "never-to-be-seen" not in nbformat.writes(saved)
    book.run(1)
    assert book.complaints == []
