"""Results as people read them in a real browser: from what to do first to the products, in the app and the report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import feedeval as fe
from feedeval.notebook.report.report import report
from feedeval.results.near_identical import Families
from feedeval.results.session import Session, load_session
from tests.e2e.support import write_jsonl

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.browser.lab import Notebook

pytestmark = pytest.mark.slow

SORTS = ("Raincoat", "Mug", "Backpack", "Candle", "Desk lamp", "Blanket", "Kettle", "Notebook")
COLOURS = ("red", "blue", "green", "black", "white", "grey")


def shop() -> list[dict[str, str]]:
    """Return a shop with eight sorts of things, each in six colours; every second sort says what it is made of."""
    products = []
    for place, sort in enumerate(SORTS):
        for colour in COLOURS:
            product = {
                "id": f"{sort.lower().replace(' ', '-')}-{colour}",
                "title": f"{sort} Northwind classic edition, {colour}",
                "description": f"A {sort.lower()} for every day. Delivered within three working days.",
                "link": f"https://shop.example/p/{place}-{colour}",
                "image_link": f"https://pictures.invalid/{place}.jpg",
                "price": "19.00 EUR",
                "product_type": f"Things > {sort}",
                "color": colour,
            }
            products.append(product | ({"material": "100 % cotton"} if place % 2 else {}))
    return products


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("shop")
    feed = write_jsonl(folder / "northwind.jsonl", shop())
    fe.ProductFeedEvaluator(model="offline", output_dir=folder / "output").evaluate_products_batch(
        feed, progress="none"
    )
    return load_session(output_dir=folder / "output")


def test_the_app_leads_from_what_to_do_to_the_products_and_to_one_of_them(
    notebook: Callable[..., Notebook], tmp_path: Path, session: Session
) -> None:
    feed = write_jsonl(tmp_path / "northwind.jsonl", shop())
    book = notebook(f"import feedeval as fe\nfe.app({str(tmp_path / 'output')!r})")
    book.run(0)
    page, out = book.page, book.output(0)
    page.get_by_role("button", name="Path or address").click()
    page.get_by_label("Path or address").last.fill(str(feed))
    page.keyboard.press("Enter")
    page.get_by_text("48 products").wait_for()
    page.get_by_role("button", name="Start the audit").click()
    page.get_by_role("link", name="Save the report").wait_for()

    # It is scrolled to, the panel is one line, and what to do stands before the products.
    book.wait_until(lambda: page.get_by_role("heading", name="5 · Results").is_visible())
    box = page.get_by_role("heading", name="5 · Results").bounding_box()
    assert box is not None and 0 <= box["y"] < 768, "the results are not in view"
    assert (
        page.get_by_role("button", name="Pause").count() == 0
        or not page.get_by_role("button", name="Pause").is_visible()
    )
    text = out.inner_text()
    assert (
        text.index("What to do first") < text.index("What Google would refuse") < text.index("1 to 20 of 48 products")
    )

    action = next(a for a in session.action_cards if a.attribute == "material")
    card = out.locator(".fe-action", has_text=re.compile(r"Add material to 24 products"))
    assert card.get_by_text(action.coverage).is_visible()
    card.get_by_role("button", name="Show them (24)").click()
    page.get_by_text("1 to 20 of 24 products").wait_for()
    first = out.get_by_role("button", name=re.compile(r"Northwind classic edition")).first
    book.wait_until(lambda: (first.bounding_box() or {"y": -1})["y"] in range_of(page))
    last = out.locator(".fe-open:visible").last
    last.scroll_into_view_if_needed()
    last.click()
    page.get_by_text("The text that was judged").wait_for()
    back = page.get_by_role("button", name="Back to the list")
    book.wait_until(lambda: (back.bounding_box() or {"y": -1})["y"] in range_of(page))
    back.click()
    book.wait_until(lambda: (last.bounding_box() or {"y": -1})["y"] in range_of(page))
    assert book.complaints == [] or all("ERR_" in said for said in book.complaints)


def range_of(page: Page) -> range:
    height = page.viewport_size["height"] if page.viewport_size else 720
    return _Between(0, height)  # type: ignore[return-value]


class _Between:
    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def __contains__(self, value: float) -> bool:
        return self.low <= value < self.high


def test_the_dashboard_shows_the_products_of_an_action(notebook: Callable[..., Notebook], session: Session) -> None:
    book = notebook(f"import feedeval as fe\nfe.dashboard({str(session.output_dir)!r}).open()")
    book.run(0)
    page, out = book.page, book.output(0)
    card = out.locator(".fe-action", has_text=re.compile(r"Add material to 24 products"))
    card.wait_for()
    text = out.inner_text()
    assert text.index("is answered by the feed") < text.index("What to do first") < text.index("Started")
    card.get_by_role("button", name="Show them (24)").click()
    page.get_by_text("1 to 20 of 24 products").wait_for()
    assert out.locator(".fe-picture img").first.get_attribute("referrerpolicy") == "no-referrer"


@pytest.mark.parametrize("interactive", [False, True])
def test_a_report_fits_a_phone_and_cuts_no_column(
    browser: Browser, session: Session, tmp_path: Path, interactive: bool
) -> None:
    page = browser.new_page(viewport={"width": 400, "height": 800})
    page.goto(report(session, tmp_path / "report.html", interactive=interactive).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    cut = "[...document.querySelectorAll('.scroll, figure, td')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
    assert page.evaluate(cut) == 0
    top = page.inner_text("body")[:600]
    assert "northwind.jsonl" in top and "shop.example" in top and "Google" in top and session.id not in page.content()
    page.close()


def test_the_searchable_report_finds_filters_and_shows_the_products_of_an_action(
    browser: Browser, session: Session, tmp_path: Path
) -> None:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(report(session, tmp_path / "report.html", interactive=True).as_uri())
    said = page.locator("#listing [role=status]")
    assert said.inner_text().startswith("48 of 48 products")
    page.get_by_label("Search products").fill("kettle red")
    assert said.inner_text() == "1 of 48 products"
    page.locator(".fe-card", has_text="Add material to 24 products").get_by_role("button").click()
    assert said.inner_text().startswith("24 of 48 products")
    page.get_by_role("button", name="and 5 nearly the same").first.click()
    assert page.locator("#listing tbody tr").count() == 4 + 5
    page.close()
    assert faults == []


@pytest.mark.parametrize("interactive", [False, True])
def test_what_is_printed_repeats_no_product_more_than_three_times(
    browser: Browser, session: Session, tmp_path: Path, interactive: bool
) -> None:
    page = browser.new_page()
    page.goto(report(session, tmp_path / "report.html", interactive=interactive).as_uri())
    assert page.pdf().startswith(b"%PDF")
    page.emulate_media(media="print")
    titles = [product["title"] for product in shop()]
    for part in page.locator("section").all():
        text = part.inner_text()
        named = [title for title in titles for _ in range(text.count(title))]
        families = Counter(Families().of(named))
        assert not families or max(families.values()) <= 3 * len(part.locator(".fe-card:visible").all() or [1])
    lists = page.locator("section ul:visible, section ol:visible, section tbody:visible")
    for each in lists.all():
        text = each.inner_text()
        families = Counter(Families().of([title for title in titles for _ in range(text.count(title))]))
        assert max(families.values(), default=0) <= 3, text
    page.close()
