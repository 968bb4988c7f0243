"""The README is a test: its code runs, its commands work, and every command of the terminal stands in it."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from feedeval.cli import build_parser

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PYTHON = [code for language, code in BLOCK.findall(README) if language == "python"]
TERMINAL = [
    line
    for language, code in BLOCK.findall(README)
    if language == "console"
    for line in code.splitlines()
    if line.startswith("$ feedeval ")
]


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """A folder that looks like a clone to whoever follows the README in it."""
    shutil.copytree(ROOT / "notebooks" / "data", tmp_path / "notebooks" / "data")
    return tmp_path


def test_the_python_of_the_readme_runs_top_to_bottom_as_in_one_notebook(workshop: Path) -> None:
    assert PYTHON
    code = "\n".join(PYTHON)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=workshop, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_printed_result_of_the_first_cell_is_what_it_prints(workshop: Path) -> None:
    shown = re.search(r"^```python\n(?P<code>.*?)^```\n+```text\n(?P<output>.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert shown is not None
    done = subprocess.run(
        [sys.executable, "-c", shown["code"]], cwd=workshop, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == shown["output"].strip()


def test_the_terminal_lines_of_the_readme_work(workshop: Path) -> None:
    assert TERMINAL
    for line in TERMINAL:
        words = shlex.split(line.removeprefix("$ "), comments=True)
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=workshop, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


def test_every_command_stands_in_the_readme() -> None:
    actions = [a for a in build_parser()._actions if a.choices and a.dest == "command"]
    assert actions
    for command in actions[0].choices or ():
        assert f"feedeval {command}" in README, command


def test_the_files_that_the_readme_links_to_are_there() -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", README):
        assert (ROOT / target).exists(), target
