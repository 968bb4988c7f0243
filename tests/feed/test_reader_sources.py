"""Where feeds come from: paths, bytes, open files, gzip, and a server on loopback."""

from __future__ import annotations

import gzip
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from feedeval.errors import FeedError, InputError
from feedeval.feed.parsing.formats import FORMATS, Format
from feedeval.feed.parsing.stream import READERS
from feedeval.feed.reader import iter_feed, read_feed
from tests.feed.feeds import item, read, rss
from tests.feed.sheets import xlsx

FEED = rss(item(1), item(2)).encode()
EXPECTED = [{"id": str(n), "title": f"Lamp {n}", "price": "9.50 EUR"} for n in (1, 2)]


def test_every_kind_of_source_gives_the_same_products(tmp_path: Path):
    path = tmp_path / "feed.tsv"  # the name says otherwise than the content
    path.write_bytes(FEED)
    squeezed = tmp_path / "feed"
    squeezed.write_bytes(gzip.compress(FEED))
    with path.open("rb") as binary, path.open(encoding="utf-8") as text:
        for source in (path, str(path), squeezed, FEED, bytearray(FEED), gzip.compress(FEED), binary, text):
            assert read(source)[0] == EXPECTED
        assert not binary.closed
    assert read(io.StringIO(FEED.decode()))[0] == EXPECTED


def test_text_of_an_open_file_goes_before_the_declared_encoding():
    feed = rss(item(1, "<g:color>grün</g:color>"), prolog='<?xml version="1.0" encoding="ISO-8859-1"?>')
    assert read(io.StringIO(feed))[0][0]["color"] == "grün"


def test_gzip_members_are_read_one_after_another():
    data = gzip.compress(b"id,title\n1,Lamp\n") + gzip.compress(b"2,Vase\n")
    assert [p["id"] for p in read(data)[0]] == ["1", "2"]


def test_damaged_gzip_is_read_as_far_as_it_goes():
    rows = "".join(f"{n},Lamp {n * 7919 % 1000}\n" for n in range(5000))
    data = gzip.compress(f"id,title\n{rows}".encode())[:-3000]
    products, warning = read(data)
    assert 100 < len(products) < 5000
    assert products == read(f"id,title\n{rows}")[0][: len(products)]
    assert "compressed data is damaged or ends early" in warning
    with pytest.raises(FeedError):
        list(iter_feed(data, strict=True))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("no-such-feed.xml", "no file at"),
        ("www.shop.example", "no file at www.shop.example; an address begins with https://"),
        ("shop.example/feed.xml", "an address begins with https://"),
        ("feeds/no-such-feed.xml", r"no-such-feed\.xml; the current folder"),
        (".", "is not a file"),
        ("<rss></rss>", "give it as bytes"),
        ("id\ttitle\n1\tx", "give it as bytes"),
        ("ftp://shop.example/feed", "http and https only"),
        (5, "cannot read a feed from int"),
        (None, "cannot read a feed from NoneType"),
    ],
)
def test_what_cannot_be_opened_is_said(source: object, said: str):
    with pytest.raises(FeedError, match=said):
        iter_feed(source)  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [0, -1, 1.5, True])
def test_a_limit_out_of_range_is_refused(limit: object):
    with pytest.raises(InputError, match="limit="):
        iter_feed(FEED, limit=limit)  # type: ignore[arg-type]


def test_a_limit_reads_no_further():
    assert read(FEED, limit=1)[0] == EXPECTED[:1]
    assert read(FEED, limit=9)[0] == EXPECTED


def test_an_unknown_format_is_refused_with_the_list():
    with pytest.raises(InputError, match="jsonl"):
        iter_feed(FEED, format="yaml")
    with pytest.raises(FeedError):
        list(iter_feed(b"id,title\n1,x\n", format="xml"))


class _Handler(BaseHTTPRequestHandler):
    over = threading.Event()
    """Set when nobody asks any more."""

    def do_GET(self) -> None:
        kind, body = self.path.partition("?")[0].strip("/"), FEED
        if kind == "missing":
            self.send_error(404)
            return
        if kind in ("moved", "moved-to-file"):
            self.send_response(302)
            self.send_header("Location", "/feed.xml" if kind == "moved" else "file:///etc/hostname")
            self.end_headers()
            return
        self.send_response(200)
        if kind == "feed.xml.gz":
            body = gzip.compress(FEED)
        elif kind == "feed.xlsx":
            body = xlsx([("id", "title"), (1, "Lamp")])
        elif kind == "encoded":
            body = gzip.compress(FEED)
            self.send_header("Content-Encoding", "gzip")
        elif kind in ("endless", "silent"):
            self.end_headers()
            self._go_on(kind)
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _go_on(self, kind: str) -> None:
        try:
            if kind == "silent":
                _Handler.over.wait(600)
            for _ in range(1000):
                self.wfile.write(b"<!-- " + b"x" * 50_000 + b" -->")
        except OSError:
            pass

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as running:
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        _Handler.over.set()
        running.shutdown()


@pytest.mark.parametrize("kind", ["feed.xml", "feed.xml.gz", "encoded", "moved"])
def test_an_address_is_read(server: str, kind: str):
    frame = read_feed(f"{server}/{kind}")
    assert list(frame["id"]) == ["1", "2"]
    assert frame.attrs["feedeval"]["source"] == f"{server}/{kind}"


def test_a_workbook_at_an_address_is_read(server: str):
    assert [dict(product) for product in iter_feed(f"{server}/feed.xlsx")] == [{"id": "1", "title": "Lamp"}]


def test_a_download_stops_at_the_size_cap(server: str):
    with pytest.raises(FeedError, match=r"larger than 0\.5 MB"):
        read_feed(f"{server}/endless", max_mb=0.5)
    with pytest.raises(FeedError, match="max_mb="):
        read_feed(f"{server}/feed.xml", max_mb=0.0001)


def test_a_silent_server_is_given_up(server: str):
    with pytest.raises(FeedError, match=r"within 0\.2 s"):
        read_feed(f"{server}/silent", timeout_s=0.2)


@pytest.mark.parametrize(("kind", "said"), [("missing", "404"), ("moved-to-file", "cannot download")])
def test_an_answer_that_is_no_feed_is_said(server: str, kind: str, said: str):
    with pytest.raises(FeedError, match=said):
        read_feed(f"{server}/{kind}")


def test_an_address_is_told_without_its_secrets_and_kept_whole_to_be_read_again(server: str):
    address = f"{server.replace('//', '//me:hush@')}/missing?token=hush"
    with pytest.raises(FeedError) as caught:
        read_feed(address)
    assert "hush" not in str(caught.value) and f"{server}/missing?…" in str(caught.value)
    whole = address.replace("missing", "feed.xml")
    assert read_feed(whole).attrs["feedeval"]["source"] == whole


def test_a_server_that_is_not_there_is_said():
    with pytest.raises(FeedError, match="cannot download"):
        read_feed("http://127.0.0.1:9/feed.xml", timeout_s=2)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize("wrap", [lambda p: p, lambda p: {"total": 2, "products": p}, lambda p: {"data": {"items": p}}])
def test_json_arrays_are_found_where_they_are(wrap):
    assert read(_json(wrap(EXPECTED)))[0] == EXPECTED
    assert read(json.dumps(wrap(EXPECTED), indent=2).encode())[0] == EXPECTED


def test_json_lines_and_one_object_are_read():
    assert read(b"\n".join(_json(p) for p in EXPECTED))[0] == EXPECTED
    assert read(json.dumps({**EXPECTED[0], "reviews": [{"stars": 5}]}, indent=1).encode())[0][0]["id"] == "1"


def test_json_numbers_keep_their_digits_and_nothing_is_invented():
    (product,), _ = read(
        b'[{"id": 12345678901234567890, "title": "Lamp", "price": 10.50, "x": true, "gtin": null, "tags": []}]'
    )
    assert product == {"id": "12345678901234567890", "title": "Lamp", "price": "10.50", "x": "true"}


def test_json_structures_become_field_values():
    (product,), _ = read(
        _json(
            [
                {
                    "item_id": "1",
                    "title": "Lamp",
                    "url": "https://s/1",
                    "image_url": "https://i/1",
                    "seller_name": "Holm",
                    "price": {"value": "10.50", "currency": "EUR"},
                    "dimensions": {"width": 15.1, "parts": ["a", "b"]},
                    "warrantyInformation": "1 year",
                    "product_detail": {"Power": "9 W"},
                    "q_and_a": [{"q": "Dimmable?", "a": "Yes"}],
                    "shipping": {"country": "DE", "price": "4 EUR"},
                }
            ]
        )
    )
    assert product["link"] == "https://s/1"
    assert product["image_link"] == "https://i/1"
    assert product["seller_name"] == "Holm"
    assert product["price"] == "10.50 EUR"
    assert product["dimensions"] == {"width": "15.1", "parts": "a, b"}
    assert product["warranty_information"] == "1 year"
    assert product["product_detail"] == [{"attribute_name": "Power", "attribute_value": "9 W"}]
    assert product["question_and_answer"] == [{"question": "Dimmable?", "answer": "Yes"}]
    assert product["shipping"] == [{"country": "DE", "price": "4 EUR"}]


@pytest.mark.parametrize(
    ("text", "ids", "told"),
    [
        ('{"id":"1","title":"a"}\n{bad}\n{"id":"2","title":"b"}\n', ["1", "2"], "not valid JSON, left out: 1"),
        (
            '{"id":"1","title":"a"}\n{"id":"2","tit',
            ["1"],
            "ends in the middle of a product, which was left out: 1, line 2",
        ),
        ('[{"id":"1","title":"a"},\n{"id":"2","title":b},\n{"id":"3","title":"c"}]', ["1", "3"], "left out: 1"),
        ('[{"id":"1","title":"a"},\n{"id":"2","tit', ["1"], "left out: 1, line 2"),
        ('[{"id":"1","title":"a"}, 7]', ["1"], "not JSON objects"),
        ('[{"id":"1","title":"a"},]', ["1"], ""),
    ],
)
def test_broken_json_is_read_as_far_as_it_goes(text: str, ids: list[str], told: str):
    products, warning = read(text.encode())
    assert [p["id"] for p in products] == ids
    assert told in warning
    if told:
        with pytest.raises(FeedError):
            list(iter_feed(text.encode(), strict=True))


@pytest.mark.parametrize("text", ["[1, 2]", "{", '{"a" "b"}', "[[[[", '{"error": "no such shop"}', "[]", "[" * 100_000])
def test_json_that_is_no_feed_is_refused(text: str):
    with pytest.raises(FeedError):
        list(iter_feed(text.encode()))


def test_every_format_has_a_reader_and_words() -> None:
    assert set(READERS) == set(FORMATS) == set(Format)
