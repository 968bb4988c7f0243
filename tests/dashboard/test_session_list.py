from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from feedeval.dashboard.session_list import (
    age,
    listing_html,
    listing_text,
    refreshed,
    session_rows,
    size_words,
    worked_on,
)
from feedeval.formatting import brief_money
from feedeval.records import Status
from feedeval.results.library import list_sessions
from feedeval.storage.paths import session_paths
from feedeval.storage.store import SessionStore
from tests.results.audits import Planted, write
from tests.results.factory import Plan, write_session, write_shadow_session

NOW = datetime.fromisoformat("2026-11-20T13:15:03+00:00")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_session(tmp_path, Plan(sid="20261101_090000", failed=(3,)))
    write_session(tmp_path, Plan(sid="20261102_090000", complete=1, status=Status.RUNNING))
    (tmp_path / "progress_20261103_090000.json").write_text("{broken", encoding="utf-8")
    return tmp_path


def shown(folder: Path) -> dict[str, str]:
    frame = list_sessions(folder)
    return {row.tip.removeprefix("Open session "): " | ".join(row.cells) for row in session_rows(frame, folder, NOW)}


def test_a_row_says_state_in_a_word_what_it_is_and_how_far_it_got(folder: Path) -> None:
    rows = shown(folder)
    for word in ("Finished", "Feed audit", "29 of 30 · 1 failed", "3 h ago", "$0.00", "%"):
        assert word in rows["20261101_090000"]
    assert "Interrupted" in rows["20261102_090000"]
    assert "10 of 30" in rows["20261102_090000"]


def test_a_damaged_session_is_listed_as_such(folder: Path) -> None:
    assert "Damaged" in shown(folder)["20261103_090000"]
    assert "Damaged" in listing_html(list_sessions(folder), folder, NOW)
    assert "Damaged" in listing_text(list_sessions(folder), folder, NOW)


def test_sessions_of_other_kinds_are_listed_by_their_name(tmp_path: Path) -> None:
    write_shadow_session(tmp_path)
    assert "Shadow mode" in next(iter(shown(tmp_path).values()))


def test_a_folder_without_sessions_says_what_to_do(tmp_path: Path) -> None:
    frame = list_sessions(tmp_path / "nowhere")
    assert "audit a feed" in listing_text(frame, tmp_path, NOW)
    assert "audit a feed" in listing_html(frame, tmp_path, NOW)


def test_the_name_of_a_hostile_folder_is_text(tmp_path: Path) -> None:
    folder = tmp_path / "<img src=x onerror=alert(1)>"
    assert "<img" not in listing_html(list_sessions(folder), folder, NOW)


def test_nobody_works_on_a_session_that_was_interrupted(folder: Path) -> None:
    assert worked_on(list_sessions(folder), folder) == []


def test_a_session_that_is_held_moves_and_its_counts_are_read_anew(folder: Path) -> None:
    with SessionStore.open(session_paths(folder, "20261102_090000")) as store:
        before = list_sessions(folder)
        assert worked_on(before, folder) == ["20261102_090000"]
        progress = store.read_progress()
        counts = progress.counts.model_copy(update={"done": 17})
        store.write_progress(progress.model_copy(update={"counts": counts}))
        after = refreshed(before, folder, ["20261102_090000"])
        assert after.set_index("session").at["20261102_090000", "done"] == 17
        assert before.set_index("session").at["20261102_090000", "done"] == 10
        assert pd.Series(after.dtypes).equals(pd.Series(before.dtypes))
    ended = refreshed(after, folder, ["20261102_090000"])
    assert ended.set_index("session").at["20261102_090000", "status"] == "interrupted"


def test_a_session_that_came_in_the_meantime_is_listed(folder: Path) -> None:
    before = list_sessions(folder)
    write_session(folder, Plan(sid="20261104_090000"))
    assert "20261104_090000" in set(refreshed(before, folder, [])["session"])


@pytest.mark.parametrize(
    ("timestamp", "words"),
    [
        ("2026-11-20T13:15:00+00:00", "just now"),
        ("2026-11-20T13:10:00+00:00", "5 min ago"),
        ("2026-11-20T10:15:03+00:00", "3 h ago"),
        ("2026-11-19T10:15:03+00:00", "1 day ago"),
        ("2026-11-10T10:15:03+01:00", "10 days ago"),
        ("2027-01-01T00:00:00+00:00", "just now"),
        ("no time", "–"),
        (None, "–"),
    ],
)
def test_ages(timestamp: object, words: str) -> None:
    assert age(timestamp, NOW) == words


def test_amounts_and_sizes_in_a_few_characters() -> None:
    assert [brief_money(value) for value in (0.0, 0.004, 1234.5, float("nan"), None)] == [
        *("$0.00", "< $0.01", "$1,234.50", "not known", "not known")
    ]
    assert [size_words(value) for value in (0.01, 1.25, 437.1, float("nan"))] == ["< 0.1 MB", "1.2 MB", "437 MB", "–"]


def test_a_session_is_listed_by_its_name_with_feed_engine_and_date(tmp_path: Path) -> None:
    session = write(tmp_path, Planted({"A": "ynn"}, name="May <b>audit"))
    row = session_rows(list_sessions(tmp_path), tmp_path, NOW)[0]
    assert row.words == "May <b>audit" and row.tip == f"Open session {session.id}"
    for word in ("shop.xml", session.id, "some-model", "1 Nov 2026"):
        assert word in " | ".join(row.cells)
    assert "May <b>audit" in listing_text(list_sessions(tmp_path), tmp_path, NOW)
    assert "<b>audit" not in listing_html(list_sessions(tmp_path), tmp_path, NOW)


def test_sessions_of_earlier_versions_are_listed_by_their_file(tmp_path: Path) -> None:
    write(tmp_path, Planted({"A": "ynn"}))
    assert session_rows(list_sessions(tmp_path), tmp_path, NOW)[0].words == "shop.xml"


def test_images_are_not_called_products(tmp_path: Path) -> None:
    write_shadow_session(tmp_path)
    assert " images" in next(iter(shown(tmp_path).values()))
