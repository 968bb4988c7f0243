"""What changed between audits, as plots."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from feedeval.errors import InputError
from feedeval.notebook.plots import gallery as plots
from tests.notebook import frames


@pytest.fixture(autouse=True)
def no_figure_stays() -> Iterator[None]:
    with mpl.rc_context({"backend": "agg"}):
        yield
    plt.close("all")


def axes(height_in: float = 5.0) -> Axes:
    return Figure(figsize=(7.5, height_in)).add_subplot()


def rows(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_yticklabels()]


def test_categories_stand_by_the_size_of_their_change_with_ring_dot_and_band() -> None:
    ax = plots.before_and_after(frames.categories(), axes())
    assert rows(ax) == ["Sport > Tents 2", "Sport > Tents 0", "Sport > Tents 3", "Sport > Tents 1"]
    assert [text.get_text() for text in ax.texts][:2] == ["-20.0 · 12 products", "+12.5 · 10 products"]
    marks = [line for line in ax.lines if line.get_marker() == "o"]
    rings = [line.get_xdata()[0] for line in marks if line.get_markerfacecolor() == "none"]
    dots = [line.get_xdata()[0] for line in marks if line.get_markerfacecolor() != "none"]
    assert rings == [40.0] * 4 and dots == [20.0, 52.5, 43.0, 40.0]
    bands = [list(line.get_xdata()) for line in ax.lines if line.get_linewidth() == 5]
    assert bands == [[18.0, 22.0], [50.5, 54.5], [41.0, 45.0]], "what did not change has none"


def test_topics_are_drawn_as_categories_are() -> None:
    topics = frames.categories().rename(columns={"category": "taxonomy", "products": "judgements"})
    ax = plots.before_and_after(topics, axes())
    assert "topic" in ax.get_title(loc="left") and "12 judgements" in ax.texts[0].get_text()


def test_of_many_categories_those_that_changed_most_are_shown() -> None:
    ax = plots.before_and_after(frames.categories(np.linspace(-30, 30, 90).tolist()))
    assert len(rows(ax)) == 40 and "the 40 that changed most of 90" in ax.get_title(loc="left").replace("\n", " ")


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_only_audits_that_can_be_compared_are_joined() -> None:
    ax = plots.history(frames.audits("AABBA"), axes())
    joined = [list(line.get_ydata()) for line in ax.lines if line.get_marker() in ("o", "s")]
    assert joined == [[40.0, 43.0, 52.0], [46.0, 49.0]]
    assert texts(ax) == ["40.0 % A", "43.0 % A", "46.0 % B", "49.0 % B", "52.0 % A"]
    assert "joined" in ax.get_title(loc="left")
    alike = plots.history(frames.audits("AAA"), axes())
    assert texts(alike) == ["40.0 %", "43.0 %", "46.0 %"] and "joined" not in alike.get_title(loc="left")


def test_failures_and_cost_over_time_have_their_own_units() -> None:
    failures = plots.history(frames.audits(), axes(), show="failures")
    assert failures.get_ylabel() == "Products that failed (%)" and texts(failures)[-1] == "5.0 %"
    cost = plots.history(frames.audits(), axes(), show="cost")
    assert "US dollars" in cost.get_ylabel() and texts(cost)[0] == r"\$1.50"
    assert texts(plots.history(frames.audits().assign(cost_usd=0.0), axes(), show="cost")) == [
        "These audits cost nothing."
    ]
    unknown = plots.history(frames.audits().assign(cost_usd=np.nan), axes(), show="cost")
    assert "no known price" in texts(unknown)[0]
    with pytest.raises(InputError, match="show='speed'"):
        plots.history(frames.audits(), axes(), show="speed")


def test_one_audit_and_a_hundred_are_drawn() -> None:
    one = plots.history(frames.audits("A"), axes())
    assert texts(one) == ["40.0 %"] and "1 audit" in one.get_title(loc="left")
    many = frames.audits("A").loc[[0] * 100].reset_index(drop=True)
    many["started"] = [f"2026-{1 + n // 28 % 12:02d}-{1 + n % 28:02d}T10:00:00.000+00:00" for n in range(100)]
    ax = plots.history(many, axes())
    assert len(texts(ax)) == 2
    ax.figure.draw_without_rendering()
