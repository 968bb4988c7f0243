"""The client against the model server: what is asked, what is paid for, what is learned."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Literal

import pytest
from pydantic import BaseModel, SecretStr

from feedeval import errors
from feedeval.model.client import ModelClient, ModelSettings, Prompt
from feedeval.model.pacing import Pacer
from tests.model.helpers import KEY, PROMPT, Answer, Books, NoSleep, ask, client_for, closing
from tests.server import Fault, FaultKind, ModelServer


async def test_a_prompt_and_a_schema_go_in_and_a_record_comes_out_with_its_price(server: ModelServer) -> None:
    client, books = client_for(server.base_url), Books()
    answer = await closing(client, ask(client, books))
    (call,) = books.paid
    assert Answer.model_validate_json(call.text) == answer
    assert call.request_hash == client.request_hash(PROMPT, Answer)
    assert call.usage.input_tokens > 0
    assert call.cost_usd is not None
    assert 0 < call.cost_usd <= books.reserved[0]
    assert call.latency_ms > 0
    assert server.stats.accepted == 1


async def test_a_reply_in_the_books_is_not_asked_for_again(server: ModelServer) -> None:
    client, books = client_for(server.base_url), Books()
    first = await ask(client, books)
    second = await closing(client, ask(client, books))
    assert first == second
    assert server.stats.requests == 1


async def test_identical_requests_at_the_same_time_are_paid_once(server: ModelServer) -> None:
    server.configure(latency_s=0.05)
    client, books = client_for(server.base_url), Books()
    answers = await closing(client, asyncio.gather(*(ask(client, books) for _ in range(20))))
    assert len(set(map(str, answers))) == 1
    assert server.stats.requests == 1


async def test_when_the_first_of_identical_requests_is_cancelled_another_goes_on(server: ModelServer) -> None:
    server.configure(latency_s=0.05)
    client, books = client_for(server.base_url), Books()
    first, second = (asyncio.create_task(ask(client, books)) for _ in range(2))
    while not server.stats.in_flight:
        await asyncio.sleep(0.001)
    first.cancel()
    answer = await second
    await client.aclose()
    assert answer.word
    assert client.gauges().in_flight == 0


def test_the_hash_depends_on_all_that_a_reply_depends_on_and_on_nothing_else() -> None:
    base = {"model": "m", "base_url": "http://a/v1", "api_key": SecretStr(KEY)}

    def hashed(prompt: Prompt = PROMPT, **changes: Any) -> str:
        return ModelClient(ModelSettings(**{**base, **changes})).request_hash(prompt, Answer)

    plain = hashed()
    assert len(plain) == 32
    assert plain == hashed(api_key=SecretStr("another"), max_in_flight=3, timeout_s=5, base_url="http://a/v1/")
    others = {
        hashed(model="n"),
        hashed(base_url="http://b/v1"),
        hashed(temperature=1.0),
        hashed(max_output_tokens=5),
        hashed(Prompt("Be brief.", "What is it? ")),
        hashed(Prompt("Be brief.What", " is it?")),
        hashed(Prompt("Be brief.", "What is it?", "http://x/1.png")),
        plain,
    }
    assert len(others) == 8


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.REJECTED, errors.RequestRejected),
        (FaultKind.TOO_LARGE, errors.RequestRejected),
        (FaultKind.UNPROCESSABLE, errors.RequestRejected),
        (FaultKind.CONTENT_FILTER, errors.ContentFiltered),
        (FaultKind.FILTERED_REPLY, errors.ContentFiltered),
        (FaultKind.REFUSAL, errors.ModelRefused),
        (FaultKind.LENGTH, errors.ReplyTruncated),
        (FaultKind.WRONG_KEY, errors.WrongKey),
        (FaultKind.FORBIDDEN, errors.AccessDenied),
        (FaultKind.UNKNOWN_MODEL, errors.UnknownModel),
        (FaultKind.INSUFFICIENT_QUOTA, errors.QuotaExhausted),
    ],
)
async def test_what_no_retry_mends_is_asked_once(server: ModelServer, kind: FaultKind, error: type[Exception]) -> None:
    server.faults.append(Fault(kind))
    client, books = client_for(server.base_url), Books()
    with pytest.raises(error) as caught:
        await closing(client, ask(client, books))
    assert type(caught.value) is error
    assert server.stats.requests == 1
    assert client.gauges().in_flight == 0
    # What was set aside is given back.
    assert len(books.settled) == len(books.reserved) == 1


TRANSIENT = [
    (FaultKind.SERVER_ERROR, errors.ServerFault),
    (FaultKind.UNAVAILABLE, errors.ServerFault),
    (FaultKind.CONFLICT, errors.ServerFault),
    (FaultKind.REQUEST_TIMEOUT, errors.TimedOut),
    (FaultKind.RESET, errors.ServerFault),
    (FaultKind.CUT_OFF, errors.BrokenReply),
    (FaultKind.NOT_JSON, errors.BrokenReply),
    (FaultKind.HTML, errors.BrokenReply),
    (FaultKind.OTHER_SHAPE, errors.BrokenReply),
    (FaultKind.NO_CHOICES, errors.BrokenReply),
    (FaultKind.NULL_CONTENT, errors.BrokenReply),
]


@pytest.mark.parametrize(("kind", "error"), TRANSIENT)
async def test_what_may_pass_is_tried_again(server: ModelServer, kind: FaultKind, error: type[Exception]) -> None:
    server.faults.append(Fault(kind, times=2))
    client, books = client_for(server.base_url), Books()
    answer = await closing(client, ask(client, books))
    assert answer.word
    assert server.stats.requests == 3
    assert client.gauges().retries == 2
    assert books.calls[client.request_hash(PROMPT, Answer)].retries == 2


@pytest.mark.parametrize(("kind", "error"), TRANSIENT)
async def test_when_tries_run_out_the_last_fault_is_raised(
    server: ModelServer, kind: FaultKind, error: type[Exception]
) -> None:
    server.faults.append(Fault(kind))
    client, books = client_for(server.base_url, max_retries=1), Books()
    with pytest.raises(error) as caught:
        await closing(client, ask(client, books))
    assert type(caught.value) is error
    assert server.stats.requests == 2


async def test_the_sdk_retries_nothing_by_itself(server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.SERVER_ERROR))
    client = client_for(server.base_url, max_retries=0)
    with pytest.raises(errors.ServerFault):
        await closing(client, ask(client, Books()))
    assert server.stats.requests == 1


async def test_a_hang_ends_after_the_timeout_and_is_tried_again(server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.HANG, times=1))
    client = client_for(server.base_url, timeout_s=0.5)
    asked = asyncio.create_task(ask(client, Books()))
    while not server.stats.in_flight:
        await asyncio.sleep(0.001)
    # The second try has all the time that a busy machine may take.
    client.update(timeout_s=60.0)
    assert (await closing(client, asked)).word
    assert server.stats.requests == 2


async def test_retry_after_is_waited_for(server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.UNAVAILABLE, times=1, retry_after_s=17.0))
    sleep = NoSleep()
    client = client_for(server.base_url, sleep=sleep)
    await closing(client, ask(client, Books()))
    assert sleep.slept == [17.0]


async def test_a_refusal_by_rate_cools_down_and_goes_on(server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.RATE_LIMIT, times=1, retry_after_s=0.1))
    client = client_for(server.base_url)
    assert (await closing(client, ask(client, Books()))).word
    gauges = client.gauges()
    assert (gauges.rate_limited, gauges.retries) == (1, 1)
    assert gauges.cooled_s == pytest.approx(1.0, abs=0.05)


async def test_an_endpoint_that_cannot_be_reached_is_a_lost_connection() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        client, books = client_for(url), Books()
        with pytest.raises(errors.ConnectionLost):
            await ask(client, books)
        with pytest.raises(errors.ConnectionLost):
            await closing(client, client.probe())
    assert client.gauges().in_flight == 0
    assert books.paid == []


async def test_resets_with_nobody_there_any_more_are_a_lost_connection(server: ModelServer) -> None:
    client = client_for(server.base_url)
    await ask(client, Books())
    server.stop()
    with pytest.raises(errors.ConnectionLost):
        await closing(client, ask(client, Books()))


async def test_probing_costs_nothing_and_tells_a_wrong_key(server: ModelServer) -> None:
    client = client_for(server.base_url)
    await client.probe()
    server.configure(api_key="another")
    with pytest.raises(errors.WrongKey):
        await closing(client, client.probe())
    assert server.stats.requests == 0


async def test_no_call_waits_in_line_to_be_refused_when_the_quota_is_gone(server: ModelServer) -> None:
    server.configure(latency_s=0.01)
    server.faults.append(Fault(FaultKind.INSUFFICIENT_QUOTA, from_request=41))
    client, books = client_for(server.base_url, max_in_flight=8), Books()
    prompts = [Prompt("s", f"What is {i}?") for i in range(200)]
    work = asyncio.gather(*(ask(client, books, prompt) for prompt in prompts), return_exceptions=True)
    found = await closing(client, work)
    assert sum(isinstance(value, Answer) for value in found) == 40
    assert sum(type(value) is errors.QuotaExhausted for value in found) == 160
    assert server.stats.refused <= 8
    server.faults.clear()
    assert (await closing(client, ask(client, books))).word


async def test_a_billed_reply_that_says_nothing_is_in_the_books_but_not_found_as_the_answer(
    server: ModelServer,
) -> None:
    server.faults.append(Fault(FaultKind.NULL_CONTENT, times=1))
    client, books = client_for(server.base_url), Books()
    await closing(client, ask(client, books))
    empty, full = books.paid
    assert empty.usage.total_tokens > 0
    assert empty.request_hash != client.request_hash(PROMPT, Answer) == full.request_hash


async def test_a_server_that_reports_no_usage_is_booked_by_estimate(server: ModelServer) -> None:
    server.configure(usage=False)
    client, books = client_for(server.base_url), Books()
    await closing(client, ask(client, books))
    (call,) = books.paid
    assert call.usage.input_tokens > 0
    assert call.usage.output_tokens > 0
    assert call.cost_usd


async def test_replies_that_say_nothing_are_told_apart_in_the_books(server: ModelServer) -> None:
    server.faults.append(Fault(FaultKind.NULL_CONTENT, times=2))
    books = Books()
    for _ in range(2):
        sitting = client_for(server.base_url, max_retries=0)
        with pytest.raises(errors.BrokenReply):
            await closing(sitting, ask(sitting, books))
    assert len(books.paid) == len(books.calls) == server.stats.accepted == 2


async def test_prices_of_ones_own_are_used_and_an_unknown_price_is_said(server: ModelServer) -> None:
    unknown = client_for(server.base_url, model="my-own-model")
    assert not unknown.price_known
    books = Books()
    await closing(unknown, ask(unknown, books))
    assert books.paid[0].cost_usd is None
    assert books.reserved == [0.0]
    priced = client_for(server.base_url, model="my-own-model", input_price=1e6, output_price=0.0)
    books = Books()
    await closing(priced, ask(priced, books))
    assert books.paid[0].cost_usd == books.paid[0].usage.input_tokens


async def test_a_mended_key_goes_on_with_the_same_client(server: ModelServer) -> None:
    server.configure(api_key="the-right-one")
    client, books = client_for(server.base_url), Books()
    with pytest.raises(errors.WrongKey):
        await ask(client, books)
    client.update(api_key=SecretStr("the-right-one"))
    assert (await closing(client, ask(client, books))).word


async def test_a_mended_model_goes_on_with_the_same_client(server: ModelServer) -> None:
    server.configure(model="gpt-4o")
    client, books = client_for(server.base_url), Books()
    with pytest.raises(errors.UnknownModel):
        await ask(client, books)
    client.update(model="gpt-4o")
    assert (await closing(client, ask(client, books))).word
    assert client.describe()["model"] == "gpt-4o"


async def test_calls_that_are_out_when_settings_change_still_count(server: ModelServer) -> None:
    server.configure(latency_s=0.3)
    client, books = client_for(server.base_url, max_in_flight=1), Books()
    out, waiting = (asyncio.create_task(ask(client, books, Prompt("s", text))) for text in ("one", "two"))
    while not server.stats.in_flight:
        await asyncio.sleep(0.01)
    client.update(timeout_s=30.0)
    assert client.gauges().in_flight == 1
    client.narrow(0)
    await out
    # A chance for the one that must not start.
    await asyncio.sleep(0.05)
    assert (client.gauges().in_flight, server.stats.requests) == (0, 1)
    client.narrow(None)
    await closing(client, waiting)
    assert (server.stats.accepted, len(books.paid)) == (2, 2)


def test_a_client_works_on_one_event_loop_after_another(server: ModelServer) -> None:
    client, books = client_for(server.base_url), Books()
    asyncio.run(closing(client, ask(client, books, Prompt("s", "one"))))
    asyncio.run(closing(client, ask(client, books, Prompt("s", "two"))))
    assert server.stats.accepted == 2


async def test_a_closed_client_opens_again(server: ModelServer) -> None:
    client, books = client_for(server.base_url), Books()
    await closing(client, ask(client, books))
    await client.aclose()
    assert (await closing(client, ask(client, books, Prompt("s", "again")))).word


async def test_no_more_calls_are_out_than_allowed(server: ModelServer) -> None:
    server.configure(latency_s=0.005)
    client, books = client_for(server.base_url, max_in_flight=5), Books()
    prompts = [Prompt("s", f"What is {i}?") for i in range(60)]
    await asyncio.gather(*(ask(client, books, prompt) for prompt in prompts))
    assert server.stats.max_in_flight <= 5
    server.reset()
    client.narrow(2)
    assert client.gauges().limit == 2
    prompts = [Prompt("s", f"And {i}?") for i in range(30)]
    await closing(client, asyncio.gather(*(ask(client, books, prompt) for prompt in prompts)))
    assert server.stats.max_in_flight <= 2
    client.narrow(None)
    assert client.gauges().limit == 5


async def test_a_pacer_can_be_given(server: ModelServer) -> None:
    settings = ModelSettings(model="gpt-4o-mini", base_url=server.base_url, api_key=SecretStr(KEY))
    client = ModelClient(settings, pacer=Pacer(start=3))
    assert client.gauges().limit == 3


async def test_a_picture_is_sent_and_its_class_comes_back(server: ModelServer) -> None:
    class Seen(BaseModel):
        predicted_class: Literal["shoe", "shirt", "hat"]
        confidence: float

    server.answerer.truth["http://images/7.png"] = "hat"
    client = client_for(server.base_url)
    prompt = Prompt("Say the class.", "Which class?", "http://images/7.png")
    seen = await closing(client, client.ask(prompt, Seen, Books()))
    assert seen.predicted_class == "hat"
    assert server.stats.by_purpose == {"image": 1}


async def test_a_request_that_no_waiting_brings_under_the_limit_is_rejected(server: ModelServer) -> None:
    server.configure(tpm=400, window_s=0.2)
    client, books = client_for(server.base_url), Books()
    await ask(client, books)
    with pytest.raises(errors.RequestRejected, match="400 a minute"):
        await ask(client, books, Prompt("s", "word " * 2000))
    assert server.stats.requests == 1
    # One that may be just small enough is tried.
    with pytest.raises(errors.RequestRejected, match="400 a minute"):
        await closing(client, ask(client, books, Prompt("s", "word " * 400)))
    assert server.stats.requests == 2


async def test_calls_with_every_kind_of_fault_mixed_in_all_end_and_the_books_agree_with_the_server() -> None:
    faults = [
        Fault(kind, probability=0.01)
        for kind in FaultKind
        if kind
        not in (
            FaultKind.HANG,
            FaultKind.RATE_LIMIT,
            FaultKind.WRONG_KEY,
            FaultKind.FORBIDDEN,
            FaultKind.UNKNOWN_MODEL,
            FaultKind.INSUFFICIENT_QUOTA,
            FaultKind.NO_MAX_TOKENS,
            FaultKind.NO_MAX_COMPLETION_TOKENS,
        )
    ]
    with ModelServer(seed=5, faults=faults) as server:
        client, books = client_for(server.base_url), Books()
        prompts = [Prompt("s", f"What is {i}?") for i in range(600)]
        work = asyncio.gather(*(ask(client, books, prompt) for prompt in prompts), return_exceptions=True)
        found = await closing(client, work)
        assert all(isinstance(value, Answer | errors.RecordError | errors.TransientError) for value in found)
        assert sum(isinstance(value, Answer) for value in found) > 500
        assert len(books.reserved) == len(books.settled)
        assert len(books.paid) == server.stats.accepted
        assert client.gauges().in_flight == 0
