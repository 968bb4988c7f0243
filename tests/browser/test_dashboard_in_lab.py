"""The dashboard as a person uses it, in a real JupyterLab."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from feedeval.results.library import list_sessions
from tests.browser.busy import ANSWERS_WHILE_BLOCKED, Busy
from tests.e2e.support import audit, child, make_feed, until, write_jsonl
from tests.notebook.hostile import HOSTILE
from tests.results.factory import SID, Plan, write_session
from tests.server import ModelServer

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.lab import Lab, Notebook

pytestmark = pytest.mark.slow

SHOW = "import feedeval as fe\nfe.dashboard({folder!r})"
OTHER = "20261119_080000"
LONG = "unbreakable" * 40

Open = Callable[..., "Notebook"]


class Board:
    """A dashboard in the output of a cell."""

    def __init__(self, book: Notebook, folder: Path, *cells: str) -> None:
        self.book = book
        self.folder = folder
        book.run(0)
        self.out: Locator = book.output(0)
        self.sees("Last change")

    def text(self) -> str:
        return " ".join(self.out.inner_text().split())

    def sees(self, text: str) -> None:
        try:
            self.book.wait_until(lambda: text in self.text())
        except AssertionError:
            raise AssertionError(f"{text!r} is not in {self.text()[:3000]!r}") from None

    def press(self, words: str, sees: str = "") -> None:
        self.button(words).click()
        if sees:
            self.sees(sees)

    def button(self, words: str) -> Locator:
        # By its words or by its tooltip; the name that a screen reader says has the icon in it.
        named = self.out.locator("button", has_text=re.compile(rf"^\s*{re.escape(words)}\s*$"))
        return named.or_(self.out.locator(f'button[title="{words}"]')).locator("visible=true").first

    def rows(self) -> list[str]:
        return self.out.locator(".fe-open:visible").all_inner_texts()


def board_of(notebook: Open, folder: Path, *cells: str) -> Board:
    return Board(notebook(SHOW.format(folder=str(folder)), *cells), folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_session(tmp_path, Plan(sid=OTHER, products=20, complete=1))
    write_session(tmp_path, Plan(products=60, questions=6, failed=(7,)))
    return tmp_path


def test_a_session_is_listed_opened_filtered_sorted_looked_into_and_written_out(
    notebook: Open, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    busy = Busy(tmp_path_factory.mktemp("busy"))
    board = board_of(notebook, folder, busy.cell)
    for words in (SID, OTHER, "✔ Finished", "Feed audit", "59 of 60 · 1 failed"):
        assert words in board.text().replace("\ufe0e", "")
    board.press(f"Open session {SID}", sees="60 of 60 products")
    board.sees("Questions the feed leaves open most")
    board.press("Results", sees="1 to 20 of 60 products")
    assert len(board.rows()) == 20

    board.sees("Coverage ▲")  # the worst come first
    worst = board.rows()[0]
    board.press("Coverage ▲", sees="Coverage ▼")
    assert board.rows()[0] != worst
    search = board.out.get_by_placeholder("Search, then Enter")
    search.fill("sku-00001")
    search.press("Enter")
    board.sees("1 to 10 of 10 products")
    board.out.locator("select:visible").first.select_option(label="Home > Kitchen (20)")
    board.sees("of 3 products")
    board.press("Clear", sees="1 to 20 of 60 products")
    board.press("Next page", sees="21 to 40 of 60 products")

    # With the keyboard alone.
    first = board.out.locator(".fe-open:visible").first
    name = first.inner_text()
    first.focus()
    board.book.page.keyboard.press("Enter")
    board.sees("The text that was judged")
    assert name in board.text()
    assert board.out.locator("q:visible").count() > 0
    board.press("Back to the list", sees="21 to 40 of 60 products")

    board.press("Errors", sees="Unusable reply")
    assert board.out.locator("figure img:visible").count() == 1
    board.press("Batches", sees="1 to 6 of 6 batches")
    # While a cell keeps the kernel busy.
    board.book.start(1)
    busy.wait_until_it_is()
    board.press("Consolidate to CSV")
    if not ANSWERS_WHILE_BLOCKED:
        busy.end()
    board.sees("Wrote 60 rows")
    assert board.book.runs(1) or not ANSWERS_WHILE_BLOCKED, "it was written only when the kernel was free again"
    busy.end()
    assert len(pd.read_csv(folder / f"results_{SID}.csv")) == 60
    board.press("Back up", sees="Backed up to")
    assert (folder / f"feedeval_{SID}.tar.gz").is_file()
    assert board.book.complaints == []


def test_deleting_needs_a_second_click(notebook: Open, folder: Path) -> None:
    board = board_of(notebook, folder)
    board.press(OTHER, sees="10 of 20 products")
    board.button("Delete").dblclick()
    board.sees("Delete for good?")
    # Longer than a double click may take, so that the next click is one of its own.
    board.book.page.wait_for_timeout(800)
    assert OTHER in set(list_sessions(folder)["session"])
    board.press("Delete for good?", sees=f"Deleted session {OTHER}")
    assert list_sessions(folder)["session"].tolist() == [SID]
    assert board.rows() == [SID]
    assert board.book.complaints == []


def test_a_session_of_another_kernel_moves_is_left_alone_and_goes_on_once_its_kernel_died(
    notebook: Open, tmp_path: Path
) -> None:
    feed = write_jsonl(tmp_path / "feed.jsonl", make_feed(160))
    folder = tmp_path / "output"
    with ModelServer(latency_s=1.0) as server:
        options = {"num_questions": 4, "batch_size": 5, "max_in_flight": 2}
        other = child(audit, server.base_url, feed, folder, options)
        until(lambda: list(folder.glob("batch_*")) != [], "the first batch")
        book = notebook("import os; os.environ['OPENAI_API_KEY'] = 'a-key'\n" + SHOW.format(folder=str(folder)))
        board = Board(book, folder)
        sid = list_sessions(folder)["session"].iloc[0]
        board.press(f"Open session {sid}", sees="Another notebook or program is working on it")

        def through() -> int:
            found = re.search(r"(\d+) of 160 products", board.text())
            return int(found[1]) if found else 0

        before = through()
        book.wait_until(lambda: through() > before)
        assert board.button("Pause").is_visible() and not board.button("Resume").is_visible()
        board.press("Delete", sees="cannot be deleted now")
        assert other.pid is not None
        os.kill(other.pid, signal.SIGKILL)
        other.join()
        board.sees("Interrupted")

        asked = server.stats.accepted
        board.press("Resume", sees="Calls under way")
        board.press("Delete", sees="This notebook is working on it")
        server.configure(latency_s=0.0)
        board.sees("160 of 160 products · 100 %")
        book.wait_until(lambda: "Interrupted" not in board.text() and "Finished" in board.text())
        assert asked < server.stats.accepted <= 160 + 4 + 16, "finished products are not asked about again"
    assert board.book.complaints == []


def test_nothing_of_a_hostile_feed_runs_and_nothing_overflows(notebook: Open, tmp_path: Path) -> None:
    meta = {
        **{"title": HOSTILE["title"], "product_id": HOSTILE["id"], "product_url": HOSTILE["link"]},
        "evidence": HOSTILE["description"] + LONG,
    }
    write_session(tmp_path, Plan(products=6, batch_size=3, failed=(5,), overrides=dict.fromkeys(range(6), meta)))
    board = board_of(notebook, tmp_path)
    heard: list[str] = []
    page = board.book.page
    page.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda r: heard.append(r.url) if "evil" in r.url or "javascript" in r.url else None)

    def fits() -> None:
        for width in (480, 1200):
            page.set_viewport_size({"width": width, "height": 900})
            inner, outer = board.out.locator(".feedeval-dash").evaluate("e => [e.scrollWidth, e.clientWidth]")
            assert inner <= outer + 1, f"{board.text()[:200]} has to be scrolled sideways at {width} px"

    fits()
    board.press(f"Open session {SID}", sees="What to do first")
    fits()
    board.press("Results", sees="1 to 6 of 6 products")
    fits()
    board.out.locator(".fe-open:visible").first.click()
    board.sees("The text that was judged")
    for fold in board.out.locator("summary:visible").all():
        fold.click()
    for link in board.out.locator("a:visible").all():
        assert link.get_attribute("href").startswith("http")  # type: ignore[union-attr]
    fits()
    board.press("Back to the list")
    board.press("Errors", sees="Unusable reply")
    fits()
    board.press("Batches", sees="1 to 2 of 2 batches")
    fits()
    batches = board.text()
    board.press("Health")
    board.book.wait_until(lambda: board.text() != batches)
    fits()
    assert (
        board.out.locator(".feedeval-dash").locator("script, iframe, svg, [onerror], [onmouseover], [onload]").count()
        == 0
    )
    assert board.out.locator(".MathJax, mjx-container").count() == 0
    assert heard == []
    assert board.book.complaints == []


def test_the_page_comes_back_and_a_saved_notebook_lists_the_sessions(notebook: Open, folder: Path, lab: Lab) -> None:
    board = board_of(notebook, folder)
    assert board.out.locator("table:visible").count() == 0, "the static form is hidden while the dashboard is there"
    saved = board.book.save()
    shown = str(saved.cells[0].outputs[1].data["text/html"])
    assert SID in shown and "Finished" in shown
    board.book.load()
    board.sees("Last change")
    board.press(f"Open session {SID}", sees="60 of 60 products")
    lab.stop_kernels()
    board.book.load()
    board.book.wait_until(lambda: board.out.locator("table:visible").count() == 1)
    assert SID in board.text()
