"""Excel and OpenDocument sheets, with the text forms of repeated and nested values."""

from __future__ import annotations

import io
from typing import Any

from openpyxl import Workbook

from tests.feed.writers.made import Made
from tests.feed.writers.tables import cell

_MOST_DIGITS = 15
"""A longer number would not keep them all in a sheet."""


def xlsx(products: list[Made]) -> bytes:
    """Return a workbook whose cells are text."""
    return _xlsx(products, numbers=False)


def xlsx_with_numbers(products: list[Made]) -> bytes:
    """Return a workbook in which what is all digits is a number, as where somebody typed it."""
    return _xlsx(products, numbers=True)


def _xlsx(products: list[Made], *, numbers: bool) -> bytes:
    book = Workbook()
    sheet = book.active
    for row, cells in enumerate(_rows(products), start=1):
        for column, text in enumerate(cells, start=1):
            if not text:
                continue
            written = sheet.cell(row, column)
            if numbers and row > 1 and _is_number(text):
                written.value = int(text)
            else:
                written.value = text
                # Text that begins with "=" is no formula where somebody pasted it as text.
                written.data_type = "s"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def ods(products: list[Made]) -> bytes:
    """Return an OpenDocument sheet whose cells are text, a paragraph a line."""
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    document = OpenDocumentSpreadsheet()
    table: Any = Table(name="Products")
    for cells in _rows(products):
        row: Any = TableRow()
        for text in cells:
            made: Any = TableCell(valuetype="string") if text else TableCell()
            for line in text.split("\n") if text else ():
                made.addElement(P(text=line))
            row.addElement(made)
        table.addElement(row)
    document.spreadsheet.addElement(table)
    out = io.BytesIO()
    document.write(out)
    return out.getvalue()


def _rows(products: list[Made]) -> list[list[str]]:
    header = list(dict.fromkeys(name for product in products for name in product))
    return [header, *([cell(name, product.get(name)) for name in header] for product in products)]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and str(int(text)) == text and len(text) <= _MOST_DIGITS
