"""Bytes to text that is right even where the encoding is not what the source says.

Text before the first byte that does not fit is ASCII or fits, so the decision can wait until that byte comes: nothing
has to be read twice, and a source of any length is decoded as it streams.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

import charset_normalizer

from feedeval.feed.parsing.faults import Fault, Faults

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Codecs that Python counts as text but that no feed is written in; some raise errors of their own.
_NO_CHARSETS = {"utf-7", "unicode-escape", "raw-unicode-escape", "punycode", "idna", "undefined", "mbcs", "oem"}
_CANDIDATES = [
    "cp1250",
    "cp1251",
    "cp1252",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "cp1258",
    "cp874",
    "koi8_r",
    "cp932",
    "euc_jp",
    "gb18030",
    "big5",
    "euc_kr",
]
_LATIN = {"cp1250", "cp1252", "cp1254", "cp1257", "cp1258"}
# Bytes that are letters of Czech, Slovak and Polish in cp1250 and symbols or rare letters in cp1252, beside an
# ASCII letter.
_CENTRAL = re.compile(
    rb"(?<=[a-zA-Z])[\x8a\x8d-\x8f\x9a\x9c-\x9f\xb3\xb9\xbe\xbf]|[\x8a\x8d-\x8f\x9a\x9c-\x9f\xb3\xbe\xbf](?=[a-zA-Z])"
)
_CENTRAL_SHARE = 0.06
_HIGH = re.compile(rb"[\x80-\xff]")
_HIGH_TEXT = re.compile(rb"[^\t\r\n<>]*[\x80-\xff][^\t\r\n<>]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_CONTROL_TABLE = {**dict.fromkeys([*range(9), *range(0x0E, 0x20), 0x7F, 0xFFFE, 0xFFFF], ""), 0x0B: " ", 0x0C: " "}
_JOINED = re.compile("(?<=[\n\r])\ufeff+|\ufeff+(?=\\s*<[?!a-zA-Z])")
# What windows-1252 has where Unicode has the C1 controls: "iso-8859-1" in a feed nearly always means windows-1252.
_C1 = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
_VALUE_TABLE = _CONTROL_TABLE | _C1 | dict.fromkeys(range(0xD800, 0xE000), "")
_VALUE_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def bom_encoding(head: bytes) -> str | None:
    """Return the encoding that a byte order mark or the pattern of zero bytes tells, else None."""
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    sample = head[:2000]
    if len(sample) >= 4 and sample.count(0) > len(sample) // 3:
        return "utf-16-be" if sample[::2].count(0) > sample[1::2].count(0) else "utf-16-le"
    return None


def known_encoding(name: str | None) -> str | None:
    """Return Python's name of a declared encoding, or None where it is none that a feed can be written in."""
    try:
        codec = codecs.lookup((name or "").strip())
        if codec.name in _NO_CHARSETS or not isinstance(codec.encode("<")[0], bytes):
            return None
    except (LookupError, ValueError, TypeError, AttributeError):
        return None
    # A declared iso-8859-1 is read as windows-1252, as every browser does.
    return "cp1252" if codec.name == "iso8859-1" else codec.name


def guess_encoding(sample: bytes) -> str:
    """Return the likeliest encoding of bytes that are not valid UTF-8; cp1252 where nothing speaks for another."""
    passages = b"\n".join(_HIGH_TEXT.findall(sample)[:2000])[:200_000]
    match = charset_normalizer.from_bytes(passages, cp_isolation=_CANDIDATES, threshold=0.4).best()
    if match is not None and match.encoding not in _LATIN:
        return match.encoding
    high = len(_HIGH.findall(passages))
    return "cp1250" if len(_CENTRAL.findall(passages)) > high * _CENTRAL_SHARE else "cp1252"


def drop_controls(text: str) -> tuple[str, int]:
    """Return source text without control characters and how many there were; vertical white space becomes a space."""
    found = len(_CONTROL.findall(text)) if _CONTROL.search(text) else 0
    return (text.translate(_CONTROL_TABLE), found) if found else (text, 0)


def clean_value(text: str) -> str:
    """Return a value trimmed and without control characters; C1 controls are read as windows-1252."""
    if not text.isprintable() and _VALUE_CONTROL.search(text):
        text = text.translate(_VALUE_TABLE)
    return text.strip()


class TextReader:
    """Decodes chunks of bytes; where they do not fit, guesses once and says so.

    Attributes:
        line: Number of the line at the end of what was decoded, from 1.
    """

    def __init__(self, head: bytes, declared: str | None, faults: Faults) -> None:
        self._bom = bom_encoding(head)
        self._encoding = self._bom or known_encoding(declared) or "utf-8"
        self._declared = declared
        self._faults = faults
        self._saw_multibyte = False
        self._patching = False
        self._new_line = True
        self.line = 1

    def read(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """Yield the text of `chunks` without control characters."""
        errors = "strict" if self._encoding.startswith("utf") else "replace"
        decoder = codecs.getincrementaldecoder(self._encoding)(errors)
        for chunk in chunks:
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError as fault:
                decoder, text = self._recover(bytes(fault.object), fault.start)
            yield self._finish(text)
        try:
            tail = decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            # Half a character at the very end: the source was cut off there, which the format's reader reports.
            tail = ""
        yield self._finish(tail)

    def _finish(self, text: str) -> str:
        self._saw_multibyte = self._saw_multibyte or not text.isascii()
        if "\ufeff" in text:
            # A mark of its own file where files were joined; one within a value is left for the checks to report.
            text = _JOINED.sub("", text.lstrip("\ufeff") if self._new_line else text)
        self._new_line = text.endswith(("\n", "\r")) if text else self._new_line
        cleaned, controls = drop_controls(text)
        if controls:
            for match in _CONTROL.finditer(text):
                self._faults.add(Fault.CONTROL_CHARACTER, line=self.line + text.count("\n", 0, match.start()))
        self.line += text.count("\n")
        return cleaned

    def _recover(self, data: bytes, start: int) -> tuple[codecs.IncrementalDecoder, str]:
        """Return a decoder for the rest and the text of `data`, whose byte `start` does not fit."""
        before, rest = data[:start].decode(self._encoding, "ignore"), data[start:]
        line = self.line + before.count("\n")
        if self._saw_multibyte or not before.isascii() or self._bom or _mostly_utf8(rest):
            # Most of the text fits: only the stray bytes are read as windows-1252.
            self._note(line, f"read as windows-1252 among {self._encoding}")
            decoder = codecs.getincrementaldecoder(self._encoding)(_STRAY)
        else:
            guess = guess_encoding(rest)
            said = f"declared {self._declared}, " if self._declared else ""
            self._note(line, f"{said}read as {guess}")
            decoder = codecs.getincrementaldecoder(guess)("replace")
        return decoder, before + decoder.decode(rest)

    def _note(self, line: int, detail: str) -> None:
        self._faults.add(Fault.DECODING, line=line, detail=detail)


def _mostly_utf8(data: bytes) -> bool:
    """Whether more non-ASCII characters of `data` are valid UTF-8 than bytes are not."""
    kept = data.decode("utf-8", "ignore")
    multibyte = len(kept) - len(kept.encode("ascii", "ignore"))
    return multibyte > len(data) - len(kept.encode("utf-8"))


def _read_stray(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


_STRAY = "feedeval-stray-bytes"
codecs.register_error(_STRAY, _read_stray)
