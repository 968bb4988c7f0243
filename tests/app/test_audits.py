"""The audits of a folder, as the app offers them."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import feedeval as fe
from feedeval.app.audits import audits_of, card, local_time
from feedeval.app.following import AuditsOfFolder
from feedeval.records import Status
from feedeval.results.session import Session, load_session
from feedeval.storage.requests import Action
from tests.e2e.support import KEY, make_feed, until
from tests.results.factory import SID, Plan, write_session
from tests.server import ModelServer

ROOT = Path(__file__).resolve().parents[2]
PRODUCTS = 600
"""So many that a run of four calls at a time goes on for more than a minute."""


class Hands:
    """What the rest of the app was asked to do."""

    def __init__(self) -> None:
        self.runs: list[object] = []
        self.sessions: list[Session] = []

    def attach(self, run: object) -> None:
        self.runs.append(run)

    def show_session(self, session: Session) -> None:
        self.sessions.append(session)

    def key(self) -> str | None:
        return None


def test_earlier_audits_are_offered_the_latest_first_and_others_are_not(tmp_path: Path) -> None:
    write_session(tmp_path, Plan())
    write_session(tmp_path, Plan(sid="20261121_080000", status=Status.RUNNING, complete=1))
    (tmp_path / "progress_20261122_080000.json").write_text("{")

    first, second = audits_of(tmp_path)

    assert (first.sid, first.status, second.sid) == ("20261121_080000", Status.INTERRUPTED, SID)
    assert not first.elsewhere and "It is not running" in card(first)
    assert "interrupted, 10 of 30 products" in first.title


def test_what_comes_from_a_feed_is_shown_as_text(tmp_path: Path) -> None:
    write_session(tmp_path, Plan())
    (audit,) = audits_of(tmp_path)
    assert "<script" not in card(audit)


def test_a_time_is_shown_as_people_write_it() -> None:
    assert local_time("no time") == "?"
    assert "T" not in local_time("2026-01-31T14:25:00+00:00")


def test_a_page_that_is_opened_anew_leads_to_the_results_of_the_latest_audit(tmp_path: Path) -> None:
    write_session(tmp_path, Plan())
    hands = Hands()
    audits = AuditsOfFolder(tmp_path, hands)
    audits.open()
    until(lambda: audits.box.shown is not None, "the audit")
    assert audits.box._choice.value == SID
    audits.box.results_button.click()
    until(lambda: bool(hands.sessions), "its results")
    assert hands.sessions[0].id == SID


def test_a_run_of_this_kernel_is_attached_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OPENAI_")]:
        monkeypatch.delenv(name)
    with ModelServer(held_after=10) as server:
        ev = fe.ProductFeedEvaluator(KEY, "gpt-4o-mini", base_url=server.base_url, output_dir=tmp_path)
        run = ev.start(make_feed(PRODUCTS), progress="none")
        assert run.sid, "before it has begun nobody finds it in the folder"
        hands = Hands()
        audits = AuditsOfFolder(tmp_path, hands)
        audits.open()
        until(lambda: bool(hands.runs), "the run")
        assert hands.runs == [run]
        run.stop()
        server.configure(held_after=None)
        run.wait()
    gc.collect()


_RUN = """
    import sys, feedeval as fe
    sys.path.insert(0, {root!r})
    from tests.e2e.support import make_feed
    ev = fe.ProductFeedEvaluator({key!r}, "gpt-4o-mini", base_url={url!r}, output_dir={output!r})
    ev.start(make_feed({products}), progress="none", max_in_flight=4).wait()
"""


def test_a_run_of_another_process_is_followed_paused_and_stopped(tmp_path: Path) -> None:
    output, hands = tmp_path / "output", Hands()
    with ModelServer(latency_s=0.5) as server:
        code = _RUN.format(root=str(ROOT), key=KEY, url=server.base_url, output=str(output), products=PRODUCTS)
        process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)])
        try:
            until(lambda: bool(list(output.glob("batch_*"))), "its first batch")
            audits = AuditsOfFolder(output, hands)
            audits.open()
            until(lambda: audits.box.shown is not None, "the audit")
            assert audits.box.pause_button.layout.display is None
            audits.request(Action.PAUSE)
            until(lambda: audits.box.shown is not None and audits.box.shown.status is Status.PAUSED, "the pause")
            assert audits.box.resume_button.layout.display is None
            assert "another window" in audits.box._card.widget.value
            audits.request(Action.STOP)
            assert process.wait(60) == 0
            until(lambda: audits.box.shown is not None and not audits.box.shown.writer, "the end")
            assert load_session(output_dir=output).status is Status.STOPPED
            assert hands.sessions == []
        finally:
            process.kill()
            process.wait()
