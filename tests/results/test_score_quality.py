"""What coverage can carry is said where it matters, and only there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from feedeval.results.score_quality import ScoreQuality, score_quality
from feedeval.results.session import load_session
from tests.results.audits import Planted, write
from tests.results.factory import Plan, write_session


def judged(scores: np.ndarray, **columns: Any) -> pd.DataFrame:
    """Return a row a judgement, from a row a product and a column a question."""
    products, questions = scores.shape
    given = {"category": np.zeros(products, dtype=int), "text_length": np.arange(products)[::-1], **columns}
    return pd.DataFrame(
        {
            "product": np.repeat(np.arange(products), questions),
            "category": np.repeat(given["category"], questions),
            "question": np.tile(np.arange(questions), products),
            "required": np.tile(given.get("required", np.zeros(questions, dtype=bool)), products),
            "score": scores.ravel(),
            "text_length": np.repeat(given["text_length"], questions),
        }
    )


def by_ability(products: int, questions: int, noise: float, seed: int = 1) -> np.ndarray:
    """Return answers that depend on how much a product says, and on chance."""
    rng = np.random.default_rng(seed)
    able = rng.normal(size=(products, 1))
    return (able + noise * rng.normal(size=(products, questions)) > 0).astype(float)


def test_products_at_one_score_are_ties() -> None:
    scores = np.tile([1.0, 0.0, 0.0, 0.0], (50, 1))
    scores[:3] = [[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0]]
    found = score_quality(judged(scores))
    assert (found.tied, found.tied_pct, found.products) == (0.94, 25.0, 50)
    assert (
        found.sentences["Same score"] == "94 % of products have the same coverage: rank them by what they lack instead"
    )


def test_coverage_is_weighed_as_everywhere() -> None:
    found = score_quality(judged(np.tile([1.0, 0.5, 0.0], (12, 1)), required=np.array([True, False, False])))
    assert found.tied_pct == 62.5


def test_questions_that_all_answer_alike_tell_nothing_apart() -> None:
    scores = np.tile([1.0, 0.0, 0.0, 0.0, 1.0, 0.0], (40, 1))
    scores[:20, 1] = 1.0
    found = score_quality(judged(scores))
    assert (found.questions, found.telling) == (6, 1)
    assert found.sentences["Spread"].startswith("only 1 of 6 questions is answered differently")
    # The same answers, in categories that are too small to tell.
    few = score_quality(judged(scores, category=np.arange(40) // 4))
    assert (few.questions, few.telling) == (0, 0) and "Spread" not in few.sentences
    # What differs between categories alone tells no products of a category apart.
    apart = score_quality(judged(scores, category=(np.arange(40) >= 20).astype(int)))
    assert (apart.questions, apart.telling) == (12, 0)


def test_reliability_is_that_of_spearman_and_brown() -> None:
    steady, shaky = (score_quality(judged(by_ability(2000, 12, noise))) for noise in (0.7, 6.0))
    assert steady.reliability > 0.85 and "Ranking" not in steady.sentences
    assert shaky.reliability < 0.4 and f"{shaky.reliability:.2f}" in shaky.sentences["Ranking"]
    # Answers are as reliable as their covariances say (Kuder and Richardson's formula 20).
    answers = by_ability(2000, 12, 1.5)
    items, whole = answers.var(axis=0, ddof=1).sum(), answers.sum(axis=1).var(ddof=1)
    assert score_quality(judged(answers)).reliability == pytest.approx(12 / 11 * (1 - items / whole), abs=0.01)


def test_differences_between_categories_make_nothing_reliable() -> None:
    rng = np.random.default_rng(2)
    category = np.arange(400) % 2
    scores = (rng.random((400, 10)) < np.where(category, 0.9, 0.1)[:, None]).astype(float)
    assert abs(score_quality(judged(scores, category=category)).reliability) < 0.25
    assert score_quality(judged(scores)).reliability > 0.8


def test_a_score_that_follows_the_length_is_said_to() -> None:
    scores = by_ability(200, 12, 1.0)
    means = scores.mean(axis=1)
    found = score_quality(judged(scores, text_length=np.argsort(np.argsort(means, kind="stable"))))
    assert found.length_correlation > 0.9 and "rank correlation 1.00" in found.sentences["Text length"]
    short = score_quality(judged(scores, text_length=-np.argsort(np.argsort(means, kind="stable"))))
    assert short.length_correlation < -0.9 and "Text length" not in short.sentences


def test_scores_that_carry_need_no_word() -> None:
    assert score_quality(judged(by_ability(300, 12, 0.8), text_length=np.arange(300))).sentences == {}


def test_of_few_products_or_none_nothing_is_said() -> None:
    assert score_quality(judged(np.zeros((9, 4)))).sentences == {}
    nothing = score_quality(judged(np.full((20, 4), np.nan)))
    assert nothing.products == 0 and nothing.sentences == {} and np.isnan(nothing.tied)


def test_of_too_few_products_no_correlation_is_told() -> None:
    few = score_quality(judged(by_ability(20, 12, 6.0)))
    assert few.reliability < 0.7 and "Ranking" not in few.sentences


def test_judgements_that_do_not_count_are_left_out() -> None:
    scores = by_ability(100, 8, 1.0)
    holes = np.where(np.random.default_rng(3).random(scores.shape) < 0.3, np.nan, scores)
    found = score_quality(judged(holes))
    assert found == score_quality(judged(holes).dropna()) and 0 < found.reliability < 1


def test_the_same_judgements_give_the_same_figures() -> None:
    frame = judged(by_ability(150, 9, 2.0))
    assert score_quality(frame) == score_quality(frame)
    assert isinstance(score_quality(frame), ScoreQuality)


def tied(folder: Path) -> None:
    write(folder, Planted({**{f"P{n}": "yyn" for n in range(19)}, "P19": "ynn"}))


def test_session_and_summary_say_what_coverage_cannot_carry(tmp_path: Path) -> None:
    tied(tmp_path)
    session = load_session(output_dir=tmp_path)
    sentence = "95 % of products have the same coverage: rank them by what they lack instead"
    assert session.score_quality.tied == 0.95
    assert sentence in str(session.summary()) and sentence in session.summary().html() and sentence in repr(session)
    assert sentence in session._repr_html_()


def test_scores_of_a_session_are_those_of_its_judgements(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=60, questions=8))
    session = load_session(output_dir=tmp_path)
    found, results = session.score_quality, session.results
    assert found.products == 60
    assert found.tied == pytest.approx(results["coverage_pct"].value_counts().max() / 60)
    asked = session.judgements.groupby(["category", "question"], observed=True)["verdict"].nunique()
    assert (found.questions, found.telling) == (len(asked), int((asked > 1).sum()))
