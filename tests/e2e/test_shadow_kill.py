"""SIGKILL in the middle of a shadow run: no image is asked about again whose reply had arrived."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

import feedeval as fe
from feedeval.records import Status
from feedeval.storage.paths import session_paths
from feedeval.storage.readers import session_ids
from feedeval.storage.verify import ProblemSeverity, verify
from tests.e2e.images import CLASSES, make_labels
from tests.e2e.support import KEY, ServerProcess, calls_on_disk, child, until
from tests.server import Answerer

ROWS = 300
KILLS = 4
ANSWERS = 60
"""So many calls of a process are answered before its kill, however late that comes."""
IN_FLIGHT = 8
OPTIONS: dict[str, Any] = {"classes": CLASSES, "max_in_flight": IN_FLIGHT, "batch_size": 25, "progress": "none"}


def shadow(base_url: str, table: Path, folder: Path) -> None:
    """Run shadow mode to its end; what a child process does."""
    fe.run_shadow(table, api_key=KEY, base_url=base_url, output_dir=folder, **OPTIONS)


def shadow_until_paused(base_url: str, table: Path, folder: Path, calls: int) -> None:
    """Run shadow mode to a pause, and stay there with nothing in flight; what a child process does."""
    run = fe.start_shadow(table, api_key=KEY, base_url=base_url, output_dir=folder, **OPTIONS)
    until(lambda: run.snapshot().calls >= calls, "some calls")
    run.pause()
    (folder / "paused").touch()
    time.sleep(600)


@pytest.mark.slow
def test_killed_again_and_again_it_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    rng = random.Random(int(os.environ.get("KILL_SEED", "7")))
    made = make_labels(tmp_path / "images", ROWS, defects=True)
    killed = tmp_path / "killed"
    lost = 0
    with ServerProcess("--latency-s", "0.2", "--latency-sigma", "0.3", "--seed", "5") as server:
        server.control(truth=made.truth, answers={"error_rate": 0.1})
        for number in range(KILLS):
            server.control(config={"held_after": server.stats()["requests"] + ANSWERS})
            process = child(shadow, server.base_url, made.path, killed)
            before = server.stats()["requests"]
            until(lambda before=before: server.stats()["requests"] > before, "another call")  # type: ignore[misc]
            time.sleep(rng.uniform(0.0, 0.4))
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL, f"the run ended before kill {number + 1}: make it longer"
            until(lambda: server.stats()["in_flight"] == 0, "the server hears of the kill")
            (sid,) = session_ids(killed)
            assert fe.load_session(output_dir=killed).status is Status.INTERRUPTED
            assert all(finding.severity is not ProblemSeverity.ERROR for finding in verify(session_paths(killed, sid)))
            fresh = server.stats()["requests"] - lost - calls_on_disk(killed, sid)
            assert 0 <= fresh <= IN_FLIGHT, f"kill {number + 1} lost {fresh} replies"
            lost += fresh
        server.control(config={"latency_s": 0.0, "held_after": None})
        shadow(server.base_url, made.path, killed)
        served = server.stats()

    # What was asked again is what had not arrived at a kill, and nothing else.
    assert served["requests"] - ROWS == lost and served["repeated"] <= lost
    session = fe.load_session(output_dir=killed)
    results = session.results.set_index("line")
    assert session.status is Status.FINISHED and calls_on_disk(killed, session.id) == ROWS
    assert set(results.index[results["status"] == "failed"]) == set(made.defects)
    expected = made.answers(Answerer(seed=5, truth=made.truth, error_rate=0.1))
    assert results.loc[list(expected), "predicted_class"].to_dict() == expected


@pytest.mark.slow
def test_killed_with_nothing_in_flight_no_image_is_asked_twice(tmp_path: Path) -> None:
    made = make_labels(tmp_path / "images", ROWS)
    folder = tmp_path / "out"
    with ServerProcess("--latency-s", "0.02") as server:
        server.control(config={"held_after": ROWS // 2 + 10})
        process = child(shadow_until_paused, server.base_url, made.path, folder, ROWS // 2)
        until((folder / "paused").exists, "the word to pause")
        # What is out is answered, and nothing else was asked meanwhile.
        server.control(config={"held_after": None})
        until(lambda: fe.load_session(output_dir=folder).progress.status is Status.PAUSED, "the pause")
        process.kill()
        process.join()
        before = server.stats()
        assert ROWS // 2 <= before["accepted"] < ROWS and before["in_flight"] == 0
        run = fe.resume(api_key=KEY, output_dir=folder, progress="none")
        assert run.wait(60).counts.done == ROWS
        served = server.stats()

    assert served["accepted"] == ROWS == len(set(made.sent.values())) and served["repeated"] == 0
