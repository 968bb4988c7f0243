from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from feedeval.errors import InputError
from feedeval.results.labelling.draw import CASE_COLUMNS, allocate, draw_cases, draw_from, population, strata
from feedeval.results.session import Session
from tests.results import audits
from tests.results.factory import Plan, write_session, write_shadow_session


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("drawn")
    return Session(write_session(folder, Plan(products=80, questions=6, failed=(7,))), folder)


def pairs(frame: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(frame["product_id"], frame["question"], strict=True))


def test_cases_have_what_a_person_needs_and_the_text_that_was_judged(session: Session) -> None:
    cases = draw_cases(session, 50)
    assert tuple(cases.columns) == CASE_COLUMNS
    assert len(set(pairs(cases))) == len(cases) == 50
    judged = session.judgements.set_index(["key", "question"])
    for case in cases.itertuples():
        row = judged.loc[(case.product_id, case.question)]
        assert (case.prediction, case.title, case.evidence) == (row["verdict"], row["title"], row["evidence"])
        assert case.context == session.evaluation(case.product_id).context != ""


def test_the_same_seed_gives_the_same_cases_and_another_seed_others(session: Session) -> None:
    again = Session(session.id, session.output_dir)
    assert draw_cases(session, 40, 3).equals(draw_cases(again, 40, 3))
    assert pairs(draw_cases(session, 40, 3)) != pairs(draw_cases(session, 40, 4))


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20, 100, 473, 474])
def test_every_verdict_can_be_drawn_and_the_probabilities_of_a_stratum_sum_to_what_was_drawn(
    session: Session, n: int
) -> None:
    judged = population(session)
    cases = draw_cases(session, n)
    assert len(cases) == n
    number = dict(zip(zip(judged["key"], judged["question"], strict=True), strata(judged, n), strict=True))
    of_case = np.array([number[pair] for pair in pairs(cases)])
    sizes = np.bincount(strata(judged, n))
    assert set(of_case) == set(range(len(sizes))), "a stratum was left out"
    for stratum, size in enumerate(sizes):
        (probability,) = set(cases["probability"][of_case == stratum])
        assert 0 < probability <= 1
        assert probability * size == pytest.approx((of_case == stratum).sum())


def test_more_than_there_are_draws_all_with_certainty(session: Session) -> None:
    cases = draw_cases(session, 10_000)
    assert len(cases) == 79 * 6
    assert (cases["probability"] == 1).all()


def test_totals_estimated_from_the_draws_are_right_on_average(session: Session) -> None:
    judged = population(session)
    rng = np.random.default_rng(1)
    # What people would say, different where the judge errs: known here, so that the total is.
    truth = pd.Series(rng.random(len(judged)), index=pd.MultiIndex.from_frame(judged[["key", "question"]]))
    truth += judged["prediction"].map({"yes": 1.0, "partial": 0.5, "no": 0.0}).to_numpy()
    totals, counts = [], []
    for seed in range(400):
        cases = draw_from(judged, session, 40, seed)
        said = truth.loc[pd.MultiIndex.from_arrays([cases["product_id"], cases["question"]])].to_numpy()
        totals.append((said / cases["probability"]).sum())
        counts.append((1 / cases["probability"]).sum())
    assert counts == pytest.approx([len(judged)] * 400)
    error = np.std(totals) / np.sqrt(len(totals))
    assert abs(np.mean(totals) - truth.sum()) < 3 * error
    assert np.std(totals) > 0


def test_each_verdict_is_drawn_as_often_as_its_probability_says(session: Session) -> None:
    judged = population(session)
    drawn: dict[tuple[str, str], int] = dict.fromkeys(zip(judged["key"], judged["question"], strict=True), 0)
    probability: dict[tuple[str, str], float] = {}
    draws = 600
    for seed in range(draws):
        cases = draw_from(judged, session, 120, seed)
        for pair, share in zip(pairs(cases), cases["probability"], strict=True):
            drawn[pair] += 1
            probability[pair] = share
    assert probability.keys() == drawn.keys()
    expected = np.array([probability[pair] for pair in drawn])
    off = (np.array(list(drawn.values())) / draws - expected) / np.sqrt(expected * (1 - expected) / draws)
    assert np.abs(off).max() < 4.5
    assert 0.85 < np.std(off) < 1.15


def test_verdicts_in_doubt_and_required_questions_are_drawn_more_often(tmp_path: Path) -> None:
    session = audits.write(tmp_path, audits.Planted({f"P-{n}": "ypn" for n in range(100)}))
    mean = draw_cases(session, 60).groupby("question")["probability"].mean()
    # Required with a yes that quotes nothing, against a plain no.
    assert mean["What is it made of?"] > 2 * mean["How is it cleaned?"]


def test_the_first_cases_come_from_all_strata(session: Session) -> None:
    judged = population(session)
    number = dict(zip(zip(judged["key"], judged["question"], strict=True), strata(judged, 60), strict=True))
    count = len(set(number.values()))
    assert {number[pair] for pair in pairs(draw_cases(session, 60))[:count]} == set(number.values())


def test_a_larger_draw_holds_the_smaller_one(session: Session) -> None:
    assert set(pairs(draw_cases(session, 40))) <= set(pairs(draw_cases(session, 120)))


def test_a_product_whose_id_repeats_is_named_by_its_key(tmp_path: Path) -> None:
    session = audits.write(tmp_path, audits.Planted({"A": "yyn", "A#2": "nnp"}))
    assert set(draw_cases(session)["product_id"]) == {"A", "A#2"}


@pytest.mark.parametrize("seed", range(20))
def test_an_allocation_keeps_to_its_bounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 500, rng.integers(1, 20))
    pull = sizes * rng.choice([0.2, 0.4, 1.0], len(sizes))
    for n in (len(sizes), 2 * len(sizes), 100, int(sizes.sum()), 10**6):
        if n < len(sizes):
            continue
        drawn = allocate(sizes, pull, n)
        assert drawn.sum() == min(n, sizes.sum())
        assert ((drawn >= np.minimum(1, sizes)) & (drawn <= sizes)).all()
        if n >= 2 * len(sizes):
            assert (drawn >= np.minimum(2, sizes)).all()


def test_what_cannot_be_drawn_from_is_refused_with_what_to_do(tmp_path: Path, session: Session) -> None:
    for n in (0, -1, 2.5, True, "9"):
        with pytest.raises(InputError, match="whole number from 1"):
            draw_cases(session, n)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="whole number from 0"):
        draw_cases(session, 5, -1)
    shadow = Session(write_shadow_session(tmp_path), tmp_path)
    with pytest.raises(InputError, match="no verdicts"):
        draw_cases(shadow)
