"""Cases as a table to be labelled in a spreadsheet, and that table read back."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from pathlib import Path

import pandas as pd

from feedeval.errors import InputError
from feedeval.formatting import plain
from feedeval.results.export import write_frame
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.labelling.book import CaseKey, Label, LabelBook

SHEET_COLUMNS = ("case", "product_id", "title", "question", "quote", "text", "label")
"""Columns of the table, in order; with the judge's verdict, `verdict` stands before `label`."""


def write_sheet(book: LabelBook, path: str | Path, *, show_verdict: bool = False) -> Path:
    """Write the cases as a table with a column `label` to be filled in, and return its path.

    Args:
        book: The cases; what has been labelled has its label.
        path: `.csv`, or any other suffix that `write_frame` takes.
        show_verdict: Write the judge's verdicts beside them.

    Raises:
        InputError: Another suffix.
        StorageError: The file cannot be written.
    """
    cases = book.cases.rename(columns={"evidence": "quote", "context": "text", "prediction": "verdict"})
    said = book.said
    keys = list(zip(cases["product_id"], cases["question"], strict=True))
    cases["case"] = pd.array([case_name(key) for key in keys], dtype=TEXT)
    cases["label"] = pd.array([said[key].value if key in said else "" for key in keys], dtype=TEXT)
    names = [*SHEET_COLUMNS[:-1], *(["verdict"] if show_verdict else []), SHEET_COLUMNS[-1]]
    return write_frame(cases[names], path)


def read_sheet(book: LabelBook, path: str | Path) -> dict[CaseKey, Label]:
    """Return the labels of a table that `write_sheet` wrote and a person filled in, also saved by a spreadsheet.

    Rows without a label are left out.

    Raises:
        InputError: The table cannot be read, a row is none of the cases, or its label is none; nothing is noted then.
    """
    table = _read_table(Path(path))
    known = {case_name(key): key for key in zip(book.cases["product_id"], book.cases["question"], strict=True)}
    found: dict[CaseKey, Label] = {}
    for line, (name, text) in enumerate(zip(table["case"], table["label"], strict=True), start=2):
        if not text.strip():
            continue
        if (key := known.get(name.strip())) is None:
            raise InputError(
                f"{Path(path).name}, row {line}: {plain(name)!r} is none of the cases of session {book.session.id}: "
                "read it with the n and the seed that it was exported with"
            )
        try:
            found[key] = Label.of(text)
        except InputError as exc:
            raise InputError(f"{Path(path).name}, row {line}: {exc}") from exc
    return found


def case_name(key: CaseKey) -> str:
    """Return a name for a case that no spreadsheet takes for a number or a formula."""
    return f"case-{hashlib.blake2b(repr(key).encode('utf-8', 'backslashreplace'), digest_size=6).hexdigest()}"


def _read_table(path: Path) -> pd.DataFrame:
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    try:
        # Excel's "Unicode text" is UTF-16.
        text = data.decode("utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig")
    except UnicodeDecodeError:
        # What is compared are names of cases and labels, which are ASCII: any code page of Windows will do.
        text = data.decode("cp1252", "replace")
    head = text.split("\n", 1)[0]
    # Excel writes what its country has for a list separator.
    separator = max(",;\t", key=head.count)
    try:
        rows = pd.read_csv(
            io.StringIO(text), sep=separator, dtype=str, keep_default_na=False, quoting=csv.QUOTE_MINIMAL
        )
    except ValueError as exc:
        raise InputError(f"{path.name} cannot be read as a table: {exc}") from exc
    rows = rows.rename(columns=lambda name: str(name).strip().casefold())
    if missing := {"case", "label"} - set(rows.columns):
        raise InputError(f"{path.name} has no column {' and no '.join(sorted(missing))}: fill in what .export() wrote")
    return rows
