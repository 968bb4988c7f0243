"""A store that is away, slow to accept, or that somebody else writes to: nothing that was paid for is lost."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from feedeval.errors import SessionDamaged, StorageError
from feedeval.records import Status
from feedeval.results.library import cleanup
from feedeval.results.session import load_session
from feedeval.run.runner import RunSettings, start
from feedeval.storage.paths import SessionFolder
from feedeval.storage.readers import read_progress, session_ids, status_of
from feedeval.storage.remote.lease import LASTS_S, SKEW_S
from feedeval.storage.remote.manifest import lease_name, manifest_name
from feedeval.storage.remote.objects import Objects, open_objects
from feedeval.storage.remote.scratch import SUPERSEDED
from feedeval.storage.remote.shipper import TELL_AFTER_S
from feedeval.storage.store import SessionStore
from feedeval.storage.verify import ProblemSeverity, verify
from tests.run.runs import WAIT_S, Listener, until
from tests.storage.remote.places import HandClock, machine, new_address
from tests.storage.remote.test_runs import RECORDS, JudgingJob, begin, finish, stopped
from tests.storage.sessions import NOW, make_batch, make_call, make_progress, make_session, request_hash


class Weather:
    """Says when the store is away."""

    def __init__(self) -> None:
        self.is_away = False
        self.refused = 0
        self.accepts = 1.0
        """Share of puts that go through."""
        self._dice = random.Random(7)
        self._mutex = threading.Lock()

    def __call__(self, what: str, names: list[str]) -> None:
        with self._mutex:
            throttled = what == "put" and self._dice.random() >= self.accepts
            if self.is_away or throttled:
                self.refused += 1
                raise StorageError("could not write to the store: reduce your request rate. Try again later.")


@pytest.fixture(params=["memory", "s3"])
def address(request: pytest.FixtureRequest, home: Path, tmp_path: Path) -> str:
    return request.getfixturevalue("s3") if request.param == "s3" else new_address("memory", tmp_path)


@pytest.fixture
def weather() -> Weather:
    return Weather()


def small_store(folder: SessionFolder, **progress: Any) -> SessionStore:
    store = SessionStore.create(folder, now=NOW)
    store.write_progress(make_progress(store.sid, **progress))
    return store


def put_now(store: SessionStore) -> None:
    """See a round of the shipper through."""
    shipper = store.paths.file_system._held[store.sid]  # type: ignore[attr-defined]
    until(lambda: not shipper.waiting)


def test_a_run_goes_on_while_the_store_is_away_and_all_is_there_in_the_end(
    address: str, tmp_path: Path, weather: Weather
) -> None:
    folder = machine(address, tmp_path / "one", disturb=weather)
    gate = threading.Event()
    job = JudgingJob(RECORDS, gate=gate)
    run = begin(job, folder)
    weather.is_away = True
    gate.set()
    until(lambda: run.snapshot().counts.done == RECORDS)
    assert weather.refused or run.wait(0.0)
    weather.is_away = False
    assert run.wait(WAIT_S).status is Status.FINISHED
    assert len(load_session(output_dir=machine(address, tmp_path / "two")).results) == RECORDS


def test_what_waits_for_long_is_told_and_so_is_its_end(address: str, tmp_path: Path, weather: Weather) -> None:
    clock = HandClock()
    folder = machine(address, tmp_path / "one", clock.as_clock(), disturb=weather)
    with small_store(folder) as store:
        put_now(store)
        weather.is_away = True
        store.write_batch(make_batch(store.sid, 1))
        assert store.trouble == ""
        clock.passed_s += TELL_AFTER_S + 1
        until(lambda: bool(store.trouble))
        assert "one file waited to be put" in store.trouble and "reduce your request rate" in store.trouble
        assert str(folder.path) in store.trouble
        weather.is_away = False
        until(lambda: not store.trouble)
    assert store.left == []


def run_results(folder: SessionFolder, sid: str) -> pd.DataFrame:
    """Return what a blocking call returns at its end."""
    return load_session(sid, output_dir=folder).results


def test_what_could_not_be_put_is_told_is_read_here_and_is_put_by_the_next_call(
    address: str, tmp_path: Path, weather: Weather
) -> None:
    home = tmp_path / "one"
    folder = machine(address, home, HandClock().as_clock(), disturb=weather)
    listener = Listener()
    gate = threading.Event()
    job = JudgingJob(RECORDS, gate=gate)
    run = start(job, folder, RunSettings(batch_size=10, max_workers=8), reporters=[listener])
    until(lambda: bool(session_ids(machine(address, tmp_path / "two"))))
    weather.is_away = True
    gate.set()
    with pytest.warns(UserWarning, match="could not be put"):
        assert run.wait(WAIT_S).status is Status.FINISHED
    (told,) = [text for text in listener.messages if "could not be put" in text]
    assert address in told and str(folder.path) in told
    assert len(run_results(folder, run.sid)) == RECORDS, "its results are shown although the store is away"

    weather.is_away = False
    there = machine(address, tmp_path / "two")
    assert status_of(there.session(run.sid)) is not Status.FINISHED, "it has not all arrived"
    here = machine(address, home)
    assert len(load_session(output_dir=here).results) == RECORDS, "this machine has it all"
    again = JudgingJob(RECORDS)
    assert finish(again, here).sid == run.sid and not again.served
    assert len(load_session(output_dir=machine(address, tmp_path / "three")).results) == RECORDS
    assert verify(here.session(run.sid)) == []
    assert not [path for path in folder.path.iterdir() if run.sid in path.name]


def test_a_store_that_accepts_one_put_in_four_gets_all_of_them(address: str, tmp_path: Path, weather: Weather) -> None:
    clock = HandClock()
    folder = machine(address, tmp_path / "one", clock.as_clock(), disturb=weather)
    store = small_store(folder)
    weather.accepts = 0.1
    for number in range(1, 6):
        store.append_call(9, make_call(str(number)))
        store.write_batch(make_batch(store.sid, number))
    store.close()
    assert store.left == [] and weather.refused
    with SessionStore.open(machine(address, tmp_path / "two").session(store.sid)) as other:
        assert list(other.scan().batches) == [1, 2, 3, 4, 5]
        assert set(other.read_calls()) == {request_hash(str(n)) for n in range(1, 6)}


def test_a_writer_that_lost_its_lease_stops_says_so_and_keeps_what_it_has(address: str, tmp_path: Path) -> None:
    clock = HandClock()
    home = tmp_path / "one"
    folder = machine(address, home, clock.as_clock())
    store = small_store(folder)
    put_now(store)
    later = HandClock()
    later.passed_s = LASTS_S + SKEW_S + 1
    other = machine(address, tmp_path / "two", later.as_clock())
    with SessionStore.open(other.session(store.sid)) as second:
        assert "was taken over from process" in second.repairs[0]
        second.write_batch(make_batch(store.sid, 1))
        put_now(second)
        # The first one had no network, and notices when it has again.
        store.append_call(2, make_call("only here"))
        clock.passed_s = 2 * LASTS_S
        until(lambda: "was taken over by process" in store.trouble)
        with pytest.raises(StorageError, match="was taken over"):
            store.write_batch(make_batch(store.sid, 2))
        with pytest.raises(StorageError, match="was taken over"):
            store.append_call(2, make_call("too late"))
        store.close()
        assert str(folder.path) in store.left[0]
    paths = machine(address, tmp_path / "three").session(store.sid)
    assert [finding.severity for finding in verify(paths)] == [ProblemSeverity.NOTE] * 2

    again = machine(address, home)
    assert read_progress(again.session(store.sid)), "read from the store, as it is ahead"
    with SessionStore.open(again.session(store.sid)) as third:
        assert "gone on with on another machine" in third.repairs[0]
        assert list(third.scan().batches) == [1]
        assert not third.read_calls()
    (aside,) = (again.path / SUPERSEDED).iterdir()
    assert "only here" in (aside / f"calls_0002_{store.sid}.jsonl").read_text()


def test_a_run_that_lost_its_lease_pauses_and_says_why(address: str, tmp_path: Path) -> None:
    clock = HandClock()
    run = begin(JudgingJob(1000, latency_s=0.2), machine(address, tmp_path / "one", clock.as_clock()), max_workers=2)
    later = HandClock()
    later.passed_s = LASTS_S + SKEW_S + 1
    other = machine(address, tmp_path / "two", later.as_clock())
    until(lambda: session_ids(other) == [run.sid])
    with SessionStore.open(other.session(run.sid)):
        clock.passed_s = 2 * LASTS_S
        assert "was taken over" in run.wait(WAIT_S, until_paused=True).status_reason
        run.stop()
        with pytest.warns(UserWarning, match="was taken over"):
            assert run.wait(WAIT_S).status is Status.STOPPED


def bare(address: str) -> Objects:
    return open_objects(address)


def test_a_batch_that_has_gone_is_told_and_made_again(address: str, tmp_path: Path) -> None:
    sid = finish(JudgingJob(RECORDS), machine(address, tmp_path / "one")).sid
    bare(address).delete([f"batch_0003_{sid}.json"])
    there = machine(address, tmp_path / "two")
    found = verify(there.session(sid))
    assert any(f"batch_0003_{sid}.json has gone" in finding.problem for finding in found)
    with pytest.raises(SessionDamaged, match="has gone, though the session's manifest names it"):
        there.file_system.read(there.session(sid).batch(3))
    verify(there.session(sid), repair=True)
    again = JudgingJob(RECORDS)
    finish(again, there)
    assert again.served.total() == 10
    assert verify(there.session(sid)) == []


def test_a_batch_that_is_not_what_the_manifest_says_is_told(address: str, tmp_path: Path) -> None:
    folder = machine(address, tmp_path / "one")
    sid = make_session(folder)
    objects = bare(address)
    name = f"batch_0002_{sid}.json"
    whole = objects.get([name])[name]
    manifest = objects.get([manifest_name(sid)])
    objects.put({name: whole[:-2] + b" }"})
    # As if it had been damaged where it lies, long ago.
    until(
        lambda: (
            objects.listed()[name].changed_s < objects.listed()[manifest_name(sid)].changed_s or _put(objects, manifest)
        )
    )
    there = machine(address, tmp_path / "two")
    problems = [finding.problem for finding in verify(there.session(sid))]
    assert any("not what the session's manifest says" in problem for problem in problems)
    assert verify(there.session(sid), repair=True)
    assert f"{name}.corrupt" in objects.listed()


def _put(objects: Objects, content: dict[str, bytes]) -> bool:
    objects.put(content)
    return False


def test_a_reply_is_in_a_piece_until_the_batch_that_used_it_stands(address: str, tmp_path: Path) -> None:
    done: list[tuple[str, str]] = []
    stores: list[SessionStore] = []

    def complete(what: str, names: list[str]) -> None:
        if what == "put" and any(name.startswith("errors_") for name in names):
            # In the middle of a round, after it has looked what there is to put.
            stores[0].write_batch(make_batch(stores[0].sid, 1))
        done.extend((what, name) for name in names)

    with small_store(machine(address, tmp_path / "one", disturb=complete)) as store:
        stores.append(store)
        store.append_call(1, make_call("paid"))
        until(lambda: any(name.startswith("calls_0001") for what, name in done if what == "put"))
        store.write_errors({"counts": {}})
    puts = [at for at, (what, name) in enumerate(done) if what == "put" and name.startswith("batch_0001")]
    deletes = [at for at, (what, name) in enumerate(done) if what == "delete" and name.startswith("calls_0001")]
    assert puts[0] < deletes[0]


def test_a_killed_writers_lease_and_pieces_are_gone_when_the_session_is_closed(address: str, tmp_path: Path) -> None:
    sid, _ = stopped(machine(address, tmp_path / "one"))
    finish(JudgingJob(RECORDS), machine(address, tmp_path / "two"))
    names = set(bare(address).listed())
    assert lease_name(sid) not in names
    assert not [name for name in names if name.startswith("calls_")]


def test_a_local_session_that_was_copied_there_is_read_and_gone_on_with(address: str, tmp_path: Path) -> None:
    sid, served = stopped(tmp_path / "local")
    files = {path.name: path.read_bytes() for path in (tmp_path / "local").iterdir() if sid in path.name}
    bare(address).put(files)
    there = machine(address, tmp_path / "one")
    assert session_ids(there) == [sid]
    again = JudgingJob(RECORDS)
    assert finish(again, there).sid == sid
    assert again.served.total() + served == RECORDS


def test_labels_lie_in_the_store_at_once_whoever_writes_the_session(address: str, tmp_path: Path) -> None:
    folder, other = machine(address, tmp_path / "one"), machine(address, tmp_path / "two")
    sid = make_session(folder)
    paths = folder.session(sid)
    with SessionStore.open(paths):
        for said in (b"mine", b"theirs", b"mine again"):
            (other if said == b"theirs" else folder).file_system.write(paths.labels, said)
            until(lambda said=said: folder.file_system.read(paths.labels) == said)  # type: ignore[misc]
            assert machine(address, tmp_path / "three").file_system.read(paths.labels) == said
    assert verify(paths) == []
    assert paths.labels.name in {path.name for path in cleanup(sid, output_dir=folder)}
    assert bare(address).listed() == {}
