"""How far the sheets of a workbook reach, and which of their cells are errors, before any is read.

A sheet is held in memory as a full rectangle, so one stray cell in the last corner would ask for more memory than there
is, and a few bytes can say `repeat this a million times`. The reading of workbooks cannot be stopped half-way.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import IO

from feedeval.errors import FeedError
from feedeval.feed.parsing.faults import LINES_SHOWN

MOST_CELLS = 60_000_000
"""Cells of the rectangle of one sheet; about two gigabytes of memory."""

_CHUNK = 1 << 20
_ANY_CELL = re.compile(rb'\sr="([A-Z]{1,3})(\d{1,7})"')
_FILLED_CELL = re.compile(
    rb'<(?:\w+:)?c\s(?:[^>]*?\s)?r="([A-Z]{1,3})(\d{1,7})"[^>]*(?<!/)>(?!\s*(?:<v\s*/>|<v></v>)?\s*</(?:\w+:)?c>)'
)
_ERROR = re.compile(rb'<(?:\w+:)?c\s(?=[^>]*\st="e")[^>]*?\br="[A-Z]{1,3}(\d{1,7})"')
_SHEET = re.compile(r"<(?:\w+:)?sheet\s([^>]*)>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\s([^>]*)>")
_RELATED = re.compile(r"\b\w+:id\s*=\s*[\"']([^\"']*)[\"']")
_ODS_TOKEN = re.compile(rb"<table:(table-row|table-cell|table)\b([^>]*)>")
_REPEATED = re.compile(rb'number-(?:rows|columns)-repeated="(\d+)"')
_ODS_NAME = re.compile(rb'table:name="([^"]*)"')


@dataclass
class Extent:
    """The rectangle of one sheet.

    Attributes:
        rows: Number of the last row.
        columns: Number of the last column.
        errors: How many cells are errors.
        error_rows: Rows of the first of them.
    """

    rows: int = 0
    columns: int = 0
    errors: int = 0
    error_rows: list[int] = field(default_factory=list)

    @property
    def cells(self) -> int:
        """Cells of the rectangle."""
        return self.rows * self.columns

    def refuse_too_large(self, source: str, sheet: str, *, taken: int = 0) -> None:
        """Raise where the rectangle would fill the memory, beside other sheets with `taken` cells.

        Raises:
            FeedError: It would.
        """
        if taken + self.cells > MOST_CELLS:
            raise FeedError(
                f"{source}: the sheet {sheet!r} reaches to row {self.rows:,} and column {self.columns:,}, more cells "
                f"than fit into memory ({MOST_CELLS // 1_000_000} million are taken). Delete the rows and columns "
                "behind the table, name another sheet with sheet=, or save the sheet as CSV, which streams"
            )


def xlsx_extent(archive: zipfile.ZipFile, member: str) -> Extent:
    """Return how far a sheet of an .xlsx reaches."""
    extent = _xlsx_extent(archive, member, _ANY_CELL)
    # Cells that only have a format are no part of what is kept, and whole rows and columns of them are common; telling
    # them apart takes longer.
    return extent if extent.cells <= MOST_CELLS else _xlsx_extent(archive, member, _FILLED_CELL)


def _xlsx_extent(archive: zipfile.ZipFile, member: str, cell: re.Pattern[bytes]) -> Extent:
    extent = Extent()
    columns: set[bytes] = set()
    with archive.open(member) as file:
        for text in _pieces(file):
            if not (found := cell.findall(text)):
                continue
            columns.update([name for name, _ in found])
            extent.rows = max(extent.rows, int(max([row for _, row in found], key=_as_number)))
            if b't="e"' in text:
                errors = _ERROR.findall(text)
                extent.errors += len(errors)
                extent.error_rows += [int(row) for row in errors[: LINES_SHOWN - len(extent.error_rows)]]
    extent.columns = max(map(_column_number, columns), default=0)
    return extent


def _as_number(digits: bytes) -> tuple[int, bytes]:
    return len(digits), digits


def _column_number(name: bytes) -> int:
    number = 0
    for letter in name:
        number = number * 26 + letter - ord("A") + 1
    return number


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the text of a member in pieces that end between two tags."""
    rest = b""
    while block := file.read(_CHUNK):
        text, mark, rest = (rest + block).rpartition(b"<")
        rest = mark + rest
        if len(rest) > 64 * _CHUNK:
            # Text of one cell this long is no table; what it holds cannot be a tag.
            rest = b""
        yield text
    yield rest


def xlsx_members(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the member of each sheet of an .xlsx by the sheet's name."""
    targets: dict[str, str] = {}
    for relation in _RELATION.findall(_text(archive, "xl/_rels/workbook.xml.rels")):
        key, target = _attribute(relation, "Id"), _attribute(relation, "Target")
        if key and target:
            targets[key] = posixpath.normpath(posixpath.join("xl", target)).lstrip("/")
    found = {}
    known = set(archive.namelist())
    for sheet in _SHEET.findall(_text(archive, "xl/workbook.xml")):
        related = _RELATED.search(sheet)
        member = targets.get(related[1]) if related else None
        if member in known and (name := _attribute(sheet, "name")):
            found[name] = str(member)
    return found


def _text(archive: zipfile.ZipFile, member: str) -> str:
    return archive.read(member).decode("utf-8", "replace") if member in archive.namelist() else ""


def _attribute(tag: str, name: str) -> str:
    match = re.search(rf"(?<![\w:]){name}\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", tag)
    return unescape(match[1] or match[2] or "") if match else ""


def ods_extents(file: IO[bytes]) -> Iterator[tuple[str, Extent]]:
    """Yield the name of each sheet of a `content.xml`, and how far it reaches, repeats written out."""
    name, extent = "", Extent()
    row = repeat = column = 0
    for text in _pieces(file):
        for kind, attributes in _ODS_TOKEN.findall(text):
            match = _REPEATED.search(attributes)
            times = int(match[1]) if match else 1
            if kind == b"table":
                if name:
                    yield name, extent
                called = _ODS_NAME.search(attributes)
                name, extent = unescape(called[1].decode("utf-8", "replace")) if called else "?", Extent()
                row = repeat = column = 0
            elif kind == b"table-row":
                row, repeat, column = row + repeat, times, 0
            else:
                column += times
                if b"value-type=" in attributes or not attributes.endswith(b"/"):
                    extent.rows, extent.columns = max(extent.rows, row + repeat), max(extent.columns, column)
    if name:
        yield name, extent


def xlsb_extent(file: IO[bytes]) -> Extent:
    """Return how far a sheet of an .xlsb reaches ([MS-XLSB], BrtRowHdr 0 and the cells 1 to 11)."""
    extent = Extent()
    data = file.read()
    position, size = 0, len(data)
    while position < size:
        kind, position = data[position], position + 1
        if kind & 0x80 and position < size:
            kind, position = kind & 0x7F | data[position] << 7, position + 1
        length = shift = 0
        while position < size and shift < 28:
            byte, position = data[position], position + 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if kind <= 11 and length >= 4:
            number = int.from_bytes(data[position : position + 4], "little") + 1
            if kind == 0:
                extent.rows = max(extent.rows, number)
            else:
                extent.columns = max(extent.columns, number)
        position += length
    return extent
