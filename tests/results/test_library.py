from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from feedeval.errors import InputError, SessionLocked, SessionNotFound
from feedeval.records import Status
from feedeval.results.library import LIST_COLUMNS, cleanup, consolidate, list_sessions, session_info
from feedeval.results.session import load_session
from feedeval.storage.paths import session_paths
from feedeval.storage.readers import session_files
from feedeval.storage.store import SessionStore
from tests.results.factory import SID, Plan, write_session

LATER = "20261121_080000"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    write_session(tmp_path, Plan(failed=(3,)))
    write_session(tmp_path, Plan(sid=LATER, products=20, engine="gpt-4o-mini", seed=1))
    return tmp_path


def test_sessions_are_listed_latest_first(output: Path) -> None:
    listed = list_sessions(output)
    assert list(listed.columns) == list(LIST_COLUMNS)
    assert listed["session"].tolist() == [LATER, SID]
    first, second = listed.iloc[0], listed.iloc[1]
    assert (second["total"], second["done"], second["failed"], second["status"]) == (30, 29, 1, "finished")
    assert first["engine"] == "gpt-4o-mini" and first["cost_usd"] == pytest.approx(20 * 0.0004)
    assert second["coverage_pct"] == pytest.approx(
        load_session(SID, output_dir=output).results["coverage_pct"].mean(), abs=0.05
    )
    assert second["size_mb"] > 0


def test_an_empty_or_missing_folder_lists_nothing(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        listed = list_sessions(folder)
        assert listed.empty and list(listed.columns) == list(LIST_COLUMNS)


def test_a_damaged_session_is_listed_as_such(output: Path) -> None:
    (output / f"progress_{SID}.json").write_text("{")
    listed = list_sessions(output).set_index("session")
    assert listed.loc[SID, "status"] == "damaged"
    assert listed.loc[LATER, "status"] == "finished"


def test_info_tells_settings_usage_and_files(output: Path) -> None:
    info = session_info(SID, output_dir=output)
    assert info["state"]["status"] == Status.FINISHED
    assert info["fingerprint"]["num_questions"] == 4
    assert info["usage"]["calls"] == 30
    assert info["files"]["batch"]["number"] == 3
    assert "No language model" in info["note"]


def test_info_does_not_show_the_secrets_of_a_feeds_address(output: Path) -> None:
    with SessionStore.open(session_paths(output, SID)) as store:
        source = {"limit": None, "url": "https://me:hush@shop.example/feed.xml?token=hush"}
        store.write_progress(store.read_progress().model_copy(update={"settings": {"source": source}}))
    settings = session_info(SID, output_dir=output)["settings"]
    assert settings["source"] == {"limit": None, "url": "https://shop.example/feed.xml?…"}


def test_the_newest_result_of_a_product_wins(output: Path, tmp_path: Path) -> None:
    table = pd.read_csv(consolidate([LATER, SID], tmp_path / "all.csv", output_dir=output))
    assert table["product_id"].tolist() == [f"SKU-{i:06d}" for i in range(30)]
    assert (table["session"] == LATER).tolist() == [i < 20 for i in range(30)]
    newest = load_session(LATER, output_dir=output).results
    assert table["coverage_pct"].tolist()[:20] == newest["coverage_pct"].tolist()


def test_a_later_failure_does_not_hide_a_result(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=10))
    write_session(tmp_path, Plan(sid=LATER, products=10, failed=(2, 4)))
    table = pd.read_csv(consolidate([SID, LATER], tmp_path / "all.csv", output_dir=tmp_path))
    assert (table["status"] == "done").all()
    assert table.index[table["session"].astype(str) == SID].tolist() == [2, 4]


def test_one_session_is_consolidated_by_itself(output: Path, tmp_path: Path) -> None:
    session = load_session(SID, output_dir=output)
    alone = pd.read_csv(session.consolidate(tmp_path / "one.csv"))
    assert list(alone.columns) == list(session.results.columns)
    assert len(alone) == 30


def test_consolidating_nothing_is_refused(output: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no session"):
        consolidate([], tmp_path / "all.csv", output_dir=output)


def test_cleanup_deletes_the_files_of_a_session_and_no_others(output: Path) -> None:
    lookalikes = [
        f"batch_0001_{SID}.json.bak",
        f"my_batch_0001_{SID}.json",
        "notes.txt",
        f"results_{SID}.csv",
        "evaluation.log",
    ]
    for name in lookalikes:
        (output / name).write_text("mine")
    others = session_files(session_paths(output, LATER))
    gone = cleanup([SID], output_dir=output)
    assert len(gone) >= 5 and not any(path.exists() for path in gone)
    assert sorted(path.name for path in output.iterdir()) == sorted([*lookalikes, *(path.name for path in others)])


def test_one_session_may_be_cleaned_up_by_its_name_alone(output: Path) -> None:
    assert cleanup(SID, output_dir=output)
    assert not session_files(session_paths(output, SID)) and session_files(session_paths(output, LATER))


def test_a_dry_run_deletes_nothing(output: Path) -> None:
    before = sorted(output.iterdir())
    assert cleanup([SID, LATER], output_dir=output, dry_run=True)
    assert sorted(output.iterdir()) == before


def test_a_running_session_stops_a_cleanup_before_anything_is_deleted(output: Path) -> None:
    before = sorted(output.iterdir())
    with SessionStore.open(session_paths(output, LATER)), pytest.raises(SessionLocked, match="nothing deleted"):
        cleanup([SID, LATER], output_dir=output)
    assert sorted(output.iterdir()) == before


@pytest.mark.parametrize("name", ["2026", "20260101_000000", "../x"])
def test_only_a_whole_name_deletes(output: Path, name: str) -> None:
    before = sorted(output.iterdir())
    with pytest.raises((InputError, SessionNotFound)):
        cleanup([name], output_dir=output)
    assert sorted(output.iterdir()) == before


def test_a_name_that_is_the_only_beginning_does_not_delete_either(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=2))
    with pytest.raises(InputError, match="whole id"):
        cleanup(["2026"], output_dir=tmp_path)
    assert session_files(session_paths(tmp_path, SID))


def test_a_session_that_has_just_been_made_can_be_listed(tmp_path: Path) -> None:
    with SessionStore.create(tmp_path, now=datetime(2026, 1, 1, tzinfo=UTC)) as store:
        store.save("questions", {"sets": []})
        assert list_sessions(tmp_path).empty
