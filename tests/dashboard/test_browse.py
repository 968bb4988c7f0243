from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from feedeval.notebook.browser.browse import Browser, Wanted
from feedeval.notebook.browser.opened import Opened
from feedeval.notebook.browser.rows import Span
from feedeval.notebook.browser.shapes import PRESENT
from feedeval.notebook.browser.variants import told_apart
from feedeval.results.session import load_session
from tests.results.factory import CATEGORIES, Plan, write_session, write_shadow_session
from tests.results.test_actions import audited


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    folder = tmp_path_factory.mktemp("browse")
    write_session(
        folder, Plan(products=60, failed=(5, 17), overrides={3: {"title": "an Apple"}, 4: {"title": "Zebra"}})
    )
    opened = Opened(load_session(output_dir=folder))
    return Browser(opened.results, opened.shape)


def found(browser: Browser, wanted: Wanted) -> pd.DataFrame:
    return browser.results.iloc[browser.find(wanted)]


def test_without_a_filter_all_records_stand_in_the_order_of_the_feed(browser: Browser) -> None:
    assert list(browser.find(Wanted())) == list(range(60))


def test_a_column_sorts_both_ways_and_failed_products_stand_last(browser: Browser) -> None:
    rising = found(browser, Wanted(sort="coverage"))["coverage_pct"]
    falling = found(browser, Wanted(sort="coverage", descending=True))["coverage_pct"]
    assert rising.dropna().is_monotonic_increasing
    assert falling.dropna().is_monotonic_decreasing
    assert rising.tail(2).isna().all()
    assert falling.tail(2).isna().all()


@pytest.mark.parametrize("name", ["title", "category", "yes", "partial", "no", "required", "missing", "status"])
def test_every_column_sorts(browser: Browser, name: str) -> None:
    rising = list(browser.find(Wanted(sort=name)))
    falling = list(browser.find(Wanted(sort=name, descending=True)))
    assert sorted(rising) == sorted(falling) == list(range(60))
    assert rising != falling


def test_words_are_sorted_as_a_person_does(browser: Browser) -> None:
    titles = found(browser, Wanted(sort="title"))["title"].tolist()
    assert (titles[0], titles[-1]) == ("an Apple", "Zebra")


def test_missing_fields_are_sorted_by_their_number(browser: Browser) -> None:
    lacking = found(browser, Wanted(sort="missing"))["missing_core_fields"].fillna("").tolist()
    assert [len(names.split(", ")) if names else 0 for names in lacking] == [0] * 20 + [1] * 20 + [2] * 20


def test_filters_add_up(browser: Browser) -> None:
    wanted = Wanted(group=CATEGORIES[1], low_pct=30, high_pct=60, status="done", text="BOARD beech")
    rows = found(browser, wanted)
    assert 0 < len(rows) < 20
    assert set(rows["category"]) == {CATEGORIES[1]}
    assert rows["coverage_pct"].between(30, 60).all()
    assert rows["title"].str.contains("board").all()


def test_a_range_of_coverage_leaves_out_what_has_none(browser: Browser) -> None:
    assert found(browser, Wanted(low_pct=1))["coverage_pct"].notna().all()
    assert len(found(browser, Wanted())) == 60


def test_failed_products_are_found_by_state_and_by_their_error(browser: Browser) -> None:
    assert found(browser, Wanted(status="failed")).index.tolist() == [5, 17]
    assert found(browser, Wanted(text="replyinvalid")).index.tolist() == [5, 17]


def test_text_is_looked_for_as_it_stands(browser: Browser) -> None:
    assert browser.find(Wanted(text=".*")).size == 0
    assert found(browser, Wanted(text="sku-000003"))["title"].tolist() == ["an Apple"]


def test_a_press_on_a_head_sorts_rising_then_falling_then_not_at_all() -> None:
    first = Wanted(text="x").sorted_by("title")
    second = first.sorted_by("title")
    third = second.sorted_by("title")
    assert [(w.sort, w.descending) for w in (first, second, third)] == [("title", False), ("title", True), ("", False)]
    assert third == Wanted(text="x")
    assert second.sorted_by("coverage") == Wanted(text="x", sort="coverage")


def test_groups_say_how_many_records_they_have(browser: Browser) -> None:
    groups = browser.groups()
    assert {value for _, value in groups} == set(CATEGORIES)
    assert groups[0][0].endswith("(20)")


def test_a_row_shows_figures_and_says_what_it_opens(browser: Browser) -> None:
    row = browser.rows(browser.find(Wanted())[3:4])[0]
    assert row.words == "an Apple"
    assert len(row.cells) == len(browser.shape.columns) - 1
    assert "%" in " ".join(row.cells)
    failed = browser.rows([5])[0]
    assert "failed" in failed.cells[-1]


def test_a_session_of_another_kind_shows_its_own_columns(tmp_path: Path) -> None:
    write_shadow_session(tmp_path, "other")
    opened = Opened(load_session(output_dir=tmp_path))
    browser = Browser(opened.results, opened.shape)
    titles = [column.title for column in browser.shape.columns]
    assert titles == ["Image", "Label", "Prediction", "Confidence", "State"]
    assert browser.shape.what == "records"
    assert found(browser, Wanted(group="dog"))["image"].tolist() == ["a.jpg"]
    assert found(browser, Wanted(low_pct=70))["image"].tolist() == ["a.jpg"]
    assert found(browser, Wanted(low_pct=80)).empty
    assert [row.words for row in browser.rows([0, 1])] == ["a.jpg", "b.jpg"]
    assert "75 %" in " ".join(browser.rows([0])[0].cells)


def test_a_shadow_run_shows_classes_first_and_long_texts_not_at_all() -> None:
    from feedeval.notebook.browser.shapes import shape_of_any

    frame = pd.DataFrame(
        {
            "line": pd.array([2, 3], dtype="Int64"),
            "filename": ["a.jpg", "b.jpg"],
            "image_url": ["https://shop.example/" + "x" * 90] * 2,
            "true_class": ["cup", "plate"],
            "critical_hazard": pd.array([True, None], dtype="boolean"),
            "predicted_class": ["cup", None],
            "confidence": [0.9, None],
            "critical": pd.array([False, None], dtype="boolean"),
            "nested": [{"a": 1}, {"b": [2]}],
            "engine": "offline",
            "cost_usd": 0.0,
            "status": ["done", "failed"],
            "error": [None, "BadImage: torn"],
        }
    )
    shape = shape_of_any(frame, "images")
    titles = [column.title for column in shape.columns]
    assert titles[:4] == ["Filename", "True class", "Predicted class", "Confidence"]
    assert not {"Image url", "Nested", "Engine"} & set(titles)
    rows = Browser(frame, shape).rows([0, 1])
    assert "90 %" in " ".join(rows[0].cells)
    assert "–" in " ".join(rows[1].cells)


def test_a_page_that_is_not_there_is_the_last_one() -> None:
    assert (Span(45, 20, 7).start, Span(45, 20, 7).stop) == (40, 45)
    assert Span(45, 20, 2).words("products") == "41 to 45 of 45 products"
    assert (Span(0, 20).pages, Span(0, 20).words("products")) == (1, "no products")
    assert Span(40, 20).pages == 2


def test_the_products_of_an_action_say_what_they_say_about_it(tmp_path: Path) -> None:
    shop = variants()
    opened = Opened(audited(tmp_path, shop))
    browser = Browser(opened.results, opened.shape, opened.actions)
    place = [cell.column.name for cell in opened.shape.cells[1:]].index(PRESENT)
    for attribute, said in (("color", "See product page"), ("material", "missing")):
        wanted = Wanted(action=attribute)
        rows = browser.rows(browser.find(wanted), action=attribute)
        assert len(rows) == len(shop) and all(said in row.cells[place] for row in rows)
        assert browser.titles(attribute) == {PRESENT: f"{attribute} now"}
    assert browser.titles("") == {}
    assert not any("See product page" in row.cells[place] for row in browser.rows(browser.find(Wanted())))


def test_variants_of_one_title_are_told_apart(tmp_path: Path) -> None:
    opened = Opened(audited(tmp_path, [*variants(), {**variants()[0], "id": "other", "title": "Hoodie Southwind"}]))
    names = [row.words for row in Browser(opened.results, opened.shape).rows(range(4))]
    assert names == [*(f"Hoodie Northwind · {size}" for size in "SML"), "Hoodie Southwind"]


def test_where_neither_colour_nor_size_differs_the_id_tells_products_apart() -> None:
    fields = [{"color": "red", "size": "S"}, {"color": "red", "size": "S"}, {}]
    assert told_apart(["Hoodie"] * 3, fields, ["a", "b", "c"], [True] * 3) == [
        *("Hoodie · red · S · a", "Hoodie · red · S · b", "Hoodie · c")
    ]
    assert told_apart(["Hoodie"], fields[:1], ["a"], [False]) == ["Hoodie"]


def variants() -> list[dict[str, str]]:
    title = "Hoodie Northwind"
    common = {"title": title, "description": title, "product_type": "Tops > Hoodies", "color": "See product page"}
    return [{**common, "id": f"h-{size}", "size": size} for size in "SML"]
