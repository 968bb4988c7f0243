"""Products of an XML feed: strictly as long as it is well-formed, then one product at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

from lxml import etree

from feedeval.errors import FeedError
from feedeval.feed.parsing.decode import known_encoding
from feedeval.feed.parsing.dialects.definitions import Definitions
from feedeval.feed.parsing.dialects.table import DEFINING
from feedeval.feed.parsing.faults import Fault, Faults
from feedeval.feed.parsing.repair import products_of, repaired_items
from feedeval.feed.parsing.sniff import Sniffed
from feedeval.feed.parsing.sources import Source
from feedeval.feed.parsing.values import Pair


class _Broken(Exception):
    """The strict parser met a fault; carries what it said."""


def xml_pairs(source: Source, sniffed: Sniffed, faults: Faults) -> Iterator[tuple[int, list[Pair]]]:
    """Yield line number (0 where unknown) and pairs of each product.

    The strict parser goes first: it is fast, and what it accepts needs no mending. At its first fault the source is
    opened again and read by `repaired_items`, which passes over the products that were already given.

    Raises:
        FeedError: The source declares entities; or it is broken and the reading is strict.
    """
    count = 0
    definitions = Definitions()
    try:
        for item in _strict_items(source.chunks(faults), sniffed, definitions):
            count += 1
            line = cast(int, item.sourceline or 0)
            for pairs in products_of(item, sniffed, definitions):
                yield line, pairs
    except _Broken as fault:
        if faults.strict:
            raise FeedError(
                f"{source.name} is not well-formed XML after {count:,} whole products: {fault}. "
                "Leave strict=True out to read what can be read."
            ) from fault
        yield from repaired_items(source, sniffed, faults, skip=count)
        if not faults:
            faults.add(Fault.OUTSIDE, detail=str(fault))


def _strict_items(chunks: Iterable[bytes], sniffed: Sniffed, definitions: Definitions) -> Iterator[etree._Element]:
    """Yield the elements that hold a product; each is emptied before the next is made."""
    defining = DEFINING if sniffed.dialect else ()
    root = sniffed.root.rpartition(":")[2]
    parser = etree.XMLPullParser(
        events=("start", "end"),
        tag=(f"{{*}}{sniffed.item}", f"{{*}}{root}", sniffed.root, *(f"{{*}}{name}" for name in defining)),
        encoding=_libxml_name(sniffed.encoding) if sniffed.override else None,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    state = _Depth(sniffed, definitions)
    for chunk in chunks:
        fault = _feed(parser, chunk)
        yield from state.items(parser.read_events())
        if fault is not None:
            raise fault
    fault = _feed(parser, None)
    yield from state.items(parser.read_events())
    if fault is not None:
        raise fault


def _libxml_name(encoding: str | None) -> str | None:
    """Return libxml2's name of an encoding: `UTF-16LE` where Python says `utf-16-le`."""
    name = known_encoding(encoding)
    return name.upper().replace("UTF-16-", "UTF-16") if name else None


def _feed(parser: etree.XMLPullParser, chunk: bytes | None) -> _Broken | None:
    try:
        if chunk is None:
            parser.close()
        else:
            parser.feed(chunk)
    except (etree.XMLSyntaxError, LookupError) as error:
        return _Broken(str(getattr(error, "msg", None) or error))
    return None


class _Depth:
    """Follows how deep in product elements the parser is, and refuses entities at the root."""

    def __init__(self, sniffed: Sniffed, definitions: Definitions) -> None:
        self._item = sniffed.item
        self._level = sniffed.level
        self._definitions = definitions
        self._defining = DEFINING if sniffed.dialect else ()
        self._depth = 0
        self._seen_root = False
        self._seen_item = False

    def items(self, events: Iterable[tuple[str, Any]]) -> Iterator[etree._Element]:
        for event, element in events:
            if not self._seen_root:
                self._seen_root = True
                _refuse_entities(element)
            local = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
            if local != self._item:
                if event == "end" and self._depth == 0 and local in self._defining:
                    self._definitions.take(element)
                continue
            if event == "start":
                self._depth += 1
                continue
            self._depth -= 1
            if self._depth == self._level:
                if not self._seen_item:
                    self._seen_item = True
                    _refuse_undeclared(element)
                yield element
                _forget(element)


def _refuse_undeclared(item: etree._Element) -> None:
    """Raise where the first product has an undeclared prefix, of which the parser would tell only at the end."""
    if any(":" in child.tag for child in item if isinstance(child.tag, str) and child.tag[0] != "{"):
        raise _Broken("a namespace prefix is used that was never declared")


def _refuse_entities(element: etree._Element) -> None:
    """Raise where the document of `element` declares entities."""
    dtd = element.getroottree().docinfo.internalDTD
    if dtd is not None and dtd.entities():  # type: ignore[attr-defined]  # the stubs lack it
        raise FeedError(
            "the feed declares entities in its DOCTYPE, which a product feed never needs. "
            "Nothing was expanded and nothing was fetched."
        )


def _forget(element: etree._Element) -> None:
    """Empty an element and unlink those before it, so that memory does not grow with the feed."""
    element.clear()
    parent = element.getparent()
    if parent is not None:
        while element.getprevious() is not None:
            del parent[0]
