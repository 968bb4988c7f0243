"""Products of a workbook: the sheet that is asked for, or the one that looks most like a feed."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING

from feedeval.errors import FeedevalError, InputError
from feedeval.feed.parsing.faults import Fault, Faults
from feedeval.feed.parsing.formats import FORMATS, Format
from feedeval.feed.parsing.sniff import Sniffed, refuse
from feedeval.feed.parsing.sources import Source
from feedeval.feed.parsing.table import headings, pairs_of_rows
from feedeval.feed.parsing.values import Pair
from feedeval.feed.parsing.workbooks.cell_text import cell_text
from feedeval.feed.parsing.workbooks.extents import Extent, ods_extents, xlsb_extent, xlsx_extent, xlsx_members
from feedeval.feed.parsing.workbooks.headers import LOOKED_AT, Header, header_of

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_DELIMITERS = ("", "\t", ";", ",", "|")
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sheet that holds something."""

    name: str
    sheet: CalamineSheet
    header: Header | None
    rows: int
    """Rows below the header."""
    hidden: bool
    delimiter: str
    """Between the cells where a whole row stands in one, else empty."""

    @property
    def rank(self) -> tuple[bool, bool, int, int]:
        """Sheets with products come first; of these, what somebody hid comes after what can be seen."""
        known = self.header.known if self.header else 0
        return known > 1 and self.rows > 0, not self.hidden, known, self.rows


def workbook_pairs(source: Source, sniffed: Sniffed, faults: Faults) -> Iterator[tuple[int, list[Pair]]]:
    """Yield row number and pairs of each product of one sheet."""
    with source.whole() as file, _damage_told(source.name, FORMATS[sniffed.format].found):
        extents = _Extents(source.name, sniffed.format, file)
        with closing(_opened(source, sniffed, file)) as book:
            chosen = _chosen(book, extents, sniffed, faults)
        if chosen.header is None:
            raise refuse(source.name, f"{FORMATS[sniffed.format].found} without a table in it")
        extent = extents.of(chosen.name)
        for row in extent.error_rows:
            faults.add(Fault.ERROR_CELL, line=row)
        if extent.errors > len(extent.error_rows):
            faults.add(Fault.ERROR_CELL, count=extent.errors - len(extent.error_rows))
        yield from _pairs(chosen, chosen.header, faults)


def texts_of_sheet(source: Source, sniffed: Sniffed, name: str) -> list[list[str]] | None:
    """Return the cells of the sheet of just this name as text, a list a row; None where the workbook has none.

    Raises:
        FeedError: The workbook is damaged, or the sheet would not fit into memory.
    """
    with source.whole() as file, _damage_told(source.name, FORMATS[sniffed.format].found):
        extents = _Extents(source.name, sniffed.format, file)
        with closing(_opened(source, sniffed, file)) as book:
            if name not in book.sheet_names:
                return None
            extents.of(name)
            return [cells for _, cells in _texts(book.get_sheet_by_name(name), "", Faults(source.name))]


def _opened(source: Source, sniffed: Sniffed, file: IO[bytes]) -> CalamineWorkbook:
    # Only who reads a workbook needs it.
    import python_calamine

    file.seek(0)
    try:
        return python_calamine.load_workbook(file)
    except python_calamine.PasswordError as error:
        raise refuse(source.name, "a workbook that is protected by a password; save it without one") from error


@contextmanager
def _damage_told(name: str, found: str) -> Iterator[None]:
    """Say of whatever goes wrong inside a workbook that it is damaged.

    Raises:
        FeedError: Something went wrong.
    """
    try:
        yield
    except FeedevalError:
        raise
    except BaseException as error:
        # Damage shows as an error of the zip archive, of the compression, of the XML, or as Rust giving up, which is no
        # `Exception`.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        reason = str(error).partition("\n")[0][:200] or type(error).__name__
        raise refuse(name, f"{found} that is damaged ({reason}); save or download it again") from error


class _Extents:
    """How far each sheet reaches, found before any sheet is held in memory."""

    def __init__(self, source: str, format: Format, file: IO[bytes]) -> None:
        self.source = source
        self._format = format
        self._archive: zipfile.ZipFile | None = None
        self._members: dict[str, str] = {}
        self._known: dict[str, Extent] = {}
        if format is Format.XLS:
            return  # its sheets have at most 65,536 rows of 256 columns
        file.seek(0)
        self._archive = zipfile.ZipFile(file)
        if format is Format.ODS:
            # All sheets are read as soon as the workbook is opened.
            with self._archive.open("content.xml") as content:
                cells = 0
                for name, extent in ods_extents(content):
                    extent.refuse_too_large(source, name, taken=cells)
                    cells += extent.cells
        elif format is Format.XLSX:
            self._members = xlsx_members(self._archive)
        else:
            self._look_at_all(self._archive)

    def of(self, sheet: str) -> Extent:
        """Return how far a sheet reaches; of one that cannot be found by its name, nothing is known.

        Raises:
            FeedError: It would not fit into memory.
        """
        if sheet not in self._known:
            member = self._members.get(sheet)
            extent = xlsx_extent(self._archive, member) if self._archive and member else Extent()
            extent.refuse_too_large(self.source, sheet)
            self._known[sheet] = extent
        return self._known[sheet]

    def _look_at_all(self, archive: zipfile.ZipFile) -> None:
        for member in archive.namelist():
            if member.startswith("xl/worksheets/") and member.endswith(".bin"):
                with archive.open(member) as sheet:
                    xlsb_extent(sheet).refuse_too_large(self.source, member)


def _chosen(book: CalamineWorkbook, extents: _Extents, sniffed: Sniffed, faults: Faults) -> _Candidate:
    wanted = _wanted(book, sniffed.sheet, faults.source)
    best: _Candidate | None = None
    names = []
    for position in range(len(book.sheet_names)) if wanted is None else [wanted]:
        # No more than two sheets are in memory at once.
        candidate = _candidate(book, position, extents, sniffed)
        if candidate is not None:
            names.append(candidate.name)
            best = candidate if best is None or candidate.rank > best.rank else best
    if best is None:
        where = "" if wanted is None else f" in its sheet {book.sheet_names[wanted]!r}"
        raise refuse(faults.source, f"{FORMATS[sniffed.format].found} with nothing{where}")
    if len(names) > 1:
        others = [repr(name) for name in names if name != best.name]
        listed = ", ".join(others[:_SHOWN]) + (" …" if len(others) > _SHOWN else "")
        faults.note(
            f"of {len(names):,} sheets with something in them the sheet {best.name!r} was read, not {listed} "
            "(sheet= reads another one)"
        )
    return best


def _wanted(book: CalamineWorkbook, sheet: str | int | None, source: str) -> int | None:
    """Return the place of the sheet that a person asked for.

    Raises:
        InputError: There is none of that name or number.
    """
    if sheet is None:
        return None
    names = book.sheet_names
    if isinstance(sheet, str):
        folded = [name.strip().casefold() for name in names]
        if sheet in names:
            return names.index(sheet)
        if folded.count(sheet.strip().casefold()) == 1:
            return folded.index(sheet.strip().casefold())
        if sheet.isdecimal() and 1 <= int(sheet) <= len(names):
            return int(sheet) - 1
    elif not isinstance(sheet, bool) and isinstance(sheet, int) and 1 <= sheet <= len(names):
        return sheet - 1
    listed = ", ".join(f"{number} {name!r}" for number, name in enumerate(names, start=1))
    raise InputError(f"sheet={sheet!r}: {source} has the sheets {listed}; give one's name, or its number from 1")


def _candidate(book: CalamineWorkbook, position: int, extents: _Extents, sniffed: Sniffed) -> _Candidate | None:
    """Return a sheet with its header, or None where it holds nothing."""
    import python_calamine

    about = book.sheets_metadata[position]
    if about.typ != python_calamine.SheetTypeEnum.WorkSheet:
        return None
    extents.of(about.name)
    with _damage_told(extents.source, f"the sheet {about.name!r}"):
        sheet = book.get_sheet_by_index(position)
    if sheet.start is None or sheet.end is None:
        return None
    header, delimiter = _header(sheet, sniffed)
    below = sheet.end[0] - header.index if header is not None else 0
    hidden = about.visible != python_calamine.SheetVisibleEnum.Visible
    return _Candidate(about.name, sheet, header, below, hidden, delimiter)


def _header(sheet: CalamineSheet, sniffed: Sniffed) -> tuple[Header | None, str]:
    """Return the header of a sheet, and what parts its cells where each row stands in one: a CSV that was opened so."""
    silent = Faults("")
    start = sheet.start[0] if sheet.start else 0
    found: list[tuple[Header | None, str]] = []
    for delimiter in _DELIMITERS if sheet.width == 1 else ("",):
        top = [cells for _, cells in islice(_texts(sheet, delimiter, silent), start + LOOKED_AT)]
        header = header_of(top[start:], sniffed.given)
        found.append((Header(header.index + start, header.known) if header else None, delimiter))
    return max(found, key=lambda each: each[0].known if each[0] else -1)


def _texts(sheet: CalamineSheet, delimiter: str, faults: Faults) -> Iterator[tuple[int, list[str]]]:
    for line, cells in enumerate(sheet.iter_rows(), start=1):
        row = [cell_text(cell, line, faults) for cell in cells]
        yield line, next(csv.reader(row, delimiter=delimiter), [""]) if delimiter else row


def _pairs(chosen: _Candidate, header: Header, faults: Faults) -> Iterator[tuple[int, list[Pair]]]:
    rows = _texts(chosen.sheet, chosen.delimiter, faults)
    names = next(cells for line, cells in rows if line > header.index)
    merged = _merged_down(chosen.sheet, header.index)

    def below() -> Iterator[tuple[int, list[str]]]:
        above: dict[int, str] = {}
        for line, cells in rows:
            if cells == names:
                continue  # the header of a printed page
            for column, first in merged.get(line - 1, ()):
                if first:
                    above[column] = cells[column]
                else:
                    cells[column] = above.get(column, "")
            yield line, cells

    yield from pairs_of_rows(below(), headings(names), faults)


def _merged_down(sheet: CalamineSheet, header: int) -> dict[int, list[tuple[int, bool]]]:
    """Return, by row, the columns of cells that are merged over several rows, and whether the row is their first.

    A value that stands over several rows is the value of each of them.
    """
    left = sheet.start[1] if sheet.start else 0
    last = sheet.end or (0, 0)
    found: dict[int, list[tuple[int, bool]]] = {}
    for (top, column), (bottom, right) in sheet.merged_cell_ranges or ():
        # A cell that spans columns as well is a heading between the rows.
        if header < top < bottom and column == right and left <= column <= last[1]:
            for row in range(top, min(bottom, last[0]) + 1):
                found.setdefault(row, []).append((column - left, row == top))
    return found
