from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedeval.errors import StorageError
from feedeval.records import Status
from feedeval.storage.paths import session_paths
from feedeval.storage.readers import status_of
from feedeval.storage.store import SessionStore
from feedeval.storage.verify import ProblemSeverity, verify
from tests.storage.disks import fill, frozen, small_disk
from tests.storage.sessions import NOW, make_batch, make_call, make_progress, request_hash

Step = Callable[[SessionStore], Any]

STEPS: dict[str, Step] = {
    "progress": lambda s: s.write_progress(make_progress(s.sid, status=Status.PAUSED, settings={"pad": "x" * 20_000})),
    "batch": lambda s: s.write_batch(make_batch(s.sid, 2, value={"pad": "x" * 20_000})),
    "call": lambda s: s.append_call(2, make_call("new", text="x" * 20_000)),
    "questions": lambda s: s.save("questions", {"pad": "x" * 20_000}),
    "errors": lambda s: s.write_errors({"pad": "x" * 20_000}),
    "summary": lambda s: s.write_summary({"pad": "x" * 20_000}),
}


def begin(disk: Path) -> SessionStore:
    store = SessionStore.create(disk, now=NOW)
    store.write_progress(make_progress(store.sid))
    store.append_call(1, make_call("a"))
    store.write_batch(make_batch(store.sid, 1))
    store.append_call(2, make_call("paid"))
    store.save("questions", {"sets": [1]})
    return store


def assert_whole(store: SessionStore) -> None:
    assert store.read_progress() == make_progress(store.sid)
    assert store.batch_numbers() == [1]
    assert store.read_batch(1) == make_batch(store.sid, 1)
    assert set(store.read_calls()) == {request_hash("paid")}
    assert store.load("questions") == {"sets": [1]}
    assert store.repairs == []


@pytest.mark.parametrize("leave", [0, 4096, 8192])
@pytest.mark.parametrize("step", STEPS)
def test_a_disk_that_fills_up_loses_nothing_and_the_run_goes_on_when_there_is_space(
    tmp_path: Path, step: str, leave: int
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        store = begin(disk)
        filler = fill(disk, leave=leave)
        with pytest.raises(StorageError, match="disk is full"):
            STEPS[step](store)
        assert_whole(store)
        assert not list(disk.glob(".*.tmp"))
        filler.unlink()
        STEPS[step](store)
        store.close()
        assert [f for f in verify(session_paths(disk, store.sid)) if f.severity is not ProblemSeverity.NOTE] == []


@pytest.mark.parametrize("step", STEPS)
def test_a_folder_that_may_no_longer_be_written_during_the_run_loses_nothing(tmp_path: Path, step: str) -> None:
    store = begin(tmp_path)
    store.close()
    # Taken up again, so that no call log is open yet: one that is open may be appended to even now.
    store = SessionStore.open(session_paths(tmp_path, store.sid))
    with frozen(tmp_path):
        if step == "call":
            STEPS[step](store)
            store.sync_calls()
        else:
            with pytest.raises(StorageError, match="permission denied"):
                STEPS[step](store)
            assert_whole(store)
        with pytest.raises(StorageError, match="permission denied"):
            store.append_call(3, make_call("new batch"))
        assert status_of(session_paths(tmp_path, store.sid)) is Status.RUNNING
    STEPS[step](store)
    store.close()
    assert status_of(session_paths(tmp_path, store.sid)) in (Status.INTERRUPTED, Status.PAUSED)
    assert [f for f in verify(session_paths(tmp_path, store.sid)) if f.severity is not ProblemSeverity.NOTE] == []


def test_a_folder_that_disappears_is_a_storage_error_that_names_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "output"
    store = begin(folder)
    folder.rename(tmp_path / "moved")
    for name in ("progress", "batch", "questions"):
        with pytest.raises(StorageError, match=f"output/.*{store.sid}.*the folder is no longer there"):
            STEPS[name](store)
    (tmp_path / "moved").rename(folder)
    assert_whole(store)
    store.close()


def test_taking_up_a_session_on_a_full_disk_works_so_far_as_it_needs_no_space(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        store = begin(disk)
        store.close()
        log = disk / f"calls_0002_{store.sid}.jsonl"
        whole = log.read_bytes()
        log.write_bytes(whole + whole[:-9])
        fill(disk)
        with SessionStore.open(session_paths(disk, store.sid)) as again:
            assert set(again.read_calls()) == {request_hash("paid")}
            assert len(again.repairs) == 1
        assert log.read_bytes() == whole
