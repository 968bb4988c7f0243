"""A report of a hostile feed in a real browser: nothing runs, nothing is loaded, and it fits a phone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from feedeval.notebook.report.report import report
from feedeval.results.session import load_session
from tests.notebook.hostile import HOSTILE
from tests.results.factory import Plan, write_session

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    meta = {
        **{"title": HOSTILE["title"], "product_id": HOSTILE["id"], "product_url": HOSTILE["link"]},
        "evidence": HOSTILE["description"],
    }
    write_session(folder, Plan(products=6, batch_size=3, overrides=dict.fromkeys(range(6), meta)))
    return report(load_session(output_dir=folder), folder / "report.html", check=False)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_runs_and_loads_nothing_of_it(
    browser: Browser, path: Path, scheme: Literal["light", "dark"], width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    heard: list[str] = []
    page.on("dialog", lambda dialog: (heard.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("console", lambda message: heard.append(f"console {message.text}"))
    page.on("pageerror", lambda error: heard.append(f"error {error}"))
    page.on("request", lambda request: heard.append(request.url) if not request.url.startswith("data:") else None)
    page.goto(path.as_uri())
    page.mouse.move(200, 300)
    for link in page.query_selector_all("nav a"):
        link.click()
    assert [word for word in heard if word != path.as_uri()] == []
    light, dark = "rgb(255, 255, 255)", "rgb(22, 24, 28)"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (dark if scheme == "dark" else light)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    context.close()
