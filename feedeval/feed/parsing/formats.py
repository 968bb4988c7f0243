"""The formats of feeds that are read, in one table: what each is called, in messages and in the app.

A new one gets a member and a row here, is told from the others in `sniff` (text) or `containers` (what is no text), and
has its reader named in `stream`. The suffixes that the app takes (`app/feeds.py`) and the help of the terminal
(`cli/output.py`) name formats as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    """Formats that are read."""

    RSS = "rss"
    ATOM = "atom"
    XML = "xml"
    """Products in an XML container that is neither RSS nor Atom."""
    TSV = "tsv"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    XLSX = "xlsx"
    XLSB = "xlsb"
    XLS = "xls"
    ODS = "ods"
    PARQUET = "parquet"
    ARROW = "arrow"
    """Arrow's own file format, which is Feather's too, or a stream of Arrow's that was written to a file."""
    FRAME = "frame"
    """A table of another library, in memory or on its way: pandas, polars, Arrow, DuckDB."""


@dataclass(frozen=True, slots=True)
class FormatWords:
    """What people call a format."""

    found: str
    """In a message, after what was found."""
    label: str
    """Standing alone."""


FORMATS: Mapping[Format, FormatWords] = {
    Format.RSS: FormatWords("RSS", "XML (RSS)"),
    Format.ATOM: FormatWords("Atom", "XML (Atom)"),
    Format.XML: FormatWords("XML", "XML"),
    Format.TSV: FormatWords("a tab-separated table", "a tab-separated table"),
    Format.CSV: FormatWords("a table", "a table (CSV)"),
    Format.JSON: FormatWords("JSON", "JSON"),
    Format.JSONL: FormatWords("JSON Lines", "JSON Lines"),
    Format.XLSX: FormatWords("an Excel workbook", "an Excel workbook"),
    Format.XLSB: FormatWords("a binary Excel workbook", "an Excel workbook (.xlsb)"),
    Format.XLS: FormatWords("an old Excel workbook", "an Excel workbook (.xls)"),
    Format.ODS: FormatWords("an OpenDocument spreadsheet", "an OpenDocument spreadsheet"),
    Format.PARQUET: FormatWords("a Parquet file", "Parquet"),
    Format.ARROW: FormatWords("an Arrow file", "Arrow (Feather)"),
    Format.FRAME: FormatWords("a table", "a table in memory"),
}

XML_FORMATS = (Format.RSS, Format.ATOM, Format.XML)

WORKBOOK_FORMATS = (Format.XLSX, Format.XLSB, Format.XLS, Format.ODS)
BINARY_FORMATS = (*WORKBOOK_FORMATS, Format.PARQUET, Format.ARROW)
"""Told by the bytes at their start; no encoding and no delimiter is looked for in them."""
