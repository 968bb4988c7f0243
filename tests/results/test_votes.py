"""What several judges come to together, verdict by verdict."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from feedeval.errors import InputError
from feedeval.results.judges import votes
from feedeval.results.judges.krippendorff import MISSING
from feedeval.results.judges.votes import PanelRule

PLACES = {"y": 0, "p": 1, "n": 2, "x": 3, ".": MISSING}


def codes(*questions: str) -> np.ndarray:
    return np.array([[PLACES[said] for said in question] for question in questions])


@pytest.mark.parametrize(
    ("said", "majority", "unanimity"),
    [
        ("yyy", "y", "y"),
        ("yyn", "y", "n"),
        ("ypn", "p", "n"),
        ("ypp", "p", "p"),
        ("pnn", "n", "n"),
        ("yn", "n", "n"),
        ("yynn", "n", "n"),
        ("yyp", "y", "p"),
        ("y.y", "y", "y"),
        ("y..", ".", "."),
        ("...", ".", "."),
        ("xxy", "x", "y"),
        ("xyy", "y", "y"),
        ("xy", "y", "y"),
        ("xx.", "x", "x"),
    ],
)
def test_the_panel_says_the_best_verdict_that_enough_reach(said: str, majority: str, unanimity: str) -> None:
    judged = codes(said)
    assert votes.panel_verdict(judged, PanelRule.MAJORITY).tolist() == [PLACES[majority]]
    assert votes.panel_verdict(judged, PanelRule.UNANIMITY).tolist() == [PLACES[unanimity]]


def test_whatever_more_than_half_say_is_the_verdict_of_the_majority() -> None:
    judged = np.random.default_rng(0).integers(-1, 4, size=(500, 5))
    for said, found in zip(judged, votes.panel_verdict(judged, PanelRule.MAJORITY), strict=True):
        given = said[said != MISSING]
        frequent = np.bincount(given, minlength=4) if len(given) else np.zeros(4)
        if len(given) >= 2 and 2 * frequent.max() > len(given):
            assert found == frequent.argmax()


def test_each_judge_is_held_against_the_others() -> None:
    judged = codes("yyy", "yyn", "nnn", "ypp", "y.n", "...")
    assert votes.is_split(judged).tolist() == [False, True, False, True, True, False]
    # Of the first: 3 of its 4 pairs with the second, 2 of its 5 with the third.
    assert votes.agreement_with_rest(judged) == pytest.approx([5 / 9, 6 / 8, 5 / 9])
    assert list(votes.stands_alone(judged)) == [1, 0, 1]
    assert list(votes.decides(judged, PanelRule.MAJORITY)) == [2, 1, 1]


def test_products_are_scored_by_the_panels_verdicts() -> None:
    frame = pd.DataFrame(
        {
            "product_id": "A", "key": ["A"] * 4 + ["B"], "title": "T", "category": "C", "number": [1, 2, 3, 4, 1],
            "question": list("abcda"), "taxonomy": "Use", "required": [True, False, False, True, False],
            "verdict": ["yes", "partial", "no", "not_applicable", None], "split": [True, False, False, False, True],
        }
    )  # fmt: skip
    found = votes.results_frame(frame)
    assert found["coverage_pct"].tolist()[0] == 62.5 and np.isnan(found["coverage_pct"][1])
    assert found["judged"].tolist() == [4, 0] and found["split"].tolist() == [1, 1]
    assert found["unanswered_required_count"].tolist() == [0, 0] and found["no_count"].tolist() == [1, 0]


def test_a_rule_that_there_is_not_is_refused() -> None:
    with pytest.raises(InputError, match="'majority' or 'unanimity'"):
        PanelRule.of("loudest")
