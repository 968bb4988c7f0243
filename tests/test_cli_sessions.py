"""The commands about sessions that are there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from feedeval.cli import main
from feedeval.records import Status
from feedeval.storage.paths import session_paths
from feedeval.storage.readers import session_files
from feedeval.storage.store import SessionStore
from tests.results.factory import SID, Plan, write_session

LATER = "20261121_080000"
HOSTILE = {"title": "\x1b[31m=1+1 <script>\u202e", "product_id": "\x1b]0;x\x07id"}


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "output"
    write_session(folder, Plan(failed=(3,)))
    write_session(folder, Plan(sid=LATER, products=20, engine="gpt-4o-mini", overrides={0: HOSTILE}))
    return folder


def run(*arguments: object, output: Path) -> int:
    return main([str(arguments[0]), "--output-dir", str(output), *map(str, arguments[1:])])


def test_list_shows_every_session(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", output=output) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:6] == ["Session", "Name", "Kind", "State", "Judged", "by"]
    assert [line.split()[0] for line in lines[2:]] == [LATER, SID]
    assert "$0.01" in lines[2] and "the embedded engine" in lines[3]


def test_list_of_an_empty_folder_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", output=tmp_path) == 0
    assert "feedeval run FEED" in capsys.readouterr().out


def test_info_shows_summary_settings_and_files(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("info", SID, output=output) == 0
    shown = capsys.readouterr().out
    for expected in ("Coverage", "No language model was asked", "num questions", "  batch  "):
        assert expected in shown


def test_status_says_how_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_session(tmp_path, Plan(status=Status.RUNNING, complete=1))
    assert run("status", output=tmp_path) == 0
    shown = capsys.readouterr().out
    assert "interrupted" in shown and f"feedeval resume {SID}" in shown and "20 left" in shown


def test_status_names_the_folder_once_and_how_to_try_failed_products_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_session(tmp_path, Plan(failed=[3]))
    assert run("status", output=tmp_path) == 0
    shown = capsys.readouterr().out
    assert shown.count("Files") == 1 and f"Try again  feedeval resume {SID}" in shown


def test_consolidate_writes_a_table_of_all_named_sessions(output: Path, tmp_path: Path) -> None:
    assert run("consolidate", SID, LATER, "--to", tmp_path / "all.csv", output=output) == 0
    table = pd.read_csv(tmp_path / "all.csv")
    assert len(table) == 30
    assert (table["session"] == LATER).sum() == 20


def test_consolidate_neutralises_formulas(output: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        assert run("consolidate", output=output) == 0
    table = pd.read_csv(tmp_path / f"results_{LATER}.csv")
    assert not table["product_id"].str.match(r"[=+@-]").any()


def test_backup_and_restore_go_round(output: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("backup", SID, "--to", tmp_path / "b.zip", output=output) == 0
    assert run("restore", tmp_path / "b.zip", output=tmp_path / "new") == 0
    assert SID in capsys.readouterr().out
    assert len(session_files(session_paths(tmp_path / "new", SID))) == len(session_files(session_paths(output, SID)))
    assert run("restore", tmp_path / "b.zip", output=tmp_path / "new") == 2
    assert "--overwrite" in capsys.readouterr().err
    assert run("restore", tmp_path / "b.zip", "--overwrite", output=tmp_path / "new") == 0


def test_cleanup_deletes_nothing_where_nobody_can_be_asked(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("cleanup", SID, output=output) == 2
    assert "--yes" in capsys.readouterr().err
    assert session_files(session_paths(output, SID))


@pytest.mark.parametrize("options", [[SID, "--yes"], ["--all", "--yes"]])
def test_cleanup_deletes_what_was_named(output: Path, options: list[str]) -> None:
    (output / "mine.txt").write_text("mine")
    assert run("cleanup", *options, output=output) == 0
    assert not session_files(session_paths(output, SID))
    assert bool(session_files(session_paths(output, LATER))) == (options[0] == SID)
    assert (output / "mine.txt").exists()


def test_cleanup_shows_what_a_dry_run_would_delete(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("cleanup", "--all", "--dry-run", output=output) == 0
    shown = capsys.readouterr().out
    assert "2 sessions" in shown and "Nothing deleted" in shown
    assert session_files(session_paths(output, SID))


@pytest.mark.parametrize("options", [[], [SID, "--all"], ["20261120"]])
def test_cleanup_wants_to_know_exactly_what(output: Path, options: list[str]) -> None:
    assert run("cleanup", "--yes", *options, output=output) == 2
    assert session_files(session_paths(output, SID))


def test_cleanup_of_a_running_session_is_refused(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with SessionStore.open(session_paths(output, SID)):
        assert run("cleanup", "--all", "--yes", output=output) == 2
    assert "stop it first" in capsys.readouterr().err
    assert session_files(session_paths(output, SID)) and session_files(session_paths(output, LATER))


def test_verify_finds_and_repairs(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", SID, output=output) == 0
    path = output / f"batch_0002_{SID}.json"
    path.write_bytes(path.read_bytes()[:200])
    assert run("verify", SID, output=output) == 1
    assert path.name in capsys.readouterr().out
    assert run("verify", SID, "--repair", output=output) == 0
    assert "(repaired)" in capsys.readouterr().out
    assert run("verify", SID, output=output) in (0, 1)
    assert not path.exists()


@pytest.mark.parametrize("command", ["info", "status", "consolidate", "backup", "verify"])
def test_an_unknown_session_is_one_clear_line(output: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert run(command, "19990101", output=output) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and LATER in error and "Traceback" not in error


def test_debug_shows_the_traceback(output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("info", "1999", "--debug", output=output) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["run"], ["list", "--nonsense"]])
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "usage: feedeval" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["list", "info", "status"])
def test_control_characters_of_a_feed_never_reach_the_terminal(
    output: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert run(command, output=output) == 0
    assert not {"\x1b", "\x07", "\u202e"} & set(capsys.readouterr().out)


def in_a_shell(script: str, output: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = script.replace("feedeval", f"{sys.executable} -m feedeval")
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=output.parent,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_reader_that_stops_reading_is_no_error(output: Path) -> None:
    done = in_a_shell(f"feedeval info {SID} | head -1", output)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Feed audit")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_a_full_disk_behind_the_output_is_one_clear_line(output: Path) -> None:
    done = in_a_shell(f"feedeval info {SID} > /dev/full", output)
    assert done.returncode == 3
    assert done.stderr == "feedeval: error: the output cannot be written: No space left on device\n"


def test_a_terminal_that_knows_ascii_only_still_gets_its_table(output: Path) -> None:
    done = in_a_shell(f"feedeval info {SID}", output, PYTHONIOENCODING="ascii", COLUMNS="80")
    assert done.returncode == 0
    assert max(len(line) for line in done.stdout.splitlines() if line.startswith("  ")) <= 80


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0 and capsys.readouterr().out.startswith("feedeval ")
