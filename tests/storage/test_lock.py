from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from feedeval.errors import SessionLocked, StorageError
from feedeval.storage.lock import SessionLock, holder, is_held
from tests.storage.disks import make_read_only, make_writable, small_disk

HOLD = """
import sys, time
from pathlib import Path
from feedeval.storage.lock import SessionLock
lock = SessionLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
time.sleep(600)
"""

CHILD = """
import subprocess
print(subprocess.Popen(["sleep", "600"], close_fds=False).pid, flush=True)
"""

TAKE_TURNS = """
import sys
from pathlib import Path
from feedeval.errors import SessionLocked
from feedeval.storage.lock import SessionLock
path, inside = Path(sys.argv[1]), Path(sys.argv[2])
lock = SessionLock(path, grace_s=60)
for _ in range(int(sys.argv[3])):
    lock.acquire()
    inside.open("x").close()
    inside.unlink()
    lock.release()
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session_20260301_093000.lock"


def test_two_stores_of_one_process_exclude_each_other(path: Path) -> None:
    first, second = SessionLock(path), SessionLock(path, grace_s=0.05)
    first.acquire()
    assert is_held(path)
    with pytest.raises(SessionLocked, match=rf"process {os.getpid()} on .* since 20"):
        second.acquire()
    first.release()
    assert not is_held(path)
    second.acquire()
    second.release()


def test_a_lock_may_be_given_back_on_another_thread(path: Path) -> None:
    lock = SessionLock(path)
    lock.acquire()
    thread = threading.Thread(target=lock.release)
    thread.start()
    thread.join()
    assert not is_held(path)
    lock.release()


def test_another_process_is_named_and_its_death_frees_the_lock(path: Path) -> None:
    process = start(HOLD, path)
    try:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        assert is_held(path)
        with pytest.raises(SessionLocked, match=f"process {process.pid} on"):
            SessionLock(path, grace_s=0.1).acquire()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert path.exists(), "a killed process leaves the file"
    assert not is_held(path), "but not the lock"
    lock = SessionLock(path)
    lock.acquire()
    assert f"process {os.getpid()} " in holder(path)
    lock.release()
    assert not path.exists()


def test_no_two_processes_are_ever_inside_though_the_file_comes_and_goes(path: Path, tmp_path: Path) -> None:
    processes = [start(TAKE_TURNS, path, tmp_path / "inside", 60) for _ in range(3)]
    for process in processes:
        _, stderr = process.communicate(timeout=120)
        assert process.returncode == 0, stderr


def test_readers_that_test_the_lock_never_keep_a_writer_out(path: Path) -> None:
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            is_held(path)

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(50):
            lock = SessionLock(path)
            lock.acquire()
            lock.release()
    finally:
        stop.set()
        for reader in readers:
            reader.join()


def test_testing_the_lock_creates_nothing_and_works_read_only(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "gone" / "session.lock")
    with small_disk(tmp_path / "disk") as disk:
        path = disk / "session_20260301_093000.lock"
        assert not is_held(path)
        assert list(disk.iterdir()) == []
        path.write_text("left by a killed process")
        make_read_only(disk)
        assert not is_held(path)
        with pytest.raises(StorageError, match="read-only"):
            SessionLock(path).acquire()
        make_writable(disk)


def test_a_lock_file_with_any_content_can_be_taken(path: Path) -> None:
    for content in (b"", b"{", b"\xff", b'{"pid": 1}', b"[]"):
        path.write_bytes(content)
        assert holder(path) == "another process or kernel"
        lock = SessionLock(path)
        lock.acquire()
        lock.release()


def test_a_child_of_a_killed_process_does_not_hold_on_to_the_lock(path: Path) -> None:
    process = start(HOLD.replace("time.sleep", CHILD + "time.sleep"), path)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    child = int(process.stdout.readline())
    try:
        process.kill()
        process.wait()
        os.kill(child, 0)
        assert not is_held(path)
    finally:
        os.kill(child, signal.SIGKILL)
        process.communicate()
