"""The same in Jupyter Notebook 7, which is put together of JupyterLab's parts otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.test_app_in_lab import upload
from tests.e2e.support import make_feed, write_jsonl

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.lab import Lab

pytestmark = pytest.mark.slow


@pytest.fixture
def seven(tmp_path: Path) -> Iterator[Lab]:
    """A server of Notebook 7."""
    pytest.importorskip("notebook")
    from tests.browser.lab import Lab

    server = Lab(tmp_path, module="notebook", pages="notebooks")
    yield server
    server.close()


def test_app_panel_and_dashboard_work(browser: Browser, seven: Lab, tmp_path: Path) -> None:
    from tests.browser.lab import opened

    feed, output = write_jsonl(tmp_path / "shop.jsonl", make_feed(60)), str(tmp_path / "output")
    evaluator = f"fe.ProductFeedEvaluator(model='offline', output_dir={output!r})"
    cells = (
        f"import feedeval as fe\nfe.app({output!r})",
        f"{evaluator}.start({str(feed)!r}, num_questions=6)",
        f"fe.dashboard({output!r})",
    )
    with opened(seven, browser, *cells) as book:
        book.run(0)
        upload(book.page, feed)
        book.page.get_by_role("button", name="Start the audit").click()
        book.page.get_by_role("link", name="Save the report").wait_for()
        book.run(1)
        book.wait_until(lambda: "60 of 60 products" in book.output(1).inner_text())
        book.run(2)
        book.wait_until(lambda: book.output(2).inner_text().count("60 of 60") == 2)
