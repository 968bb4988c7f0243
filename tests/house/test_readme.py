"""The README is a test: its code runs, its commands work, and every command of the terminal stands in it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from feedeval.cli.main import parser
from feedeval.feed.targets import targets

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


ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments, as somebody without a key would."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**ENVIRONMENT, "FEEDEVAL_SCRATCH": str(folder / ".feedeval")},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """A folder that looks like a clone to whoever follows the README in it."""
    shutil.copytree(ROOT / "notebooks" / "data", tmp_path / "notebooks" / "data")
    return tmp_path


@pytest.mark.slow
def test_the_python_of_the_readme_runs_top_to_bottom_as_in_one_notebook(workshop: Path) -> None:
    assert PYTHON
    code = "\n".join(PYTHON)
    done = run(["-c", code], workshop)
    assert done.returncode == 0, done.stderr


def test_the_printed_result_of_the_first_cell_is_what_it_prints(workshop: Path) -> None:
    shown = re.search(r"^```python\n(?P<code>.*?)^```\n+```text\n(?P<output>.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert shown is not None
    done = run(["-c", shown["code"]], workshop)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == shown["output"].strip()


def test_the_first_cell_is_short() -> None:
    assert len(PYTHON[0].splitlines()) <= 10


@pytest.mark.slow
def test_the_terminal_lines_of_the_readme_work(workshop: Path) -> None:
    assert TERMINAL
    for line in TERMINAL:
        words = shlex.split(line.removeprefix("$ "), comments=True)
        done = run(["-m", *words], workshop)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


def test_every_command_stands_in_the_readme() -> None:
    actions = [a for a in parser()._actions if a.choices and a.dest == "command"]
    assert actions
    for command in actions[0].choices or ():
        assert f"feedeval {command}" in README, command


def test_the_files_that_the_readme_links_to_are_there() -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", README):
        assert (ROOT / target).exists(), target


def test_the_table_of_what_to_open_for_a_change_names_what_is_there() -> None:
    table = README.partition("| to change | open |")[2].partition("\n\n")[0].splitlines()[2:]
    assert len(table) >= 12
    for row in table:
        named = re.findall(r"`(feedeval/[^`]+)`", row)
        assert named, row
        assert not [path for path in named if not (ROOT / path).exists()], row


def test_the_table_of_destinations_says_what_their_rules_say() -> None:
    rows = README.partition("| destination | `target=` |")[2].partition("\n\n")[0].splitlines()[2:]
    shown = [tuple(cell.strip().strip('`"') for cell in row.split("|")[1:5]) for row in rows]
    held = targets()[["name", "target", "as_of", "rules"]].itertuples(index=False, name=None)
    assert shown == [(name, target, day, str(count)) for name, target, day, count in held]


def test_every_option_of_a_check_stands_in_the_readme() -> None:
    [commands] = [a for a in parser()._actions if a.choices and a.dest == "command"]
    options = {name for a in commands.choices["check"]._actions for name in a.option_strings if name.startswith("--")}
    common = {"--help", "--output-dir", "--debug", "--locale"}
    assert not [name for name in options - common if name not in README]


def test_pictures_are_there_small_and_put_into_words() -> None:
    pictures = re.findall(r"^!\[(.*)\]\((.+)\)$", README, re.MULTILINE)
    assert {Path(path).name for _, path in pictures} == {
        path.name for path in (ROOT / "notebooks/images").glob("*.png")
    }
    assert all(len(words) > 30 for words, _ in pictures)
    for _, path in pictures:
        data = (ROOT / path).read_bytes()
        assert data.startswith(b"\x89PNG") and len(data) <= 150_000


def test_the_workflow_of_the_readme_says_what_is_shown_below_it(workshop: Path) -> None:
    [workflow] = [code for language, code in BLOCK.findall(README) if language == "yaml"]
    shown = README.partition(workflow)[2].partition("```text\n")[2].partition("```")[0]
    shutil.copy(workshop / "notebooks" / "data" / "sample_feed.xml", workshop / "feed.xml")
    steps = re.findall(r"- run: (feedeval .*)$", workflow, re.MULTILINE)
    said = []
    for step in steps:
        done = run(["-m", *shlex.split(step)], workshop)
        said.append(f"$ {step}\n{done.stdout}{done.stderr}exit code {done.returncode}\n")
    assert len(steps) == 2 and "\n".join(said) == shown
    for name in re.findall(r"(?:--junit|--sarif|sarif_file:) (\S+)", workflow):
        assert (workshop / name).stat().st_size, name
