"""The app after its page was loaded again or closed: the audit is found, can be paused, and goes on to its end."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from feedeval.records import Status
from feedeval.results.session import load_session
from tests.browser.lab import BOUND_S, ROOT
from tests.browser.test_app_in_lab import NOTEBOOKS, app_in, upload
from tests.e2e.support import KEY, make_feed, until, write_jsonl
from tests.server import ModelServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.lab import Notebook
    from tests.browser.voila import Voila

pytestmark = pytest.mark.slow

PRODUCTS = 120
IDLE_S = 15
"""Longer than an audit that works is silent, and shorter than the audits here take."""


def begin(page: Page, server: ModelServer) -> None:
    """Start an audit that a model judges."""
    page.get_by_label("Who judges").select_option("A language model")
    page.get_by_label("Endpoint").fill(server.base_url)
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Start the audit").click()
    page.get_by_text(re.compile(rf"\d+ of {PRODUCTS} products")).first.wait_for()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile(rf"\b{name}$")).and_(page.locator(":visible")).first.click()


@pytest.fixture
def voila(tmp_path: Path) -> Iterator[Voila]:
    """A Voilà server with the app and the configuration beside it, which ends idle kernels sooner."""
    pytest.importorskip("voila")
    from tests.browser.voila import Voila

    shutil.copytree(NOTEBOOKS, tmp_path / "notebooks")
    path = tmp_path / "notebooks" / "voila.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    assert config["MappingKernelManager"]["cull_idle_timeout"] > 0
    config["MappingKernelManager"] |= {"cull_idle_timeout": IDLE_S, "cull_interval": 1}
    path.write_text(json.dumps(config), encoding="utf-8")
    server = Voila(tmp_path / "notebooks" / "app.ipynb", tmp_path)
    yield server
    server.close()


def test_a_page_of_voila_that_is_opened_again_finds_its_audit_and_no_kernel_is_left(
    browser: Browser, voila: Voila, tmp_path: Path
) -> None:
    feed, output = write_jsonl(tmp_path / "shop.jsonl", make_feed(PRODUCTS)), tmp_path / "notebooks" / "output"
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(1000 * BOUND_S)
    with ModelServer(latency_s=4.0, held_after=20) as server:
        page.goto(voila.address)
        upload(page, feed)
        begin(page, server)
        assert page.get_by_text("You can close this page").count() == 1
        page.reload()
        page.get_by_text("Another page, notebook or terminal is working on it").wait_for()
        press(page, "Pause")
        server.configure(held_after=None)
        page.get_by_text("You paused it, from another window").first.wait_for()
        assert load_session(output_dir=output).status is Status.PAUSED
        press(page, "Resume")
        page.get_by_text("It goes on.").wait_for()
        # Another page, and the one before is gone: what nobody needs ends while the audit goes on.
        page.get_by_role("link", name="Save the report").wait_for()
        assert server.stats.repeated == 0
    assert load_session(output_dir=output).progress.counts.done == PRODUCTS
    page.close()
    until(lambda: voila.kernels == 0, "the kernels to end")


def test_an_audit_goes_on_without_a_page_for_longer_than_an_idle_kernel_may(
    browser: Browser, voila: Voila, tmp_path: Path
) -> None:
    feed, output = write_jsonl(tmp_path / "shop.jsonl", make_feed(PRODUCTS)), tmp_path / "notebooks" / "output"
    page = browser.new_page()
    page.set_default_timeout(1000 * BOUND_S)
    with ModelServer(latency_s=3.0) as server:
        page.goto(voila.address)
        upload(page, feed)
        begin(page, server)
        page.close()
        until(lambda: load_session(output_dir=output).status is Status.FINISHED, "the audit to end")
    until(lambda: voila.kernels == 0, "the kernel to end")
    again = browser.new_page()
    again.set_default_timeout(1000 * BOUND_S)
    again.goto(voila.address)
    press(again, "Show its results")
    again.get_by_role("link", name="Save the report").wait_for()
    again.close()


def test_a_page_of_jupyterlab_that_is_loaded_again_has_its_audit_when_the_cell_is_run(
    notebook: Callable[..., Notebook], tmp_path: Path
) -> None:
    feed = write_jsonl(tmp_path / "shop.jsonl", make_feed(PRODUCTS))
    with ModelServer(latency_s=6.0, held_after=20) as server:
        book = app_in(notebook, tmp_path / "output")
        upload(book.page, feed)
        begin(book.page, server)
        book.load()
        book.run(0)
        book.wait_until(lambda: book.through(0) > 0)
        press(book.page, "Pause")
        server.configure(held_after=None)
        book.wait_until(lambda: "Paused" in book.output(0).inner_text())
        press(book.page, "Resume")
        book.wait_until(lambda: "Running" in book.output(0).inner_text())
        press(book.page, "Stop")
        book.page.get_by_role("link", name="Save the report").wait_for()
        assert server.stats.repeated == 0


_RUN = """
    import sys, feedeval as fe
    sys.path.insert(0, {root!r})
    from tests.e2e.support import make_feed
    ev = fe.ProductFeedEvaluator({key!r}, "gpt-4o-mini", base_url={url!r}, output_dir={output!r})
    run = ev.start(make_feed({products}), progress="none")
    run.wait()
"""


def test_the_run_of_another_process_is_shown_paused_and_stopped_from_the_app(
    notebook: Callable[..., Notebook], tmp_path: Path
) -> None:
    output = tmp_path / "output"
    with ModelServer(latency_s=6.0, held_after=20) as server:
        code = _RUN.format(root=str(ROOT), key=KEY, url=server.base_url, output=str(output), products=PRODUCTS)
        process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)])
        try:
            until(lambda: bool(list(output.glob("progress_*"))), "its start")
            book = app_in(notebook, output)
            page = book.page
            page.get_by_text("Another page, notebook or terminal is working on it").wait_for()
            press(page, "Pause")
            server.configure(held_after=None)
            page.get_by_text("You paused it, from another window").first.wait_for()
            assert load_session(output_dir=output).status is Status.PAUSED
            page.set_viewport_size({"width": 480, "height": 900})
            widths = book.output(0).evaluate("e => [e.scrollWidth, e.clientWidth]")
            assert widths[0] <= widths[1], "it has to be scrolled sideways"
            press(page, "Stop")
            assert process.wait(BOUND_S) == 0
            page.get_by_text("It is not running.").wait_for()
            assert load_session(output_dir=output).status is Status.STOPPED
            assert book.complaints == []
        finally:
            process.kill()
            process.wait()
