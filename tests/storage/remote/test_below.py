"""Folders below an address, such as those of shards: sessions of their own, plain files, short leases."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from feedeval.errors import SessionLocked
from feedeval.storage.paths import SessionFolder
from feedeval.storage.readers import is_there, session_ids
from feedeval.storage.remote.lease import LASTS_S, PART_LASTS_S, SKEW_S
from feedeval.storage.shards import Shards
from feedeval.storage.store import SessionStore
from feedeval.storage.verify import ProblemSeverity, verify
from tests.storage.remote.places import HandClock, environment, machine, new_address
from tests.storage.remote.test_faults import small_store
from tests.storage.sessions import SID, make_batch, make_call


def shards_of(folder: SessionFolder, count: int = 2) -> Shards:
    return Shards(folder.session(SID), count)


@pytest.fixture(params=("memory", "s3"))
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(request.getfixturevalue("s3")) if request.param == "s3" else new_address("memory", tmp_path)


def cut(tmp_path: Path) -> Path:
    """Make what a feed is cut into."""
    folder = tmp_path / "cut"
    folder.mkdir()
    for number in (1, 2):
        (folder / Shards.products_name(number)).write_bytes(f"products {number}".encode())
        (folder / Shards.places_name(number)).write_bytes(bytes([number, *7 * [0]]))
    (folder / "categories.json").write_bytes(b"{}")
    return folder


def test_what_is_cut_on_one_machine_is_read_on_another(address: str, tmp_path: Path) -> None:
    folder = cut(tmp_path)
    shards_of(machine(address, tmp_path / "one")).take_in(folder)
    assert not folder.exists()
    shards = shards_of(machine(address, tmp_path / "two"))
    assert shards.here(shards.products(2)).read_bytes() == b"products 2"
    assert shards.places(1).tolist() == [1] and shards.place.exists(shards.categories)
    assert len(shards.files()) == 5 and session_ids(shards.paths.folder) == []
    with shards.made_here(shards.results(1)) as path:
        path.write_bytes(b"a table")
    shards.place.look_anew()
    assert [path.read_bytes() for path in shards.tables().values()] == [b"a table"]
    with shards.made_here(shards.results(1)) as path:
        path.write_bytes(b"another")
    shards.place.look_anew()
    assert [path.read_bytes() for path in shards.tables().values()] == [b"another"], "none is kept that was replaced"


def test_a_shard_is_a_session_with_a_manifest_of_its_own(address: str, tmp_path: Path) -> None:
    one, two = (shards_of(machine(address, tmp_path / home)) for home in ("one", "two"))
    store = small_store(one.session_folder(1))
    store.append_call(2, make_call("a reply"))
    store.write_batch(make_batch(store.sid, 1))
    store.flush()
    # Put by now, while it is written.
    paths = two.session(1)
    assert paths is not None and paths.sid == store.sid and is_there(paths)
    assert [file.name for file in two.batch_files_of(1)] == [f"batch_0001_{store.sid}.json"]
    assert two.session(2) is None and dict(two.sessions()).keys() == {1}
    store.close()
    with SessionStore.open(paths) as again:
        assert len(again.read_calls()) == 1
    assert {finding.severity for finding in verify(paths)} == {ProblemSeverity.NOTE}, "nobody finished it"
    names = {path.name for path in two.files()}
    assert f"manifest_{store.sid}.json" not in names and f"progress_{store.sid}.json" in names
    assert sum(two.paths.file_system.size(path) for path in two.files()) > 1000
    assert two.remove() and two.files() == []
    two.place.look_anew()
    assert two.session(1) is None


def test_another_machine_takes_a_shard_over_soon_whatever_its_clock_says(address: str, tmp_path: Path) -> None:
    first, second = HandClock(), HandClock()
    # It believes that it is an hour earlier.
    second.passed_s = -3600.0
    one = shards_of(machine(address, tmp_path / "one", first.as_clock()))
    two = shards_of(machine(address, tmp_path / "two", second.as_clock()))
    store = small_store(one.session_folder(1))
    store.flush()
    paths = two.session_folder(1).session(store.sid)
    for _ in range(3):
        # Looked at for long enough, but renewed meanwhile.
        with pytest.raises(SessionLocked):
            SessionStore.open(paths)
        second.passed_s += PART_LASTS_S + 1
        first.passed_s += PART_LASTS_S / 2
        store.append_call(1, make_call("another"))
        store.flush()
    with pytest.raises(SessionLocked):
        SessionStore.open(paths)
    second.passed_s += PART_LASTS_S + 1
    with SessionStore.open(paths) as taken:
        assert "was taken over from process" in taken.repairs[0]
        first.passed_s += PART_LASTS_S / 2
        store.append_call(1, make_call("one more"))
        with pytest.raises(Exception, match="was taken over"):
            store.flush()
        assert one.session_folder(1).file_system.lost(paths.lock) and "taken over" in store.lost
        assert taken.lost == ""
    store.close()
    assert PART_LASTS_S < LASTS_S / 3 and PART_LASTS_S < SKEW_S + 1


def test_each_folder_below_has_one_mirror_for_as_long_as_it_is_used(address: str, tmp_path: Path) -> None:
    folder = machine(address, tmp_path / "one")
    shards = shards_of(folder, 100)
    kept = shards.session_folder(1).file_system
    for number in shards.numbers:
        shards.session_folder(number)
    gc.collect()
    assert shards.session_folder(1).file_system is kept
    assert folder.file_system.below(shards.session_folder(1).path) is kept


def test_what_stands_in_the_store_need_not_stay_here(address: str, tmp_path: Path) -> None:
    shards = shards_of(machine(address, tmp_path / "one"))
    with environment({"FEEDEVAL_SCRATCH": str(tmp_path / "one")}):
        folder = shards.session_folder(1)
        store = small_store(folder)
        store.write_batch(make_batch(store.sid, 1))
        shards.place.leave(folder.path)
        assert folder.path.exists(), "it is being written"
        store.close()
        shards.place.leave(folder.path)
        assert not folder.path.exists()
        assert len(shards.batch_files_of(1)) == 1
