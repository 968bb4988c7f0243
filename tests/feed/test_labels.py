"""A feed as labelled images: what becomes a label, what is left out, and that it is said."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import feedeval as fe
from feedeval.errors import FeedError, InputError
from feedeval.feed.labels import labels_from_feed
from feedeval.feed.parsing.faults import FeedWarning

ROOT = Path(__file__).resolve().parents[2]


def product(n: int, **fields: Any) -> dict[str, Any]:
    given = {"id": f"P{n}", "title": f"Mug {n}", "image_link": f"https://shop.example/{n}.jpg", "color": "Red"}
    return {name: value for name, value in {**given, **fields}.items() if value is not None}


def test_a_row_a_product_with_its_image_and_its_colour() -> None:
    feed = [product(1, brand="Acme", product_type="Kitchen > Mugs"), product(2, color=" Dark  blue ")]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labels = labels_from_feed(feed)
    assert list(labels.columns) == ["filename", "image_url", "true_class", "title", "category", "brand"]
    assert labels.iloc[0].tolist() == ["P1", "https://shop.example/1.jpg", "Red", "Mug 1", "Kitchen > Mugs", "Acme"]
    assert labels["true_class"].tolist() == ["Red", "Dark blue"] and labels["brand"].isna().tolist() == [False, True]
    assert set(map(str, labels.dtypes)) == {"str"}


def test_products_without_image_or_field_are_counted_and_said() -> None:
    feed = [product(1), product(2, image_link=None), product(3, color=None), product(4, color="  "), product(5)]
    with pytest.warns(FeedWarning, match="2 of 5 products .* 2 without color, 1 without an image"):
        labels = labels_from_feed(feed)
    assert labels["filename"].tolist() == ["P1", "P5"]
    counts = {"products": 5, "labels": 2, "without_field": 2, "without_image": 1, "several": 0}
    assert {name: labels.attrs["feedeval"][name] for name in counts} == counts


@pytest.mark.parametrize(
    ("colour", "first", "kept"),
    [
        ("Black/White", "Black", "Black/White"),
        ("black, white", "black", "black/white"),
        ("Rot und Weiß", "Rot", "Rot/Weiß"),
        (["Navy", "Red"], "Navy", "Navy/Red"),
        ("Red / Red", "Red", "Red"),
        ("Red &amp; Green", "Red", "Red/Green"),
    ],
)
def test_of_several_colours_the_first_is_the_label_unless_it_is_said_otherwise(
    colour: Any, first: str, kept: str
) -> None:
    feed = [product(1, color=colour), product(2)]
    assert labels_from_feed(feed)["true_class"].iloc[0] == first
    assert labels_from_feed(feed, several="keep")["true_class"].iloc[0] == kept
    if "/" in kept:
        with pytest.warns(FeedWarning, match="1 with several values of color"):
            assert labels_from_feed(feed, several="leave_out")["filename"].tolist() == ["P2"]
        assert labels_from_feed(feed).attrs["feedeval"]["several"] == 1


def test_a_category_is_a_path_of_which_one_part_may_be_the_label() -> None:
    feed = [product(1, google_product_category="Home & Garden > Kitchen & Dining > Tableware"), product(2)]
    field = "google_product_category"
    with pytest.warns(FeedWarning, match="1 without google_product_category"):
        assert labels_from_feed(feed, field)["true_class"].tolist() == ["Home & Garden > Kitchen & Dining > Tableware"]
    for level, expected in ((1, "Home & Garden"), (2, "Kitchen & Dining"), (-1, "Tableware"), (-3, "Home & Garden")):
        assert labels_from_feed(feed[:1], field, level=level)["true_class"].tolist() == [expected]
    with pytest.raises(InputError, match="no product makes"):
        labels_from_feed(feed[:1], field, level=4)


def test_a_known_number_of_the_taxonomy_is_read_as_its_path() -> None:
    labels = labels_from_feed([product(1, google_product_category="1604")], "google_product_category")
    assert labels["true_class"].tolist() == ["Apparel & Accessories > Clothing"]


def test_a_slash_in_a_size_is_part_of_it() -> None:
    assert labels_from_feed([product(1, size="S/M")], "size")["true_class"].tolist() == ["S/M"]


def test_labels_that_differ_in_case_only_are_one() -> None:
    feed = [product(1, color="RED"), product(2, color="Red"), product(3, color="red"), product(4, color="Red")]
    assert labels_from_feed(feed)["true_class"].tolist() == ["Red"] * 4


def test_ids_that_repeat_stay_apart() -> None:
    assert labels_from_feed([product(1), product(1)])["filename"].tolist() == ["P1", "P1#2"]


def test_markup_and_controls_are_cleaned_away() -> None:
    labels = labels_from_feed([product(1, color="<b>Red</b>\x07", title="A &lt;b&gt; mug\n\n<i>new</i>")])
    assert labels["true_class"].tolist() == ["Red"] and "\n" not in labels["title"].iloc[0]


@pytest.mark.parametrize("field", ["category", "product_type", "google_product_category"])
def test_what_says_the_label_is_no_context(field: str) -> None:
    paths = {"product_type": "Clothes > Dresses", "google_product_category": "Apparel > Dresses"}
    labels = labels_from_feed([product(1, **paths)], field, level=-1)
    assert labels["true_class"].tolist() == ["Dresses"] and list(labels.columns[3:]) == ["title", "brand"]


def test_the_context_is_what_one_asks_for() -> None:
    labels = labels_from_feed([product(1, size="L", link="https://shop.example/1")], context=["size", "link"])
    assert list(labels.columns)[3:] == ["size", "link"] and labels["size"].tolist() == ["L"]
    assert list(labels_from_feed([product(1)], context=[]).columns) == ["filename", "image_url", "true_class"]


@pytest.mark.parametrize(
    ("feed", "options", "message"),
    [
        ([product(1)], {"field": "colour"}, "no product has the field 'colour'; did you mean 'color'"),
        ([product(1, image_link=None)], {}, "1 no image_link"),
        ([product(1, color="a/b")], {"several": "leave_out"}, "1 several values"),
        ([product(1)], {"several": "all"}, "first, leave_out, keep"),
        ([product(1)], {"level": 0}, "level=0"),
        ([product(1)], {"context": "title"}, "give a list"),
        ([product(1)], {"context": ["color"]}, "which is the label"),
        ([], {}, "Fields that the feed has: none"),
    ],
)
def test_what_gives_no_labels_is_refused_with_what_is_there(feed: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        labels_from_feed(feed, **options)


def test_any_source_of_a_feed_is_read_and_a_frame_is_left_as_it_was(tmp_path: Path) -> None:
    frame = pd.DataFrame([product(1), product(2, color="Blue")])
    before = frame.copy(deep=True)
    from_frame = labels_from_feed(frame)
    pd.testing.assert_frame_equal(frame, before)
    path = tmp_path / "feed.tsv"
    frame.to_csv(path, sep="\t", index=False)
    pd.testing.assert_frame_equal(labels_from_feed(path), from_frame, check_like=True)
    with pytest.raises(FeedError):
        labels_from_feed(b"<html></html>")


def test_labels_of_a_feed_are_what_shadow_mode_takes(tmp_path: Path) -> None:
    from PIL import Image, ImageDraw

    for name, colour in (("red", "#d32f2f"), ("blue", "#1565c0")):
        image = Image.new("RGB", (64, 64), "white")
        ImageDraw.Draw(image).rectangle((16, 16, 48, 48), fill=colour)
        image.save(tmp_path / f"{name}.png")
    feed = [product(1, color="Rot", image_link="red.png"), product(2, color="Blau", image_link="red.png")]
    labels = labels_from_feed(feed)
    labels["true_class"] = labels["true_class"].map(fe.colour_name)
    results = fe.run_shadow(
        labels, model="offline", image_dir=tmp_path, output_dir=tmp_path / "out", progress="none", context=[]
    )
    assert results["predicted_class"].tolist() == ["red", "red"]
    assert fe.agreement(results).disagreements["filename"].tolist() == ["P2"]
