"""Tables of images with what people said about them: any CSV, TSV or frame -> rows, good ones and bad ones."""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import dropwhile, islice
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from feedeval.errors import InputError
from feedeval.feed.parsing.columns import squeeze
from feedeval.feed.parsing.decode import TextReader, clean_value
from feedeval.feed.parsing.faults import Faults, warn
from feedeval.feed.parsing.lines import Rows, is_preamble, split_lines
from feedeval.feed.parsing.sources import open_source
from feedeval.jobs.shadow.classifier import Prediction

DELIMITERS = ",;\t|"


class LabelColumn(StrEnum):
    """Columns that mean something to feedeval; all others are context."""

    FILENAME = "filename"
    IMAGE_URL = "image_url"
    TRUE_CLASS = "true_class"
    CRITICAL_HAZARD = "critical_hazard"


REQUIRED = (LabelColumn.FILENAME, LabelColumn.IMAGE_URL, LabelColumn.TRUE_CLASS)

RESULT_NAMES = ("line", *Prediction.model_fields, "engine", "cost_usd", "status", "error", "session")
"""Columns that results have beside those of the table."""

_YES = frozenset(("true", "1", "yes", "y", "t"))
_NO = frozenset(("false", "0", "no", "n", "f"))


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One row of a table of labels."""

    line: int
    """Line of the file on which it begins; in a frame the number of the row, from 1."""
    filename: str = ""
    image_url: str = ""
    true_class: str = ""
    critical_hazard: bool | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    """All further columns, by their names in the table."""
    problem: str = ""
    """Why the row cannot be used, as far as the table tells; empty where it can."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a row the columns stand."""

    width: int
    known: Mapping[LabelColumn, int]
    context: tuple[tuple[int, str], ...]
    left_out: tuple[str, ...]
    """Further columns that are not read because results have columns of these names."""


class Labels(Protocol):
    """Rows, and what messages say of them."""

    name: str
    where: str
    layout: Layout
    folder: Path | None

    def rows(self, *, whole: bool = False) -> Iterator[LabelRow]:
        """Iterate over the rows once more."""


class LabelTable:
    """Gives the same rows in the same order as often as asked; a file is read as a stream each time.

    Args:
        labels: A path, an http(s) address, bytes or an open file with a CSV or TSV; or a frame.
        columns: The table's own names to `filename`, `image_url`, `true_class` or `critical_hazard`, such as
            `{"truth": "true_class"}`; names that differ only in case, spaces and underscores are known as they are.
        limit: The first rows only.
        image_dir: Folder of the images that are named by a path; None: beside the file, for a frame the current folder.

    Raises:
        InputError: It cannot be read, or has not the columns.
    """

    def __init__(
        self,
        labels: Any,
        *,
        columns: Mapping[str, str] | None = None,
        limit: int | None = None,
        image_dir: str | Path | None = None,
    ) -> None:
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
            raise InputError(f"limit={limit!r}: give a whole number from 1, or None for all rows")
        given = _given(columns)
        cells: _FrameCells | _FileCells = (
            _FrameCells(labels) if isinstance(labels, pd.DataFrame) else _FileCells(labels, given)
        )
        self._cells = cells
        self._limit = limit
        self._told = False
        self.where = cells.where
        """What a row's number counts: `line` or `row`."""
        self.name = cells.name
        """What messages call the table."""
        self.layout = _layout(cells.header, given, self.name)
        if self.layout.left_out:
            warn(
                f"{self.name}: {', '.join(self.layout.left_out)}: left out, because results have columns of these "
                "names; rename them in the table to make them context."
            )
        origin, beside = _origin(labels)
        named = None if image_dir is None else Path(image_dir).expanduser().absolute()
        if named is not None and not named.is_dir():
            raise InputError(f"image_dir={str(image_dir)!r} is not a folder")
        self.folder = named or beside
        """Where images that are named by a path lie; None where nobody can tell."""
        self.description: dict[str, Any] = {
            **origin,
            "limit": limit,
            "columns": {theirs: ours.value for theirs, ours in given.items()},
            "image_dir": named and str(named),
        }
        """What a session writes down: `path` or `url` where the table can be read again from there, else `kind`."""

    def rows(self, *, whole: bool = False) -> Iterator[LabelRow]:
        """Iterate over the rows once more; what is wrong with the file as such is said in the first pass.

        Args:
            whole: Also those beyond the limit.
        """
        faults = Faults(self.name)
        for line, cells in islice(self._cells.cells(faults), None if whole else self._limit):
            yield _row(line, cells, self.layout)
        if faults and not self._told:
            self._told = True
            warn(f"{self.name}: {'; '.join(faults.sentences())}.")


class _FrameCells:
    """The cells of a frame as a file would have them."""

    where = "row"
    name = "the frame"

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self.header = [str(name) for name in frame.columns]

    def cells(self, faults: Faults) -> Iterator[tuple[int, list[str]]]:
        """Yield number and cells of each row."""
        columns = [self._frame.iloc[:, position] for position in range(self._frame.shape[1])]
        for number, row in enumerate(zip(*columns, strict=True), start=1):
            yield number, [_text(cell) for cell in row]


class _FileCells:
    """The cells of a file, whatever its delimiter and encoding."""

    where = "line"

    def __init__(self, labels: Any, given: Mapping[str, LabelColumn]) -> None:
        if not isinstance(labels, str | os.PathLike | bytes | bytearray | memoryview) and not hasattr(labels, "read"):
            raise InputError(
                f"a table of labels is given as a path, an http(s) address, bytes, an open file or a frame, not as "
                f"{type(labels).__name__}; pd.DataFrame(...) makes a frame of rows"
            )
        self._source = open_source(labels)
        self.name = self._source.name
        head = self._source.head()
        if not head.strip():
            raise InputError(f"{self.name} is empty: {_WANTED}")
        if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            raise InputError(f"{self.name} is an Excel workbook: save the sheet as CSV, or give a frame")
        faults = Faults(self.name)
        text = "".join(TextReader(head, self._source.encoding, faults).read([head]))
        headers = {delimiter: _header(text, delimiter) for delimiter in DELIMITERS}
        self._delimiter = max(headers, key=lambda delimiter: _fit(headers[delimiter], given))
        self.header = headers[self._delimiter]

    def cells(self, faults: Faults) -> Iterator[tuple[int, list[str]]]:
        """Yield line and cells of each row below the header."""
        reader = TextReader(self._source.head(), self._source.encoding, faults)
        rows = Rows(split_lines(reader.read(self._source.chunks(faults)), faults), self._delimiter, faults)
        rows.width = len(self.header)
        body = dropwhile(lambda row: is_preamble(self._delimiter.join(row[1])), rows)
        # A spreadsheet writes rows of nothing but delimiters for cells that were once used.
        yield from ((line, cells) for line, cells in islice(body, 1, None) if any(cell.strip() for cell in cells))


def _header(text: str, delimiter: str) -> list[str]:
    rows = Rows(split_lines([text], faults := Faults("")), delimiter, faults)
    return next((cells for _, cells in rows if not is_preamble(delimiter.join(cells))), [])


def _fit(header: Sequence[str], given: Mapping[str, LabelColumn]) -> tuple[int, int]:
    """Return how well a header fits: columns that are known, and columns at all."""
    return sum(_column(name, given) is not None for name in header), len(header)


def _origin(labels: Any) -> tuple[dict[str, Any], Path | None]:
    """Return where a table comes from, and the folder of images that it names by a path."""
    if isinstance(labels, pd.DataFrame):
        return {"kind": "a frame"}, Path.cwd()
    if not isinstance(labels, str | os.PathLike):
        return {"kind": f"a {type(labels).__name__}"}, None
    text = os.fspath(labels)
    if text.lower().startswith(("http://", "https://")):
        return {"url": text}, None
    path = Path(text).expanduser().absolute()
    return {"path": str(path)}, path.parent


_WANTED = (
    f"a table of labels has the columns {', '.join(REQUIRED)}, and may have {LabelColumn.CRITICAL_HAZARD} and others"
)


def labels_again(origin: Mapping[str, Any]) -> str:
    """Return the path or address of a session's table of labels.

    Raises:
        InputError: It did not come from a file or an address, or the file is gone.
    """
    if "url" in origin:
        return str(origin["url"])
    if "path" not in origin:
        raise InputError(
            f"the session's labels were {origin.get('kind', 'given by hand')} and cannot be read again: give the labels"
        )
    if not Path(origin["path"]).is_file():
        raise InputError(f"the session's labels {origin['path']} are not there any more: give the labels")
    return str(origin["path"])


def likely(name: str, names: Sequence[str]) -> str:
    """Return a hint at the one of `names` that was probably meant, empty where there is none."""
    folded = {other.casefold(): other for other in names}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    return f"; did you mean {folded[close[0]]!r}?" if close else ""


def _given(columns: Mapping[str, str] | None) -> dict[str, LabelColumn]:
    if columns is not None and not isinstance(columns, Mapping):
        raise InputError(f"columns={columns!r}: give a mapping of the table's names to {', '.join(LabelColumn)}")
    given: dict[str, LabelColumn] = {}
    for theirs, ours in (columns or {}).items():
        if ours not in tuple(LabelColumn):
            raise InputError(f"columns={{{theirs!r}: {ours!r}}}: the right side is one of {', '.join(LabelColumn)}")
        if LabelColumn(ours) in given.values():
            raise InputError(f"columns={dict(columns or {})!r}: two columns are to be {ours}")
        given[squeeze(str(theirs))] = LabelColumn(ours)
    return given


def _column(name: str, given: Mapping[str, LabelColumn]) -> LabelColumn | None:
    """Return what a column of this name is; a mapped one takes the place of one that only has the name."""
    key = squeeze(name)
    if key in given:
        return given[key]
    known = next((column for column in LabelColumn if squeeze(column) == key), None)
    return None if known in given.values() else known


def _layout(header: Sequence[str], given: Mapping[str, LabelColumn], name: str) -> Layout:
    shown = ", ".join(repr(cell.strip()[:40]) for cell in header[:20]) or "no columns"
    keys = [squeeze(cell) for cell in header]
    if unused := [theirs for theirs in given if theirs not in keys]:
        raise InputError(f"{name} has no column {', '.join(map(repr, unused))} as columns= says; it has {shown}")
    known: dict[LabelColumn, int] = {}
    context: list[tuple[int, str]] = []
    left_out: list[str] = []
    taken: set[str] = set()
    for position, cell in enumerate(header):
        column = _column(cell, given)
        title = cell.strip() or f"column_{position + 1}"
        if column is not None:
            if column in known:
                raise InputError(f"{name} has two columns {column}: rename one of them")
            known[column] = position
        elif squeeze(title) in _RESERVED:
            left_out.append(title)
        else:
            title = title if title not in taken else f"{title}_{position + 1}"
            taken.add(title)
            context.append((position, title))
    if missing := [column for column in REQUIRED if column not in known]:
        example = f"columns={{'their name': '{missing[0]}'}}"
        raise InputError(
            f"{name} has no column {', '.join(missing)}; it has {shown}. Say which column it is: {example}, or in the "
            f"terminal --map {missing[0]}='their name'. {_WANTED[0].upper()}{_WANTED[1:]}."
        )
    return Layout(len(header), known, tuple(context), tuple(left_out))


_RESERVED = frozenset(squeeze(name) for name in (*LabelColumn, *RESULT_NAMES))


def _row(line: int, cells: list[str], layout: Layout) -> LabelRow:
    problem = ""
    # Spreadsheets leave off the delimiters of empty cells at the end of a row.
    short = [column for column in REQUIRED if layout.known[column] >= len(cells)]
    if short:
        problem = f"the row has {len(cells)} of {layout.width} columns: {', '.join(short)} is missing"
    elif any(cell.strip() for cell in cells[layout.width :]):
        problem = (
            f"the row has {len(cells)} columns, the header {layout.width}: a text with a delimiter in it has to stand "
            "in quotation marks"
        )
    value = {column: clean_value(cells[p]) if p < len(cells) else "" for column, p in layout.known.items()}
    label = " ".join(value[LabelColumn.TRUE_CLASS].split())
    hazard, said = None, value.get(LabelColumn.CRITICAL_HAZARD, "").lower()
    if said in _YES or said in _NO:
        hazard = said in _YES
    elif said and not problem:
        problem = f"critical_hazard is {said[:60]!r}: give true or false, or leave it empty"
    empty = [column for column in REQUIRED if not value[column]]
    if empty and not problem:
        problem = f"{', '.join(empty)} is empty"
    return LabelRow(
        line=line,
        filename=value[LabelColumn.FILENAME],
        image_url=value[LabelColumn.IMAGE_URL],
        true_class=label,
        critical_hazard=hazard,
        context={name: clean_value(cells[p]) if p < len(cells) else "" for p, name in layout.context},
        problem=problem,
    )


def _text(cell: Any) -> str:
    """Return a frame's cell as a file would have it."""
    if isinstance(cell, str):
        return cell
    if cell is None or (pd.api.types.is_scalar(cell) and pd.isna(cell)):
        return ""
    if isinstance(cell, float) and math.isfinite(cell) and cell.is_integer() and abs(cell) < 1e15:
        # A column of whole numbers with a gap is a column of floats to pandas.
        return str(int(cell))
    return str(cell)
