from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from feedeval.records import Status
from feedeval.storage.paths import session_paths
from feedeval.storage.readers import (
    read_progress,
    status_of,
)
from feedeval.storage.store import (
    SessionStore,
)
from feedeval.storage.verify import (
    ProblemSeverity,
    verify,
)
from tests.storage.kill_writer import LONG
from tests.storage.sessions import (
    NOW,
    make_batch,
    make_call,
    make_progress,
    request_hash,
)

KILLS = 12


def run_and_kill(folder: Path, sid: str, after_s: float) -> list[str]:
    """Let a writer work on a session for so long, kill it with SIGKILL, and return what it said."""
    command = [sys.executable, "-m", "tests.storage.kill_writer", str(folder), sid]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    assert process.stdout.readline() == b"open\n"
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    said = process.stdout.read()
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    return [line for line in said.decode().splitlines() if line]


def test_what_was_written_before_a_kill_at_any_moment_is_there_after_it(tmp_path: Path) -> None:
    rng = random.Random(int(os.environ.get("KILL_SEED", "7")))
    with SessionStore.create(tmp_path, now=NOW) as store:
        sid = store.sid
        store.write_progress(make_progress(sid, total=10**6, size=3))
    batches = calls = 0
    for _ in range(KILLS):
        said = run_and_kill(tmp_path, sid, rng.uniform(0, 0.06))
        assert status_of(session_paths(tmp_path, sid)) is Status.INTERRUPTED
        assert all(f.severity is not ProblemSeverity.ERROR for f in verify(session_paths(tmp_path, sid)))
        words = [line.split() for line in said]
        with SessionStore.open(session_paths(tmp_path, sid)) as store:
            scan = store.scan()
            paid = store.read_calls()
            for word, what in words:
                if word == "batch":
                    assert store.read_batch(int(what)) == make_batch(sid, int(what), size=3)
                    batches += 1
                elif word == "progress":
                    assert store.read_progress().batches_complete >= int(what)
                elif int(what.split("-")[0]) not in scan.batches:
                    assert paid[request_hash(what)] == make_call(what, text=LONG)
                    calls += 1
            assert list(scan.batches) == list(range(1, len(scan.batches) + 1))
            assert not any("corrupt" in repair for repair in store.repairs)
            assert not list(tmp_path.glob(".*.tmp"))
        assert all(f.severity is ProblemSeverity.NOTE for f in verify(session_paths(tmp_path, sid)))
        read_progress(session_paths(tmp_path, sid))
    assert batches and calls, "the kills came too early to mean anything"
