"""Where a feed comes from: a path, an address, bytes or an open file, compressed or not.

A source can be opened more than once, because a reader that meets a fault starts over with a more tolerant one. What
cannot be opened twice (a download, an open file) is first streamed into an unnamed temporary file.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
import urllib.parse
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import IO, TypedDict, Unpack

from feedeval.errors import FeedError
from feedeval.feed.parsing.faults import Fault, Faults

CHUNK_BYTES = 1 << 16
HEAD_BYTES = 1 << 18
_GZIP_MAGIC = b"\x1f\x8b"
_ADDRESS = re.compile(r"(?:www\.|[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?/)\S+$", re.IGNORECASE)
"""What people leave the scheme out of: `www.shop.example`, `shop.example/feed.xml`."""

SourceLike = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | IO[str]
"""A path, an http(s) address, the content itself as bytes, or an open file."""


class WebLimits(TypedDict, total=False):
    """Limits of a download."""

    timeout_s: float
    """Longest silence of the server, in seconds; 30 if not given."""
    max_mb: float
    """Largest download in megabytes, and the most that a workbook may hold once it is unpacked; 2,048 if not given."""


_DEFAULT_LIMITS = WebLimits(timeout_s=30.0, max_mb=2048.0)


class Source:
    """Bytes that can be read from the start more than once, decompressed on the way.

    Attributes:
        name: What messages call it: the path, the address without secrets, or the kind of object.
        origin: The same with the whole address, from which it can be read again.
        encoding: The encoding, where it is known for sure (a file that was opened as text).
        max_mb: The most that a workbook may hold once it is unpacked.
    """

    def __init__(self, name: str, path: Path | None = None, file: IO[bytes] | None = None) -> None:
        self.name = name
        self.origin = name
        self.encoding: str | None = None
        self.max_mb = _DEFAULT_LIMITS["max_mb"]
        self._path = path
        self._file = file

    def head(self) -> bytes:
        """Return the first bytes, decompressed; damage is left for the reading to report."""
        data = b""
        for chunk in self.chunks(Faults(self.name)):
            data += chunk
            if len(data) >= HEAD_BYTES:
                break
        return data

    def chunks(self, faults: Faults) -> Iterator[bytes]:
        """Yield the content from the start, decompressed where it begins like gzip."""
        try:
            with self._open() as file:
                first = file.read(CHUNK_BYTES)
                raw = _blocks(first, file)
                yield from _gunzip(raw, faults) if first.startswith(_GZIP_MAGIC) else raw
        except OSError as error:
            raise FeedError(f"cannot read {self.name}: {error.strerror or error}") from error

    @contextmanager
    def whole(self) -> Iterator[IO[bytes]]:
        """Give the content as a file that can be sought in, which is what workbooks and Parquet need."""
        with self._open() as file:
            packed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
            file.seek(0)
            if not packed:
                yield file
        if packed:
            faults = Faults(self.name, strict=True)
            with tempfile.TemporaryFile(prefix="feedeval-") as unpacked:
                for chunk in self.chunks(faults):
                    unpacked.write(chunk)
                    if unpacked.tell() > self.max_mb * 1e6:
                        raise FeedError(_too_large(self.name, self.max_mb))
                unpacked.seek(0)
                yield unpacked

    def close(self) -> None:
        """Delete the temporary copy, if there is one."""
        if self._file is not None:
            self._file.close()

    def _open(self) -> AbstractContextManager[IO[bytes]]:
        if self._path is not None:
            try:
                return self._path.open("rb")
            except OSError as error:
                raise FeedError(f"cannot read {self._path}: {error.strerror or error}") from error
        if self._file is None or self._file.closed:
            raise FeedError(f"{self.name} was closed; read it again from where it came")
        self._file.seek(0)
        return nullcontext(self._file)


def open_source(source: SourceLike, **limits: Unpack[WebLimits]) -> Source:
    """Return `source` as bytes that can be read from the start more than once.

    Args:
        source: A path, an http(s) address, bytes, or an open file (which is read from where it stands and left open).
        **limits: `WebLimits` for an address.

    Raises:
        FeedError: It cannot be found, opened or downloaded, or is of no kind that can be read.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return Source("the given data", file=io.BytesIO(bytes(source)))
    if isinstance(source, str | os.PathLike):
        text = os.fspath(source)
        if text.lower().startswith(("http://", "https://")):
            return _download(text, _DEFAULT_LIMITS | limits)
        return _from_path(text)
    if hasattr(source, "read"):
        return _from_file(source)
    raise FeedError(
        f"cannot read a feed from {type(source).__name__}: give a path, an http(s) address, bytes, an open file, "
        "or a table of pandas, polars, Arrow or DuckDB"
    )


def _from_path(text: str) -> Source:
    if "\n" in text or text.lstrip().startswith(("<", "{", "[")):
        raise FeedError(
            "a str is taken for a path or an address, and this one is content: give it as bytes, text.encode()"
        )
    if "://" in text:
        raise FeedError(f"cannot read {text}: addresses are read over http and https only")
    try:
        path = Path(text).expanduser()
        found, is_file = path.exists(), path.is_file() or path.is_fifo()
    except (OSError, ValueError, RuntimeError) as error:
        raise FeedError(f"cannot read {text[:200]!r}: {error}") from error
    if not found:
        address = "; an address begins with https://" if _ADDRESS.match(text) else ""
        raise FeedError(f"no file at {path}{address}; the current folder is {Path.cwd()}")
    if not is_file:
        raise FeedError(f"{path} is not a file; give the file itself")
    if path.is_fifo():
        with path.open("rb") as file:
            return _spool(str(path), iter(lambda: file.read(CHUNK_BYTES), b""))
    return Source(str(path), path=path)


def _from_file(file: IO[bytes] | IO[str]) -> Source:
    name = getattr(file, "name", None)
    label = name if isinstance(name, str) else f"the given {type(file).__name__}"
    is_text = False

    def blocks() -> Iterator[bytes]:
        nonlocal is_text
        while block := file.read(CHUNK_BYTES):
            if isinstance(block, str):
                is_text = True
                # A lone surrogate is what Python made of a byte that it could not read: give the byte back.
                yield block.encode("utf-8", "surrogateescape" if _escaped(block) else "replace")
            else:
                yield bytes(block)

    try:
        spooled = _spool(label, blocks())
    except (OSError, ValueError) as error:
        if isinstance(error, FeedError):
            raise
        raise FeedError(f"cannot read {label}: {error}") from error
    if is_text:
        spooled.encoding = "utf-8"
    return spooled


def _escaped(block: str) -> bool:
    return all(0xDC80 <= ord(c) <= 0xDCFF for c in block if 0xD800 <= ord(c) <= 0xDFFF)


def shown_address(address: str) -> str:
    """Return an address as it may be shown: without user and password, and without a query, which may hold a token."""
    try:
        parts = urllib.parse.urlsplit(address)
    except ValueError:
        return "the given address"
    host = parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit((parts.scheme, host, parts.path, "…" if parts.query else "", ""))


def _download(address: str, limits: WebLimits) -> Source:
    timeout_s, max_mb = limits["timeout_s"], limits["max_mb"]
    if timeout_s <= 0 or max_mb <= 0:
        raise FeedError(f"timeout_s={timeout_s:g} and max_mb={max_mb:g} must both be above 0")
    # Loaded here: most feeds are files.
    import httpx2

    shown = shown_address(address)
    # httpx follows redirects to http and https only: any other scheme raises UnsupportedProtocol.
    try:
        with (
            httpx2.Client(follow_redirects=True, timeout=timeout_s, headers={"User-Agent": "feedeval"}) as client,
            client.stream("GET", address) as response,
        ):
            if response.status_code != 200:
                raise FeedError(f"{shown} answered {response.status_code} {response.reason_phrase}, not a feed")
            length = response.headers.get("content-length", "")
            if length.isdigit() and int(length) > max_mb * 1e6:
                raise FeedError(_too_large(shown, max_mb))
            spooled = _spool(shown, _capped(response.iter_bytes(CHUNK_BYTES), shown, max_mb))
            spooled.origin = address
            return spooled
    except httpx2.TimeoutException as error:
        raise FeedError(
            f"{shown} did not answer within {timeout_s:g} s; give a longer timeout_s= to wait more"
        ) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
        raise FeedError(f"cannot download {shown}: {error or type(error).__name__}") from error


def _capped(blocks: Iterator[bytes], address: str, max_mb: float) -> Iterator[bytes]:
    total = 0
    for block in blocks:
        total += len(block)
        if total > max_mb * 1e6:
            raise FeedError(_too_large(address, max_mb))
        yield block


def _too_large(address: str, max_mb: float) -> str:
    return f"{address} is larger than {max_mb:g} MB; give a higher max_mb= to read it all the same"


def _spool(name: str, blocks: Iterator[bytes]) -> Source:
    """Return a source over a temporary file, which only this user can read and which has no name to be left behind."""
    file = tempfile.TemporaryFile(prefix="feedeval-")  # noqa: SIM115 - the source closes it
    try:
        for block in blocks:
            file.write(block)
    except BaseException:
        file.close()
        raise
    return Source(name, file=file)


def _blocks(first: bytes, file: IO[bytes]) -> Iterator[bytes]:
    block = first
    while block:
        yield block
        block = file.read(CHUNK_BYTES)


def _gunzip(blocks: Iterator[bytes], faults: Faults) -> Iterator[bytes]:
    """Yield what gzip members hold, in pieces of a bounded size, as far as they are whole."""
    inflater = zlib.decompressobj(wbits=31)
    size = 0
    try:
        for block in blocks:
            rest = block
            while rest:
                if inflater.eof:
                    if rest[:1] != _GZIP_MAGIC[:1]:
                        return  # padding after the last member
                    inflater = zlib.decompressobj(wbits=31)
                piece = inflater.decompress(rest, CHUNK_BYTES * 4)
                size += len(piece)
                if piece:
                    yield piece
                rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        piece = inflater.flush()
        if piece:
            yield piece
    except zlib.error as error:
        faults.add(Fault.COMPRESSION, detail=f"{error}; {size:,} bytes were read")
        return
    if not inflater.eof:
        faults.add(Fault.COMPRESSION, detail=f"{size:,} bytes were read")
