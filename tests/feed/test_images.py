from __future__ import annotations

import io
import json
import struct
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from feedeval.errors import InputError
from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.picture_sizes import ImageLimits, measured
from tests.feed.check_cases import CLEAN, Product

NOW = datetime(2026, 11, 20, tzinfo=UTC)
LATER = datetime(2027, 2, 1, tzinfo=UTC)


def picture(kind: str, width: int, height: int, **how: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "steelblue").save(file, kind, **how)
    return file.getvalue()


def vast_png(width: int, height: int) -> bytes:
    """The beginning of a picture that nobody would want to unpack."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100))


GOOD = picture("JPEG", 800, 600)
PAGES: dict[str, tuple[int, bytes]] = {
    "/good.jpg": (200, GOOD),
    "/good.png": (200, picture("PNG", 600, 600)),
    "/good.webp": (200, picture("WEBP", 700, 700)),
    "/good.gif": (200, picture("GIF", 700, 700)),
    "/small.jpg": (200, picture("JPEG", 300, 300)),
    "/apparel.jpg": (200, picture("JPEG", 200, 200)),
    "/tiny.gif": (200, picture("GIF", 1, 1)),
    "/flat.png": (200, picture("PNG", 900, 90)),
    "/vast.png": (200, vast_png(9000, 9000)),
    "/bomb.png": (200, vast_png(60_000, 60_000)),
    "/drawing": (200, b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    "/new": (200, b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf" + b"\0" * 200),
    "/page": (200, b"<!DOCTYPE html><html><body>Not found</body></html>"),
    "/empty": (200, b""),
    "/noise.jpg": (200, bytes(range(256)) * 40),
    "/torn.jpg": (200, GOOD[:20]),
    "/gone.jpg": (404, b"no"),
    "/broken.jpg": (500, b"no"),
    "/down.jpg": (503, b"no"),
}


class _Shop(BaseHTTPRequestHandler):
    asked: Counter[str]
    at_once: list[int]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.asked[path] += 1
        self.at_once.append(self.at_once[-1] + 1)
        try:
            self._answer(path)
        except OSError:
            pass  # what was asked for has been seen, and the asker has gone
        finally:
            self.at_once.append(self.at_once[-1] - 1)

    def _answer(self, path: str) -> None:
        if path in PAGES:
            self._send(*PAGES[path], **{"Retry-After": "0"})
        elif path == "/loop":
            self._send(302, b"", Location="/loop")
        elif path == "/moved.jpg":
            self._send(301, b"", Location="/good.jpg")
        elif path == "/away":
            self._send(302, b"", Location="file:///etc/passwd")
        elif path == "/busy.jpg":
            self._send(429, b"", **{"Retry-After": "0"})
        elif path == "/busy-once.jpg":
            first = self.asked[path] == 1
            self._send(*((503, b"") if first else (200, GOOD)), **{"Retry-After": "0"})
        elif path == "/silent.jpg":
            time.sleep(1.5)
            self._send(200, GOOD)
        elif path == "/endless.jpg":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(GOOD)
            while True:
                self.wfile.write(bytes(100_000))
        elif path == "/drip.jpg":
            self.send_response(200)
            self.end_headers()
            for _ in range(60):
                self.wfile.write(b"\xff")
                time.sleep(0.1)
        elif path == "/heavy.jpg":
            self.send_response(200)
            self.send_header("Content-Length", "20000000")
            self.end_headers()
            self.wfile.write(GOOD)
        elif path == "/short.jpg":
            self.send_response(200)
            self.send_header("Content-Length", "50000")
            self.end_headers()
            self.wfile.write(GOOD[:10])

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def shop() -> Iterator[str]:
    _Shop.asked, _Shop.at_once = Counter(), [0]
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Shop)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def limits(**changes: Any) -> ImageLimits:
    return ImageLimits(**{"allow_private": True, "timeout_s": 1.0, **changes})


def said(product: Product | list[Product], target: str = "google", now: datetime = NOW, **how: Any) -> pd.DataFrame:
    feed = product if isinstance(product, list) else [product]
    found = check_feed(feed, target=target, now=now, locale="en", check_images=limits(**how))
    return found[found["check"].str.startswith("image") & found["field"].str.contains("image")]


@pytest.mark.parametrize("path", ["/good.jpg", "/good.png", "/good.webp", "/good.gif", "/moved.jpg", "/busy-once.jpg"])
def test_a_good_picture_is_no_finding(shop: str, path: str) -> None:
    found = said({**CLEAN, "image_link": shop + path})
    assert found.empty, found.to_string()


@pytest.mark.parametrize(
    ("path", "check", "message"),
    [
        (
            "/small.jpg",
            "image_too_small",
            "300 x 300 pixels; Google asks for 500 x 500 or more; disapproved from 2027-01-31",
        ),
        ("/tiny.gif", "image_too_small", "1 x 1 pixels; Google asks for 100 x 100 or more"),
        ("/flat.png", "image_too_small", "900 x 90 pixels; Google asks for 100 x 100 or more"),
        ("/vast.png", "image_too_large", "81 megapixels; Google takes 64"),
        ("/bomb.png", "image_too_large", "megapixels; Google takes 64"),
        ("/heavy.jpg", "image_too_large", "20.0 MB; Google takes 16"),
        ("/drawing", "image_type", "is SVG; Google takes jpeg"),
        ("/new", "image_type", "is AVIF"),
        ("/page", "image_unreachable", "web page"),
        ("/empty", "image_unreachable", "no picture"),
        ("/noise.jpg", "image_unreachable", "no picture"),
        ("/torn.jpg", "image_unreachable", "broken"),
        ("/short.jpg", "image_unreachable", "cannot be read"),
        ("/gone.jpg", "image_unreachable", "answers 404"),
        ("/broken.jpg", "image_unreachable", "answers 500"),
        ("/loop", "image_unreachable", "leads on more than 5 times"),
        ("/away", "image_unreachable", "no http(s) address"),
        ("/silent.jpg", "image_unreachable", "does not answer within 1 s"),
        ("/drip.jpg", "image_unreachable", "takes longer than 2 s"),
    ],
)
def test_what_is_wrong_with_a_picture_is_said(shop: str, path: str, check: str, message: str) -> None:
    found = said({**CLEAN, "image_link": shop + path})
    assert list(found["check"]) == [check], found.to_string()
    assert message in found["message"].iloc[0]
    assert found["value"].iloc[0] == shop + path
    assert found["product_id"].iloc[0] == "B-1"


def test_a_server_that_stays_unwell_is_reported(shop: str) -> None:
    found = said({**CLEAN, "image_link": f"{shop}/down.jpg"})
    assert list(found["message"]) == ["the picture answers 503"]


def test_a_host_that_says_it_is_asked_too_often_is_left_alone(shop: str) -> None:
    feed = [{**CLEAN, "id": str(n), "image_link": f"{shop}/busy.jpg?{n}"} for n in range(30)]
    found = said(feed, at_once_per_host=1)
    assert list(found["check"]) == ["images_sampled"]
    assert "0 of 30" in found["message"].iloc[0]
    assert _Shop.asked["/busy.jpg"] == 2


def test_what_counts_is_the_day_and_the_category(shop: str) -> None:
    small = {**CLEAN, "image_link": f"{shop}/small.jpg"}
    assert "from" not in said(small, now=LATER)["message"].iloc[0]
    shirt = {**CLEAN, "image_link": f"{shop}/apparel.jpg", "google_product_category": "212"}
    assert "asks for 250 x 250 or more" in said(shirt)["message"].iloc[0]
    assert "from 2027-01-31" in said({**shirt, "google_product_category": "223"})["message"].iloc[0]


def test_a_size_that_is_only_asked_for_later_is_no_error_until_then(shop: str) -> None:
    small, tiny = ({**CLEAN, "image_link": f"{shop}/{name}"} for name in ("small.jpg", "tiny.gif"))
    shown = ["severity", "consequence", "since"]
    assert said(small)[shown].iloc[0].tolist() == ["warning", "disapproved", "2027-01-31"]
    assert said(small)["message"].iloc[0].endswith("disapproved from 2027-01-31")
    assert said(small, now=LATER)[shown].iloc[0].tolist() == ["error", "disapproved", "2027-01-31"]
    assert said(tiny)[shown].iloc[0].tolist() == ["error", "disapproved", ""]


def test_other_destinations_have_rules_of_their_own(shop: str) -> None:
    assert "Meta asks for 500 x 500" in said({**CLEAN, "image_link": f"{shop}/small.jpg"}, "meta")["message"].iloc[0]
    gone = {**CLEAN, "image_link": f"{shop}/gone.jpg"}
    assert list(said(gone, "openai")["check"]) == ["image_unreachable"]


def test_further_pictures_are_looked_at_and_each_address_once(shop: str) -> None:
    more = [f"{shop}/good.png", f"{shop}/gone.jpg"]
    feed = [{**CLEAN, "id": str(n), "image_link": f"{shop}/good.jpg", "additional_image_link": more} for n in range(3)]
    found = said(feed)
    assert list(zip(found["field"], found["product_id"], strict=True)) == [
        ("additional_image_link", str(n)) for n in range(3)
    ]
    assert _Shop.asked == {"/good.jpg": 1, "/good.png": 1, "/gone.jpg": 1}


def test_of_many_pictures_a_part_is_looked_at_and_said_so(shop: str) -> None:
    feed = [{**CLEAN, "id": str(n), "image_link": f"{shop}/good.jpg?{n}"} for n in range(50)]
    found = said(feed, max_images=10, at_once_per_host=2)
    assert list(found["message"]) == ["10 of 50 pictures were looked at"]
    assert _Shop.asked["/good.jpg"] == 10
    assert max(_Shop.at_once) <= 2


def test_no_more_is_read_of_a_picture_than_its_size_takes(shop: str) -> None:
    assert said({**CLEAN, "image_link": f"{shop}/endless.jpg"}).empty


def test_no_picture_is_asked_for_after_the_time_or_the_bytes_are_used_up(shop: str) -> None:
    feed = [{**CLEAN, "id": str(n), "image_link": f"{shop}/good.jpg?{n}"} for n in range(20)]
    found = said(feed, max_mb=0.02, at_once=1)
    assert list(found["check"]) == ["images_sampled"]
    assert 0 < _Shop.asked["/good.jpg"] < 20
    said([{**CLEAN, "image_link": f"{shop}/gone.jpg"}], max_s=1e-9)
    assert not _Shop.asked["/gone.jpg"]


@pytest.mark.parametrize(
    "address",
    ["http://{host}/good.jpg", "http://localhost:9/x.jpg", "http://[::1]:9/x.jpg", "http://2130706433:9/x.jpg"],
)
def test_this_machine_and_its_network_are_not_asked(shop: str, address: str) -> None:
    product = {**CLEAN, "image_link": address.format(host=shop.removeprefix("http://"))}
    found = said(product, allow_private=False)
    assert "inside a network of its own" in found["message"].iloc[0]
    assert not _Shop.asked


def test_what_was_seen_is_kept_only_where_that_is_asked_for(shop: str, tmp_path: Path) -> None:
    cache = tmp_path / "seen.json"
    feed = [{**CLEAN, "image_link": f"{shop}/small.jpg", "additional_image_link": [f"{shop}/gone.jpg"]}]
    first = said(feed, cache=cache)
    second = said(feed, cache=cache)
    assert first["message"].tolist() == second["message"].tolist()
    # What did not answer is asked again.
    assert _Shop.asked == {"/small.jpg": 1, "/gone.jpg": 2}
    assert list(json.loads(cache.read_text())) == [f"{shop}/small.jpg"]
    cache.write_text("[]")
    said(feed, cache=cache)
    assert _Shop.asked["/small.jpg"] == 2


def test_no_picture_is_asked_for_unless_wanted(shop: str) -> None:
    check_feed([{**CLEAN, "image_link": f"{shop}/good.jpg"}], now=NOW)
    assert not _Shop.asked


def test_limits_have_to_be_above_nothing() -> None:
    with pytest.raises(InputError, match="max_images=0"):
        ImageLimits(max_images=0)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (picture("JPEG", 31, 17, exif=b"Exif\0\0" + b"\0" * 40_000), ("jpeg", 31, 17)),
        (picture("WEBP", 31, 17), ("webp", 31, 17)),
        (picture("WEBP", 31, 17, lossless=True), ("webp", 31, 17)),
        (picture("WEBP", 31, 17, exif=b"Exif\0\0MM"), ("webp", 31, 17)),
        (picture("BMP", 31, 17), ("bmp", 31, 17)),
        (picture("TIFF", 31, 17), ("tiff", 31, 17)),
    ],
)
def test_the_size_is_told_by_the_beginning(data: bytes, size: tuple[str, int, int]) -> None:
    found = measured(data)
    assert found is not None
    assert found[:3] == size
    assert measured(data[:8]) is None
