"""Findings and one product of a hostile feed, as a saved notebook holds them: a real browser runs and loads nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from feedeval.feed.checks.check_feed import check_feed
from feedeval.results.session import load_session
from tests.notebook.hostile import HOSTILE
from tests.results.factory import Plan, write_session

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_a_browser_runs_and_loads_nothing_of_findings_and_of_a_product(browser: Browser, tmp_path: Path) -> None:
    meta = {"title": HOSTILE["title"], "product_url": HOSTILE["link"], "evidence": HOSTILE["description"]}
    write_session(tmp_path, Plan(products=2, overrides={1: {**meta, "missing_core_fields": [HOSTILE["color"]]}}))
    product = load_session(output_dir=tmp_path).evaluation("SKU-000001")
    path = tmp_path / "page.html"
    shown = f"{check_feed([HOSTILE])._repr_html_()}{product._repr_html_()}"
    path.write_text(f'<meta charset="utf-8"><body>{shown}', encoding="utf-8")
    page = browser.new_page()
    heard: list[str] = []
    page.on("dialog", lambda dialog: (heard.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("console", lambda message: heard.append(f"console {message.text}"))
    page.on("request", lambda request: heard.append(request.url))
    page.goto(path.as_uri())
    for summary in page.query_selector_all("summary"):
        summary.click()
    for cell in page.query_selector_all("td"):
        cell.hover()
    assert heard == [path.as_uri()]
    assert page.evaluate("document.querySelectorAll('script, img, svg, iframe, [onmouseover], [onerror]').length") == 0
    assert page.evaluate("document.querySelectorAll('details[open]').length") == 2
    page.close()
