from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from shutil import copytree

import pandas as pd
import pytest

from feedeval.errors import SchemaTooNew, SessionNotFound
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.records import Status, Verdict
from feedeval.results.frames.decoding import DamagedFileWarning
from feedeval.results.frames.judgements import JUDGEMENT_COLUMNS
from feedeval.results.frames.results import FAILURE_COLUMNS, RESULT_COLUMNS
from feedeval.results.session import load_session
from tests.results.factory import SID, Plan, write_session, write_shadow_session

STORED_SHADOW = Path(__file__).parents[1] / "stored" / "shadow_offline"
LATER = "20261121_080000"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    write_session(tmp_path, Plan(failed=(3, 17)))
    return tmp_path


def test_the_latest_session_is_loaded_by_default(output: Path) -> None:
    write_session(output, Plan(sid=LATER, products=5))
    assert load_session(output_dir=output).id == LATER


def test_a_unique_beginning_is_enough(output: Path) -> None:
    write_session(output, Plan(sid=LATER, products=5))
    assert load_session("20261120", output_dir=output).id == SID


@pytest.mark.parametrize("name", ["2026112", "1999", ""])
def test_an_unknown_or_ambiguous_name_lists_what_is_there(output: Path, name: str) -> None:
    write_session(output, Plan(sid=LATER, products=5))
    with pytest.raises(SessionNotFound, match=LATER):
        load_session(name, output_dir=output)


@pytest.mark.parametrize("folder", ["", "nowhere"])
def test_a_folder_without_sessions_says_what_to_do(tmp_path: Path, folder: str) -> None:
    with pytest.raises(SessionNotFound, match="evaluate a feed first"):
        load_session(output_dir=tmp_path / folder)


def test_results_have_the_promised_columns_and_dtypes(output: Path) -> None:
    results = load_session(output_dir=output).results
    assert tuple(results.columns) == RESULT_COLUMNS
    kinds = results.dtypes.astype(str)
    assert (kinds[["yes_count", "partial_count", "no_count", "unverified_count"]] == "Int64").all()
    assert (kinds[["coverage_pct", "cost_usd"]] == "float64").all()
    assert (kinds[["product_id", "title", "name_plus_context", "judgements_json", "status", "error"]] == "str").all()


def test_every_product_has_its_row_in_the_order_of_the_feed(output: Path) -> None:
    results = load_session(output_dir=output).results
    assert results["product_id"].tolist() == [f"SKU-{i:06d}" for i in range(30)]
    assert results.index[results["status"] == "failed"].tolist() == [3, 17]


def test_a_failed_product_has_an_error_and_no_scores(output: Path) -> None:
    row = load_session(output_dir=output).results.loc[3]
    assert row["error"] == "ReplyInvalid: the reply did not fit the schema, twice"
    assert row["engine"] == "offline"
    assert pd.isna(row[["yes_count", "coverage_pct", "judgements_json", "questions_json"]]).all()


def test_counts_and_texts_agree_with_the_judgements(output: Path) -> None:
    session = load_session(output_dir=output)
    row = session.results.loc[0]
    judged = json.loads(row["judgements_json"])
    assert [j["verdict"] for j in judged].count("yes") == row["yes_count"]
    assert [q["question"] for q in json.loads(row["questions_json"])] == [j["question"] for j in judged]
    assert row["name_plus_context"].startswith(row["title"] + "\n")
    assert session.results["missing_core_fields"].tolist()[:3] == ["", "material", "material, color"]


def test_judgements_are_a_row_each_and_complete(output: Path) -> None:
    session = load_session(output_dir=output)
    judgements = session.judgements
    assert tuple(judgements.columns) == JUDGEMENT_COLUMNS
    assert len(judgements) == 28 * 4
    assert judgements["number"].tolist()[:5] == [1, 2, 3, 4, 1]
    by_product = judgements[judgements["verdict"] == "yes"].groupby("product_id").size()
    scores = session.results.set_index("product_id")["yes_count"].dropna()
    assert by_product.reindex(scores.index, fill_value=0).tolist() == scores.tolist()
    assert list(judgements["verdict"].cat.categories) == [verdict.value for verdict in Verdict]


def test_failures_and_reports_are_frames(output: Path) -> None:
    session = load_session(output_dir=output)
    assert tuple(session.failures.columns) == FAILURE_COLUMNS
    assert session.failures["batch_number"].tolist() == [1, 2]
    assert session.reports["successful"].sum() == 28
    assert session.errors["by_type"] == {"ReplyInvalid": 2}
    assert session.questions.groupby("category").size().tolist() == [4, 4, 4]


def test_changing_a_frame_changes_nothing_that_is_asked_for_next(output: Path) -> None:
    session = load_session(output_dir=output)
    frame = session.results
    frame.loc[0, "title"] = "changed"
    frame["more"] = 1
    assert session.results.loc[0, "title"] != "changed"
    assert "more" not in session.results


def test_a_session_without_a_finished_batch_has_empty_frames(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(complete=0, status=Status.STOPPED))
    session = load_session(output_dir=tmp_path)
    assert tuple(session.results.columns) == RESULT_COLUMNS
    assert len(session.results) == len(session.judgements) == len(session.failures) == len(session.reports) == 0
    assert "0 of 30 done, 30 left" in repr(session)
    assert "30 left" in session.summary().text()


def test_a_run_that_is_going_on_shows_more_after_reload(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(status=Status.RUNNING))
    late = tmp_path / f"batch_0003_{SID}.json"
    data = late.read_bytes()
    late.unlink()
    session = load_session(output_dir=tmp_path)
    assert len(session.results) == 20
    late.write_bytes(data)
    assert len(session.results) == 20
    assert len(session.reload().results) == 30


def test_a_session_whose_writer_died_is_interrupted(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(status=Status.RUNNING))
    session = load_session(output_dir=tmp_path)
    assert session.status is Status.INTERRUPTED
    assert f"feedeval resume {SID}" in session.summary().text()


def test_a_damaged_batch_is_left_out_with_a_warning_that_names_it(output: Path) -> None:
    path = output / f"batch_0002_{SID}.json"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.warns(DamagedFileWarning, match=path.name):
        assert len(load_session(output_dir=output).results) == 20


def test_a_batch_of_a_later_version_is_refused(output: Path) -> None:
    path = output / f"batch_0002_{SID}.json"
    path.write_text('{"schema_version": 99, "results": {"a": "shape of the future"}}')
    with pytest.raises(SchemaTooNew, match="Upgrade"):
        _ = load_session(output_dir=output).results


def test_a_record_in_two_batches_counts_once_and_as_done(output: Path) -> None:
    overlapping = Plan(products=40, batch_size=20)
    elsewhere = output / "other"
    write_session(elsewhere, overlapping)
    (elsewhere / f"batch_0001_{SID}.json").rename(output / f"batch_0009_{SID}.json")
    session = load_session(output_dir=output)
    assert len(session.results) == 30
    assert (session.results["status"] == "done").all()
    assert session.judgements["key"].tolist() == [f"SKU-{i:06d}" for i in range(30) for _ in range(4)]


def test_offline_results_say_that_no_language_model_was_asked(output: Path) -> None:
    session = load_session(output_dir=output)
    for shown in (repr(session), session._repr_html_(), session.summary().text(), session.summary().html()):
        assert "No language model was asked" in " ".join(shown.split())
    assert session.note == OfflineEngine.NOTE


def test_results_of_a_model_carry_no_such_note(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(engine="gpt-4o-mini", products=5))
    session = load_session(output_dir=tmp_path)
    assert session.note == ""
    assert "No language model" not in repr(session) + session._repr_html_()


def test_a_damaged_progress_file_is_shown_and_not_raised_by_a_display(output: Path) -> None:
    (output / f"progress_{SID}.json").write_text("{")
    session = load_session(output_dir=output)
    assert "damaged" in repr(session)
    assert "damaged" in session._repr_html_()


def test_a_cost_without_a_known_price_is_not_a_number(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=5, batch_size=5, engine="some-model"))
    path = tmp_path / f"batch_0001_{SID}.json"
    path.write_text(path.read_text().replace('"cost_usd":0.0004', '"cost_usd":null'))
    assert load_session(output_dir=tmp_path).results["cost_usd"].isna().all()


def test_a_session_of_another_kind_has_the_columns_of_its_records_and_values(tmp_path: Path) -> None:
    write_shadow_session(tmp_path, kind="other")
    session = load_session(output_dir=tmp_path)
    names = ["key", "image", "label", "prediction", "confidence", "engine", "cost_usd", "status", "error"]
    results = session.results
    assert list(results) == names
    assert results["prediction"].tolist()[0] == "dog" and results["confidence"].tolist()[0] == 0.75
    assert results["status"].tolist() == ["done", "failed"]
    assert results["error"][1].startswith("BadImage: ")
    assert session.judgements.empty and len(session.failures) == 1
    assert "1 of 2 done, 1 failed" in session.summary().text()
    assert "Records" in repr(session)
    assert session.consolidate(tmp_path / "shadow.csv").read_text(encoding="utf-8-sig").count("'=cat") == 1


@pytest.mark.parametrize("report", [b"null", b"[]", b'"x"', b'{"batch_number": "\xff"}'])
@pytest.mark.parametrize(
    "write",
    [write_session, partial(write_shadow_session, kind="other"), partial(copytree, STORED_SHADOW, dirs_exist_ok=True)],
    ids=["audit", "other", "shadow"],
)
def test_a_batch_whose_report_is_damaged_is_left_out_as_any_damaged_one(
    tmp_path: Path, report: bytes, write: Callable[[Path], object]
) -> None:
    write(tmp_path)
    session = load_session(output_dir=tmp_path)
    whole, path = len(session.results), session.batch_paths[0]
    assert whole
    data = path.read_bytes()
    assert data.count(b'"report":{') == 1
    at = data.index(b'"report":') + len(b'"report":')
    path.write_bytes(data[:at] + report + data[data.index(b"}", at) + 1 :])
    with pytest.warns(DamagedFileWarning, match=path.name):
        assert len(session.reload().results) < whole
