"""Fetches images from the addresses in a table.

Only where a person asked for it: the addresses may be a stranger's. What is fetched is used as an image or not at all,
and neither a redirect from the network at large nor an address of a cloud's own services leads to this machine's
surroundings.
"""

from __future__ import annotations

import asyncio
import urllib.parse

import httpx2

from feedeval.errors import BadImage
from feedeval.feed.addresses import literal_ip, names_this_network
from feedeval.feed.parsing.sources import shown_address
from feedeval.jobs.shadow.pictures import MAX_IMAGE_BYTES

TIMEOUT_S = 20.0
MAX_REDIRECTS = 5
TRIES = 2
_PAUSE_S = 0.5
_REDIRECTS = (301, 302, 303, 307, 308)
_UNWELL = (408, 425, 429, 500, 502, 503, 504)
_TYPES = ("image/", "application/octet-stream", "binary/octet-stream")


class NoAnswer(BadImage):
    """Nobody answers at the image's address: it may be gone, or the network is."""


class Fetcher:
    """Fetches images over http and https. Lives on one event loop; `close` ends it."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S) -> None:
        self._client = httpx2.AsyncClient(
            timeout=timeout_s, follow_redirects=False, headers={"User-Agent": "feedeval", "Accept": "image/*"}
        )

    async def get(self, address: str) -> bytes:
        """Return the content behind an address.

        Raises:
            BadImage: It is not there, is no image, or is too large.
            NoAnswer: Nobody answers.
        """
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            try:
                return await self._followed(address)
            except httpx2.HTTPStatusError as exc:
                if last or exc.response.status_code not in _UNWELL:
                    raise BadImage(f"{shown_address(address)} answered {exc.response.status_code}, no image") from exc
            except httpx2.TransportError as exc:
                if last:
                    raise NoAnswer(f"{shown_address(address)} does not answer: {exc or type(exc).__name__}") from exc
            except (httpx2.InvalidURL, UnicodeError) as exc:
                raise BadImage(f"{shown_address(address)} is no address: {exc}") from exc
            await asyncio.sleep(_PAUSE_S)
        raise AssertionError("the last try returns or raises")

    async def _followed(self, address: str) -> bytes:
        target = check_address(address)
        for _ in range(MAX_REDIRECTS + 1):
            async with self._client.stream("GET", target) as response:
                if response.status_code not in _REDIRECTS:
                    return await _content(response, address)
                onward = check_address(urllib.parse.urljoin(target, response.headers.get("location", "")))
            if _is_nearby(onward) and not _is_nearby(target):
                raise BadImage(
                    f"{shown_address(address)} leads to an address inside this network, which is not followed"
                )
            target = onward
        raise BadImage(f"{shown_address(address)} leads on more than {MAX_REDIRECTS} times")

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()


def check_address(address: str) -> str:
    """Return the address if it is one that images are fetched from or that a model is given.

    Raises:
        BadImage: It is not http or https, has no host, or is where clouds keep their secrets.
    """
    try:
        parts = urllib.parse.urlsplit(address)
        host = parts.hostname or ""
        usable = parts.scheme in ("http", "https") and bool(host) and parts.port != 0
    except ValueError:
        usable, host = False, ""
    if not usable or " " in address:
        raise BadImage(f"{shown_address(address)[:200]!r} is no http(s) address")
    found = literal_ip(host)
    if found is not None and found.is_link_local:
        raise BadImage(f"{shown_address(address)} is an address of the machine's own surroundings, not of an image")
    return address


def _is_nearby(address: str) -> bool:
    """Whether an address names this machine or its network. Names are not looked up: only a literal one is seen."""
    host = urllib.parse.urlsplit(address).hostname or ""
    return names_this_network(host)


async def _content(response: httpx2.Response, address: str) -> bytes:
    response.raise_for_status()
    kind = response.headers.get("content-type", _TYPES[0]).strip().lower()
    if not kind.startswith(_TYPES):
        raise BadImage(f"{shown_address(address)} answered {kind[:60]}, no image")
    too_large = f"{shown_address(address)} is larger than {MAX_IMAGE_BYTES / 1e6:g} MB"
    length = response.headers.get("content-length", "")
    if length.isdigit() and int(length) > MAX_IMAGE_BYTES:
        raise BadImage(too_large)
    data = bytearray()
    async for block in response.aiter_bytes():
        data += block
        if len(data) > MAX_IMAGE_BYTES:
            raise BadImage(too_large)
    return bytes(data)
