"""What changed in a feed as a file to upload: read back, it says the same and nothing else."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from feedeval.errors import InputError
from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.fixes import apply_fixes
from feedeval.feed.reader import read_feed
from feedeval.feed.spreadsheet import text_form
from feedeval.results.gaps.supplement import write_supplement

FEED = pd.DataFrame(
    {
        "id": ["A", "B", "C"],
        "title": ["Chair", "Table", "Lamp"],
        "question_and_answer": [[{"question": "Is it heavy?", "answer": "No"}], None, None],
        "product_highlight": [["Solid", "Light, foldable"], None, None],
    }
).astype(object)
FIXES = pd.DataFrame(
    {
        "id": ["A", "C"],
        "material": ["Beech", "=cmd|' /C calc'!A0"],
        "product_highlight": [["Washable"], None],
        "question_and_answer": [[{"question": "For whom?", "answer": "Children"}, {"question": "Why?"}], None],
        "product_detail": [[{"attribute_name": "Seat height", "attribute_value": "45 cm, 1:1"}], None],
    }
).astype(object)


def test_what_was_filled_in_is_written_with_what_stands_beside_it(tmp_path: Path) -> None:
    fixed = apply_fixes(FEED, FIXES)
    read = read_feed(write_supplement(FEED, fixed, tmp_path / "upload.tsv"))
    assert read["id"].tolist() == ["A", "C"] and "title" not in read.columns
    chair = read.iloc[0]
    assert chair["product_highlight"] == ["Solid", "Light, foldable", "Washable"]
    assert [pair["question"] for pair in chair["question_and_answer"]] == ["Is it heavy?", "For whom?"]
    assert chair["product_detail"] == [{"attribute_name": "Seat height", "attribute_value": "45 cm, 1:1"}]
    # Nobody opens it in a spreadsheet: the destination gets what was filled in.
    assert read.iloc[1]["material"] == "=cmd|' /C calc'!A0"
    assert (check_feed(read, supplemental=True)["severity"] != "error").all()


def test_laid_over_the_feed_it_says_the_same(tmp_path: Path) -> None:
    fixed = apply_fixes(FEED, FIXES)
    again = apply_fixes(FEED, write_supplement(FEED, fixed, tmp_path / "upload.tsv"))
    pd.testing.assert_frame_equal(again[fixed.columns], fixed)


def test_two_feeds_of_other_products_and_no_change_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="other products"):
        write_supplement(FEED, FEED.iloc[::-1], tmp_path / "upload.tsv")
    with pytest.raises(InputError, match="had not before"):
        write_supplement(FEED, FEED, tmp_path / "upload.tsv")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("material", "Beech, oiled"),
        ("additional_image_link", ["https://a.example/1.jpg", "https://a.example/2.jpg"]),
        ("shipping", [{"country": "DE", "price": "4.99 EUR"}, {"country": "AT", "service": "Post", "price": "9 EUR"}]),
        ("certification", [{"certification_authority": "EC", "certification_name": "EPREL"}]),
        ("question_and_answer", [{"question": "Is it A: or B?", "answer": "B: of course\nand more"}]),
        ("product_detail", [{"section_name": "Seat", "attribute_name": "Height", "attribute_value": "45 cm"}]),
    ],
)
def test_a_value_is_read_back_as_it_was(name: str, value: object, tmp_path: Path) -> None:
    base = pd.DataFrame({"id": ["1"], "title": ["x"]}).astype(object)
    after = base.assign(**{name: pd.Series([value], dtype=object)})
    assert read_feed(write_supplement(base, after, tmp_path / "upload.tsv")).iloc[0][name] == value
    assert text_form(name, value)
