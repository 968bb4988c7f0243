"""Excel and OpenDocument workbooks: which sheet is the feed, and what its cells say."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xlsxwriter
from openpyxl import Workbook

from feedeval.errors import FeedError, InputError
from feedeval.feed.fixes import apply_fixes
from feedeval.feed.parsing.faults import FeedWarning
from feedeval.feed.parsing.sources import HEAD_BYTES
from feedeval.feed.reader import iter_feed, read_feed
from feedeval.feed.sample import sample
from feedeval.feed.source import FeedSource, feed_again
from tests.feed.sheets import ods, saved, xlsx

HEADER = ("id", "title", "price", "gtin")
ROWS = [HEADER, (1001, "Tent", 19.9, 4006381333931), ("007", "Kettle", 5, "04006381333931")]
PRODUCTS = [
    {"id": "1001", "title": "Tent", "price": "19.9", "gtin": "4006381333931"},
    {"id": "007", "title": "Kettle", "price": "5", "gtin": "04006381333931"},
]


def quietly(source: Any, **options: Any) -> list[dict[str, Any]]:
    """Read without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return [dict(product) for product in iter_feed(source, **options)]


def notes(source: Any, **options: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return " | ".join(read_feed(source, **options).attrs["feedeval"]["warnings"])


@pytest.mark.parametrize("make", [xlsx, ods])
def test_numbers_keep_their_digits_and_text_its_zeros(make: Any) -> None:
    assert quietly(make(ROWS)) == PRODUCTS


def test_a_workbook_is_told_by_its_content_wherever_it_comes_from(tmp_path: Path) -> None:
    for content, format in ((xlsx(ROWS), "xlsx"), (ods(ROWS), "ods")):
        path = tmp_path / "feed.csv"
        path.write_bytes(content)
        for source in (path, str(path), content, io.BytesIO(content), gzip.compress(content)):
            assert quietly(source) == PRODUCTS
        assert read_feed(path).attrs["feedeval"]["format"] == format
        assert quietly(path, format=format, limit=1) == PRODUCTS[:1]


def test_a_long_number_is_no_power_of_ten_and_its_lost_digits_are_told_of() -> None:
    rows = [HEADER, (1, "A", 0.1 + 0.2, 4.006381333931e12), (2, "B", 19.989999999999998, 123456789012345678)]
    with pytest.warns(FeedWarning, match=r"more than 15 digits.*line 3"):
        first, second = read_feed(xlsx(rows)).to_dict("records")
    assert (first["price"], first["gtin"]) == ("0.3", "4006381333931")
    assert second["price"] == "19.99" and second["gtin"].startswith("1234567890123456")


@pytest.mark.parametrize("make", [xlsx, ods])
def test_dates_are_iso_and_truth_is_as_in_a_table(make: Any) -> None:
    row = ("1", "Tent", dt.date(2026, 3, 1), dt.datetime.fromisoformat("2026-03-01T10:05"), True, False)
    (product,) = quietly(make([("id", "title", "availability_date", "seen", "adult", "is_bundle"), row]))
    assert product["availability_date"] == "2026-03-01" and product["seen"] == "2026-03-01T10:05:00"
    assert (product["adult"], product["is_bundle"]) == ("TRUE", "FALSE")


def test_errors_are_empty_and_counted() -> None:
    rows = [HEADER, ("1", "Tent", "#N/A", "#REF!"), ("2", "Kettle", 5, None)]
    with pytest.warns(FeedWarning, match=r"error of the spreadsheet.*: 2, line 2"):
        frame = read_feed(xlsx(rows))
    assert frame["price"].tolist() == [None, "5"] and "gtin" not in frame
    with pytest.raises(FeedError, match=r"#N/A.*line 2"):
        read_feed(xlsx(rows), strict=True)


def test_formulas_give_what_they_came_to(tmp_path: Path) -> None:
    path = tmp_path / "formula.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["id", "title", "price"])
    sheet.write_row(1, 0, ["1", "Tent"])
    sheet.write_formula(1, 2, "=19+0.9", None, 19.9)
    book.close()
    assert quietly(path) == [{"id": "1", "title": "Tent", "price": "19.9"}]


def test_titles_and_blank_rows_above_and_columns_beside_the_table_do_no_harm() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet["B2"] = "Spring range, title and price"
    sheet.merge_cells("B2:D2")
    for number, row in enumerate(([None, *HEADER, None], *([None, *row, None] for row in ROWS[1:])), start=5):
        for column, value in enumerate(row, start=1):
            sheet.cell(number, column, value)
    assert quietly(saved(book)) == PRODUCTS


def test_a_header_that_is_repeated_on_each_page_is_no_product() -> None:
    assert quietly(xlsx([*ROWS[:2], HEADER, *ROWS[2:]])) == PRODUCTS


def test_a_cell_that_is_merged_over_rows_holds_for_each_of_them() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (("id", "title", "size"), ("1", "Tent", "S"), ("2", None, "M"), ("3", "Kettle", None)):
        sheet.append(row)
    sheet.merge_cells("B2:B3")
    assert [product["title"] for product in quietly(saved(book))] == ["Tent", "Tent", "Kettle"]


@pytest.mark.parametrize("make", [xlsx, ods])
def test_the_sheet_that_looks_most_like_a_feed_is_read_and_named(make: Any) -> None:
    book = make({
        "Anleitung": [["Bitte id, title und price ausfüllen"], ["id"], ["Fragen?", "title"]],
        "Leer": [],
        "Vorlage": [HEADER],
        "Produkte": ROWS,
        "Versand": [("country", "price"), ("DE", 4.9)],
    })  # fmt: skip
    with pytest.warns(FeedWarning, match=r"the sheet 'Produkte' was read, not 'Anleitung', 'Vorlage', 'Versand'"):
        assert list(iter_feed(book)) == PRODUCTS


def test_what_was_hidden_comes_after_what_can_be_seen() -> None:
    old = [(*HEADER, "brand", "link"), ("9", "Old", 1, None, "B", "https://shop.example/9")]
    with pytest.warns(FeedWarning, match="'now' was read, not 'old'"):
        assert list(iter_feed(xlsx({"old": old, "now": ROWS}, hidden=["old"]))) == PRODUCTS
    assert quietly(xlsx({"cover": [["Our feed"]], "old": old}, hidden=["old"]), sheet="old")[0]["title"] == "Old"


def test_a_sheet_is_asked_for_by_name_or_number() -> None:
    book = xlsx({"Tents": ROWS[:2], "Kettles": [HEADER, ROWS[2]]})
    for sheet, product in (("Tents", PRODUCTS[0]), ("kettles ", PRODUCTS[1]), (1, PRODUCTS[0]), (2, PRODUCTS[1])):
        assert quietly(book, sheet=sheet) == [product]
    assert quietly(book, sheet="2") == PRODUCTS[1:]
    with pytest.raises(InputError, match="the given data and cannot be read again"):
        feed_again(FeedSource(read_feed(book, sheet="Tents")).description)
    for wrong in ("Lamps", 0, 3, "3", True):
        with pytest.raises(InputError, match=r"sheet=.*1 'Tents', 2 'Kettles'"):
            read_feed(book, sheet=wrong)
    with pytest.raises(InputError, match=r"sheet=1.*has no sheets"):
        read_feed(b"id,title\n1,Tent\n", sheet=1)


def test_columns_tells_which_row_is_the_header() -> None:
    rows = [("Sortiment", "Frühling"), ("Nr.", "Bezeichner"), (1, "Zelt"), (2, "Kessel")]
    with pytest.raises(FeedError, match="columns="):
        read_feed(xlsx(rows))
    found = quietly(xlsx(rows), columns={"Nr.": "id", "Bezeichner": "title"})
    assert found == [{"id": "1", "title": "Zelt"}, {"id": "2", "title": "Kessel"}]


def test_a_csv_that_was_opened_into_one_column_is_read() -> None:
    rows = [["id;title;price"], ['1;"Tent; green";19,90'], ["2;Kettle;5"]]
    assert quietly(xlsx(rows))[0] == {"id": "1", "title": "Tent; green", "price": "19,90"}


def test_the_export_of_a_shop_is_one_in_a_workbook_too() -> None:
    header = ("Handle", "Title", "Option1 Name", "Option1 Value", "Variant SKU", "Variant Price", "Image Src")
    rows = [
        header,
        ("tee", "Tee", "Size", "S", "T-S", 20, "https://shop.example/tee.jpg"),
        ("tee", None, None, "M", "T-M", 22.5, None),
    ]
    text = "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in rows)
    assert quietly(xlsx(rows)) == quietly(text.encode())


def test_a_long_workbook_is_read_to_its_end() -> None:
    rows = [HEADER, *((number, f"Tent {number * 7919 % 99991}", 9.9, 4006381333931) for number in range(9_000))]
    book = io.BytesIO(xlsx(rows))
    with zipfile.ZipFile(book) as packed, zipfile.ZipFile(plain := io.BytesIO(), "w") as stored:
        for name in packed.namelist():
            stored.writestr(name, packed.read(name))
    assert len(plain.getvalue()) > 2 * HEAD_BYTES
    for content in (book.getvalue(), plain.getvalue()):
        assert quietly(content)[-1]["id"] == "8999"


def test_a_workbook_is_gone_through_again_and_sampled(tmp_path: Path) -> None:
    path = tmp_path / "feed.xlsx"
    path.write_bytes(xlsx([HEADER, *((n, f"T{n}", 1, None) for n in range(20))]))
    source = FeedSource(path)
    assert len(list(source.products())) == len(list(source.products())) == 20
    assert len(sample(path, 4)) == 4


@pytest.mark.parametrize("make", [xlsx, ods])
def test_fixes_come_in_a_workbook(make: Any) -> None:
    feed = read_feed(b"id\ttitle\n1001\tTent\n007\tKettle\n")
    rows = [("id", "material", "question_and_answer"), (1001, "Cotton", None), ("007", "'=Steel", "Q: Heavy?\nA: No")]
    fixed = apply_fixes(feed, make(rows))
    assert fixed["material"].tolist() == ["Cotton", "=Steel"]
    assert fixed["question_and_answer"][1] == [{"question": "Heavy?", "answer": "No"}]


def zipped(**members: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return out.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (zipped(**{"shop/feed.csv": "id,title\n1,Tent\n"}), r"a zip archive of shop/feed\.csv; unpack it"),
        (zipped(), "a zip archive with nothing in it"),
        (zipped(**{"word/document.xml": "<w/>"}), "a Word document"),
        (zipped(**{"Index/Document.iwa": ""}), "Apple Numbers"),
        (zipped(mimetype="application/vnd.oasis.opendocument.text", **{"content.xml": "<x/>"}), "no spreadsheet"),
        (zipped(**{"xl/workbook.xml": "<workbook/>"}), "an Excel workbook that is damaged"),
        (xlsx(ROWS)[:-100], "a damaged zip archive or Excel workbook"),
        (xlsx({"A": [], "B": []}), "an Excel workbook with nothing in its sheets|an Excel workbook with nothing"),
        (xlsx([["Dear customer"], ["thank you"]]), "without a table in it"),
        (xlsx([HEADER]), "without a single product"),
        (xlsx([("one", "two"), (1, 2)]), "none of the attributes"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        (OLE + "WordDocument".encode("utf-16-le"), "an old Word document"),
        (OLE + "Workbook".encode("utf-16-le"), "an old Excel workbook that is damaged"),
        (OLE, "an old Office document without a sheet"),
    ],
)
def test_what_is_no_workbook_with_products_is_named(content: bytes, found: str) -> None:
    with pytest.raises(FeedError, match=found):
        read_feed(content)


def test_a_workbook_without_its_password_is_named() -> None:
    protected = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(ods(ROWS))) as book, zipfile.ZipFile(protected, "w") as out:
        for name in book.namelist():
            out.writestr(name, b"<manifest:encryption-data/>" if "manifest" in name else book.read(name))
    with pytest.raises(FeedError, match="protected by a password"):
        read_feed(protected.getvalue())


def test_a_format_that_the_content_is_not_is_refused() -> None:
    with pytest.raises(FeedError, match="an Excel workbook, where format='csv' is given"):
        read_feed(xlsx(ROWS), format="csv")
    with pytest.raises(FeedError, match="no Excel workbook, as format='xlsx' says"):
        read_feed(b"id,title\n1,Tent\n", format="xlsx")


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(3_000_000))
    assert len(out.getvalue()) < 10_000
    with pytest.raises(FeedError, match=r"larger than 1 MB"):
        read_feed(gzip.compress(zipped(big="x", **{"xl/workbook.xml": "x"}) + bytes(3_000_000)), max_mb=1)
    with pytest.raises(FeedError, match=r"unpacks to 3 MB.*at most 1 MB.*max_mb="):
        read_feed(out.getvalue(), max_mb=1)


def test_a_sheet_that_reaches_too_far_is_refused_before_it_fills_the_memory() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in ROWS:
        sheet.append(row)
    sheet["XFD1048576"] = "x"
    with pytest.raises(FeedError, match=r"reaches to row 1,048,576 and column 16,384.*Delete the rows"):
        read_feed(saved(book))
    with pytest.raises(FeedError, match=r"reaches to row 1,000,00\d and column"):
        read_feed(ods([*ROWS, ["x"]], repeated=(1_000_000, 1_000)))


def test_formats_without_content_reach_as_far_as_they_like() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in ROWS:
        sheet.append(row)
    sheet["XFD1048576"].number_format = "0.00"
    assert quietly(saved(book)) == PRODUCTS


def test_only_who_reads_a_workbook_loads_what_reads_it(tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_text("id,title\n1,Tent\n", encoding="utf-8")
    code = (
        "import sys, feedeval; feedeval.read_feed('feed.csv'); "
        "print([n for n in ('python_calamine', 'polars', 'duckdb') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_sheet_read_as_a_frame_is_the_same_as_the_table(tmp_path: Path) -> None:
    text = "id,title,price,gtin\n1001,Tent,19.9,4006381333931\n007,Kettle,5,04006381333931\n"
    pd.testing.assert_frame_equal(read_feed(xlsx(ROWS)), read_feed(text.encode()))
