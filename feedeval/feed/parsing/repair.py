"""Products of a broken XML feed: each is cut out of the text and mended by itself, so a fault stays where it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5

from lxml import etree

from feedeval.feed.parsing.columns import AttributeShape, attributes
from feedeval.feed.parsing.decode import TextReader, known_encoding
from feedeval.feed.parsing.dialects.anything import any_products
from feedeval.feed.parsing.dialects.definitions import Definitions
from feedeval.feed.parsing.elements import HTML_TAGS, pairs_of, split_tag
from feedeval.feed.parsing.faults import Fault, Faults
from feedeval.feed.parsing.formats import Format
from feedeval.feed.parsing.sniff import Sniffed
from feedeval.feed.parsing.sources import Source
from feedeval.feed.parsing.values import Pair

GOOGLE = "http://base.google.com/ns/1.0"
MAX_ITEM_CHARS = 8 << 20
"""Longest product that is looked for the end of."""

_XMLNS = re.compile(r"\bxmlns:([\w.-]+)\s*=\s*[\"']([^\"'<>]*)[\"']")
_PREFIX = re.compile(r"</?([A-Za-z_][\w.-]*):[A-Za-z_]")
_CDATA = re.compile(r"(<!\[CDATA\[.*?\]\]>|<!--.*?-->)", re.DOTALL)
_AMPERSAND = re.compile(r"&(?:#(\d{1,7});|#[xX]([0-9a-fA-F]{1,6});|([A-Za-z][A-Za-z0-9]{1,31});)?")
_ANGLE = re.compile(r"<(?![^\W\d]|[/!?])|<(?=[A-Za-z_]+[\s\d,.;!?)][^<>]*(?:<|$))")
_HTML_TAG = re.compile(rf"<(?=/?(?:{'|'.join(sorted(HTML_TAGS))})(?:\s[^<>]*)?/?>)", re.IGNORECASE)
_CONTAINERS = "channel|rss|feed|(?:rdf:)?RDF|products|items|catalog|offers|shop"
_START_TAG = re.compile(r"<[^\s<>/\"']++(?:[^<>\"']|\"[^\"<>]*\"|'[^'<>]*')*+>")
_XML_NAMES = {"amp", "lt", "gt", "quot", "apos"}


@dataclass(frozen=True, slots=True)
class _Cut:
    """The text of one product element and where it begins."""

    text: str
    line: int


def repaired_items(source: Source, sniffed: Sniffed, faults: Faults, *, skip: int) -> Iterator[tuple[int, list[Pair]]]:
    """Yield line number and pairs of each product after the first `skip`, as far as it can be read."""
    head = source.head()
    declared = dict(
        _XMLNS.findall(
            head.decode(known_encoding(sniffed.encoding) or "utf-8", "replace").partition(f"<{sniffed.item}")[0]
        )
    )
    reader = TextReader(head, sniffed.encoding, faults)
    mender = _Mender(declared, faults)
    definitions = Definitions()
    cuts = _cuts(reader.read(source.chunks(faults)), sniffed, faults, definitions)
    for number, cut in enumerate(cuts):
        if number < skip:
            continue
        item = mender.parse(cut)
        if item is not None:
            for pairs in products_of(item, sniffed, definitions):
                yield cut.line, pairs


def products_of(item: etree._Element, sniffed: Sniffed, definitions: Definitions) -> list[list[Pair]]:
    """Return the pairs of each product that an element holds: of one, but where it lists variants."""
    if sniffed.dialect is not None:
        return sniffed.dialect.products(item, definitions)
    return any_products(item, definitions) if sniffed.format is Format.XML else [pairs_of(item)]


def _cuts(texts: Iterator[str], sniffed: Sniffed, faults: Faults, definitions: Definitions) -> Iterator[_Cut]:
    """Yield the product elements of the text one by one; the last may be cut off."""
    start = re.compile(rf"<((?:[\w.-]+:)?{re.escape(sniffed.item)})(?=[\s>/])")
    buffer, line, position = "", 1, 0
    around = sniffed.level
    opened: re.Match[str] | None = None
    for text in texts:
        if opened is None:
            # Only what could be the beginning of a start tag is kept.
            keep = max(0, len(buffer) - 100)
            line += buffer.count("\n", 0, keep)
            buffer, position = buffer[keep:] + text, max(0, position - keep)
        else:
            buffer += text
        while True:
            if opened is None:
                opened = start.search(buffer, position)
                if opened is not None and around:
                    around, position, opened = around - 1, opened.end(), None
                    continue
                definitions.read(buffer[position : opened.start() if opened else max(position, len(buffer) - 100)])
                if opened is None:
                    position = max(position, len(buffer) - 100)
                    break
                line += buffer.count("\n", 0, opened.start())
                buffer, position = buffer[opened.start() :], 1
            end = _end_of(buffer, opened[1], start, position)
            if end is None:
                position = max(1, len(buffer) - 100)
                if len(buffer) > MAX_ITEM_CHARS:
                    faults.add(Fault.LOST_PRODUCT, line=line, detail="a product without an end")
                    buffer, opened, position = "", None, 0
                break
            yield _Cut(buffer[:end], line)
            line += buffer.count("\n", 0, end)
            buffer, opened, position = buffer[end:], None, 0
    if opened is None:
        if f"</{sniffed.root}" not in buffer:
            faults.add(Fault.ENDS_EARLY, line=line + buffer.count("\n"))
    elif re.search(rf"</(?:{_CONTAINERS}|{re.escape(sniffed.root)})\s*>", buffer):
        yield _Cut(buffer, line)
    else:
        faults.add(Fault.CUT_OFF, line=line)


def _end_of(buffer: str, tag: str, start: re.Pattern[str], position: int) -> int | None:
    """Return where the element that begins the buffer ends: after its end tag, or before the next one starts."""
    begin = _START_TAG.match(buffer)
    if begin is not None and begin[0].endswith("/>"):
        return begin.end()
    close = re.compile(rf"</{re.escape(tag)}(?=[\s<>])")
    at = position
    while (match := close.search(buffer, at)) is not None:
        found = match.start()
        if buffer.rfind("<![CDATA[", 0, found) > buffer.rfind("]]>", 0, found):
            at = found + 1
            continue
        end = buffer.find(">", found)
        following = start.search(buffer, 1, found)
        if following is not None:
            return following.start()
        return end + 1 if end >= 0 else None
    return None


class _Mender:
    """Parses one product element at a time, mending its text where it is not well-formed."""

    def __init__(self, declared: dict[str, str], faults: Faults) -> None:
        self._declared = declared
        self._faults = faults
        self._undeclared: set[str] = set()

    def parse(self, cut: _Cut) -> etree._Element | None:
        text = cut.text
        opening = self._opening(cut)
        item = _parse(opening + text + "</feed>", recover=False)
        if item is not None:
            return item
        text = self._mend(cut)
        item = _parse(opening + text + "</feed>", recover=False)
        if item is not None:
            return item
        text = self._keep_html(text, cut.line)
        item = _parse(opening + text + "</feed>", recover=False)
        if item is not None:
            return item
        item = _parse(opening + text + "</feed>", recover=True)
        self._faults.add(Fault.BROKEN_PRODUCT if item is not None else Fault.LOST_PRODUCT, line=cut.line)
        if item is not None:
            _unnest(item)
        return item

    def _opening(self, cut: _Cut) -> str:
        used = dict(self._declared)
        for prefix in set(_PREFIX.findall(cut.text)) - {"xml"}:
            if prefix not in used:
                used[prefix] = GOOGLE
                if prefix not in self._undeclared:
                    self._undeclared.add(prefix)
                    self._faults.add(Fault.PREFIX, line=cut.line, detail=f"{prefix}:")
        return "<feed " + " ".join(f'xmlns:{p}="{uri}"' for p, uri in used.items() if p != "xml") + ">"

    def _mend(self, cut: _Cut) -> str:
        """Return the text with what can be mended without guessing: bare signs, entities, illegal characters."""
        parts = _CDATA.split(cut.text)
        line = cut.line
        for number, part in enumerate(parts):
            if number % 2 == 0:
                parts[number] = self._mend_markup(part, line)
            line += part.count("\n")
        return "".join(parts)

    def _mend_markup(self, part: str, line: int) -> str:
        def character(match: re.Match[str]) -> str:
            here = line + part.count("\n", 0, match.start())
            decimal, hexadecimal, name = match.groups()
            if name in _XML_NAMES:
                return match[0]
            if name:
                if name + ";" in html5:
                    self._faults.add(Fault.NAMED_ENTITY, line=here)
                    return "".join(f"&#{ord(c)};" for c in html5[name + ";"])
            elif decimal or hexadecimal:
                code = int(decimal) if decimal else int(hexadecimal, 16)
                if code in (9, 10, 13) or (
                    code >= 32 and not 0xD800 <= code <= 0xDFFF and code not in (0xFFFE, 0xFFFF) and code < 0x110000
                ):
                    return match[0]
                self._faults.add(Fault.CONTROL_CHARACTER, line=here)
                return " " if code in (11, 12) else ""
            self._faults.add(Fault.BARE_AMPERSAND, line=here)
            return "&amp;" + match[0][1:]

        def angle(match: re.Match[str]) -> str:
            self._faults.add(Fault.BARE_ANGLE, line=line + part.count("\n", 0, match.start()))
            return "&lt;"

        return _ANGLE.sub(angle, _AMPERSAND.sub(character, part))

    def _keep_html(self, text: str, line: int) -> str:
        """Return the text with HTML tags escaped, where they were not closed as XML wants it."""
        parts = _CDATA.split(text)
        found = 0
        for number in range(0, len(parts), 2):
            parts[number], count = _HTML_TAG.subn("&lt;", parts[number])
            found += count
        if found:
            self._faults.add(Fault.HTML_IN_XML, line=line, count=found)
        return "".join(parts)


def _unnest(item: etree._Element) -> None:
    """Lift out the attributes that stand inside a plain text attribute because its end tag is missing."""
    for child in item:
        attribute = attributes().get(split_tag(str(child.tag))[1])
        if attribute is not None and attribute.shape is AttributeShape.ONE:
            for nested in child:
                # Appended to the end of the item, where the loop comes to it too.
                item.append(nested)


def _parse(text: str, *, recover: bool) -> etree._Element | None:
    parser = etree.XMLParser(
        recover=recover,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        return None
    return root[0] if root is not None and len(root) and isinstance(root[0].tag, str) else None
