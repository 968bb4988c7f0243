from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

from feedeval.records import Status
from feedeval.storage.paths import session_paths
from feedeval.storage.readers import read_progress, status_of
from feedeval.storage.store import SessionStore
from feedeval.storage.verify import ProblemSeverity, verify
from tests.e2e.support import child
from tests.storage.kill_writer import LONG, write_without_end
from tests.storage.sessions import NOW, make_batch, make_call, make_progress, request_hash

KILLS = 12


def run_and_kill(folder: Path, sid: str, words: int, after_s: float) -> list[str]:
    """Let a writer work on a session until it has said so many words, kill it with SIGKILL, and return all it said."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = child(write_without_end, folder, sid, theirs)
    theirs.close()
    said = [ours.recv_bytes().decode() for _ in range(words)]
    time.sleep(after_s)
    process.kill()
    # A word that the kill cut off was not said.
    with contextlib.suppress(EOFError, OSError):
        while True:
            said.append(ours.recv_bytes().decode())
    process.join()
    assert process.exitcode == -signal.SIGKILL
    ours.close()
    assert said[0] == "open"
    return said[1:]


def test_what_was_written_before_a_kill_at_any_moment_is_there_after_it(tmp_path: Path) -> None:
    rng = random.Random(int(os.environ.get("KILL_SEED", "7")))
    with SessionStore.create(tmp_path, now=NOW) as store:
        sid = store.sid
        store.write_progress(make_progress(sid, total=10**6, size=3))
    batches = calls = 0
    for _ in range(KILLS):
        said = run_and_kill(tmp_path, sid, rng.randint(1, 12), rng.uniform(0, 0.03))
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
