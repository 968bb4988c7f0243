"""The sheet *To fill in* of a workbook: how its columns are called, and what a shop wrote into them."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from feedeval.feed.parsing.columns import AttributeShape, Role, attributes
from feedeval.feed.parsing.containers import WORKBOOK_STARTS, sniff_source
from feedeval.feed.parsing.formats import WORKBOOK_FORMATS
from feedeval.feed.parsing.sniff import Wish
from feedeval.feed.parsing.sources import open_source
from feedeval.feed.parsing.workbooks.workbook import texts_of_sheet

SHEET = "To fill in"
REFERENCE = ("id", "title", "link", "current value")
"""The first columns: which product it is, and what it says already. Only the id is read back."""

_ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_DETAIL, _ANSWER, _NEW = "product_detail", "question_and_answer", "new "
_WITH_NAME = re.compile(rf"{_DETAIL} \((?P<name>.+)\)")
_BETWEEN_LINKS = re.compile(r"[\s,]+")


def heading_of(field: str) -> str:
    """Return what the column is called in which an attribute is filled in."""
    return f"{_NEW}{field}" if field in REFERENCE else field


def detail_heading(name: str) -> str:
    """Return what the column is called that takes an entry of `product_detail`."""
    return f"{_DETAIL} ({name})"


def answer_heading(question: str) -> str:
    """Return what the column is called that takes the answer to a question."""
    return f"{_ANSWER}: {question}"


def read_filled(source: Any) -> pd.DataFrame | None:
    """Return what is filled in on the sheet *To fill in*, or None where `source` is no workbook with such a sheet.

    Args:
        source: Whatever `read_feed` takes.

    Returns:
        A row a product with something in it: `id`, and a column an attribute with what is to be laid over the feed.

    Raises:
        FeedError: The workbook is damaged.
    """
    if not _may_be_workbook(source):
        return None
    place = source.tell() if hasattr(source, "tell") else 0
    opened = open_source(source)
    try:
        if not opened.head().startswith(WORKBOOK_STARTS):
            return None
        sniffed = sniff_source(opened, None, Wish())
        rows = texts_of_sheet(opened, sniffed, SHEET) if sniffed.format in WORKBOOK_FORMATS else None
    finally:
        opened.close()
        if hasattr(source, "seek"):
            source.seek(place)
    return None if rows is None else _frame(rows, opened.name)


def _may_be_workbook(source: Any) -> bool:
    if isinstance(source, str) and source.lower().startswith(("http://", "https://")):
        # Another kind of file would be downloaded twice.
        return urllib.parse.urlsplit(source).path.lower().endswith(_ENDINGS)
    if isinstance(source, str | bytes | bytearray) or hasattr(source, "__fspath__"):
        return True
    return hasattr(source, "read") and hasattr(source, "seek")


def _frame(rows: Sequence[list[str]], name: str) -> pd.DataFrame | None:
    start = next((n for n, row in enumerate(rows) if _folded(row[:1]) == ["id"]), None)
    if start is None:
        return None
    columns = _columns(rows[start])
    filled = [row for cells in rows[start + 1 :] if (row := _row(cells, columns))]
    names = dict.fromkeys(["id", *(field for row in filled for field in row)])
    frame = pd.DataFrame({field: pd.Series([row.get(field) for row in filled], dtype=object) for field in names})
    frame.attrs["feedeval"] = {"source": name}
    return frame


def _folded(cells: Sequence[str]) -> list[str]:
    return [cell.strip().casefold() for cell in cells]


def _columns(header: Sequence[str]) -> list[tuple[int, str]]:
    """Return the columns to be read, by their place; what stands there for reference is left out."""
    found, known = [], set(REFERENCE[1:])
    for place, heading in enumerate(header):
        name = " ".join(heading.split())
        if name.casefold() in known:
            known.discard(name.casefold())
        elif name:
            found.append((place, name))
    return found


def _row(cells: Sequence[str], columns: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """Return what a row fills, empty where that is nothing but its id."""
    found: dict[str, Any] = {}
    for place, heading in columns:
        text = cells[place].strip() if place < len(cells) else ""
        if text:
            _put(found, heading, text)
    return found if found.keys() - {"id"} else {}


def _put(found: dict[str, Any], heading: str, text: str) -> None:
    if match := _WITH_NAME.fullmatch(heading):
        name = match["name"]
        part = {"attribute_name": name[0].upper() + name[1:], "attribute_value": text}
        found.setdefault(_DETAIL, []).append(part)
    elif heading.startswith(f"{_ANSWER}: "):
        question = heading.removeprefix(f"{_ANSWER}: ")
        found.setdefault(_ANSWER, []).append({"question": question, "answer": text})
    else:
        name = heading.removeprefix(_NEW) if heading.removeprefix(_NEW) in REFERENCE else heading
        found[name] = list(_items(text, name)) if _is_list(name) else text


def _is_list(name: str) -> bool:
    known = attributes().get(name)
    return known is not None and known.shape is AttributeShape.MANY


def _items(text: str, name: str) -> Iterator[str]:
    """Yield the values of a cell: links stand anywhere in it, texts have a line each, for they may hold commas."""
    links = attributes()[name].role is Role.LINK
    yield from (item.strip() for item in (_BETWEEN_LINKS.split(text) if links else text.split("\n")) if item.strip())
