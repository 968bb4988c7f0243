"""The workbook of an audit: what its sheets hold, that nothing in it runs, and that filled in it changes the feed."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from feedeval.errors import InputError
from feedeval.evaluator import ProductFeedEvaluator
from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.filled import REFERENCE, SHEET
from feedeval.feed.fixes import apply_fixes
from feedeval.feed.rules import Target
from feedeval.results.compare.compare import compare
from feedeval.results.session import Session
from feedeval.results.workbook import filling
from tests.results.audits import Planted, write
from tests.results.planted import PLANTED, filler, planted_feed
from tests.results.test_export import FORMULAS

PRODUCTS = 100


def audit(folder: Path, feed: Any) -> Session:
    run = ProductFeedEvaluator(model="offline", output_dir=folder).start(feed, progress="none")
    run.block()
    return run.session()


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return audit(tmp_path_factory.mktemp("audit"), planted_feed(PRODUCTS))


@pytest.fixture(scope="module")
def book(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return openpyxl.load_workbook(session.workbook(tmp_path_factory.mktemp("book") / "audit.xlsx"))


def rows_of(sheet: Any) -> list[dict[str, Any]]:
    header, *rows = sheet.values
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_the_sheets_stand_in_the_order_in_which_they_are_read(book: Any) -> None:
    assert book.sheetnames == ["Summary", "Actions", "Products", "Answers", SHEET]
    assert book.active.title == SHEET


def test_the_summary_says_what_was_found_and_how_to_go_on(book: Any, session: Session) -> None:
    lines = {name: text for name, text in book["Summary"].iter_rows(min_row=2, values_only=True) if name}
    assert lines["Result"] == session.summary().headline
    assert "coloured cells" in lines["How to"].lower()


def test_actions_products_and_answers_are_those_of_the_session(book: Any, session: Session) -> None:
    actions = rows_of(book["Actions"])
    assert [row["Attribute"] for row in actions] == session.actions()["attribute"].tolist()
    assert actions[0]["Gain, in points of coverage"] == pytest.approx(session.actions()["gain_pct"].iloc[0], abs=0.06)
    products = rows_of(book["Products"])
    coverage = [row["Coverage, in %"] for row in products]
    assert coverage == sorted(session.results["coverage_pct"]) and len(products) == PRODUCTS
    answers = rows_of(book["Answers"])
    assert len(answers) == len(session.judgements)
    assert {row["Answer"] for row in answers} <= {"answered", "in part", "open", "does not apply", "not judged"}
    assert "InBox" not in {row["Topic"] for row in answers}


def test_the_sheet_to_fill_in_has_a_row_a_product_and_a_column_an_action_most_gain_first(
    book: Any, session: Session
) -> None:
    header, *rows = book[SHEET].values
    actions = session.actions()
    fields = [name for label in actions["attribute"] for name in label.split(", ")]
    assert header[:4] == REFERENCE and list(header[4:]) == list(dict.fromkeys(fields))
    assert all(cell is None for row in rows for cell in row[4:])
    judgements, results = session.judgements, session.results
    open_ = judgements[judgements["verdict"].isin(["no", "partial"])]
    lacking = results[results["missing_core_fields"] != ""]
    assert {row[0] for row in rows} == set(open_["product_id"]) | set(lacking["product_id"])
    linked = dict(zip(results["product_id"], results["product_url"], strict=True))
    assert all(row[2] == linked[row[0]] for row in rows)


def test_what_is_there_already_stands_beside_it(book: Any) -> None:
    vague = {row["id"]: row["current value"] for row in rows_of(book[SHEET]) if row["current value"]}
    feed = {product["id"]: product for product in planted_feed(PRODUCTS)}
    assert vague
    assert all(text == f"product_weight: {feed[product]['product_weight']}" for product, text in vague.items())


def test_cells_offer_the_values_that_the_destination_takes(book: Any) -> None:
    header = [cell.value for cell in book[SHEET][1]]
    lists = {
        header[next(iter(rule.sqref.ranges)).min_col - 1]: rule
        for rule in book[SHEET].data_validations.dataValidation
        if rule.type == "list"
    }
    assert lists["age_group"].formula1 == '"newborn,infant,toddler,kids,adult"'
    assert lists["gender"].formula1 == '"male,female,unisex"'
    assert "material" not in lists


def test_lists_are_those_of_the_destination_that_is_asked_for() -> None:
    assert filling.accepted(Target.GOOGLE, "availability") == ("in_stock", "out_of_stock", "preorder", "backorder")
    assert filling.accepted(Target.GOOGLE, "material") == ()


def test_filled_in_it_brings_what_was_promised(session: Session, tmp_path: Path) -> None:
    path = Path(session.workbook(tmp_path / "audit.xlsx"))
    changed = fill(path)
    feed = pd.DataFrame(planted_feed(PRODUCTS)).astype(object)
    fixed = apply_fixes(feed, path)
    assert fixed.attrs["feedeval"]["fixes"]["products"] == changed
    assert fixed["title"].tolist() == feed["title"].tolist() and fixed["link"].tolist() == feed["link"].tolist()
    after = audit(session.output_dir, fixed)
    assert after.progress.counts.reused == PRODUCTS - changed
    promised = session.actions().set_index("attribute")["gain_pct"]
    gain = after.results["coverage_pct"].mean() - session.results["coverage_pct"].mean()
    assert gain == pytest.approx(promised[list(PLANTED)].sum(), rel=0.25)
    assert compare(session, after).change.estimate > 0


def fill(path: Path) -> int:
    """Fill in what the planted feed lacks, as a person with a spreadsheet would, and return for how many products."""
    book = openpyxl.load_workbook(path)
    sheet = book[SHEET]
    header = [cell.value for cell in sheet[1]]
    feed = {product["id"]: product for product in planted_feed(PRODUCTS)}
    filled = 0
    for row in sheet.iter_rows(min_row=2):
        lacking = [name for name in PLANTED if name in header and name not in feed[row[0].value]]
        for name in lacking:
            row[header.index(name)].value = filler(name, int(row[0].value[2:]))
        filled += bool(lacking)
    book.save(path)
    return filled


def hostile(text: str) -> dict[str, Any]:
    return {
        "id": text,
        "title": f"{text} title",
        "description": "Something.",
        "link": "https://shop.example/a?b=1",
        "price": "1 EUR",
        "product_type": "Chairs",
    }


def test_nothing_in_it_runs_and_no_address_is_a_link(tmp_path: Path) -> None:
    feed = [hostile(text) for text in [*FORMULAS, "00123", "{=1+1}", "#N/A"]]
    path = Path(audit(tmp_path, feed).workbook(tmp_path / "audit.xlsx"))
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            assert b"<f>" not in content and b"hyperlink" not in content
    ids = {row["id"] for row in rows_of(openpyxl.load_workbook(path)[SHEET])}
    assert "00123" in ids and any(each.startswith("=") for each in ids)


def test_a_formula_that_somebody_types_is_text_in_the_feed(tmp_path: Path) -> None:
    feed = pd.DataFrame([hostile("00123"), hostile("2")])
    path = Path(audit(tmp_path, feed).workbook(tmp_path / "audit.xlsx"))
    book = openpyxl.load_workbook(path)
    header = [cell.value for cell in book[SHEET][1]]
    places = {row[0].value: row for row in book[SHEET].iter_rows(min_row=2)}
    cell = places["00123"][header.index("material")]
    cell.value, cell.data_type = "@SUM(A1)", "s"
    book.save(path)
    assert apply_fixes(feed, path)["material"].tolist() == ["@SUM(A1)", None]


def test_a_text_that_is_too_long_for_a_cell_is_cut_visibly(tmp_path: Path) -> None:
    product = {**hostile("1"), "title": "long " * 9_000}
    with pytest.warns(UserWarning, match="were longer than the 32,767 characters"):
        path = audit(tmp_path, [product]).workbook(tmp_path / "audit.xlsx")
    title = rows_of(openpyxl.load_workbook(path)["Products"])[0]["Title"]
    assert len(title) == 32_767 and title.endswith(" […]")


def test_parts_of_details_answers_and_lists_come_back_as_what_they_are(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet(SHEET)
    details = ("product_detail (battery life)", "question_and_answer: Is it quiet?", "new title")
    sheet.append([*REFERENCE, *details, "product_highlight", "additional_image_link", "availability_date"])
    sheet.append(["1", "old", "x", "y", "10 h", "Yes: 30 dB", "A better title", "Small, light\nQuiet"])
    sheet["I2"], sheet["J2"] = "https://shop.example/1.jpg, https://shop.example/2.jpg", "2026-12-01"
    book.save(tmp_path / "audit.xlsx")
    feed = pd.DataFrame(
        [{**hostile("1"), "product_detail": [{"attribute_name": "Battery life", "attribute_value": "?"}]}]
    )
    fixed = apply_fixes(feed, tmp_path / "audit.xlsx").iloc[0]
    assert fixed["product_detail"] == [{"attribute_name": "Battery life", "attribute_value": "10 h"}]
    assert fixed["question_and_answer"] == [{"question": "Is it quiet?", "answer": "Yes: 30 dB"}]
    assert fixed["title"] == "A better title" and fixed["link"] == feed["link"][0]
    assert fixed["product_highlight"] == ["Small, light", "Quiet"]
    assert fixed["additional_image_link"] == ["https://shop.example/1.jpg", "https://shop.example/2.jpg"]
    assert check_feed(pd.DataFrame([fixed.to_dict()])).query("field == 'product_detail'").empty


def test_details_and_questions_without_an_attribute_have_columns_of_their_own(tmp_path: Path) -> None:
    session = write(tmp_path, Planted({"A": "ynn", "B": "pny"}, attributes=("", "product_detail (net weight)", "care")))
    header, *rows = openpyxl.load_workbook(session.workbook(tmp_path / "audit.xlsx"))[SHEET].values
    assert set(header[4:]) == {
        "question_and_answer: What is it made of?",
        "product_detail (net weight)",
        "product_detail (care)",
    }
    assert [row[0] for row in rows] == ["A", "B"]


def test_another_workbook_is_read_as_before(tmp_path: Path) -> None:
    pd.DataFrame({"id": ["1"], "material": ["Oak"]}).to_excel(tmp_path / "fixes.xlsx", index=False)
    feed = pd.DataFrame([hostile("1")])
    assert apply_fixes(feed, tmp_path / "fixes.xlsx")["material"].tolist() == ["Oak"]


def test_one_that_nobody_filled_in_changes_nothing(session: Session, tmp_path: Path) -> None:
    feed = pd.DataFrame(planted_feed(PRODUCTS)).astype(object)
    fixed = apply_fixes(feed, session.workbook(tmp_path / "audit.xlsx"))
    assert fixed.attrs["feedeval"]["fixes"]["cells"] == 0


def test_a_limit_keeps_the_products_that_gain_most(session: Session, tmp_path: Path, book: Any) -> None:
    made = session.workbook(tmp_path / "few.xlsx", limit=3)
    few = rows_of(openpyxl.load_workbook(made)[SHEET])
    assert made.products == 3
    assert [row["id"] for row in few] == [row["id"] for row in rows_of(book[SHEET])[:3]]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("audit.csv", {}, "ends in .xlsx"),
        ("none/audit.xlsx", {}, "not a folder"),
        ("audit.xlsx", {"limit": 0}, "limit=0"),
        ("audit.xlsx", {"target": "nowhere"}, "target='nowhere'"),
    ],
)
def test_what_cannot_be_used_is_named(
    session: Session, tmp_path: Path, name: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        session.workbook(tmp_path / name, **options)
    assert not list(tmp_path.iterdir())
