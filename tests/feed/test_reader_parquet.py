"""Parquet and Arrow files: as they stream, from wherever they are, and without what reads them."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from feedeval.errors import FeedError
from feedeval.feed.reader import iter_feed, read_feed
from feedeval.feed.sample import sample
from feedeval.feed.source import FeedSource, feed_again

TABLE = pa.Table.from_pylist(
    [
        {
            "id": n,
            "title": f"Tent {n}",
            "price": Decimal("19.90"),
            "gtin": 4006381333931,
            "product_highlight": ["Light"],
        }
        for n in range(1, 4)
    ]
)
FIRST = {"id": "1", "title": "Tent 1", "price": "19.90", "gtin": "4006381333931", "product_highlight": ["Light"]}


def quietly(source: Any, **options: Any) -> list[dict[str, Any]]:
    """Read without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return [dict(product) for product in iter_feed(source, **options)]


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(TABLE, out)
    return out.getvalue()


def arrow() -> bytes:
    out = io.BytesIO()
    feather.write_feather(TABLE, out)
    return out.getvalue()


@pytest.mark.parametrize(("make", "format"), [(parquet, "parquet"), (arrow, "arrow")])
def test_a_file_is_told_by_its_content_wherever_it_comes_from(make: Any, format: str, tmp_path: Path) -> None:
    path = tmp_path / "feed.bin"
    path.write_bytes(make())
    for source in (path, str(path), make(), io.BytesIO(make())):
        assert quietly(source)[0] == FIRST and len(quietly(path)) == 3
    assert read_feed(path, format=format).attrs["feedeval"]["format"] == format
    assert quietly(path, limit=1, columns={"title": "brand"}) == [
        {("brand" if name == "title" else name): value for name, value in FIRST.items()}
    ]


def test_a_file_is_gone_through_again(tmp_path: Path) -> None:
    path = tmp_path / "feed.parquet"
    path.write_bytes(parquet())
    source = FeedSource(path)
    assert len(list(source.products())) == len(list(source.products())) == 3
    assert feed_again(source.description) == str(path)
    assert len(sample(path, 4)) == 3


def test_a_dataset_of_many_files_is_one_feed(tmp_path: Path) -> None:
    for number in range(3):
        pq.write_table(TABLE, tmp_path / f"{number}.parquet")
    source = FeedSource(ds.dataset(tmp_path))
    assert len(list(source.products())) == len(list(source.products())) == 9


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "feed.parquet"
    rows = 4_000
    with pq.ParquetWriter(
        path, pa.schema({"id": pa.string(), "title": pa.string(), "description": pa.string()})
    ) as out:
        for group in range(25):
            ids = [f"{group}-{n}" for n in range(rows)]
            out.write_table(pa.table({"id": ids, "title": ids, "description": [f"{each} light " * 40 for each in ids]}))
    whole = pq.read_table(path).nbytes
    before = pa.total_allocated_bytes()
    peak = max(pa.total_allocated_bytes() for _ in iter_feed(path)) - before
    assert peak < whole / 5


def test_damage_is_told_as_such() -> None:
    for content in (parquet()[:-200], parquet()[:4] + bytes(100), arrow()[:-200]):
        with pytest.raises(FeedError, match=r"(a Parquet|an Arrow) file that is damaged"):
            read_feed(content)
    with pytest.raises(FeedError, match="an encrypted Parquet file"):
        read_feed(b"PARE" + bytes(100))


def test_who_has_not_pyarrow_is_told_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "feed.parquet").write_bytes(parquet())
    # With None in its place, Python takes a package for one that is not there.
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from feedeval.feed.parsing.stream import iter_feed\n"
        "from feedeval.errors import FeedError\n"
        "try: list(iter_feed('feed.parquet'))\n"
        "except FeedError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "pip install 'feedeval[parquet]'" in done.stdout, done.stderr
