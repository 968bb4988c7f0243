"""Frames of products, repeats, real feeds, memory, and whatever bytes there are."""

from __future__ import annotations

import json
import random
import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedeval.errors import FeedError, InputError
from feedeval.feed.parsing.faults import FeedWarning
from feedeval.feed.parsing.product import BuiltProducts
from feedeval.feed.reader import deduplicate, iter_feed, products, read_feed
from feedeval.feed.source import FeedSource
from tests.feed.feeds import item, read, rss


def test_a_frame_has_objects_and_none_and_plain_attrs():
    frame = read_feed(rss(item(1, "<g:color>red</g:color>"), item(2)).encode())
    assert all(dtype is np.dtype(object) for dtype in frame.dtypes)
    assert frame.loc[1, "color"] is None
    note = frame.attrs["feedeval"]
    assert note == {"source": "the given data", "format": "rss", "count": 2, "warnings": [], "title": "Lamps"}
    assert json.loads(json.dumps(note)) == note
    assert frame.equals(frame.copy())


def test_warnings_are_kept_with_the_frame():
    with pytest.warns(FeedWarning, match="2 products read"):
        frame = read_feed(rss(item(1), item(2, "<g:color>a & b</g:color>")).encode())
    assert 'bare "&"' in frame.attrs["feedeval"]["warnings"][0]


def test_a_warning_names_the_line_that_asked():
    with pytest.warns(FeedWarning) as caught:
        read_feed(rss(item(1, "<g:color>a & b</g:color>")).encode())
    assert caught[0].filename == __file__


def test_products_of_a_frame_are_those_that_were_read():
    feed = rss(
        item(1, "<g:color>a &amp;amp; b</g:color><g:shipping><g:country>DE</g:country></g:shipping>"), item(2)
    ).encode()
    read_once = list(iter_feed(feed))
    assert list(products(read_feed(feed))) == read_once
    assert list(products(read_once)) == read_once
    assert list(products(feed)) == read_once
    assert "_double_escaped" in read_once[0]


def test_products_of_someones_own_frame_are_text():
    frame = pd.DataFrame(
        {"ID": [1, 2], "Name": ["Lamp", None], "Price": [9.5, float("nan")], "gtin": [4006381333931.0, None]}
    )
    assert list(products(frame)) == [{"id": "1", "title": "Lamp", "price": "9.5", "gtin": "4006381333931"}, {"id": "2"}]


@pytest.mark.parametrize("columns", [[0, 1], ["x", "y"], pd.MultiIndex.from_tuples([("a", "id"), ("a", "title")])])
def test_a_frame_without_any_attribute_of_a_product_is_refused(columns: Any):
    frame = pd.DataFrame([["1", "Lamp"]], columns=columns)
    with pytest.raises(FeedError, match="none of the attributes"):
        list(products(frame))


def test_products_of_anything_else_are_refused():
    with pytest.raises(FeedError, match="int"):
        list(products(5))  # type: ignore[arg-type]
    with pytest.raises(FeedError, match="str"):
        list(products(["a", "b"]))  # type: ignore[list-item]


def test_deduplicate_drops_repeats_says_how_many_and_changes_nothing_given():
    frame = read_feed(
        b"id,title,link\n1,Lamp,https://s/1?utm_source=x\n1,Lamp,https://s/2\n,Vase,https://s/1\n,Bowl,\n"
    )
    with pytest.warns(FeedWarning, match="1 of 4 rows repeat the id"):
        kept = deduplicate(frame)
    assert list(kept["title"]) == ["Lamp", "Vase", "Bowl"]
    assert kept.attrs["feedeval"]["count"] == 3
    assert frame.attrs["feedeval"]["warnings"] == []
    assert len(frame) == 4
    with pytest.warns(FeedWarning, match="link"):
        assert len(deduplicate(frame, by="link")) == 3
    with pytest.raises(InputError, match="no such column"):
        deduplicate(frame, by="item_group_id")


def _many(kind: str, path: Path, count: int) -> Path:
    with path.open("w") as file:
        if kind == "tsv":
            file.write("id\ttitle\tdescription\tprice\n")
            file.writelines(f"{n}\tLamp {n}\t{'Warm light. ' * 8}\t9 EUR\n" for n in range(count))
        elif kind == "json":
            file.write("[")
            file.writelines(f'{"," if n else ""}{{"id":{n},"title":"Lamp {n}","price":9.50}}\n' for n in range(count))
            file.write("]")
        else:
            file.write(rss().partition("</channel>")[0])
            broken = count // 2 if kind == "broken xml" else -1
            file.writelines(item(n, "<g:color>a & b</g:color>" if n == broken else "") for n in range(count))
            file.write("</channel></rss>")
    return path


@pytest.mark.parametrize("kind", ["xml", "broken xml", "tsv", "json"])
def test_memory_does_not_grow_with_the_feed(kind: str, tmp_path: Path):
    def peak_kb(count: int) -> float:
        path = _many(kind, tmp_path / f"{count}", count)
        tracemalloc.start()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert sum(1 for _ in iter_feed(path)) == count
            return tracemalloc.get_traced_memory()[1] / 1024
        finally:
            tracemalloc.stop()

    peak_kb(1_000)
    assert peak_kb(12_000) < 1.3 * peak_kb(4_000) + 200


def test_a_long_xml_feed_keeps_the_process_small(tmp_path: Path):
    # lxml's own memory is not traced by Python: look at the process.
    psutil = pytest.importorskip("psutil")
    path = _many("xml", tmp_path / "feed.xml", 40_000)
    process = psutil.Process()
    sizes = [process.memory_info().rss for n, _ in enumerate(iter_feed(path)) if n % 8_000 == 7_000]
    assert sizes[-1] - sizes[0] < 8_000_000


SEEDS = [
    rss(item(1, "<g:color><![CDATA[a & b]]></g:color>"), item(2)).encode(),
    b'id\ttitle\tshipping\n1\t"Lamp\tDE:::4 EUR\n2\tVase\n',
    b'[{"id": 1, "title": "Lamp", "dimensions": {"width": 1}}, {"id": 2, "title": "Vase"}]',
    b'{"id": 1, "title": "Lamp"}\n{"id": 2, "title": "Vase"}\n',
    b"Handle,Title,Option1 Name,Option1 Value,Variant Price\nv,Vase,Size,L,9\nv,,,S,8\n",
]


@settings(max_examples=150, deadline=None)
@given(seed=st.sampled_from(SEEDS), changes=st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=6)), max_size=6))
def test_no_damage_raises_anything_but_feed_error(seed: bytes, changes: list[tuple[int, bytes]]):
    data = bytearray(seed)
    for position, piece in changes:
        data[position : position + len(piece) // 2] = piece
    _read_or_refuse(bytes(data))


@settings(max_examples=80, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass"))))
def test_no_bytes_raise_anything_but_feed_error(data: bytes):
    _read_or_refuse(data)


def _read_or_refuse(data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = list(iter_feed(data))
        except FeedError:
            return
    assert found
    json.dumps(found, ensure_ascii=False).encode("utf-8")


SHARED = {
    "importpc_cz_rss_1255.xml": (1255, 1254, "rss"),
    "derived_importpc_1255.tsv.gz": (1255, 1254, "tsv"),
    "derived_importpc_1255.jsonl": (1255, 1254, "jsonl"),
    "samsung_kz_atom_663.xml": (663, 663, "atom"),
    "lecc_us_google_160.tsv": (160, 160, "tsv"),
    "bath_jp_meta_271.csv": (271, 271, "csv"),
    "dummyjson_194.json": (194, 194, "json"),
    # Two of its 24 rows are products of which the variations stand in the file.
    "woocommerce_sample_24.csv": (22, 22, "csv"),
    "shopify_home_garden_sample.csv": (21, 21, "csv"),
}


@pytest.mark.parametrize("name", SHARED)
def test_real_feeds_give_all_their_products_without_a_warning(shared: Path, name: str):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = read_feed(shared / "feeds" / name)
    assert (len(frame), frame["id"].nunique(), frame.attrs["feedeval"]["format"]) == SHARED[name]


def test_one_feed_in_three_formats_gives_the_same_products(shared: Path):
    names = [name for name in SHARED if "importpc" in name]
    first, *others = [list(iter_feed(shared / "feeds" / name)) for name in names]
    assert all(other == first for other in others)


def test_samsungs_quirks_are_read_right(shared: Path):
    frame = read_feed(shared / "feeds" / "samsung_kz_atom_663.xml")
    assert frame["shipping"].notna().sum() == 661
    assert frame["product_detail"].notna().sum() == 108
    assert sum(len(details) for details in frame["product_detail"].dropna()) == 6177
    assert frame["_double_escaped"].notna().sum() == 619
    assert frame["image_link"].isna().sum() == 15
    assert frame["price"].isna().sum() == 2


@pytest.mark.parametrize(
    ("name", "count", "told"),
    [
        ("control_char.xml", 90, "line 27"),
        ("no_gns_decl.xml", 90, "g:"),
        ("truncated.xml", 35, "line 673"),
        ("unescaped_amp.xml", 90, "line 33"),
        ("wrong_encoding.xml", 90, "cp1252"),
        ("ragged.tsv", 5, "line 3"),
    ],
)
def test_malformed_feeds_are_read_with_a_warning(shared: Path, name: str, count: int, told: str):
    path = shared / "feeds" / f"derived_malformed_{name}"
    found, warning = read(path)
    assert len(found) == count
    assert told in warning
    with pytest.raises(FeedError):
        list(iter_feed(path, strict=True))


@pytest.mark.parametrize("name", ["derived_xxe_bomb.xml", "majorworld_us_meta_listings.xml"])
def test_what_must_be_refused_is(shared: Path, name: str):
    with pytest.raises(FeedError):
        read_feed(shared / "feeds" / name)


def test_damaged_real_feeds_never_raise_anything_else(shared: Path):
    chance = random.Random(0)
    for path in sorted((shared / "feeds").iterdir()):
        data = bytearray(path.read_bytes()[:20_000])
        for _ in range(20):
            data[chance.randrange(len(data))] = chance.randrange(256)
        _read_or_refuse(bytes(data))


STRANGERS = [
    {"a": 1},
    [{"a": 1}, {"b": 2}],
    [{}, *({"a": 1} for _ in range(60)), {"title": "Lamp"}],
    {"products": [{"id": "1", "title": "Lamp"}]},
    {"id": ["1", "2"], "title": ["Lamp", "Vase"]},
    {"title": ("Lamp", "Vase")},
    pd.DataFrame({"id": ["1", "2"], "title": ["Lamp", "Vase"]}).to_dict(),
    {"id": np.array(["1", "2"]), "title": pd.Series(["Lamp", "Vase"])},
    object(),
    7,
    None,
    [1, 2],
    pd.Series(["Lamp"]),
]


@pytest.mark.parametrize("thing", STRANGERS, ids=lambda thing: type(thing).__name__)
def test_what_is_no_feed_is_refused_with_a_sentence(thing: object):
    with pytest.raises(FeedError, match=r"give|cannot read"):
        list(products(thing))  # type: ignore[arg-type]


def test_products_given_as_mappings_are_read_whatever_else_is_among_them():
    assert [p["title"] for p in products({"id": "1", "title": "Lamp"})] == ["Lamp"]
    assert [p["title"] for p in products([{"note": "x"}, {"Title": "Vase"}]) if "title" in p] == ["Vase"]
    assert list(products([])) == list(products({})) == list(products([{}])) == []


def test_a_product_may_have_any_value_in_any_field():
    for values in ({"title": {"en": "Lamp", "de": "Lampe"}}, {"title": ["Lamp", "Lampe"]}, {"id": np.array(5)}):
        assert len(list(products({"id": "1", "price": "5 EUR", **values}))) == 1
    assert len(list(products([{}] * 30 + [{"foo": 1}] * 30 + [{"title": "Lamp"}]))) == 31


def test_no_more_of_a_generator_is_read_than_is_wanted():
    def coming() -> Iterator[dict[str, str]]:
        yield from ({"id": str(n), "title": f"Lamp {n}"} for n in range(3))
        raise AssertionError("nobody asked for a fourth")

    assert len(list(FeedSource(coming(), limit=3).products())) == 3


def test_products_that_were_read_by_names_of_ones_own_are_taken_as_they_are(tmp_path: Path):
    path = tmp_path / "own.csv"
    path.write_text("foo,bar\nLamp,1\nVase,2\n")
    source = FeedSource(iter_feed(path, columns={"foo": "stuff"}))
    assert [product["stuff"] for product in source.products()] == ["Lamp", "Vase"]
    assert list(source.products()) == list(FeedSource(BuiltProducts(source.products())).products())
