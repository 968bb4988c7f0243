"""Cells of tables that people open in a spreadsheet: written so that nothing runs, and read back as they were."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import Any

from feedeval.feed.parsing.columns import attributes

# What a spreadsheet takes for the start of a formula or a command (OWASP, CSV injection), also full-width and behind
# white space or characters that take no room.
_FORMULA = re.compile(r"[\t\r\n]|[\s\u0000-\u001f\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def safe_cell(cell: Any) -> Any:
    """Return `cell`, with an apostrophe in front where it is text that a spreadsheet would run."""
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return "'" + cell
    return cell


def bare_cell(text: str) -> str:
    """Return a text without the apostrophe that `safe_cell` or a spreadsheet put before what looks like a formula."""
    return text[1:] if text.startswith("'") and safe_cell(text[1:]) != text[1:] else text


def text_form(name: str, value: Any) -> str:
    """Return a field's value as one cell of a tab-separated feed.

    Repeated text is separated by commas, with quotation marks around what holds one; groups are their parts in the
    attribute's order, separated by colons; questions and answers have a line each. A colon inside any part but the last
    cannot be written and becomes a hyphen.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return _group(name, value)
    items = [item if isinstance(item, str) else _group(name, item) for item in value]
    if name == "question_and_answer":
        return "\n".join(items)
    return _listed(items) if all(isinstance(item, str) for item in value) else ",".join(items)


def _listed(items: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([" ".join(item.split("\n")) for item in items])
    return out.getvalue()


def _group(name: str, group: Mapping[str, Any]) -> str:
    if name == "question_and_answer":
        question = " ".join(str(group.get("question", "")).split())
        return f"Q: {question}\nA: {group.get('answer', '')}"
    attribute = attributes().get(name)
    parts = attribute.parts if attribute is not None and attribute.parts else tuple(group)
    texts = [" ".join(str(group.get(part, "")).split()) for part in parts]
    while texts and not texts[-1]:
        texts.pop()
    return ":".join([*(text.replace(":", "-") for text in texts[:-1]), *texts[-1:]])
