"""Which session a run takes up, and what a new one takes over from those before."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from feedeval.errors import InputError, SchemaTooNew, TimedOut
from feedeval.records import Status
from feedeval.run.runner import RunSettings, run_blocking, start
from feedeval.storage.paths import session_paths
from feedeval.storage.readers import read_document, session_ids
from tests.run.jobs import CallingJob, QuickJob
from tests.run.runs import WAIT_S, Listener, finish, progress, results, stop_at, until

OLD = [f"c{n}" for n in range(60)]


def changed(old: list[str], *, changes: dict[int, str]) -> list[str]:
    return [changes.get(n, content) for n, content in enumerate(old)]


def test_a_changed_feed_takes_over_what_still_holds_and_says_so_first(tmp_path: Path) -> None:
    first, _ = finish(CallingJob(OLD), tmp_path, batch_size=7)
    keys = [f"p{n}" for n in range(5, 63)]
    job = CallingJob(changed([*OLD[5:], "x", "y", "z"], changes={10: "other"}), keys=keys)
    seen: list[tuple[str, int]] = []

    class Says(Listener):
        def message(self, text: str) -> None:
            seen.append((text, sum(job.served.values())))

    run = start(job, tmp_path, RunSettings(batch_size=7), reporters=[Says()])
    snapshot = run.wait(WAIT_S)

    assert ("kept 54 · changed 1 · new 3 · gone 5", 0) in [(text.split(": ")[-1], served) for text, served in seen]
    assert run.sid != first.sid
    assert sum(job.served.values()) == 4
    assert (snapshot.counts.done, snapshot.counts.reused, snapshot.calls) == (58, 54, 4)
    rows = results(tmp_path, run.sid)
    assert [row.value["echo"] for row in rows] == job.contents
    assert [row.key for row in rows] == keys
    assert rows[0].reused_from == f"session:{first.sid}"
    assert (rows[0].calls, rows[0].cost_usd) == (0, 0.0)
    assert progress(tmp_path, run.sid).counts.reused == 54


def test_reuse_can_be_turned_off(tmp_path: Path) -> None:
    finish(CallingJob(OLD), tmp_path)
    job = CallingJob([*OLD, "new"])

    finish(job, tmp_path, reuse=False)

    assert sum(job.served.values()) == 61


def test_resume_false_starts_anew(tmp_path: Path) -> None:
    first, _ = finish(CallingJob(OLD), tmp_path)
    job = CallingJob(OLD)

    run, _ = finish(job, tmp_path, resume=False)

    assert run.sid != first.sid
    assert sum(job.served.values()) == 60


def test_content_under_another_key_is_taken_over_too(tmp_path: Path) -> None:
    finish(CallingJob(OLD), tmp_path)
    job, listener = CallingJob(OLD, keys=[f"shop-{n}" for n in range(60)]), Listener()

    start(job, tmp_path, reporters=[listener]).wait(WAIT_S)

    assert not job.served
    assert "known under another id 60" in listener.messages[0]


def test_what_an_older_session_did_is_found_behind_one_that_was_stopped(tmp_path: Path) -> None:
    finish(CallingJob(OLD), tmp_path)
    gate = threading.Event()
    second = CallingJob(["a", "b", *OLD], gate=gate)
    run = start(second, tmp_path, RunSettings(max_workers=1, batch_size=1))
    until(lambda: second.in_flight == 1)
    stop_at(gate, run, second)
    third = CallingJob([*OLD, "c"])

    _, snapshot = finish(third, tmp_path)

    assert sum(third.served.values()) == 1
    assert snapshot.counts.reused == 60


def test_a_session_that_takes_over_goes_on_doing_so_after_a_stop(tmp_path: Path) -> None:
    finish(CallingJob(OLD), tmp_path)
    gate = threading.Event()
    second = CallingJob(["a", "b", *OLD], gate=gate)
    run = start(second, tmp_path, RunSettings(max_workers=1, batch_size=1))
    until(lambda: second.in_flight == 1)
    stop_at(gate, run, second)
    again = CallingJob(["a", "b", *OLD])

    resumed, snapshot = finish(again, tmp_path)

    assert resumed.sid == run.sid
    assert sum(again.served.values()) + sum(second.served.values()) == 2
    assert snapshot.counts.reused == 60


def test_a_session_that_takes_over_goes_on_doing_so_when_it_is_named(tmp_path: Path) -> None:
    finish(CallingJob(OLD), tmp_path)
    contents = ["new first", *OLD]
    slow = CallingJob(contents, latency_s=0.2, turns=1)
    run = start(slow, tmp_path, RunSettings(max_workers=1))
    run.stop()
    run.wait(WAIT_S)
    job = CallingJob(contents)

    _, snapshot = finish(job, tmp_path, session=run.sid)

    assert snapshot.counts.done == 61
    assert sum(slow.served.values()) + sum(job.served.values()) == 1


@pytest.mark.parametrize("afresh", [{"resume": False}, {"reuse": False, "resume": False}])
def test_a_fresh_start_stays_one_when_it_is_gone_on_with(tmp_path: Path, afresh: dict[str, bool]) -> None:
    finish(CallingJob(OLD), tmp_path)
    gate = threading.Event()
    slow = CallingJob(OLD, gate=gate, open_calls=15)
    run = start(slow, tmp_path, RunSettings(batch_size=10, max_workers=4, **afresh))
    until(lambda: run.snapshot().batches_complete == 1)
    stop_at(gate, run, slow)
    gate = threading.Event()
    slow = CallingJob(OLD, gate=gate, open_calls=20)
    again = start(slow, tmp_path, RunSettings(max_workers=4))
    until(lambda: again.snapshot().batches_complete == 3)
    stop_at(gate, again, slow)

    last, snapshot = finish(CallingJob(OLD), tmp_path)

    assert (run.sid, again.sid, last.sid) == (last.sid,) * 3
    assert (snapshot.counts.done, snapshot.counts.reused, snapshot.calls) == (60, 0, 60)


def test_nothing_is_taken_over_from_before_a_fresh_start(tmp_path: Path) -> None:
    finish(CallingJob(OLD), tmp_path)
    fresh, _ = finish(CallingJob(OLD[:20]), tmp_path, resume=False)

    run, snapshot = finish(CallingJob(OLD[:40]), tmp_path)

    assert (snapshot.counts.reused, snapshot.calls) == (20, 20)
    assert {row.reused_from for row in results(tmp_path, run.sid)} == {f"session:{fresh.sid}", None}


def test_calls_in_the_open_logs_of_the_old_session_are_found_and_cost_nothing(tmp_path: Path) -> None:
    gate = threading.Event()
    first = CallingJob(OLD, gate=gate, open_calls=20)
    run = start(first, tmp_path, RunSettings(batch_size=1000, max_workers=4))
    until(lambda: first.served.total() == 20)
    stop_at(gate, run, first)
    second = CallingJob([*OLD, "new"])

    _, snapshot = finish(second, tmp_path)

    assert not set(first.served) & set(second.served)
    assert snapshot.calls == sum(second.served.values()) == 61 - sum(first.served.values())
    assert snapshot.cost_usd == pytest.approx(0.001 * snapshot.calls)


def test_documents_come_along(tmp_path: Path) -> None:
    class Asks(QuickJob):
        async def open(self, documents: object) -> None:
            await super().open(documents)  # type: ignore[arg-type]
            self.loaded = documents.load("questions")  # type: ignore[attr-defined]
            documents.save("questions", {"sets": [1, 2]})  # type: ignore[attr-defined]

    finish(Asks(OLD), tmp_path)
    job = Asks([*OLD, "new"])

    run, _ = finish(job, tmp_path)

    assert job.loaded == {"sets": [1, 2]}
    assert read_document(session_paths(tmp_path, run.sid), "questions") == {"sets": [1, 2]}


def test_failures_are_not_taken_over(tmp_path: Path) -> None:
    finish(CallingJob(OLD, fault=lambda r, _: TimedOut("slow") if r.index == 3 else None), tmp_path)
    job, listener = CallingJob([*OLD, "new"]), Listener()

    start(job, tmp_path, reporters=[listener]).wait(WAIT_S)

    assert sum(job.served.values()) == 2
    assert "kept 59 · changed 0 · new 2 · gone 0 · of the new ones 1 failed before" in listener.messages[0]


def test_other_settings_start_a_new_session_and_are_named(tmp_path: Path) -> None:
    first, _ = finish(QuickJob(5, fingerprint={"model": "a", "locale": "en", "fields": ("title",)}), tmp_path)
    listener = Listener()
    job = QuickJob(5, fingerprint={"model": "b", "locale": "en", "fields": ("title",)})

    run = start(job, tmp_path, reporters=[listener])
    run.wait(WAIT_S)

    assert run.sid != first.sid
    assert "model: a then, b now" in listener.messages[0]
    assert "locale" not in listener.messages[0]
    assert job.tries.total() == 5


def test_the_session_of_the_same_settings_is_found_behind_newer_ones(tmp_path: Path) -> None:
    first, _ = finish(QuickJob(5, fingerprint={"fields": ("a", "b")}), tmp_path)
    finish(QuickJob(5, fingerprint={"fields": ("c",)}), tmp_path)
    job = QuickJob(5, fingerprint={"fields": ("a", "b")})

    run, _ = finish(job, tmp_path)

    assert run.sid == first.sid
    assert not job.tries


def test_other_kinds_of_jobs_are_not_looked_at(tmp_path: Path) -> None:
    finish(QuickJob(5), tmp_path)
    job, listener = QuickJob(5), Listener()
    job.kind = "shadow"

    start(job, tmp_path, reporters=[listener]).wait(WAIT_S)

    assert job.tries.total() == 5
    assert not listener.messages


def test_a_named_session_goes_on(tmp_path: Path) -> None:
    gate = threading.Event()
    job = CallingJob(40, gate=gate, open_calls=15)
    run = start(job, tmp_path, RunSettings(max_workers=2, batch_size=5))
    until(lambda: run.snapshot().batches_complete > 1)
    stop_at(gate, run, job)
    finish(CallingJob(40), tmp_path, resume=False)

    again, snapshot = finish(CallingJob(40), tmp_path, session=run.sid)

    assert again.sid == run.sid
    assert snapshot.counts.done == 40


def test_a_named_session_of_other_settings_is_refused(tmp_path: Path) -> None:
    run, _ = finish(QuickJob(5, fingerprint={"model": "a"}), tmp_path)

    with pytest.raises(InputError, match="model: a then, b now"):
        start(QuickJob(5, fingerprint={"model": "b"}), tmp_path, RunSettings(session=run.sid))


def test_a_named_session_of_other_records_is_refused_and_says_how_they_differ(tmp_path: Path) -> None:
    run, _ = finish(QuickJob(OLD), tmp_path)

    with pytest.raises(InputError, match=r"60 then, 61 now.*kept 60 · changed 0 · new 1 · gone 0"):
        start(QuickJob([*OLD, "x"]), tmp_path, RunSettings(session=run.sid))
    assert session_ids(tmp_path) == [run.sid]


def test_a_session_of_a_later_version_is_refused(tmp_path: Path) -> None:
    run, _ = finish(QuickJob(5), tmp_path)
    path = tmp_path / f"progress_{run.sid}.json"
    path.write_bytes(path.read_bytes().replace(b'"schema_version": 1', b'"schema_version": 2'))

    with pytest.raises(SchemaTooNew):
        start(QuickJob(5), tmp_path)
    finish(QuickJob(5), tmp_path, resume=False)


def test_a_damaged_batch_file_runs_again_and_is_told(tmp_path: Path) -> None:
    job = CallingJob(40, fault=lambda r, _: TimedOut("slow") if r.index == 39 else None)
    run, _ = finish(job, tmp_path, batch_size=10)
    path = next(tmp_path.glob("batch_0002_*"))
    path.write_bytes(path.read_bytes()[:100])
    again, listener = CallingJob(40), Listener()

    second = start(again, tmp_path, reporters=[listener])
    snapshot = second.wait(WAIT_S)

    assert second.sid == run.sid
    assert set(again.tries) == {f"p{n}" for n in [*range(10, 20), 39]}
    assert snapshot.counts.done == 40
    assert any(".corrupt" in text for text in listener.messages)


def test_a_session_that_is_paused_for_a_person_is_taken_up(tmp_path: Path) -> None:
    job = CallingJob(30, price_usd=0.01, latency_s=0.001)
    first = start(job, tmp_path, RunSettings(budget_usd=0.1))
    assert run_blocking(first).status is Status.STOPPED

    second, snapshot = finish(CallingJob(30, price_usd=0.01), tmp_path)

    assert second.sid == first.sid
    assert snapshot.cost_usd == pytest.approx(0.3)
