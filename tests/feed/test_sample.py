"""Products drawn from each group of a feed."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import feedeval as fe
from feedeval.errors import InputError
from feedeval.feed.parsing.faults import FeedWarning
from feedeval.feed.parsing.product import STRATUM
from feedeval.feed.sample import NONE, REST, audited_again, sample
from feedeval.feed.source import FeedSource
from feedeval.feed.text import make_context


def feed_of(sizes: dict[str, int], **fields: str) -> list[dict[str, str]]:
    names = [name for name, size in sizes.items() for _ in range(size)]
    return [
        {"id": f"P{n:04d}", "title": f"Product {n}", **({"product_type": name} if name else {}), **fields}
        for n, name in enumerate(names)
    ]


def drawn(frame: pd.DataFrame) -> dict[str, int]:
    return dict(Counter(frame[STRATUM]))


def test_each_category_is_drawn_by_its_share_and_no_product_twice() -> None:
    frame = sample(feed_of({"Tents": 600, "Kettles": 300, "Cables": 100}), 100)
    assert drawn(frame) == {"Tents": 60, "Kettles": 30, "Cables": 10}
    assert frame["id"].is_unique and frame["id"].is_monotonic_increasing
    about = frame.attrs["feedeval"]["sample"]
    assert about == {
        "n": 100, "by": "category", "seed": 0, "drawn": 100, "of": 1000,
        "strata": {"Cables": 100, "Kettles": 300, "Tents": 600},
    }  # fmt: skip


def test_a_small_category_has_two_products_all_the_same() -> None:
    frame = sample(feed_of({"Tents": 980, "Kettles": 15, "Cables": 4, "Lamps": 1}), 50)
    assert drawn(frame) == {"Tents": 45, "Kettles": 2, "Cables": 2, "Lamps": 1}


def test_of_many_categories_the_smallest_are_taken_as_one() -> None:
    sizes = {"Tents": 400, "Kettles": 300} | {f"Rare {n}": 3 for n in range(100)}
    frame = sample(feed_of(sizes), 40)
    assert drawn(frame) == {"Tents": 16, "Kettles": 12, REST: 12}
    equal = sample(feed_of({f"Group {n}": 50 for n in range(20)}), 40)
    assert len(equal.attrs["feedeval"]["sample"]["strata"]) == 10 and drawn(equal)[REST] == 22


def test_the_same_seed_draws_the_same_and_another_draws_others() -> None:
    feed = feed_of({"Tents": 60, "Kettles": 40})
    assert sample(feed, 20)["id"].tolist() == sample(feed, 20)["id"].tolist()
    assert sample(feed, 20)["id"].tolist() != sample(feed, 20, seed=1)["id"].tolist()


def test_every_product_of_a_category_is_drawn_as_often_as_another() -> None:
    feed = feed_of({"Tents": 12, "Kettles": 8})
    counts = Counter(product for seed in range(600) for product in sample(feed, 10, seed=seed)["id"])
    assert all(count == pytest.approx(300, abs=60) for count in counts.values()) and len(counts) == 20


def test_a_feed_that_is_no_larger_is_drawn_whole() -> None:
    frame = sample(feed_of({"Tents": 6, "": 2}), 200)
    assert len(frame) == 8 and drawn(frame) == {"Tents": 6, NONE: 2}


def test_any_field_makes_the_groups() -> None:
    feed = feed_of({"Tents": 50}, brand="Northfell") + feed_of({"Tents": 50}, brand="Klikka")
    assert drawn(sample(feed, 10, by="brand")) == {"Northfell": 5, "Klikka": 5}
    with pytest.raises(InputError, match="by='colour'"):
        sample(feed, 10, by="colour")


@pytest.mark.parametrize("n", [3, 0, 2.5, True])
def test_a_size_that_says_nothing_is_refused(n: Any) -> None:
    with pytest.raises(InputError, match="from 4"):
        sample(feed_of({"Tents": 50}), n)
    with pytest.raises(InputError, match="no products"):
        sample([], 10)


def test_a_frame_of_a_feed_and_its_file_give_the_same_sample(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    pd.DataFrame(feed_of({"Tents": 30, "Kettles": 20})).to_csv(path, index=False)
    frame = sample(fe.read_feed(path), 10)
    assert frame["id"].tolist() == sample(path, 10)["id"].tolist()
    source = FeedSource(frame).description
    assert source["path"] == str(path) and source["sample"]["of"] == 50
    assert audited_again(source)["id"].tolist() == frame["id"].tolist()


def test_a_sample_that_is_no_longer_whole_speaks_for_nothing_but_itself() -> None:
    frame = sample(feed_of({"Tents": 30}), 10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "sample" in FeedSource(frame).description
    with pytest.warns(FeedWarning, match="10 products has 6 now"):
        assert "sample" not in FeedSource(frame.head(6)).description
    with pytest.warns(FeedWarning, match="10 products has 3 now"):
        assert "sample" not in FeedSource(frame, limit=3).description


def test_the_group_is_no_field_that_a_judge_sees() -> None:
    frame = sample(feed_of({"Tents": 30}), 10)
    products = list(FeedSource(frame).products())
    assert all(product[STRATUM] == "Tents" for product in products)
    assert not any("stratum" in field.name for product in products for field in make_context(product, None).fields)
