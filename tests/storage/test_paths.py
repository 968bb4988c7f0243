from __future__ import annotations

from pathlib import Path

import pytest

from feedeval.errors import InputError, SessionNotFound
from feedeval.storage.paths import (
    FileKind,
    FileState,
    SessionFolder,
    SessionPaths,
    files_by_session,
    parse_name,
    session_paths,
    sid_time,
)
from feedeval.storage.readers import (
    session_files,
)
from feedeval.storage.store import (
    SessionStore,
)
from tests.storage.sessions import (
    NOW,
    SID,
    make_session,
)


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
    ],
)
def test_every_kind_of_file_is_known_by_its_name(name: str, kind: FileKind, number: int | None) -> None:
    for shape, state in (
        (name, FileState.IN_USE),
        (f"{name}.corrupt", FileState.ASIDE),
        (f"{name}.3.corrupt", FileState.ASIDE),
        (f".{name}.0123abcd.tmp", FileState.TEMPORARY),
    ):
        file = parse_name(shape)
        assert file is not None
        assert (file.kind, file.number, file.state, file.sid) == (kind, number, state, SID)


@pytest.mark.parametrize(
    "name",
    [
        "evaluation.log",
        "progress.json",
        f"progress_{SID}.json.bak",
        f"progress_{SID}.jsonl",
        f"progress_{SID}.lock",
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


@pytest.mark.parametrize("sid", ["../../etc", "", "20260301", "20261301_093000", "2026030１_093000"])
def test_a_session_name_that_names_no_time_is_refused(tmp_path: Path, sid: str) -> None:
    assert sid_time(sid) is None
    with pytest.raises(SessionNotFound, match="is not the name of a session"):
        session_paths(tmp_path, sid)
