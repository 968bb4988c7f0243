"""The file itself, and what is in it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedeval.errors import InputError
from feedeval.feed.filled import REFERENCE, SHEET
from feedeval.feed.rules import target_of
from feedeval.formatting import plain
from feedeval.html import Markup, definitions, escape, section
from feedeval.results.export import MOST_CHARS, MOST_ROWS, CutWarning, fit, put_row, write_whole
from feedeval.results.gaps.making import actions_of
from feedeval.results.large.in_parts import AuditInParts
from feedeval.results.stored import StoredSession
from feedeval.results.workbook.filling import Column, Filling, filling_of
from feedeval.results.workbook.sheets import (
    NARROW,
    WIDE,
    Heading,
    Sheet,
    actions_sheet,
    answers_sheet,
    products_sheet,
    summary_rows,
)

_MOST_COLOURED = 300_000
"""Cells that are coloured for being asked for: each takes its place in the file."""
_LIST_CHARS = 255
"""Longest list of values, and longest hint, that a cell's validation takes."""
_HINT_TITLE_CHARS = 32
_ALL = 'session.consolidate(path, rows="{}") writes them all'
_COLOUR = "#FFF8E1"
_COPIED_COLOUR = "#E3F2E1"
"""Of cells that hold words of the product's page, to be looked at before they are used."""


@dataclass(frozen=True)
class Workbook:
    """A workbook, as it was written; stands for its path wherever a path is taken."""

    path: Path
    products: int
    """Rows to fill in."""
    columns: tuple[str, ...]
    """Columns to fill in, the one that gains most first."""
    notes: tuple[str, ...] = ()
    """What is not in it, and why."""

    def __fspath__(self) -> str:
        return str(self.path)

    def facts(self) -> dict[str, str]:
        """Return what is in the file, by name."""
        shown = ", ".join(self.columns[:8]) + (f" and {len(self.columns) - 8:,} more" if len(self.columns) > 8 else "")
        facts = {"Workbook": str(self.path), SHEET: f"{self.products:,} products; {shown or 'nothing'}"}
        return facts | ({"Left out": "; ".join(self.notes)} if self.notes else {})

    def text(self) -> str:
        """Return what is in the file, a line each."""
        facts = self.facts()
        return "\n".join(f"{name:<{max(map(len, facts))}}  {plain(value)}" for name, value in facts.items())

    __str__ = __repr__ = text

    def _repr_html_(self) -> str:
        hint = Markup(
            f"<p>When it is filled in: <code>fe.apply_fixes(feed, {escape(repr(str(self.path)))})</code>, or upload it "
            "in the app.</p>"
        )
        return section("A workbook to fill in", definitions(self.facts()), hint)


def write_workbook(
    session: StoredSession,
    in_parts: Callable[[], AuditInParts],
    path: str | Path,
    *,
    target: str,
    limit: int | None = None,
) -> Workbook:
    """Write the workbook of an audit, whole or not at all, as `Session.workbook` says.

    Args:
        session: The audit.
        in_parts: Returns it part by part.
        path: Where to.
        target: The destination whose values are offered.
        limit: Most products to fill in.
    """
    destination = target_of(target)
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise InputError(f"limit={limit!r}: give a whole number from 1, or None for all products")
    place = Path(path)
    if place.suffix.lower() != ".xlsx":
        raise InputError(f"{place.name}: a workbook's name ends in .xlsx")
    if not place.parent.is_dir():
        raise InputError(f"{place.parent} is not a folder: make it first")
    if not session.progress.counts.done:
        raise InputError(f"session {session.id} has no product that is done: there is nothing to write yet")
    made: list[Workbook] = []
    audit = in_parts()
    filling = filling_of(audit, target=destination, limit=min(limit or MOST_ROWS, MOST_ROWS))
    write_whole(place, lambda unfinished: made.append(_write(session, audit, (place, unfinished), filling)))
    return made[0]


def _write(session: StoredSession, audit: AuditInParts, places: tuple[Path, Path], filling: Filling) -> Workbook:
    place, unfinished = places
    products, answers = products_sheet(session), answers_sheet(session)
    notes = tuple(_left_out(session, filling, products, answers))
    with _Book(unfinished) as book:
        book.summary(session.title, summary_rows(session, [("Left out", note) for note in notes]))
        book.table(actions_sheet(actions_of(audit.feed, session.standing.coverage_pct)))
        book.table(products)
        book.table(answers)
        book.fill_in(filling)
    return Workbook(place, filling.products, tuple(column.heading for column in filling.columns), notes)


def _left_out(session: StoredSession, filling: Filling, products: Sheet, answers: Sheet) -> list[str]:
    most = f"a worksheet takes {MOST_ROWS + 1:,} rows"
    notes = []
    if products.left_out:
        notes.append(f"{products.left_out:,} products, those with the best coverage: {most}; {_ALL.format('products')}")
    if answers.left_out:
        notes.append(
            f"{answers.left_out:,} answers: {most}, and those that are open come first; {_ALL.format('judgements')}"
        )
    if filling.left_out:
        notes.append(f"{filling.left_out:,} columns of {SHEET} that gain least")
    if filling.without_id:
        notes.append(f"{filling.without_id:,} products without an id, which nothing can be filled in for")
    unknown = max((session.sample or {}).get("of", session.progress.counts.total) - session.progress.counts.done, 0)
    if unknown:
        notes.append(f"{unknown:,} products of the feed that the audit says nothing of")
    return notes


class _Book:
    """Writes the sheets one after the other; nothing in them runs, and no address is a link."""

    def __init__(self, path: Path) -> None:
        import xlsxwriter  # only who writes a workbook needs it

        self._book = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                **dict.fromkeys(("strings_to_urls", "strings_to_formulas", "strings_to_numbers"), False),
            },
        )
        self._bold = self._book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._wrapped = self._book.add_format({"text_wrap": True, "valign": "top"})
        self._title = self._book.add_format({"bold": True, "font_size": 14})
        self._asked = self._book.add_format({"bg_color": _COLOUR, "num_format": "@", "border": 4})
        self._copied = self._book.add_format({"bg_color": _COPIED_COLOUR, "num_format": "@", "border": 4})
        self._text = self._book.add_format({"num_format": "@"})
        self._cut = 0

    def __enter__(self) -> _Book:
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()
        if self._cut:
            warnings.warn(
                f"{self._cut:,} texts were longer than the {MOST_CHARS:,} characters that a cell takes, and were cut",
                CutWarning,
                stacklevel=2,
            )

    def summary(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """Write the first sheet: names and what is to be said."""
        sheet = self._book.add_worksheet("Summary")
        sheet.set_column(0, 0, NARROW + 4)
        sheet.set_column(1, 1, 2 * WIDE)
        sheet.write_string(0, 0, fit(title), self._title)
        for line, (name, text) in enumerate(rows, 2):
            sheet.write_string(line, 0, fit(name), self._bold)
            sheet.write_string(line, 1, fit(text), self._wrapped)

    def table(self, content: Sheet) -> None:
        """Write a sheet of rows under a header that stays in view and filters."""
        sheet = self._started(content.name, content.columns)
        last = 0
        for last, row in enumerate(content.rows, 1):
            self._cut += put_row(sheet, last, row)
        sheet.autofilter(0, 0, last, len(content.columns) - 1)

    def fill_in(self, filling: Filling) -> None:
        """Write the sheet to fill in, and what its columns take."""
        first = len(REFERENCE)
        names = [Heading(name, width) for name, width in zip(REFERENCE, (16, 40, 16, 40), strict=True)]
        sheet = self._started(SHEET, [*names, *(Heading(column.heading, 24) for column in filling.columns)])
        sheet.freeze_panes(1, 2)
        # What is typed stays as it is typed: 00123 keeps its noughts, and 1-2 is no date.
        sheet.set_column(first, first + max(len(filling.columns), 1) - 1, 24, self._text)
        coloured = filling.cells <= _MOST_COLOURED
        for line, row in enumerate(filling.rows, 1):
            self._cut += put_row(sheet, line, (row.product_id, row.title, row.link, row.current or None))
            for at in sorted(row.wanted):
                if at in row.proposed:
                    sheet.write_string(line, first + at, fit(row.proposed[at]), self._copied)
                elif coloured:
                    sheet.write_blank(line, first + at, None, self._asked)
        last = max(filling.products, 1)
        for at, column in enumerate(filling.columns):
            sheet.data_validation(1, first + at, last, first + at, self._takes(column, at))
        sheet.autofilter(0, 0, last, first + len(filling.columns) - 1)
        sheet.activate()
        self._write_lists(filling)

    def _started(self, name: str, columns: Sequence[Heading]) -> Any:
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
            sheet.write_string(0, place, fit(column.name), self._bold)
        return sheet

    def _takes(self, column: Column, at: int) -> dict[str, Any]:
        """Return what a column takes: a list of values where the destination has one, and what the cell is for."""
        hint = {"input_title": column.heading[:_HINT_TITLE_CHARS], "input_message": _hint(column)}
        if not column.values:
            return {"validate": "any", **hint}
        short = len(",".join(column.values)) <= _LIST_CHARS
        source = list(column.values) if short else f"=Lists!${_letters(at)}$1:${_letters(at)}${len(column.values)}"
        refusal = {
            "error_title": "Not in the list",
            "error_message": f"{column.field} takes one of: {', '.join(column.values)}"[:_LIST_CHARS],
            "error_type": "warning",
        }
        return {"validate": "list", "source": source, **hint, **refusal}

    def _write_lists(self, filling: Filling) -> None:
        """Write lists that are too long for a cell's validation on a sheet of their own, which is hidden."""
        long = {
            at: column.values for at, column in enumerate(filling.columns) if len(",".join(column.values)) > _LIST_CHARS
        }
        if not long:
            return
        sheet = self._book.add_worksheet("Lists")
        sheet.hide()
        for line in range(max(map(len, long.values()))):
            for at, values in long.items():
                if line < len(values):
                    sheet.write_string(line, at, values[line])


def _hint(column: Column) -> str:
    gain = f"Gains {column.gain:.1f} points of coverage. " if column.gain >= 0.05 else ""
    asked = f"Asked of {column.products:,} product{'s' * (column.products != 1)}. "
    questions = " ".join(column.questions)
    text = f"{gain}{asked}{questions}".strip()
    return text if len(text) <= _LIST_CHARS else f"{text[: _LIST_CHARS - 1]}…"


def _letters(at: int) -> str:
    """Return the letters of a column by its place from 0."""
    head, rest = divmod(at, 26)
    return (_letters(head - 1) if head else "") + chr(65 + rest)
