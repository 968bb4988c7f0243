from __future__ import annotations

import threading
from pathlib import Path

import fsspec
import pytest

from feedeval.errors import SessionLocked
from feedeval.storage.remote.lease import LASTS_S, RENEW_EVERY_S, SETTLE_S, SKEW_S, Lease, LeaseLost
from feedeval.storage.remote.manifest import Entry, Manifest, lease_name, manifest_name
from feedeval.storage.remote.objects import FsspecObjects, Objects, open_objects
from tests.storage.remote.places import HandClock, new_address
from tests.storage.sessions import SID


@pytest.fixture(params=["memory", "s3", "unconditional"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    """The objects under an address: of two stores that settle who was first, and of one that does not."""
    if request.param == "s3":
        return open_objects(request.getfixturevalue("s3"))
    address = new_address("memory", tmp_path)
    return (
        FsspecObjects(address, fsspec.filesystem("memory"))
        if request.param == "unconditional"
        else open_objects(address)
    )


def taken(objects: Objects, clock: HandClock, owner: str = "one") -> Lease:
    lease = Lease(objects, SID, owner, clock.as_clock())
    lease.acquire(0.0)
    return lease


def test_a_lease_has_one_holder_and_is_free_when_it_is_given_back(objects: Objects) -> None:
    clock = HandClock()
    first = taken(objects, clock)
    with pytest.raises(SessionLocked, match=r"is being written by process .*heard of \d s ago") as raised:
        taken(objects, clock, "two")
    assert raised.value.session == SID
    first.release()
    assert objects.tagged(lease_name(SID)) is None
    second = taken(objects, clock, "two")
    first.release()
    second.keep()
    assert objects.tagged(lease_name(SID)) is not None, "a second release takes nobody's lease away"


def test_a_lease_that_is_not_renewed_is_free_after_the_stated_time_and_not_before(objects: Objects) -> None:
    clock = HandClock()
    first = taken(objects, clock)
    clock.passed_s += LASTS_S + SKEW_S - SETTLE_S - 1
    with pytest.raises(SessionLocked):
        taken(objects, clock, "two")
    clock.passed_s += SETTLE_S + 2
    second = taken(objects, clock, "two")
    assert "process" in second.taken_from and second.generation > first.generation
    with pytest.raises(LeaseLost, match=rf"{SID} .* was taken over by process \d+"):
        first.keep()
    second.keep()


def test_a_lease_that_is_renewed_is_nobody_elses_however_long_it_is_held(objects: Objects) -> None:
    clock = HandClock()
    first = taken(objects, clock)
    for _ in range(20):
        clock.passed_s += RENEW_EVERY_S
        first.keep()
    with pytest.raises(SessionLocked):
        taken(objects, clock, "two")


def test_a_writer_that_was_away_takes_its_lease_again_where_nobody_had_it_since(objects: Objects) -> None:
    clock = HandClock()
    first = taken(objects, clock)
    clock.passed_s += 10 * LASTS_S
    first.keep()
    objects.delete([lease_name(SID)])
    clock.passed_s += RENEW_EVERY_S
    first.keep()
    assert objects.tagged(lease_name(SID)) is not None, "somebody deleted it by hand"


def test_a_writer_that_was_away_is_told_of_one_who_came_and_went(objects: Objects) -> None:
    clock = HandClock()
    first = taken(objects, clock)
    clock.passed_s += 2 * LASTS_S
    second = taken(objects, clock, "two")
    manifest = Manifest("two", second.generation, {f"progress_{SID}.json": Entry(1)})
    objects.put({manifest_name(SID): manifest.encoded(SID)})
    second.release()
    with pytest.raises(LeaseLost, match="another writer"):
        first.keep()


def test_a_writer_in_the_same_scratch_folder_need_not_wait(objects: Objects) -> None:
    clock = HandClock()
    taken(objects, clock)
    again = taken(objects, clock)
    assert (again.taken_from, again.generation) == ("", 2)


def test_a_lease_that_cannot_be_read_is_nobodys(objects: Objects) -> None:
    objects.put({lease_name(SID): b"{"})
    assert taken(objects, HandClock()).generation == 1


def test_of_many_that_try_at_once_one_has_it(objects: Objects) -> None:
    clock, won = HandClock(), list[str]()

    def attempt(owner: str) -> None:
        lease = Lease(objects, SID, owner, clock.as_clock())
        try:
            lease.acquire(0.0)
        except SessionLocked:
            return
        won.append(owner)

    threads = [threading.Thread(target=attempt, args=(f"owner {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert (SETTLE_S in clock.slept) is not objects.is_conditional
