"""The widgets without a page: what their callbacks do, what they leave behind."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets
import pytest

from feedeval.dashboard import Dashboard, dashboard
from feedeval.dashboard.actions import DOUBLE_CLICK_S, Confirmation
from feedeval.dashboard.frame import DashboardFrame
from feedeval.errors import SessionNotFound
from feedeval.evaluator import ProductFeedEvaluator
from feedeval.evaluator.launching import live_run
from feedeval.notebook.browser.results_view import PAGE
from feedeval.records import Status
from feedeval.results.library import list_sessions
from feedeval.storage.paths import session_paths
from feedeval.storage.store import SessionStore
from tests.e2e.support import KEY, make_feed, until, write_jsonl
from tests.notebook.hostile import HOSTILE
from tests.results.audits import Planted, write
from tests.results.factory import SID, Plan, write_session, write_shadow_session
from tests.server import ModelServer


def widgets(root: Any) -> Iterator[Any]:
    """All widgets that are to be seen."""
    if root.layout.display == "none":
        return
    yield root
    for child in getattr(root, "children", ()):
        yield from widgets(child)


class Page:
    """A dashboard as a person uses it."""

    def __init__(self, folder: Path, sid: str = SID, board: Dashboard | None = None) -> None:
        self.board = board or dashboard(folder)
        self.board.open(sid)
        page_frame = self.board._page_frame
        assert page_frame is not None
        self.root, self._lock = page_frame.root, page_frame.lock

    def text(self) -> str:
        # What is being drawn is looked at when it is complete.
        with self._lock:
            found = [w.value for w in widgets(self.root) if isinstance(w, ipywidgets.HTML)]
            return " ".join([*map(str, found), *(b.description for b in self.buttons())])

    def buttons(self) -> list[Any]:
        return [w for w in widgets(self.root) if isinstance(w, ipywidgets.Button)]

    def button(self, words: str) -> Any:
        return next(b for b in self.buttons() if words in (b.description, b.tooltip))

    def press(self, words: str, sees: str = "") -> None:
        self.button(words).click()
        until(lambda: sees in self.text(), f"{sees!r} after {words!r}")

    def field(self, kind: type[Any], place: int = 0) -> Any:
        return [w for w in widgets(self.root) if isinstance(w, kind)][place]

    def rows(self) -> list[str]:
        return [b.description for b in self.buttons() if "fe-open" in b._dom_classes]


class Clock:
    """Stands still until it is moved, and counts who looks at it."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.looks = 0

    def confirmation(self) -> Confirmation:
        """Return a question that is asked by this clock, and stands as long as the test takes."""
        return Confirmation(within_s=600.0, monotonic=self._look)

    def _look(self) -> float:
        self.looks += 1
        return self.now_s


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_session(tmp_path, Plan(products=60, failed=(7,)))
    return tmp_path


@pytest.fixture
def page(folder: Path) -> Iterator[Page]:
    page = Page(folder)
    page.press("Results", sees="1 to 20 of 60 products")
    yield page
    page.board.close()


def test_a_folder_has_one_dashboard(folder: Path) -> None:
    assert dashboard(folder) is dashboard(str(folder))
    assert dashboard(folder) is not dashboard(folder / "other")


def test_pages_turn_without_new_widgets(page: Page) -> None:
    known = len(ipywidgets.widgets.widget._instances)
    first = page.rows()
    page.press("Next page", sees="21 to 40 of 60")
    assert len(page.rows()) == PAGE
    assert not set(first) & set(page.rows())
    page.press("Next page", sees="41 to 60 of 60")
    assert page.button("Next page").disabled
    page.press("First page", sees="1 to 20 of 60")
    assert page.rows() == first
    assert len(ipywidgets.widgets.widget._instances) == known


def test_filters_and_heads_act_at_once(page: Page) -> None:
    page.field(ipywidgets.Text, 1).value = "BOARD sku-00001"
    assert page.rows()[0].startswith("Chopping board no. 10,")
    assert "1 to 10 of 10 products" in page.text()
    page.press("Coverage ▲", sees="Coverage ▼")
    page.press("Clear", sees="1 to 20 of 60")
    assert "▼" not in page.text()
    page.field(ipywidgets.Dropdown, 1).value = "failed"
    assert page.rows() == ["Chopping board no. 7, solid beech — 30 × 20 cm"]


def test_nothing_found_says_so(page: Page) -> None:
    page.field(ipywidgets.Text, 1).value = "nothing like it"
    assert "no products" in page.text()
    assert page.rows() == []


def test_a_product_opens_and_the_next_one_follows_in_the_chosen_order(page: Page) -> None:
    assert "Coverage ▲" in page.text(), "those to work on come first"
    names = page.rows()
    page.press(names[0], sees="The text that was judged")
    assert "1 of 60" in page.text()
    page.press("The one after", sees="2 of 60")
    assert names[1] in page.text()
    page.press("Back to the list", sees="1 to 20 of 60")
    assert page.rows() == names


def test_every_page_of_a_session_can_be_looked_at(page: Page) -> None:
    page.press("Errors", sees="Unusable reply")
    page.press("Health", sees="Rate: ")
    page.press("Batches", sees="1 to 6 of 6 batches")
    page.press("Overview", sees="Questions the feed leaves open most")


def test_what_a_callback_raises_is_shown_as_text(page: Page) -> None:
    page.field(ipywidgets.Text, 0).value = "/nowhere/<img src=x>/t.csv"
    page.press("Consolidate to CSV", sees="That did not work")
    assert "make it first" in page.text()
    assert "<img" not in page.text()
    assert not page.button("Consolidate to CSV").disabled, "it can be tried again"


def test_the_table_is_written_from_the_page(page: Page, folder: Path) -> None:
    page.press("Consolidate to CSV", sees="Wrote 60 rows")
    assert (folder / f"results_{SID}.csv").is_file()
    page.press("Consolidate to Parquet", sees=".parquet")
    until(lambda: (folder / f"results_{SID}.parquet").is_file(), "the Parquet file")


def test_deleting_needs_a_second_press(folder: Path) -> None:
    clock = Clock()
    page = Page(folder, board=Dashboard(folder, confirmation=clock.confirmation))
    page.press("Delete", sees="Delete for good?")
    looks = clock.looks
    page.press("Delete for good?")
    until(lambda: clock.looks > looks + 1, "the second press to be heard")
    assert SID in set(list_sessions(folder)["session"]), "a double click deletes nothing"
    clock.now_s += DOUBLE_CLICK_S
    page.press("Delete for good?", sees=f"Deleted session {SID}")
    assert list_sessions(folder).empty
    assert "There is no session in" in page.text()
    page.board.close()


def test_the_question_is_withdrawn_after_a_while(folder: Path) -> None:
    page = Page(folder, board=Dashboard(folder, confirmation=lambda: Confirmation(within_s=0.5)))
    button, said = page.button("Delete"), list[str]()
    # A busy machine may see the question only when it has gone.
    button.observe(lambda change: said.append(change["new"]), "description")
    for _ in range(2):
        button.click()
        until(lambda: said[-2:] == ["Delete for good?", "Delete"], "the question to come and to go")
        said.clear()
    assert not list_sessions(folder).empty
    page.board.close()


def test_a_session_of_another_process_shows_its_counts_and_is_left_alone(folder: Path) -> None:
    with SessionStore.open(session_paths(folder, SID)) as store:
        progress = store.read_progress().model_copy(update={"status": Status.RUNNING})
        store.write_progress(progress)
        page = Page(folder)
        assert "Another notebook or program is working on it" in page.text()
        offered = [button.description for button in page.buttons()]
        assert "Resume" not in offered and {"Pause", "Stop"} <= set(offered)
        page.press("Delete", sees="cannot be deleted now")
        assert "Delete for good?" not in page.text()
        watch = page.board._watch
        assert watch is not None and watch.is_alive()
        counts = progress.counts.model_copy(update={"done": 41})
        store.write_progress(progress.model_copy(update={"counts": counts}))
        until(lambda: "42 of 60 products" in page.text(), "the new counts")
        store.write_progress(progress.model_copy(update={"status": Status.FINISHED}))
    until(lambda: not watch.is_alive(), "the watch to end")
    until(lambda: "Finished" in page.text(), "the end")
    page.board.close()


def test_a_stopped_session_goes_on_in_its_panel_and_is_read_again_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    feed = write_jsonl(tmp_path / "feed.jsonl", make_feed(300))
    with ModelServer(held_after=30) as server:
        run = ProductFeedEvaluator(base_url=server.base_url, output_dir=tmp_path / "output").start(
            feed, num_questions=4, batch_size=5, progress="none"
        )
        until(lambda: run.snapshot().counts.done > 10, "the first products")
        run.stop()
        server.configure(held_after=None)
        run.wait(60)
        page = Page(tmp_path / "output", run.sid)
        page.press("Results", sees="products")
        page.press("Resume", sees="goes on; its panel is below")
        until(lambda: "300 of 300 products · 100 %" in page.text(), "the panel's end")
    until(lambda: "1 to 20 of 300 products" in page.text(), "the results of all")
    assert page.button("Resume").disabled
    page.board.close()


@pytest.mark.slow
def test_a_session_whose_feed_takes_long_to_go_through_is_watched_once_it_goes_on(tmp_path: Path) -> None:
    output, feed = tmp_path / "output", write_jsonl(tmp_path / "feed.jsonl", make_feed(8000))
    run = ProductFeedEvaluator(model="offline", output_dir=output).start(feed, num_questions=4, progress="none")
    assert run.sid
    run.stop()
    assert run.wait(60).status is Status.STOPPED
    page = Page(output, run.sid)
    page.press("Resume", sees="goes on; its panel is below")
    until(lambda: "This notebook is working on it" in page.text(), "the run to have begun")
    again = live_run(session_paths(output, run.sid))
    assert again is not None
    again.stop()
    until(lambda: "This notebook is working on it" not in page.text(), "the end")
    page.board.close()


def test_closing_leaves_no_widget_and_no_thread(folder: Path) -> None:
    before = set(ipywidgets.widgets.widget._instances)
    with SessionStore.open(session_paths(folder, SID)) as store:
        store.write_progress(store.read_progress().model_copy(update={"status": Status.RUNNING}))
        page = Page(folder)
        page.press("Results", sees="1 to 20 of 60 products")
        page.press("Sessions", sees="Last change")
        page.press(SID, sees="Last change")
        watch = page.board._watch
        assert watch is not None
        gone = weakref.ref(page.board)
        page.board.close()
        watch.join(60)
        assert not watch.is_alive()
    assert set(ipywidgets.widgets.widget._instances) == before
    del page
    until(lambda: "feedeval-dashboard-work" not in {t.name for t in threading.enumerate()}, "the work to end")
    gc.collect()
    assert gone() is None


def test_a_dashboard_that_nobody_shows_is_let_go_of(folder: Path) -> None:
    board = dashboard(folder)
    repr(board)
    gone = weakref.ref(board)
    del board
    gc.collect()
    assert gone() is None


def test_a_damaged_session_opens_and_can_be_deleted(tmp_path: Path) -> None:
    (tmp_path / f"progress_{SID}.json").write_text("{broken", encoding="utf-8")
    clock = Clock()
    page = Page(tmp_path, board=Dashboard(tmp_path, confirmation=clock.confirmation))
    assert "Damaged" in page.text()
    page.press("Errors", sees="That did not work")
    page.press("Delete", sees="Delete for good?")
    clock.now_s += DOUBLE_CLICK_S
    page.press("Delete for good?", sees="Deleted")
    page.board.close()


def test_a_session_of_another_kind_opens_with_its_own_columns(tmp_path: Path) -> None:
    write_shadow_session(tmp_path, "other")
    page = Page(tmp_path)
    page.press("Results", sees="Prediction")
    page.press("a.jpg", sees="0.75")
    page.board.close()


def test_a_hostile_feed_is_text_in_every_widget(tmp_path: Path) -> None:
    meta = {"title": HOSTILE["title"], "product_id": HOSTILE["id"], "product_url": HOSTILE["link"]}
    write_session(tmp_path, Plan(products=3, overrides=dict.fromkeys(range(3), meta)))
    page = Page(tmp_path)
    page.press("Results", sees="1 to 3 of 3")
    assert "<script" in page.rows()[0], "a button's words are text, which no page reads as markup"
    assert "\u202e" not in page.rows()[0]
    page.press(page.rows()[0], sees="The text that was judged")
    assert "<script" not in " ".join(w.value for w in widgets(page.root) if isinstance(w, ipywidgets.HTML))
    page.board.close()


def test_outside_a_notebook_it_is_a_table_of_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    board = dashboard(folder)
    board.display()
    assert SID in capsys.readouterr().out
    assert "Finished" in repr(board)
    assert f">{SID}<" in board._repr_html_()
    assert isinstance(board, Dashboard)


@pytest.mark.parametrize(("wanted", "shown"), [(True, "nothing there"), (False, "")])
def test_a_view_that_was_left_has_nothing_more_to_say(wanted: bool, shown: str) -> None:
    page_frame, ended = DashboardFrame(), threading.Event()

    def fail() -> None:
        raise SessionNotFound("nothing there")

    page_frame.later("", fail, lambda _: None, at_the_end=ended.set, wanted=lambda: wanted)
    assert ended.wait(60)
    with page_frame.lock:
        news = " ".join(str(w.value) for w in widgets(page_frame.root) if isinstance(w, ipywidgets.HTML))
    assert ("That did not work" in news) is bool(shown) and shown in news
    page_frame.close()


def test_resume_takes_a_key_that_reaches_no_file_and_stays_in_no_widget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    feed = write_jsonl(tmp_path / "feed.jsonl", make_feed(40))
    with ModelServer(api_key=KEY, held_after=20) as server:
        evaluator = ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=tmp_path / "output")
        run = evaluator.start(feed, num_questions=4, batch_size=5, max_in_flight=2, progress="none")
        until(lambda: run.snapshot().counts.done > 2, "the first products")
        run.stop()
        server.configure(held_after=None)
        run.wait(60)
        page = Page(tmp_path / "output", run.sid)
        key = page.field(ipywidgets.Password)
        assert "if the endpoint needs one" in key.placeholder
        key.value = KEY
        assert key.value == "" and "press the button" in key.placeholder
        page.press("Resume", sees="goes on; its panel is below")
        until(lambda: "40 of 40 products · 100 %" in page.text(), "the panel's end")
        until(lambda: not [w for w in widgets(page.root) if isinstance(w, ipywidgets.Password)], "the field to go")
    assert server.stats.by_purpose.keys() == {"questions", "judge"}
    page.board.close()
    for path in (tmp_path / "output").rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


def test_the_workbook_is_offered_as_a_link(page: Page) -> None:
    page.press("Workbook to fill in", sees="Save the workbook")
    assert f"audit_{SID}.xlsx" in page.text()


def test_an_opened_session_bears_its_name_and_its_id(tmp_path: Path) -> None:
    session = write(tmp_path, Planted({"A": "ynn"}, name="May"))
    page = Page(tmp_path, session.id)
    assert '<span class="fe-title">May</span>' in page.text() and session.id in page.text()
    page.board.close()
