"""Workbooks for tests, made as people make them: by Excel's and LibreOffice's own formats."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from openpyxl import Workbook

Rows = Sequence[Sequence[Any]]


def xlsx(sheets: Mapping[str, Rows] | Rows, *, hidden: Sequence[str] = ()) -> bytes:
    """Return an Excel workbook."""
    book = Workbook()
    del book[book.sheetnames[0]]
    for name, rows in (sheets if isinstance(sheets, Mapping) else {"Sheet1": sheets}).items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for row in rows:
            sheet.append(list(row))
    return saved(book)


def saved(book: Workbook) -> bytes:
    """Return the bytes of a workbook."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def ods(sheets: Mapping[str, Rows] | Rows, *, repeated: tuple[int, int] = (1, 1)) -> bytes:
    """Return an OpenDocument spreadsheet; the last row of each sheet says that it is repeated."""
    book = OpenDocumentSpreadsheet()
    for name, rows in (sheets if isinstance(sheets, Mapping) else {"Sheet1": sheets}).items():
        table = Table(name=name)
        for number, cells in enumerate(rows, start=1):
            times, across = repeated if number == len(rows) else (1, 1)
            row = TableRow(numberrowsrepeated=times) if times > 1 else TableRow()
            for cell in cells:
                row.addElement(_ods_cell(cell, across))
            table.addElement(row)
        book.spreadsheet.addElement(table)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _ods_cell(value: Any, across: int) -> TableCell:
    more = {"numbercolumnsrepeated": across} if across > 1 else {}
    if value is None:
        return TableCell(**more)
    if isinstance(value, bool):
        return TableCell(valuetype="boolean", booleanvalue=str(value).lower(), **more)
    if isinstance(value, int | float):
        return TableCell(valuetype="float", value=repr(value), **more)
    if hasattr(value, "isoformat"):
        return TableCell(valuetype="date", datevalue=value.isoformat(), **more)
    cell = TableCell(valuetype="string", **more)
    cell.addElement(P(text=value))
    return cell
