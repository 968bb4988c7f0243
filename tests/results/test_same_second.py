"""Sessions are told apart by folder and name, and two starts share no name, not even in one second."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

import feedeval as fe
from feedeval.cli import main
from feedeval.errors import InputError, SessionNotFound
from feedeval.jobs.audit import AuditJob, AuditSettings
from feedeval.jobs.engine import EmbeddedEngine
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.results.archive import backup, restore
from feedeval.results.finding import session_labels
from feedeval.results.library import cleanup, list_sessions
from feedeval.results.merging import Merged
from feedeval.results.session import Session, load_session
from feedeval.run.runner import Hooks, start
from feedeval.run.settings import RunSettings
from feedeval.storage.paths import sid_time
from feedeval.storage.readers import session_ids
from feedeval.storage.verify import verify
from tests.e2e.support import make_feed
from tests.results.audits import QUESTIONS, Planted, write

SECOND = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
OLD = "20261101_090000"
"""As earlier versions named each session that started then."""
FEED = make_feed(42)


def audit(folder: Path, part: int, now: datetime = SECOND) -> Session:
    """Audit an eighth of the feed, in a session that starts in the one second."""
    products = FEED[part::8]
    engine = EmbeddedEngine(OfflineEngine())
    job = AuditJob(lambda: products, engine, settings=AuditSettings(), source={"kind": f"part {part}"})
    run = start(job, folder, RunSettings(batch_size=3, resume=False), hooks=Hooks(now=lambda: now))
    run.wait()
    return Session(run.sid, folder)


def ids(table: pd.DataFrame) -> list[str]:
    return sorted(table["product_id"].astype(str))


@pytest.mark.parametrize("together", [False, True], ids=["eight folders", "one folder"])
def test_eight_sessions_of_one_second_lose_no_row(tmp_path: Path, together: bool) -> None:
    made = [audit(tmp_path / "all" if together else tmp_path / str(n), n) for n in range(8)]
    assert {session.progress.started for session in made} == {SECOND.isoformat(timespec="milliseconds")}
    assert len({session.id for session in made}) == 8
    if not together:
        assert {sid_time(session.id) for session in made} == {SECOND.replace(tzinfo=None)}
    table = pd.read_csv(fe.consolidate(made, tmp_path / "all.csv"))
    assert ids(table) == sorted(str(product["id"]) for product in FEED)
    assert table["session"].nunique() == 8
    judgements = pd.read_csv(fe.consolidate(made, tmp_path / "each.csv", rows="judgements"))
    assert len(judgements) == sum(len(session.judgements) for session in made)


@pytest.mark.parametrize("together", [False, True], ids=["eight folders", "one folder"])
def test_cleanup_deletes_all_eight_and_only_these(tmp_path: Path, together: bool) -> None:
    folders = [tmp_path / ("all" if together else str(n)) for n in range(8)]
    made = [audit(folder, n) for n, folder in enumerate(folders)]
    stays = [write(folder, Planted({"A": "yyy"}, sid="20251101_090000")) for folder in dict.fromkeys(folders)]
    kept = {path: path.read_bytes() for session in stays for path in session.files}
    doomed = cleanup(made, dry_run=True)
    gone = cleanup([*made, *made])
    assert sorted(gone) == sorted(doomed) and len(set(gone)) == len(gone)
    assert not any(session_ids(session.output_dir) != ["20251101_090000"] for session in made)
    assert {path: path.read_bytes() for session in stays for path in session.files} == kept


@pytest.fixture
def alike(tmp_path: Path) -> list[Session]:
    """Two sessions of one name, as two starts in one second had them."""
    first = write(tmp_path / "north", Planted({"A": "nnn", "B": "nnn", "C": "nnn"}))
    second = write(tmp_path / "south", Planted({"C": "yyy", "D": "yyy"}))
    assert first.id == second.id == OLD
    return [first, second]


def test_sessions_of_one_name_in_two_folders_keep_their_rows_and_say_where_each_is_from(
    alike: list[Session], tmp_path: Path
) -> None:
    north, south = ((session.output_dir / OLD).as_posix() for session in alike)
    later = write(tmp_path / "south", Planted({"E": "yyy"}, sid="20261102_090000"))
    for rows in ("products", "judgements"):
        for given in ([*alike, later], [later, *reversed(alike)]):
            table = pd.read_csv(fe.consolidate(given, tmp_path / "all.csv", rows=rows))
            key = "product_id"
            assert dict(zip(table[key], table["session"], strict=True)) == {
                "A": north, "B": north, "C": south, "D": south, "E": later.id,
            }  # fmt: skip
    assert session_labels([*alike, later]) == [north, south, later.id]
    assert session_labels([alike[0], alike[0]]) == [OLD, OLD]


def test_the_session_that_started_last_wins_whatever_its_name_and_folder(tmp_path: Path) -> None:
    # The names carry the local time of two machines; the starts in the files carry an offset.
    here = write(tmp_path / "a", Planted({"A": "nnn"}, sid="20261101_110000"))
    away = write(tmp_path / "b", Planted({"A": "yyy"}))
    progress = away.paths.progress
    text = progress.read_text(encoding="utf-8")
    assert text.count("2026-11-01T09:00:00+00:00") == 2
    progress.write_text(text.replace("2026-11-01T09:00:00+00:00", "2026-11-01T09:00:00-05:00"), encoding="utf-8")
    (row,) = (part for part in Merged([away.reload(), here]).products())
    assert row["session"].tolist() == [OLD] and row["coverage_pct"].tolist() == [100.0]
    assert [session.id for session in sorted([away, here], key=lambda session: session.age_key)] == [here.id, OLD]


def test_without_a_start_that_can_be_read_the_name_says_the_age(tmp_path: Path) -> None:
    first = write(tmp_path / "a", Planted({"A": "nnn"}))
    second = write(tmp_path / "b", Planted({"A": "yyy"}, sid="20261101_090001_4f7k2c"))
    for session in (first, second):
        text = session.paths.progress.read_text(encoding="utf-8")
        started = session.progress.started
        session.paths.progress.write_text(text.replace(started, ""), encoding="utf-8")
        session.reload()
    assert first.age_key < second.age_key and first.age_key[0].replace(tzinfo=None) == sid_time(first.id)


def ways_to(folder: Path) -> list[Path]:
    """A folder by its own name, by a roundabout way, and by a link."""
    link = folder.parent / "link"
    link.symlink_to(folder.name, target_is_directory=True)
    return [folder, folder / ".." / folder.name, link]


def test_a_folder_reached_by_several_ways_counts_once(tmp_path: Path) -> None:
    write(tmp_path / "output", Planted({"A": "nnn", "B": "yyy"}))
    sessions = [Session(OLD, way) for way in ways_to(tmp_path / "output")]
    assert len(set(sessions)) == 1 and sessions[0] == load_session(output_dir=tmp_path / "link")
    assert sessions[0] != Session(OLD, tmp_path) and sessions[0] != OLD
    merged = Merged(sessions)
    (table,) = merged.products()
    assert table["product_id"].tolist() == ["A", "B"] and table["session"].tolist() == [OLD, OLD]
    judgements = pd.read_csv(fe.consolidate(sessions, tmp_path / "each.csv", rows="judgements"))
    assert len(judgements) == 2 * len(QUESTIONS)
    assert len(fe.history(sessions)) == 1
    files = sessions[0].files
    assert cleanup(sessions, dry_run=True) == files
    assert sorted(path.name for path in cleanup(sessions)) == sorted(path.name for path in files)
    assert not session_ids(tmp_path / "output")


def test_one_relative_way_and_one_absolute_are_the_same_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "output", Planted({"A": "nnn"}))
    monkeypatch.chdir(tmp_path)
    assert {load_session(), load_session(output_dir=tmp_path / "output")} == {Session(OLD, Path("output"))}


def test_old_and_new_names_live_together_in_one_folder(tmp_path: Path) -> None:
    write(tmp_path, Planted({"A": "nnn", "B": "nnn"}))
    new = [f"{OLD}_4f7k2c", f"{OLD}_4f9m2c", "20261102_090000_0a1b2c"]
    for sid, letters in zip(new, ("ynn", "yyn", "yyy"), strict=True):
        write(tmp_path, Planted({"A": letters, "B": "nnn"}, sid=sid))
    assert list_sessions(tmp_path)["session"].tolist() == [*reversed(new), OLD]
    assert load_session(output_dir=tmp_path).id == new[-1]
    # A whole name is never taken for the beginning of another one; a beginning finds what no other begins with.
    assert load_session(OLD, output_dir=tmp_path).results["coverage_pct"].tolist() == [0.0, 0.0]
    assert load_session(f"{OLD}_4f7", output_dir=tmp_path).id == new[0]
    with pytest.raises(SessionNotFound, match="several sessions begin"):
        load_session(f"{OLD}_4f", output_dir=tmp_path)
    for sid in (OLD, *new):
        assert {path.name for path in load_session(sid, output_dir=tmp_path).files} == {
            f"progress_{sid}.json", f"session_{sid}.json", f"batch_0001_{sid}.json", f"questions_{sid}.json",
        }  # fmt: skip
        assert {problem.file for problem in verify(Session(sid, tmp_path).paths)} <= {
            f"progress_{sid}.json", f"summary_{sid}.json",  # what the planted ones have not
        }  # fmt: skip
    assert fe.compare(OLD, new[2], output_dir=tmp_path).gained == 3
    assert fe.history(tmp_path)["session"].tolist() == [OLD, *new]
    table = pd.read_csv(fe.consolidate([*new, OLD], tmp_path / "all.csv", output_dir=tmp_path))
    assert table["session"].tolist() == [new[-1]] * 2
    archives = [backup(sid, output_dir=tmp_path) for sid in (OLD, *new)]
    cleanup(OLD, output_dir=tmp_path)
    assert session_ids(tmp_path) == new
    with pytest.raises(InputError, match="whole id"):
        cleanup(f"{OLD}_4f7", output_dir=tmp_path)
    assert [restore(archive, tmp_path / "again") for archive in archives] == [[sid] for sid in (OLD, *new)]
    assert session_ids(tmp_path / "again") == [OLD, *new]


def test_backups_of_two_sessions_of_one_name_do_not_replace_each_other(alike: list[Session], tmp_path: Path) -> None:
    (shelf := tmp_path / "backups").mkdir()
    archives = [backup(session, shelf) for session in (*alike, alike[0])]
    assert archives[0] != archives[1] and archives[0] == archives[2] and len(list(shelf.iterdir())) == 2
    for session, archive in zip(alike, archives, strict=False):
        assert archive.name.startswith(f"feedeval_{OLD}_")
        restore(archive, again := tmp_path / "again" / session.output_dir.name)
        assert load_session(output_dir=again).keys.tolist() == session.keys.tolist()
    assert backup(alike[0], tmp_path / "north" / ".." / "north").name == f"feedeval_{OLD}.tar.gz"


def test_a_comparison_and_a_history_call_sessions_of_one_name_by_their_folders(tmp_path: Path) -> None:
    before = write(tmp_path / "north", Planted({"A": "nnn", "B": "ynn"}, left=1))
    after = write(tmp_path / "south", Planted({"A": "yyy", "B": "ynn"}))
    found = fe.compare(before, after)
    for label in session_labels([before, after]):
        assert label in repr(found) and label in fe.report(found, tmp_path / "report.html").read_text("utf-8")
    assert any(f"north/{OLD} is not finished" in note for note in found.notes)
    assert fe.history([after, before])["session"].tolist() == session_labels([before, after])
    other = write(tmp_path / "east", Planted({"A": "yyy"}, questions={"Home": (("Why?", "Use", True), *QUESTIONS[1:])}))
    with pytest.raises(InputError, match=r"question_set=fe\.load_session\('20261101_090000', output_dir='.*north'\)"):
        fe.compare(before, other)


def test_an_evaluator_does_not_take_up_another_folders_session_of_the_same_name(alike: list[Session]) -> None:
    north, south = alike
    evaluator = fe.ProductFeedEvaluator(model="offline", output_dir=south.output_dir)
    with pytest.raises(InputError, match="this evaluator writes to"):
        evaluator.resume(north, feed=FEED)


def test_the_terminal_names_a_new_session_in_full(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = audit(tmp_path, 0)
    assert main(["list", "--output-dir", str(tmp_path)]) == 0
    assert session.id in capsys.readouterr().out
    assert main(["verify", session.id[:-2], "--output-dir", str(tmp_path)]) == 0
    assert main(["cleanup", session.id, "--yes", "--output-dir", str(tmp_path)]) == 0
    assert not session_ids(tmp_path)


def test_audits_of_one_second_are_one_line_of_history(tmp_path: Path) -> None:
    planted = Planted({"A": "nnn"})
    made = [write(tmp_path / f"{n}", dataclasses.replace(planted, sid=f"{OLD}_00000{n}")) for n in range(8)]
    frame = fe.history(reversed(made))
    assert frame["session"].tolist() == [session.id for session in made]
    assert set(frame["comparable"]) == {"A"}


def test_what_was_started_later_counts_though_the_clock_was_put_back(tmp_path: Path) -> None:
    first, second = audit(tmp_path, 0), audit(tmp_path, 0, SECOND - timedelta(hours=1))
    assert load_session(output_dir=tmp_path) == second
    table = pd.read_csv(fe.consolidate([second, first], tmp_path / "all.csv"))
    assert set(table["session"]) == {second.id}
