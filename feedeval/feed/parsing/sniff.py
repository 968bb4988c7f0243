"""What a source is, judged by its content and not by its name."""

from __future__ import annotations

import codecs
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from feedeval.errors import FeedError, InputError
from feedeval.feed.parsing.columns import ColumnNames, recognised, squeeze
from feedeval.feed.parsing.decode import bom_encoding, guess_encoding, known_encoding
from feedeval.feed.parsing.dialects.structure import Structure
from feedeval.feed.parsing.dialects.table import Dialect, dialect_of
from feedeval.feed.parsing.formats import BINARY_FORMATS, FORMATS, XML_FORMATS, Format
from feedeval.feed.parsing.lines import header_names
from feedeval.feed.parsing.refusals import other_catalogue, other_xml
from feedeval.feed.parsing.sources import HEAD_BYTES

READS = (
    "feedeval reads Google Shopping XML (RSS 2.0, Atom), TSV, CSV, JSON and JSON Lines, each also as .gz, "
    "Excel and OpenDocument sheets, Parquet and Arrow files, the exports of Meta, Shopify, WooCommerce, Wix, "
    "Squarespace, BigCommerce, Magento and PrestaShop, the XML of Heureka, Zboží.cz, Yandex (YML), Skroutz and Ceneo, "
    "other XML in which one element repeats for each product, and the JSON of ACP, UCP, schema.org and Google's APIs"
)


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What the head of a source tells.

    Attributes:
        format: The format.
        encoding: The encoding that the source declares or shows, None where it does neither.
        root: Name of the root element of XML, as written.
        item: Local name of the elements that hold a product.
        delimiter: Between the cells of a table.
        override: XML is read in this encoding whatever it declares.
        mislabelled: The source declares another encoding than it is in.
        google: Google's namespace is declared or its prefix is used.
        sheet: The sheet of a workbook that is asked for: its name, or its number from 1.
        given: Names of columns that a person told the meaning of, squeezed.
        dialect: The format of XML that is neither RSS nor Atom, where it is one that is known.
        chosen: The element was chosen for the attributes that it has, or named by a person.
        level: Elements of the same name around those that hold a product.
        note: What a person should know of how the source is read.
        title: What XML calls itself before its first product; empty where it does not.
    """

    format: Format
    encoding: str | None = None
    root: str = ""
    item: str = ""
    delimiter: str = ""
    override: bool = False
    mislabelled: bool = False
    google: bool = False
    sheet: str | int | None = None
    given: frozenset[str] = frozenset()
    dialect: Dialect | None = None
    chosen: bool = False
    level: int = 0
    note: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person said of a source.

    Attributes:
        item: Local name of the XML elements that hold a product.
        columns: The source's own names to attributes.
        sheet: The sheet of a workbook: its name, or its number from 1.
    """

    item: str | None = None
    columns: Mapping[str, str] | None = None
    sheet: str | int | None = None


_MAGIC = {
    b"PK\x05\x06": "a zip archive with nothing in it",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"SQLite format 3": "an SQLite database",
    b"PARE": "an encrypted Parquet file; decrypt it",
    b"FEA1": "a Feather file of the first version; save it as version 2, or as Parquet",
    b"BZh": "a bzip2 archive; unpack it",
    b"\xfd7zXZ": "an xz archive; unpack it",
    b"\x28\xb5\x2f\xfd": "a zstd archive; unpack it",
    b"7z\xbc\xaf": "a 7z archive; unpack it",
    b"Rar!": "a RAR archive; unpack it",
    b"\x1f\x8b": "data that is gzipped twice; unpack it once",
}
_SPELLINGS = {"xlsm": "xlsx", "feather": "arrow", "ndjson": "jsonl"}
_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_PROLOG = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_ROOT = re.compile(r"<([^\W\d][\w.:-]*)")
_ENTITY = re.compile(r"<!ENTITY", re.IGNORECASE)
_ITEM = re.compile(r"<(?:[\w.-]+:)?(item|entry|product)[\s>/]")
_GOOGLE = re.compile(r"base\.google\.com/c?ns/|<g:[a-z_]+[\s/>]")
_HTML = re.compile(
    r"^\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|div|p|h1|script|meta|title)\b", re.IGNORECASE | re.DOTALL
)
_PAGE_FEED = {"pageurl", "customlabel", "customlabels"}
_KEY = re.compile(r"[\"']([A-Za-z_][\w. -]{0,40})[\"']\s*:")
_TITLE = re.compile(r"<(?:[\w.-]+:)?title(?:\s[^>]*)?>(.*?)</(?:[\w.-]+:)?title\s*>", re.DOTALL)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
LONGEST_TITLE = 120
"""Characters up to which a feed's own title is a name."""
_CONTROL_BYTE = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def sniff(
    head: bytes, name: str, format: str | None = None, known: str | None = None, *, wish: Wish = Wish()
) -> Sniffed:
    """Return what `head`, the first bytes of a source called `name`, is.

    Args:
        head: The first bytes, decompressed.
        name: What messages call the source.
        format: A `Format` that a person gave, or None.
        known: The encoding, where it is known for sure.
        wish: What a person said of it otherwise.

    Raises:
        FeedError: It is nothing that is read; the message says what it is.
        InputError: `format` is not one of the formats, or there is no such element as a person named.
    """
    wanted = wanted_format(format)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise refuse(name, "nothing, it is empty")
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise refuse(name, what)
    if wanted in BINARY_FORMATS:
        raise refuse(name, f"no {FORMATS[wanted].found.partition(' ')[2]}, as format={format!r} says it is")
    bom = bom_encoding(head)
    if bom is None and len(_CONTROL_BYTE.findall(head)) > len(head) * 0.05:
        raise refuse(name, "binary data")
    declared = match[1].decode("ascii") if (match := _DECLARED.search(head[:1000])) else None
    encoding = known or bom or declared
    text = head.decode(known_encoding(encoding) or _text_encoding(head), "replace").lstrip("\ufeff")
    start = text.lstrip()[:1]
    if not start:
        raise refuse(name, "nothing but white space")
    if wanted in XML_FORMATS or (wanted is None and start == "<"):
        found = _xml(text, name, wish)
        if wish.item and not found.item:
            if len(head) < HEAD_BYTES:
                raise _no_such_item(text, name, wish.item)
            found = replace(found, item=wish.item.rpartition(":")[2], chosen=True)
        mislabelled = known is None and _is_mislabelled(head, bom, declared)
        override = bool(known) or mislabelled or bom in ("utf-16-le", "utf-16-be")
        found = replace(found, override=override, mislabelled=mislabelled, title=_own_title(text, found.item))
        return replace(found, encoding="utf-8" if mislabelled else encoding)
    if wish.item is not None:
        raise InputError(f"item={wish.item!r}: only XML has elements to choose from, and {name} is none")
    if wanted in (Format.JSON, Format.JSONL) or (wanted is None and start in ("[", "{")):
        if not wish.columns and (other := other_catalogue(_KEY.findall(text))):
            raise refuse(name, other)
        return Sniffed(wanted or _json_kind(text), encoding)
    found = _table(text, name, encoding, wanted)
    if not wish.columns and (other := other_catalogue(header_names(text, found.delimiter))):
        raise refuse(name, other)
    return found


def refuse(name: str, found: str) -> FeedError:
    """Return the error that says what was found instead of a feed, and what is read."""
    return FeedError(f"{name} is not a product feed that can be read: found {found}. {READS}.")


def wanted_format(format: str | None) -> Format | None:
    """Return the format that a person gave.

    Raises:
        InputError: It is not one of the formats of files.
    """
    if format is None:
        return None
    try:
        name = format.lower().removesuffix(".gz").lstrip(".")
        found = Format(_SPELLINGS.get(name, name))
    except (ValueError, AttributeError):
        found = Format.FRAME
    if found is Format.FRAME:
        files = [each for each in Format if each is not Format.FRAME]
        raise InputError(f"format={format!r}: give one of {', '.join(files)}, or leave it out")
    return found


def _text_encoding(head: bytes) -> str:
    if _as_utf8(head) is None and head[:3] != b"\xef\xbb\xbf":
        return guess_encoding(head)
    return "utf-8"


def _as_utf8(head: bytes) -> str | None:
    """Return the head of a source as UTF-8, None where it is none; its last character may be cut off."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return None


def _is_mislabelled(head: bytes, bom: str | None, declared: str | None) -> bool:
    """Whether the declaration names a single-byte encoding while the bytes are UTF-8."""
    if bom or not declared or known_encoding(declared) in (None, "utf-8", "ascii"):
        return False
    text = _as_utf8(head)
    return text is not None and len(text) - len(text.encode("ascii", "ignore")) >= 3


def _own_title(text: str, item: str) -> str:
    """Return the title of an RSS channel or an Atom feed, on one line."""
    first = re.search(rf"<(?:[\w.-]+:)?{re.escape(item)}[\s>/]", text) if item else None
    match = _TITLE.search(text, 0, first.start() if first else 0)
    if match is None:
        return ""
    words = " ".join(html.unescape(_CDATA.sub(r"\1", match[1])).split())
    return words if len(words) <= LONGEST_TITLE and "<" not in words else ""


def _xml(text: str, name: str, wish: Wish) -> Sniffed:
    if _HTML.match(text):
        raise refuse(name, "an HTML page")
    position = 0
    while match := _PROLOG.match(text, position):
        position = match.end()
    root_match = _ROOT.search(text, position)
    if _ENTITY.search(text, position, root_match.start() if root_match else len(text)):
        raise FeedError(
            f"{name} declares entities in its DOCTYPE, which a product feed never needs and which can exhaust "
            "memory or read files. Nothing was expanded, nothing fetched. Remove the DOCTYPE if you trust the source."
        )
    if root_match is None:
        raise refuse(name, "no XML element at its start")
    root = root_match[1]
    local = root.rpartition(":")[2].lower()
    body = text[root_match.start() :]
    told = wish.item is not None or wish.columns is not None
    if not told and (other := other_xml(local, body)):
        raise refuse(name, other)
    google = _GOOGLE.search(text) is not None
    usual = Format.RSS if local in ("rss", "rdf", "channel") else Format.ATOM if local == "feed" else None
    item = "item" if usual is Format.RSS else "entry"
    if usual and wish.item in (None, item) and re.search(rf"<(?:[\w.-]+:)?{item}[\s>/]", body):
        return Sniffed(usual, root=root, item=item, google=google)
    dialect = dialect_of(local, body)
    if dialect and (wish.item or dialect[1]).casefold() == dialect[1].casefold():
        return Sniffed(Format.XML, root=root, item=dialect[1], google=google, dialect=dialect[0])
    found = Sniffed(usual or Format.XML, root=root, item=item if usual else "", google=google)
    structure = Structure(body, wish.columns)
    choice = structure.named(wish.item) if wish.item else structure.choose()
    if choice:
        return replace(found, format=Format.XML, item=choice.item, level=choice.level, note=choice.note, chosen=True)
    if wish.item:
        return replace(found, format=Format.XML, item="")
    if usual:
        return found
    if plain := _ITEM.search(body, len(root) + 1):
        return replace(found, item=plain[1])
    raise refuse(name, f"XML with the root element <{root[:60]}> and {_nothing_known(structure)}")


def _nothing_known(structure: Structure) -> str:
    """Return what to say of a document in which no element has attributes of a product."""
    candidates = structure.candidates()
    if not candidates:
        return "no <item>, <entry> or <product> in it, nor any other element that holds values"
    return (
        "no <item>, <entry> or <product> in it, nor any other element with attributes of a product (it has "
        f"{', '.join(candidates)}); if one of them is a product, say with item= which, and with columns= which name "
        "is which attribute"
    )


def _no_such_item(text: str, name: str, item: str) -> InputError:
    candidates = Structure(text).candidates()
    has = f"it has {', '.join(candidates)}" if candidates else "it has none that holds values"
    return InputError(f"item={item!r}: {name} has no such element; {has}")


def _json_kind(text: str) -> Format:
    lines = [line.strip() for line in text.lstrip().splitlines()[:50]]
    objects = [line for line in lines[:-1] or lines if line.startswith("{") and line.rstrip(",").endswith("}")]
    if not lines[0].startswith("{") or len(objects) < 1:
        return Format.JSON
    if lines[0].endswith(("{", "[")) or (lines[1:2] and lines[1].startswith('"')):
        # One document, in which each product has a line.
        return Format.JSON
    if len([line for line in lines if line.startswith("{")]) > 1:
        return Format.JSONL
    try:
        return Format.JSON if any(isinstance(v, list | dict) for v in json.loads(lines[0]).values()) else Format.JSONL
    except ValueError:
        return Format.JSON


def _table(text: str, name: str, encoding: str | None, wanted: Format | None) -> Sniffed:
    delimiters = "\t" if wanted is Format.TSV else ",;|" if wanted is Format.CSV else "\t,;|"
    best, score = "", (0, 0)
    for delimiter in delimiters:
        names = header_names(text, delimiter)
        known = recognised(target.name for target in ColumnNames().resolve(tuple(names)))
        if (len(known), len(names)) > score:
            best, score = delimiter, (len(known), len(names))
    if best and {squeeze(name) for name in header_names(text, best)} <= _PAGE_FEED:
        raise refuse(name, "a Google Ads page feed, which holds addresses and labels only")
    if score < (0, 2) or "\ufffd" in text[:200]:
        first = text.strip().splitlines()[0][:80]
        raise refuse(name, f"text that begins with {first!r}")
    return Sniffed(Format.TSV if best == "\t" else Format.CSV, encoding, delimiter=best)
