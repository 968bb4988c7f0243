"""The sessions of a folder, as rows of the dashboard and as text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from feedeval.errors import SessionError
from feedeval.formatting import brief_money, clip, columns, local_moment, plain
from feedeval.html import Markup, escape, section, table
from feedeval.notebook.browser.rows import GridColumn, Row, meter, quiet
from feedeval.notebook.panel.render import state_mark
from feedeval.notebook.report.sections import source_name
from feedeval.records import Status
from feedeval.records.kinds import kind_words
from feedeval.results.library import DAMAGED, list_sessions
from feedeval.results.session import Session
from feedeval.storage.paths import session_paths
from feedeval.storage.readers import is_being_written, session_ids, status_of

COLUMNS = (
    GridColumn("session", "Session"),
    GridColumn("state", "State"),
    GridColumn("what", "What", rank=1, wide=True),
    GridColumn("done", "Done", figure=True),
    GridColumn("coverage", "Coverage", figure=True, rank=1),
    GridColumn("cost", "Cost", figure=True, rank=2),
    GridColumn("age", "Last change", figure=True, rank=1),
    GridColumn("size", "Size", figure=True, rank=2),
)

_MOVING = (Status.RUNNING.value, Status.PAUSED.value, Status.PENDING.value)
_SOURCE_CHARS = 40
_TEXT_WIDTH = 120
_AGES = ((86_400.0, "day"), (3600.0, "h"), (60.0, "min"))


def worked_on(frame: pd.DataFrame, folder: Path) -> list[str]:
    """Return the sessions that some process or kernel has open for writing, paused ones included."""
    moving = frame.loc[frame["status"].isin(_MOVING), "session"]
    return [sid for sid in moving if is_being_written(session_paths(folder, sid))]


def refreshed(frame: pd.DataFrame, folder: Path, sids: Sequence[str]) -> pd.DataFrame:
    """Return a listing with the counts of some sessions as they are now.

    Where sessions came or went, or one changed its state, the folder is listed anew.
    """
    known = frame.set_index("session")
    if set(session_ids(folder)) != set(known.index):
        return list_sessions(folder)
    try:
        now = {sid: Session(sid, folder).progress for sid in sids}
        if any(status_of(session_paths(folder, sid)).value != known.at[sid, "status"] for sid in sids):
            return list_sessions(folder)
    except SessionError:
        return list_sessions(folder)
    fresh = frame.copy()
    for row in fresh.index[fresh["session"].isin(sids)]:
        progress = now[str(fresh.at[row, "session"])]
        fresh.loc[row, ["total", "done", "failed"]] = [
            progress.counts.total,
            progress.counts.done,
            progress.counts.failed,
        ]
        fresh.loc[row, "cost_usd"] = float("nan") if progress.cost_usd is None else progress.cost_usd
        fresh.loc[row, "updated"] = local_moment(progress.updated)
    return fresh


def session_rows(frame: pd.DataFrame, folder: Path, now: datetime) -> list[Row]:
    """Return the rows of some sessions.

    Args:
        frame: Rows of `list_sessions`.
        folder: Their folder.
        now: The moment that ages are told from, with its offset.
    """
    return [_row(values, folder, now) for values in frame.to_dict("records")]


def _row(values: dict[Any, Any], folder: Path, now: datetime) -> Row:
    sid = str(values["session"])
    cells = (
        state(values["status"]),
        _what(values, Session(sid, folder)),
        _done(values),
        _coverage(values["coverage_pct"]),
        escape(brief_money(values["cost_usd"])),
        escape(age(values["updated"], now)),
        escape(size_words(values["size_mb"])),
    )
    return Row(sid, f"Open session {sid}", cells)


def state(status: object) -> Markup:
    """Return a state as glyph and word; also of a session whose files are damaged."""
    if status == DAMAGED:
        return Markup('<span aria-hidden="true" style="color:var(--jp-error-color1,#d32f2f)">✖\ufe0e</span> Damaged')
    return state_mark(Status(str(status)))


def _what(values: dict[Any, Any], session: Session) -> Markup:
    if values["status"] == DAMAGED:
        return quiet("not known")
    title = kind_words(str(values["kind"])).title
    try:
        source = clip(source_name(session), _SOURCE_CHARS)
    except SessionError:
        source = ""
    return Markup(escape(title) + (f' <span class="fe-quiet">· {escape(source)}</span>' if source else ""))


def _done(values: dict[Any, Any]) -> Markup:
    if pd.isna(values["total"]):
        return quiet("–")
    failed = f" · {values['failed']:,} failed" if values["failed"] else ""
    return Markup(f"{values['done']:,} of {values['total']:,}{failed}")


def _coverage(coverage_pct: float) -> Markup:
    return quiet("–") if pd.isna(coverage_pct) else meter(coverage_pct / 100, f"{coverage_pct:.1f} %")


def size_words(size_mb: float) -> str:
    """Return a size in a few characters."""
    if pd.isna(size_mb):
        return "–"
    return f"{size_mb:,.0f} MB" if size_mb >= 10 else f"{size_mb:.1f} MB" if size_mb >= 0.1 else "< 0.1 MB"


def age(timestamp: object, now: datetime) -> str:
    """Return how long ago an ISO 8601 time was, such as `3 h ago`; a dash where there is none."""
    try:
        since_s = (now - datetime.fromisoformat(str(timestamp))).total_seconds()
    except (ValueError, TypeError):
        return "–"
    for unit_s, unit in _AGES:
        if since_s >= unit_s:
            count = int(since_s // unit_s)
            return f"{count:,} {unit}{'s' if unit == 'day' and count > 1 else ''} ago"
    return "just now"


def _cells(values: dict[Any, Any], now: datetime) -> tuple[str, ...]:
    counts = "?" if pd.isna(values["total"]) else f"{values['done']:,} of {values['total']:,}"
    failed = "" if pd.isna(values["failed"]) or not values["failed"] else f", {values['failed']:,} failed"
    coverage = "" if pd.isna(values["coverage_pct"]) else f"{values['coverage_pct']:.1f} %"
    kind = "?" if pd.isna(values["kind"]) else kind_words(str(values["kind"])).title
    status = str(values["status"]).capitalize()
    known = (str(values["session"]), status, kind, counts + failed, coverage, brief_money(values["cost_usd"]))
    return (*known, age(values["updated"], now), size_words(values["size_mb"]))


def listing_text(frame: pd.DataFrame, folder: Path, now: datetime) -> str:
    """Return the listing for a terminal."""
    if frame.empty:
        return nothing_here(folder)
    rows = [_cells(values, now) for values in frame.to_dict("records")]
    return columns(rows, [column.title for column in COLUMNS], width=_TEXT_WIDTH)


def listing_html(frame: pd.DataFrame, folder: Path, now: datetime) -> Markup:
    """Return the listing as a static table: what a saved notebook and a preview show."""
    title = f"Sessions in {plain(folder)}"
    if frame.empty:
        return section(title, escape(nothing_here(folder)))
    rows = [
        (values[0], state(status), *values[2:])
        for values, status in zip(
            (_cells(values, now) for values in frame.to_dict("records")), frame["status"], strict=True
        )
    ]
    return section(title, table(rows, [column.title for column in COLUMNS]))


def nothing_here(folder: Path) -> str:
    """Return what to do about a folder without sessions."""
    return (
        f"There is no session in {plain(folder)} yet: evaluate a feed with fe.ProductFeedEvaluator().start(feed), or "
        "name another folder with fe.dashboard(output_dir)."
    )
