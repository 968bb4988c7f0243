"""Coverage as people would have judged it: which labels are taken, the figure, and whether its interval holds."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import pytest

import feedeval as fe
from feedeval.cli import main
from feedeval.errors import InputError
from feedeval.results.certify.certified import plus_minus
from feedeval.results.certify.certify import certify
from feedeval.results.certify.estimator import more_to_halve
from feedeval.results.certify.labels import read_labels
from feedeval.results.session import Session
from feedeval.results.stats import Interval
from tests.results.audits import QUESTIONS, Planted, write
from tests.results.judged import judged_feed, try_out

WORDS = {"y": "yes", "p": "partial", "n": "no"}
SCORES = {"yes": 1.0, "partial": 0.5, "no": 0.0}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """60 products with three questions each; the first is required."""
    rng = random.Random(3)
    verdicts = {f"P{n}": "".join(rng.choices("ypn", (4, 2, 4), k=3)) for n in range(60)}
    return write(tmp_path_factory.mktemp("certify"), Planted(verdicts))


def people(session: Session, *, overlooked: float = 0.2, seed: int = 0) -> pd.DataFrame:
    """What people would say of every question: some answers were overlooked."""
    rng = random.Random(seed)
    frame = session.judgements[["product_id", "question", "required", "verdict"]].astype({"verdict": str})
    frame["label"] = ["yes" if v == "no" and rng.random() < overlooked else v for v in frame["verdict"]]
    return frame


def coverage(frame: pd.DataFrame) -> float:
    weight = frame["required"].map({True: 2.0, False: 1.0})
    scored = (weight * frame["label"].map(SCORES)).groupby(frame["product_id"]).sum()
    return float((100 * scored / weight.groupby(frame["product_id"]).sum()).mean())


def test_all_labels_give_the_true_figure_and_no_doubt(session: Session) -> None:
    everything = people(session)
    found = certify(session, everything)
    assert found.estimate == pytest.approx(coverage(everything))
    assert found.low == pytest.approx(found.estimate) and found.high == pytest.approx(found.estimate)
    assert found.judge_pct == pytest.approx(session.results["coverage_pct"].mean(), abs=0.05)
    assert found.labels == found.cases == 180 and found.left_out == {}


def test_some_labels_correct_the_judge_and_say_so(session: Session) -> None:
    everything = people(session)
    found = session.certify(everything.sample(90, random_state=1))
    assert found.low < coverage(everything) < found.high
    assert found.estimate > found.judge_pct
    assert found.high - found.low < found.alone_pct.high - found.alone_pct.low and found.gain > 1
    assert found.kappa.low < found.kappa.estimate < 1
    assert found.more_labels is not None and 0 < found.more_labels <= 90
    shares = found.shares.set_index("verdict")
    assert shares["people"].sum() == pytest.approx(1) and shares.loc["yes", "people"] > shares.loc["yes", "judge"]
    assert found.sentence.endswith("%, 90 verdicts checked by people")
    for shown in (str(found), found._repr_html_()):
        assert found.sentence in shown and "Kappa of the judge" in shown


def test_a_judge_who_is_always_right_leaves_some_doubt(session: Session) -> None:
    found = certify(session, people(session, overlooked=0.0).sample(40, random_state=2))
    assert found.estimate == pytest.approx(found.judge_pct, abs=1e-9)
    assert 0.5 < found.high - found.low < 15


def test_probabilities_make_up_for_what_was_drawn_more_often(session: Session) -> None:
    everything = people(session, overlooked=0.4)
    drawn = everything.assign(probability=everything["verdict"].map({"no": 0.8, "partial": 0.3, "yes": 0.3}))
    rng = random.Random(5)
    held = sum(
        found.low <= coverage(everything) <= found.high
        for found in (
            certify(session, drawn[[rng.random() < chance for chance in drawn["probability"]]]) for _ in range(20)
        )
    )
    assert held >= 17
    assert "no probabilities" not in " ".join(certify(session, drawn[drawn["verdict"] == "no"]).notes)


def test_questions_that_people_call_not_applicable_leave_the_coverage(session: Session) -> None:
    everything = people(session, overlooked=0.0)
    weight = everything["question"] == QUESTIONS[2][0]
    everything.loc[weight, "label"] = "not_applicable"
    found = certify(session, everything)
    assert found.estimate == pytest.approx(coverage(everything[~weight]))
    assert "not_applicable" in set(found.shares["verdict"])


def test_several_people_are_heard_by_majority_and_ties_are_left_out(session: Session) -> None:
    labels = people(session).head(60)
    twice = labels.iloc[[0]].assign(label="no")
    other = labels.iloc[[1]].assign(label="yes")
    third = labels.iloc[[1]].assign(label="yes")
    labels = pd.concat([labels.assign(label=["yes", "no", *labels["label"][2:]]), twice, other, third])
    found = certify(session, labels)
    assert found.left_out == {"without a majority": 1} and found.labels == 59
    assert any("2 questions were labelled by several people" in note for note in found.notes)
    case = (str(labels.iloc[1]["product_id"]), str(labels.iloc[1]["question"]))
    assert read_labels(labels).by_case[case].verdict == "yes"


def test_labels_that_match_nothing_are_counted_and_empty_ones_are_left_out(session: Session) -> None:
    labels = people(session).head(50)
    strange = pd.DataFrame({"product_id": ["Q1", "P1"], "question": ["Why?", "Why?"], "label": ["yes", "no"]})
    empty = people(session).iloc[50:53].assign(label=["", "unsure", None])
    found = certify(session, pd.concat([labels, strange, empty]))
    assert found.labels == 50
    assert found.left_out == {"of no question that was judged": 2, "without a label": 3}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_file_is_read_as_spreadsheets_write_it(session: Session, tmp_path: Path, separator: str) -> None:
    labels = people(session).sample(50, random_state=1)
    labels["label"] = labels["label"].map({"yes": "Y", "partial": "Partial", "no": "NO "})
    path = tmp_path / "labels.csv"
    labels.to_csv(path, index=False, sep=separator, encoding="utf-8-sig")
    assert certify(session, path).coverage_pct == certify(session, labels).coverage_pct


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"product_id": ["P1"], "question": ["?"]}, "no column 'label'"),
        ({"product_id": ["P1"], "question": ["?"], "label": ["maybe"]}, "'maybe'"),
        ({"product_id": ["P1"], "question": ["?"], "label": ["yes"], "probability": [1.5]}, "1.5"),
        ({"product_id": ["P1"] * 2, "question": ["?"] * 2, "label": ["yes"] * 2, "probability": [0.5, 0.4]}, "another"),
        ({"product_id": ["P1"], "question": ["?"], "label": ["yes"]}, "label at least 5"),
    ],
)
def test_what_cannot_be_used_is_named(session: Session, labels: dict[str, list[object]], said: str) -> None:
    with pytest.raises(InputError, match=said):
        certify(session, pd.DataFrame(labels))


def test_a_file_that_is_not_there_is_named(session: Session, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.csv"):
        certify(session, tmp_path / "gone.csv")


def test_the_report_carries_the_figure(session: Session, tmp_path: Path) -> None:
    found = certify(session, people(session).sample(60, random_state=1))
    page = fe.report(session, tmp_path / "r.html", check=False, certified=found).read_text(encoding="utf-8")
    assert f"{plus_minus(found.coverage_pct)} %" in page and "60 verdicts checked by people" in page
    other = write(tmp_path / "other", Planted({"A": "yyy"}, sid="20261102_090000"))
    with pytest.raises(InputError, match=session.id):
        fe.report(other, tmp_path / "o.html", check=False, certified=found)


def test_the_terminal_says_it_too(session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "labels.csv"
    people(session).sample(60, random_state=1).to_csv(path, index=False)
    assert main(["certify", "latest", str(path), "--output-dir", str(session.output_dir)]) == 0
    assert "60 verdicts checked by people" in capsys.readouterr().out


def test_the_sentence_is_short() -> None:
    assert plus_minus(Interval(61.2, 58.1, 64.3)) == "61 ± 3"
    assert plus_minus(Interval(61.24, 60.9, 61.6)) == "61.2 ± 0.4"


def test_halving_takes_about_three_times_as_many_more_and_never_more_than_there_are() -> None:
    assert more_to_halve(100, 10**9, variance=1.0, fixed=0.0) == 300
    assert more_to_halve(100, 200, variance=1.0, fixed=0.0) == 60
    assert more_to_halve(100, 10**6, variance=1.0, fixed=0.5) is None


@pytest.mark.parametrize("likelier", [False, True])
@pytest.mark.parametrize("kappa", [0.4, 0.7, 0.9])
def test_intervals_hold_the_truth_and_are_narrower_the_better_the_judge(kappa: float, likelier: bool) -> None:
    found = try_out(judged_feed(kappa, overlooks=False, products=300), 100, 200, likelier=likelier)
    assert 0.90 <= found.held <= 0.995
    assert found.ratio < {0.4: 0.95, 0.7: 0.78, 0.9: 0.55}[kappa]
