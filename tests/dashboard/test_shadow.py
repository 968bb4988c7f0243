"""A real shadow run in the dashboard: rows that could not be read beside rows that were predicted."""

from __future__ import annotations

import pandas as pd
import pytest

from feedeval.dashboard.errors_view import errors_html
from feedeval.dashboard.overview import findings_html
from feedeval.evaluator.shadow import run_shadow
from feedeval.notebook.browser.browse import Browser, Wanted
from feedeval.notebook.browser.opened import Opened, with_agreement
from feedeval.results.session import load_session
from tests.e2e.images import CLASSES, make_labels
from tests.server import Answerer, ModelServer


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder = tmp_path_factory.mktemp("shadow")
    made = make_labels(folder / "images", 60, defects=True)
    with ModelServer(answerer=Answerer(1, truth=made.truth, error_rate=0.2)) as server:
        run_shadow(
            made.path, classes=CLASSES, model="vision", api_key="a-key", base_url=server.base_url,
            output_dir=folder / "output", progress="none",
        )  # fmt: skip
    return Opened(load_session(output_dir=folder / "output"))


def test_rows_show_what_people_and_the_model_said(opened: Opened) -> None:
    titles = [column.title for column in opened.shape.columns]
    assert titles[:5] == ["Filename", "True class", "Predicted class", "Agrees", "Confidence"]
    browser = Browser(opened.results, opened.shape)
    first = opened.results.iloc[browser.find(Wanted(sort="n2"))].iloc[0]
    assert first["agrees"] == "no"
    assert first["true_class"] != first["predicted_class"]


def test_every_row_opens_whatever_is_missing_in_it(opened: Opened) -> None:
    for row, filename in enumerate(opened.results["filename"]):
        assert pd.isna(filename) or filename in opened.record_html(row)
    failed = int((opened.results["status"] == "failed").to_numpy().argmax())
    assert "fe-failure" in opened.record_html(failed)


def test_overview_and_errors_tell_of_agreement_and_of_what_could_not_be_read(opened: Opened) -> None:
    assert "kappa" in findings_html(opened.session, opened.results)
    errors = errors_html(opened.session)
    assert "Image that cannot be used" in errors
    assert "Unreadable row" in errors


def test_agreement_looks_past_case_and_space_and_waits_for_an_answer() -> None:
    frame = pd.DataFrame({"true_class": ["Red ", "red", None, "red"], "predicted_class": ["red", "blue", "red", None]})
    assert with_agreement(frame)["agrees"].tolist()[:2] == ["yes", "no"]
    assert with_agreement(frame)["agrees"].isna().tolist() == [False, False, True, True]
    assert "agrees" not in frame
