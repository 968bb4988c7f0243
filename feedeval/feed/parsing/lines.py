"""Lines and rows of text that streams: where records begin and end in a table."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain

from feedeval.errors import FeedError
from feedeval.feed.parsing.faults import Fault, Faults

MAX_LINE_CHARS = 64 << 20
"""Longest line that is taken for one; anything longer is no feed and would only fill the memory."""
MAX_FIELD_CHARS = 16 << 20
_MAX_RECORD_LINES = 20_000
_ONLY_RETURNS = re.compile(r"\r(?!\n)")


def split_lines(texts: Iterable[str], faults: Faults) -> Iterator[str]:
    """Yield lines without their ends; a source without line feeds is split at carriage returns (old Excel for Mac).

    Raises:
        FeedError: A line is longer than `MAX_LINE_CHARS`.
    """
    pending: list[str] = []
    size = 0
    end = "\n"
    first = True
    for text in texts:
        if first and text:
            first = False
            if "\n" not in text and _ONLY_RETURNS.search(text):
                end = "\r"
        if end not in text:
            pending.append(text)
            size += len(text)
            if size > MAX_LINE_CHARS:
                raise FeedError(
                    f"{faults.source} has a line of more than {MAX_LINE_CHARS >> 20} million characters; it is no table"
                )
            continue
        head, *lines = text.split(end)
        yield "".join([*pending, head]).removesuffix("\r")
        pending = [lines.pop()]
        size = len(pending[0])
        for line in lines:
            yield line.removesuffix("\r")
    if tail := "".join(pending).removesuffix("\r"):
        if faults.count(Fault.COMPRESSION):
            faults.add(Fault.CUT_OFF)
        else:
            yield tail


def header_names(text: str, delimiter: str) -> list[str]:
    """Return the cells of the first line of `text`; `sep=;` and lines that are comments are passed over."""
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:20]:
        if not is_preamble(line):
            return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=False), [])]
    return []


def is_preamble(line: str) -> bool:
    """Whether a line at the top of a table comes before the header: empty, a comment, or Excel's `sep=;`."""
    start = line.strip().lstrip('"')
    return not start or start.startswith("#") or (start.lower().startswith("sep=") and len(start) <= 6)


class Rows:
    """Rows of cells with the number of the line on which each begins.

    A line without quotation marks is split as it is. A quoted field may go on over lines; where the quotation mark
    turns out never to be closed, or closing it much later gives a row of the wrong width, the mark was part of the text
    and the lines are read one by one.
    """

    def __init__(self, lines: Iterable[str], delimiter: str, faults: Faults) -> None:
        self._lines = iter(lines)
        self._delimiter = delimiter
        self._faults = faults
        self._back: deque[str] = deque()
        self._number = 0
        self.width = 0
        """Cells of the header; 0 until it is known."""
        # The limit belongs to the whole process; it is only ever raised.
        csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD_CHARS))

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        while (line := self._next()) is not None:
            number = self._number
            if '"' not in line:
                if line.strip():
                    yield number, line.split(self._delimiter)
                continue
            yield number, self._quoted(line, number)

    def _next(self) -> str | None:
        line = self._back.popleft() if self._back else next(self._lines, None)
        if line is not None:
            self._number += 1
        return line

    def _quoted(self, line: str, number: int) -> list[str]:
        taken: list[str] = []
        size = 0

        def more() -> Iterator[str]:
            nonlocal size
            while len(taken) < _MAX_RECORD_LINES and size < MAX_FIELD_CHARS and (following := self._next()) is not None:
                taken.append(following)
                size += len(following)
                yield following + "\n"

        try:
            row = next(csv.reader(chain([line + "\n"], more()), delimiter=self._delimiter, strict=False))
        except csv.Error:
            row = []
        if not taken and not (row and _is_open(row, line)):
            return row or line.split(self._delimiter)
        plain = line.split(self._delimiter)
        misfit = len(row) != self.width == len(plain)
        if taken and row and not _is_open(row, taken[-1]) and not misfit and not self._swallowed_rows([line, *taken]):
            return row
        self._back.extendleft(reversed(taken))
        self._number -= len(taken)
        self._faults.add(Fault.OPEN_QUOTE, line=number)
        return plain

    def _swallowed_rows(self, lines: list[str]) -> bool:
        """Whether lines are rows each, the mark that closes the field being the first of a later row's own."""
        if self.width < 2 or any(line.count(self._delimiter) != self.width - 1 for line in lines):
            return False
        try:
            next(csv.reader((f"{line}\n" for line in lines), delimiter=self._delimiter, strict=True), None)
        except csv.Error:
            return True
        return False


def _is_open(row: list[str], last_line: str) -> bool:
    """Whether the last field swallowed a line end: its quotation mark was still open when the lines ran out."""
    return row[-1].endswith("\n") and not last_line.rstrip().endswith('"')
