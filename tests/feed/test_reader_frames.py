"""Tables of other libraries: pandas, polars, Arrow, DuckDB, and whatever speaks their protocols."""

from __future__ import annotations

import datetime as dt
import sqlite3
import warnings
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from feedeval.errors import FeedError, InputError
from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.fixes import apply_fixes
from feedeval.feed.reader import iter_feed, products, read_feed
from feedeval.feed.sample import sample
from feedeval.feed.source import FeedSource, feed_again

TABLE = pa.Table.from_pylist(
    [
        {
            "item_id": 1001,
            "title": "Tent",
            "price": Decimal("19.90"),
            "gtin": 4006381333931,
            "images": ["https://shop.example/a.jpg", "https://shop.example/b.jpg"],
            "shipping": [{"country": "DE", "price": "4.90 EUR", "service": None}],
            "created": dt.datetime(2026, 3, 1, 10, 5, tzinfo=dt.UTC),
            "adult": False,
            "Grösse": 2.5,
        },
        {"item_id": 1002, "title": "Kettle", "price": Decimal("5.00"), "adult": True},
    ]
).append_column("width", pa.array([19.9, None], pa.float32()))

PRODUCTS = [
    {
        "id": "1001",
        "title": "Tent",
        "price": "19.90",
        "gtin": "4006381333931",
        "image_link": "https://shop.example/a.jpg",
        "additional_image_link": ["https://shop.example/b.jpg"],
        "shipping": [{"country": "DE", "price": "4.90 EUR"}],
        "created": "2026-03-01T10:05:00+00:00",
        "adult": "false",
        "grösse": "2.5",
        "width": "19.9",
    },
    {"id": "1002", "title": "Kettle", "price": "5.00", "adult": "true"},
]


class Stream:
    """A table of a library that nobody has heard of."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return TABLE.__arrow_c_stream__(requested_schema)


class Batch:
    """A batch of one."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> object:
        return TABLE.to_batches()[0].__arrow_c_array__(requested_schema)


def polars_frame() -> Any:
    return pl.from_arrow(TABLE)


def relation() -> Any:
    connection = duckdb.connect()
    connection.register("feed", TABLE)
    connection.execute("set TimeZone = 'UTC'")
    return connection.sql("from feed")


def executed() -> Any:
    connection = duckdb.connect()
    connection.register("feed", TABLE)
    connection.execute("set TimeZone = 'UTC'")
    return connection.execute("from feed")


AGAIN: list[Callable[[], Any]] = [
    lambda: TABLE,
    lambda: TABLE.combine_chunks().to_batches()[0],
    lambda: TABLE.to_pandas(),
    lambda: TABLE.to_pandas(types_mapper=pd.ArrowDtype),
    polars_frame,
]
ONCE: list[Callable[[], Any]] = [
    TABLE.to_reader,
    lambda: polars_frame().lazy().filter(pl.col("item_id") > 0),
    relation,
    executed,
    Stream,
    Batch,
]


def quietly(source: Any, **options: Any) -> list[dict[str, Any]]:
    """Read without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return [dict(product) for product in iter_feed(source, **options)]


@pytest.mark.parametrize("make", AGAIN + ONCE)
def test_every_library_gives_the_same_products(make: Callable[[], Any]) -> None:
    found = quietly(make())
    # DuckDB tells a moment in the words of its own time zone.
    for product in found:
        if "created" in product:
            product["created"] = dt.datetime.fromisoformat(product["created"]).astimezone(dt.UTC).isoformat()
    assert found == PRODUCTS
    assert [product["id"] for product in products(make())] == ["1001", "1002"]
    assert quietly(make(), limit=1)[0]["id"] == "1001"
    assert quietly(make(), columns={"title": "brand"})[0]["brand"] == "Tent"


@pytest.mark.parametrize("make", AGAIN + ONCE)
def test_a_table_is_checked_and_audited_as_a_feed_is(make: Callable[[], Any]) -> None:
    assert set(check_feed(make())["product_id"]) >= {"1001", "1002"}
    source = FeedSource(make())
    assert [p["id"] for p in source.products()] == [p["id"] for p in source.products()] == ["1001", "1002"]
    with pytest.raises(InputError, match="cannot be read again"):
        feed_again(FeedSource(read_feed(make())).description)


@pytest.mark.parametrize("make", AGAIN)
def test_what_can_be_gone_through_again_is_not_copied(make: Callable[[], Any]) -> None:
    given = make()
    assert FeedSource(given)._feed is given


def test_a_relation_begins_anew_whatever_was_taken_of_it() -> None:
    rows = duckdb.connect().sql("select i as id, 'Tent ' || i as title from range(3000) as t(i)")
    assert len(quietly(rows, limit=1)) == 1
    assert len(quietly(rows)) == len(quietly(rows)) == 3000


def test_the_order_of_columns_and_the_index_do_not_matter() -> None:
    frame = pd.DataFrame({"Title": ["Tent", "Kettle"], "ID": [7, 8], "Price": [19.9, np.nan]}, index=["x", "x"])
    turned = frame[["Price", "ID", "Title"]].reset_index(drop=True)
    assert quietly(frame) == quietly(turned)
    assert quietly(frame) == [{"id": "7", "title": "Tent", "price": "19.9"}, {"id": "8", "title": "Kettle"}]


def test_a_frame_that_was_read_is_read_as_it_is() -> None:
    once = read_feed(TABLE)
    again = read_feed(once)
    pd.testing.assert_frame_equal(once, again)
    assert again is not once and again.attrs["feedeval"]["format"] == "frame"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4006381333931.0, "4006381333931"),
        (1e16, "10000000000000000"),
        (0.00001, "0.00001"),
        (19.9, "19.9"),
        (np.float32(19.9), "19.9"),
        (np.int64(7), "7"),
        (Decimal("1E+2"), "100"),
        (Decimal("5.00"), "5.00"),
        (pd.Timestamp("2026-03-01 10:05"), "2026-03-01T10:05:00"),
        (dt.date(2026, 3, 1), "2026-03-01"),
        (b"blue", "blue"),
        (np.array(["a", "b"]), ["a", "b"]),
        ({"a": 1, "b": None, "c": np.nan}, {"a": "1"}),
        ([("a", 1), ("b", 2)], {"a": "1", "b": "2"}),
        (pd.NaT, None),
        (pd.NA, None),
        (float("nan"), None),
        (None, None),
    ],
)
def test_cells_become_what_the_feed_would_say(value: Any, text: Any) -> None:
    frame = pd.DataFrame({"id": ["1"], "title": ["Tent"], "own": pd.Series([value], dtype=object)})
    assert quietly(frame)[0].get("own") == text


def test_a_shop_s_export_in_a_frame_is_one() -> None:
    frame = pd.DataFrame(
        {
            "Handle": ["tee", "tee"],
            "Title": ["Tee", None],
            "Option1 Name": ["Size", None],
            "Option1 Value": ["S", "M"],
            "Variant SKU": [101, 102],
            "Variant Price": [20.5, 22.5],
        }
    )
    for given in (frame, pl.from_pandas(frame), pa.Table.from_pandas(frame)):
        assert [(p["id"], p["title"], p["size"], p["price"]) for p in quietly(given)] == [
            ("101", "Tee", "S", "20.5"),
            ("102", "Tee", "M", "22.5"),
        ]
    assert [product["id"] for product in products(frame)] == ["101", "102"]


def test_what_a_database_gave_is_read() -> None:
    with sqlite3.connect(":memory:") as database:
        rows = database.execute("select 1 as id, 'Tent' as title, 19.9 as price")
        assert quietly(rows) == [{"id": "1", "title": "Tent", "price": "19.9"}]
    with pytest.raises(FeedError, match="no query was executed"):
        read_feed(duckdb.connect())


def test_a_table_of_the_interchange_protocol_is_read() -> None:
    class Interchangeable:
        def __dataframe__(self, nan_as_null: bool = False, allow_copy: bool = True) -> Any:
            return TABLE.select(["item_id", "title"]).__dataframe__(nan_as_null, allow_copy)

    assert quietly(Interchangeable()) == [{"id": "1001", "title": "Tent"}, {"id": "1002", "title": "Kettle"}]


@pytest.mark.parametrize("column", [pd.Series([1]), pl.Series([1]), pa.array([1]), pa.chunked_array([[1]])])
def test_a_column_is_no_table(column: Any) -> None:
    with pytest.raises(FeedError, match="cannot read a feed from"):
        read_feed(column)


def test_a_table_without_products_is_told_as_such() -> None:
    with pytest.raises(FeedError, match="DataFrame is not a product feed"):
        read_feed(pl.DataFrame({"a": [1], "b": [2]}))
    with pytest.raises(FeedError, match="without a single product"):
        read_feed(TABLE.slice(0, 0))
    with pytest.raises(InputError, match=r"sheet='x'.*has no sheets"):
        read_feed(TABLE, sheet="x")


def test_a_sample_of_a_table_is_drawn_and_fixes_are_laid_over_one() -> None:
    frame = pl.DataFrame({"id": range(20), "title": ["Tent"] * 20})
    drawn = sample(frame, 4)
    assert drawn["id"].tolist() == sample(frame.lazy(), 4)["id"].tolist() and len(drawn) == 4
    fixed = apply_fixes(frame, pl.DataFrame({"id": [3], "material": ["Cotton"]}))
    assert fixed.loc[fixed["id"] == "3", "material"].tolist() == ["Cotton"]


def test_batches_are_taken_one_after_another() -> None:
    taken = []

    def batches() -> Any:
        for number in range(1_000):
            taken.append(number)
            yield pa.RecordBatch.from_pylist([{"id": number, "title": "Tent"}])

    stream = iter_feed(
        pa.RecordBatchReader.from_batches(pa.schema({"id": pa.int64(), "title": pa.string()}), batches())
    )
    for _ in range(10):
        next(stream)
    stream.close()
    assert len(taken) < 100


def test_an_index_that_is_named_as_an_attribute_is_read_like_a_column() -> None:
    frame = pd.DataFrame({"title": ["Cup"], "price": ["5 EUR"]}, index=pd.Index(["C-1"], name="id"))
    assert quietly(frame) == [{"id": "C-1", "title": "Cup", "price": "5 EUR"}]
    assert quietly(frame.rename_axis("row")) == [{"title": "Cup", "price": "5 EUR"}]
    assert quietly(frame.reset_index().set_index("id", drop=False))[0]["id"] == "C-1"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        twice = pd.DataFrame([["1", "A", "B"]], columns=["id", "title", "title"])
        assert next(iter(products(twice)))["title"] == ["A", "B"]
        check_feed(twice)
