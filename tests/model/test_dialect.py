"""The client finds out what an endpoint understands, and asks again where a reply does not fit."""

from __future__ import annotations

import asyncio

import pytest

from feedeval import errors
from feedeval.model.client import Prompt
from tests.model.helpers import Books, ask, client_for, closing
from tests.server import Fault, FaultKind, ModelServer


@pytest.mark.parametrize(
    ("kinds", "rung"),
    [
        ([FaultKind.NO_JSON_SCHEMA], "json_object"),
        ([FaultKind.NO_JSON_SCHEMA, FaultKind.NO_JSON_OBJECT], None),
        ([FaultKind.NO_RESPONSE_FORMAT_UNNAMED], None),
    ],
)
async def test_an_endpoint_that_refuses_the_schema_is_asked_in_a_looser_way_and_that_is_learned_once(
    server: ModelServer, kinds: list[FaultKind], rung: str | None
) -> None:
    server.faults.extend(Fault(kind) for kind in kinds)
    bodies = server.record_bodies()
    client, books = client_for(server.base_url), Books()
    assert (await ask(client, books)).word
    assert len(bodies) <= 3
    bodies.clear()
    assert (await closing(client, ask(client, books, Prompt("s", "Another one?")))).word
    assert [(body.get("response_format") or {}).get("type") for body in bodies] == [rung]


async def test_many_first_calls_at_once_learn_the_dialect_together(server: ModelServer) -> None:
    server.configure(latency_s=0.01)
    server.faults.extend(Fault(kind) for kind in (FaultKind.NO_RESPONSE_FORMAT_UNNAMED, FaultKind.NO_TEMPERATURE))
    client, books = client_for(server.base_url, max_in_flight=8), Books()
    prompts = [Prompt("s", f"What is {i}?") for i in range(60)]
    answers = await closing(client, asyncio.gather(*(ask(client, books, prompt) for prompt in prompts)))
    assert len(answers) == 60
    # Each of the first eight may have to find out by itself: two rungs and one parameter.
    assert server.stats.requests - server.stats.accepted <= 8 * 3


async def test_a_request_that_is_refused_in_every_way_is_rejected_and_teaches_nothing(server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.NO_RESPONSE_FORMAT_UNNAMED, contains="unwelcome"))
    server.faults.append(Fault(FaultKind.REJECTED, contains="unwelcome"))
    bodies = server.record_bodies()
    client, books = client_for(server.base_url), Books()
    with pytest.raises(errors.RequestRejected):
        await ask(client, books, Prompt("s", "unwelcome"))
    await closing(client, ask(client, books))
    assert bodies[-1]["response_format"]["type"] == "json_schema"


async def test_a_rejected_request_does_not_loosen_what_was_found_to_work(server: ModelServer) -> None:
    client, books = client_for(server.base_url), Books()
    await ask(client, books)
    server.faults.append(Fault(FaultKind.NO_RESPONSE_FORMAT_UNNAMED, times=1))
    with pytest.raises(errors.RequestRejected):
        await closing(client, ask(client, books, Prompt("s", "Another one?")))
    assert server.stats.requests == 2


@pytest.mark.parametrize(
    ("kind", "present", "absent"),
    [
        (FaultKind.NO_TEMPERATURE, "max_tokens", "temperature"),
        (FaultKind.NO_MAX_TOKENS, "max_completion_tokens", "max_tokens"),
    ],
)
async def test_a_parameter_that_the_model_refuses_is_left_out_from_then_on(
    server: ModelServer, kind: FaultKind, present: str, absent: str
) -> None:
    server.faults.append(Fault(kind))
    bodies = server.record_bodies()
    client, books = client_for(server.base_url), Books()
    await ask(client, books)
    await closing(client, ask(client, books, Prompt("s", "Another one?")))
    assert len(bodies) == 3
    assert all(present in body and absent not in body for body in bodies[1:])
    assert client.gauges().retries == 0


async def test_a_model_that_takes_neither_name_for_the_limit_is_not_asked_for_ever(server: ModelServer) -> None:
    server.faults.extend(Fault(kind) for kind in (FaultKind.NO_MAX_TOKENS, FaultKind.NO_MAX_COMPLETION_TOKENS))
    client = client_for(server.base_url)
    with pytest.raises(errors.RequestRejected):
        await closing(client, ask(client, Books()))
    assert server.stats.requests <= 3


async def test_a_reply_that_does_not_fit_is_asked_again_once_with_what_is_wrong(server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.INVALID_REPLY, times=1))
    bodies = server.record_bodies()
    client, books = client_for(server.base_url), Books()
    assert (await closing(client, ask(client, books))).word
    assert len(books.paid) == len(books.calls) == 2
    again = bodies[1]["messages"]
    assert again[-2] == {"role": "assistant", "content": '{"unexpected": true}'}
    assert "word" in again[-1]["content"]


async def test_a_reply_that_does_not_fit_twice_is_invalid_and_both_are_in_the_books(server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.INVALID_REPLY))
    client, books = client_for(server.base_url), Books()
    with pytest.raises(errors.ReplyInvalid, match="the form that was asked for"):
        await ask(client, books)
    assert [call.text for call in books.paid] == ['{"unexpected": true}'] * 2
    with pytest.raises(errors.ReplyInvalid):
        await closing(client, ask(client, books))
    assert server.stats.requests == 2
