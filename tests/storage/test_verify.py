from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from feedeval.errors import SchemaTooNew, SessionLocked, SessionNotFound
from feedeval.records import Status
from feedeval.storage.paths import SessionPaths, session_paths
from feedeval.storage.readers import read_progress
from feedeval.storage.store import SessionStore
from feedeval.storage.verify import ProblemSeverity, verify
from tests.storage.sessions import SID, make_batch, make_call, make_progress, make_session, tree


def rewrite(path: Path, **changes: object) -> None:
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | changes))


def tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def leave_log(paths: SessionPaths, number: int) -> None:
    with SessionStore.open(paths) as store:
        store.append_call(number, make_call("left"))


def leave_torn_log(paths: SessionPaths) -> None:
    leave_log(paths, 4)
    tear(paths.calls(4))


def leave_glued_log(paths: SessionPaths) -> None:
    leave_log(paths, 4)
    line = paths.calls(4).read_bytes()
    paths.calls(4).write_bytes(line[:-30] + line + line)


Damage = Callable[[SessionPaths], object]

MENDED: dict[str, tuple[Damage, str, ProblemSeverity, str]] = {
    "batch not JSON": (lambda p: tear(p.batch(2)), "batch_0002", ProblemSeverity.ERROR, "not"),
    "batch of another session": (
        lambda p: rewrite(p.batch(2), session="20200101_000000"),
        "batch_0002",
        ProblemSeverity.ERROR,
        "says that it is batch 2 of session 20200101_000000",
    ),
    "batch that overlaps": (
        lambda p: rewrite(p.batch(3), **orjson.loads(p.batch(2).read_bytes()) | {"batch_number": 3}),
        "batch_0003",
        ProblemSeverity.ERROR,
        "in an earlier batch already",
    ),
    "result of another shape": (
        lambda p: p.batch(2).write_bytes(p.batch(2).read_bytes().replace(b'"value":{', b'"values":{')),
        "batch_0002",
        ProblemSeverity.ERROR,
        "is not a batch file",
    ),
    "progress not JSON": (lambda p: tear(p.progress), "progress_", ProblemSeverity.ERROR, "is damaged"),
    "progress missing": (lambda p: p.progress.unlink(), "progress_", ProblemSeverity.ERROR, "is not there"),
    "counts": (
        lambda p: rewrite(p.progress, counts={"total": 6, "done": 5, "failed": 1, "reused": 0}),
        "progress_",
        ProblemSeverity.ERROR,
        "records done 5 against 6, failed 1 against 0",
    ),
    "batch missing": (lambda p: p.batch(2).unlink(), "progress_", ProblemSeverity.ERROR, "records done 6 against 4"),
    "copy missing": (lambda p: p.session.unlink(), "session_", ProblemSeverity.WARNING, "is not there"),
    "copy damaged": (lambda p: tear(p.session), "session_", ProblemSeverity.WARNING, "is damaged"),
    "questions damaged": (lambda p: tear(p.document("questions")), "questions_", ProblemSeverity.ERROR, "is damaged"),
    "summary of another session": (
        lambda p: rewrite(p.document("summary"), session="20200101_000000"),
        "summary_",
        ProblemSeverity.ERROR,
        "belongs to session",
    ),
    "log left over": (lambda p: leave_log(p, 2), "calls_0002", ProblemSeverity.NOTE, "left over"),
    "torn log": (leave_torn_log, "calls_0004", ProblemSeverity.WARNING, "1 lines that are not whole"),
    "glued log": (leave_glued_log, "calls_0004", ProblemSeverity.WARNING, "1 lines that are not whole"),
    "temporary file": (
        lambda p: (p.folder / f".{p.batch(4).name}.0a1b2c3d.tmp").touch(0o600),
        ".batch_0004",
        ProblemSeverity.NOTE,
        "died while writing",
    ),
    "open to others": (lambda p: p.batch(1).chmod(0o644), "batch_0001", ProblemSeverity.WARNING, "mode 0644"),
}


@pytest.fixture
def paths(tmp_path: Path) -> SessionPaths:
    return SessionPaths(tmp_path, make_session(tmp_path))


def test_a_whole_session_has_no_findings_and_repair_changes_nothing(paths: SessionPaths) -> None:
    before = tree(paths.folder)
    assert verify(paths) == []
    assert verify(paths, repair=True) == []
    assert tree(paths.folder) == before


@pytest.mark.parametrize("name", MENDED)
def test_what_is_wrong_is_found_without_a_change_and_mended_on_demand(paths: SessionPaths, name: str) -> None:
    damage, file, severity, problem = MENDED[name]
    damage(paths)
    before = tree(paths.folder)
    found = verify(paths)
    first = next(f for f in found if f.file.startswith(file))
    assert (first.severity, first.repaired) == (severity, False)
    assert problem in first.problem
    assert tree(paths.folder) == before
    mended = verify(paths, repair=True)
    assert mended and all(f.repaired for f in mended)
    left = verify(paths)
    assert all("set aside" in f.problem for f in left), left
    assert read_progress(paths).counts.total == 6


def test_after_the_repair_of_a_finished_session_its_lost_records_can_run_again(paths: SessionPaths) -> None:
    tear(paths.batch(2))
    verify(paths, repair=True)
    progress = read_progress(paths)
    assert progress.status is Status.STOPPED
    assert "2 records are missing" in progress.status_reason
    assert (progress.counts.done, progress.counts.left, progress.batches_complete) == (4, 2, 2)
    assert progress.usage.total_tokens == 4000
    with SessionStore.open(paths) as store:
        assert set(store.scan().done_hash) == {0, 1, 4, 5}


def test_a_key_that_stands_twice_is_named(paths: SessionPaths) -> None:
    batch = make_batch(paths.sid, 3)
    twice = batch.results[0].model_copy(update={"key": "sku-1"})
    with SessionStore.open(paths) as store:
        store.write_batch(batch.model_copy(update={"results": [twice, batch.results[1]]}))
    (finding,) = verify(paths, repair=True)
    assert finding.file == paths.batch(3).name
    assert "'sku-1' that record 1 has too" in finding.problem
    assert not finding.repaired


def test_batches_that_do_not_fit_the_batch_size_are_told(paths: SessionPaths) -> None:
    rewrite(paths.progress, batch_size=4)
    assert {f.file for f in verify(paths)} == {paths.batch(n).name for n in (1, 2, 3)}


def test_a_summary_that_differs_is_put_right_and_a_missing_one_made_again(paths: SessionPaths) -> None:
    summary = paths.document("summary")
    rewrite(summary, counts={"total": 6, "done": 1, "failed": 5, "reused": 0}, calls=6, note="kept")
    (finding,) = verify(paths, repair=True)
    assert (finding.file, finding.repaired) == (summary.name, True)
    assert finding.problem.endswith("in counts")
    mended = orjson.loads(summary.read_bytes())
    assert (mended["counts"]["done"], mended["note"]) == (6, "kept")
    assert verify(paths) == []
    summary.unlink()
    (finding,) = verify(paths, repair=True)
    assert finding.severity is ProblemSeverity.WARNING and "is not there" in finding.problem
    again = orjson.loads(summary.read_bytes())
    assert (again["counts"]["done"], len(again["batches"])) == (6, 3)
    assert again["batches"][1] == make_batch(paths.sid, 2).report.model_dump(mode="json")


def test_an_interrupted_session_is_no_error(tmp_path: Path) -> None:
    sid = make_session(tmp_path, batches=2, status=Status.RUNNING)
    with SessionStore.open(session_paths(tmp_path, sid)) as store:
        store.write_batch(make_batch(sid, 3))
    found = verify(session_paths(tmp_path, sid))
    assert [f.severity for f in found] == [ProblemSeverity.NOTE, ProblemSeverity.NOTE]
    assert "feedeval resume" in found[0].advice


def test_what_cannot_be_mended_is_told_and_kept(paths: SessionPaths) -> None:
    paths.session.unlink()
    tear(paths.progress)
    before = tree(paths.folder)
    (finding,) = verify(paths, repair=True)
    assert not finding.repaired
    assert "cannot be rebuilt" in finding.problem
    assert tree(paths.folder) == before


def test_a_session_being_written_can_be_checked_but_not_repaired(paths: SessionPaths) -> None:
    with SessionStore.open(paths) as store:
        store.write_progress(make_progress(paths.sid))
        store.append_call(4, make_call("under way"))
        tear(paths.calls(4))
        (paths.folder / f".{paths.batch(4).name}.0a1b2c3d.tmp").touch()
        assert verify(paths) == []
        with pytest.raises(SessionLocked):
            verify(paths, repair=True)


@pytest.mark.parametrize("which", ["progress", "batch_0002", "questions"])
def test_a_file_of_a_later_version_is_refused_and_nothing_is_changed(paths: SessionPaths, which: str) -> None:
    rewrite(paths.folder / f"{which}_{paths.sid}.json", schema_version=2)
    tear(paths.batch(3))
    before = tree(paths.folder)
    for repair in (False, True):
        with pytest.raises(SchemaTooNew, match=which):
            verify(paths, repair=repair)
    assert tree(paths.folder) == before


def test_a_session_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SessionNotFound, match=SID):
        verify(session_paths(tmp_path, SID))
    assert list(tmp_path.iterdir()) == []
