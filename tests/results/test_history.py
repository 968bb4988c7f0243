"""Many audits of one shop."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

import feedeval as fe
from feedeval.errors import InputError, SessionNotFound
from tests.results.audits import QUESTIONS, Planted, write
from tests.results.factory import write_shadow_session

OTHER = {"Home": (("Is it dishwasher safe?", "Care", True), *QUESTIONS[1:])}
SHOP = {"path": "/feeds/shop.xml"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    first = Planted({"A": "ynn", "B": "nnn"}, sid="20260101_090000", source=SHOP, cost_usd=0.5)
    write(tmp_path, first)
    write(tmp_path, dataclasses.replace(first, sid="20260201_090000", questions=OTHER, cost_usd=None))
    write(tmp_path, dataclasses.replace(first, sid="20260301_090000", verdicts={"A": "yyy", "B": "", "C": "yyy"}))
    write(tmp_path, dataclasses.replace(first, sid="20260401_090000", engine="other-model", left=2))
    write(tmp_path, dataclasses.replace(first, sid="20260501_090000", source={"url": "https://s.example/f.xml?key=s3"}))
    return tmp_path


def test_a_row_an_audit_with_its_figures_the_earliest_first(folder: Path) -> None:
    frame = fe.history(folder)
    assert frame["session"].is_monotonic_increasing and len(frame) == 5
    assert frame["coverage_pct"].tolist() == [25.0, 25.0, 100.0, 25.0, 25.0]
    assert frame["failed"].tolist() == [0, 0, 1, 0, 0] and frame.loc[2, "failed_share"] == pytest.approx(1 / 3)
    assert (frame["low"] <= frame["coverage_pct"]).all() and (frame["high"] >= frame["coverage_pct"]).all()
    assert frame["cost_usd"].isna().tolist() == [False, True, False, False, False]
    assert frame.loc[3, ["status", "products", "done"]].tolist() == ["stopped", 4, 2]
    assert isinstance(frame["started"].dtype, pd.StringDtype) and str(frame["products"].dtype) == "Int64"


def test_audits_that_asked_the_same_by_the_same_engine_have_the_same_letter(folder: Path) -> None:
    assert fe.history(folder)["comparable"].tolist() == ["A", "B", "A", "C", "A"]


def test_a_new_category_leaves_audits_comparable_and_a_changed_one_does_not(tmp_path: Path) -> None:
    both = {"A": "Home", "B": "Garden"}
    write(tmp_path, Planted({"A": "nnn"}))
    write(tmp_path, Planted({"A": "nnn", "B": "nnn"}, sid="20261201_090000", categories=both))
    changed = {"Garden": OTHER["Home"]}
    write(tmp_path, Planted({"A": "nnn", "B": "nnn"}, sid="20261202_090000", categories=both, questions=changed))
    assert fe.history(tmp_path)["comparable"].tolist() == ["A", "A", "B"]


def test_two_shops_that_were_asked_the_same_are_no_line(tmp_path: Path) -> None:
    first = Planted({"A": "ynn", "B": "nnn"}, sid="20260101_090000", source={"path": "/feeds/one.xml"})
    write(tmp_path, first)
    other = dataclasses.replace(first, verdicts={"X": "yyy"}, source={"path": "/feeds/other.xml"})
    write(tmp_path, dataclasses.replace(other, sid="20260102_090000"))
    renamed = dataclasses.replace(first, verdicts={"B": "yyy", "C": "yyy"}, source={"path": "/feeds/one_new.xml"})
    write(tmp_path, dataclasses.replace(renamed, sid="20260103_090000"))
    # Frames say nothing of their shop.
    write(tmp_path, dataclasses.replace(first, sid="20260104_090000", source={"kind": "frame"}))
    write(tmp_path, dataclasses.replace(other, sid="20260105_090000", source={"kind": "frame"}))
    assert fe.history(tmp_path)["comparable"].tolist() == ["A", "B", "A", "A", "B"]


@pytest.mark.parametrize(
    ("feed", "sessions"),
    [
        ("/feeds/shop.xml", 4),
        ("shop.xml", 4),
        ("sh*.xml", 4),
        ("https://s.example/f.xml?key=other", 1),
        (Path("/feeds/shop.xml"), 4),
    ],
)
def test_the_audits_of_one_feed_are_found_by_path_address_name_or_pattern(
    folder: Path, feed: str | Path, sessions: int
) -> None:
    assert len(fe.history(folder, feed=feed)) == sessions


def test_no_secret_of_an_address_is_shown(folder: Path) -> None:
    assert "s3" not in fe.history(folder).to_string()


def test_sessions_may_be_named_one_by_one(folder: Path) -> None:
    chosen = [fe.load_session("20260301", output_dir=folder), "20260101"]
    assert fe.history(chosen, output_dir=folder)["session"].tolist() == ["20260101_090000", "20260301_090000"]
    with pytest.raises(SessionNotFound):
        fe.history(["20990101"], output_dir=folder)


def test_what_is_no_audit_is_left_out_of_a_folder_and_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path, Planted({"A": "nnn"}, sid="20260101_090000"))
    shadow = write_shadow_session(tmp_path)
    assert len(fe.history(tmp_path)) == 1
    with pytest.raises(InputError, match="of the kind shadow"):
        fe.history([shadow], output_dir=tmp_path)


def test_a_folder_without_audits_is_named(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="no audit in"):
        fe.history(tmp_path / "none")
    with pytest.raises(InputError, match="no audit of other"):
        fe.history(folder, feed="other.xml")
