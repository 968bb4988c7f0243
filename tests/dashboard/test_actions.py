from __future__ import annotations

from pathlib import Path

import orjson
import pandas as pd
import pytest

from feedeval.dashboard import actions
from feedeval.errors import InputError, SessionError, SessionLocked
from feedeval.evaluator import ProductFeedEvaluator
from feedeval.records import Status
from feedeval.records.delivery import Part, PartState
from feedeval.results.archive import restore
from feedeval.results.session import Session, load_session
from feedeval.run.runner import RunSettings, start
from feedeval.storage.paths import session_paths
from feedeval.storage.requests import Action
from feedeval.storage.store import SessionStore
from tests.e2e.support import KEY, make_feed, write_jsonl
from tests.results.factory import SID, Plan, write_session
from tests.run.jobs import CallingJob
from tests.run.runs import WAIT_S, until
from tests.server import ModelServer


@pytest.fixture
def session(tmp_path: Path) -> Session:
    write_session(tmp_path, Plan(failed=(4,)))
    return load_session(output_dir=tmp_path)


@pytest.mark.parametrize(("suffix", "read"), [(".csv", pd.read_csv), (".parquet", pd.read_parquet)])
def test_the_table_is_written_where_the_news_says(session: Session, suffix: str, read: object) -> None:
    news = actions.write_table(session, str(actions.table_path(session)), suffix)
    written = session.output_dir / f"results_{SID}{suffix}"
    assert str(written.absolute()) in news
    assert "30 rows" in news
    assert len(read(written)) == 30  # type: ignore[operator]
    again = actions.write_table(session, str(written), suffix)
    assert "in place of the file that was there" in again


def test_no_path_and_no_folder_are_refused(session: Session) -> None:
    with pytest.raises(InputError, match="path is empty"):
        actions.write_table(session, "  ", ".csv")
    with pytest.raises(InputError, match="make it first"):
        actions.write_table(session, str(session.output_dir / "nowhere" / "x.csv"), ".csv")


def test_a_backup_can_be_restored(session: Session, tmp_path: Path) -> None:
    news = actions.back_up(session)
    archive = session.output_dir / f"feedeval_{SID}.tar.gz"
    assert str(archive.absolute()) in news
    assert restore(archive, tmp_path / "elsewhere") == [SID]


def test_before_a_session_is_deleted_it_is_told_what_is_still_out(session: Session) -> None:
    assert actions.what_deleting_loses(session) == ""
    out = Part(number=1, requests=40, completed=12, batches=((1, 40),), state=PartState.OUT, most_usd=0.5)
    ended = Part(number=2, requests=9, batches=((2, 9),), state=PartState.ENDED)
    parts = [part.model_dump(mode="json") for part in (out, ended)]
    document = {"schema_version": 1, "session": SID, "parts": parts, "last_number": 2, "most_tokens": None}
    session.paths.document("parts").write_bytes(orjson.dumps(document))
    said = actions.what_deleting_loses(session)
    assert said.startswith(f"Session {SID}: 1 part is at the endpoint, 12 of 40 requests answered.")
    assert "billed all the same, at most $0.5000" in said


def test_deleting_leaves_what_is_no_file_of_the_session(session: Session) -> None:
    actions.write_table(session, str(actions.table_path(session)), ".csv")
    assert SID in actions.delete(session)
    assert [path.name for path in session.output_dir.iterdir()] == [f"results_{SID}.csv"]


def test_a_session_that_another_process_works_on_is_left_alone(session: Session) -> None:
    before = sorted(session.output_dir.iterdir())
    with SessionStore.open(session_paths(session.output_dir, SID)):
        assert "Another notebook or program is working on it" in actions.who_works_on(session)
        with pytest.raises(SessionLocked, match="cannot be deleted now"):
            actions.delete(session)
        with pytest.raises(SessionLocked, match="cannot be gone on with here now"):
            actions.go_on(session)
    assert sorted(session.output_dir.iterdir()) == before
    assert actions.who_works_on(session) == ""


def test_the_button_says_what_going_on_would_do(tmp_path: Path) -> None:
    for second, plan in enumerate(
        (Plan(), Plan(failed=(1,)), Plan(complete=1, status=Status.RUNNING), Plan(complete=2, status=Status.PAUSED))
    ):
        write_session(tmp_path, Plan(**{**plan.__dict__, "sid": f"20261101_09000{second}"}))
    words = [actions.resume_words(Session(f"20261101_09000{n}", tmp_path))[0] for n in range(4)]
    assert words == ["", "Retry failed", "Resume", "Resume"]


def test_a_session_whose_feed_is_gone_says_how_to_go_on_from_a_cell(tmp_path: Path) -> None:
    evaluator = ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    # So long that it is not through before it is stopped; and one that is stopped before it begins leaves no session.
    run = evaluator.start(make_feed(4000), num_questions=4, batch_size=5, progress="none")
    assert run.sid
    run.stop()
    assert run.wait(WAIT_S).status is Status.STOPPED
    with pytest.raises(InputError, match=r"fe\.resume\('\d{8}_\d{6}_\w{6}', feed"):
        actions.go_on(load_session(output_dir=tmp_path))


def test_going_on_finishes_what_was_left_and_finds_the_run_that_goes_on(tmp_path: Path) -> None:
    feed = write_jsonl(tmp_path / "feed.jsonl", make_feed(200))
    with ModelServer(held_after=20) as server:
        evaluator = ProductFeedEvaluator(KEY, base_url=server.base_url, output_dir=tmp_path / "out")
        first = evaluator.start(feed, num_questions=4, batch_size=5, progress="none")
        until(lambda: first.snapshot().counts.done > 5)
        first.stop()
        server.configure(held_after=None)
        assert first.wait(WAIT_S).status is Status.STOPPED
        session = load_session(output_dir=tmp_path / "out")
        server.configure(held_after=server.stats.requests + 20)
        run = actions.go_on(session, KEY)
        assert run.sid == session.id
        assert actions.who_works_on(session) == "This notebook is working on it."
        assert actions.go_on(session, KEY) is run
        assert actions.resume_words(session.reload())[0] == "Show its panel"
        server.configure(held_after=None)
        run.wait(WAIT_S)
    assert session.reload().progress.counts.done == 200
    assert actions.resume_words(session)[0] == ""


def test_only_a_second_press_confirms_and_not_a_double_click() -> None:
    now_s = [100.0]
    confirmation = actions.Confirmation(monotonic=lambda: now_s[0])
    assert not confirmation.press()
    now_s[0] += 0.2
    assert not confirmation.press()
    now_s[0] += 1.0
    assert confirmation.press()
    assert not confirmation.press()


def test_a_question_that_was_not_answered_is_withdrawn() -> None:
    now_s = [100.0]
    confirmation = actions.Confirmation(monotonic=lambda: now_s[0])
    confirmation.press()
    now_s[0] += actions.CONFIRM_WITHIN_S + 0.1
    assert not confirmation.asking
    assert not confirmation.press()
    confirmation.reset()
    now_s[0] += 1.0
    assert not confirmation.press()


def test_a_key_is_asked_for_where_the_environment_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    write_session(tmp_path, Plan(engine="gpt-4o-mini", complete=1, status=Status.PAUSED))
    session = load_session(output_dir=tmp_path)
    assert actions.key_for(session) is actions.Key.NEEDED
    with pytest.raises(InputError, match="gpt-4o-mini needs a key"):
        actions.go_on(session)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
    assert actions.key_for(session) is actions.Key.NONE


def test_no_key_is_asked_for_where_nobody_is_called_or_nothing_is_left(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(sid="20261101_090000", complete=1, status=Status.PAUSED))
    write_session(tmp_path, Plan(sid="20261101_090001", engine="gpt-4o-mini"))
    for sid in ("20261101_090000", "20261101_090001"):
        assert actions.key_for(Session(sid, tmp_path)) is actions.Key.NONE


def test_the_workbook_is_written_beside_the_session(session: Session) -> None:
    written = actions.write_workbook(session)
    assert written == session.output_dir / f"audit_{SID}.xlsx" and written.is_file()


def test_the_run_of_another_process_can_be_asked_to_pause_and_to_stop(tmp_path: Path) -> None:
    run = start(CallingJob(4000, latency_s=0.2), tmp_path, RunSettings(max_workers=4))
    session = load_session(output_dir=tmp_path)

    assert actions.reachable(session) == (Action.PAUSE, Action.STOP)
    assert "pauses" in actions.request(session, Action.PAUSE)

    # The dashboard knows of the run what its progress file says, and that is written after the state has changed.
    def waits_for_a_person() -> bool:
        session.reload()
        return actions.reachable(session) == (Action.RESUME, Action.STOP)

    until(waits_for_a_person)
    actions.request(session, Action.STOP)
    assert run.wait(WAIT_S).status is Status.STOPPED
    session.reload()
    assert actions.reachable(session) == ()
    with pytest.raises(SessionError, match="is not being worked on"):
        actions.request(session, Action.PAUSE)
