from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedeval.errors import InputError, SessionNotFound
from feedeval.storage.paths import (
    FileKind,
    FileState,
    SessionFolder,
    SessionPaths,
    files_by_session,
    new_sid,
    parse_name,
    session_paths,
    sid_time,
)
from feedeval.storage.readers import session_files
from feedeval.storage.store import SessionStore
from tests.storage.sessions import NOW, OLD_SID, SID, make_session


@pytest.mark.parametrize(
    ("name", "kind", "number"),
    [
        (f"progress_{SID}.json", FileKind.PROGRESS, None),
        (f"session_{SID}.json", FileKind.SESSION, None),
        (f"session_{SID}.lock", FileKind.LOCK, None),
        (f"batch_0001_{SID}.json", FileKind.BATCH, 1),
        (f"batch_12345_{SID}.json", FileKind.BATCH, 12345),
        (f"calls_0020_{SID}.jsonl", FileKind.CALLS, 20),
        (f"errors_{SID}.json", FileKind.ERRORS, None),
        (f"summary_{SID}.json", FileKind.SUMMARY, None),
        (f"questions_{SID}.json", FileKind.DOCUMENT, None),
        (f"labels_{SID}.csv", FileKind.LABELS, None),
    ],
)
def test_every_kind_of_file_is_known_by_its_name(name: str, kind: FileKind, number: int | None) -> None:
    for sid in (SID, OLD_SID):
        named = name.replace(SID, sid)
        for shape, state in (
            (named, FileState.IN_USE),
            (f"{named}.corrupt", FileState.ASIDE),
            (f"{named}.3.corrupt", FileState.ASIDE),
            (f".{named}.0123abcd.tmp", FileState.TEMPORARY),
        ):
            file = parse_name(shape)
            assert file is not None
            assert (file.kind, file.number, file.state, file.sid) == (kind, number, state, sid)


TIMES = st.datetimes(NOW.replace(year=1900), NOW.replace(year=9999))
SIDS = st.one_of(TIMES.map(lambda time: f"{time:%Y%m%d_%H%M%S}"), TIMES.map(new_sid))
STEMS = st.one_of(
    st.sampled_from(["progress", "session", "errors", "summary", "questions"]),
    st.from_regex(r"[a-z]{1,9}(-[a-z]{1,9}){0,2}", fullmatch=True),
).filter(lambda stem: stem not in ("batch", "calls", "lock", "document"))


@given(st.data(), SIDS)
def test_whatever_a_session_is_called_each_of_its_files_says_whose_it_is(data: st.DataObject, sid: str) -> None:
    number = data.draw(st.integers(1, 10**9))
    name = data.draw(
        st.one_of(
            STEMS.map(lambda stem: f"{stem}_{sid}.json"),
            st.sampled_from(
                [
                    f"session_{sid}.lock",
                    f"labels_{sid}.csv",
                    f"batch_{number:04d}_{sid}.json",
                    f"calls_{number:04d}_{sid}.jsonl",
                ]
            ),
        )
    )
    shape, state = data.draw(
        st.sampled_from(
            [
                (name, FileState.IN_USE),
                (f"{name}.corrupt", FileState.ASIDE),
                (f"{name}.12.corrupt", FileState.ASIDE),
                (f".{name}.0123abcd.tmp", FileState.TEMPORARY),
            ]
        )
    )
    file = parse_name(shape)
    assert file is not None and (file.sid, file.state, file.name) == (sid, state, shape)
    assert file.number == (number if file.kind in (FileKind.BATCH, FileKind.CALLS) else None)
    assert sid_time(sid) is not None


def test_a_new_name_sorts_by_its_time_and_is_safe_in_file_names() -> None:
    drawn = [new_sid(NOW + timedelta(seconds=n)) for n in range(200)]
    assert drawn == sorted(drawn)
    assert len({sid[16:] for sid in drawn}) == 200
    assert all(re.fullmatch(r"20260301_\d{6}_[0-9a-hjkmnp-tv-z]{6}", sid) for sid in drawn)
    assert OLD_SID < new_sid(NOW) < "20260301_093001"


@pytest.mark.parametrize(
    "name",
    [
        "evaluation.log",
        "progress.json",
        f"progress_{SID}.json.bak",
        f"progress_{SID}.jsonl",
        f"progress_{SID}.lock",
        f"progress_{SID}.csv",
        f"batch_0001_{SID}.csv",
        f"my_progress_{SID}.json",
        f"Progress_{SID}.json",
        f"batch_001_{SID}.json",
        f"batch_0000_{SID}.json",
        f"batch_00001_{SID}.json",
        f"batch_0001_{SID}.jsonl",
        f"batch_{SID}.json",
        f"calls_0001_{SID}.json",
        f"lock_{SID}.json",
        f"batch_0001_{SID}1.json",
        f"batch_0001_{OLD_SID}1.json",
        f"progress_{OLD_SID}_copy.json",
        f"progress_{OLD_SID}_4f7k2.json",
        f"progress_{OLD_SID}_4F7K2C.json",
        f"progress_{OLD_SID}_4f7k2l.json",
        f"progress_{OLD_SID}-4f7k2c.json",
        f"progress_{SID}_4f7k2c.json",
        f"progress_{SID}.json.corrupt.txt",
        f".progress_{SID}.json.tmp",
        f"progress_{SID}.json\n",
    ],
)
def test_other_names_belong_to_no_session(name: str) -> None:
    assert parse_name(name) is None


def test_a_persons_own_file_with_a_fitting_name_is_not_the_sessions(tmp_path: Path) -> None:
    make_session(tmp_path)
    mine = [tmp_path / f"notes_{SID}.json", tmp_path / f"report_{SID}.json.corrupt"]
    for path in mine:
        path.write_text('{"written by": "a person"}')
    (tmp_path / f"batch_0009_{SID}.json").mkdir()
    files = session_files(session_paths(tmp_path, SID))
    assert not set(mine) & set(files)
    assert tmp_path / f"batch_0009_{SID}.json" not in files
    assert len(files) == 8


def test_a_document_of_any_name_is_the_sessions_when_the_store_wrote_it(tmp_path: Path) -> None:
    make_session(tmp_path)
    with SessionStore.open(session_paths(tmp_path, SID)) as store:
        store.save("pilot-run", {"products": 5})
    assert tmp_path / f"pilot-run_{SID}.json" in session_files(session_paths(tmp_path, SID))


@pytest.mark.parametrize(("sid", "other"), [(OLD_SID, SID), (SID, OLD_SID), (SID, "20260301_093000_4f7k2d")])
def test_a_name_that_begins_as_another_does_not_reach_its_files(tmp_path: Path, sid: str, other: str) -> None:
    for each in (sid, other):
        make_session(tmp_path, sid=each)
        with SessionStore.open(session_paths(tmp_path, each)) as store:
            store.save("pilot-run", {"products": 5})
        (tmp_path / f".batch_0009_{each}.json.0123abcd.tmp").write_text("{")
        (tmp_path / f"batch_0008_{each}.json.2.corrupt").write_text("{")
    found = session_paths(tmp_path, sid).files()
    assert {file.sid for file in found} == {sid} and len(found) == 11
    assert files_by_session(SessionFolder(tmp_path))[sid] == found


def test_a_folder_reached_by_two_ways_is_one(tmp_path: Path) -> None:
    (tmp_path / "output").mkdir()
    (tmp_path / "link").symlink_to("output")
    ways = [tmp_path / "output", tmp_path / "link", tmp_path / "output" / ".." / "output"]
    assert len({session_paths(way, SID).identity for way in ways}) == 1
    assert session_paths(tmp_path, SID).identity != session_paths(tmp_path / "output", SID).identity


def test_files_of_another_session_are_left_out(tmp_path: Path) -> None:
    first = make_session(tmp_path)
    with SessionStore.create(tmp_path, now=NOW) as other:
        other.save("questions", {})
        assert other.sid != first
        assert all(first in path.name for path in session_files(session_paths(tmp_path, first)))


def test_one_look_at_a_folder_finds_the_same_files_as_a_look_for_each_session(tmp_path: Path) -> None:
    make_session(tmp_path)
    other = "20250101_000000"
    (tmp_path / f"batch_0002_{other}.json").write_text("{}")
    (tmp_path / f"batch_0001_{other}.json").write_text("{}")
    (tmp_path / f"notes_{SID}.json").write_text("mine")
    found = files_by_session(SessionFolder(tmp_path))
    assert found == {sid: session_paths(tmp_path, sid).files() for sid in (SID, other)}
    assert [file.number for file in found[other]] == [1, 2]
    assert f"notes_{SID}.json" not in {file.name for file in found[SID]}


def test_batches_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10000, 9999, 2, 10):
        SessionPaths(tmp_path, SID).batch(number).touch()
    assert [f.number for f in SessionPaths(tmp_path, SID).files()] == [2, 10, 9999, 10000]


@pytest.mark.parametrize("name", ["progress", "session", "batch", "calls", "../up", "a_b", "Questions", "", "x.json"])
def test_a_document_name_that_could_hit_another_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="document"):
        SessionPaths(tmp_path, SID).document(name)


@pytest.mark.parametrize(
    "sid",
    [
        *("../../etc", "", "20260301", "20261301_093000", "2026030１_093000", "20261301_093000_4f7k2c"),
        *("20260301_093000_", "20260301_093000_../etc", "20260301_093000_4f7k2c\n", "20260301_093000_4F7K2C"),
    ],
)
def test_a_session_name_that_names_no_time_is_refused(tmp_path: Path, sid: str) -> None:
    assert sid_time(sid) is None
    with pytest.raises(SessionNotFound, match="is not the name of a session"):
        session_paths(tmp_path, sid)
