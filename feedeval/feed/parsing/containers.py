"""What a source is whose kind its first bytes do not tell alone: workbooks, files of columns, tables in memory."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import replace
from typing import IO

from feedeval.errors import FeedError, InputError
from feedeval.feed.parsing.columns import squeeze
from feedeval.feed.parsing.formats import FORMATS, WORKBOOK_FORMATS, XML_FORMATS, Format
from feedeval.feed.parsing.frames.kinds import TableSource
from feedeval.feed.parsing.sniff import Sniffed, Wish, refuse, sniff, wanted_format
from feedeval.feed.parsing.sources import Source

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"
WORKBOOK_STARTS = (_ZIP, _OLE)
"""How a file begins that may be a workbook."""
_COLUMNAR = {b"PAR1": Format.PARQUET, b"ARROW1\0\0": Format.ARROW, b"\xff\xff\xff\xff": Format.ARROW}
"""An Arrow stream, which is the last of them, begins with a mark for `what follows has a length`."""
_ODS_TYPE = b"application/vnd.oasis.opendocument.spreadsheet"
_MOST_MEMBERS = 20_000

_DAMAGE = (KeyError, ValueError, RuntimeError, EOFError, OSError, zipfile.BadZipFile, zlib.error)

_OTHERS = (
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a PowerPoint presentation"),
    ("Index/Document.iwa", "a document of Apple Numbers or Pages; export it as Excel or CSV"),
    ("Index.zip", "a document of Apple Numbers or Pages; export it as Excel or CSV"),
    ("index.apxl", "a document of Apple Keynote"),
    ("AndroidManifest.xml", "an Android app"),
    ("META-INF/container.xml", "an e-book"),
)
_OLE_STREAMS = (
    ("EncryptedPackage", "a workbook that is protected by a password; save it without one"),
    ("WordDocument", "an old Word document"),
    ("PowerPoint Document", "an old PowerPoint presentation"),
)


def sniff_source(source: Source, format: str | None, wish: Wish) -> Sniffed:
    """Return what a source is.

    Args:
        source: The source.
        format: A `Format` that a person gave, or None.
        wish: What a person said of it otherwise.

    Raises:
        FeedError: It is nothing that is read; the message says what it is.
        InputError: `format` is not one of the formats, or a sheet or an element is named of what has none.
    """
    wanted = wanted_format(format)
    head = b"" if isinstance(source, TableSource) else source.head()
    found = _told_apart(source, head)
    if found is None:
        sniffed = sniff(head, source.name, format, source.encoding, wish=wish)
    elif wanted is not None and wanted is not found:
        raise refuse(source.name, f"{FORMATS[found].found}, where format={format!r} is given; leave it out")
    else:
        sniffed = Sniffed(found)
    if wish.item is not None and sniffed.format not in XML_FORMATS:
        raise InputError(f"item={wish.item!r}: only XML has elements to choose from, and {source.name} is none")
    if sniffed.format in WORKBOOK_FORMATS:
        return replace(sniffed, sheet=wish.sheet, given=_squeezed(wish.columns or {}))
    if wish.sheet is not None:
        raise InputError(f"sheet={wish.sheet!r}: {source.name} is {FORMATS[sniffed.format].found}, which has no sheets")
    return sniffed


def _squeezed(names: Iterable[str]) -> frozenset[str]:
    return frozenset(squeeze(name) for name in names)


def _told_apart(source: Source, head: bytes) -> Format | None:
    """Return the format of what is no text."""
    if isinstance(source, TableSource):
        return Format.FRAME
    if head.startswith(WORKBOOK_STARTS):
        return _workbook_format(source)
    return next((format for magic, format in _COLUMNAR.items() if head.startswith(magic)), None)


def _workbook_format(source: Source) -> Format:
    """Return which workbook a source is that begins like a zip archive or an old Office document.

    Raises:
        FeedError: It is none, is protected by a password, or unpacks to more than `max_mb`.
    """
    with source.whole() as file:
        if file.read(4) != _ZIP:
            return _old_office(source, file)
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
            raise refuse(source.name, "a damaged zip archive or Excel workbook; save or download it again") from error
        return _zipped(source, archive)


def _zipped(source: Source, archive: zipfile.ZipFile) -> Format:
    members = archive.infolist()
    names = {member.filename.replace("\\", "/") for member in members}
    if "xl/workbook.xml" in names:
        found = Format.XLSX
    elif "xl/workbook.bin" in names:
        found = Format.XLSB
    elif "content.xml" in names and _media_type(archive).startswith(_ODS_TYPE):
        found = Format.ODS
    else:
        raise refuse(source.name, _other(archive, names))
    unpacked = sum(member.file_size for member in members)
    if unpacked > source.max_mb * 1e6 or len(members) > _MOST_MEMBERS:
        raise FeedError(
            f"{source.name} unpacks to {unpacked / 1e6:,.0f} MB in {len(members):,} parts, and a workbook is read "
            f"whole: at most {source.max_mb:,g} MB and {_MOST_MEMBERS:,} parts are taken. Give a higher max_mb=, or "
            "save the sheet as CSV, which streams"
        )
    if found is Format.ODS and _is_protected(archive):
        raise refuse(source.name, _OLE_STREAMS[0][1])
    return found


def _media_type(archive: zipfile.ZipFile) -> bytes:
    try:
        with archive.open("mimetype") as member:
            return member.read(len(_ODS_TYPE))
    except _DAMAGE:
        return b""


def _is_protected(archive: zipfile.ZipFile) -> bool:
    try:
        with archive.open("META-INF/manifest.xml") as member:
            return b"encryption-data" in member.read(1 << 20)
    except _DAMAGE:
        return False


def _other(archive: zipfile.ZipFile, names: set[str]) -> str:
    for member, what in _OTHERS:
        if member in names:
            return what
    if _media_type(archive).startswith(b"application/vnd.oasis"):
        return "an OpenDocument file that is no spreadsheet"
    shown = ", ".join(sorted(name for name in names if not name.endswith("/"))[:3])
    return f"a zip archive of {shown or 'nothing'}{' …' if len(names) > 3 else ''}; unpack it and give the feed itself"


def _old_office(source: Source, file: IO[bytes]) -> Format:
    file.seek(0)
    content = file.read()
    for stream, what in _OLE_STREAMS:
        if stream.encode("utf-16-le") in content:
            raise refuse(source.name, what)
    if any(stream.encode("utf-16-le") in content for stream in ("Workbook", "Book", "WORKBOOK", "BOOK")):
        return Format.XLS
    raise refuse(source.name, "an old Office document without a sheet")
