"""Requests from outside a run's process: heard within moments, obeyed, removed; old and broken ones are passed over."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from feedeval.errors import SessionError
from feedeval.records import Status
from feedeval.run.runner import Run, RunSettings, start
from feedeval.storage.encoding import encode_document
from feedeval.storage.paths import SessionFolder, SessionPaths, session_paths
from feedeval.storage.readers import session_files
from feedeval.storage.requests import Action, ask, heard
from tests.run.jobs import CallingJob
from tests.run.runs import WAIT_S, until
from tests.storage.memory_filesystem import MemoryFileSystem


def slow_run(folder: Path | SessionFolder, records: int = 4000) -> Run:
    run = start(CallingJob(records, latency_s=0.2), folder, RunSettings(max_workers=4))
    until(lambda: run.snapshot().in_hand > 0)
    return run


def leave(paths: SessionPaths, action: str, at: str) -> None:
    paths.file_system.write(paths.document("request"), encode_document(paths.sid, {"action": action, "at": at}))


def test_a_run_is_paused_gone_on_with_and_stopped_by_its_file(tmp_path: Path) -> None:
    run = slow_run(tmp_path)
    paths = session_paths(tmp_path, run.sid)

    ask(paths, Action.PAUSE)
    assert heard(paths, WAIT_S)
    until(lambda: run.snapshot().needs_person)
    assert (run.snapshot().status, run.snapshot().status_reason) == (
        Status.PAUSED, "paused by hand, from another window"
    )  # fmt: skip
    ask(paths, Action.RESUME)
    until(lambda: run.snapshot().status is Status.RUNNING)
    ask(paths, Action.STOP)
    assert run.wait(WAIT_S).status is Status.STOPPED
    assert not paths.document("request").exists()


def test_a_request_lies_where_the_session_lies(tmp_path: Path) -> None:
    memory = MemoryFileSystem()
    folder = SessionFolder(tmp_path / "output", memory)
    run = slow_run(folder)

    ask(folder.session(run.sid), Action.STOP)

    assert run.wait(WAIT_S).status is Status.STOPPED
    assert not (tmp_path / "output").exists() or not list((tmp_path / "output").glob("request_*"))


def test_a_request_is_the_sessions_own_and_for_its_owner_alone(tmp_path: Path) -> None:
    run = slow_run(tmp_path)
    run.pause()
    paths, other = session_paths(tmp_path, run.sid), session_paths(tmp_path, "20260101_000000_aaaaaa")
    leave(other, "stop", datetime.now(UTC).isoformat())
    ask(paths, Action.PAUSE)
    assert heard(paths, WAIT_S)

    assert not run.done and other.document("request").exists()
    ask(paths, Action.STOP)
    path = paths.document("request")
    if path.exists():
        said = orjson.loads(path.read_bytes())
        assert (said["session"], said["action"]) == (run.sid, "stop")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600 and path in session_files(paths)
    run.wait(WAIT_S)


def test_a_request_from_before_the_run_is_passed_over(tmp_path: Path) -> None:
    run = slow_run(tmp_path, 200)
    paths = session_paths(tmp_path, run.sid)
    run.stop()
    run.wait(WAIT_S)
    leave(paths, "stop", (datetime.now(UTC) - timedelta(hours=1)).isoformat())

    again = start(CallingJob(200, latency_s=0.02), tmp_path, RunSettings(max_workers=4))

    assert again.sid == run.sid
    assert again.wait(WAIT_S).status is Status.FINISHED
    assert not paths.document("request").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", encode_document("20260101_000000_aaaaaa", {"action": "stop", "at": "2027-01-01T00:00:00+00:00"})],
    ids=["empty", "torn", "of another session"],
)
def test_what_is_no_request_is_removed_and_changes_nothing(tmp_path: Path, content: bytes) -> None:
    run = slow_run(tmp_path)
    path = session_paths(tmp_path, run.sid).document("request")

    path.write_bytes(content)
    until(lambda: not path.exists())
    leave(session_paths(tmp_path, run.sid), "dance", datetime.now(UTC).isoformat())
    until(lambda: not path.exists())

    assert run.snapshot().status is Status.RUNNING
    run.stop()
    run.wait(WAIT_S)


def test_nobody_is_asked_where_nobody_works(tmp_path: Path) -> None:
    run = slow_run(tmp_path, 20)
    run.wait(WAIT_S)

    with pytest.raises(SessionError, match="is not being worked on"):
        ask(session_paths(tmp_path, run.sid), Action.PAUSE)
