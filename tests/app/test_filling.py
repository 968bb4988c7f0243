"""A workbook that comes back to the app filled in: before and after, without a page."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from feedeval.feed.filled import SHEET
from feedeval.results.session import load_session
from tests.app.test_app import Driven
from tests.e2e.support import until, write_jsonl
from tests.results.planted import PLANTED, filler, planted_feed

PRODUCTS = 40
NOW = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Driven:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return Driven(tmp_path)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "shop.jsonl", planted_feed(PRODUCTS))


def filled(path: Path) -> bytes:
    """The content of a workbook after somebody filled in what is known."""
    book = openpyxl.load_workbook(path)
    sheet = book[SHEET]
    header = [cell.value for cell in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        for name in set(PLANTED) & set(header):
            row[header.index(name)].value = filler(name, int(row[0].value[2:]))
    book.save(path)
    return path.read_bytes()


def upload(app: Driven, name: str, content: bytes) -> None:
    file: dict[str, Any] = {"name": name, "content": content, "type": "", "size": len(content), "last_modified": NOW}
    app.form.feed._upload.value = (file,)


def said(app: Driven) -> str:
    return str(app.app.filling.box._line.widget.value)


def test_what_was_filled_in_is_audited_again_and_before_and_after_are_shown(app: Driven, feed: Path) -> None:
    app.read(feed)
    app.finish()
    before = load_session(output_dir=app.output_dir)
    path = app.output_dir / f"audit_{before.id}.xlsx"
    assert "as a workbook to fill in" in app.form.table.widget.value and path.is_file()
    box = app.app.filling.box
    assert box.widget.layout.display == "none"
    upload(app, "audit.xlsx", filled(path))
    until(lambda: "values for" in said(app), "what the workbook changes")
    assert "shop.jsonl" in said(app) and box._button.layout.display is None
    box._button.click()
    until(lambda: "Before → after" in box.outcome.widget.value, "before and after")
    after = load_session(output_dir=app.output_dir)
    assert after != before and after.progress.counts.reused > 0
    assert after.results["coverage_pct"].mean() > before.results["coverage_pct"].mean()
    assert box._button.layout.display == "none"


def test_a_workbook_that_comes_first_waits_for_its_feed(app: Driven, feed: Path) -> None:
    app.read(feed)
    app.finish()
    content = filled(app.output_dir / f"audit_{load_session(output_dir=app.output_dir).id}.xlsx")
    later = Driven(app.output_dir.parent / "later")
    upload(later, "audit.xlsx", content)
    until(lambda: "Now give the feed" in said(later), "the question for the feed")
    later.read(feed)
    until(lambda: "values for" in said(later), "what the workbook changes")


def test_one_that_nobody_filled_in_says_so(app: Driven, feed: Path) -> None:
    app.read(feed)
    app.finish()
    path = app.output_dir / f"audit_{load_session(output_dir=app.output_dir).id}.xlsx"
    upload(app, "audit.xlsx", path.read_bytes())
    until(lambda: "changes nothing in" in said(app), "the answer")
    assert app.app.filling.box._button.layout.display == "none"


def test_fields_that_were_filled_in_are_offered_to_the_judge(app: Driven, tmp_path: Path) -> None:
    products = [{name: v for name, v in product.items() if name not in PLANTED} for product in planted_feed(10)]
    app.read(write_jsonl(tmp_path / "bare.jsonl", products))
    app.form.fields._boxes["price"].value = False
    app.finish()
    upload(app, "a.xlsx", filled(app.output_dir / f"audit_{load_session(output_dir=app.output_dir).id}.xlsx"))
    until(lambda: "values for" in said(app), "what the workbook changes")
    app.app.filling.box._button.click()
    until(lambda: "Before" in (out := app.app.filling.box.outcome.widget.value) or "cannot be" in out, "the end")
    fields = load_session(output_dir=app.output_dir).progress.fingerprint["fields"]
    assert "material" in fields and "price" not in fields


def test_a_workbook_that_is_a_feed_is_read_as_one(app: Driven, tmp_path: Path) -> None:
    pd.DataFrame(planted_feed(3))[["id", "title", "description"]].to_excel(tmp_path / "feed.xlsx", index=False)
    upload(app, "feed.xlsx", (tmp_path / "feed.xlsx").read_bytes())
    until(lambda: "Read." in app.form.feed.line.widget.value, "the feed to be read")


def test_the_table_for_people_has_no_json_in_it(app: Driven, feed: Path) -> None:
    app.read(feed)
    app.finish()
    table = pd.read_csv(app.output_dir / f"results_{load_session(output_dir=app.output_dir).id}.csv")
    assert not [name for name in table.columns if "json" in name]
    assert not re.search(r"[\[{]\"", table.to_csv()) and table["open_questions"].str.contains(r"\?").any()
