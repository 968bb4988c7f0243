"""Runs in processes of their own that are killed, interrupted or left alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from feedeval.records import Status
from feedeval.storage.paths import session_paths
from feedeval.storage.readers import session_ids, status_of
from tests.run.run_disturbed import WORKERS, Witnessed, sitting
from tests.run.runs import files, finish, progress, results

KILLS = 20
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and signals")


def process(mode: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.run.run_disturbed", mode, str(folder), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(child: subprocess.Popen[str], wait_s: float = 60.0) -> str:
    out, err = child.communicate(timeout=wait_s)
    assert "Traceback" not in err, err
    return out


def ready(child: subprocess.Popen[str]) -> None:
    assert child.stdout is not None
    for line in child.stdout:
        if line.strip() == "ready":
            return
    raise AssertionError(child.stderr.read() if child.stderr else "it ended")


@pytest.mark.slow
def test_kills_at_random_moments_lose_nothing_and_pay_for_nothing_twice(tmp_path: Path) -> None:
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    undisturbed.mkdir()
    disturbed.mkdir()

    met = json.loads(ended(process("kill", disturbed, str(KILLS)), 120.0))["met"]
    sitting(undisturbed)

    assert met >= KILLS // 2
    (sid,), (calm,) = session_ids(disturbed / "output"), session_ids(undisturbed / "output")
    rows, calm_rows = results(disturbed / "output", sid), results(undisturbed / "output", calm)
    assert [(r.key, r.content_hash, r.value, r.meta) for r in rows] == [
        (r.key, r.content_hash, r.value, r.meta) for r in calm_rows
    ]
    calls = Counter((disturbed / "witness.txt").read_text().split())
    assert set(calls) == set((undisturbed / "witness.txt").read_text().split())
    # A reply is counted by the witness before it is written down: at most those in flight at a kill are asked again.
    assert calls.total() - len(calls) <= met * WORKERS
    said = progress(disturbed / "output", sid)
    assert said.status is Status.FINISHED
    assert said.calls == sum(f.report.calls for f in files(disturbed / "output", sid)) == len(calls)
    assert not list((disturbed / "output").glob("calls_*"))
    assert not list((disturbed / "output").glob("*.corrupt"))


def test_interrupts_and_the_end_of_the_interpreter_leave_a_session_to_go_on_with(tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in ("once", "twice", "left")}
    for folder in folders.values():
        folder.mkdir()
    once, left = process("block", folders["once"]), process("leave", folders["left"])
    twice = process("block", folders["twice"], "hang")
    ready(once)
    once.send_signal(signal.SIGINT)
    out = ended(once)

    assert "Stopping" in out
    assert out.strip().endswith("ended stopped")
    assert once.returncode == 0
    ended(left)
    assert left.returncode == 0
    ready(twice)
    twice.send_signal(signal.SIGINT)
    # A chance to end, which it must not: calls are in flight that are never answered.
    time.sleep(0.3)
    assert twice.poll() is None
    twice.send_signal(signal.SIGINT)
    twice.communicate(timeout=60.0)
    for name in folders:
        (sid,) = session_ids(folders[name] / "output")
        assert status_of(session_paths(folders[name] / "output", sid)) is (
            Status.INTERRUPTED if name == "twice" else Status.STOPPED
        )
        witnessed = set((folders[name] / "witness.txt").read_text().split())
        again = Witnessed(folders[name], latency_s=0.0)
        run, snapshot = finish(again, folders[name] / "output")
        assert again.served, "it was not stopped, but worked to its end"
        assert run.sid == sid
        assert snapshot.counts.done == snapshot.counts.total
        assert not witnessed & set(again.served)
