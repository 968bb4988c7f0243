from __future__ import annotations

import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.server import Fault, FaultKind, ModelServer
from tests.server.faults import DIALECT, ERROR_REPLIES
from tests.server.limits import RateLimits, go_duration

JUDGE = """<<<PRODUCT 0a1b2c3d
title: Kettle
description: Holds 1.7 l and boils in 3 minutes
0a1b2c3d PRODUCT>>>

QUESTIONS
1. How much does it hold?
2. Is it dishwasher-safe?
3. What colour is it?
"""


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(seed=1) as running:
        yield running


def post(url: str, body: dict[str, Any], path: str = "/chat/completions") -> tuple[int, dict[str, Any], Any]:
    request = urllib.request.Request(url + path, data=orjson.dumps(body), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, orjson.loads(response.read()), response.headers
    except urllib.error.HTTPError as exc:
        return exc.code, orjson.loads(exc.read()), exc.headers


def chat(user: str, schema: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    body = {"model": "m", "messages": [{"role": "user", "content": user}], **more}
    if schema is not None:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    return body


def text_of(reply: dict[str, Any]) -> Any:
    return orjson.loads(reply["choices"][0]["message"]["content"])


def test_a_judge_quotes_words_that_are_in_the_product_and_says_the_same_each_time(server: ModelServer) -> None:
    first = text_of(post(server.base_url, chat(JUDGE))[1])["judgements"]
    assert [judgement["number"] for judgement in first] == [1, 2, 3]
    assert all(judgement["evidence"] in JUDGE for judgement in first)
    assert all(judgement["evidence"] for judgement in first if judgement["verdict"] == "yes")
    assert text_of(post(server.base_url, chat(JUDGE))[1])["judgements"] == first
    assert (server.stats.accepted, server.stats.repeated) == (2, 1)
    assert server.stats.by_purpose == {"judge": 2}


def test_false_quotes_can_be_planted(server: ModelServer) -> None:
    server.answerer.false_quote_rate = 1.0
    many = JUDGE + "".join(f"{i}. Question {i}?\n" for i in range(4, 30))
    found = text_of(post(server.base_url, chat(many))[1])["judgements"]
    assert all(judgement["evidence"] not in JUDGE for judgement in found if judgement["verdict"] == "yes")


def test_as_many_questions_are_written_as_were_asked_for(server: ModelServer) -> None:
    user = "Write exactly 7 questions.\n<<<CATEGORY 0a1b2c3d\nHome > Kettles\n0a1b2c3d CATEGORY>>>"
    questions = text_of(post(server.base_url, chat(user))[1])["questions"]
    assert len({question["text"] for question in questions}) == 7
    assert "Home > Kettles" in questions[0]["text"]


def test_any_schema_is_filled(server: ModelServer) -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "size": {"type": "integer", "minimum": 3, "maximum": 5},
            "share": {"type": "number"},
            "good": {"type": "boolean"},
            "colour": {"$ref": "#/$defs/Colour"},
            "parts": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "$defs": {"Colour": {"enum": ["red", "blue"]}},
    }
    found = text_of(post(server.base_url, chat("anything", schema))[1])
    assert found.keys() == schema["properties"].keys()  # type: ignore[attr-defined]
    assert 3 <= found["size"] <= 5
    assert found["colour"] in ("red", "blue")
    assert len(found["parts"]) == 2


def test_pictures_get_their_planted_class_but_for_the_planted_errors(server: ModelServer) -> None:
    schema = {"type": "object", "properties": {"predicted_class": {"enum": ["a", "b", "c"]}}}
    server.answerer.truth = {f"{i}.png": "abc"[i % 3] for i in range(200)}
    server.answerer.error_rate = 0.1
    right = 0
    for i in range(200):
        picture = [{"type": "image_url", "image_url": {"url": f"http://x/{i}.png"}}]
        found = text_of(post(server.base_url, chat(picture, schema))[1])  # type: ignore[arg-type]
        right += found["predicted_class"] == "abc"[i % 3]
    assert 165 <= right <= 194


def test_a_limit_is_enforced_with_its_headers_and_body(server: ModelServer) -> None:
    server.configure(rpm=3)
    for left in (2, 1, 0):
        status, _, headers = post(server.base_url, chat("x"))
        assert status == 200
        assert headers["x-ratelimit-limit-requests"] == "3"
        assert headers["x-ratelimit-remaining-requests"] == str(left)
        assert re.fullmatch(r"\d+(\.\d+)?(ms|s)|\d+m\d+s", headers["x-ratelimit-reset-requests"])
    status, body, headers = post(server.base_url, chat("x"))
    assert status == 429
    assert body["error"]["code"] == "rate_limit_exceeded"
    assert body["error"]["type"] == "requests"
    assert 15 < float(headers["retry-after"]) <= 20
    assert server.stats.refused == 1


def test_tokens_are_limited_and_come_back_in_the_shortened_window() -> None:
    now = [0.0]
    limits = RateLimits(None, 600, window_s=6.0, clock=lambda: now[0])
    assert limits.admit(500) is None
    refused = limits.admit(200)
    assert refused is not None
    assert (refused.what, round(refused.retry_after_s, 6)) == ("tokens", 1.0)
    now[0] = 1.0
    assert limits.admit(200) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.12, "120ms"), (6.5, "6.5s"), (63.2, "1m3s"), (3605, "1h0m5s"), (0, "0ms")]
)
def test_durations_are_written_as_the_api_writes_them(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text


@pytest.mark.parametrize("kind", sorted(set(ERROR_REPLIES) - DIALECT))
def test_every_error_has_its_status_and_body(server: ModelServer, kind: FaultKind) -> None:
    server.faults.append(Fault(kind))
    status, body, _ = post(server.base_url, chat("x"))
    assert status == ERROR_REPLIES[kind].status
    assert body["error"]["code"] == ERROR_REPLIES[kind].code
    assert server.stats.by_fault == {kind.value: 1}
    assert server.stats.accepted == 0


def test_faults_strike_by_number_content_times_and_chance(server: ModelServer) -> None:
    def statuses(fault: Fault, count: int, user: str = "x") -> list[int]:
        server.faults[:] = [fault]
        server.reset()
        return [post(server.base_url, chat(user))[0] for _ in range(count)]

    assert statuses(Fault(FaultKind.SERVER_ERROR, on=frozenset({2})), 3) == [200, 500, 200]
    assert statuses(Fault(FaultKind.SERVER_ERROR, from_request=2, until_request=2), 3) == [200, 500, 200]
    assert statuses(Fault(FaultKind.SERVER_ERROR, times=1), 3) == [500, 200, 200]
    assert statuses(Fault(FaultKind.SERVER_ERROR, contains="unlucky"), 1) == [200]
    assert statuses(Fault(FaultKind.SERVER_ERROR, contains="unlucky"), 1, "an unlucky one") == [500]
    assert 5 <= statuses(Fault(FaultKind.SERVER_ERROR, probability=0.3), 50).count(500) <= 25


def test_the_process_is_controlled_over_http() -> None:
    command = [sys.executable, "-m", "tests.server", "--seed", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            faults = [{"kind": "server_error", "on": [2]}]
            post(url, {"faults": faults, "config": {"rpm": 3}, "reset": True}, "/control")
            assert [post(url, chat("x"))[0] for _ in range(5)] == [200, 500, 200, 200, 429]
            with urllib.request.urlopen(f"{url}/stats", timeout=60) as response:
                stats = orjson.loads(response.read())
            assert (stats["accepted"], stats["repeated"], stats["refused"]) == (3, 2, 1)
        finally:
            process.kill()
