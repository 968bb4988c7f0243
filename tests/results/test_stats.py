"""Intervals: known values, coverage of the truth, and what happens at the edges."""

import numpy as np
import pytest

from feedeval.errors import InputError
from feedeval.results.stats import MANY_CLUSTERS, Interval, clustered_interval, wilson


def test_an_interval_reads_as_a_person_says_it():
    assert str(Interval(61.2, 58.04, 64.4)) == "61.2 (58.0 to 64.4)"
    assert f"{Interval(0.5, 0.25, 0.75).scaled(100):.0f}" == "50 (25 to 75)"
    assert str(Interval(61.2, float("nan"), float("nan"))) == "61.2"


def test_wilson_gives_the_published_bounds():
    share = wilson(81, 263)
    assert (round(share.low, 4), round(share.high, 4)) == (0.2553, 0.3662)


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (10, 10), (1, 1)])
def test_wilson_stays_within_zero_and_one_and_holds_the_share(successes, n):
    share = wilson(successes, n)
    assert 0 <= share.low <= share.estimate <= share.high <= 1


def test_a_share_of_nothing_may_be_anything():
    share = wilson(0, 0)
    assert (share.low, share.high) == (0, 1)
    assert str(share) == "not known"


def test_values_of_one_product_count_as_one_observation():
    rng = np.random.default_rng(1)
    product = np.repeat(np.arange(60), 20)
    values = np.repeat(rng.normal(size=60), 20)
    alone = clustered_interval(values)
    together = clustered_interval(values, clusters=product)
    assert alone.estimate == pytest.approx(together.estimate)
    assert together.high - together.low > 3 * (alone.high - alone.low)


def test_the_interval_holds_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    held = 0
    for seed in range(200):
        effect = rng.normal(size=40)
        values = (effect[:, None] + rng.normal(size=(40, 5))).ravel()
        interval = clustered_interval(values, clusters=np.repeat(np.arange(40), 5), draws=400, seed=seed)
        held += interval.low <= 0 <= interval.high
    assert 175 <= held <= 199


def test_the_limit_for_many_products_agrees_with_drawing():
    rng = np.random.default_rng(3)
    values, weights = rng.exponential(size=MANY_CLUSTERS), rng.integers(1, 3, MANY_CLUSTERS)
    computed = clustered_interval(values, weights)
    drawn = clustered_interval(values[:-1], weights[:-1])
    assert drawn.low == pytest.approx(computed.low, abs=0.003)
    assert drawn.high == pytest.approx(computed.high, abs=0.003)


def test_weights_and_missing_values_count_as_they_should():
    interval = clustered_interval([1.0, 0.0, float("nan"), 5.0], [2, 1, 1, 0], ["a", "b", "c", "d"])
    assert interval.estimate == pytest.approx(2 / 3)
    assert (interval.low, interval.high) == (0, 1)


def test_of_one_product_no_bounds_are_known_and_of_none_nothing():
    one = clustered_interval([1.0, 0.0], clusters=["a", "a"])
    assert one.estimate == 0.5
    assert np.isnan(one.low)
    assert str(clustered_interval([])) == "not known"


def test_the_same_values_give_the_same_interval():
    values = np.random.default_rng(4).normal(size=50)
    assert clustered_interval(values) == clustered_interval(values)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_that_is_no_share_is_refused(confidence):
    with pytest.raises(InputError, match="confidence"):
        clustered_interval([1.0, 2.0], confidence=confidence)
