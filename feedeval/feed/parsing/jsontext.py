"""Products of JSON and JSON Lines, read as they stream; numbers keep the digits that the feed wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from feedeval.errors import FeedError
from feedeval.feed.parsing.decode import TextReader
from feedeval.feed.parsing.documents.envelopes import ASIDE, Shop, opens
from feedeval.feed.parsing.documents.shapes import document_pairs
from feedeval.feed.parsing.faults import Fault, Faults
from feedeval.feed.parsing.formats import Format
from feedeval.feed.parsing.lines import split_lines
from feedeval.feed.parsing.sniff import Sniffed
from feedeval.feed.parsing.sources import Source
from feedeval.feed.parsing.values import Pair

MAX_VALUE_CHARS = 64 << 20
"""Longest single product or envelope field that is taken for one."""
_SPACE = re.compile(r"[\s\ufeff]*")
_NEXT_ENTRY = re.compile(r"\}\s*,?\s*(?=\{)")
_OFFER = re.compile(r'[\[{\s]*"@type"\s*:\s*"[^"]*Offer"')


def _constant(word: str) -> str | None:
    """Return what stands for a number; `NaN` is how libraries of tables write that there is none."""
    return None if word == "NaN" else word


_decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_constant, strict=False)


def json_pairs(source: Source, sniffed: Sniffed, faults: Faults) -> Iterator[tuple[int, list[Pair]]]:
    """Yield line number and pairs of each product in JSON: an array, an object around an array, or objects in a row."""
    reader = TextReader(source.head(), sniffed.encoding, faults)
    texts = reader.read(source.chunks(faults))
    shop = Shop()
    entries = _json_lines(texts, faults) if sniffed.format is Format.JSONL else _Json(texts, faults, shop).entries()
    yield from document_pairs(_objects(entries, faults), shop, note=faults.note, adapted=faults.adapt)


def _objects(entries: Iterable[tuple[int, Any]], faults: Faults) -> Iterator[tuple[int, Any]]:
    for line, entry in entries:
        if isinstance(entry, dict):
            yield line, entry
        else:
            faults.add(Fault.NOT_AN_OBJECT, line=line)


def _json_lines(texts: Iterable[str], faults: Faults) -> Iterator[tuple[int, Any]]:
    damaged: tuple[int, str] | None = None
    for number, line in enumerate(split_lines(texts, faults), start=1):
        if damaged is not None:
            faults.add(Fault.BROKEN_JSON, line=damaged[0], detail=damaged[1])
            damaged = None
        text = line.strip().removesuffix(",")
        if not text or text in ("[", "]"):
            continue
        try:
            # `decode` looks for white space around the value first, of which there is none but before a comma.
            value, end = _decoder.raw_decode(text)
            yield number, value if end == len(text) else _decoder.decode(text)
        except (ValueError, RecursionError) as error:
            damaged = number, _reason(error)
    if damaged is not None:
        faults.add(Fault.CUT_OFF, line=damaged[0])


def _reason(error: Exception) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__


class _Incomplete(Exception):
    """More text is needed, and there is none."""


class _Json:
    """A JSON text of which only one product at a time is in memory."""

    def __init__(self, texts: Iterable[str], faults: Faults, shop: Shop) -> None:
        self._texts = iter(texts)
        self._faults = faults
        self._shop = shop
        self._buffer = ""
        self._at = 0
        self._counted = 0
        self._lines_before = 1

    def entries(self) -> Iterator[tuple[int, Any]]:
        """Yield line number and value of each entry."""
        try:
            while sign := self._peek():
                if sign == ",":
                    self._at += 1
                elif sign == "[":
                    yield from self._array()
                elif sign == "{":
                    yield from self._envelope()
                else:
                    self._faults.add(Fault.BROKEN_JSON, line=self._line(), detail="text after the end")
                    return
        except _Incomplete:
            self._faults.add(Fault.CUT_OFF, line=self._line())

    def _array(self) -> Iterator[tuple[int, Any]]:
        self._at += 1
        while (sign := self._need()) != "]":
            if sign == ",":
                self._at += 1
                continue
            line = self._line()
            try:
                yield line, self._value()
            except ValueError as error:
                self._faults.add(Fault.BROKEN_JSON, line=line, detail=_reason(error))
                self._resume()
        self._at += 1

    def _envelope(self, under: str = "") -> Generator[tuple[int, Any], None, dict[str, Any]]:
        """Yield the entries of the array of objects inside an object; an object without one is an entry itself.

        Args:
            under: The key that the object stands under.

        Returns:
            What the object says, where it stands under a key of something else than products and holds none.
        """
        line, found = self._line(), False
        kept: dict[str, Any] = {}
        self._at += 1
        while (sign := self._need()) != "}":
            if sign == ",":
                self._at += 1
                continue
            try:
                key = self._value()
                if self._need() != ":" or not isinstance(key, str):
                    raise FeedError(f"{self._faults.source} is not valid JSON at line {self._line():,}")
                self._at += 1
                sign = self._need()
                if sign == "[" and self._holds_objects() and opens(key, kept, listed=True) and not self._offers(key):
                    found = True
                    self._shop.learn(kept)
                    yield from self._array()
                elif sign == "{" and opens(key, kept, listed=False) and not self._offers(key):
                    self._shop.learn(kept)
                    if aside := (yield from self._envelope(key.lower())):
                        kept[key] = aside
                    else:
                        found = True
                else:
                    kept[key] = self._value()
            except ValueError as error:
                if isinstance(error, FeedError):
                    raise
                raise FeedError(
                    f"{self._faults.source} is not valid JSON at line {self._line():,}: {_reason(error)}"
                ) from error
        self._at += 1
        if not found and under in ASIDE:
            return kept
        if not found and kept:
            yield line, kept
        return {}

    def _holds_objects(self) -> bool:
        """Whether the array that begins here holds objects."""
        mark = self._at
        self._at += 1
        sign = self._need()
        self._at = mark
        return sign == "{"

    def _offers(self, key: str) -> bool:
        """Whether the offers of one product begin here, although nothing has said yet that it is one."""
        return key == "offers" and _OFFER.match(self._buffer, self._at) is not None

    def _peek(self) -> str:
        """Pass over white space and return the next character, empty at the end."""
        while True:
            match = _SPACE.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def _need(self) -> str:
        sign = self._peek()
        if not sign:
            raise _Incomplete
        return sign

    def _more(self) -> bool:
        """Add as much text again as there is, so that a long value is not decoded from its start again and again."""
        pieces, wanted = [], max(1, len(self._buffer) - self._at)
        while wanted > 0 and (text := next(self._texts, None)) is not None:
            pieces.append(text)
            wanted -= len(text)
        return bool(pieces) and self._renew("".join(pieces))

    def _renew(self, text: str) -> bool:
        self._line()
        self._buffer, self._at, self._counted = self._buffer[self._at :] + text, 0, 0
        return True

    def _line(self) -> int:
        """Return the number of the line that is being read."""
        self._lines_before += self._buffer.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._lines_before

    def _value(self) -> Any:
        """Return the value that begins here.

        Raises:
            ValueError: It is not valid JSON.
        """
        self._need()
        while True:
            try:
                value, end = _decoder.raw_decode(self._buffer, self._at)
                if end < len(self._buffer) or not self._more():
                    self._at = end
                    return value
            except RecursionError as error:
                raise ValueError("nested too deep") from error
            except json.JSONDecodeError as error:
                if error.pos < len(self._buffer) - 16 and not error.msg.startswith("Unterminated string"):
                    raise
                if len(self._buffer) - self._at > MAX_VALUE_CHARS:
                    raise FeedError(
                        f"{self._faults.source} holds a JSON value of more than 64 million characters"
                    ) from None
                if not self._more():
                    if _NEXT_ENTRY.search(self._buffer, self._at):
                        raise
                    raise _Incomplete from None

    def _resume(self) -> None:
        """Go on at the next entry after one that could not be read."""
        while (match := _NEXT_ENTRY.search(self._buffer, self._at)) is None:
            if not self._more():
                raise _Incomplete
        self._at = match.end()
