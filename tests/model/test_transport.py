from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
from aiohttp import web

from feedeval.model.client import Prompt
from feedeval.model.transport import LeanClient
from tests.model.helpers import Answer, Books, client_for, closing
from tests.server import ModelServer

COMPLETION = '{"choices":[{"message":{"content":"{\\"word\\":\\"w\\",\\"number\\":1}"},"finish_reason":"stop"}]}'


@asynccontextmanager
async def serving(handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("coding", [web.ContentCoding.gzip, web.ContentCoding.deflate])
async def test_a_compressed_reply_is_read(coding: web.ContentCoding) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        assert coding.value in request.headers["Accept-Encoding"]
        response = web.Response(text=COMPLETION, content_type="application/json")
        response.enable_compression(coding)
        return response

    async with serving(handler) as url:
        client = client_for(url)
        answer = await closing(client, client.ask(Prompt("s", "u"), Answer, Books()))
    assert answer == Answer(word="w", number=1)


async def test_a_chunked_reply_is_read() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for i in range(0, len(COMPLETION), 7):
            await response.write(COMPLETION[i : i + 7].encode())
        return response

    async with serving(handler) as url:
        client = client_for(url)
        answer = await closing(client, client.ask(Prompt("s", "u"), Answer, Books()))
    assert answer.word == "w"


async def test_the_request_is_whole_with_its_headers() -> None:
    seen: dict[str, str] = {}

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        seen.update(request.headers)
        seen["body"] = await request.text()
        return web.Response(text="ok")

    async with serving(handler) as url:
        client = LeanClient()
        request = client.build_request("POST", f"{url}/x?y=1", content=b'{"a":1}', headers=[("X-A", "b")], timeout=60.0)
        response = await client.send(request)
        await client.aclose()
    assert (seen["body"], seen["X-A"], seen["Content-Length"]) == ('{"a":1}', "b", "7")
    assert (response.status_code, response.text) == (200, "ok")


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/elsewhere"})

    async with serving(handler) as url:
        client = LeanClient()
        response = await client.send(client.build_request("POST", url, content=b"{}", timeout=60.0))
        await client.aclose()
    assert response.status_code == 302


async def test_a_reply_that_is_not_http_is_told_from_a_lost_connection() -> None:
    import asyncio

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"this is no HTTP\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    client = LeanClient()
    with pytest.raises(httpx2.RemoteProtocolError):
        await client.send(client.build_request("POST", f"http://127.0.0.1:{port}/", content=b"{}", timeout=60.0))
    await client.aclose()
    listening.close()


async def test_the_environments_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def proxy(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(str(request.url))
        return web.Response(text=COMPLETION)

    async with serving(proxy) as url:
        for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", url)
        client = client_for("http://model.example/v1")
        answer = await closing(client, client.ask(Prompt("s", "u"), Answer, Books()))
    assert answer.word == "w"
    assert asked == ["http://model.example/v1/chat/completions"]


async def test_a_request_that_is_repeated_has_the_length_of_its_own_body(server: ModelServer) -> None:
    client = LeanClient()
    whole = httpx2.AsyncClient().build_request("POST", f"{server.base_url}/chat/completions", content=b"{}")
    assert "content-length" in whole.headers
    prepared = client.prepare(whole)
    answer = await client.repeat(prepared, b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}')
    await client.aclose()
    assert answer.is_success, answer.content
