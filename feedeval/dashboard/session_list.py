"""The sessions of a folder, as rows of the dashboard and as text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from feedeval.errors import SessionError
from feedeval.evaluator.launching import live_run
from feedeval.formatting import brief_money, clip, columns, local_moment, moment_words, plain
from feedeval.html import Markup, escape, section, table
from feedeval.notebook.browser.rows import GridColumn, Row, meter, quiet
from feedeval.notebook.panel.render import state_mark
from feedeval.records import Status
from feedeval.records.kinds import kind_words
from feedeval.results.library import DAMAGED, list_sessions
from feedeval.results.naming import engine_words
from feedeval.results.session import Session
from feedeval.storage.paths import session_paths
from feedeval.storage.readers import is_being_written, session_ids, status_of

COLUMNS = (
    GridColumn("name", "Name"),
    GridColumn("state", "State"),
    GridColumn("feed", "Feed", rank=1, wide=True),
    GridColumn("engine", "Judged by", rank=2),
    GridColumn("done", "Products", figure=True),
    GridColumn("coverage", "Coverage", figure=True, rank=1),
    GridColumn("cost", "Cost", figure=True, rank=2),
    GridColumn("date", "Started", figure=True, rank=1),
    GridColumn("age", "Last change", figure=True, rank=2),
)

_STILL_TITLES = ["Session" if column.name == "feed" else column.title for column in COLUMNS]
"""Where no row can be opened, its id stands in place of the feed, which most names tell."""

_MOVING = (Status.RUNNING.value, Status.PAUSED.value, Status.PENDING.value)
_NAME_CHARS = 48
_SOURCE_CHARS = 40
_ENGINE_CHARS = 24
_TEXT_WIDTH = 140
_AGES = ((86_400.0, "day"), (3600.0, "h"), (60.0, "min"))


def worked_on(frame: pd.DataFrame, folder: Path) -> list[str]:
    """Return the sessions that some process or kernel has open for writing, paused ones included.

    Of a run of this kernel that has only just begun, the files may not tell yet.
    """
    moving = set(frame.loc[frame["status"].isin(_MOVING), "session"])
    return [
        sid
        for sid in frame["session"]
        if (sid in moving and is_being_written(session_paths(folder, sid)))
        or live_run(session_paths(folder, sid)) is not None
    ]


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
        _feed(values, Session(sid, folder)),
        quiet("–") if pd.isna(values["engine"]) else Markup(escape(_engine(values))),
        _done(values),
        _coverage(values["coverage_pct"]),
        escape(brief_money(values["cost_usd"])),
        escape(moment_words(values["started"])),
        escape(age(values["updated"], now)),
    )
    return Row(_name(values), f"Open session {sid}", cells)


def _engine(values: dict[Any, Any]) -> str:
    return clip(engine_words(str(values["engine"]), str(values["kind"])), _ENGINE_CHARS)


def _name(values: dict[Any, Any]) -> str:
    """Return what a session is called; one whose files are damaged by its id alone."""
    sid = str(values["session"])
    return sid if pd.isna(values["name"]) else clip(plain(values["name"]), _NAME_CHARS)


def state(status: object) -> Markup:
    """Return a state as glyph and word; also of a session whose files are damaged."""
    if status == DAMAGED:
        return Markup('<span aria-hidden="true" style="color:var(--jp-error-color1,#d32f2f)">✖\ufe0e</span> Damaged')
    return state_mark(Status(str(status)))


def _state_words(status: object) -> str:
    return DAMAGED.capitalize() if status == DAMAGED else Status(str(status)).words


def _feed(values: dict[Any, Any], session: Session) -> Markup:
    """Return the feed, what was done to it, and the session's id, which tells those of one name apart."""
    if values["status"] == DAMAGED:
        return quiet("not known")
    try:
        source = clip(session.feed_name, _SOURCE_CHARS)
    except SessionError:
        source = ""
    name = _name(values)
    more = " · ".join(text for text in (kind_words(str(values["kind"])).title, session.id) if text != name)
    # Most names are those of the feed, which need not be said twice.
    source = "" if source == name else source
    return Markup(f"{escape(source)} {quiet(more)}".strip())


def _done(values: dict[Any, Any]) -> Markup:
    if pd.isna(values["total"]):
        return quiet("–")
    failed = f" · {values['failed']:,} failed" if values["failed"] else ""
    return Markup(f"{values['done']:,} of {values['total']:,}{_unit(values)}{failed}")


def _unit(values: dict[Any, Any]) -> str:
    """Return what was counted, where it is no products."""
    unit = kind_words(str(values["kind"])).units
    return "" if unit == "products" else f" {unit}"


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
        since_s = (now - datetime.fromisoformat(str(timestamp)).astimezone()).total_seconds()
    except (ValueError, TypeError):
        return "–"
    for unit_s, unit in _AGES:
        if since_s >= unit_s:
            count = int(since_s // unit_s)
            return f"{count:,} {unit}{'s' if unit == 'day' and count > 1 else ''} ago"
    return "just now"


def _cells(values: dict[Any, Any], now: datetime) -> tuple[str, ...]:
    counts = "?" if pd.isna(values["total"]) else f"{values['done']:,} of {values['total']:,}{_unit(values)}"
    failed = "" if pd.isna(values["failed"]) or not values["failed"] else f", {values['failed']:,} failed"
    coverage = "" if pd.isna(values["coverage_pct"]) else f"{values['coverage_pct']:.1f} %"
    engine = "?" if pd.isna(values["engine"]) else _engine(values)
    # The id is what is typed to open one of several of a name.
    known = (_name(values), _state_words(values["status"]), str(values["session"]), engine, counts + failed)
    return (
        *known,
        coverage,
        brief_money(values["cost_usd"]),
        moment_words(values["started"]),
        age(values["updated"], now),
    )


def listing_text(frame: pd.DataFrame, folder: Path, now: datetime) -> str:
    """Return the listing for a terminal."""
    if frame.empty:
        return nothing_here(folder)
    rows = [_cells(values, now) for values in frame.to_dict("records")]
    return columns(rows, _STILL_TITLES, width=_TEXT_WIDTH)


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
    return section(title, table(rows, _STILL_TITLES))


def nothing_here(folder: Path) -> str:
    """Return what to do about a folder without sessions."""
    return (
        f"There is no session in {plain(folder)} yet: audit a feed with fe.app() or "
        "fe.ProductFeedEvaluator().start(feed), or name another folder with fe.dashboard(output_dir)."
    )
