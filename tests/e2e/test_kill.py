"""SIGKILL at random moments: nothing finished is lost, and no call is made again whose reply had arrived."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from feedeval.records import Status
from feedeval.results.session import load_session
from feedeval.storage.paths import session_paths
from feedeval.storage.readers import read_progress, session_ids
from feedeval.storage.verify import ProblemSeverity, verify
from tests.e2e.support import (
    CATEGORIES,
    ROOT,
    ServerProcess,
    assert_same_results,
    audit,
    batch_files,
    calls_on_disk,
    child,
    command,
    environment,
    make_feed,
    until,
    write_jsonl,
)

KILLS = 20
IN_FLIGHT = 8
PRODUCTS = 700
ANSWERS = 30
"""So many calls of a process are answered before its kill, however late that comes."""
COMMAND_PRODUCTS = 1500
OPTIONS = {"num_questions": 4, "batch_size": 7, "max_in_flight": IN_FLIGHT}


def more_calls(server: ServerProcess) -> None:
    before = server.stats()["requests"]
    until(lambda: server.stats()["requests"] > before, "another call")


def more_batches(folder: Path, before: int) -> None:
    until(lambda: len(list(folder.glob("batch_*.json"))) > before, "another batch")


@pytest.mark.slow
def test_an_audit_killed_twenty_times_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    rng = random.Random(int(os.environ.get("KILL_SEED", "11")))
    feed = write_jsonl(tmp_path / "feed.jsonl", make_feed(PRODUCTS))
    needed = len(CATEGORIES) + PRODUCTS
    killed, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    in_flight = 0
    finished_before: dict[int, bytes] = {}
    with ServerProcess("--latency-s", "0.15", "--latency-sigma", "0.3") as server:
        for number in range(KILLS):
            server.control(config={"held_after": server.stats()["requests"] + ANSWERS})
            process = child(audit, server.base_url, feed, killed, OPTIONS)
            if number % 4:
                # Most kills strike while calls are out, the others at any moment from the start.
                more_calls(server)
            time.sleep(rng.uniform(0.0, 0.4))
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL, f"the audit ended before kill {number + 1}: make it longer"
            until(lambda: server.stats()["in_flight"] == 0, "the server hears of the kill")
            sids = session_ids(killed) if killed.is_dir() else []
            assert len(sids) <= 1
            if not sids:
                continue
            assert load_session(output_dir=killed).status is Status.INTERRUPTED
            assert all(
                finding.severity is not ProblemSeverity.ERROR for finding in verify(session_paths(killed, sids[0]))
            )
            lost = server.stats()["requests"] - in_flight - calls_on_disk(killed, sids[0])
            assert 0 <= lost <= IN_FLIGHT, f"kill {number + 1} lost {lost} replies"
            in_flight += lost
            files = {int(p.name.split("_")[1]): p.read_bytes() for p in killed.glob(f"batch_*_{sids[0]}.json")}
            assert finished_before.items() <= files.items(), "a complete batch was written again"
            finished_before = files
        server.control(config={"latency_s": 0.0, "held_after": None})
        last = child(audit, server.base_url, feed, killed, OPTIONS)
        last.join(120)
        assert last.exitcode == 0
        served = server.stats()
        server.control(reset=True)
        audit(server.base_url, feed, undisturbed, OPTIONS)
        assert server.stats()["requests"] == needed

    (sid,) = session_ids(killed)
    assert read_progress(session_paths(killed, sid)).status is Status.FINISHED
    rows = [row["key"] for file in batch_files(killed, sid) for row in file["results"]]
    assert rows == [product["id"] for product in make_feed(PRODUCTS)]
    assert in_flight > 0, "no kill struck a call in flight"
    # What was asked again is what had not arrived at a kill, and nothing else.
    assert served["requests"] - needed == in_flight <= KILLS * IN_FLIGHT
    assert served["repeated"] <= in_flight
    assert calls_on_disk(killed, sid) == needed
    assert_same_results(killed, undisturbed)


@pytest.mark.slow
def test_the_command_killed_in_the_middle_goes_on_where_it_was(tmp_path: Path) -> None:
    rng = random.Random(int(os.environ.get("KILL_SEED", "5")))
    feed = write_jsonl(tmp_path / "feed.jsonl", make_feed(COMMAND_PRODUCTS))
    killed, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    run = command("run", feed, "--output-dir", killed, "--quiet", "--batch-size", 5)
    finished_before: set[str] = set()
    for _ in range(2):
        process = subprocess.Popen(run, cwd=ROOT, env=environment())
        more_batches(killed, len(finished_before))
        time.sleep(rng.uniform(0.0, 0.25))
        process.kill()
        assert process.wait() == -signal.SIGKILL, "the command ended before the kill: make the feed longer"
        files = {path.name for path in killed.glob("batch_*.json")}
        assert finished_before < files
        finished_before = files
    assert subprocess.run(run, cwd=ROOT, env=environment(), check=False).returncode == 0
    audit(None, feed, undisturbed, {})
    session = load_session(output_dir=killed)
    assert session.status is Status.FINISHED and len(session_ids(killed)) == 1
    assert session.results["product_id"].tolist() == [f"P-{n:05d}" for n in range(COMMAND_PRODUCTS)]
    assert_same_results(killed, undisturbed)
