"""Tables to files that other programs open, safely.

CSV is written as UTF-8 with a byte order mark: Excel reads a file without one in the code page of its country, and
pandas skips the mark by itself. Cells that a spreadsheet would run as a formula are neutralised.
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from feedeval.errors import InputError, StorageError
from feedeval.feed.sheets import safe_cell
from feedeval.results.lazytext import TEXT, LazyTextDtype

_CHUNK_ROWS = 2_000
"""Rows written at once: texts that stay on disk are read for so many rows only, once for all columns."""


def spreadsheet_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a copy whose text a spreadsheet shows and does not run.

    Text that begins like a formula (`=`, `+`, `-`, `@`, their full-width forms, tab, line break) gets an apostrophe in
    front, column names included. Numbers stay as they are, also those written as text such as `-12.5`.
    """
    safe = frame.copy(deep=False)
    for position in range(frame.shape[1]):
        column = frame.iloc[:, position]
        if isinstance(column.dtype, pd.CategoricalDtype):
            column = column.astype(object)
        if not (pd.api.types.is_object_dtype(column.dtype) or isinstance(column.dtype, pd.StringDtype | LazyTextDtype)):
            continue
        cells = pd.Series([safe_cell(cell) for cell in column], index=frame.index, dtype=object)
        safe.isetitem(position, cells)  # type: ignore[arg-type]  # takes a Series, whatever the stubs say
    safe.columns = pd.Index([safe_cell(name) for name in frame.columns])
    return safe


def write_frame(frame: pd.DataFrame, path: str | Path) -> Path:
    """Write `frame` as one file, whole or not at all, and return its path.

    Args:
        frame: What to write.
        path: Its suffix says how: `.csv` (safe for spreadsheets, UTF-8 with a byte order mark), `.jsonl` (a JSON object
            a line) or `.parquet` (needs pyarrow).

    Raises:
        InputError: Another suffix, a folder that is not there, or Parquet without pyarrow.
        StorageError: The file cannot be written.
    """
    target = Path(path)
    writer = _WRITERS.get(target.suffix.lower())
    if writer is None:
        raise InputError(f"{target.name}: the suffix says how to write, one of {', '.join(_WRITERS)}")
    if not target.parent.is_dir():
        raise InputError(f"{target.parent} is not a folder: make it first")
    if writer is _write_parquet and importlib.util.find_spec("pyarrow") is None:
        raise InputError(
            "Parquet needs the package pyarrow: run `pip install 'feedeval[parquet]'`, or write .csv or .jsonl"
        )
    write_whole(target, lambda unfinished: writer(frame, unfinished))
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


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    for start in range(0, max(len(frame), 1), _CHUNK_ROWS):
        chunk = spreadsheet_safe(frame.iloc[start : start + _CHUNK_ROWS])
        first = start == 0
        encoding = "utf-8-sig" if first else "utf-8"
        chunk.to_csv(path, mode="w" if first else "a", header=first, index=False, encoding=encoding, errors="replace")


def _write_json_lines(frame: pd.DataFrame, path: Path) -> None:
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as out:
        for start in range(0, len(frame), _CHUNK_ROWS):
            chunk = frame.iloc[start : start + _CHUNK_ROWS].astype(object)
            for row in chunk.where(chunk.notna(), None).to_dict("records"):
                out.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    _in_memory(frame).to_parquet(path, index=False)


def _in_memory(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype({name: TEXT for name, dtype in frame.dtypes.items() if isinstance(dtype, LazyTextDtype)})


_WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_json_lines,
    ".parquet": _write_parquet,
}
