"""Memory and health over the time of a run; what holds for all plots is tested in `test_plots`."""

from __future__ import annotations

import numpy as np
import pytest

from feedeval.notebook.plots import gallery as plots
from tests.notebook import frames
from tests.notebook.test_plots import axes, rows, texts


def test_memory_says_its_highest_and_its_last_figure() -> None:
    some = frames.reports(5).assign(memory_mb=[150.0, np.nan, 900.0, 300.0, 201.0])
    ax = plots.memory(some, axes())
    assert ax.lines[0].get_ydata().tolist() == [150, 900, 300, 201]
    assert ax.get_ylabel() == "Memory of the process (MB)"
    assert "900 MB at most, 201 MB at the end" in ax.get_title(loc="left").replace("\n", " ")
    many = frames.reports(5_000)
    many.loc[1_234, "memory_mb"] = 950.0
    drawn = plots.memory(many, axes()).lines[0].get_ydata()
    assert len(drawn) == 120 and max(drawn) == 950


def test_health_fills_the_row_of_each_state_while_it_lasted() -> None:
    ax = plots.health(frames.reports(5), axes())
    assert rows(ax) == ["healthy, 3 batches", "degraded, 1 batch", "critical, 1 batch"]
    spans = [(bar.get_y() + bar.get_height() / 2, bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches]
    # Of batches that end 20, 30, 40, 50 and 60 s after the start, each state holds since the batch before.
    assert spans == [pytest.approx(span) for span in [(0, 0, 20), (0, 40, 60), (1, 20, 30), (2, 30, 40)]]
    assert "critical at 1 and degraded at 1 of 5 batches" in ax.get_title(loc="left").replace("\n", " ")
    assert texts(ax) == ["Latest reason for critical: 4 of the last 50 records failed."]
    well = plots.health(frames.reports(5).assign(health="healthy", health_reason=""), axes())
    assert len(well.patches) == 1 and not texts(well)


def test_reports_that_do_not_note_memory_and_health_give_a_sentence() -> None:
    older = frames.reports().assign(memory_mb=np.nan, health=None, health_reason=None)
    for plot in (plots.memory, plots.health):
        assert "do not say" in texts(plot(older, axes()))[0]
