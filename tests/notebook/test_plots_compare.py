"""What changed between audits, as plots."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from feedeval.notebook import plots
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
