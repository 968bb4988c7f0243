from __future__ import annotations

import copy
import dataclasses
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import feedeval as fe
from feedeval.errors import InputError
from tests.e2e.support import CATEGORIES, make_feed
from tests.results.audits import QUESTIONS, Planted, write

LATER = "20261102_090000"


def many(count: int, seed: int = 0) -> dict[str, str]:
    rng = random.Random(seed)
    return {f"P{n:04d}": "".join(rng.choices("ypn", k=len(QUESTIONS))) for n in range(count)}


def compared(folder: Path, before: Planted, after: Planted, **options: Any) -> fe.Comparison:
    first = write(folder, before)
    return fe.compare(first, write(folder, dataclasses.replace(after, sid=LATER)), **options)


def test_a_session_compared_with_itself_is_zero_everywhere(tmp_path: Path) -> None:
    session = write(tmp_path, Planted(many(40)))
    found = fe.compare(session, session.id, output_dir=tmp_path)
    assert found.compared == 40 and found.change == (0, 0, 0) and found.answered == (0, 0, 0)
    assert (found.gained, found.lost, found.p_value) == (0, 0, 1.0)
    assert found.coverage_before_pct == found.coverage_after_pct == session.results["coverage_pct"].mean()
    for frame in (found.better, found.worse, found.changes, found.new, found.gone):
        assert frame.empty
    for frame, names in (
        (found.products, ["change", "gained", "lost"]),
        (found.questions, ["gained", "lost", "better", "worse"]),
        (found.categories, ["change", "low", "high"]),
        (found.taxonomies, ["change", "low", "high"]),
    ):
        assert len(frame) and not frame[names].to_numpy(dtype=float).any()
    assert "Nothing changed" in str(found) and "Nothing changed" in found._repr_html_()


def test_planted_changes_are_found_and_nothing_else(tmp_path: Path) -> None:
    before = many(50)
    before |= {"A": "nyn", "B": "yyy", "C": "pnn", "OLD": "yyy", "BROKEN": "", "TORN": "yyn"}
    after = copy.copy(before)
    after |= {"A": "yyn", "B": "yyp", "C": "ynn", "NEW": "nnn", "NEW-FAILED": "", "TORN": ""}
    del after["OLD"]
    found = compared(tmp_path, Planted(before), Planted(dict(reversed(after.items()))))
    assert found.compared == 53 and found.failed == 2 and found.other_questions == 0
    changes = found.changes.sort_values("key")
    assert changes[["key", "question", "before", "after"]].to_numpy().tolist() == [
        ["A", QUESTIONS[0][0], "no", "yes"],
        ["B", QUESTIONS[2][0], "yes", "partial"],
        ["C", QUESTIONS[0][0], "partial", "yes"],
    ]
    assert found.better[["key", "change", "gained"]].to_numpy().tolist() == [["A", 50.0, 1], ["C", 25.0, 1]]
    assert found.worse[["key", "change", "lost"]].to_numpy().tolist() == [["B", -12.5, 1]]
    assert (found.gained, found.lost) == (2, 1) and found.p_value == 1.0
    assert found.change.estimate == pytest.approx((50 + 25 - 12.5) / 53)
    assert found.answered.estimate == pytest.approx(100 * (2 - 1) / (53 * 3))
    assert set(found.new["key"]) == {"NEW", "NEW-FAILED"} and found.gone["key"].tolist() == ["OLD"]
    assert found.new.set_index("key")["coverage_pct"].isna().to_dict() == {"NEW": False, "NEW-FAILED": True}
    by_question = found.questions.set_index("question")
    assert by_question.loc[QUESTIONS[0][0], ["gained", "lost", "better", "worse"]].tolist() == [2, 0, 2, 0]
    assert by_question.loc[QUESTIONS[1][0], ["gained", "lost", "better", "worse"]].tolist() == [0, 0, 0, 0]
    assert by_question.loc[QUESTIONS[2][0], ["gained", "lost", "better", "worse"]].tolist() == [0, 1, 0, 1]
    assert found.products["key"].tolist() == [
        key for key in reversed(after) if key in before and before[key] and after[key]
    ]


def test_categories_and_topics_are_told_apart(tmp_path: Path) -> None:
    keys = [f"P{n}" for n in range(8)]
    categories = {key: "Home" if n < 4 else "Garden" for n, key in enumerate(keys)}
    before = Planted(dict.fromkeys(keys, "nnn"), categories=categories)
    after = Planted({key: "ynn" if categories[key] == "Garden" else "nnn" for key in keys}, categories=categories)
    found = compared(tmp_path, before, after)
    by_category = found.categories.set_index("category")
    assert by_category.loc["Home", ["products", "change"]].tolist() == [4, 0.0]
    assert by_category.loc["Garden", ["products", "change", "low", "high"]].tolist() == [4, 50.0, 50.0, 50.0]
    by_topic = found.taxonomies.set_index("taxonomy")
    assert by_topic.loc["Materials", ["judgements", "coverage_after_pct"]].tolist() == [8, 50.0]
    assert by_topic.loc["Care", "change"] == 0.0


def test_the_interval_holds_the_true_change_about_as_often_as_it_says(tmp_path: Path) -> None:
    rng = random.Random(1)
    truth = 100 * 2 / 4 * 0.3
    held = 0
    for round_ in range(40):
        before = dict.fromkeys([f"P{n}" for n in range(60)], "nnn")
        after = {key: "ynn" if rng.random() < 0.3 else "nnn" for key in before}
        found = compared(tmp_path / str(round_), Planted(before), Planted(after))
        held += found.change.low <= truth <= found.change.high
    assert 33 <= held <= 40


def test_many_gains_and_few_losses_are_no_chance(tmp_path: Path) -> None:
    before = {f"P{n}": "nyn" for n in range(30)}
    after = {key: "yyn" if n < 20 else "nnn" if n < 22 else "nyn" for n, key in enumerate(before)}
    found = compared(tmp_path, Planted(before), Planted(after))
    # Exact two-sided binomial: twice the chance of at most 2 heads in 22 throws.
    assert found.p_value == pytest.approx(2 * (1 + 22 + 231) / 2**22)
    assert found.headline.startswith("The feed answers more")
    back = fe.compare(found.after, found.before)
    assert back.headline.startswith("The feed answers less") and back.change.estimate == -found.change.estimate


def test_other_questions_cannot_be_compared_and_the_way_out_is_named(tmp_path: Path) -> None:
    verdicts = {"A": "yyn", "B": "ynn"}
    other = {"Home": (("Is it dishwasher safe?", "Care", True), *QUESTIONS[1:])}
    with pytest.raises(InputError, match="question_set='20261101_090000'"):
        compared(tmp_path, Planted(verdicts), Planted(verdicts, questions=other))


def test_products_that_were_asked_other_questions_are_left_out_with_a_note(tmp_path: Path) -> None:
    moved = {"A": "Garden"}
    asked = {"Garden": (("Does it stand frost?", "Use", True), *QUESTIONS[1:])}
    found = compared(
        tmp_path,
        Planted({"A": "nnn", "B": "nnn"}),
        Planted({"A": "yyy", "B": "ynn"}, categories=moved, questions=asked),
    )
    assert found.compared == 1 and found.other_questions == 1 and found.products["key"].tolist() == ["B"]
    assert any("1 products were asked other questions" in note for note in found.notes)


def test_a_question_that_is_required_in_one_only_is_another_question(tmp_path: Path) -> None:
    text, topic, _ = QUESTIONS[0]
    with pytest.raises(InputError, match="asked other questions"):
        compared(
            tmp_path,
            Planted({"A": "nnn"}),
            Planted({"A": "ynn"}, questions={"Home": ((text, topic, False), *QUESTIONS[1:])}),
        )


def test_feeds_without_a_common_product_are_told_apart_from_other_questions(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no product in common"):
        compared(tmp_path, Planted({"A": "nnn"}), Planted({"B": "nnn"}))


def test_another_engine_is_refused_unless_that_is_what_is_compared(tmp_path: Path) -> None:
    before, after = Planted({"A": "nnn"}), Planted({"A": "ynn"}, engine="other-model")
    with pytest.raises(InputError, match="other_engine=True"):
        compared(tmp_path, before, after)
    found = fe.compare("20261101", "20261102", output_dir=tmp_path, other_engine=True)
    assert any("Two engines judged" in note for note in found.notes) and found.compared == 1


def test_what_else_differs_stands_in_a_note(tmp_path: Path) -> None:
    found = compared(tmp_path, Planted({"A": "nnn"}), Planted({"A": "ynn"}, fingerprint={"fields": ["title"]}, left=3))
    assert any("fields: descriptive before, ['title'] after" in note for note in found.notes)
    assert any("is not finished: 3 products" in note for note in found.notes)


def test_a_sample_is_said_to_be_one(tmp_path: Path) -> None:
    drawn = {"path": "/feeds/shop.xml", "sample": {"drawn": 1, "of": 30, "by": "brand", "strata": {"Home": 30}}}
    found = compared(tmp_path, Planted({"A": "nnn"}), Planted({"A": "ynn"}, source=drawn))
    assert any("audited a sample of 1 of 30 products" in note for note in found.notes)


def test_what_a_sample_left_out_is_not_gone(tmp_path: Path) -> None:
    everything = Planted({"A": "nnn", "B": "nnn", "C": "ynn"})
    drawn = {"path": "/feeds/shop.xml", "sample": {"drawn": 1, "of": 3, "by": "brand", "strata": {"Home": 3}}}
    found = compared(tmp_path, everything, Planted({"A": "nnn"}, source=drawn))
    assert found.gone.empty and "0 new, unknown gone" in found.text()
    found = fe.compare(found.after, found.before)
    assert found.new.empty and "unknown new, 0 gone" in found.text()


def test_a_comparison_is_frozen_and_its_html_is_escaped(tmp_path: Path) -> None:
    questions = {"Home": (("<script>alert(1)</script>", "Care", False), *QUESTIONS[1:])}
    found = compared(tmp_path, Planted({"A": "nnn"}, questions=questions), Planted({"A": "ynn"}, questions=questions))
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.compared = 3  # type: ignore[misc]
    html = found._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;" in html
    assert "http" not in str(found) and 'href="https://shop.example/A"' in html


def test_the_columns_have_the_documented_types(tmp_path: Path) -> None:
    found = compared(tmp_path, Planted(many(5)), Planted(many(5, seed=1)))
    assert found.products["change"].dtype == np.float64 and str(found.products["gained"].dtype) == "Int64"
    assert found.questions["required"].dtype == bool
    assert isinstance(found.changes["before"].dtype, pd.StringDtype)
    assert list(found.new.columns) == ["key", "product_id", "title", "category", "coverage_pct"]


def test_a_feed_whose_materials_were_filled_in_has_changed_there_and_nowhere_else(tmp_path: Path) -> None:
    feed = [
        {**product, "description": f"Article {n}.", "product_type": CATEGORIES[n % 2]}
        for n, product in enumerate(make_feed(60))
    ]
    by = fe.ProductFeedEvaluator(model="offline", output_dir=tmp_path)
    sessions = []
    filled = {"P-00003", "P-00010", "P-00031", "P-00044", "P-00057"}
    for products in (feed, [{**p, "material": "solid oak"} if p["id"] in filled else p for p in feed]):
        run = by.start(products, progress="none")
        run.wait(60)
        sessions.append(run.session())
    found = fe.compare(*sessions)
    assert found.compared == 60 and set(found.better["key"]) == filled and found.worse.empty
    assert set(found.changes["question"]) == {"What is it made of?"} and set(found.changes["after"]) == {"yes"}
    assert (found.gained, found.lost) == (5, 0)
    measured = [session.results["coverage_pct"].mean() for session in sessions]
    assert found.change.estimate == pytest.approx(measured[1] - measured[0])
    assert found.change.low > 0
