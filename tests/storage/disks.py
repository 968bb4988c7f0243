"""Real small file systems for tests of a full disk and of a folder that becomes read-only."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, *, size_kb: int = 256) -> Iterator[Path]:
    """Mount a memory disk of so many kilobytes on `folder`; the test is skipped where mounting is not permitted."""
    if sys.platform != "linux":
        pytest.skip("needs a Linux tmpfs mount")
    folder.mkdir(exist_ok=True)
    done = _run("mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(folder))
    if done.returncode:
        pytest.skip(f"mounting a memory disk is not permitted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        _run("umount", "-l", str(folder))


def make_read_only(disk: Path) -> None:
    """Remount a disk read-only: permission bits would not stop root, as which tests may run."""
    done = _run("mount", "-o", "remount,ro", str(disk))
    assert done.returncode == 0, done.stderr


def make_writable(disk: Path) -> None:
    done = _run("mount", "-o", "remount,rw", str(disk))
    assert done.returncode == 0, done.stderr


@contextmanager
def frozen(folder: Path) -> Iterator[None]:
    """Let nobody, root included, make, rename or remove a file in a folder where some may be open."""
    done = _run("chattr", "+i", str(folder))
    if done.returncode:
        pytest.skip(f"a folder cannot be made immutable here: {done.stderr.strip()}")
    try:
        yield
    finally:
        _run("chattr", "-i", str(folder))


def fill(disk: Path, *, leave: int = 0) -> Path:
    """Fill a disk but for `leave` bytes; return the file that does so."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as stream, suppress(OSError):
        while True:
            stream.write(bytes(4096))
    if leave:
        with filler.open("r+b") as stream:
            stream.truncate(max(0, filler.stat().st_size - leave))
    return filler


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as exc:
        return subprocess.CompletedProcess(command, 127, "", str(exc))
