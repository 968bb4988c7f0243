"""The HTTP client under the SDK: aiohttp, with all of its faults told apart, and nothing that one API does not need.

The SDK can bring an aiohttp transport of its own (`DefaultAioHttpClient`). It reports a refused connection and a reset
one both as a timeout; here a fault keeps its kind, because the run does different things after each. Cookies,
redirects, authentication flows and event hooks of a general HTTP client are left out: they took more than half of the
time of a call.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import httpx2

ENCODING = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class Answer(Protocol):
    """What is read of a reply."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By names in any case."""

    @property
    def content(self) -> bytes:
        """The whole body."""


@dataclass(frozen=True, slots=True)
class LeanAnswer:
    """A reply with nothing but what is read of it."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status says so."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that the SDK made once: what is the same each time the same is asked of another body."""

    request: httpx2.Request
    address: str
    headers: tuple[tuple[str, str], ...]
    timeout: aiohttp.ClientTimeout


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """Send requests through one aiohttp session, which is opened on the event loop of the first request.

    Args:
        connect_timeout_s: How long making a connection may take.
    """

    def __init__(self, *, connect_timeout_s: float = 10.0) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[str, str | None] = {}
        self._timeouts: dict[float | None, aiohttp.ClientTimeout] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request and return its whole reply.

        Raises:
            httpx2.ConnectError: No connection could be made.
            httpx2.ReadTimeout: No reply in time.
            httpx2.ReadError: The connection was lost before the reply began.
            httpx2.RemoteProtocolError: The reply was cut off or is not HTTP.
        """
        prepared = self.prepare(request)
        answer = await self.send(prepared, request.content)
        return whole_response(answer, request)

    def prepare(self, request: httpx2.Request) -> Prepared:
        """Return what can be sent again with another body."""
        address = str(request.url)
        if address not in self._proxies:
            self._proxies[address] = _proxy_for(request.url)
        # The length is that of one body: aiohttp tells that of each.
        told = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
        headers = tuple((name, value) for name, value in told if name.lower() not in ENCODING - {"content-encoding"})
        return Prepared(request, address, headers, self._timeout(request))

    async def send(self, prepared: Prepared, body: bytes) -> LeanAnswer:
        """Send a prepared request with a body and return the whole reply; raises as `handle_async_request`."""
        session = self._session
        if session is None:
            session = self._session = self._open()
        request = prepared.request
        try:
            async with session.request(
                request.method,
                prepared.address,
                headers=prepared.headers,
                data=body or None,
                allow_redirects=False,
                timeout=prepared.timeout,
                proxy=self._proxies[prepared.address],
            ) as response:
                return LeanAnswer(response.status, response.headers, await response.read())
        except (
            aiohttp.ClientConnectorError,
            aiohttp.ClientProxyConnectionError,
            aiohttp.ConnectionTimeoutError,
        ) as exc:
            raise httpx2.ConnectError(str(exc), request=request) from exc
        except TimeoutError as exc:
            raise httpx2.ReadTimeout("no reply in time", request=request) from exc
        except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError) as exc:
            raise httpx2.RemoteProtocolError(str(exc), request=request) from exc
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as exc:
            raise httpx2.UnsupportedProtocol(str(exc), request=request) from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise httpx2.ReadError(str(exc) or type(exc).__name__, request=request) from exc

    async def aclose(self) -> None:
        """Close all connections; the next request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        # How many calls may be out is the pacer's to say: a second limit here would only hide waiting from it.
        connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, ssl=httpx2.create_ssl_context())
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    def _timeout(self, request: httpx2.Request) -> aiohttp.ClientTimeout:
        total_s = request.extensions.get("timeout", {}).get("read")
        found = self._timeouts.get(total_s)
        if found is None:
            found = aiohttp.ClientTimeout(total=total_s, sock_connect=self._connect_timeout_s)
            self._timeouts[total_s] = found
        return found


def whole_response(answer: LeanAnswer, request: httpx2.Request) -> httpx2.Response:
    """Return a reply as the SDK knows one."""
    # What was said of encoding and length is about bytes that aiohttp has decoded.
    headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in ENCODING]
    return httpx2.Response(answer.status, headers=headers, content=answer.content, request=request)


def _proxy_for(url: httpx2.URL) -> str | None:
    """Return the proxy that the environment names for this address."""
    if urllib.request.proxy_bypass(url.host):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(url.scheme) or proxies.get("all")


class LeanClient(httpx2.AsyncClient):
    """As much of an HTTP client as the SDK needs for JSON over one transport.

    `build_request` makes requests with a body of bytes without merging what is not there, and leaves `Host` and
    `Content-Length` to aiohttp; `send` hands the request to the transport as it is. A redirect is an answer like any
    other: an API does not move in the middle of a run.
    """

    def __init__(self) -> None:
        self._lean = AiohttpTransport()
        self._urls: dict[str, httpx2.URL] = {}
        super().__init__(transport=self._lean)

    def build_request(self, method: str, url: httpx2.URL | str, **parts: Any) -> httpx2.Request:
        """Build a request; anything but a body of bytes is left to the full client."""
        content, timeout = parts.get("content"), parts.get("timeout")
        if not isinstance(content, bytes) or parts.get("params") or not isinstance(timeout, int | float):
            return super().build_request(method, url, **parts)
        address = str(url)
        parsed = self._urls.get(address)
        if parsed is None:
            parsed = self._urls[address] = httpx2.URL(address)
        request = httpx2.Request(
            method,
            parsed,
            headers=parts.get("headers"),
            stream=httpx2.ByteStream(content),
            extensions={"timeout": {"read": timeout}},
        )
        request.read()
        return request

    async def send(self, request: httpx2.Request, **_: Any) -> httpx2.Response:
        """Send a request as it is."""
        if not isinstance(request.stream, httpx2.ByteStream):
            # A form with a file in it is put together piece by piece.
            await request.aread()
        return await self._lean.handle_async_request(request)

    def prepare(self, request: httpx2.Request) -> Prepared:
        """Return what can be sent again with another body."""
        return self._lean.prepare(request)

    async def repeat(self, prepared: Prepared, body: bytes) -> LeanAnswer:
        """Send a request once more, with another body; raises as `AiohttpTransport.send`.

        The SDK makes the first request of its kind, with all that belongs to it; making each anew took a fifth of an
        audit's time.
        """
        return await self._lean.send(prepared, body)
