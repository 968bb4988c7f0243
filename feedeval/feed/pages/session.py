"""The connection that pages are fetched by: it reaches nobody inside this network, whatever a name resolves to."""

from __future__ import annotations

import socket
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from feedeval.feed.addresses import is_public, names_this_network
from feedeval.feed.pages.limits import PageLimits
from feedeval.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

ROBOT = "feedeval"
"""What robots.txt may call us."""
USER_AGENT = f"{ROBOT}/{__version__}"


_PRIVATE = "inside a network of its own, which is asked only where a link of the feed names it, with allow_private"


class RefusedError(OSError):
    """An address that is not asked; the message says why."""


def refuse_private(address: str, trusted: frozenset[str]) -> None:
    """Refuse an address that is no web page of the world at large by its own words.

    Raises:
        RefusedError: It is none.
    """
    host = host_of(address)
    if host not in trusted and names_this_network(host):
        raise RefusedError(f"{host} is {_PRIVATE}")


def host_of(address: str) -> str:
    """Return the host of an http(s) address.

    Raises:
        RefusedError: It is no such address.
    """
    try:
        parts = urllib.parse.urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = None
    if not usable:
        raise RefusedError("it is no http(s) address")
    return str(parts.hostname)


class PublicResolver(AbstractResolver):
    """Looks names up, and gives no address inside this network; what it gave is what is connected to.

    Args:
        trusted: Hosts that are reached wherever they are: those that a person allowed, and proxies, which look names up
            themselves.
    """

    def __init__(self, trusted: frozenset[str]) -> None:
        self._inner = aiohttp.ThreadedResolver()
        self._trusted = trusted

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return where a host is.

        Raises:
            RefusedError: It is inside this network.
        """
        found = await self._inner.resolve(host, port, family)
        if host not in self._trusted and not all(is_public(place["host"]) for place in found):
            raise RefusedError(f"{host} is {_PRIVATE}")
        return found

    async def close(self) -> None:
        """Release what looks names up."""
        await self._inner.close()


def opened(limits: PageLimits, trusted: frozenset[str]) -> aiohttp.ClientSession:
    """Return a session for pages. It keeps no cookies: every page is seen as a stranger sees it."""
    proxies = proxy_hosts(urllib.request.getproxies())
    resolver = PublicResolver(proxies | trusted)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=resolver, limit=limits.at_once, limit_per_host=limits.at_once_per_host),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={
            "User-Agent": USER_AGENT,
            "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1",
            "Accept-Language": "*",
        },
        trust_env=bool(proxies),
        # The whole of a page is timed where it is asked for.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.timeout_s),
        max_line_size=32_768,
        max_field_size=65_536,
    )


def proxy_hosts(proxies: Mapping[str, str]) -> frozenset[str]:
    """Return the hosts of the proxies that the environment names."""
    named = (urllib.parse.urlsplit(proxies[name]).hostname for name in ("http", "https") if proxies.get(name))
    return frozenset(filter(None, named))
