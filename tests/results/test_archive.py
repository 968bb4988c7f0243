"""Backups go out whole and come back whole; a backup that somebody else made is not trusted."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from feedeval.errors import InputError, SessionDamaged, SessionError, SessionLocked
from feedeval.records import Status
from feedeval.results.archive import backup, restore
from feedeval.results.session import load_session
from feedeval.storage.paths import session_paths
from feedeval.storage.readers import session_files
from feedeval.storage.store import SessionStore
from tests.results.factory import SID, Plan, write_session

PROGRESS = f"progress_{SID}.json"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "output"
    write_session(folder, Plan(failed=(3,)))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("suffix", [".tar.gz", ".tgz", ".zip"])
def test_a_backup_restores_to_the_same_bytes(output: Path, tmp_path: Path, suffix: str) -> None:
    (output / "notes.txt").write_text("not the session's")
    archive = backup(SID, tmp_path / f"b{suffix}", output_dir=output)
    assert restore(archive, tmp_path / "new") == [SID]
    expected = {path.name: path.read_bytes() for path in session_files(session_paths(output, SID))}
    assert contents(tmp_path / "new") == expected
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (tmp_path / "new").iterdir())
    pd.testing.assert_frame_equal(
        load_session(output_dir=tmp_path / "new").results, load_session(output_dir=output).results
    )


def test_a_backup_is_private_and_lies_beside_the_session_by_default(output: Path) -> None:
    archive = backup(load_session(output_dir=output))
    assert archive == output / f"feedeval_{SID}.tar.gz"
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert archive not in session_files(session_paths(output, SID))


def test_a_running_session_can_be_backed_up_without_its_lock(output: Path, tmp_path: Path) -> None:
    with SessionStore.open(session_paths(output, SID)):
        archive = backup(SID, tmp_path / "b.tar.gz", output_dir=output)
    with tarfile.open(archive) as packed:
        names = packed.getnames()
    assert names[-1] == PROGRESS
    assert not any(name.endswith(".lock") for name in names)


def test_a_damaged_session_is_not_taken_for_a_backup(output: Path, tmp_path: Path) -> None:
    (output / PROGRESS).write_text("{")
    with pytest.raises(SessionDamaged, match="verify --repair"):
        backup(SID, tmp_path / "b.tar.gz", output_dir=output)
    assert not (tmp_path / "b.tar.gz").exists()


@pytest.mark.parametrize("name", ["b.rar", "b", "nowhere/b.zip"])
def test_an_unusable_target_is_refused(output: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        backup(SID, tmp_path / name, output_dir=output)


def test_a_session_that_is_there_is_not_replaced_unasked(output: Path, tmp_path: Path) -> None:
    archive = backup(SID, tmp_path / "b.zip", output_dir=output)
    (output / f"batch_0003_{SID}.json").unlink()
    stray = output / f"calls_0009_{SID}.jsonl"
    stray.write_text("")
    with pytest.raises(SessionError, match="overwrite"):
        restore(archive, output)
    assert restore(archive, output, overwrite=True) == [SID]
    assert len(load_session(output_dir=output).results) == 30
    assert not stray.exists()


def test_a_running_session_is_not_replaced_at_all(output: Path, tmp_path: Path) -> None:
    archive = backup(SID, tmp_path / "b.zip", output_dir=output)
    with SessionStore.open(session_paths(output, SID)), pytest.raises(SessionLocked):
        restore(archive, output, overwrite=True)
    assert len(load_session(output_dir=output).results) == 30


Maker = Callable[[Path, list[tuple[str, bytes]]], Path]


def make_tar(path: Path, entries: list[tuple[str, bytes]]) -> Path:
    with tarfile.open(path.with_suffix(".tar.gz"), "w:gz") as archive:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path.with_suffix(".tar.gz")


def make_zip(path: Path, entries: list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name), data)
    return path.with_suffix(".zip")


def good(output: Path) -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in session_files(session_paths(output, SID))]


def assert_refused(archive: Path, tmp_path: Path, **options: int) -> None:
    target = tmp_path / "target"
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="nothing restored"):
        restore(archive, target, **options)
    assert list(target.iterdir()) == []
    assert [path for path in sorted(tmp_path.rglob("*")) if path != target] == before


@pytest.mark.parametrize("make", [make_tar, make_zip])
@pytest.mark.parametrize(
    "name",
    [
        f"../{PROGRESS}",
        f"/tmp/{PROGRESS}",
        f"sub/{PROGRESS}",
        f"..\\{PROGRESS}",
        f"C:{PROGRESS}",
        f"./{PROGRESS}",
        "notes.txt",
        ".bashrc",
        f"session_{SID}.lock",
        f".{PROGRESS}.0a1b2c3d.tmp",
        f"{PROGRESS}\n",
        "progress_20261399_999999.json",
    ],
)
def test_what_is_no_file_of_a_session_is_refused(output: Path, tmp_path: Path, make: Maker, name: str) -> None:
    assert_refused(make(tmp_path / "bad", [*good(output), (name, b"{}")]), tmp_path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_links_devices_and_folders_are_refused(output: Path, tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "bad.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(PROGRESS)
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    assert_refused(path, tmp_path)


def test_a_link_in_a_zip_is_refused(output: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo(PROGRESS)
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert_refused(path, tmp_path)


@pytest.mark.parametrize("make", [make_tar, make_zip])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(output: Path, tmp_path: Path, make: Maker) -> None:
    assert_refused(make(tmp_path / "bad", [*good(output), *good(output)]), tmp_path)


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_an_archive_that_unpacks_to_more_than_the_limit_is_refused(output: Path, tmp_path: Path, make: Maker) -> None:
    bomb = (f"batch_0009_{SID}.json", b"0" * 2_000_000)
    assert_refused(make(tmp_path / "bad", [*good(output), bomb]), tmp_path, max_bytes=1_000_000)


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 broken", b"\x1f\x8b\x08 broken"])
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.tar.gz"
    path.write_bytes(content)
    assert_refused(path, tmp_path)


@pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])
def test_a_backup_that_was_cut_short_is_refused(output: Path, tmp_path: Path, suffix: str) -> None:
    archive = backup(SID, tmp_path / f"b{suffix}", output_dir=output)
    archive.write_bytes(archive.read_bytes()[:-400])
    assert_refused(archive, tmp_path)


def test_a_backup_whose_bytes_changed_is_refused(output: Path, tmp_path: Path) -> None:
    archive = backup(SID, tmp_path / "b.zip", output_dir=output)
    data = bytearray(archive.read_bytes())
    data[len(data) // 3] ^= 0xFF
    archive.write_bytes(data)
    assert_refused(archive, tmp_path)


def test_an_archive_without_a_session_is_refused(tmp_path: Path) -> None:
    assert_refused(make_zip(tmp_path / "bad", [(f"questions_{SID}.json", b"{}")]), tmp_path)


def test_an_archive_whose_progress_is_of_another_session_replaces_nothing(output: Path, tmp_path: Path) -> None:
    forged = [(name, data.replace(SID.encode(), b"20200101_000000")) for name, data in good(output)]
    with pytest.raises(SessionDamaged):
        restore(make_zip(tmp_path / "bad", forged), output, overwrite=True)
    assert load_session(output_dir=output).status is Status.FINISHED


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.zip"):
        restore(tmp_path / "gone.zip", tmp_path / "new")
