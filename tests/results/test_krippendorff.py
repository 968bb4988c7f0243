"""Alpha as it is published, and an interval that holds it."""

from __future__ import annotations

import numpy as np
import pytest

from feedeval.results.judges.krippendorff import MISSING, alpha_of, krippendorff_alpha


def codes(*judges: str) -> np.ndarray:
    """Return a column a judge, from a character a label and a dot where there is none."""
    labels = sorted(set("".join(judges)) - {"."})
    places = {**{label: n for n, label in enumerate(labels)}, ".": MISSING}
    return np.array([[places[label] for label in judge] for judge in judges]).T


@pytest.mark.parametrize(
    ("judges", "alpha"),
    [
        # K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011: parts A, B and C.
        (("0100000010", "1110010000"), 0.095),
        (("aabbdcccedda", "babbbccceddd"), 0.692),
        (("123321412...", "1233224125.3", ".3332342251.", "12332441251."), 0.743),
        # The worked example of the encyclopaedia's article.
        ((".....34121133.3", "1.213343.......", "..21344.21133.4"), 0.691),
    ],
)
def test_alpha_is_as_published(judges: tuple[str, ...], alpha: float) -> None:
    assert alpha_of(codes(*judges)) == pytest.approx(alpha, abs=0.0006)


def test_judges_that_agree_throughout_reach_one_and_chance_reaches_nothing() -> None:
    rng = np.random.default_rng(1)
    said = rng.integers(3, size=4000)
    assert alpha_of(np.column_stack([said, said, said])) == 1
    found = krippendorff_alpha(rng.integers(3, size=(4000, 3)))
    assert abs(found.estimate) < 0.03 and found.low < 0 < found.high


@pytest.mark.parametrize("judged", [np.zeros((5, 3), dtype=int), np.array([[0, MISSING], [MISSING, 1]])])
def test_alpha_is_not_defined_where_nothing_could_differ(judged: np.ndarray) -> None:
    assert np.isnan(krippendorff_alpha(judged).estimate)


def judged(rng: np.random.Generator, products: int, questions: int = 4) -> tuple[np.ndarray, np.ndarray]:
    truth = rng.integers(3, size=products * questions)
    # A product's text is clear or not, so its questions are answered alike or differently together.
    clear = np.repeat(rng.random(products) < 0.6, questions)
    said = [np.where(clear | (rng.random(len(truth)) < 0.5), truth, rng.integers(3, size=len(truth))) for _ in range(3)]
    return np.column_stack(said), np.repeat(np.arange(products), questions)


def test_the_interval_is_wider_where_a_products_questions_go_together() -> None:
    said, products = judged(np.random.default_rng(2), 150)
    apart, together = krippendorff_alpha(said), krippendorff_alpha(said, products)
    assert together.estimate == apart.estimate
    assert together.high - together.low > apart.high - apart.low
    assert krippendorff_alpha(said, products) == together


def test_the_computed_limit_is_that_of_the_bootstrap() -> None:
    said, products = judged(np.random.default_rng(3), 6000)
    computed = krippendorff_alpha(said, products)
    few, few_products = judged(np.random.default_rng(3), 1500)
    drawn = krippendorff_alpha(few, few_products)
    assert (computed.high - computed.low) * 2 == pytest.approx(drawn.high - drawn.low, rel=0.15)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    truth = alpha_of(judged(np.random.default_rng(4), 60_000)[0])
    rng = np.random.default_rng(5)
    held = [
        found.low <= truth <= found.high
        for found in (krippendorff_alpha(*judged(rng, 120), draws=400) for _ in range(200))
    ]
    assert 0.89 <= np.mean(held) <= 0.99
