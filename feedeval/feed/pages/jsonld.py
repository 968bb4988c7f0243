"""The JSON-LD of a page as nodes: shops write it with small mistakes, and strangers with bombs in it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from feedeval.feed.parsing.documents.fields import Entry
from feedeval.feed.parsing.documents.linked import Graph

MAX_SCRIPT_CHARS = 1_000_000
"""A script that is longer is left alone: the longest of real shops are a tenth of it."""
MAX_DEPTH = 40
MAX_NODES = 2_000
"""Top nodes of a page that are looked at."""
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)
_AROUND = re.compile(
    r"^\s*(?:<!--|/\*\s*<!\[CDATA\[\s*\*/|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?://\s*)?(?:\]\]>|-->)\s*;?\s*$"
)
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+")|,(?=\s*[}\]])', re.DOTALL)


def nodes(scripts: Iterable[str], problems: list[str]) -> list[Entry]:
    """Return the nodes of a page's scripts, each with those in its place that it only names by their address.

    Args:
        scripts: The texts of its `application/ld+json` scripts. They are parsed, never run.
        problems: Gets a sentence for each script that could not be read.
    """
    graph = Graph()
    found: list[Entry] = []
    for number, script in enumerate(scripts, 1):
        if not script.strip():
            continue
        try:
            value = parsed(script)
        except ValueError as error:
            problems.append(f"JSON-LD script {number} cannot be read: {error}")
            continue
        for node in _top(value):
            if len(found) < MAX_NODES:
                found.extend(entry for _, entry in graph.add(number, node))
    found.extend(entry for _, entry in graph.finish())
    return found


def parsed(script: str) -> Any:
    """Return what a script holds, mistakes that shops make mended.

    Raises:
        ValueError: It is no JSON, or too long or nested too deep to be looked at.
    """
    if len(script) > MAX_SCRIPT_CHARS:
        raise ValueError(f"it has {len(script):,} characters, and {MAX_SCRIPT_CHARS:,} are looked at")
    if _depth(script) > MAX_DEPTH:
        raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
    text = _AROUND.sub("", _AROUND.sub("", script)).strip().lstrip("\ufeff").rstrip(";")
    error: ValueError | None = None
    for attempt in (text, _TRAILING_COMMA.sub(r"\1", text), html.unescape(text)):
        try:
            # Line ends and tabs inside texts are a frequent mistake; numbers keep the digits that were written.
            return json.loads(attempt, strict=False, parse_float=str, parse_int=str, parse_constant=str)
        except ValueError as fault:
            error = error or fault
    raise ValueError(str(error)) from error


def _depth(script: str) -> int:
    depth = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(script):
        if match[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif match[0] in "]}":
            depth -= 1
    return deepest


def _top(value: Any) -> Iterator[Entry]:
    """Yield the nodes of a document: those of lists and graphs one by one, so that each can be named by another."""
    if isinstance(value, list):
        for inner in value:
            yield from _top(inner)
    elif isinstance(value, dict):
        graph = value.get("@graph")
        if isinstance(graph, list):
            yield from _top(graph)
        elif isinstance(graph, dict):
            yield graph
        else:
            yield value
