"""SIGKILL in the middle of probes: the same call ends with the same report, and asks again only what was lost."""

from __future__ import annotations

import random
import signal
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

import feedeval as fe
from feedeval.records import Status
from feedeval.results.judges.probe_report import ProbeReport
from feedeval.storage.readers import session_ids
from tests.e2e.support import KEY, ServerProcess, calls_on_disk, child, make_feed, until, write_jsonl

KILLS = 5
ANSWERS = 8
"""So many calls of a process are answered before its kill, however late that comes: all together are too few."""
IN_FLIGHT = 4
PRODUCTS = 24
OPTIONS: dict[str, Any] = {"n": PRODUCTS, "num_questions": 5, "batch_size": 6, "progress": "none"}


def probe(base_url: str, feed: Path, folder: Path) -> ProbeReport:
    evaluator = fe.ProductFeedEvaluator(KEY, "m", base_url=base_url, output_dir=folder, max_in_flight=IN_FLIGHT)
    return fe.probe_judge(evaluator, feed, **OPTIONS)


def probe_only(base_url: str, feed: Path, folder: Path) -> None:
    probe(base_url, feed, folder)


def another_call_or_the_end(server: ServerProcess, process: BaseProcess) -> None:
    before = server.stats()["requests"]
    until(lambda: server.stats()["requests"] > before or not process.is_alive(), "another call")


@pytest.mark.slow
def test_probes_that_were_killed_end_as_if_they_had_not_been(tmp_path: Path) -> None:
    rng = random.Random(7)
    feed = write_jsonl(tmp_path / "feed.jsonl", make_feed(60))
    killed, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    in_flight = kills = 0
    with ServerProcess("--latency-s", "0.05", "--latency-sigma", "0.3") as server:
        for _ in range(KILLS):
            server.control(config={"held_after": server.stats()["requests"] + ANSWERS})
            process = child(probe_only, server.base_url, feed, killed)
            another_call_or_the_end(server, process)
            time.sleep(rng.uniform(0.0, 0.4))
            process.kill()
            process.join()
            until(lambda: server.stats()["in_flight"] == 0, "the server hears of the kill")
            sids = session_ids(killed)
            assert len(sids) <= 2, "a killed run was not gone on with"
            kills += process.exitcode == -signal.SIGKILL
            on_disk = sum(calls_on_disk(killed, sid) for sid in sids)
            lost = server.stats()["requests"] - in_flight - on_disk
            assert 0 <= lost <= IN_FLIGHT
            in_flight += lost
        server.control(config={"held_after": None})
        report = probe(server.base_url, feed, killed)
        served = server.stats()
        server.control(reset=True, config={"latency_s": 0.0})
        expected = probe(server.base_url, feed, undisturbed)
        needed = server.stats()
    assert kills >= KILLS // 2, "most kills came too late: make the run longer"
    assert [fe.load_session(sid, output_dir=killed).status for sid in session_ids(killed)] == [Status.FINISHED] * 2
    # What was asked again is what had not arrived at a kill, and the repeats that are asked for on purpose.
    assert served["requests"] - needed["requests"] == in_flight
    assert needed["repeated"] == PRODUCTS and served["repeated"] - PRODUCTS <= in_flight
    assert report.table.equals(expected.table) and report.cases.equals(expected.cases)
