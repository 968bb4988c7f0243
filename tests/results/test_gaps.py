"""Gaps: planted ones are ranked first, and what they promise is what filling them brings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from feedeval.errors import InputError
from feedeval.evaluator import ProductFeedEvaluator
from feedeval.results.gaps.answer_places import answer_place
from feedeval.results.session import Session, load_session
from tests.results.factory import Plan, write_session, write_shadow_session
from tests.results.planted import CATEGORIES, PLANTED, VAGUE, filler, planted_feed


def audit(feed: list[dict[str, Any]], folder: Path) -> Session:
    """Audit with the embedded engine; question sets and unchanged products are taken over from before."""
    run = ProductFeedEvaluator(model="offline", output_dir=folder).start(feed, batch_size=100, progress="none")
    run.block()
    return run.session()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planted")


@pytest.fixture(scope="module")
def session(folder: Path) -> Session:
    return audit(planted_feed(), folder)


@pytest.fixture(scope="module")
def gaps(session: Session) -> pd.DataFrame:
    return session.gaps()


def added(gaps: pd.DataFrame) -> pd.DataFrame:
    return gaps[gaps["action"] == "add"].set_index("attribute")


def missing(name: str, category: str | None = None) -> set[str]:
    return {p["id"] for p in planted_feed() if name not in p and category in (None, p["product_type"])}


def test_planted_gaps_come_first_in_the_order_of_what_they_cost(gaps: pd.DataFrame) -> None:
    # Vague weights are a gap of their own: the attribute is there, and the answer is not in it.
    found = list(zip(gaps["attribute"], gaps["action"], strict=True))[: len(PLANTED) + 1]
    assert set(found) == {(name, "add") for name in PLANTED} | {("product_weight", "extend")}
    assert found[:2] == [("material", "add"), ("color", "add")]
    assert gaps["gain"].is_monotonic_decreasing
    assert not gaps["gain"][len(found) :].any()


def test_a_gap_counts_the_products_that_lack_the_attribute_and_are_asked_about_it(
    gaps: pd.DataFrame, session: Session
) -> None:
    judgements = session.judgements
    for name in PLANTED:
        row = added(gaps).loc[name]
        open_ = judgements[(judgements["attribute"] == name) & (judgements["verdict"] == "no")]
        assert set(open_["product_id"]) <= missing(name)
        assert row["products"] == open_["product_id"].nunique() == row["open_questions"]
        assert row["required_open"] == open_["required"].sum()


@pytest.mark.parametrize("name", PLANTED)
def test_the_promised_gain_is_what_filling_brings_within_the_interval(
    name: str, folder: Path, session: Session, gaps: pd.DataFrame
) -> None:
    feed = planted_feed()
    for n, product in enumerate(feed):
        product.setdefault(name, filler(name, n))
    after = audit(feed, folder)
    measured = after.results["coverage_pct"].mean() - session.results["coverage_pct"].mean()
    row = added(gaps).loc[name]
    assert row["gain_low"] <= measured <= row["gain_high"]
    assert row["gain"] == pytest.approx(measured, rel=0.1)


def test_an_attribute_that_is_often_filled_with_nothing_of_use_promises_less(gaps: pd.DataFrame) -> None:
    rates = added(gaps)["answer_rate"]
    assert rates["material"] > 0.99
    # Half of an answer, where the value is vague.
    assert rates["product_weight"] == pytest.approx(1 - VAGUE / 2, abs=0.03)
    assert (added(gaps)["learnt_from"][list(PLANTED)] > 200).all()


def test_within_categories_each_row_is_of_its_category_and_the_whole_adds_up(
    session: Session, gaps: pd.DataFrame
) -> None:
    split = session.gaps(within="category")
    # Buyers of headphones ask for nothing that is planted.
    assert set(split["category"]) == set(CATEGORIES) - {"Electronics > Audio > Headphones"}
    assert split["gain_of_feed"].is_monotonic_decreasing
    for name in PLANTED:
        parts, whole = added(split).loc[[name]], added(gaps).loc[name]
        assert parts["gain_of_feed"].sum() == pytest.approx(whole["gain"])
        assert parts["products"].sum() == whole["products"]
    first = split.iloc[0]
    results = session.results
    now = results.loc[results["category"] == first["category"], "coverage_pct"].mean()
    assert first["coverage_pct"] == pytest.approx(now, abs=0.05)
    assert first["coverage_if_filled_pct"] == pytest.approx(first["coverage_pct"] + first["gain"])


@pytest.mark.parametrize("by", ["taxonomy", "question"])
def test_other_sums_hold_the_same_gain(session: Session, gaps: pd.DataFrame, by: str) -> None:
    frame = session.gaps(by=by)
    assert frame.columns[0] == by
    assert frame["gain"].sum() == pytest.approx(gaps["gain"].sum())
    assert frame["open_questions"].sum() == gaps["open_questions"].sum()


def test_required_fields_that_lack_are_named_though_no_question_is_open(gaps: pd.DataFrame) -> None:
    rows = added(gaps)
    apparel = [p for p in planted_feed() if p["product_type"].startswith("Apparel")]
    assert rows.loc["gender", ["products", "missing_core", "gain"]].tolist() == [0, len(apparel), 0]
    assert rows.loc["color", "missing_core"] == sum("color" not in p for p in apparel)


def test_examples_are_products_of_the_gap_with_their_open_questions(gaps: pd.DataFrame) -> None:
    lines = gaps["examples"][0].splitlines()
    assert len(lines) == 3
    for line in lines:
        product, _, question = line.partition(": ")
        assert product in missing("material")
        assert question == "What is it made of?"


def test_steps_read_as_sentences_with_the_figures_of_the_gaps(session: Session) -> None:
    steps = session.next_steps(3)
    row = session.gaps(within="category").iloc[0]
    assert len(steps) == 3
    assert str(steps[0]) == (
        f"Add `{row['attribute']}` to {row['products']} products in {row['category']}: answers 1 question each, "
        f"coverage {row['coverage_pct']:.1f} → {row['coverage_if_filled_pct']:.1f}."
    )
    assert session.next_steps(within=None).text().startswith("1. Add `material` to 2")
    assert "No language model was asked" in steps.text()
    html = session.next_steps(20)._repr_html_()
    assert "<code>material</code>" in html and "Apparel &amp; Accessories" in html


def hostile(folder: Path) -> Session:
    overrides = {n: {"product_id": "<img src=x onerror=alert(1)>", "title": "\x1b[31mred"} for n in range(30)}
    return load_session(write_session(folder, Plan(overrides=overrides)), output_dir=folder)


def test_hostile_text_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    steps = hostile(tmp_path).next_steps()
    assert "<img" not in steps._repr_html_() and "&lt;img" in steps._repr_html_()
    assert "\x1b" not in steps.text()


def test_partial_answers_and_failures_are_counted_as_they_should_be(tmp_path: Path) -> None:
    sid = write_session(tmp_path, Plan(products=60, questions=12, failed=(3, 7)))
    session = load_session(sid, output_dir=tmp_path)
    frame = session.gaps()
    results, judgements = session.results, session.judgements
    detail = frame.iloc[0]
    assert detail["attribute"] == "product_detail" and detail["of_products"] == 58
    assert detail["open_questions"] == (judgements["verdict"] != "yes").sum()
    assert detail["required_open"] == results["unanswered_required_count"].sum()
    assert detail["coverage_pct"] == pytest.approx(results["coverage_pct"].mean(), abs=0.05)
    # Nothing can be learnt of the only attribute, so the interval is wide.
    assert detail["learnt_from"] == 0 and detail["answer_rate"] == 1
    assert detail["gain_low"] < 0.6 * detail["gain"]


def test_a_session_without_any_product_has_no_gaps(tmp_path: Path) -> None:
    sid = write_session(tmp_path, Plan(products=4, failed=(0, 1, 2, 3)))
    session = load_session(sid, output_dir=tmp_path)
    assert session.gaps().empty and len(session.next_steps()) == 0
    for text in (str(session.next_steps()), session.next_steps()._repr_html_()):
        assert "No product is done" in text and "4 products failed" in text and "nothing to add" not in text
    with pytest.raises(InputError, match="no product that is done"):
        session.fix_file(tmp_path / "fixes.tsv")


def test_steps_of_an_unfinished_audit_say_what_they_do_not_count(tmp_path: Path) -> None:
    run = ProductFeedEvaluator(model="offline", output_dir=tmp_path).start(
        planted_feed(1000), batch_size=5, progress="none"
    )
    assert run.sid, "one that is stopped before it begins leaves no session"
    run.stop()
    run.wait(60)
    session = run.session()
    left = session.progress.counts.left
    said = session.next_steps().text()
    assert left and f"{left:,} of 1,000 products are left and not counted" in said


def test_what_cannot_be_summed_up_is_refused(session: Session, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="attribute, taxonomy, question"):
        session.gaps(by="colour")
    with pytest.raises(InputError, match="category"):
        session.gaps(within="brand")
    with pytest.raises(InputError, match="n=0"):
        session.next_steps(0)
    other = load_session(write_shadow_session(tmp_path), output_dir=tmp_path)
    with pytest.raises(InputError, match="only an audit"):
        other.gaps()


@pytest.mark.parametrize(
    ("named", "label"),
    [
        ("Colour", "color"),
        ("product_detail (battery life)", "product_detail (battery life)"),
        ("battery_life", "product_detail (battery life)"),
        ("productDetail.Battery life", "product_detail (battery life)"),
        ("product_length, product_width and product_height", "product_length, product_width, product_height"),
        ("size or description", "size"),
        ("product_detail", "product_detail"),
        ("burner_type", "burner_type"),
        ("", "question_and_answer"),
        ("the shop should say somewhere in its long text what the thing is good for", "question_and_answer"),
    ],
)
def test_what_a_judge_names_is_read_as_an_attribute_of_the_feed(named: str, label: str) -> None:
    assert answer_place(named, {"burner_type"}).label == label
