"""Pages over real HTTP: fetched once and politely, kept on disk, refused where they should be, read as they are."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from feedeval.errors import InputError
from feedeval.feed.addresses import is_public, names_this_network
from feedeval.feed.pages.cache import PageCache
from feedeval.feed.pages.limits import PageLimits
from feedeval.feed.pages.page import Page, Stored, read
from feedeval.feed.pages.pages import COLUMNS
from feedeval.feed.pages.read_pages import read_pages
from feedeval.feed.pages.saved import file_name
from feedeval.feed.pages.session import PublicResolver, RefusedError
from tests.feed.pages import shop

QUICK = PageLimits(pause_s=0, timeout_s=2, max_mb=1)
PAGE = "<html><head><title>Lamp</title></head><body><main><h1>Lamp</h1><p>Made of brass.</p></main></body></html>"


def links(base: str, *numbers: int) -> list[dict[str, Any]]:
    return [{"id": f"P-{number}", "link": f"{base}/p/{number}"} for number in numbers]


def one(html: str | bytes, link: str = "https://shop.example/p/1") -> Page:
    return read_pages([{"id": "1", "link": link}], pages={link: html})[0]


def test_a_page_is_asked_for_once_however_many_products_share_it(tmp_path: Path) -> None:
    with shop.opened() as (base, counting):
        feed = shop.feed_of(base)
        pages = read_pages(feed, cache_dir=tmp_path, allow_private=True, limits=QUICK, progress=False)
        assert set(counting.asked.values()) == {1}
        assert counting.asked["/group/b"] == 1
        assert counting.agents == {next(iter(counting.agents))} and "feedeval/" in next(iter(counting.agents))
        assert {place for place, page in enumerate(pages) if page.problem} == shop.WITHOUT_PAGE
        before = Counter(counting.asked)
        read_pages(feed, cache_dir=tmp_path, allow_private=True, limits=QUICK, progress=False)
        again = {path for path, count in counting.asked.items() if count > before[path]}
        assert again == {"/p/45", "/p/47"}, "only what may pass is tried again"


def test_the_frame_has_a_row_a_product(tmp_path: Path) -> None:
    with shop.opened() as (base, _):
        pages = read_pages(links(base, 0, 1, 2, 3, 49, 50), cache_dir=None, allow_private=True, limits=QUICK)
        frame = pages.frame()
    assert tuple(frame.columns) == COLUMNS
    assert list(frame["status"]) == [200, 200, 200, 200, 410, 200]
    assert frame["final_url"].iloc[5].endswith("/p/50?moved=1")
    offered = frame["structured"].iloc[0][0]
    assert offered["syntax"] == "json-ld" and offered["price"] == "49.90 EUR"
    assert [row[0]["syntax"] for row in frame["structured"].iloc[:4]] == ["json-ld", "json-ld", "microdata", "rdfa"]
    assert frame["text"].str.contains("long journeys").sum() == 5
    assert not frame["text"].str.contains("may also like|Free shipping|items return").any()
    assert pd.to_datetime(frame["fetched"], utc=True).notna().all()


def test_robots_are_kept_to_and_may_be_overruled_for_ones_own_shop(tmp_path: Path) -> None:
    with shop.opened() as (base, counting):
        refused = read_pages(links(base, 48), cache_dir=tmp_path, allow_private=True, limits=QUICK)
        assert "robots.txt" in refused[0].problem and counting.asked["/p/48"] == 0
        own = PageLimits(pause_s=0, robots=False)
        assert read_pages(links(base, 48), cache_dir=tmp_path, allow_private=True, limits=own)[0].is_read


def test_a_host_is_asked_after_a_pause(tmp_path: Path) -> None:
    with shop.opened() as (base, _):
        began = time.monotonic()
        limits = PageLimits(pause_s=0.2)
        read_pages(links(base, 0, 1, 2, 3), cache_dir=tmp_path, allow_private=True, limits=limits, progress=False)
        assert time.monotonic() - began >= 0.6


def test_nothing_inside_this_network_is_asked_without_leave(tmp_path: Path) -> None:
    with shop.opened() as (base, counting):
        pages = read_pages(links(base, 0), cache_dir=tmp_path, limits=QUICK)
        assert "inside a network of its own" in pages[0].problem and not counting.asked
        port = base.rpartition(":")[2]
        named = [
            f"http://{host}:{port}/p/0" for host in ("localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]")
        ]
        strange = [
            "file:///etc/passwd",
            "ftp://shop.example/a",
            "javascript:alert(1)",
            "http://[",
            "http://:0/",
            "not a link",
        ]
        feed = [{"id": str(number), "link": link} for number, link in enumerate([*named, *strange])]
        assert all(page.problem for page in read_pages(feed, cache_dir=tmp_path, limits=QUICK, progress=False))
        assert not counting.asked


def test_a_redirect_into_a_network_is_refused_even_where_the_shop_itself_is_inside_one(tmp_path: Path) -> None:
    with shop.opened() as (base, _):
        page = read_pages(links(base, 47), cache_dir=tmp_path, allow_private=True, limits=QUICK)[0]
    assert page.problem.startswith("10.255.255.1 is inside a network of its own")


def test_a_name_is_refused_that_resolves_to_this_machine() -> None:
    async def resolved(trusted: frozenset[str]) -> int:
        resolver = PublicResolver(trusted)
        try:
            return len(await resolver.resolve("localhost", 80))
        finally:
            await resolver.close()

    with pytest.raises(RefusedError):
        asyncio.run(resolved(frozenset()))
    assert asyncio.run(resolved(frozenset({"localhost"})))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fe80::1%eth0", "localhost", "a.localhost."]
)
def test_addresses_of_this_network_are_known_by_their_words(host: str) -> None:
    assert names_this_network(host) and not is_public(host)


def test_what_hangs_is_left_and_what_is_huge_is_cut(tmp_path: Path) -> None:
    with shop.opened() as (base, _):
        limits = PageLimits(pause_s=0, timeout_s=1, max_mb=1)
        pages = read_pages(links(base, 45, 46), cache_dir=tmp_path, allow_private=True, limits=limits, progress=False)
        assert "does not answer within 1 s" in pages[0].problem
        assert pages[1].is_read and "longer than what was read" in pages[1].notes[0]
        assert pages[1].structured or "€49.90" in pages[1].text
        assert sum(path.stat().st_size for path in tmp_path.rglob("*.gz")) < 1_000_000


def test_a_host_that_never_answers_is_left_alone(tmp_path: Path) -> None:
    feed = [{"id": str(number), "link": f"http://127.0.0.1:9/p/{number}"} for number in range(12)]
    pages = read_pages(feed, cache_dir=tmp_path, allow_private=True, limits=QUICK, progress=False)
    assert sum("was not asked" in page.problem for page in pages) >= 5


KILLED = """
import sys
from feedeval.feed.pages.limits import PageLimits
from feedeval.feed.pages.read_pages import read_pages
base, cache = sys.argv[1:]
feed = [{"id": str(n), "link": f"{base}/p/{n}"} for n in range(40)]
read_pages(feed, cache_dir=cache, allow_private=True, limits=PageLimits(pause_s=0.1), progress=False)
"""


def test_after_a_kill_no_page_that_was_kept_is_asked_for_again(tmp_path: Path) -> None:
    with shop.opened() as (base, counting):
        process = subprocess.Popen([sys.executable, "-c", KILLED, base, str(tmp_path)])
        while len(list(tmp_path.rglob("*.page.gz"))) < 8:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        cache = PageCache(tmp_path, max_age_days=1)
        feed = links(base, *range(40))
        kept = [product["link"] for product in feed if cache.is_fresh(product["link"])]
        before = Counter(counting.asked)
        pages = read_pages(feed, cache_dir=tmp_path, allow_private=True, limits=QUICK, progress=False)
        paths = {link.removeprefix(base) for link in kept} | {"/robots.txt"}
        assert len(kept) >= 7 and all(counting.asked[path] == before[path] for path in paths)
        assert all(page.is_read for page in pages)


def test_it_works_inside_a_loop_that_runs_as_a_notebooks_does(tmp_path: Path) -> None:
    async def cell() -> str:
        with shop.opened() as (base, _):
            return read_pages(links(base, 0), cache_dir=tmp_path, allow_private=True, limits=QUICK)[0].title

    assert asyncio.run(cell()) == "Fjellby kettle no. 0"


def test_a_damaged_or_old_page_of_the_cache_is_asked_for_again(tmp_path: Path) -> None:
    with shop.opened() as (base, counting):
        feed = links(base, 0, 1)
        read_pages(feed, cache_dir=tmp_path, allow_private=True, limits=QUICK)
        cache = PageCache(tmp_path, max_age_days=1)
        damaged = cache._path(feed[0]["link"])
        damaged.write_bytes(damaged.read_bytes()[:30])
        assert read_pages(feed, cache_dir=tmp_path, allow_private=True, limits=QUICK)[0].is_read
        assert (counting.asked["/p/0"], counting.asked["/p/1"]) == (2, 1)
        anew = PageLimits(pause_s=0, max_age_days=0)
        read_pages(feed, cache_dir=tmp_path, allow_private=True, limits=anew)
        assert counting.asked["/p/1"] == 2


def test_an_unwritable_cache_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with shop.opened() as (base, _), pytest.raises(InputError, match="cache_dir"):
        read_pages(links(base, 0), cache_dir=tmp_path / "file", allow_private=True, limits=QUICK, progress=False)


def test_memory_does_not_grow_with_the_pages(tmp_path: Path) -> None:
    cache = PageCache(tmp_path, max_age_days=1)
    feed = [{"id": str(number), "link": f"https://shop.example/{number}"} for number in range(100)]
    body = PAGE.encode() + b"<p>It is made of brass and of glass.</p>" * 40 + b"<!-- more -->" * 20_000
    for product in feed:
        cache.save(Stored(product["link"], body, "text/html", product["link"], 200, "2999-01-01T00:00:00+00:00"))
    pages = read_pages(feed, cache_dir=tmp_path)
    next(iter(pages))
    tracemalloc.start()
    assert sum(page.is_read for page in pages) == 100
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6 < 100 * len(body)


def test_saved_pages_are_found_by_id_or_by_the_address_inside(tmp_path: Path) -> None:
    (tmp_path / "TNT-104.html").write_text(PAGE.replace("Lamp", "Tent"))
    (tmp_path / "deep").mkdir()
    canonical = '<link rel="canonical" href="https://shop.example/p/lamp">'
    (tmp_path / "deep" / "save0001.htm").write_text(PAGE.replace("</head>", f"{canonical}</head>"))
    (tmp_path / f"{file_name('A/7')}.html").write_text(PAGE.replace("Lamp", "Stove"))
    feed = [
        {"id": "TNT-104", "link": "https://shop.example/t"},
        {"id": "L", "link": "https://shop.example/p/lamp?utm_source=feed"},
        {"id": "A/7", "link": "https://shop.example/a7"},
        {"id": "none", "link": "https://shop.example/none"},
        {"id": "../TNT-104", "link": ""},
    ]
    pages = read_pages(feed, folder=tmp_path)
    assert [page.title for page in pages] == ["Tent", "Lamp", "Stove", "", ""]
    assert pages[3].problem == "there is no page for it"


def test_pages_come_as_a_mapping_or_a_frame() -> None:
    feed = [{"id": "1", "link": "https://shop.example/1"}, {"id": "2", "link": "https://shop.example/2"}]
    for given in (
        {"https://shop.example/1": PAGE, "2": PAGE.encode()},
        pd.DataFrame({"link": ["https://shop.example/1", "2"], "html": [PAGE, PAGE]}),
    ):
        assert [page.title for page in read_pages(feed, pages=given)] == ["Lamp", "Lamp"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pages": {}}, "no page"),
        ({"pages": {"a": 3}}, "int"),
        ({"pages": pd.DataFrame({"x": [1]})}, "link"),
        ({"folder": "/nowhere/at/all"}, "no folder"),
        ({"folder": ".", "pages": {"a": "b"}}, "both"),
    ],
)
def test_what_cannot_be_used_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_pages([{"id": "1", "link": "https://shop.example/1"}], **given)


@pytest.mark.parametrize(
    "limit", [{"at_once": 0}, {"timeout_s": -1}, {"max_mb": 0}, {"pause_s": -1}, {"max_age_days": -1}]
)
def test_limits_out_of_range_are_named(limit: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(limit))):
        PageLimits(**limit)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("<h1>Müsli für 5 €</h1>".encode("cp1252"), "text/html; charset=utf-8"),
        ("<h1>Müsli für 5 €</h1>".encode(), "text/html; charset=iso-8859-1x"),
        ('<meta charset="iso-8859-1"><h1>Müsli für 5 €</h1>'.encode("cp1252"), ""),
        ("<h1>Müsli für 5 €</h1>".encode("utf-16"), "text/html"),
        ("\ufeff<h1>Müsli für 5 €</h1>".encode(), "text/html; charset=latin-1"),
    ],
)
def test_wrong_encodings_are_read(content: bytes, kind: str) -> None:
    assert read(Stored("https://a.example/", content, kind)).title == "Müsli für 5 €"


@pytest.mark.parametrize(
    "trap",
    [
        "<div>" * 200_000,
        "<div itemscope itemtype='https://schema.org/Product'>" * 20_000,
        "<p><b><i>" * 60_000,
        '<script type="application/ld+json">' + '{"@graph":[' * 50_000 + "</script>",
        '<script type="application/ld+json">' + json.dumps([{"@type": "Product", "name": "x"}] * 20_000) + "</script>",
        '<div itemscope itemtype="https://schema.org/Product" itemref="a"><p id="a" itemprop="name" itemref="a">',
    ],
)
def test_traps_end(trap: str) -> None:
    # Read without its limits, each takes minutes or fails, which the time that a test may take would show.
    page = one(f"<body><h1>Lamp</h1>{trap}")
    assert page.title == "Lamp" and len(page.structured) <= 500


def test_a_broken_script_is_noted_and_the_next_one_read() -> None:
    good = shop.script({"@type": "Product", "name": "Lamp", "sku": "7"})
    page = one(f'<head><script type="application/ld+json">{{"name": </script>{good}</head><h1>Lamp</h1>')
    assert [offered.fields["id"] for offered in page.structured] == ["7"]
    assert page.notes[0].startswith("JSON-LD script 1 cannot be read")
