"""A table whose columns nobody understands: explained on the page, audited, and remembered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from feedeval.results.session import load_session
from tests.browser.test_app_in_lab import app_in

if TYPE_CHECKING:
    from tests.browser.lab import Notebook

pytestmark = pytest.mark.slow

ROWS = "".join(f"Zelt {n} aus Baumwolle;3,{n} EUR;Ein leichtes Zelt für {n}\n" for n in range(10, 30))


def test_columns_are_given_their_meaning_and_the_audit_starts(
    notebook: Callable[..., Notebook], tmp_path: Path
) -> None:
    feed, output = tmp_path / "shop.csv", tmp_path / "output"
    feed.write_text(f"Ding;Kosten;<b>Langes\n{ROWS}", encoding="utf-8")
    book = app_in(notebook, output)
    page = book.page
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a feed file").click()
    chooser.value.set_files(str(feed))
    page.get_by_text("The columns of this table are not understood").wait_for()
    page.get_by_text("<b>Langes").first.wait_for()
    page.set_viewport_size({"width": 480, "height": 900})
    widths = book.output(0).evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert widths[0] <= widths[1], "it has to be scrolled sideways"
    page.set_viewport_size({"width": 1366, "height": 768})
    choices = book.output(0).locator("select:visible")
    assert [choices.nth(n).input_value() for n in range(2)] == ["title", "price"]
    choices.nth(2).select_option("description")
    page.get_by_role("button", name="Read with these columns").click()
    page.get_by_text("shop.csv was read as").wait_for()
    page.get_by_role("button", name="Start the audit").click()
    page.get_by_role("link", name="Save the report").wait_for()
    session = load_session(output_dir=output)
    assert session.progress.settings["source"]["reading"]["columns"]["Ding"] == "title"
    assert session.progress.counts.done == 20
    assert book.complaints == []
