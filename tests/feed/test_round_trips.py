"""What is written in any format comes back as the same products."""

from __future__ import annotations

import csv
import warnings
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from feedeval.feed.reader import read_feed
from tests.feed.writers import documents, google_xml, plain_json, tables, workbooks
from tests.feed.writers.made import Made, Writer, attribute_names, made_of, products
from tests.feed.writers.tables import Dialect

TRIALS = settings(
    derandomize=True,
    deadline=None,
    max_examples=20,
    database=None,
    # Making a failing feed smaller takes minutes.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
DIALECTS = {
    "csv": Dialect(),
    "semicolons": Dialect(delimiter=";", line_end="\n"),
    "pipes, all quoted": Dialect(delimiter="|", quoting=csv.QUOTE_ALL),
    "tsv": Dialect(delimiter="\t", line_end="\n"),
    "tsv of Excel": Dialect(delimiter="\t", encoding="utf-16"),
    "csv with a mark": Dialect(encoding="utf-8-sig"),
}
STRUCTURED: dict[str, Writer] = {
    "rss": google_xml.rss,
    "rss in CDATA": google_xml.rss_in_cdata,
    "atom": google_xml.atom,
    "json array": plain_json.json_array,
    "json object": plain_json.json_object,
    "json lines": plain_json.json_lines,
}
FLAT: dict[str, Writer] = {
    **{name: partial(tables.table, dialect=dialect) for name, dialect in DIALECTS.items()},
    "xlsx": workbooks.xlsx,
    "xlsx with numbers": workbooks.xlsx_with_numbers,
    "ods": workbooks.ods,
}


def read_back(feed: bytes) -> list[Made]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = read_feed(feed)
    rows = frame.to_dict("records")
    return [{str(name): cell for name, cell in row.items() if cell is not None} for row in rows]


@pytest.mark.parametrize("written", STRUCTURED)
@given(made=products(flat=False))
@TRIALS
def test_products_of_structured_formats_come_back(written: str, made: list[Made]) -> None:
    assert read_back(STRUCTURED[written](made)) == made


@pytest.mark.parametrize("written", FLAT)
@given(made=products(flat=True))
@TRIALS
def test_products_of_tables_and_sheets_come_back(written: str, made: list[Made]) -> None:
    assert read_back(FLAT[written](made)) == made


def in_tens(names: list[str]) -> list[list[str]]:
    return [names[start : start + 10] for start in range(0, len(names), 10)]


@pytest.mark.parametrize("names", in_tens(attribute_names(flat=False)), ids=lambda names: names[0])
@given(data=st.data())
@settings(TRIALS, max_examples=3)
def test_every_attribute_comes_back_from_every_structured_format(names: list[str], data: st.DataObject) -> None:
    made = [data.draw(made_of(names, flat=False))]
    for write in STRUCTURED.values():
        assert read_back(write(made)) == made


@pytest.mark.parametrize("names", in_tens(attribute_names(flat=True)), ids=lambda names: names[0])
@given(data=st.data())
@settings(TRIALS, max_examples=3)
def test_every_attribute_comes_back_from_tables_and_sheets(names: list[str], data: st.DataObject) -> None:
    made = [data.draw(made_of(names, flat=True))]
    for write in FLAT.values():
        assert read_back(write(made)) == made


@given(made=documents.for_commerce())
@TRIALS
def test_variants_of_the_commerce_protocol_come_back(made: list[Made]) -> None:
    assert read_back(documents.commerce_feed(made)) == made


@given(made=documents.for_linked_data())
@TRIALS
def test_products_of_linked_data_come_back(made: list[Made]) -> None:
    assert read_back(documents.linked_data(made)) == made


@pytest.mark.parametrize(
    ("name", "cell", "expected"),
    [
        ("free_shipping_threshold", "US:50 USD,CA:60 CAD", [("US", "50 USD"), ("CA", "60 CAD")]),
        ("certification", "EC:EPREL:1,EC:EPREL:2", [("EC", "EPREL", "1"), ("EC", "EPREL", "2")]),
        ("variant_option", "Color:Red, Size:M", [("Color", "Red"), ("Size", "M")]),
        ("question_and_answer", "Q: Warm?\nA: Yes.\nQ: Care\nA: By hand", [("Warm?", "Yes."), ("Care", "By hand")]),
        ("question_and_answer", "Is it warm? Yes.", [("Is it warm?", "Yes.")]),
    ],
)
def test_groups_in_a_cell_are_told_apart(name: str, cell: str, expected: list[tuple[str, ...]]) -> None:
    [product] = read_back(tables.table([{"id": "1", "title": "Lamp", name: cell}], Dialect()))
    assert [tuple(group.values()) for group in product[name]] == expected


def test_an_address_with_a_comma_and_a_text_with_quotation_marks_stand_quoted_in_a_cell() -> None:
    row = {
        "id": "1",
        "title": "Lamp",
        "product_highlight": '"5"" wide"',
        "video_link": 'https://a.example/1,"https://a.example/2?x=M,L"',
    }
    [product] = read_back(tables.table([row], Dialect()))
    assert product["product_highlight"] == ['5" wide']
    assert product["video_link"] == ["https://a.example/1", "https://a.example/2?x=M,L"]


@pytest.mark.parametrize("end", ["灯", "灯a", "灯ab", "灯abc", "é", "👍"])
def test_a_short_table_is_read_whatever_letter_it_ends_in(end: str) -> None:
    assert read_back(f"id,title\n1,Lampe {end}".encode()) == [{"id": "1", "title": f"Lampe {end}"}]


def test_one_object_may_begin_with_a_nested_attribute() -> None:
    made: Made = {"certification": [{"certification_code": "1"}], "id": "1", "title": "Lamp"}
    assert read_back(plain_json.json_lines([made])) == [made]
