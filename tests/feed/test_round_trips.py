"""What is written in any format comes back as the same products."""

from __future__ import annotations

import csv
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedeval.feed.reader import read_feed
from tests.feed.writers import google_xml, plain_json, tables
from tests.feed.writers.made import Made, Writer, attribute_names, made_of, products
from tests.feed.writers.tables import Dialect

TRIALS = settings(
    derandomize=True,
    deadline=None,
    max_examples=40,
    database=None,
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


@pytest.mark.parametrize("written", DIALECTS)
@given(made=products(flat=True))
@TRIALS
def test_products_of_tables_come_back(written: str, made: list[Made]) -> None:
    assert read_back(tables.table(made, DIALECTS[written])) == made


@pytest.mark.parametrize("name", attribute_names(flat=False))
@given(data=st.data())
@settings(TRIALS, max_examples=6)
def test_every_attribute_comes_back_from_every_structured_format(name: str, data: st.DataObject) -> None:
    made = [data.draw(made_of([name], flat=False))]
    for write in STRUCTURED.values():
        assert read_back(write(made)) == made


@pytest.mark.parametrize("name", attribute_names(flat=True))
@given(data=st.data())
@settings(TRIALS, max_examples=6)
def test_every_attribute_comes_back_from_tables(name: str, data: st.DataObject) -> None:
    made = [data.draw(made_of([name], flat=True))]
    for dialect in DIALECTS.values():
        assert read_back(tables.table(made, dialect)) == made
