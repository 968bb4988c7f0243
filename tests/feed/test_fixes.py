"""A filled file laid over a feed: what changes, what stays, and what is told."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from feedeval.errors import InputError
from feedeval.feed.fixes import apply_fixes
from feedeval.feed.parsing.faults import FeedWarning
from feedeval.feed.reader import read_feed
from feedeval.feed.source import FeedSource

FEED = b"""id\ttitle\tmaterial\tproduct_highlight\tquestion_and_answer\tproduct_detail
A\tChair\tBeech\tSolid, Light\tQ: Is it heavy? A: No\tFrame:Height:90 cm
B\tTable\t\t\t\t
B\tTable, oak\t\t\t\t
007\tLamp\t\t\t\t
"""


def feed() -> pd.DataFrame:
    return read_feed(FEED)


def fixed(text: str) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return apply_fixes(feed(), read_feed(text.encode()))


def cell(frame: pd.DataFrame, product_id: str, name: str) -> Any:
    return frame.loc[frame["id"] == product_id, name].iloc[0]


def test_only_filled_cells_change_and_the_given_frames_stay_as_they_were() -> None:
    base, before = feed(), feed()
    after = apply_fixes(base, read_feed(b"id\tmaterial\tcolor\nA\t\tRed\n007\tBrass\t\n"))
    pd.testing.assert_frame_equal(base, before)
    assert cell(after, "A", "material") == "Beech" and cell(after, "A", "color") == "Red"
    assert cell(after, "007", "material") == "Brass" and cell(after, "007", "color") is None
    assert after.attrs["feedeval"]["fixes"]["products"] == 2 == after.attrs["feedeval"]["fixes"]["cells"]


def test_a_value_takes_the_place_of_the_old_one() -> None:
    assert cell(fixed("id\tmaterial\nA\tOak\n"), "A", "material") == "Oak"


def test_what_may_stand_several_times_is_added_to_what_is_there() -> None:
    after = fixed("id\tproduct_highlight\tproduct_detail\nA\tFoldable, Light\tFrame:Height:91 cm,Frame:Width:40 cm\n")
    assert cell(after, "A", "product_highlight") == ["Solid", "Light", "Foldable"]
    assert [d["attribute_value"] for d in cell(after, "A", "product_detail")] == ["91 cm", "40 cm"]


def test_answered_questions_are_added_and_unanswered_ones_left_out() -> None:
    text = (
        'id\tquestion_and_answer\nA\t"Q: Is it heavy?\nA: Yes, 30 kg\nQ: Is it blue?\nA: \nQ: For whom?\nA: Children"\n'
    )
    after = fixed(text)
    pairs = cell(after, "A", "question_and_answer")
    assert [(p["question"], p["answer"]) for p in pairs] == [("Is it heavy?", "Yes, 30 kg"), ("For whom?", "Children")]
    assert after.attrs["feedeval"]["fixes"]["unanswered"] == 1


def test_a_row_of_questions_without_answers_changes_nothing() -> None:
    after = fixed('id\tquestion_and_answer\n007\t"Q: Is it bright?\nA:\nQ: Is it big?\nA:"\n')
    assert after.attrs["feedeval"]["fixes"]["products"] == 0
    pd.testing.assert_frame_equal(after, feed())


def test_every_product_of_an_id_gets_what_is_filled_in_for_it() -> None:
    after = fixed("id\tmaterial\nB\tOak\n")
    assert after.loc[after["id"] == "B", "material"].tolist() == ["Oak", "Oak"]


def test_ids_that_are_not_in_the_feed_are_told_with_what_may_have_happened() -> None:
    with pytest.warns(FeedWarning, match=r"2 ids are not in the feed \('7', 'Z'\).*leading zeros"):
        after = apply_fixes(feed(), pd.DataFrame({"id": ["7", "Z", "A"], "material": ["Brass", "Tin", "Oak"]}))
    assert after.attrs["feedeval"]["fixes"]["unknown_ids"] == ["7", "Z"]
    assert cell(after, "A", "material") == "Oak" and cell(after, "007", "material") is None


def test_of_two_rows_for_an_id_the_later_counts_where_both_say_something() -> None:
    fixes = pd.DataFrame({"id": ["A", "A"], "material": ["Oak", "Ash"], "color": ["Red", None]})
    with pytest.warns(FeedWarning, match="1 id is in several rows .'A'."):
        after = apply_fixes(feed(), fixes)
    assert (cell(after, "A", "material"), cell(after, "A", "color")) == ("Ash", "Red")


def test_apostrophes_of_spreadsheets_are_taken_off_and_real_ones_stay() -> None:
    base = pd.DataFrame({"id": ["=A1", "'-x"], "title": ["Chair", "Table"]})
    after = apply_fixes(base, pd.DataFrame({"id": ["'=A1", "'-x"], "material": ["'+soft", "'s-Hertogenbosch oak"]}))
    assert after["material"].tolist() == ["+soft", "'s-Hertogenbosch oak"]


def test_a_filled_row_without_an_id_is_told() -> None:
    with pytest.warns(FeedWarning, match="1 filled row has no id"):
        apply_fixes(feed(), pd.DataFrame({"id": [None, None], "material": ["Oak", None]}))


def test_a_frame_of_a_spreadsheet_is_read_as_its_file_would_be() -> None:
    fixes = pd.DataFrame(
        {
            "ID": ["A", "C"],
            "Colour": ["Red", None],
            "question_and_answer": ["Q: Is it heavy?\nA: Yes\nQ: Why?\nA:", "Q: Why?\nA:"],
        }
    ).rename(columns={"ID": "id"})
    with pytest.warns(FeedWarning, match="'C'"):
        after = apply_fixes(feed(), fixes)
    assert cell(after, "A", "color") == "Red"
    assert cell(after, "A", "question_and_answer") == [{"question": "Is it heavy?", "answer": "Yes"}]
    numbers = pd.DataFrame({"id": [12.0, None], "title": ["x", "y"]})
    assert apply_fixes(numbers, pd.DataFrame({"id": [12], "material": ["Oak"]}))["material"][0] == "Oak"


def test_without_an_id_column_nothing_is_laid_over_anything() -> None:
    with pytest.raises(InputError, match=r"file of fixes has no id column.*it has material"):
        apply_fixes(feed(), pd.DataFrame({"material": ["Oak"]}))
    with pytest.raises(InputError, match="feed has no id column"):
        apply_fixes(pd.DataFrame({"title": ["Oak"]}), pd.DataFrame({"id": ["1"]}))


def test_a_session_says_that_its_feed_was_fixed_and_does_not_read_the_old_one_again(tmp_path: Path) -> None:
    (tmp_path / "feed.tsv").write_bytes(FEED)
    (tmp_path / "fixes.tsv").write_text("id\tmaterial\nA\tOak\n", encoding="utf-8")
    after = apply_fixes(tmp_path / "feed.tsv", tmp_path / "fixes.tsv")
    told = FeedSource(after).description
    assert "path" not in told and "fixes.tsv" in told["kind"]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("Q: a?\nA: \nQ: b?\nA:", [("a?", None), ("b?", None)]),
        ("Q: a?\nQ: b?\nA: x", [("a?", None), ("b?", "x")]),
        ("Q: Is it from the USA: or not?\nA: yes", [("Is it from the USA: or not?", "yes")]),
        ("Q: plan A: or B?\nA: B: of course\nand more", [("plan A: or B?", "B: of course\nand more")]),
        ("Q: a? A: 1\nQ: b? A:", [("a?", "1"), ("b?", None)]),
    ],
)
def test_questions_are_read_with_the_answers_that_are_theirs(text: str, pairs: list[tuple[str, str | None]]) -> None:
    product = read_feed(f'id\ttitle\tquestion_and_answer\n1\tx\t"{text}"\n'.encode()).iloc[0]
    assert [(p["question"], p.get("answer")) for p in product["question_and_answer"]] == pairs
