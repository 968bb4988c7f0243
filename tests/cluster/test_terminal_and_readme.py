"""The same from a terminal, and the README's example."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import feedeval as fe
from feedeval.records import Status
from tests.e2e.support import ROOT, command, environment, make_feed, write_jsonl

EXAMPLE = re.compile(r"^<!-- cluster -->\n```py\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_cluster_example_of_the_readme_runs(tmp_path: Path) -> None:
    [code] = EXAMPLE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    shutil.copytree(ROOT / "notebooks" / "data", tmp_path / "notebooks" / "data")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    session = fe.load_session(output_dir=tmp_path / "audits")
    assert session.status is Status.FINISHED and session.shards is not None


@pytest.mark.slow
def test_the_terminal_takes_a_cluster(scheduler: str, tmp_path: Path) -> None:
    feed = write_jsonl(tmp_path / "feed.jsonl", make_feed(120))
    common = ["--output-dir", tmp_path / "out"]
    run = ["run", feed, "--model", "offline", "--progress", "text", "--cluster", scheduler, "--shard-size", "40"]
    done = terminal(*run, *common)
    assert done.returncode == 0, done.stderr
    session = fe.load_session(output_dir=tmp_path / "out")
    assert session.shards is not None and session.shards.count == 3
    assert "120" in terminal("list", *common).stdout
    assert session.id in terminal("info", *common).stdout
    assert terminal("consolidate", "--to", tmp_path / "out.csv", *common).returncode == 0
    refused = terminal("run", feed, "--model", "offline", "--cluster", "tcp://127.0.0.1:9", *common)
    assert refused.returncode == 2 and "cluster" in refused.stderr


def terminal(*arguments: Any) -> subprocess.CompletedProcess[str]:
    """Run the terminal's feedeval."""
    return subprocess.run(
        command(*arguments), env=environment(), capture_output=True, text=True, timeout=250, check=False
    )
