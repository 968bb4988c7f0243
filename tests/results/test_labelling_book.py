from __future__ import annotations

import csv
import stat
import threading
from pathlib import Path

import pandas as pd
import pytest

from feedeval.errors import InputError, SessionDamaged, StorageError
from feedeval.results.archive import backup, restore
from feedeval.results.labelling.book import LABEL_COLUMNS, Label, LabelBook
from feedeval.results.labelling.sheet import SHEET_COLUMNS, read_sheet, write_sheet
from feedeval.results.library import cleanup
from feedeval.results.session import Session
from feedeval.storage.verify import verify
from tests.results import audits
from tests.results.factory import Plan, write_session

ODD = (
    '=HYPERLINK("https://evil.example","x")',
    "'=already quoted",
    '  two  spaces\nand a line, with commas; and "quotes"\r\nmore',
    "\u202eright to left, \x1b[2J and \ud800 half a pair",
    "@SUM(1+1)*cmd|' /C calc'!A0",
)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(write_session(tmp_path, Plan(products=20, questions=5)), tmp_path)


def book_of(session: Session, n: int = 30, seed: int = 0) -> LabelBook:
    return LabelBook(session, n, seed)


def answered(book: LabelBook, keys: str) -> None:
    for key in keys:
        book.answer(Label.of(key))


def test_the_file_has_the_labels_after_each_answer_and_is_private(session: Session) -> None:
    book = book_of(session)
    for count, label in enumerate(Label, start=1):
        case = book.current
        assert case is not None
        book.answer(label)
        table = pd.read_csv(session.output_dir / f"labels_{session.id}.csv")
        assert tuple(table.columns) == LABEL_COLUMNS
        assert len(table) == book.done == count
        last = table.iloc[-1]
        assert (last["product_id"], last["question"], last["label"]) == (case.product_id, case.question, label.value)
        assert last["prediction"] == case.prediction
    assert stat.S_IMODE(book.path.stat().st_mode) == 0o600
    assert book.frame().equals(table.astype(book.frame().dtypes.to_dict()))


def test_a_second_book_goes_on_where_the_first_stopped(session: Session) -> None:
    first = book_of(session)
    answered(first, "ypnx")
    here = first.current
    second = book_of(Session(session.id, session.output_dir))
    assert (second.done, second.total) == (4, 30)
    assert second.current == here
    assert second.frame().equals(first.frame())
    second.undo()
    assert second.done == 3
    assert second.current is not None and second.current.key == list(first.said)[3]


def test_undo_goes_back_answer_by_answer_to_the_start(session: Session) -> None:
    book = book_of(session)
    seen = []
    for key in "yns":
        seen.append(book.current)
        book.skip() if key == "s" else book.answer(Label.of(key))
    for case in reversed(seen):
        book.undo()
        assert book.current == case
    assert book.done == 0
    book.undo()
    assert book.current == seen[0]
    assert len(book_of(session).frame()) == 0


def test_what_is_skipped_comes_again_after_all_others(session: Session) -> None:
    book = book_of(session, 5)
    skipped = book.current
    book.skip()
    answered(book, "yyyy")
    assert book.current == skipped
    book.skip()
    assert book.current == skipped
    answered(book, "n")
    assert book.current is None
    answered(book, "y")
    book.skip()
    assert (book.done, book.total) == (5, 5)


def test_the_probability_is_that_of_the_draw_once_all_are_labelled_and_less_before(session: Session) -> None:
    book = book_of(session)
    drawn = book.cases.set_index(["product_id", "question"])["probability"]
    while book.current is not None:
        answered(book, "y")
        labels = book.frame().set_index(["product_id", "question"])["probability"]
        assert ((labels > 0) & (labels <= drawn.loc[labels.index] + 1e-12)).all()
    assert labels.sort_index().to_numpy() == pytest.approx(drawn.sort_index().to_numpy())


def test_more_cases_keep_the_labels_of_fewer(session: Session) -> None:
    few = book_of(session, 10)
    answered(few, "y" * 10)
    many = book_of(session, 40)
    assert (many.done, many.total) == (10, 40)
    other = book_of(session, 10, seed=9)
    answered(other, "n" * (other.total - other.done))
    assert len(other.frame()) == len(book_of(session, 10).frame()) > 10
    assert set(few.said) <= set(other.said)


def test_two_books_at_once_lose_no_answer(session: Session) -> None:
    one, other = book_of(session), book_of(session)
    answered(one, "yy")
    for _ in range(3):
        other.skip()
    answered(other, "n")
    answered(one, "p")
    assert sorted(book_of(session).frame()["label"]) == ["no", "partial", "yes", "yes"]
    assert one.done == 4
    answered(one, "p")
    assert len(book_of(session).frame()) == 5, "what the other book labelled was asked again"


def test_answers_from_several_threads_are_all_kept(session: Session) -> None:
    book = book_of(session)
    threads = [threading.Thread(target=answered, args=(book, "yn")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(book_of(session).frame()) == book.done == 16


def test_an_answer_that_cannot_be_saved_is_not_taken(session: Session) -> None:
    book = book_of(session)
    answered(book, "y")
    here = book.current
    (session.output_dir / f"labels_{session.id}.csv").unlink()
    (session.output_dir / f"labels_{session.id}.csv").mkdir()
    with pytest.raises((StorageError, SessionDamaged)):
        answered(book, "n")
    assert book.current == here


def test_odd_ids_and_questions_are_harmless_in_the_file_and_found_again(tmp_path: Path) -> None:
    questions = [(text, "Specs", False) for text in ODD if "\ud800" not in text]
    planted = audits.Planted(
        {ODD[0]: "y" * len(questions), "'=plain": "n" * len(questions)}, questions={"Home": questions}
    )
    session = audits.write(tmp_path, planted)
    book = book_of(session)
    answered(book, "yn" * len(questions))
    again = book_of(session)
    assert (again.done, again.current) == (2 * len(questions), None)
    assert again.frame().equals(book.frame())
    with book.path.open(encoding="utf-8-sig", newline="") as lines:
        cells = [cell for row in csv.reader(lines) for cell in row]
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "@", "+"))]


def test_a_file_that_is_no_table_of_labels_is_named(session: Session) -> None:
    path = session.paths.labels
    for content in (b"product_id,question\na,b\n", b"\xff\xfe\x00", b"product_id,question,label\na,b,perhaps\n"):
        path.write_bytes(content)
        with pytest.raises(SessionDamaged, match=path.name):
            book_of(session)


def test_labels_belong_to_the_session(session: Session, tmp_path: Path) -> None:
    answered(book_of(session), "yyn")
    assert session.paths.labels in session.files
    assert session.paths.labels.name not in {problem.file for problem in verify(session.paths)}
    elsewhere = tmp_path / "elsewhere"
    restore(backup(session), elsewhere)
    assert len(book_of(Session(session.id, elsewhere)).frame()) == 3
    assert session.paths.labels in cleanup(session)
    assert not session.paths.labels.exists()


def test_a_sheet_goes_out_and_comes_back(session: Session, tmp_path: Path) -> None:
    book = book_of(session)
    answered(book, "p")
    path = write_sheet(book, tmp_path / "to_label.csv")
    sheet = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert tuple(sheet.columns) == SHEET_COLUMNS
    assert sheet["label"].tolist() == ["partial"] + [""] * 29
    assert sheet["quote"].tolist() == book.cases["evidence"].tolist()
    assert sheet["text"].str.len().min() > 0
    sheet.loc[0:4, "label"] = ["no", "Y", " partial ", "Not applicable", "x"]
    sheet.to_csv(path, index=False)
    book.take(read_sheet(book, path))
    assert book.done == 5
    said = book_of(session).frame().set_index(["product_id", "question"])["label"]
    first = sheet.set_index(["product_id", "question"])["label"]
    wanted = dict(zip(first.index[:5], ("no", "yes", "partial", "not_applicable", "not_applicable"), strict=True))
    assert said.to_dict() == wanted


@pytest.mark.parametrize(("separator", "encoding"), [(";", "cp1252"), ("\t", "utf-16"), (";", "utf-8-sig")])
def test_a_sheet_is_read_as_spreadsheets_save_it(
    session: Session, tmp_path: Path, separator: str, encoding: str
) -> None:
    book = book_of(session)
    path = write_sheet(book, tmp_path / "to_label.csv")
    sheet = pd.read_csv(path, dtype=str, keep_default_na=False).assign(label="n")
    sheet[["label", "text", "case"]].to_csv(path, index=False, sep=separator, encoding=encoding, errors="replace")
    assert list(read_sheet(book, path).values()) == [Label.NO] * 30


def test_a_sheet_with_a_wrong_label_or_a_strange_case_is_refused_with_its_row(session: Session, tmp_path: Path) -> None:
    book = book_of(session)
    path = write_sheet(book, tmp_path / "to_label.csv")
    good = pd.read_csv(path, dtype=str, keep_default_na=False)
    bad = good.copy()
    bad.loc[0, "label"], bad.loc[3, "label"] = "yes", "perhaps"
    bad.to_csv(path, index=False)
    with pytest.raises(InputError, match=r"row 5: 'perhaps'.*not_applicable \(x\)"):
        read_sheet(book, path)
    other = write_sheet(book_of(session, 30, seed=5), tmp_path / "other.csv")
    pd.read_csv(other, dtype=str, keep_default_na=False).assign(label="y").to_csv(other, index=False)
    with pytest.raises(InputError, match="n and the seed"):
        read_sheet(book, other)
    good.drop(columns="label").to_csv(path, index=False)
    with pytest.raises(InputError, match="no column label"):
        read_sheet(book, path)
    with pytest.raises(InputError, match="cannot be read"):
        read_sheet(book, tmp_path / "nowhere.csv")
    assert book.done == 0


def test_the_sheet_shows_the_verdict_only_where_it_is_asked_for(session: Session, tmp_path: Path) -> None:
    book = book_of(session)
    sheet = pd.read_csv(write_sheet(book, tmp_path / "open.csv", show_verdict=True))
    assert sheet["verdict"].tolist() == book.cases["prediction"].tolist()
