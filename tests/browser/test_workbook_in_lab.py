"""What to fix, downloaded from the app, filled in with a spreadsheet's own library, uploaded: before and after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest

from feedeval.feed.filled import SHEET
from feedeval.results.session import load_session
from tests.browser.test_app_in_lab import app_in, saved, upload
from tests.e2e.support import write_jsonl
from tests.results.planted import PLANTED, filler, planted_feed

if TYPE_CHECKING:
    from tests.browser.lab import Notebook

pytestmark = pytest.mark.slow


def test_a_workbook_is_downloaded_filled_in_uploaded_and_audited_again(
    notebook: Callable[..., Notebook], tmp_path: Path
) -> None:
    output = tmp_path / "output"
    book = app_in(notebook, output)
    page = book.page
    upload(page, write_jsonl(tmp_path / "shop.jsonl", planted_feed(60)))
    page.get_by_role("button", name="Start the audit").click()
    page.get_by_role("link", name="Save what to fix").wait_for()
    before = load_session(output_dir=output)
    name, content = saved(page, "Save what to fix")
    assert name == f"audit_{before.id}.xlsx"

    path = tmp_path / "filled.xlsx"
    path.write_bytes(content)
    workbook = openpyxl.load_workbook(path)
    sheet = workbook[SHEET]
    header = [cell.value for cell in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        for field in set(PLANTED) & set(header):
            row[header.index(field)].value = filler(field, int(row[0].value[2:]))
    workbook.save(path)

    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a feed file").click()
    chooser.value.set_files(str(path))
    page.get_by_text("filled.xlsx: ").wait_for()
    page.get_by_role("button", name="Audit again with what was filled in").click()
    page.get_by_text("Before → after:").wait_for()
    after = load_session(output_dir=output)
    assert after.id != before.id and after.progress.counts.reused > 0
    assert after.results["coverage_pct"].mean() > before.results["coverage_pct"].mean()
    page.get_by_text("What changed").click()
    assert page.get_by_text("By category").first.is_visible()
