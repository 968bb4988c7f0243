"""Every figure of an agreement equals what scikit-learn, scipy or a hand says of the same planted rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics

from feedeval.errors import InputError
from feedeval.results.agreement.figures import DRAWS, THRESHOLDS
from feedeval.results.agreement.measure import agreement
from feedeval.results.frames.results import RowStatus
from feedeval.results.stats import MANY_CLUSTERS

CLASSES = ["red", "green", "blue", "navy"]


def planted(n: int = 400, *, seed: int = 3) -> pd.DataFrame:
    """Rows of which about 80 % agree, 5 % abstain, some lack a label or a prediction."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(CLASSES, n, p=[0.4, 0.3, 0.2, 0.1]).astype(object)
    said = np.where(rng.random(n) < 0.8, truth, rng.choice(CLASSES, n)).astype(object)
    said[rng.random(n) < 0.05] = "unsure"
    frame = pd.DataFrame(
        {
            "filename": [f"{k:03}.png" for k in range(n)],
            "true_class": truth,
            "predicted_class": said,
            "confidence": rng.uniform(0.3, 1, n).round(3),
            "region": rng.choice(["north", "south"], n),
            "critical_hazard": rng.random(n) < 0.2,
            "critical": rng.random(n) < 0.3,
            "product": rng.integers(0, n // 4, n),
        }
    )
    frame.loc[::40, "predicted_class"] = None
    frame.loc[7::60, "true_class"] = np.nan
    return frame


def both(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.dropna(subset=["true_class", "predicted_class"])


def test_accuracy_and_its_interval_are_scipys() -> None:
    frame = planted()
    found, rows = agreement(frame), both(frame)
    right = int((rows["true_class"] == rows["predicted_class"]).sum())
    interval = stats.binomtest(right, len(rows)).proportion_ci(method="wilson")
    assert found.n == len(rows) < found.rows == 400 and found.right == right
    assert found.accuracy == pytest.approx((right / len(rows), interval.low, interval.high))
    answered = rows[rows["predicted_class"] != "unsure"]
    assert found.abstained == len(rows) - len(answered) > 0
    assert found.accuracy_answered.estimate == pytest.approx(right / len(answered))
    assert found.accuracy.estimate < found.accuracy_answered.estimate


def test_the_baseline_is_always_saying_the_most_frequent_label() -> None:
    frame = planted()
    shares = both(frame)["true_class"].value_counts(normalize=True)
    assert agreement(frame).majority == (shares.index[0], pytest.approx(shares.iloc[0]))


def test_kappa_is_scikit_learns_with_and_without_abstentions() -> None:
    frame = planted()
    found, rows = agreement(frame), both(frame)
    assert found.kappa.estimate == pytest.approx(metrics.cohen_kappa_score(rows["true_class"], rows["predicted_class"]))
    answered = rows[rows["predicted_class"] != "unsure"]
    assert found.kappa_answered.estimate == pytest.approx(
        metrics.cohen_kappa_score(answered["true_class"], answered["predicted_class"])
    )
    assert found.weighted_kappa is None


def test_the_interval_of_kappa_is_that_of_scipys_bootstrap() -> None:
    rows = both(planted(150))
    codes = [pd.Categorical(rows[c], [*CLASSES, "unsure"]).codes for c in ("true_class", "predicted_class")]
    drawn = stats.bootstrap(
        codes, metrics.cohen_kappa_score, paired=True, vectorized=False, n_resamples=400, method="percentile", rng=1
    ).confidence_interval
    found = agreement(rows).kappa
    assert found.low == pytest.approx(drawn.low, abs=0.02) and found.high == pytest.approx(drawn.high, abs=0.02)
    assert found.low < found.estimate < found.high
    assert DRAWS >= 1000


def test_the_same_rows_give_the_same_interval() -> None:
    assert agreement(planted()).kappa == agreement(planted()).kappa
    wide, narrow = agreement(planted(), level=0.99), agreement(planted(), level=0.8)
    assert wide.kappa.low < narrow.kappa.low and wide.accuracy.high > narrow.accuracy.high


def test_rows_that_belong_together_widen_the_intervals() -> None:
    once = both(planted(60))
    frame = pd.concat([once] * 9, ignore_index=True)
    alone = agreement(frame)
    together = agreement(frame, clusters="filename")
    assert together.kappa.estimate == pytest.approx(alone.kappa.estimate)
    assert together.accuracy.estimate == pytest.approx(alone.accuracy.estimate)
    for clustered, rows, single in (
        (together.kappa, alone.kappa, agreement(once).kappa),
        (together.accuracy, alone.accuracy, agreement(once).accuracy),
    ):
        assert clustered.high - clustered.low > 2.4 * (rows.high - rows.low)
        assert clustered.high - clustered.low == pytest.approx(single.high - single.low, rel=0.2)


def test_the_interval_over_many_clusters_goes_on_where_the_draws_end() -> None:
    generator = np.random.default_rng(5)
    lean = np.repeat(generator.random(MANY_CLUSTERS + 10), 4)
    human = np.where(generator.random(len(lean)) < lean, "yes", "no")
    verdict = np.where(generator.random(len(lean)) < 0.7, human, generator.choice(["yes", "no"], len(lean)))
    shop = np.repeat(np.arange(MANY_CLUSTERS + 10), 4)
    frame = pd.DataFrame({"true_class": human, "predicted_class": verdict, "shop": shop})
    many, fewer = (agreement(part, clusters="shop").kappa for part in (frame, frame[shop < MANY_CLUSTERS - 10]))
    assert many.low < many.estimate < many.high
    assert many.high - many.low == pytest.approx(fewer.high - fewer.low, rel=0.1)


def test_a_row_without_a_cluster_stands_for_itself() -> None:
    frame = planted(60)
    frame["shop"] = None
    assert agreement(frame, clusters="shop").kappa.estimate == pytest.approx(agreement(frame).kappa.estimate)
    assert agreement(frame, clusters="shop").kappa.low < agreement(frame).kappa.estimate


def test_precision_recall_and_f1_are_scikit_learns() -> None:
    frame = planted()
    rows, table = both(frame), agreement(frame).per_class
    assert sorted(table["label"]) == sorted(CLASSES)
    assert table["support"].is_monotonic_decreasing
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        rows["true_class"], rows["predicted_class"], labels=list(table["label"]), zero_division=np.nan
    )
    for name, expected in zip(("precision", "recall", "f1", "support"), (precision, recall, f1, support), strict=True):
        np.testing.assert_allclose(table[name], expected)
    assert dict(zip(table["label"], table["predicted"], strict=True)) == {
        name: int((rows["predicted_class"] == name).sum()) for name in CLASSES
    }


def test_what_was_never_predicted_has_no_precision() -> None:
    found = agreement(pd.DataFrame({"true_class": ["a", "b"], "predicted_class": ["a", "a"]})).per_class
    assert found.set_index("label")["precision"].isna().to_dict() == {"a": False, "b": True}


def test_the_confusion_is_scikit_learns_with_abstentions_last() -> None:
    frame = planted()
    rows, confusion = both(frame), agreement(frame).confusion
    assert list(confusion.columns) == [*confusion.index, "unsure"]
    expected = metrics.confusion_matrix(rows["true_class"], rows["predicted_class"], labels=list(confusion.columns))
    np.testing.assert_array_equal(confusion, expected[:-1])
    assert confusion.to_numpy().sum() == len(rows)


def test_calibration_is_worked_out_by_hand() -> None:
    frame = pd.DataFrame(
        {
            "true_class": ["a"] * 8,
            "predicted_class": ["a", "a", "b", "a", "b", "a", "unsure", "a"],
            #      bins of 0.2:   0.0-0.2   0.8-1.0 ...
            "confidence": [0.0, 0.2, 0.2, 0.9, 0.9, 1.0, 0.5, None],
        }
    )
    found = agreement(frame, bins=5)
    assert found.calibration[["low", "high", "n"]].to_numpy().tolist() == [[0.0, 0.2, 3], [0.8, 1.0, 3]]
    assert found.calibration["confidence"].tolist() == pytest.approx([0.4 / 3, 2.8 / 3])
    assert found.calibration["accuracy"].tolist() == pytest.approx([2 / 3, 2 / 3])
    assert found.ece == pytest.approx((abs(2 / 3 - 0.4 / 3) + abs(2 / 3 - 2.8 / 3)) / 2)


@pytest.mark.parametrize("bins", [1, 3, 10, 15])
def test_the_calibration_error_is_the_published_formula(bins: int) -> None:
    frame = planted()
    found = agreement(frame, bins=bins)
    rows = both(frame)
    rows = rows[rows["predicted_class"] != "unsure"]
    right = (rows["true_class"] == rows["predicted_class"]).to_numpy(dtype=float)
    ece = 0.0
    for m in range(bins):
        held = (rows["confidence"] > m / bins) & (rows["confidence"] <= (m + 1) / bins)
        if held.any():
            ece += abs(right[held].sum() - rows["confidence"][held].sum()) / len(rows)
    assert found.ece == pytest.approx(ece)
    assert found.calibration["n"].sum() == len(rows)


def test_a_confidence_on_the_edge_falls_into_the_bin_below() -> None:
    edges = [n / 10 for n in range(1, 11)]
    frame = pd.DataFrame({"true_class": "a", "predicted_class": "a", "confidence": edges})
    assert agreement(frame).calibration["high"].tolist() == pytest.approx(edges)


def test_thresholds_tell_what_is_left_and_how_right_it_is() -> None:
    frame = planted()
    rows, found = both(frame), agreement(frame).thresholds
    assert tuple(found["threshold"]) == THRESHOLDS
    for threshold, coverage, accuracy, n in found[["threshold", "coverage", "accuracy", "n"]].to_numpy():
        kept = rows[(rows["predicted_class"] != "unsure") & (rows["confidence"] >= threshold)]
        assert n == len(kept) and coverage == pytest.approx(len(kept) / len(rows))
        assert accuracy == pytest.approx((kept["true_class"] == kept["predicted_class"]).mean())


def test_without_confidence_there_is_no_calibration() -> None:
    frame = planted()
    for found in (agreement(frame.drop(columns="confidence")), agreement(frame, confidence=None)):
        assert found.calibration.empty and found.thresholds.empty and np.isnan(found.ece)
    assert agreement(frame.assign(confidence=np.nan)).thresholds.empty


def test_missed_and_false_criticals_are_counted_and_shown_as_rows() -> None:
    frame = planted()
    found = agreement(frame).criticals
    assert found is not None
    counts = metrics.confusion_matrix(frame["critical_hazard"], frame["critical"])
    assert [[found.n - found.labelled - len(found.false), len(found.false)], [len(found.missed), found.found]] == (
        counts.tolist()
    )
    assert found.recall.estimate == pytest.approx(metrics.recall_score(frame["critical_hazard"], frame["critical"]))
    assert found.precision.estimate == pytest.approx(
        metrics.precision_score(frame["critical_hazard"], frame["critical"])
    )
    assert found.missed["critical_hazard"].all() and not found.missed["critical"].any()


def test_criticals_are_read_as_people_write_them_and_left_out_where_missing() -> None:
    frame = pd.DataFrame(
        {
            "true_class": "a",
            "predicted_class": "a",
            "danger": ["Yes", "no", " TRUE", "0", None, ""],
            "critical": pd.array([True, False, False, True, True, None], dtype="boolean"),
        }
    )
    assert agreement(frame).criticals is None
    found = agreement(frame, critical=("danger", "critical")).criticals
    assert found is not None
    assert (found.n, found.labelled, found.found, len(found.missed), len(found.false)) == (4, 2, 1, 1, 1)
    with pytest.raises(InputError, match="'maybe'"):
        agreement(frame.assign(danger="maybe"), critical=("danger", "critical"))


def test_slices_are_the_agreement_of_each_value() -> None:
    frame = planted()
    frame.loc[5:9, "region"] = None
    slices = agreement(frame, by="region").slices
    assert list(slices["value"]) == [*frame["region"].value_counts().index, "(none)"]
    for row in slices.itertuples():
        part = frame[frame["region"].isna()] if row.value == "(none)" else frame[frame["region"] == row.value]
        alone = agreement(part)
        assert (row.column, row.n, row.left_out, row.abstained) == (
            "region",
            alone.n,
            len(part) - alone.n,
            alone.abstained,
        )
        assert (row.accuracy, row.accuracy_low, row.accuracy_high) == pytest.approx(alone.accuracy)
        assert row.kappa == pytest.approx(alone.kappa.estimate)
    two = agreement(frame, by=["region", "product"]).slices
    assert set(two["column"]) == {"region", "product"}


def test_rows_that_could_not_be_read_are_neither_right_nor_wrong() -> None:
    frame = planted().assign(status=RowStatus.DONE.value)
    failed = frame.head(50).assign(predicted_class=pd.NA, confidence=np.nan, status=RowStatus.FAILED.value)
    before, after = agreement(frame), agreement(pd.concat([frame, failed], ignore_index=True))
    assert (after.n, after.accuracy, after.kappa) == (before.n, before.accuracy, before.kappa)
    assert sum(after.left_out.values()) == sum(before.left_out.values()) + 50


def test_labels_differ_neither_by_case_nor_by_space_nor_by_how_they_are_stored() -> None:
    truth = ["Red ", "navy  blue", "RED", " green", "Ｇreen"]
    said = ["red", "Navy Blue", "red", "GREEN", "green"]
    frame = pd.DataFrame({"true_class": truth, "predicted_class": said})
    found = agreement(frame)
    assert found.right == 5 and set(found.per_class["label"]) == {"Red", "green", "navy blue"}
    assert agreement(frame.astype("category")).right == agreement(frame.astype("string")).right == 5


def test_numbers_are_labels_too() -> None:
    frame = pd.DataFrame({"true_class": [1.0, 2.0, None, 2.0], "predicted_class": ["1", "2", "1", "1"]})
    assert agreement(frame).right == 2


def test_verdicts_are_ordered_and_the_judge_is_judged() -> None:
    rng = np.random.default_rng(5)
    human = rng.choice(["yes", "partial", "no"], 200)
    verdict = np.where(rng.random(200) < 0.7, human, rng.choice(["yes", "partial", "no"], 200))
    frame = pd.DataFrame({"human": human, "verdict": pd.Categorical(verdict)})
    found = agreement(frame, truth="human", prediction="verdict")
    assert list(found.confusion.index) == ["no", "partial", "yes"]
    for weights in ("linear", "quadratic"):
        codes = [pd.Categorical(frame[c], ["no", "partial", "yes"]).codes for c in ("human", "verdict")]
        expected = metrics.cohen_kappa_score(*codes, weights=weights)
        weighted = agreement(frame, truth="human", prediction="verdict", weights=weights).weighted_kappa
        assert weighted is not None and weighted.estimate == pytest.approx(expected)
        assert weighted.low < expected < weighted.high


def test_an_order_that_is_given_holds_and_has_to_name_every_label() -> None:
    frame = pd.DataFrame({"true_class": ["low", "high", "low"], "predicted_class": ["low", "low", "high"]})
    found = agreement(frame, order=["Low", "mid", "high"])
    assert list(found.per_class["label"]) == ["Low", "mid", "high"]
    assert found.per_class["support"].tolist() == [2, 0, 1] and found.weighted_kappa is not None
    with pytest.raises(InputError, match="order= does not have 'high'"):
        agreement(frame, order=["low", "mid"])
    with pytest.raises(InputError, match="two different labels"):
        agreement(frame, order=["low", "high", "low"])


def test_what_a_person_was_not_sure_of_is_no_label() -> None:
    frame = pd.DataFrame({"true_class": ["a", "unsure", "b"], "predicted_class": ["a", "a", "unsure"]})
    found = agreement(frame)
    assert found.n == 2 and found.left_out == {"no label": 1} and found.abstained == 1
    plain = agreement(frame, abstain=None)
    assert plain.n == 3 and plain.abstained == 0 and "unsure" in list(plain.per_class["label"])


def test_disagreements_are_the_callers_rows_the_most_confident_first() -> None:
    frame = planted()
    found = agreement(frame).disagreements
    assert list(found.columns) == list(frame.columns) and found["confidence"].is_monotonic_decreasing
    rows = both(frame)
    expected = rows[(rows["true_class"] != rows["predicted_class"]) & (rows["predicted_class"] != "unsure")]
    assert set(found["filename"]) == set(expected["filename"])


def test_the_frame_is_left_as_it_was() -> None:
    frame = planted()
    before = frame.copy(deep=True)
    agreement(frame, by="region", clusters="product")
    pd.testing.assert_frame_equal(frame, before)


def test_one_label_only_has_no_kappa_and_says_so() -> None:
    found = agreement(pd.DataFrame({"true_class": ["a"] * 40, "predicted_class": ["a"] * 40}))
    assert found.accuracy.estimate == 1 and np.isnan(found.kappa.estimate)
    assert any("only label" in note for note in found.notes)
    assert "not defined" in str(found)


def test_intervals_that_cannot_be_known_are_not_made_up() -> None:
    frame = planted(60).assign(shop="one")
    found = agreement(frame, clusters="shop")
    assert np.isnan(found.kappa.low) and np.isnan(found.accuracy.low) and found.kappa.estimate > 0
    assert np.isnan(agreement(pd.DataFrame({"true_class": ["a"], "predicted_class": ["b"]})).kappa.low)
    perfect = agreement(frame.assign(predicted_class=frame["true_class"]))
    assert perfect.kappa == (1, 1, 1) and any("how sure kappa is" in note for note in perfect.notes)


def test_few_rows_say_that_they_are_few() -> None:
    found = agreement(pd.DataFrame({"true_class": ["a", "b"], "predicted_class": ["a", "b"]}))
    assert any("2 rows were" in note for note in found.notes)
    one = agreement(pd.DataFrame({"true_class": ["a"], "predicted_class": ["a"]}))
    assert any("1 row was" in note for note in one.notes)
    assert not [note for note in agreement(planted()).notes if "rows" in note]


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (pd.DataFrame(), {}, "no column 'true_class'"),
        (planted().head(0), {}, "nothing to compare"),
        (planted().assign(predicted_class=None), {}, "393 with no prediction"),
        (planted(), {"truth": "nope"}, "no column 'nope'; its columns are: filename"),
        (planted(), {"truth": "predicted_class"}, "name two columns"),
        (planted(), {"by": "nope"}, "no column 'nope'"),
        (planted(), {"clusters": "nope"}, "no column 'nope'"),
        (planted(), {"confidence": "nope"}, "no column 'nope'"),
        (planted(), {"critical": ("nope", "critical")}, "no column 'nope'"),
        (planted().assign(confidence=87), {}, "share from 0 to 1"),
        (planted().assign(confidence="high"), {}, "'high'"),
        (planted(), {"bins": 0}, "bins=0"),
        (planted(), {"weights": "cubic"}, "weights='cubic'"),
        (planted(), {"thruth": "true_class"}, "thruth: no such setting; known are truth"),
        (planted(), {"level": 95}, "level=95: .*between 0 and 1"),
        ([{"true_class": "a"}], {}, "not a list"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(frame: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        agreement(frame, **options)


def test_far_too_many_labels_are_no_classes() -> None:
    with pytest.raises(InputError, match="no classes"):
        agreement(pd.DataFrame({"true_class": range(1500), "predicted_class": range(1500)}))


def test_what_is_shown_is_escaped_static_and_whole() -> None:
    hostile = '<img src=x onerror="alert(1)">'
    frame = planted()
    frame.loc[frame["true_class"] == "red", "true_class"] = hostile
    frame.loc[frame["region"] == "north", "region"] = hostile
    found = agreement(frame, by="region")
    shown = found._repr_html_()
    assert "<img" not in shown and "&lt;img" in shown and "<script" not in shown
    for words in (shown, str(found)):
        for figure in (f"{100 * found.accuracy.estimate:.1f} %", f"{found.kappa.estimate:.2f} (", "Left out", "unsure"):
            assert figure in words


def test_a_terminal_does_not_obey_labels_and_columns() -> None:
    frame = planted().rename(columns={"region": "\x1b[2Jregion"})
    frame.loc[frame["true_class"] == "red", "true_class"] = "\x1b[31mred"
    shown = str(agreement(frame, by="\x1b[2Jregion"))
    assert "\x1b" not in shown and "\\x1b[31mred" in shown and "By \\x1b[2Jregion" in shown


def test_results_of_rules_say_that_no_model_was_asked() -> None:
    found = agreement(planted().assign(engine="offline"))
    assert any(note.startswith("No ") for note in found.notes) and "model was asked" in found._repr_html_()
    assert not agreement(planted().assign(engine="gpt-4o-mini")).notes


def test_a_hundred_thousand_rows_are_counted_as_a_few_are() -> None:
    frame = pd.concat([planted()] * 250, ignore_index=True)
    assert agreement(frame, by="region").n == 250 * agreement(planted()).n
