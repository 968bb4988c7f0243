"""The commands pause and stop, and resume where another process has the session open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from feedeval.cli import main
from feedeval.records import Status
from feedeval.results.session import load_session
from feedeval.run.runner import RunSettings, start
from tests.run.jobs import CallingJob
from tests.run.runs import WAIT_S, until


def test_a_run_is_paused_goes_on_and_stops_from_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = start(CallingJob(4000, latency_s=0.2), tmp_path, RunSettings(max_workers=4))
    where = ("--output-dir", str(tmp_path))

    assert main(["pause", *where]) == 0
    # Another process knows of the pause from the progress file, which is written a moment after it.
    until(lambda: load_session(run.sid, output_dir=tmp_path).status is Status.PAUSED)
    assert f"Session {run.sid} pauses" in capsys.readouterr().out
    assert main(["resume", *where, run.sid]) == 0
    until(lambda: run.snapshot().status is Status.RUNNING)
    assert "goes on" in capsys.readouterr().out
    assert main(["stop", *where, run.sid, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {"session": run.sid, "asked": "stop", "output_dir": str(tmp_path)}
    assert run.wait(WAIT_S).status is Status.STOPPED


def test_where_nobody_works_there_is_nothing_to_stop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stop", "--output-dir", str(tmp_path)]) == 2
    assert "is being worked on" in capsys.readouterr().err
