"""Tables of labels: which columns, which rows, and what is said of those that cannot be used."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from feedeval.errors import InputError
from feedeval.feed.parsing.faults import FeedWarning
from feedeval.jobs.shadow.label_table import LabelRow, LabelTable, labels_again

HEADER = "filename,image_url,true_class"


def table(text: str | bytes, **options: Any) -> LabelTable:
    return LabelTable(text.encode() if isinstance(text, str) else text, **options)


def rows(text: str | bytes, **options: Any) -> list[LabelRow]:
    return list(table(text, **options).rows())


def test_a_row_is_read_with_its_line_its_hazard_and_its_context() -> None:
    (row,) = rows(f"{HEADER},critical_hazard,property_type\na.png,sub/a.png, dry   wall ,Yes,flat\n")
    assert (row.line, row.filename, row.image_url, row.true_class) == (2, "a.png", "sub/a.png", "dry wall")
    assert row.critical_hazard is True and row.context == {"property_type": "flat"} and not row.problem


@pytest.mark.parametrize(
    ("said", "hazard"),
    [("true", True), ("YES", True), ("1", True), ("False", False), ("n", False), ("0", False), ("", None)],
)
def test_a_hazard_is_read_as_people_write_it(said: str, hazard: bool | None) -> None:
    (row,) = rows(f"{HEADER},critical_hazard\na,b,c,{said}\n")
    assert row.critical_hazard is hazard and not row.problem


@pytest.mark.parametrize(
    "text",
    [
        "File Name;Image-URL;trueClass\na.png;b.png;red\n",
        "sep=;\nfilename;image_url;true_class\na.png;b.png;red\n",
        "filename\timage_url\ttrue_class\r\na.png\tb.png\tred\r\n",
        "\ufefffilename,image_url,true_class\na.png,b.png,red",
        "# from the archive\n\nfilename|image_url|true_class\n\na.png|b.png|red\n||\n",
    ],
)
def test_delimiters_spellings_and_byte_order_marks_are_seen_through(text: str) -> None:
    (row,) = rows(text)
    assert (row.filename, row.image_url, row.true_class) == ("a.png", "b.png", "red")


def test_encodings_are_seen_through() -> None:
    text = f"{HEADER}\nküche.png,küche.png,Schimmel an der Außenwand\n"
    for encoding in ("utf-8", "utf-16"):
        assert rows(text.encode(encoding))[0].true_class == "Schimmel an der Außenwand"
    with pytest.warns(FeedWarning, match="encoding"):
        assert rows(text.encode("cp1252"))[0].filename == "küche.png"


def test_lines_are_counted_over_quoted_line_breaks() -> None:
    found = rows(f'{HEADER},note\na,a.png,red,"one\ntwo"\nb,b.png,blue,three\n')
    assert [row.line for row in found] == [2, 4] and found[0].context["note"] == "one\ntwo"


def test_columns_are_mapped_and_take_the_place_of_their_namesakes() -> None:
    text = "file,picture,label,true_class,note\na,a.png,red,green,x\n"
    columns = {"file": "filename", "Picture": "image_url", "label": "true_class"}
    with pytest.warns(FeedWarning, match="true_class: left out"):
        (row,) = rows(text, columns=columns)
    # A column that is called like the label is never context.
    assert row.true_class == "red" and row.context == {"note": "x"}


def test_what_results_have_columns_for_is_left_out_and_said() -> None:
    with pytest.warns(FeedWarning, match="predicted_class, Confidence, session: left out"):
        (row,) = rows(f"{HEADER},predicted_class,Confidence,region,session\na,b,c,c,0.9,north,s\n")
    assert row.context == {"region": "north"}


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("name,url,label\na,b,c\n", {}, r"no column filename, image_url, true_class; it has 'name', 'url', 'label'"),
        ("name,url,label\na,b,c\n", {}, r"columns=\{'their name': 'filename'\}.*--map filename='their name'"),
        (f"{HEADER},FileName\na,b,c,d\n", {}, "two columns filename"),
        (HEADER, {"columns": {"truth": "true_class"}}, "no column 'truth'"),
        (HEADER, {"columns": {"image_url": "picture"}}, "the right side is one of filename"),
        (HEADER, {"columns": {"a": "filename", "b": "filename"}}, "two columns are to be filename"),
        (HEADER, {"columns": ["truth"]}, "give a mapping"),
        ("", {}, "is empty"),
        (b"PK\x03\x04rest", {}, "Excel workbook"),
        (HEADER, {"limit": 0}, "limit=0"),
        (HEADER, {"image_dir": "/nowhere/at/all"}, "not a folder"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_what_was_found(
    text: str | bytes, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        table(text, **options)


@pytest.mark.parametrize("labels", [None, 3, [{"filename": "a"}]])
def test_what_is_no_table_is_refused_by_its_name(labels: Any) -> None:
    with pytest.raises(InputError, match=f"table of labels.*{type(labels).__name__}.*DataFrame"):
        LabelTable(labels)


def test_empty_cells_that_a_spreadsheet_leaves_off_are_empty_cells() -> None:
    found = rows(f"{HEADER},critical_hazard,region\na,b,red\na,b\n")
    assert (found[0].problem, found[0].critical_hazard, found[0].context) == ("", None, {"region": ""})
    assert found[1].problem == "the row has 2 of 5 columns: true_class is missing"


def test_a_frame_is_read_as_the_file_it_would_be() -> None:
    frame = pd.DataFrame(
        {
            "filename": ["a", "b", None],
            "image_url": ["a.png", "b.png", "c.png"],
            "true_class": pd.Categorical(["red", "blue", "red"]),
            "critical_hazard": pd.array([True, None, False], dtype="boolean"),
            "year": [1970.0, np.nan, 2001.5],
        }
    )
    found = list(LabelTable(frame).rows())
    assert [row.line for row in found] == [1, 2, 3]
    assert [row.critical_hazard for row in found] == [True, None, False]
    assert [row.context["year"] for row in found] == ["1970", "", "2001.5"]
    assert found[2].problem == "filename is empty" and LabelTable(frame).folder == Path.cwd()


def test_the_rows_are_the_same_each_time_and_a_limit_takes_the_first(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(f"{HEADER}\n" + "".join(f"{n},{n}.png,red\n" for n in range(9)))
    limited = LabelTable(path, limit=4)
    assert list(limited.rows()) == list(limited.rows()) and len(list(limited.rows())) == 4
    assert len(list(limited.rows(whole=True))) == 9
    with path.open() as file:
        given = LabelTable(file)
        assert list(given.rows()) == list(given.rows())
    assert limited.folder == tmp_path and given.folder is None


def test_where_a_table_came_from_is_written_down(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(HEADER)
    origin = LabelTable(str(path), columns={"true class": "true_class"}, image_dir=tmp_path).description
    assert origin["path"] == str(path) and origin["image_dir"] == str(tmp_path)
    assert labels_again(origin) == str(path)
    with pytest.raises(InputError, match="a frame and cannot be read again"):
        labels_again(LabelTable(pd.read_csv(io.StringIO(HEADER))).description)
    path.unlink()
    with pytest.raises(InputError, match="not there any more"):
        labels_again(origin)


def test_what_is_wrong_with_the_file_is_said_once() -> None:
    given = table(f'{HEADER}\na,a.png,"red\nb,b.png,blue\n')
    with pytest.warns(FeedWarning, match="quotation marks"):
        first = list(given.rows())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(given.rows()) == first and [row.line for row in first] == [2, 3]
