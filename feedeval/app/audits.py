"""The audits of a folder, as the app offers them: those that go on, also in another kernel, and earlier ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from feedeval.app.render import block
from feedeval.errors import FeedevalError
from feedeval.evaluator.launching import live_run
from feedeval.formatting import brief_money, clip, counted
from feedeval.html import Markup, escape
from feedeval.notebook.panel.render import bar_row, state_mark
from feedeval.notebook.report.sections import source_name
from feedeval.records import Progress, Status
from feedeval.results.session import Session
from feedeval.run.telling.words import reason_in_words
from feedeval.storage.paths import SessionPaths, session_paths
from feedeval.storage.readers import session_ids, stand_of, status_of, writer_of

MOST = 20
"""Audits that are offered, the latest ones."""
_NAME_CHARS = 48


@dataclass(frozen=True, slots=True)
class FoundAudit:
    """An audit as it stands on disk now."""

    sid: str
    name: str
    """What people call it: its feed."""
    status: Status
    progress: Progress
    writer: str
    """Who works on it, in words; empty where nobody does."""
    own: bool
    """This kernel works on it."""

    @property
    def elsewhere(self) -> bool:
        """Whether another kernel or process works on it."""
        return bool(self.writer) and not self.own

    @property
    def title(self) -> str:
        """A line that tells it from the others: when, what, how far."""
        counts = self.progress.counts
        through = counts.done + counts.failed
        when = local_time(self.progress.started)
        if self.writer:
            # How far it is changes while it is looked at.
            return f"{when} · {self.name} · {self.status.value}, {counted(counts.total, 'product')}"
        share = "" if through == counts.total else f"{through:,} of "
        failed = f", {counts.failed:,} failed" if counts.failed else ""
        return f"{when} · {self.name} · {self.status.value}, {share}{counted(counts.total, 'product')}{failed}"


def local_time(timestamp: str) -> str:
    """Return an ISO 8601 time as people read it, in this machine's time, such as `27 Nov, 14:05`."""
    try:
        when = datetime.fromisoformat(timestamp).astimezone()
    except ValueError:
        return "?"
    year = "" if when.year == datetime.now().astimezone().year else f" {when.year}"
    return f"{when.day} {when:%b}{year}, {when:%H:%M}"


def audits_of(folder: Path, most: int = MOST) -> list[FoundAudit]:
    """Return the latest audits of a folder, the latest first; one that cannot be read is left out."""
    found: list[FoundAudit] = []
    for audit in _audits(folder):
        found.append(audit)
        if len(found) == most:
            break
    return found


def _audits(folder: Path) -> Iterator[FoundAudit]:
    for sid in reversed(session_ids(folder)):
        try:
            audit = look_at(session_paths(folder, sid))
        except FeedevalError:
            continue
        if audit is not None:
            yield audit


def look_at(paths: SessionPaths) -> FoundAudit | None:
    """Return an audit as it stands now; None where the session is none that a person started to audit a feed.

    Raises:
        FeedevalError: It cannot be read.
    """
    session = Session(paths.sid, paths.folder)
    if not session.is_audit or session.stands_aside:
        return None
    return FoundAudit(
        paths.sid,
        clip(_name(session), _NAME_CHARS),
        status_of(paths),
        stand_of(paths),
        writer_of(paths) or "",
        live_run(paths) is not None,
    )


def _name(session: Session) -> str:
    source = session.progress.settings.get("source")
    kind = source.get("kind") if isinstance(source, dict) else None
    return source_name(session) or str(kind or "a feed")


def card(audit: FoundAudit) -> Markup:
    """Return where an audit stands, and what can be done about it from here."""
    progress, counts = audit.progress, audit.progress.counts
    total = max(counts.total, 1)
    text = f"{counts.done + counts.failed:,} of {counted(counts.total, 'product')}"
    failed = f" · {counts.failed:,} failed" if counts.failed else ""
    facts = (
        f"{brief_money(progress.cost_usd)}{failed} · last change {local_time(progress.updated)} · session {audit.sid}"
    )
    reason = reason_in_words(progress.status_reason) if audit.status is not Status.FINISHED else ""
    return block(
        Markup(
            f'<div><b role="status">{state_mark(audit.status)}</b> {escape(audit.name)}'
            f"{f' · {escape(clip(reason, 300))}' if reason else ''}</div>"
        ),
        bar_row("All", (counts.done / total, counts.failed / total), text),
        Markup(f'<div style="opacity:.72">{escape(facts)}</div>'),
        Markup(f"<div>{escape(_what_now(audit))}</div>"),
    )


def _what_now(audit: FoundAudit) -> str:
    if audit.elsewhere:
        return (
            f"Another page, notebook or terminal is working on it ({audit.writer}). It is shown here as it is saved, "
            "and goes on when this page is closed; the buttons take effect within a second or two."
        )
    if audit.status is Status.FINISHED:
        return ""
    return "It is not running. “Go on” reads its feed again; what is done is neither asked nor paid for twice."
