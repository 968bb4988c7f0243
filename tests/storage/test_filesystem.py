"""What every file system promises to a session: this machine's disk, one in memory, and those of addresses."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from feedeval.errors import SessionLocked, StorageError
from feedeval.records import Counts
from feedeval.storage.filesystem import FileSystem
from feedeval.storage.local_filesystem import LOCAL
from feedeval.storage.paths import SessionFolder, StoredFile
from feedeval.storage.readers import is_being_written, read_progress, session_files, session_ids
from feedeval.storage.store import SessionStore
from feedeval.storage.verify import verify
from tests.storage.disks import fill, small_disk
from tests.storage.memory_filesystem import MemoryFileSystem
from tests.storage.remote.places import new_address
from tests.storage.sessions import OLD_SID, SID, make_batch, make_call, make_progress, make_session, request_hash


@dataclass(frozen=True)
class Place:
    """A file system and a folder on it."""

    file_system: FileSystem
    folder: Path
    name: str = "a.json"

    @property
    def path(self) -> Path:
        return self.folder / self.name


@pytest.fixture(params=["local", "memory", "memory://", "s3://"])
def place(request: pytest.FixtureRequest, tmp_path: Path, home: Path) -> Iterator[Place]:
    if request.param == "local":
        LOCAL.make_folder(tmp_path / "output")
        yield Place(LOCAL, tmp_path / "output")
    elif request.param == "memory":
        yield Place(MemoryFileSystem(), Path("/bucket/output"))
    else:
        address = request.getfixturevalue("s3") if request.param == "s3://" else new_address("memory", tmp_path)
        folder = SessionFolder.of(address)
        # Only who holds a session changes its files, at an address.
        lock = folder.file_system.lock(folder.session(OLD_SID).lock)
        lock.acquire()
        yield Place(folder.file_system, folder.path, f"errors_{OLD_SID}.json")
        lock.release()


@contextmanager
def nearly_full(which: str, tmp_path: Path) -> Iterator[tuple[Place, int]]:
    """Give a place with an old file and a log in it, that takes less than so many bytes more."""
    if which == "memory":
        yield Place(MemoryFileSystem(room=2000), Path("/bucket")), 2000
    else:
        with small_disk(tmp_path / "disk") as disk:
            yield Place(LOCAL, disk), 400_000


def test_a_folder_is_told_from_all_others_and_is_the_same_whichever_way_leads_there(place: Place) -> None:
    identity = place.file_system.identity(place.folder)
    assert identity == place.file_system.identity(Path(place.folder)) and hash(identity) == hash(identity)
    assert identity != place.file_system.identity(place.folder / "deeper")
    other = LOCAL if isinstance(place.file_system, MemoryFileSystem) else MemoryFileSystem()
    assert identity != other.identity(place.folder)


def test_what_is_written_is_found_whole_and_nothing_else(place: Place) -> None:
    place.file_system.make_folder(place.folder / "deeper")
    for data in (b"first", b"second, and longer", b""):
        place.file_system.write(place.path, data)
        assert place.file_system.read(place.path) == data
        assert place.file_system.size(place.path) == len(data)
        assert place.file_system.exists(place.path)
        assert list(place.file_system.names(place.folder)) == [place.name]
        assert place.file_system.exposure(place.path) == ""
    place.file_system.remove(place.path)
    assert not place.file_system.exists(place.path)


def test_a_file_that_is_not_there_is_no_error(place: Place) -> None:
    gone = place.folder / "gone" / "a.json"
    for path in (place.path, gone):
        assert place.file_system.read(path) is None
        assert place.file_system.read_start(path, 3) is None
        assert place.file_system.read_end(path, 3) is None
        assert place.file_system.size(path) == 0
        assert not place.file_system.exists(path)
        assert place.file_system.exposure(path) == ""
        assert place.file_system.holder(path) is None
    place.file_system.remove(place.path)
    assert list(place.file_system.names(gone.parent)) == []
    file = StoredFile(place.path, place.file_system)
    assert (file.read(), file.size, file.name) == (None, 0, place.name)


@pytest.mark.parametrize("size", [0, 3, 6, 7])
def test_the_ends_of_a_file_are_read_as_far_as_it_goes(place: Place, size: int) -> None:
    place.file_system.write(place.path, b"abcdef")
    assert place.file_system.read_start(place.path, size) == b"abcdef"[:size]
    assert place.file_system.read_end(place.path, size) == b"abcdef"[max(0, 6 - size) :]


def test_what_is_appended_is_there_at_once_and_stays(place: Place) -> None:
    first = place.file_system.open_append(place.path)
    assert (first.is_new, first.torn) == (True, False)
    first.append(b"one\n")
    assert place.file_system.read(place.path) == b"one\n"
    first.sync()
    first.append(b"two\n")
    first.sync()
    first.close()
    first.sync()
    first.close()
    place.file_system.sync_folder(place.folder)
    second = place.file_system.open_append(place.path)
    assert not second.is_new
    second.append(b"three\n")
    second.close()
    assert place.file_system.read(place.path) == b"one\ntwo\nthree\n"
    assert place.file_system.exposure(place.path) == ""
    place.file_system.truncate(place.path, 4)
    assert place.file_system.read(place.path) == b"one\n"


def test_a_damaged_file_is_set_aside_under_a_name_that_is_free(place: Place) -> None:
    for number, suffix in enumerate((".corrupt", ".2.corrupt", ".3.corrupt")):
        name = place.name + suffix
        place.file_system.write(place.path, str(number).encode())
        assert place.file_system.set_aside(place.path) == place.folder / name
        assert place.file_system.read(place.folder / name) == str(number).encode()
        assert not place.file_system.exists(place.path)


@pytest.mark.parametrize("which", ["local", "memory"])
def test_a_full_disk_leaves_what_was_there(which: str, tmp_path: Path) -> None:
    with nearly_full(which, tmp_path) as (place, too_much):
        log = place.folder / "a.jsonl"
        place.file_system.write(place.path, b"old")
        appended = place.file_system.open_append(log)
        appended.append(b"line\n")
        if place.file_system == LOCAL:
            fill(place.folder)
        with pytest.raises(StorageError, match=r"a\.json: the disk is full"):
            place.file_system.write(place.path, bytes(too_much))
        with pytest.raises(StorageError, match=r"a\.jsonl: the disk is full"):
            appended.append(bytes(too_much))
        appended.close()
        assert place.file_system.read(place.path) == b"old"
        assert place.file_system.read(log) == b"line\n"


def test_a_lock_has_one_holder_at_a_time(place: Place) -> None:
    path = place.folder / f"session_{SID}.lock"
    first, second = place.file_system.lock(path), place.file_system.lock(path, grace_s=0.05)
    second.release()
    first.acquire()
    assert place.file_system.holder(path)
    with pytest.raises(SessionLocked, match=f"session_{SID} is being written by") as raised:
        second.acquire()
    assert raised.value.session == SID
    waiting = threading.Timer(0.05, first.release)
    waiting.start()
    third = place.file_system.lock(path, grace_s=10.0)
    third.acquire()
    waiting.join()
    first.release()
    assert place.file_system.holder(path), "a second release takes nobody's lock away"
    third.release()
    assert place.file_system.holder(path) is None


def test_a_session_is_the_same_on_every_file_system(place: Place) -> None:
    folder = SessionFolder(place.folder, place.file_system)
    sid = make_session(folder)
    paths = folder.session(sid)
    assert session_ids(folder) == [sid]
    assert read_progress(paths).counts == Counts(total=6, done=6)
    assert verify(paths) == []
    with SessionStore.open(paths) as store:
        assert is_being_written(paths)
        assert set(store.scan().done_hash) == set(range(6))
        store.append_call(4, make_call("a"))
        store.append_call(4, make_call("b"))
        with pytest.raises(SessionLocked):
            place.file_system.lock(paths.lock, grace_s=0.0).acquire()
    assert not is_being_written(paths)
    log = place.file_system.read(paths.calls(4))
    assert log is not None
    lock = place.file_system.lock(paths.lock)
    lock.acquire()
    place.file_system.truncate(paths.calls(4), len(log) - 20)
    lock.release()
    with SessionStore.open(paths) as store:
        # Only whole lines come to an address.
        assert "cut off" in "".join(store.repairs) or place.name != "a.json"
        assert set(store.read_calls()) == {request_hash("a")}
        store.write_batch(make_batch(sid, 4))
        store.write_progress(make_progress(sid, total=8))
    assert not [path for path in session_files(paths) if path.name.startswith("calls_")]


@pytest.mark.parametrize("lost", ["progress", "session", "batch", "summary", "questions"])
def test_verify_mends_a_session_on_every_file_system(place: Place, lost: str) -> None:
    folder = SessionFolder(place.folder, place.file_system)
    paths = folder.session(make_session(folder))
    path = paths.batch(2) if lost == "batch" else paths.folder / f"{lost}_{paths.sid}.json"
    place.file_system.write(path, b"{")
    assert verify(paths)
    assert all(finding.repaired for finding in verify(paths, repair=True))
    assert all("set aside" in finding.problem for finding in verify(paths))
