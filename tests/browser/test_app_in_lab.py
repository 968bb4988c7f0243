"""The app as people use it: in JupyterLab, and as a web page that Voilà serves."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pandas as pd
import pytest

from feedeval.results.session import load_session
from tests.e2e.support import CATEGORIES, KEY, make_feed, write_jsonl
from tests.notebook.hostile import HOSTILE
from tests.server import ModelServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.lab import Notebook
    from tests.browser.voila import Voila

pytestmark = pytest.mark.slow

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
PRODUCTS, LIMIT = 150, 120


def app_in(notebook: Callable[..., Notebook], output_dir: Path) -> Notebook:
    book = notebook(f"import feedeval as fe\nfe.app({str(output_dir)!r})", "print(1 + 1)")
    book.run(0)
    return book


def upload(page: Page, path: Path) -> None:
    """Choose a file as a person does, and wait until it was read."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a feed file").click()
    chooser.value.set_files(str(path))
    page.get_by_text(f"{path.name} was read as").wait_for()


def saved(page: Page, words: str) -> tuple[str, bytes]:
    """Click a link and return the name and the content of the file that it saves."""
    with page.expect_download() as download:
        page.get_by_role("link", name=words).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_an_uploaded_feed_is_audited_to_its_end_while_the_kernel_stays_free(
    notebook: Callable[..., Notebook], tmp_path: Path
) -> None:
    feed = write_jsonl(tmp_path / "shop.jsonl", make_feed(PRODUCTS))
    output = tmp_path / "output"
    with ModelServer(latency_s=0.5) as server:
        book = app_in(notebook, output)
        page = book.page
        upload(page, feed)
        assert f"{PRODUCTS} products · {len(CATEGORIES)} categories" in book.output(0).inner_text()

        page.get_by_label("price · 100 %").uncheck()
        page.get_by_text("3 of 6 chosen").wait_for()
        page.get_by_label("Who judges").select_option("A language model")
        page.get_by_label("Endpoint").fill(server.base_url)
        page.get_by_label("API key").fill(KEY)
        page.get_by_label("Products at most").fill(str(LIMIT))
        page.get_by_role("button", name="Estimate first").click()
        page.get_by_text(f"All {LIMIT} products would cost about $").wait_for()

        start = page.get_by_role("button", name="Start the audit")
        # However slow the page is, it sees the audit go on.
        server.configure(held_after=server.stats.requests + 8)
        start.click()
        book.wait_until(lambda: f"of {LIMIT} products" in book.output(0).inner_text())
        before = book.through(0)
        assert "if this time stands still, press Start" in book.output(0).inner_text()
        assert start.is_disabled()
        assert page.get_by_label("API key").input_value() == ""
        book.run(1)
        assert book.output(1).inner_text().strip() == "2"
        server.configure(held_after=None)
        book.wait_until(lambda: book.through(0) > before)
        page.get_by_role("link", name="Save the report").wait_for()
        assert book.state(0) == "✔\ufe0e All products are audited."
        assert "Finished" in book.output(0).inner_text()
        assert start.is_enabled()

        # The product that says least stands first, and opens to its questions.
        page.get_by_role("button", name=re.compile(r"^Article \d")).first.click()
        page.get_by_text("The text that was judged").wait_for()
        page.get_by_role("button", name="Back to the list").click()

        session = load_session(output_dir=output)
        assert session.progress.counts.done == len(session.results) == LIMIT
        assert session.progress.fingerprint["fields"] == ["title", "description", "product_type"]
        assert server.stats.repeated == 0
        name, content = saved(page, "Save the table")
        assert name == f"results_{session.id}.csv"
        assert content.startswith(b"\xef\xbb\xbf")
        assert list(pd.read_csv(io.BytesIO(content))["product_id"]) == list(session.results["product_id"])
        name, content = saved(page, "Save the report")
        assert name == f"report_{session.id}.html"
        assert content.startswith(b"<!DOCTYPE html>")

        written = orjson.dumps(book.save()).decode()
        assert all(KEY not in path.read_text(errors="replace") for path in output.rglob("*") if path.is_file())
        assert KEY not in written
        assert "of what buyers would ask is answered by the feed" in written, (
            "saved without its kernel it shows nothing"
        )
        assert book.complaints == []


def test_a_hostile_feed_is_shown_as_text_and_runs_nothing(notebook: Callable[..., Notebook], tmp_path: Path) -> None:
    odd = {"<img src=x onerror=alert(1)>": "1", "$\\frac{1}{0}$": "2"}
    feed = write_jsonl(
        tmp_path / "=cmd()<b>.jsonl", [{**HOSTILE, "id": f"{HOSTILE['id']}{n}", **odd} for n in range(6)]
    )
    output = tmp_path / "output"
    book = app_in(notebook, output)
    page = book.page
    heard: list[str] = []
    page.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: heard.append(request.url) if "evil.example" in request.url else None)
    upload(page, feed)
    assert "6 products" in book.output(0).inner_text()
    page.get_by_role("button", name=re.compile(r"\bAll$")).click()
    page.get_by_role("button", name="Start the audit").click()
    page.get_by_role("link", name="Save the report").wait_for()
    page.set_viewport_size({"width": 480, "height": 900})
    ends = "e => [...e.querySelectorAll('.widget-html-content')].map(c => c.getBoundingClientRect().right)"
    page_ends = book.output(0).evaluate("e => e.getBoundingClientRect().right")
    assert max(book.output(0).evaluate(ends)) <= page_ends + 1, "a part of it is cut off"
    _, content = saved(page, "Save the table")
    assert pd.read_csv(io.BytesIO(content))["product_id"].str.startswith("'=HYPERLINK").all()
    assert page.locator(".jp-Cell-outputArea script, .jp-Cell-outputArea iframe").count() == 0
    assert heard == [] and book.complaints == []


def test_what_cannot_be_done_is_said_beside_the_button(notebook: Callable[..., Notebook], tmp_path: Path) -> None:
    book = app_in(notebook, tmp_path / "output")
    page = book.page
    # More than the page can send at once: it does not arrive, and must not be in the way of another file.
    large = tmp_path / "large.csv"
    large.write_bytes(b"id,title\n" + b"1,Tent\n" * 1_600_000)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a feed file").click()
    chooser.value.set_files(str(large))
    # A chance to arrive, which it must not.
    page.wait_for_timeout(1_000)
    page.get_by_role("button", name="Read").click()
    page.get_by_role("alert").get_by_text("no file has arrived").wait_for()
    upload(page, NOTEBOOKS / "data" / "sample_feed.xml")
    page.get_by_role("button", name="Path or address").click()
    page.get_by_label("Path or address").last.fill(str(tmp_path / "not_there.xml"))
    page.keyboard.press("Enter")
    page.get_by_role("alert").get_by_text("no file at").wait_for()
    page.get_by_role("button", name="Paste text").click()
    page.get_by_placeholder("Paste the feed here").fill("id,title\n1,Tent\n2,Lamp\n")
    page.get_by_role("button", name="Read").click()
    page.get_by_text("2 products").wait_for()
    page.get_by_role("button", name=re.compile(r"\bNone$")).click()
    page.get_by_role("button", name="Start the audit").click()
    page.get_by_role("alert").get_by_text("no field is chosen").wait_for()
    book.wait_until(lambda: page.get_by_role("button", name="Start the audit").is_enabled())
    page.set_viewport_size({"width": 520, "height": 800})
    widths = book.output(0).evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert widths[0] <= widths[1], "it has to be scrolled sideways"
    assert book.complaints == []


@pytest.fixture
def voila(tmp_path: Path) -> Iterator[Voila]:
    """A Voilà server with the app."""
    pytest.importorskip("voila")
    from tests.browser.voila import Voila

    shutil.copytree(NOTEBOOKS, tmp_path / "notebooks")
    server = Voila(tmp_path / "notebooks" / "app.ipynb", tmp_path)
    yield server
    server.close()


def test_voila_serves_the_app_as_a_page(browser: Browser, voila: Voila, tmp_path: Path) -> None:
    from tests.browser.lab import BOUND_S

    # A page of a server of its own; its icons would come from the internet, and are not there.
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    page.set_default_timeout(1000 * BOUND_S)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(voila.address)
    upload(page, NOTEBOOKS / "data" / "sample_feed.xml")
    assert page.get_by_text("places =").count() == 0, "the page shows code"
    page.get_by_role("button", name="Start the audit").click()
    page.get_by_role("link", name="Save the report").wait_for()
    assert "All products are audited." in page.inner_text("body")
    session = load_session(output_dir=tmp_path / "notebooks" / "output")
    _, content = saved(page, "Save the table")
    assert list(pd.read_csv(io.BytesIO(content))["product_id"]) == list(session.results["product_id"])
    page.close()
    assert complaints == []
