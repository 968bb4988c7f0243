"""The HTTP transport under the SDK: aiohttp, with every one of its faults told apart.

The SDK can bring an aiohttp transport of its own (`DefaultAioHttpClient`). It reports a refused connection and a reset
one both as a timeout, keeps a cookie jar for each client, and reads replies in pieces of 16 kB; here a fault keeps its
kind, because the runner does different things after each, and a reply is read whole.
"""

from __future__ import annotations

import urllib.parse
import urllib.request

import aiohttp
import httpx2


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
        session = self._session
        if session is None:
            session = self._session = self._open()
        try:
            async with session.request(
                request.method,
                str(request.url),
                headers=request.headers.multi_items(),
                data=request.content or None,
                allow_redirects=False,
                timeout=self._timeout(request),
                proxy=self._proxy(request.url.scheme, request.url.host),
            ) as response:
                body = await response.read()
                return httpx2.Response(response.status, headers=response.raw_headers, content=body, request=request)
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
            raise httpx2.ReadError(str(exc), request=request) from exc

    async def aclose(self) -> None:
        """Close all connections; the next request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        # How many calls may be out is the pacer's to say: a second limit here would only hide waiting from it.
        connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, ssl=httpx2.create_ssl_context())
        # The reply's content-encoding is undone by httpx2, which asked for it.
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False
        )

    def _timeout(self, request: httpx2.Request) -> aiohttp.ClientTimeout:
        total_s = request.extensions.get("timeout", {}).get("read")
        found = self._timeouts.get(total_s)
        if found is None:
            found = aiohttp.ClientTimeout(total=total_s, sock_connect=self._connect_timeout_s)
            self._timeouts[total_s] = found
        return found

    def _proxy(self, scheme: str, host: str) -> str | None:
        """Return the proxy that the environment names for this host, looked up once."""
        if host not in self._proxies:
            bypass = urllib.request.proxy_bypass(host)
            self._proxies[host] = None if bypass else urllib.request.getproxies().get(scheme)
        return self._proxies[host]
