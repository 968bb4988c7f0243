"""Tables to files that other programs open, safely.

CSV is written as UTF-8 with a byte order mark: Excel reads a file without one in the code page of its country, and
pandas skips the mark by itself. Cells that a spreadsheet would run as a formula are neutralised. Tables go through a
few thousand rows at a time, so that texts which stay on disk are never in memory all at once.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from feedeval.errors import InputError, StorageError
from feedeval.feed.spreadsheet import safe_cell
from feedeval.results.frames.lazytext import TEXT, LazyTextDtype

_CHUNK_ROWS = 2_000
"""Rows written at once: texts that stay on disk are read for so many rows only, once for all columns."""

_LOOKED_AT = 100
"""Cells of a column by which it is judged whether its texts repeat."""

_NEEDS_QUOTES = re.compile(r'[",\r\n]')

Chunks = Iterable[pd.DataFrame]
"""Parts of one table, in order, with the same columns; at least one, which may have no rows."""


def write_frame(frame: pd.DataFrame, path: str | Path) -> Path:
    """Write `frame` as one file, whole or not at all, and return its path.

    Args:
        frame: What to write.
        path: Its suffix says how: `.csv` (safe for spreadsheets, UTF-8 with a byte order mark), `.xlsx` (nothing
            in it runs), `.jsonl` (a JSON object a line) or `.parquet` (needs pyarrow).

    Raises:
        InputError: Another suffix, a folder that is not there, a package that is missing, or more rows than a
            worksheet takes.
        StorageError: The file cannot be written.
    """
    return write_chunks(sliced(frame), path, rows=len(frame))


def sliced(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield a table in parts as they are written."""
    for start in range(0, max(len(frame), 1), _CHUNK_ROWS):
        yield frame.iloc[start : start + _CHUNK_ROWS]


def write_chunks(chunks: Chunks, path: str | Path, *, rows: int) -> Path:
    """Write a table that comes in parts, as `write_frame` does.

    Args:
        chunks: The parts.
        path: Where to write.
        rows: How many rows there are in all.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    writer = _WRITERS.get(suffix)
    if writer is None:
        raise InputError(f"{target.name}: the suffix says how to write, one of {', '.join(_WRITERS)}")
    if not target.parent.is_dir():
        raise InputError(f"{target.parent} is not a folder: make it first")
    if suffix in _PACKAGES and importlib.util.find_spec(_PACKAGES[suffix][0]) is None:
        package, extra = _PACKAGES[suffix]
        raise InputError(
            f"{suffix} needs the package {package}: run `pip install 'feedeval[{extra}]'`, or write .csv or .jsonl"
        )
    if suffix == ".xlsx":
        refuse_too_many(rows)
    write_whole(target, lambda unfinished: writer(chunks, unfinished))
    return target


def write_whole(target: Path, write: Callable[[Path], None], *, mode: int = 0o666) -> None:
    """Let `write` fill a temporary file beside `target`, then put it in its place.

    Raises:
        StorageError: The file cannot be written.
    """
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        try:
            unfinished.touch(mode, exist_ok=False)
            write(unfinished)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as exc:
        raise StorageError(
            f"{target} cannot be written ({exc.strerror or exc}): free the disk or choose another folder"
        ) from exc


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as the content of a CSV file, as `write_frame` writes one."""
    return "".join(_csv_lines([frame])).encode("utf-8", "replace")


def _write_csv(chunks: Chunks, path: Path) -> None:
    with path.open("w", encoding="utf-8", errors="replace", newline="") as out:
        out.writelines(_csv_lines(chunks))


def _csv_lines(chunks: Chunks) -> Iterator[str]:
    yield "\ufeff"
    for number, chunk in enumerate(chunks):
        if not number:
            yield ",".join(_csv_cell(str(name)) for name in chunk.columns) + "\n"
        cells = [_csv_column(column) for column in plain_columns(chunk)]
        # A line without anything on it would be no row to whoever reads the file.
        yield from ((",".join(row) or '""') + "\n" for row in zip(*cells, strict=True))


def _csv_column(values: list[Any]) -> list[str]:
    # Most columns of a long table repeat a few texts, which are quoted once each.
    first = values[:_LOOKED_AT]
    if all(isinstance(value, str) or value is None for value in values) and len(set(first)) <= len(first) // 2:
        quoted = {value: _csv_cell(value) for value in set(values)}
        return [quoted[value] for value in values]
    return [_csv_cell(value) for value in values]


def _csv_cell(cell: Any) -> str:
    """Return a cell as it stands in a CSV file (RFC 4180); much quicker than the csv module for long texts."""
    if cell is None:
        return ""
    text = safe_cell(cell) if isinstance(cell, str) else str(cell)
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text


def plain_columns(chunk: pd.DataFrame) -> list[list[Any]]:
    """Return the columns as plain Python values, None where a cell is missing."""
    found = []
    for position in range(chunk.shape[1]):
        column = chunk.iloc[:, position]
        missing = column.isna().to_numpy(dtype=bool)
        values = column.astype(object).tolist()
        if missing.any():
            values = [None if gone else value for value, gone in zip(values, missing, strict=True)]
        found.append(values)
    return found


def _write_json_lines(chunks: Chunks, path: Path) -> None:
    with path.open("wb") as out:
        for chunk in chunks:
            names = [str(name) for name in chunk.columns]
            rows = (dict(zip(names, row, strict=True)) for row in zip(*plain_columns(chunk), strict=True))
            out.writelines(map(_json_line, rows))


def _json_line(row: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        # Half a surrogate pair, or a whole number beyond 64 bits.
        return f"{json.dumps(row, ensure_ascii=False, default=str)}\n".encode("utf-8", "replace")


def _write_parquet(chunks: Chunks, path: Path) -> None:
    import pyarrow as pa  # only who has the extra has it
    from pyarrow import parquet

    parts = iter(chunks)
    first = _in_memory(next(parts))
    if any(pd.api.types.is_object_dtype(dtype) for dtype in first.dtypes):
        # What is in such a column shows only once all of it is there.
        pd.concat([first, *map(_in_memory, parts)]).to_parquet(path, index=False)
        return
    schema = pa.Schema.from_pandas(first, preserve_index=False)
    with parquet.ParquetWriter(path, schema) as out:
        for part in chain([first], map(_in_memory, parts)):
            out.write_table(pa.Table.from_pandas(part, schema=schema, preserve_index=False))


def _in_memory(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype({name: TEXT for name, dtype in frame.dtypes.items() if isinstance(dtype, LazyTextDtype)})


def _write_excel(chunks: Chunks, path: Path) -> None:
    parts = iter(chunks)
    first = next(parts)
    rows = (row for part in chain([first], parts) for row in zip(*plain_columns(part), strict=True))
    write_excel([str(name) for name in first.columns], rows, path)


_WRITERS: dict[str, Callable[[Chunks, Path], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_excel,
    ".jsonl": _write_json_lines,
    ".parquet": _write_parquet,
}
_PACKAGES = {".parquet": ("pyarrow", "parquet")}
"""What a kind of file needs, and the extra that brings it."""


MOST_ROWS = 1_048_575
"""Rows below the header; a worksheet has 1,048,576."""
MOST_CHARS = 32_767
"""Characters that a cell takes."""
CUT = " […]"

_WIDEST = 60
_NARROWEST = 10

# What XML 1.0 has no place for: a workbook with it cannot be opened.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class CutWarning(UserWarning):
    """Texts were longer than the format takes, and were cut."""


def refuse_too_many(rows: int) -> None:
    """Refuse a table that no worksheet holds.

    Raises:
        InputError: There are too many rows; the message says what to do.
    """
    if rows > MOST_ROWS:
        raise InputError(
            f"{rows:,} rows do not fit on a worksheet, which takes {MOST_ROWS:,}: write .csv, .parquet or .jsonl"
        )


def write_excel(names: Sequence[str], rows: Iterable[Sequence[Any]], path: Path) -> None:
    """Write a table as a workbook with one sheet: a header that stays in view and filters.

    Args:
        names: The columns.
        rows: Plain values: text, numbers, truth values, None.
        path: Where to write.
    """
    import xlsxwriter  # only who writes a workbook needs it

    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("feedeval")
    sheet.freeze_panes(1, 0)
    bold = book.add_format({"bold": True})
    for place, name in enumerate(names):
        sheet.set_column(place, place, _WIDEST if name in _LONG else max(_NARROWEST, len(name) + 4))
        sheet.write_string(0, place, fit(name), bold)
    cut = last = 0
    for last, row in enumerate(rows, 1):
        cut += put_row(sheet, last, row)
    if names:
        sheet.autofilter(0, 0, last, len(names) - 1)
    book.close()
    if cut:
        warnings.warn(
            f"{cut:,} texts were longer than the {MOST_CHARS:,} characters that a cell takes and end in{CUT}: .csv, "
            ".parquet and .jsonl hold them whole",
            CutWarning,
            stacklevel=2,
        )


def put_row(sheet: Any, line: int, row: Sequence[Any]) -> int:
    """Write plain values into a row of a worksheet, and return how many texts were cut.

    Whatever a text looks like (a formula, an error value, an address), it is text.

    Args:
        sheet: A worksheet of XlsxWriter.
        line: Its row, from 0.
        row: Text, numbers, truth values, None.
    """
    cut = 0
    for place, value in enumerate(row):
        if value is None:
            continue
        if isinstance(value, bool):
            sheet.write_boolean(line, place, value)
        elif isinstance(value, int | float):
            if math.isfinite(value):
                sheet.write_number(line, place, value)
        else:
            text = str(value)
            sheet.write_string(line, place, fit(text))
            cut += len(text) > MOST_CHARS
    return cut


_LONG = frozenset({"title", "question", "evidence", "reason", "name_plus_context", "error"})
"""Columns that are given room to be read."""


def fit(text: str) -> str:
    """Return a text as a cell can hold it: without what XML has no place for, and cut visibly where it is too long."""
    if not text.isprintable():
        text = _ILLEGAL.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text if len(text) <= MOST_CHARS else text[: MOST_CHARS - len(CUT)] + CUT
