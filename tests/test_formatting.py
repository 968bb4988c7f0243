from __future__ import annotations

import numpy as np
import pytest

from feedeval.formatting import cells, clip, columns, counted, day_words, local_moment, moment_words, plain
from feedeval.html import table
from feedeval.run.telling.words import state_in_words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
        ("a\x9b2Jb", "a\\x9b2Jb"),
        ("a\rb\nc\td\u2028e", "a b c d e"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("half \ud83d", "half \\ud83d"),
        ("bell\x07 nul\x00", "bell\\x07 nul\\x00"),
        ("größer 尺寸 👍", "größer 尺寸 👍"),
        (None, ""),
        (3, "3"),
    ],
)
def test_a_terminal_shows_text_and_does_not_obey_it(text: object, shown: str) -> None:
    assert plain(text) == shown


def test_heads_of_columns_are_shown_and_not_obeyed_either() -> None:
    assert "\x1b" not in columns([("a", "b")], ("\x1b[2J", "N\n"))


def test_columns_align_by_cells_and_not_by_characters() -> None:
    lines = columns([("尺寸", 5), ("ab", 10), ("e\u0301e", 1)], ("Name", "N"), width=40).splitlines()
    assert len({cells(line) for line in lines if line.strip()}) == 1


@pytest.mark.parametrize("width", [40, 60, 100])
def test_wide_rows_are_cut_to_the_width(width: int) -> None:
    rows = [("SKU-1", "very long title " * 20, "another long text " * 9, 12)]
    text = columns(rows, ("Product", "Title", "Text", "N"), width=width, indent="  ")
    assert max(cells(line) for line in text.splitlines()) <= width
    assert "SKU-1" in text and "12" in text


def test_a_wide_character_is_not_cut_in_half() -> None:
    assert clip("尺寸尺寸", 4) == "尺…"
    assert cells(clip("尺寸尺寸", 4)) <= 4


def test_no_rows_are_no_text() -> None:
    assert columns([], ("A",)) == ""


def test_whole_numbers_have_their_thousands_set_off_in_text_and_in_html() -> None:
    rows = [("a", 1054), ("b", np.int64(1255)), ("c", True)]
    assert "1,054" in columns(rows) and "1,255" in columns(rows)
    html = table(rows)
    assert "1,054" in html and "1,255" in html and "True" in html


def test_what_a_person_did_is_said_as_such() -> None:
    assert state_in_words("paused", "paused by hand") == "paused by you"
    assert state_in_words("stopped", "stopped by hand, from another window") == "stopped by you, from another window"
    assert state_in_words("paused", "WrongKey: no key") == "paused: no key" and state_in_words("finished") == "finished"


def test_a_number_of_things_is_one_or_several_of_them() -> None:
    assert [counted(n, "product") for n in (0, 1, 1255)] == ["0 products", "1 product", "1,255 products"]
    assert counted(2, "batch", "batches") == "2 batches"


def test_moments_are_told_as_people_write_them() -> None:
    assert moment_words("2026-01-31T14:25:07") == "31 Jan 2026, 14:25"
    assert moment_words("2026-01-31T14:25:07", seconds=True) == "31 Jan 2026, 14:25:07"
    assert day_words("2026-01-31T14:25:07") == "31 Jan 2026"
    assert local_moment("2026-01-31T14:25:07.123") == "2026-01-31 14:25:07"
    assert (moment_words(""), moment_words(None), local_moment("soon")) == ("–", "–", "soon")
