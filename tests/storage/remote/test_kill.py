"""`kill -9` in the middle of a run under an address, which this machine or another one goes on with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedeval.errors import SessionLocked
from feedeval.records import Status
from feedeval.run.runner import RunSettings, start
from feedeval.storage.batch_files import scan_batches
from feedeval.storage.call_log import read_calls
from feedeval.storage.paths import SessionPaths, session_paths
from feedeval.storage.readers import read_progress, status_of, writer_of
from feedeval.storage.remote.lease import LASTS_S, SKEW_S, Clock
from feedeval.storage.verify import verify
from tests.run.jobs import hash_of
from tests.run.run_disturbed import Witnessed
from tests.run.runs import WAIT_S, until
from tests.storage.remote.places import environment, machine
from tests.storage.remote.run_far_away import RECORDS, sitting

CALLS = 2


def calls(folder: Path) -> Counter[str]:
    return Counter((folder / "witness.txt").read_text().split())


def done(paths: SessionPaths) -> int:
    """Count the records that have a result in the batch files."""
    return len(scan_batches(paths, on_damaged=lambda path, problem: pytest.fail(problem)).done_hash)


def standing(paths: SessionPaths) -> set[str]:
    """Return the calls that another machine finds: those of records that have a result, and those in logs."""
    scan = scan_batches(paths, on_damaged=lambda path, problem: pytest.fail(problem))
    of_results = {hash_of(f"{content} {number}") for content in scan.done_hash.values() for number in range(CALLS)}
    return of_results | read_calls(paths).keys()


def killed(address: str, folder: Path, home: Path, *, when: Callable[[str], object], latency_s: float = 1.0) -> str:
    """Run in a process of its own and kill it once `when` returns, which is told the session; return the session."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.storage.remote.run_far_away", address, str(folder), str(latency_s)],
        env={**os.environ, "FEEDEVAL_SCRATCH": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    sid = process.stdout.readline().strip()
    when(sid)
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it was through before the kill"
    process.stdout.close()
    return sid


@pytest.mark.slow
def test_this_machine_goes_on_from_its_scratch_folder_and_repeats_no_call(s3: str, tmp_path: Path, home: Path) -> None:
    def told(sid: str, done: int) -> bool:
        return read_progress(session_paths(s3, sid)).counts.done > done

    sids = {killed(s3, tmp_path, home, when=lambda sid, n=n: until(lambda: told(sid, n))) for n in (0, 20)}
    assert len(sids) == 1
    (sid,) = sids
    assert status_of(session_paths(s3, sid)) is Status.INTERRUPTED
    known = read_progress(session_paths(s3, sid)).counts.done
    answered = calls(tmp_path)
    assert sitting(s3, tmp_path, latency_s=0.001) == sid
    assert known and len(answered) > 30
    assert max(calls(tmp_path).values()) == 1, "every reply that had arrived stood in a log"
    there = machine(s3, tmp_path / "other")
    assert done(there.session(sid)) == RECORDS
    assert verify(there.session(sid)) == []


@pytest.mark.slow
def test_another_machine_goes_on_once_the_lease_has_run_out_and_repeats_the_last_seconds(
    s3: str, tmp_path: Path, home: Path
) -> None:
    watcher = machine(s3, tmp_path / "watcher")
    sid = killed(s3, tmp_path, home, when=lambda sid: until(lambda: standing(watcher.session(sid))), latency_s=2.0)
    before = calls(tmp_path)
    other = machine(s3, tmp_path / "other")
    assert writer_of(other.session(sid)), "for all that it knows the other one lives"
    job = Witnessed(tmp_path, latency_s=0.001, records=RECORDS)
    settings = RunSettings(batch_size=15, max_workers=16)
    with pytest.raises(SessionLocked, match=r"the session is free 50 s after it was last heard of"):
        start(job, other, settings.model_copy(update={"session": sid}))

    later = Clock(now=lambda: datetime.now(UTC) + timedelta(seconds=LASTS_S + SKEW_S))
    other = machine(s3, tmp_path / "other", later)
    assert writer_of(other.session(sid)) is None
    found = standing(other.session(sid))
    assert found
    run = start(job, other, settings)
    assert run.sid == sid
    assert run.wait(WAIT_S).status is Status.FINISHED
    repeated = {call for call, count in calls(tmp_path).items() if count > 1}
    assert repeated <= before.keys() - found, "what stood when it was killed was not asked again"
    assert done(other.session(sid)) == RECORDS

    # The machine that was killed comes back, and finds that it was gone on with.
    with environment({"FEEDEVAL_SCRATCH": str(home)}):
        again = Witnessed(tmp_path, latency_s=0.001, records=RECORDS)
        assert start(again, s3, settings).sid == sid and not again.served
        assert done(session_paths(s3, sid)) == RECORDS


def test_the_end_of_the_interpreter_puts_what_is_there(s3: str, tmp_path: Path, home: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from tests.run.run_disturbed import Witnessed;"
        "from feedeval.run.runner import RunSettings, start;"
        "run = start(Witnessed(Path(sys.argv[2]), latency_s=0.1), sys.argv[1], RunSettings(batch_size=5));"
        "\nwhile not run.snapshot().counts.done: time.sleep(0.01)\nprint(run.sid)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, s3, str(tmp_path)], env=os.environ, capture_output=True, text=True, check=True
    )
    paths = machine(s3, tmp_path / "other").session(ended.stdout.split()[-1])
    until(lambda: status_of(paths) is Status.STOPPED)
    assert read_progress(paths).counts.done and verify(paths) == []
