from __future__ import annotations

import threading
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest

from feedeval.errors import InputError, SchemaTooNew, SessionDamaged, SessionLocked, SessionNotFound, StorageError
from feedeval.records import Counts, Status
from feedeval.storage.call_log import read_calls
from feedeval.storage.paths import FileState, SessionFolder, SessionPaths, parse_name, session_paths, sid_time
from feedeval.storage.readers import (
    is_being_written,
    read_document,
    read_progress,
    session_files,
    session_ids,
    stand_of,
    status_of,
)
from feedeval.storage.store import SessionStore
from feedeval.storage.verify import verify
from tests.storage.disks import make_read_only, make_writable, small_disk
from tests.storage.sessions import (
    NOW,
    OLD_SID,
    SID,
    make_batch,
    make_call,
    make_progress,
    make_session,
    request_hash,
    tree,
)


def put(output: str, path: Path, content: bytes | None) -> None:
    """Lay a file where a session lies, or take it away, as nobody who writes sessions would."""
    file_system = SessionFolder.of(output).file_system
    if content is None:
        file_system.remove(path)
    else:
        file_system.write(path, content)


def test_a_session_is_named_after_its_start_and_reads_back_as_written(tmp_path: Path) -> None:
    with SessionStore.create(tmp_path / "new" / "output", now=NOW) as store:
        assert sid_time(store.sid) == NOW and store.sid.startswith(OLD_SID + "_")
        assert store.output_dir == tmp_path / "new" / "output"
        progress = make_progress(store.sid)
        store.write_progress(progress)
        batch = make_batch(store.sid, 1, failed=(1,))
        store.write_batch(batch)
        store.save("questions", {"sets": []})
        store.write_errors({"counts": {"ReplyInvalid": 1}})
        store.write_summary({"records": 2})
        assert store.read_progress() == progress
        assert store.read_batch(1) == batch
        assert store.load("questions") == {"sets": []}
        assert store.load("other") is None
        assert store.read_errors() == {"counts": {"ReplyInvalid": 1}}
    for path in session_files(store.paths):
        assert path.stat().st_mode & 0o777 == 0o600, path
        assert orjson.loads(path.read_bytes())["schema_version"] == 1
    assert not store.paths.lock.exists()


def test_sessions_of_one_second_and_of_a_clock_put_back_sort_in_the_order_of_their_start(output: str) -> None:
    started = []
    for now in (NOW, NOW, NOW - timedelta(hours=1), NOW + timedelta(days=1), NOW):
        with SessionStore.create(output, now=now) as store:
            store.write_progress(make_progress(store.sid))
            started.append(store.sid)
    assert started == session_ids(output)
    assert len({sid_time(sid) for sid in started}) == 5


def test_a_new_session_sorts_after_those_of_earlier_versions_also_of_its_own_second(output: str) -> None:
    later = "20260301_093002"
    for sid in (OLD_SID, later):
        make_session(output, sid=sid)
    with SessionStore.create(output, now=NOW) as store:
        store.write_progress(make_progress(store.sid))
    assert session_ids(output) == [OLD_SID, later, store.sid]
    assert store.sid.startswith("20260301_093003_")


def test_sessions_of_one_second_in_many_folders_do_not_share_a_name(tmp_path: Path) -> None:
    folders = [tmp_path / str(n) for n in range(100)]
    for folder in folders:
        with SessionStore.create(folder, now=NOW) as store:
            store.write_progress(make_progress(store.sid))
    names = [sid for folder in folders for sid in session_ids(folder)]
    assert len(set(names)) == 100 and {sid_time(name) for name in names} == {NOW}


@pytest.mark.parametrize("sid", [OLD_SID, SID])
def test_a_session_of_either_kind_of_name_is_taken_up_beside_the_other(tmp_path: Path, sid: str) -> None:
    for each in (SID, OLD_SID):
        make_session(tmp_path, sid=each)
    other = SID if sid == OLD_SID else OLD_SID
    before = {name: data for name, data in tree(tmp_path).items() if parse_name(name).sid == other}  # type: ignore[union-attr]
    (tmp_path / f".batch_0002_{sid}.json.0a1b2c3d.tmp").write_text("torn")
    with SessionStore.open(session_paths(tmp_path, sid)) as store:
        store.append_call(4, make_call("a"))
        store.write_progress(make_progress(sid, status=Status.STOPPED))
    after = tree(tmp_path)
    assert before and all(after[name] == data for name, data in before.items())
    assert not [name for name in after if name.endswith(".tmp")]
    assert verify(session_paths(tmp_path, other)) == []


def test_two_new_sessions_at_the_same_moment_get_different_names(output: str) -> None:
    names: list[str] = []
    barrier = threading.Barrier(6)

    def create() -> None:
        barrier.wait()
        with SessionStore.create(output, now=NOW) as store:
            store.write_progress(make_progress(store.sid))
            names.append(store.sid)

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 6
    assert sorted(names) == session_ids(output)


def test_a_session_that_wrote_nothing_leaves_nothing(tmp_path: Path) -> None:
    SessionStore.create(tmp_path, now=NOW).close()
    assert list(tmp_path.iterdir()) == []
    assert session_ids(tmp_path) == []


def test_a_folder_without_sessions_has_none(tmp_path: Path) -> None:
    (tmp_path / "progress_99999999_999999.json").write_text("{}")
    assert session_ids(tmp_path / "gone") == []
    assert session_ids(tmp_path) == []
    for read in (read_progress, status_of, SessionStore.open):
        with pytest.raises(SessionNotFound, match=SID):
            read(session_paths(tmp_path, SID))
    assert [p.name for p in tmp_path.iterdir()] == ["progress_99999999_999999.json"]


def test_one_session_has_one_writer_at_a_time(output: str) -> None:
    sid = make_session(output)
    with SessionStore.open(session_paths(output, sid)) as store:
        with pytest.raises(SessionLocked, match="one writer at a time"):
            SessionStore.open(session_paths(output, sid))
        store.write_batch(make_batch(sid, 1))
    SessionStore.open(session_paths(output, sid)).close()


def test_status_tells_a_dead_writer_from_a_living_one(output: str) -> None:
    with SessionStore.create(output, now=NOW) as store:
        store.write_progress(make_progress(store.sid, status=Status.RUNNING))
        assert status_of(session_paths(output, store.sid)) is Status.RUNNING
    assert status_of(session_paths(output, store.sid)) is Status.INTERRUPTED
    for status in (Status.PAUSED, Status.STOPPED, Status.FINISHED, Status.PENDING):
        with SessionStore.open(session_paths(output, store.sid)) as again:
            again.write_progress(make_progress(store.sid, status=status))
        assert status_of(session_paths(output, store.sid)) is status


def test_batches_that_a_killed_writer_did_not_tell_of_are_counted(output: str) -> None:
    with SessionStore.create(output, now=NOW) as store:
        told = make_progress(store.sid, status=Status.RUNNING)
        store.write_progress(told)
        half = make_batch(store.sid, 1, failed=(1,))
        report = half.report.model_copy(update={"successful": 1, "failed": 1})
        store.write_batch(half.model_copy(update={"report": report}))
        store.write_batch(make_batch(store.sid, 2))
        put(output, session_paths(output, store.sid).batch(3), b'{"report":')
        assert stand_of(session_paths(output, store.sid)) == told, "its writer will tell"
    stand = stand_of(session_paths(output, store.sid))
    assert (stand.counts.done, stand.counts.failed, stand.batches_complete) == (3, 1, 2)
    assert read_progress(session_paths(output, store.sid)) == told


def test_readers_work_in_a_read_only_folder_and_change_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        sid = make_session(disk, batches=2, status=Status.RUNNING)
        SessionPaths(disk, sid).lock.touch()
        make_read_only(disk)
        before = tree(disk)
        assert status_of(session_paths(disk, sid)) is Status.INTERRUPTED
        assert read_progress(session_paths(disk, sid)).counts.done == 4
        assert read_document(session_paths(disk, sid), "questions") == {"sets": [{"category": "Tents"}]}
        assert read_calls(session_paths(disk, sid)) == {}
        assert tree(disk) == before
        with pytest.raises(StorageError, match="read-only"):
            SessionStore.open(session_paths(disk, sid))
        with pytest.raises(StorageError, match="read-only"):
            SessionStore.create(disk, now=NOW)
        make_writable(disk)


def test_opening_sweeps_what_a_killed_writer_left(tmp_path: Path) -> None:
    sid = make_session(tmp_path, batches=1, status=Status.RUNNING)
    with SessionStore.open(session_paths(tmp_path, sid)) as store:
        store.append_call(2, make_call("whole"))
        store.append_call(2, make_call("torn"))
    log = SessionPaths(tmp_path, sid).calls(2)
    log.write_bytes(log.read_bytes()[:-40])
    left = tmp_path / f".batch_0002_{sid}.json.0a1b2c3d.tmp"
    left.write_bytes(b'{"half": ')
    others = tmp_path / ".batch_0002_20200101_000000.json.0a1b2c3d.tmp"
    others.write_bytes(b"of another session")
    with SessionStore.open(session_paths(tmp_path, sid)) as store:
        assert not left.exists()
        assert others.exists()
        assert len(store.repairs) == 2
        store.append_call(2, make_call("next"))
        assert set(store.read_calls()) == {request_hash("whole"), request_hash("next")}


def test_the_size_of_the_progress_file_does_not_grow_with_the_batches(tmp_path: Path) -> None:
    with SessionStore.create(tmp_path, now=NOW) as store:
        sizes = set()
        for done in (100, 900):
            progress = make_progress(store.sid, total=1000, counts=Counts(total=1000, done=done))
            store.write_progress(progress)
            sizes.add((tmp_path / f"progress_{store.sid}.json").stat().st_size)
        assert len(sizes) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema_version": 1}', bytes(300), None])
def test_a_lost_progress_file_is_rebuilt_from_its_copy_and_the_batches(output: str, content: bytes | None) -> None:
    sid = make_session(output, batches=2, status=Status.RUNNING)
    before = read_progress(session_paths(output, sid))
    path = session_paths(output, sid).progress
    put(output, path, content)
    with pytest.raises(SessionDamaged, match="verify --repair"):
        read_progress(session_paths(output, sid))
    assert session_ids(output) == [sid]
    with SessionStore.open(session_paths(output, sid)) as store:
        after = store.read_progress()
        assert "rebuilt" in store.repairs[-1]
    assert after.status is Status.STOPPED
    for name in ("fingerprint", "settings", "records_digest", "counts", "batch_size", "calls", "started"):
        assert getattr(after, name) == getattr(before, name), name
    assert after.cost_usd == pytest.approx(before.cost_usd)
    if content is not None:
        assert session_paths(output, sid).file_system.read(path.with_name(f"{path.name}.corrupt")) == content


def test_changed_settings_outlive_the_progress_file(output: str) -> None:
    sid = make_session(output, batches=1, status=Status.RUNNING)
    with SessionStore.open(session_paths(output, sid)) as store:
        store.write_progress(make_progress(sid, budget_usd=7.5, settings={"source": "moved.xml"}))
    put(output, session_paths(output, sid).progress, None)
    with SessionStore.open(session_paths(output, sid)) as store:
        progress = store.read_progress()
    assert (progress.budget_usd, progress.settings) == (7.5, {"source": "moved.xml"})


def test_a_session_that_cannot_be_rebuilt_says_what_is_left_and_frees_its_lock(output: str) -> None:
    sid = make_session(output)
    paths = session_paths(output, sid)
    put(output, paths.progress, b"{")
    put(output, paths.session, None)
    for _ in range(2):
        with pytest.raises(SessionDamaged, match="results can still be read from the batch files"):
            SessionStore.open(session_paths(output, sid))
    assert not paths.lock.exists()


@pytest.mark.parametrize("which", ["progress", "session"])
def test_a_session_of_a_later_version_is_refused_before_anything_changes(tmp_path: Path, which: str) -> None:
    sid = make_session(tmp_path)
    path = tmp_path / f"{which}_{sid}.json"
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | {"schema_version": 2, "new": 1}))
    (tmp_path / f".{path.name}.0a1b2c3d.tmp").touch()
    before = tree(tmp_path)
    with pytest.raises(SchemaTooNew, match="Upgrade feedeval"):
        SessionStore.open(session_paths(tmp_path, sid))
    assert tree(tmp_path) == before


def test_a_damaged_document_is_set_aside_by_the_writer_and_reported_by_a_reader(output: str) -> None:
    sid = make_session(output)
    path = session_paths(output, sid).document("questions")
    for content in (b"{", orjson.dumps({"schema_version": 1, "session": "20200101_000000"})):
        put(output, path, content)
        with pytest.raises(SessionDamaged, match=path.name):
            read_document(session_paths(output, sid), "questions")
        with SessionStore.open(session_paths(output, sid)) as store:
            assert store.load("questions") is None
            assert f"{path.name}" in store.repairs[0]
    assert len([file for file in session_paths(output, sid).files() if file.state is FileState.ASIDE]) == 2


def test_a_document_may_not_use_the_stores_own_keys(tmp_path: Path) -> None:
    with SessionStore.create(tmp_path, now=NOW) as store, pytest.raises(InputError, match="schema_version"):
        store.save("questions", {"schema_version": 3})


def test_kept_call_logs_stay_beside_their_batches(output: str) -> None:
    with SessionStore.create(output, now=NOW, keep_calls=True) as store:
        store.write_progress(make_progress(store.sid))
        store.append_call(1, make_call("a"))
        store.write_batch(make_batch(store.sid, 1))
        assert store.paths.file_system.exists(store.paths.calls(1))
        assert store.read_calls() == {}
        store.scan()
    # Its batch file lost, what was paid for is found again.
    put(output, session_paths(output, store.sid).batch(1), b"{")
    with SessionStore.open(session_paths(output, store.sid), keep_calls=True) as again:
        again.scan()
        assert set(again.read_calls()) == {request_hash("a")}


def test_a_path_given_as_text_is_as_good(output: str) -> None:
    with SessionStore.create(output, now=datetime.now().astimezone()) as store:
        store.write_progress(make_progress(store.sid))
    assert session_ids(output) == [store.sid]


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    store = SessionStore.create(tmp_path, now=NOW)
    store.append_call(1, make_call("a"))
    store.close()
    store.close()


def test_what_could_not_be_read_again_is_refused_before_it_is_written(tmp_path: Path) -> None:
    with SessionStore.create(tmp_path, now=NOW) as store:
        batch = make_batch(store.sid, 1)
        endless = batch.report.model_copy(update={"estimated_time_remaining_ms": float("inf")})
        for wrong in (
            batch.model_copy(update={"report": endless}),
            batch.model_copy(update={"results": batch.results[:1]}),
            make_batch("20200101_000000", 1),
        ):
            with pytest.raises(InputError, match="batch_0001"):
                store.write_batch(wrong)
        for wrong_progress in (
            make_progress(store.sid, elapsed_s=float("nan")),
            make_progress("20200101_000000"),
        ):
            with pytest.raises(InputError, match="progress_"):
                store.write_progress(wrong_progress)
        assert [p.suffix for p in tmp_path.iterdir()] == [".lock"]


def test_a_paused_session_with_a_living_writer_is_known_from_an_abandoned_one(output: str) -> None:
    with SessionStore.create(output, now=NOW) as store:
        store.write_progress(make_progress(store.sid, status=Status.PAUSED))
        assert is_being_written(session_paths(output, store.sid))
    assert not is_being_written(session_paths(output, store.sid))
