"""Files and batches of an endpoint: what is sent, what is read out of what comes back, what is said of faults."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from feedeval import errors
from feedeval.model.batch_api import BatchApi
from feedeval.model.client import ModelClient
from feedeval.model.wire import PutOff
from feedeval.records import Usage
from feedeval.records.delivery import Letter
from tests.model.helpers import KEY, PROMPT, Answer, Books, ask, client_for, closing
from tests.server import Fault, FaultKind, ModelServer

META = {"feedeval_session": "20260131_142500_4f7k2c", "feedeval_part": "0003"}


def api_for(base_url: str, **changes: Any) -> tuple[ModelClient, BatchApi]:
    client = client_for(base_url, input_price=1.0, output_price=2.0, **changes)
    return client, BatchApi(client)


async def put_off(client: ModelClient, api: BatchApi) -> Letter:
    letters: list[Letter] = []
    api.gather(letters.append)
    with pytest.raises(PutOff):
        await client.ask(PROMPT, Answer, Books())
    api.gather(None)
    (letter,) = letters
    return letter


async def test_a_request_that_may_wait_is_put_off_and_says_what_the_live_call_says(server: ModelServer) -> None:
    bodies = server.record_bodies()
    client, api = api_for(server.base_url, service_tier="priority", seed=7)
    await ask(client, Books())
    letter = await put_off(client, api)
    line = orjson.loads(letter.line)
    live = {name: value for name, value in bodies[0].items() if name != "service_tier"}
    assert line == {
        "custom_id": client.request_hash(PROMPT, Answer),
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": live,
    }
    assert letter.request_hash == line["custom_id"] and server.stats.requests == 1
    await client.aclose()


async def test_what_is_needed_now_is_asked_now(server: ModelServer) -> None:
    client, api = api_for(server.base_url)
    api.gather(lambda letter: pytest.fail("put off"))
    await closing(client, client.ask(PROMPT, Answer, Books(), live=True))
    assert server.stats.requests == 1


async def test_requests_in_parallel_are_each_put_off(server: ModelServer) -> None:
    client, api = api_for(server.base_url)
    letters: list[Letter] = []
    api.gather(letters.append)
    prompts = [PROMPT, type(PROMPT)(system=PROMPT.system, user="another"), PROMPT]
    ended = await asyncio.gather(*(client.ask(p, Answer, Books()) for p in prompts), return_exceptions=True)
    assert all(isinstance(exc, PutOff) for exc in ended)
    assert len({letter.request_hash for letter in letters}) == 2 and server.stats.requests == 0
    await client.aclose()


async def test_a_batch_goes_up_and_its_answers_come_down(server: ModelServer) -> None:
    client, api = api_for(server.base_url)
    letter = await put_off(client, api)
    data = letter.line + b"\n"
    file_id = await api.upload("part_0003.jsonl", data)
    assert await api.find_file("part_0003.jsonl", len(data)) == file_id
    assert await api.find_file("part_0003.jsonl", 1) == ""
    made = await api.create(file_id, META)
    assert [(order.id, order.part) for order in await api.orders(META["feedeval_session"], 0)] == [(made.id, 3)]
    assert await api.orders("another", 0) == []
    order = await api.look(made.id)
    assert order is not None and (order.status, order.completed) == ("completed", 1)
    content = await api.download(order.output_id)
    assert content is not None
    answer = api.read(content.splitlines()[0])
    assert answer is not None and answer.call is not None and answer.request_hash == letter.request_hash
    usage = answer.call.usage
    assert answer.call.cost_usd == pytest.approx((usage.input_tokens + 2 * usage.output_tokens) / 2e6)
    assert order.used_usd == pytest.approx(answer.call.cost_usd)
    for name in (file_id, order.output_id):
        await api.remove(name)
        assert await api.download(name) is None
    await api.remove(file_id)
    assert await api.look("batch-unknown") is None and await api.cancel("batch-unknown") is None
    await client.aclose()


async def test_batches_are_looked_up_page_by_page(server: ModelServer) -> None:
    client, api = api_for(server.base_url)
    file_id = await api.upload("part.jsonl", (await put_off(client, api)).line)
    for number in range(130):
        session = META["feedeval_session"] if number in (3, 127) else "another"
        await api.create(file_id, {"feedeval_session": session, "feedeval_part": f"{number:04d}"})
    assert [order.part for order in await api.orders(META["feedeval_session"], 0)] == [127, 3]
    assert await api.orders(META["feedeval_session"], 2**40) == []
    await client.aclose()


async def test_an_endpoint_that_lists_no_files_has_the_file_uploaded_again(server: ModelServer) -> None:
    server.configure(batches=False)
    client, api = api_for(server.base_url)
    assert await api.find_file("part.jsonl", 1) == ""
    with pytest.raises(errors.RunFault, match="no Batch API"):
        await api.upload("part.jsonl", b"{}\n")
    await client.aclose()


async def test_a_refusal_for_want_of_room_is_told_from_others(server: ModelServer) -> None:
    client, api = api_for(server.base_url)
    server.configure(batch_ends=["no_room", "failed"])
    file_id = await api.upload("part.jsonl", (await put_off(client, api)).line)
    orders = [await api.look((await api.create(file_id, META)).id) for _ in range(2)]
    assert [order.no_room for order in orders if order is not None] == [True, False]
    assert orders[1] is not None and orders[1].problems[0].line == 2
    with pytest.raises(errors.RequestRejected):
        await api.create("file-unknown", META)
    await client.aclose()


def lines(**response: Any) -> bytes:
    return orjson.dumps({"id": "x-1", "custom_id": "h", "response": response or None, "error": None})


def completion(content: Any) -> dict[str, Any]:
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    return {"model": "m", "choices": [{"message": {"content": content}, "finish_reason": "stop"}], "usage": usage}


def test_lines_of_every_kind_are_read() -> None:
    _, api = api_for("http://127.0.0.1:9/v1")
    whole = api.read(lines(status_code=200, body=completion('{"a": 1}')))
    assert whole is not None and whole.call is not None and not whole.billed
    assert (whole.call.request_hash, whole.call.text) == ("h", '{"a": 1}')
    empty = api.read(lines(status_code=200, body=completion(None)))
    assert empty is not None and empty.billed and empty.call is not None
    assert empty.call.request_hash == "h-x-1" and empty.call.usage == Usage(input_tokens=10, output_tokens=5)
    broken = api.read(lines(status_code=200, body={"some": "thing"}))
    assert broken is not None and broken.call is None and broken.error
    failed = api.read(lines(status_code=400, body={"error": {"message": "No.", "code": "content_filter"}}))
    assert failed is not None and failed.call is None and "content filter" in failed.error and not failed.undone
    late = orjson.dumps({"id": "x", "custom_id": "h", "response": None, "error": {"code": "batch_expired"}})
    undone = api.read(late)
    assert undone is not None and undone.undone
    assert api.read(b"not json") is None and api.read(b"{}") is None and api.read(b"[]") is None


def test_the_key_is_in_no_word_of_it() -> None:
    client, api = api_for("http://127.0.0.1:9/v1")
    said = api.read(lines(status_code=400, body={"error": {"message": f"You sent Bearer {KEY}."}}))
    assert said is not None and KEY not in said.error and KEY not in repr(api) + repr(client)
    replied = api.read(lines(status_code=200, body=completion(f"key {KEY}")))
    assert replied is not None and replied.call is not None and KEY not in replied.call.text


async def test_faults_of_the_endpoint_keep_their_kind(server: ModelServer) -> None:
    server.configure(api_key="sk-another-0123456789")
    client, api = api_for(server.base_url)
    with pytest.raises(errors.WrongKey):
        await api.upload("part.jsonl", b"{}\n")
    await client.aclose()
    server.stop()
    client, api = api_for(server.base_url)
    with pytest.raises(errors.ConnectionLost):
        await api.look("batch-1")
    await client.aclose()


async def test_how_long_replies_are_is_known_once_one_of_them_came_live(server: ModelServer) -> None:
    client, api = api_for(server.base_url)
    assert not api.proven and not api.priced
    dear = await put_off(client, api)
    assert not api.priced
    await client.ask(PROMPT, Answer, Books(), live=True)
    cheap = await put_off(client, api)
    assert api.proven and api.priced
    assert cheap.most_usd is not None and dear.most_usd is not None and cheap.most_usd < dear.most_usd
    server.faults.append(Fault(FaultKind.SERVER_ERROR))
    await client.aclose()
