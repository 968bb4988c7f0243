"""A session at a glance: what it is, how far it got, what it cost, how it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from feedeval.dashboard.session_list import age, size_words, state
from feedeval.errors import InputError, SessionError
from feedeval.formatting import clip, duration, moment_words, money
from feedeval.html import Markup, escape, table
from feedeval.notebook.browser.result_html import findings_html as checked_html
from feedeval.notebook.browser.result_html import lists_html, may_be_checked
from feedeval.notebook.panel.render import bar_row, figures, health_lines
from feedeval.notebook.plots import gallery as plots
from feedeval.notebook.plots.pictures import themed_figure
from feedeval.notebook.report.findings import check_again
from feedeval.notebook.report.parts import foreign
from feedeval.notebook.report.sections import source_name
from feedeval.records import Progress, Status
from feedeval.records.kinds import JobKind, kind_words
from feedeval.results.agreement.measure import agreement
from feedeval.results.basis import standing_of
from feedeval.results.frames.results import RowStatus
from feedeval.results.library import DAMAGED, session_info
from feedeval.results.session import Session
from feedeval.run.telling.words import counted, failures_in_words, reason_in_words

_REASON_CHARS = 400


def headline(session: Session, by: str = "") -> Markup:
    """Return the line above an opened session: state, what it is, on which engine.

    Args:
        session: The session.
        by: Who works on it, in words; empty for nobody.
    """
    try:
        progress, status = session.progress, session.status
    except SessionError as exc:
        return Markup(f'<div class="fe-headline"><b class="fe-state">{state(DAMAGED)}</b></div>{_why(str(exc))}')
    title = kind_words(progress.kind).title
    source = source_name(session)
    parts = [
        f'<b class="fe-state" role="status">{state(status.value)}</b>',
        f"<span><b>{escape(title)}</b> by {foreign(session.engine_name, 80)}</span>",
        f'<span class="fe-quiet">{foreign(source, 80)}</span>' if source else "",
    ]
    note = f'<div class="fe-quiet">{escape(session.note)}</div>' if session.note else ""
    return Markup(
        f'<div class="fe-headline">{"".join(parts)}</div>{note}'
        f"{_why(_reason(progress)) if status is not Status.FINISHED else ''}{_why(by)}{_why(_interrupted(status))}"
    )


def _reason(progress: Progress) -> str:
    return reason_in_words(progress.status_reason) if progress.status_reason else ""


def _why(reason: str) -> str:
    return f'<div class="fe-why">{foreign(reason, _REASON_CHARS)}</div>' if reason else ""


def _interrupted(status: Status) -> str:
    if status is not Status.INTERRUPTED:
        return ""
    return "The program that worked on it ended before it was done. Nothing that was finished is lost: Resume goes on."


def overview_html(session: Session, now: datetime) -> Markup:
    """Return counts, figures, health and settings of a session; reads the progress file and lists the folder."""
    try:
        progress, info, runs = session.progress, session_info(session), session.status is Status.RUNNING
    except SessionError as exc:
        return Markup(f"<p>{escape(exc)}</p>")
    counts = progress.counts
    total = counts.total or 1
    through = counts.done + counts.failed
    text = f"{through:,} of {counted(counts.total, progress.kind)}"
    bar = bar_row("All", (counts.done / total, counts.failed / total), text)
    told = figures([*_counts(progress, runs=runs), *_facts(progress, info, now)])
    return Markup(f"{bar}{told}{health_lines(progress.health)}{_errors(progress)}{_settings(info)}")


def _counts(progress: Progress, *, runs: bool) -> list[tuple[str, str]]:
    counts, report = progress.counts, progress.latest_report
    reused = f" ({counts.reused:,} taken over)" if counts.reused else ""
    facts = [("Done", f"{counts.done:,}{reused}"), ("Failed", f"{counts.failed:,}"), ("Left", f"{counts.left:,}")]
    if runs and report is not None:
        facts.append(("Time left", duration(report.estimated_time_remaining_ms / 1000)))
    return facts


def _facts(progress: Progress, info: Mapping[str, Any], now: datetime) -> list[tuple[str, str]]:
    budget = f" of {money(progress.budget_usd)}" if progress.budget_usd is not None else ""
    files = info["files"].values()
    return [
        ("Cost", f"{money(progress.cost_usd)}{budget}"),
        ("Calls", f"{progress.calls:,}" + (f", {progress.retries:,} repeated" if progress.retries else "")),
        ("Tokens", f"{progress.usage.total_tokens:,}"),
        ("Time spent", duration(progress.elapsed_s)),
        ("Batches", f"{progress.batches_complete:,} of {progress.total_batches:,}"),
        ("Started", moment_words(progress.started)),
        ("Last change", age(progress.updated, now)),
        ("Files", f"{sum(of['number'] for of in files):,.0f}, {size_words(sum(of['size_mb'] for of in files))}"),
    ]


def _errors(progress: Progress) -> str:
    if not progress.errors_by_type:
        return ""
    return f"<p>Failed: <b>{escape(clip(failures_in_words(progress.errors_by_type), 400))}</b></p>"


def _settings(info: Mapping[str, Any]) -> str:
    rows = [
        (name.replace("_", " "), foreign(_words(value), _REASON_CHARS))
        for part in ("fingerprint", "settings")
        for name, value in info[part].items()
    ]
    return f'<details><summary>Settings</summary><div class="fe-scroll">{table(rows)}</div></details>'


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_words(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "none" if value is None else str(value)


def lead_html(session: Session, results: pd.DataFrame) -> Markup:
    """Return what an audit found, in one line with what that stands on; nothing for any other session."""
    if not session.is_audit:
        return Markup("")
    done = results[results["status"] == RowStatus.DONE.value]
    if done.empty:
        return Markup("<p>No product has been evaluated yet, so there are no scores to show.</p>")
    standing = standing_of(results, session.whole_feed)
    if standing.basis.failed or standing.coverage_pct is None:
        said = standing.headline(session.status.words)
    else:
        over = counted(len(done), JobKind.AUDIT)
        figure = f"{standing.figure} % of what buyers would ask is answered by the feed, over {over}"
        said = f"{standing.basis.words(figure)}."
    return Markup(f'<p class="fe-result">{escape(said)}</p>')


def refused_html(session: Session) -> Markup:
    """Return what the destination would refuse, from the feed as it is now; a sentence where it is not read again."""
    if not session.is_audit:
        return Markup("")
    if why := may_be_checked(session):
        return Markup(f'<p class="fe-quiet">{escape(why)}</p>')
    return checked_html(check_again(session, warns=False))


def findings_html(session: Session, results: pd.DataFrame) -> Markup:
    """Return the lists and plots of what a session found.

    The lists need a look at every judgement, so that an audit that is too large for that gets more plots instead.
    """
    if session.progress.kind == JobKind.SHADOW:
        return Markup(f"{_agreement(results)}{_lists(session)}")
    if not session.is_audit:
        return Markup(_lists(session) if session.is_small and len(results) else "")
    done = results[results["status"] == RowStatus.DONE.value]
    if done.empty:
        return Markup("")
    head = themed_figure(lambda ax: plots.coverage(results, ax))
    if session.is_small:
        return Markup(_lists(session) + head)
    more = (plots.coverage_by_category, plots.missing_fields)
    pictures = [themed_figure(lambda ax, plot=plot: plot(done, ax)) for plot in more]  # type: ignore[misc]
    return Markup(head + "".join(pictures))


def _agreement(results: pd.DataFrame) -> str:
    try:
        return f'<div class="fe-scroll">{agreement(results)._repr_html_()}</div>'
    except InputError as exc:
        # Nothing can be compared yet.
        return f"<p>{escape(exc)}</p>"


def _lists(session: Session) -> str:
    return lists_html(session.summary())
