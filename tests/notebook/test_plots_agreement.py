"""What the plots of agreement show; what every plot has to keep is tested beside the other plots."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from feedeval.notebook.plots import agreement as plots
from feedeval.notebook.plots.colours import lightness
from feedeval.results.agreement.measure import agreement
from feedeval.results.judges.probe_report import ProbeReport
from feedeval.results.session import load_session
from tests.notebook import frames
from tests.results.factory import Plan, write_session


@pytest.fixture(autouse=True)
def no_figure_stays() -> Iterator[None]:
    with mpl.rc_context({"backend": "agg"}):
        yield
    plt.close("all")


def axes(height_in: float = 5.0) -> Axes:
    return Figure(figsize=(7.5, height_in), layout="constrained").add_subplot()


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def rows(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_yticklabels()]


def shades(ax: Axes) -> np.ndarray:
    return np.asarray(ax.images[0].get_array())


def test_a_frame_and_its_agreement_give_the_same_plot() -> None:
    frame = frames.shadow()
    for plot in (plots.confusion, plots.reliability, plots.per_class):
        assert texts(plot(frame, axes())) == texts(plot(agreement(frame), axes()))


def test_the_confusion_writes_every_count_on_the_share_of_its_row() -> None:
    found = agreement(frames.shadow())
    ax = plots.confusion(found, axes())
    assert rows(ax) == list(found.confusion.index)
    assert [text.get_text() for text in ax.get_xticklabels()] == list(found.confusion.columns)
    counts = found.confusion.to_numpy()
    assert sorted(texts(ax)) == sorted(str(count) for count in counts.ravel() if count)
    shares = counts / counts.sum(axis=1, keepdims=True)
    # From white to dark: red falls with the share, in 256 steps.
    np.testing.assert_allclose(1 - shades(ax)[..., 0], shares * (1 - 0x1F / 255), atol=0.005)


def test_counts_can_be_read_on_every_shade() -> None:
    share = np.arange(0, 101, 5)
    frame = pd.DataFrame(
        {
            "true_class": np.repeat([f"label {n:02}" for n in range(21)], 100),
            "predicted_class": np.concatenate(
                [["other"] * (100 - n) + [f"label {k:02}"] * n for k, n in enumerate(share)]
            ),
        }
    )
    ax = plots.confusion(agreement(frame, abstain=None), axes(9), top=30)
    for text in ax.texts:
        x, y = text.get_position()
        behind = mpl.colors.to_hex(tuple(shades(ax)[int(y), int(x)]))
        assert abs(lightness(behind) - lightness(text.get_color())) > 44


def test_labels_beyond_the_first_are_put_together_and_none_is_lost() -> None:
    names = [f"label {n:02}" for n in range(40)]
    frame = pd.DataFrame({"true_class": names * 3, "predicted_class": [*names * 2, *reversed(names)]})
    ax = plots.confusion(frame, axes(), top=5)
    assert len(rows(ax)) == 5 and rows(ax)[-1] == "(36 others)"
    assert sum(int(text) for text in texts(ax) if text.isdigit()) == 120


def test_labels_that_are_cut_can_still_be_told_apart() -> None:
    names = [f"a rather long name of the class {n} that is cut in its middle" for n in range(12)]
    ax = plots.confusion(pd.DataFrame({"true_class": names, "predicted_class": names}), axes())
    shown = rows(ax)
    assert len(set(shown)) == 12 and shown == [text.get_text() for text in ax.get_xticklabels()]
    assert all("…" in name for name in shown)


def test_reliability_puts_each_bin_where_it_belongs_with_its_rows() -> None:
    found = agreement(frames.shadow())
    ax = plots.reliability(found, axes())
    points = next(line for line in ax.lines if line.get_marker() == "o").get_xydata()
    np.testing.assert_allclose(points, found.calibration[["confidence", "accuracy"]] * 100)
    assert texts(ax) == [f"{n}" for n in found.calibration["n"]]
    assert f"{100 * found.ece:.0f} points" in ax.get_title(loc="left")


def test_without_confidence_there_is_a_sentence() -> None:
    frame = frames.shadow().assign(confidence=np.nan)
    assert texts(plots.reliability(frame, axes())) == ["No prediction has a confidence: there is nothing to show."]
    none = frames.shadow().assign(predicted_class=None)
    assert "nothing to show" in texts(plots.confusion(none, axes()))[0]


def test_each_label_has_its_precision_and_its_recall() -> None:
    found = agreement(frames.shadow())
    ax = plots.per_class(found, axes())
    assert rows(ax) == list(found.per_class["label"])
    expected = [*found.per_class["precision"] * 100, *found.per_class["recall"] * 100]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(expected)
    assert texts(ax)[0].startswith(f"F1 {found.per_class['f1'].iloc[0]:.2f}")
    never = pd.DataFrame({"true_class": ["a", "b"], "predicted_class": ["a", "a"]})
    assert any(text.startswith("F1 0.00") for text in texts(plots.per_class(never, axes())))


def test_probes_show_rate_interval_and_counts_of_those_that_were_tried() -> None:
    table = frames.probes()
    ax = plots.probes(table, axes())
    assert rows(ax) == ["ablation", "swap", "injection"]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([75, 100, 10])
    assert texts(ax) == ["75 % · 30 of 40", "100 % · 20 of 20", "10 % · 1 of 10"]
    lines = [[segment[:, 0].tolist() for segment in drawn.get_segments()] for drawn in ax.collections]
    assert [pytest.approx([60, 86]), pytest.approx([84, 100]), pytest.approx([10, 10])] in lines
    assert [pytest.approx([80, 80]), pytest.approx([90, 90]), pytest.approx([95, 95])] in lines
    assert "where good begins" in ax.get_xlabel()
    bare = plots.probes(table.drop(columns="bar"), axes())
    assert "good" not in bare.get_xlabel() and len(bare.collections) == len(ax.collections) - 2


def test_a_report_of_probes_is_drawn_as_its_table_is(tmp_path: Path) -> None:
    sid = write_session(tmp_path, Plan(products=4))
    session, table = load_session(sid, output_dir=tmp_path), frames.probes().drop(columns="engine")
    empty = pd.DataFrame()
    report = ProbeReport(session, session, 4, {"yes": 1}, table, cases=empty, refused=empty)
    ax = plots.probes(report, axes())
    assert texts(plots.probes(table, axes())) == texts(ax)[:-1] and texts(ax)[-1] == "No language model was asked."


def test_what_no_model_saw_is_marked_as_such() -> None:
    for plot in (plots.confusion, plots.reliability, plots.per_class):
        assert "No vision model was asked." in texts(plot(frames.shadow(engine="offline"), axes()))
        assert not [text for text in texts(plot(frames.shadow(), axes())) if "model" in text]
    assert any("No language model" in text for text in texts(plots.probes(frames.probes("offline"), axes())))
