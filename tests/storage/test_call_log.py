from __future__ import annotations

import resource
import threading
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedeval.errors import SchemaTooNew, StorageError
from feedeval.storage import call_log_writer
from feedeval.storage.call_log import COMPLETE_LINE, call_line, parse_log, read_calls, repair_log
from feedeval.storage.call_log_writer import CallLogs
from feedeval.storage.filesystem import AppendedFile
from feedeval.storage.local_filesystem import LocalFileSystem
from feedeval.storage.paths import SessionPaths, StoredFile
from tests.storage.disks import fill, make_read_only, make_writable, small_disk
from tests.storage.sessions import SID, make_call, request_hash, tree

FIRST, SECOND = make_call("first"), make_call("second", text="zweite Antwort\nmit Zeilen 😀")
LINES = call_line(FIRST) + call_line(SECOND)


@pytest.fixture
def paths(tmp_path: Path) -> SessionPaths:
    return SessionPaths(tmp_path, SID)


def test_each_line_is_json_that_carries_the_call(paths: SessionPaths) -> None:
    logs = CallLogs(paths)
    logs.append(1, FIRST)
    logs.append(1, SECOND)
    logs.close()
    lines = paths.calls(1).read_bytes().splitlines()
    assert [orjson.loads(line)["call"] for line in lines] == [c.model_dump(mode="json") for c in (FIRST, SECOND)]
    assert all(orjson.loads(line)["schema_version"] == 1 for line in lines)
    assert paths.calls(1).stat().st_mode & 0o777 == 0o600


def test_a_reply_is_readable_at_once_without_sync(paths: SessionPaths) -> None:
    logs = CallLogs(paths)
    logs.append(3, FIRST)
    assert read_calls(paths) == {FIRST.request_hash: FIRST}
    logs.close()


def test_a_reply_with_half_a_surrogate_pair_is_kept(paths: SessionPaths) -> None:
    logs = CallLogs(paths)
    logs.append(1, make_call("odd", text="cut in \ud83d"))
    logs.close()
    assert read_calls(paths)[request_hash("odd")].text == "cut in �"


@pytest.mark.parametrize("cut", range(1, len(call_line(SECOND))))
def test_a_last_line_torn_anywhere_is_cut_off_and_the_log_goes_on(paths: SessionPaths, cut: int) -> None:
    path = paths.calls(1)
    path.write_bytes(LINES[:-cut])
    only_the_newline_is_missing = cut == 1
    kept = {FIRST.request_hash: FIRST} | ({SECOND.request_hash: SECOND} if only_the_newline_is_missing else {})
    assert read_calls(paths) == kept, "readers pass over a torn line"
    said = repair_log(StoredFile(path))
    assert said is not None and path.name in said
    assert repair_log(StoredFile(path)) is None
    third = make_call("third")
    logs = CallLogs(paths)
    logs.append(1, third)
    logs.close()
    assert read_calls(paths) == kept | {third.request_hash: third}
    assert all(orjson.loads(line) for line in path.read_bytes().splitlines())


def test_a_whole_log_needs_no_repair(paths: SessionPaths) -> None:
    path = paths.calls(1)
    for content in (b"", LINES, LINES + COMPLETE_LINE):
        path.write_bytes(content)
        assert repair_log(StoredFile(path)) is None
        assert path.read_bytes() == content


@pytest.mark.parametrize("cut", [1, 2, 30, 60, len(call_line(FIRST)) - 1])
def test_a_line_torn_in_the_middle_and_glued_to_the_next_is_taken_out(paths: SessionPaths, cut: int) -> None:
    path = paths.calls(1)
    glued = call_line(FIRST)[:-cut] + call_line(SECOND) + call_line(make_call("third"))
    path.write_bytes(glued)
    said = repair_log(StoredFile(path))
    assert said is not None and "1 damaged lines were taken out, 1 kept" in said
    assert set(read_calls(paths)) == {request_hash("third")}
    assert (path.parent / f"{path.name}.corrupt").read_bytes() == glued
    assert repair_log(StoredFile(path)) is None


def test_zeros_left_by_a_power_cut_are_taken_out(paths: SessionPaths) -> None:
    path = paths.calls(1)
    path.write_bytes(call_line(FIRST) + bytes(4096) + b"\n" + call_line(SECOND) + bytes(100))
    assert repair_log(StoredFile(path)) is not None
    assert read_calls(paths) == {FIRST.request_hash: FIRST, SECOND.request_hash: SECOND}
    assert path.read_bytes() == LINES


@settings(deadline=None)
@given(at=st.integers(0, len(LINES) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_never_makes_another_reply(at: int, byte: int) -> None:
    data = bytearray(LINES)
    data[at] = byte
    calls = parse_log(bytes(data), Path("x.jsonl")).calls
    assert all(call in (FIRST, SECOND) for call in calls.values())


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_can_be_read_as_a_log(data: bytes) -> None:
    content = parse_log(call_line(FIRST) + data, Path("x.jsonl"))
    assert content.calls == {FIRST.request_hash: FIRST}


def test_a_line_of_a_later_version_is_refused_and_not_taken_for_damage(paths: SessionPaths) -> None:
    path = paths.calls(1)
    path.write_bytes(LINES + b'{"schema_version":2,"sha256":"ab","call":{}}\n')
    before = tree(paths.folder)
    for read in (lambda: read_calls(paths), lambda: repair_log(StoredFile(path))):
        with pytest.raises(SchemaTooNew, match=path.name):
            read()
    assert tree(paths.folder) == before


def test_a_full_disk_takes_back_what_it_took_of_a_line(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        paths = SessionPaths(disk, SID)
        logs = CallLogs(paths)
        logs.append(1, FIRST)
        filler = fill(disk)
        before = paths.calls(1).read_bytes()
        with pytest.raises(StorageError, match="the disk is full"):
            logs.append(1, make_call("long", text="x" * 20_000))
        assert paths.calls(1).read_bytes() == before
        with pytest.raises(StorageError, match="the disk is full"):
            for number in range(2, 2000):
                logs.append(number, make_call("long", text="x" * 20_000))
        filler.unlink()
        logs.append(1, SECOND)
        logs.sync()
        logs.close()
        assert paths.calls(1).read_bytes() == LINES
        assert repair_log(paths.stored(paths.calls(1))) is None


def test_a_torn_line_that_cannot_be_taken_back_does_not_swallow_the_next(paths: SessionPaths) -> None:
    logs = CallLogs(paths)
    logs.append(1, FIRST)
    with paths.calls(1).open("ab") as other:
        other.write(b'{"schema_version":1,"crc32":"half a l')
    logs._logs[1].torn = True
    logs.append(1, SECOND)
    logs.close()
    assert read_calls(paths) == {FIRST.request_hash: FIRST, SECOND.request_hash: SECOND}


def test_a_folder_made_read_only_is_a_storage_error(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        paths = SessionPaths(disk, SID)
        make_read_only(disk)
        with pytest.raises(StorageError, match="read-only"):
            CallLogs(paths).append(1, FIRST)
        make_writable(disk)


def test_the_log_of_a_complete_batch_is_removed(paths: SessionPaths) -> None:
    logs = CallLogs(paths)
    logs.append(1, FIRST)
    logs.append(2, SECOND)
    logs.finish(1, keep=False)
    logs.finish(7, keep=False)
    assert [p.name for p in paths.folder.iterdir()] == [paths.calls(2).name]
    logs.close()


def test_a_kept_log_is_not_used_again_unless_its_batch_is_lost(paths: SessionPaths) -> None:
    logs = CallLogs(paths)
    logs.append(1, FIRST)
    paths.batch(1).write_text("{}")
    logs.finish(1, keep=True)
    assert read_calls(paths) == {}
    logs.append(1, SECOND)
    assert read_calls(paths) == {SECOND.request_hash: SECOND}, "what a second try paid for counts"
    logs.finish(1, keep=True)
    logs.finish(1, keep=True)
    logs.close()
    assert paths.calls(1).read_bytes() == call_line(FIRST) + COMPLETE_LINE + call_line(SECOND) + COMPLETE_LINE
    paths.batch(1).unlink()
    assert read_calls(paths) == {FIRST.request_hash: FIRST, SECOND.request_hash: SECOND}


def test_more_open_batches_than_open_files_lose_nothing(paths: SessionPaths) -> None:
    logs = CallLogs(paths)
    count = call_log_writer.MAX_OPEN_LOGS + 20
    for _ in range(2):
        for number in range(1, count + 1):
            logs.append(number, make_call(str(number)))
    assert len(logs._logs) == call_log_writer.MAX_OPEN_LOGS
    logs.sync()
    logs.close()
    assert set(read_calls(paths)) == {request_hash(str(n)) for n in range(1, count + 1)}


def test_appending_syncing_and_finishing_from_several_threads_keeps_every_line_whole(paths: SessionPaths) -> None:
    logs = CallLogs(paths)
    stop = threading.Event()
    failures: list[BaseException] = []

    def sync() -> None:
        try:
            while not stop.is_set():
                logs.sync()
        except BaseException as exc:
            failures.append(exc)

    def append(worker: int) -> None:
        try:
            for turn in range(100):
                logs.append(turn % 4 + 1, make_call(f"{worker}-{turn}", text="x" * 500))
                logs.append(100 + worker, make_call(f"gone {worker}-{turn}"))
                logs.finish(100 + worker, keep=False)
        except BaseException as exc:
            failures.append(exc)

    syncer = threading.Thread(target=sync)
    workers = [threading.Thread(target=append, args=(n,)) for n in range(4)]
    for thread in (syncer, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    stop.set()
    syncer.join()
    logs.close()
    assert failures == []
    assert set(read_calls(paths)) == {request_hash(f"{w}-{t}") for w in range(4) for t in range(100)}


class _Failing(LocalFileSystem):
    """Logs that cannot be synced."""

    def open_append(self, path: Path) -> AppendedFile:
        log = super().open_append(path)
        log.sync = _refuse  # type: ignore[method-assign]
        return log


def _refuse() -> None:
    raise StorageError("the disk is gone")


def test_all_logs_are_closed_though_none_can_be_synced(tmp_path: Path) -> None:
    logs = CallLogs(SessionPaths(tmp_path, SID, _Failing()))
    for number in (1, 2, 3):
        logs.append(number, make_call(str(number)))
    with pytest.raises(StorageError, match="the disk is gone"):
        logs.close()
    logs.close()
    assert len(read_calls(SessionPaths(tmp_path, SID))) == 3


def test_a_log_is_synced_where_no_descriptor_is_left(tmp_path: Path) -> None:
    log = LocalFileSystem().open_append(tmp_path / "log.jsonl")
    log.append(b"line")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        log.sync()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        log.close()
    assert (tmp_path / "log.jsonl").read_bytes() == b"line"
