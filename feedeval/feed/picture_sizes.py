"""Format and size of pictures behind addresses, of which no more is read than it takes to know them.

The addresses are a stranger's: nothing is asked of this machine or its network, little is read of each picture, a host
is asked by few at a time and left alone while it says that it is asked too often.
"""

from __future__ import annotations

import io
import socket
import threading
import time
import urllib.parse
import urllib.request
import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from feedeval.errors import InputError
from feedeval.feed.addresses import is_public, names_this_network
from feedeval.feed.parsing.sources import shown_address

if TYPE_CHECKING:
    import httpx2

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 5
_BUSY = frozenset({429, 503})
_PAUSE_S, _LONGEST_PAUSE_S = 2.0, 15.0
_HEAD_BYTES = 1 << 20
"""A picture whose size is not told by so much is left alone."""
_READ_BY_PILLOW = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "ICO", "JPEG2000")
_NAMES = {"mpo": "jpeg", "jpeg2000": "jp2"}
_BRANDS = {b"avif": "avif", b"avis": "avif", b"heic": "heic", b"heix": "heic", b"mif1": "heif", b"msf1": "heif"}


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """How far a check of pictures goes.

    Raises:
        InputError: A limit is not above 0.
    """

    max_images: int = 200
    """Pictures that are looked at; of more, a part that is spread over the feed."""
    max_s: float = 120.0
    """Seconds after which no further picture is asked for."""
    max_mb: float = 100.0
    """Megabytes after which no further picture is asked for."""
    timeout_s: float = 10.0
    """Longest silence of a server, and half of the longest time that one picture may take."""
    at_once: int = 8
    at_once_per_host: int = 3
    allow_private: bool = False
    """Also look at pictures on this machine and inside its network."""
    cache: str | Path | None = None
    """A file in which what was seen is kept for a week; None keeps nothing."""

    def __post_init__(self) -> None:
        for name in ("max_images", "max_s", "max_mb", "timeout_s", "at_once", "at_once_per_host"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name}={getattr(self, name)!r} of the pictures' limits has to be above 0")


@dataclass(frozen=True, slots=True)
class PictureSize:
    """What is known of one picture."""

    format: str = ""
    """In lower case, as `jpeg`; empty where there is no picture."""
    width: int = 0
    """Pixels; 0 where it is not told."""
    height: int = 0
    megapixels: float = 0.0
    """At least; more than width x height where the picture is too large to be unpacked."""
    file_mb: float | None = None
    problem: str = ""
    """Why there is no picture, as the end of a sentence that begins with the address; empty where there is one."""


class _NoPictureError(Exception):
    """What came is no picture; the message says what it is."""


@dataclass(slots=True)
class _Host:
    slots: threading.Semaphore
    free_at: float = 0.0
    refuses: bool = False


class PictureLooker:
    """Looks at pictures, several at a time.

    Args:
        limits: How far it goes.
    """

    def __init__(self, limits: ImageLimits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}
        self._ends_at = 0.0
        self._bytes = 0

    def look_at(self, addresses: Iterable[str]) -> dict[str, PictureSize]:
        """Return what is known of the pictures; those that the limits left out are not among them."""
        # Loaded here: only who asks for pictures waits for it.
        import httpx2

        self._ends_at = time.monotonic() + self._limits.max_s
        asked = list(dict.fromkeys(addresses))
        headers = {"User-Agent": "feedeval", "Accept": "image/*", "Accept-Encoding": "identity"}
        with (
            httpx2.Client(timeout=self._limits.timeout_s, follow_redirects=False, headers=headers) as client,
            ThreadPoolExecutor(self._limits.at_once) as workers,
        ):
            try:
                found = list(workers.map(lambda address: self._look(client, address), asked))
            except BaseException:
                workers.shutdown(wait=False, cancel_futures=True)
                raise
        return {address: seen for address, seen in zip(asked, found, strict=True) if seen is not None}

    def _look(self, client: httpx2.Client, address: str) -> PictureSize | None:
        import httpx2

        host = self._host(address)
        with host.slots:
            for last in (False, True):
                if not self._may_ask(host):
                    return None
                try:
                    answer = self._followed(client, address)
                except _NoPictureError as error:
                    return PictureSize(problem=str(error))
                except httpx2.TimeoutException:
                    return PictureSize(problem=f"does not answer within {self._limits.timeout_s:g} s")
                except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError, ValueError) as error:
                    return PictureSize(problem=f"cannot be read: {str(error) or type(error).__name__}"[:200])
                if not isinstance(answer, _Busy):
                    return answer
                host.free_at = time.monotonic() + min(answer.pause_s, _LONGEST_PAUSE_S)
                if last and answer.status == 429:
                    # What it says is about us, not about the picture.
                    host.refuses = True
        return None if host.refuses else PictureSize(problem="answers 503")

    def _host(self, address: str) -> _Host:
        name = urllib.parse.urlsplit(address).netloc.lower()
        with self._lock:
            return self._hosts.setdefault(name, _Host(threading.Semaphore(self._limits.at_once_per_host)))

    def _may_ask(self, host: _Host) -> bool:
        pause = host.free_at - time.monotonic()
        if pause > 0 and time.monotonic() + pause < self._ends_at:
            time.sleep(pause)
        within = time.monotonic() < self._ends_at and self._bytes < self._limits.max_mb * 1e6
        return within and not host.refuses

    def _followed(self, client: httpx2.Client, address: str) -> PictureSize | _Busy | None:
        target = address
        for _ in range(_MAX_REDIRECTS + 1):
            if not self._is_public(target, address):
                return None
            with client.stream("GET", target) as response:
                if response.status_code in _BUSY:
                    return _Busy(response.status_code, _pause_s(response.headers.get("retry-after", "")))
                if response.status_code not in _REDIRECTS:
                    return self._read(response)
                target = urllib.parse.urljoin(target, response.headers.get("location", ""))
        raise _NoPictureError(f"leads on more than {_MAX_REDIRECTS} times")

    def _is_public(self, target: str, address: str) -> bool:
        """Tell whether an address may be asked; one that only a shop's own network resolves to itself may not.

        Raises:
            _NoPictureError: It is no address that anybody else could ask.
        """
        parts = urllib.parse.urlsplit(target)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not host:
            raise _NoPictureError(f"leads to {shown_address(target)[:80]}, which is no http(s) address")
        if self._limits.allow_private:
            return True
        if names_this_network(host):
            where = "is" if target == address else "leads to"
            raise _NoPictureError(f"{where} an address inside a network of its own, which no destination reaches")
        return is_public(host) or _resolves_to_public(host, parts.port or 443)

    def _read(self, response: httpx2.Response) -> PictureSize | None:
        if response.status_code != 200:
            raise _NoPictureError(f"answers {response.status_code} {response.reason_phrase}".rstrip())
        length = response.headers.get("content-length", "")
        whole_mb = int(length) / 1e6 if length.isdigit() and "content-encoding" not in response.headers else None
        latest = time.monotonic() + 2 * self._limits.timeout_s
        head, next_try, found = bytearray(), 0, None
        for block in response.iter_bytes():
            head += block
            with self._lock:
                self._bytes += len(block)
            if len(head) >= next_try:
                found, next_try = measured(bytes(head)), 2 * len(head)
            if found or len(head) > _HEAD_BYTES:
                break
            if time.monotonic() > latest:
                raise _NoPictureError(f"takes longer than {2 * self._limits.timeout_s:g} s")
        else:
            found = measured(bytes(head))
            if found is None:
                raise _NoPictureError("answers with something that is no picture, or a broken one")
        return None if found is None else PictureSize(*found, file_mb=whole_mb)


@dataclass(frozen=True, slots=True)
class _Busy:
    status: int
    pause_s: float


def _pause_s(text: str) -> float:
    return float(text) if text.isdigit() else _PAUSE_S


def _resolves_to_public(host: str, port: int) -> bool:
    """Tell whether a name leads out of this network; where a proxy looks names up, that is left to it."""
    try:
        places = {str(place[4][0]) for place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        if urllib.request.getproxies():
            return True
        raise _NoPictureError("is on a host that is not found") from error
    return all(map(is_public, places))


def measured(head: bytes) -> tuple[str, int, int, float] | None:
    """Return format, width, height and megapixels of the picture that begins with `head`; None where that says not.

    Raises:
        _NoPictureError: It is none.
    """
    start = head[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<"):
        if b"<svg" in start:
            return "svg", 0, 0, 0.0
        if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or b"<html" in start:
            raise _NoPictureError("answers with a web page, not with a picture")
    if head[4:8] == b"ftyp" and head[8:12] in _BRANDS:
        return _BRANDS[head[8:12]], 0, 0, 0.0
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _webp(head)
    return _by_pillow(head)


def _webp(head: bytes) -> tuple[str, int, int, float] | None:
    """Return the size of a WebP picture as its container specification places it (RFC 9649)."""
    kind, body = head[12:16], head[20:30]
    if len(body) < 10:
        return None
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(body[at : at + 3], "little") for at in (4, 7))
    elif kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    return "webp", width, height, width * height / 1e6


_OPENING = threading.Lock()


def _by_pillow(head: bytes) -> tuple[str, int, int, float] | None:
    from PIL import Image

    # Pillow warns of very large pictures, which are no danger where nothing is unpacked.
    with _OPENING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(head), formats=_READ_BY_PILLOW) as image:
                name = str(image.format).lower()
                width, height = image.size
        except Image.DecompressionBombError:
            return "", 0, 0, 2 * (Image.MAX_IMAGE_PIXELS or 0) / 1e6
        except Exception:
            # Pillow's decoders raise all sorts of errors on half a file; the next piece of it may mend that.
            return None
    return _NAMES.get(name, name), width, height, width * height / 1e6
