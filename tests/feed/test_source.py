from __future__ import annotations

import json
import warnings
from pathlib import Path

import pandas as pd
import pytest

from feedeval.errors import FeedError, InputError
from feedeval.feed.parsing.faults import FeedWarning
from feedeval.feed.reader import deduplicate, read_feed
from feedeval.feed.sample import audited_again, sample
from feedeval.feed.source import FeedSource, feed_again
from tests.feed.sheets import xlsx

CSV = "id,title\n1,Tent\n2,Kettle\n3,Shoe\n"


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


def test_a_path_is_read_anew_each_time(feed: Path) -> None:
    source = FeedSource(str(feed))
    assert [p["id"] for p in source.products()] == [p["id"] for p in source.products()] == ["1", "2", "3"]
    assert source.description == {"limit": None, "path": str(feed)}


def test_a_broken_file_is_warned_of_once(feed: Path) -> None:
    feed.write_text(CSV + "4,Lamp,too,many\n", encoding="utf-8")
    source = FeedSource(feed)
    with pytest.warns(FeedWarning, match="4 products read"):
        assert len(list(source.products())) == 4
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(list(source.products())) == 4


def test_what_can_be_read_once_only_is_kept() -> None:
    source = FeedSource({"id": str(n)} for n in range(3))
    assert len(list(source.products())) == len(list(source.products())) == 3


def test_a_limit_holds_in_every_pass(feed: Path) -> None:
    for given in (feed, feed.read_bytes(), read_feed(feed), iter([{"id": "1"}, {"id": "2"}, {"id": "3"}])):
        source = FeedSource(given, 2)
        assert len(list(source.products())) == len(list(source.products())) == 2


@pytest.mark.parametrize("limit", [0, -1, True, 1.5])
def test_a_limit_out_of_range_is_named(limit: int) -> None:
    with pytest.raises(InputError, match="limit="):
        FeedSource([{"id": "1"}], limit)


def test_a_frame_remembers_the_file_it_came_from(feed: Path) -> None:
    assert feed_again(FeedSource(read_feed(feed)).description) == str(feed)


def test_a_frame_is_read_again_with_the_options_that_it_was_read_with(tmp_path: Path) -> None:
    table, offers, book = tmp_path / "table.csv", tmp_path / "offers.xml", tmp_path / "book.xlsx"
    table.write_text("Nr;Was;Wohl\n1;Tent;a\n2;Kettle;b\n3;Shoe;c\n", encoding="utf-8")
    offers.write_text("<r><a><id>1</id><title>T</title></a><b><id>2</id><title>K</title></b></r>", encoding="utf-8")
    book.write_bytes(xlsx({"now": [["id", "title"], ["1", "Tent"]], "old": [["id", "title"], ["9", "Shoe"]]}))
    for path, given in (
        (table, {"columns": {"Nr": "id", "Was": "title"}, "limit": 2, "format": "csv"}),
        (offers, {"item": "b", "strict": True, "columns": {}}),
        (book, {"sheet": "old"}),
        (book, {"sheet": 2, "max_mb": 50}),
    ):
        frame = read_feed(path, **given)
        told = {name: value for name, value in given.items() if name != "strict" and value}
        assert frame.attrs["feedeval"]["reading"] == told
        for feed in (frame, sample(frame, 4)):
            source = json.loads(json.dumps(FeedSource(feed).description))
            assert source["reading"] == told and source["path"] == str(path)
            again = audited_again(source)
            assert again["id"].tolist() == frame["id"].tolist()
            assert FeedSource(again).description == source


def test_a_frame_without_its_repeated_rows_is_read_again_without_them(feed: Path) -> None:
    feed.write_text(CSV + "2,Kettle\n4,Lamp\n5,Cup\n", encoding="utf-8")
    with pytest.warns(FeedWarning, match="1 of 6 rows"):
        frame = deduplicate(read_feed(feed))
    for given in (frame, sample(frame, 4)):
        source = FeedSource(given).description
        with pytest.warns(FeedWarning, match="1 of 6 rows"):
            assert audited_again(source)["id"].tolist() == given["id"].tolist()


def test_a_frame_that_was_read_without_options_says_of_none(feed: Path) -> None:
    frame = read_feed(feed, format=None, limit=None, columns=None, sheet=None)
    assert "reading" not in frame.attrs["feedeval"]
    assert FeedSource(frame).description == {"limit": None, "path": str(feed)}


def test_a_feed_given_by_hand_cannot_be_read_again(feed: Path) -> None:
    with pytest.raises(InputError, match="give the feed"):
        feed_again(FeedSource(pd.DataFrame({"id": ["1"]})).description)
    gone = FeedSource(feed).description
    feed.unlink()
    with pytest.raises(InputError, match="not there any more"):
        feed_again(gone)


def test_what_is_no_feed_is_refused_at_once() -> None:
    with pytest.raises(FeedError):
        FeedSource(42)


def test_a_quiet_source_warns_of_nothing_and_keeps_the_name_and_limit_that_it_was_given(feed: Path) -> None:
    broken = feed.read_bytes() + b"4,Lamp,too,many\n"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        source = FeedSource(broken, 2, name="the upload shop.csv", quiet=True)
        assert FeedSource.of(source, 1) is source
        assert len(list(source.products())) == 2
    assert source.description == {"limit": 2, "kind": "the upload shop.csv"}
    with pytest.raises(InputError, match=r"was the upload shop\.csv and cannot be read again"):
        feed_again(source.description)
