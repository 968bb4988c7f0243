"""On which line of a feed's file each product begins to be named: the line with its id.

A file is looked through once, as text. What is packed or no text has no lines; an id that the reader made, or that does
not stand in one piece, has none either.
"""

from __future__ import annotations

import csv
import html
import json
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from feedeval.feed.parsing.columns import standard_name

MOST_BYTES = 200_000_000
"""A larger file is not looked through: no code host shows it."""

_PACKED = (b"\x1f\x8b", b"PK", b"PAR1", b"ARROW1", b"\xd0\xcf\x11\xe0")
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = "\t,;|"
_ELEMENT = re.compile(
    r"<([\w.:-]{1,80})(?:\s[^<>]{0,200})?>\s{0,20}(?:<!\[CDATA\[)?([^<>\]]{1,200})(?:\]\]>)?\s{0,20}</\1\s*>"
)
_ATTRIBUTE = re.compile(r"""\s(id)\s?=\s?["']([^"'<>]{1,200})["']""")
_MEMBER = re.compile(r'"(\w{1,80})"\s{0,20}:\s{0,20}("(?:[^"\\]|\\.){1,200}"|\d{1,40})')


class Line(NamedTuple):
    """A line of a file."""

    number: int
    """From 1."""
    chars: int


def lines_of(path: Path, ids: Collection[str]) -> dict[str, Line]:
    """Return the line that names each product, by its id; without those that are not found.

    Args:
        path: A file.
        ids: Of the products that are looked for.
    """
    wanted = frozenset(ids) - {""}
    found: dict[str, Line] = {}
    with suppress(OSError, csv.Error, UnicodeError):
        if not wanted or not path.is_file() or path.stat().st_size > MOST_BYTES:
            return {}
        for name, line in _named(path):
            if name in wanted:
                found.setdefault(name, line)
    return found


def _named(path: Path) -> Iterator[tuple[str, Line]]:
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(_PACKED):
        return
    encoding = "utf-16" if head.startswith(_WIDE) else "utf-8-sig"
    begins = head.decode(encoding, "replace").lstrip()[:1]
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        if begins == "<":
            yield from _in_lines(text, (_ELEMENT, _ATTRIBUTE), xml=True)
        elif begins in ("{", "["):
            yield from _in_lines(text, (_MEMBER,), xml=False)
        else:
            yield from _in_table(text)


def _in_lines(text: Iterator[str], patterns: tuple[re.Pattern[str], ...], *, xml: bool) -> Iterator[tuple[str, Line]]:
    for number, line in enumerate(text, 1):
        place = Line(number, len(line.rstrip("\r\n")))
        for pattern in patterns:
            for name, value in pattern.findall(line):
                if standard_name(name.rpartition(":")[2]) == "id":
                    yield (html.unescape(value).strip() if xml else _from_json(value)), place


def _from_json(value: str) -> str:
    try:
        return str(json.loads(value)).strip()
    except ValueError:
        return ""


def _in_table(text: Iterator[str]) -> Iterator[tuple[str, Line]]:
    chars: list[int] = []

    def counted() -> Iterator[str]:
        for line in text:
            chars.append(len(line.rstrip("\r\n")))
            yield line

    lines = counted()
    header = next(lines, "")
    delimiter = max(_DELIMITERS, key=header.count)
    names = next(csv.reader([header], delimiter=delimiter), [])
    places = [place for place, name in enumerate(names) if standard_name(name) == "id"]
    rows = csv.reader(lines, delimiter=delimiter)
    begins = 2
    for row in rows:
        for place in places:
            if place < len(row):
                yield row[place].strip(), Line(begins, chars[begins - 1])
        begins = rows.line_num + 2
