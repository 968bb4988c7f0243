"""Fetching images from addresses: what is followed, what is refused, what is bounded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import feedeval as fe
from feedeval.errors import BadImage, InputError
from feedeval.jobs.shadow import fetching
from feedeval.jobs.shadow.fetching import Fetcher, NoAnswer, check_address
from feedeval.records import Status
from tests.e2e.images import CLASSES, drawing, png
from tests.e2e.support import until
from tests.server import ModelServer

IMAGE = png(drawing(1, "red"))


class _Site(BaseHTTPRequestHandler):
    """Serves one image, and misbehaves at every other address."""

    tries: dict[str, int] = {}  # noqa: RUF012 - the class is the state of one test's server

    def do_GET(self) -> None:
        count = self.tries[self.path] = self.tries.get(self.path, 0) + 1
        path = self.path.partition("?")[0]
        if path == "/ok.png" or (path == "/flaky.png" and count > 1):
            self.answer(200, IMAGE)
        elif path == "/untyped":
            self.answer(200, IMAGE, kind="application/octet-stream")
        elif path == "/page.png":
            self.answer(200, b"<html>not here</html>", kind="text/html; charset=utf-8")
        elif path == "/announced.png":
            self.answer(200, b"", length=fetching.MAX_IMAGE_BYTES + 1)
        elif path == "/endless.png":
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            with_more = b"x" * 1_000_000
            for _ in range(fetching.MAX_IMAGE_BYTES // len(with_more) + 3):
                self.wfile.write(with_more)
        elif path == "/flaky.png":
            self.answer(503, b"")
        elif path.startswith("/hop"):
            left = int(path.removeprefix("/hop"))
            self.answer(302, b"", to=f"/hop{left - 1}" if left else "/ok.png")
        elif path == "/away":
            self.answer(302, b"", to="file:///etc/passwd")
        elif path == "/clouds":
            self.answer(302, b"", to="http://169.254.169.254/latest/meta-data/")
        else:
            self.answer(404, b"gone")

    def answer(
        self, status: int, body: bytes, *, kind: str = "image/png", to: str = "", length: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if to:
            self.send_header("Location", to)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def site() -> Iterator[str]:
    _Site.tries = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def fetched(address: str) -> bytes:
    async def fetch() -> bytes:
        fetcher = Fetcher(timeout_s=60)
        try:
            return await fetcher.get(address)
        finally:
            await fetcher.close()

    return asyncio.run(fetch())


@pytest.mark.parametrize("path", ["/ok.png", "/untyped", "/flaky.png", "/hop0", f"/hop{fetching.MAX_REDIRECTS - 1}"])
def test_images_are_fetched_over_redirects_and_after_a_server_that_was_unwell(site: str, path: str) -> None:
    assert fetched(site + path) == IMAGE


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/nosuch.png?token=secret", "answered 404"),
        ("/page.png", "answered text/html"),
        ("/announced.png", "larger than 20 MB"),
        ("/endless.png", "larger than 20 MB"),
        (f"/hop{fetching.MAX_REDIRECTS + 1}", "leads on more than 5 times"),
        ("/away", "no http"),
        ("/clouds", "surroundings"),
    ],
)
def test_what_is_no_image_is_refused(site: str, path: str, says: str) -> None:
    with pytest.raises(BadImage, match=says) as caught:
        fetched(site + path)
    assert "secret" not in str(caught.value)


def test_an_address_where_nobody_answers_is_told_from_one_without_an_image() -> None:
    with pytest.raises(NoAnswer, match="does not answer"):
        fetched("http://127.0.0.1:1/x.png")


@pytest.mark.parametrize(
    "address",
    [
        *("http://", "ftp://a/b.png", "//a/b.png", "http://a b/c", "http://[::1", "http://a:0/"),
        *("http://169.254.169.254/", "http://2852039166/x", "http://0xa9fea9fe/", "http://[::ffff:169.254.169.254]/"),
        "http://[fe80::1]/x.png",
    ],
)
def test_addresses_that_lead_nowhere_are_refused_before_anybody_is_asked(address: str) -> None:
    with pytest.raises(BadImage):
        check_address(address)


def test_fetched_images_are_sent_as_data_and_failures_are_their_rows_own(site: str, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    rows = [f"{n}.png,{site}/{path},red" for n, path in enumerate(("ok.png", "nosuch.png", "page.png", "hop1"))]
    table.write_text("\n".join(["filename,image_url,true_class", *rows, f"4.png,{site}/ok.png,blue"]))
    with ModelServer() as server:
        bodies = server.record_bodies()
        given = {"classes": CLASSES, "base_url": server.base_url, "progress": "none", "output_dir": tmp_path / "out"}
        frame = fe.run_shadow(table, fetch_images=True, **given)  # type: ignore[arg-type]
        # Three addresses, one image: it is asked about once.
        assert server.stats.accepted == 1
    images = [part["image_url"]["url"] for body in bodies for part in body["messages"][-1]["content"][1:]]
    assert all(image.startswith("data:image/png;base64,") for image in images)
    assert frame["status"].tolist() == ["done", "failed", "failed", "done", "done"]
    assert frame["error"][1].startswith("BadImage: line 3: ") and "404" in frame["error"][1]
    assert fe.load_session(output_dir=tmp_path / "out").progress.unreadable == 2


def test_an_engine_that_looks_at_pixels_says_that_addresses_have_to_be_fetched(site: str, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    head = "filename,image_url,true_class\n"
    table.write_text(f"{head}a.png,{site}/ok.png,red\nb.png,{site}/ok.png,blue\n")
    with pytest.raises(InputError, match="fetch_images=True fetches them"):
        fe.run_shadow(table, model="offline", output_dir=tmp_path / "out", progress="none")
    frame = fe.run_shadow(table, model="offline", output_dir=tmp_path / "out", progress="none", fetch_images=True)
    assert frame["predicted_class"].tolist() == ["red", "red"]


def test_a_network_that_is_gone_pauses_the_run_instead_of_failing_every_row(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    rows = [f"{n}.png,http://127.0.0.1:1/{n}.png,{colour}" for n, colour in enumerate(("red", "blue"))]
    table.write_text("\n".join(["filename,image_url,true_class", *rows]))
    away = ModelServer().start()
    away.stop()
    given = {"classes": CLASSES, "base_url": away.base_url, "progress": "none", "output_dir": tmp_path / "out"}
    run = fe.start_shadow(table, fetch_images=True, **given)  # type: ignore[arg-type]
    until(lambda: run.snapshot().status is Status.PAUSED, "the pause")
    assert "network" in run.snapshot().status_reason and not run.snapshot().counts.failed
    back = ModelServer().start(away.port)
    try:
        # The endpoint is there again, and so it was the images that are gone.
        assert run.wait(60).counts.failed == 2
    finally:
        back.stop()
    assert run.session().failures["error_type"].tolist() == ["BadImage", "BadImage"]
