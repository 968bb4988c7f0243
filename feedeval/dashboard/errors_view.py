"""What went wrong in a session, how it was over time, and its batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from feedeval.formatting import brief_money, duration, moment_words
from feedeval.html import Markup, table
from feedeval.notebook.browser.record import failure_html
from feedeval.notebook.browser.rows import Span, quiet
from feedeval.notebook.browser.shapes import name_of
from feedeval.notebook.panel.render import health_lines
from feedeval.notebook.plots import gallery as plots
from feedeval.notebook.plots.pictures import themed_figure
from feedeval.notebook.report.parts import foreign, text_of
from feedeval.results.session import Session
from feedeval.results.summary import failures_by_type

LATEST = 15
"""Failures that are shown with their circumstances."""
_TYPES = 12


def errors_html(session: Session) -> Markup:
    """Return the failures of a session: by type, over its batches, and the latest with their circumstances."""
    failures = session.failures
    if failures.empty:
        return Markup("<p>Nothing failed.</p>")
    total = session.progress.total_batches
    several = failures["error_type"].nunique() > 1
    latest = failures.sort_values("timestamp", ascending=False, kind="stable").head(LATEST)
    shown = "".join(
        f"<div><p>{foreign(name_of(values, 'filename'), 120)} {quiet(str(values['key']))}</p>"
        f"{failure_html(values)}</div>"
        for values in latest.to_dict("records")
    )
    return Markup(
        f'<div class="fe-scroll">{failures_by_type(failures, _TYPES).html()}</div>'
        f"{themed_figure(lambda ax: plots.errors_by_type(failures, ax)) if several else ''}"
        f"{themed_figure(lambda ax: plots.errors_over_batches(failures, ax, total_batches=total))}"
        f"<h4>The latest {len(latest):,} of {len(failures):,}</h4>{shown}"
    )


def health_html(session: Session) -> Markup:
    """Return the state of health, and how health, memory, speed and cost went over time as far as it was noted."""
    reports = session.reports
    shown = (plots.health, plots.memory, plots.rate, plots.latency, plots.cost)
    pictures = [themed_figure(lambda ax, plot=plot: plot(reports, ax)) for plot in shown]  # type: ignore[misc]
    return Markup("".join([health_lines(session.progress.health), *dict.fromkeys(pictures)]))


_BATCH_HEAD = (
    *("Batch", "From – to", "Done", "Failed", "Time", "For each", "Calls", "Repeated", "Tokens", "Cost"),
    *("Memory", "Health", "Complete at"),
)


def batches_html(reports: pd.DataFrame, span: Span) -> Markup:
    """Return the reports of some batches as a table, the newest first."""
    if reports.empty:
        return Markup("<p>No batch is complete yet.</p>")
    part = reports.iloc[::-1].iloc[span.start : span.stop]
    rows = [_batch(values) for values in part.to_dict("records")]
    return Markup(f'<div class="fe-scroll fe-batches">{table(rows, _BATCH_HEAD)}</div>')


def _batch(values: Mapping[Any, Any]) -> tuple[object, ...]:
    def said(name: str, words: str) -> str:
        return "–" if pd.isna(values.get(name)) else words.format(values[name])

    return (
        f"{values['batch_number']:,}",
        f"{values['batch_start_index'] + 1:,}–{values['batch_end_index'] + 1:,}",
        f"{values['successful']:,}",
        f"{values['failed']:,}",
        duration(values["elapsed_ms"] / 1000),
        f"{values['average_time_ms']:,.0f} ms",
        f"{values['calls']:,}",
        f"{values['retries']:,}",
        f"{values['tokens']:,}",
        brief_money(values["cost_usd"]),
        said("memory_mb", "{:,.0f} MB"),
        said("health", "{}"),
        moment_words(text_of(values["timestamp"])),
    )
