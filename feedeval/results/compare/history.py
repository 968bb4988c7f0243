"""Many audits of one shop, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from feedeval.errors import InputError, SessionError
from feedeval.feed.parsing.sources import shown_address
from feedeval.jobs.frozen import FrozenQuestions
from feedeval.results.basis import Basis
from feedeval.results.finding import session_labels
from feedeval.results.frames.decoding import AuditCoverage, readable_batches
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.library import as_session
from feedeval.results.session import Session
from feedeval.results.stats import UNKNOWN, Interval, clustered_interval
from feedeval.storage.batch_files import collector_paused
from feedeval.storage.batch_shapes import ResultOf, Unread
from feedeval.storage.paths import SessionFolder
from feedeval.storage.readers import session_ids

HISTORY_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("session", "started", "feed", "engine", "status"), TEXT),
    **dict.fromkeys(("products", "sampled_of", "done", "failed"), "Int64"),
    **dict.fromkeys(("failed_share", "coverage_pct", "low", "high", "cost_usd"), "float64"),
    "comparable": TEXT,
}


_Result = ResultOf[AuditCoverage, Unread]


@dataclass(eq=False)
class _Line:
    """Audits that can be compared."""

    judge: tuple[str, ...]
    asked: dict[str, str]
    """Category -> what was asked in it."""
    latest: Session

    def takes(self, judge: tuple[str, ...], asked: Mapping[str, str], session: Session) -> bool:
        """Say whether an audit belongs to them."""
        common = self.asked.keys() & asked.keys()
        same = judge == self.judge and bool(common) and all(self.asked[name] == asked[name] for name in common)
        if not same or (_place(session) and _place(session) == _place(self.latest)):
            return same
        # Two shops in one folder may well be asked the same.
        return not _keys(session).isdisjoint(_keys(self.latest))


def history(
    sessions: str | Path | Iterable[Session | str] = "output",
    *,
    feed: str | Path | None = None,
    output_dir: str | Path = "output",
) -> pd.DataFrame:
    """Return how audits went over time, a row each, the earliest first; one that is given twice has one row.

    Args:
        sessions: Audits or their names, or a folder: all audits in it.
        feed: Only audits of this feed: its path or address, its file name, or a pattern such as `shop_*.xml`.
        output_dir: The folder of sessions that are given by name.

    Returns:
        Columns: session (its folder before it where audits of several folders bear the same name), started (ISO 8601),
        feed, engine, status (str); products, sampled_of (products of the feed that a sample was drawn from, missing
        where all of it was audited), done, failed (Int64); failed_share (float64, 0 to 1); coverage_pct (float64, mean
        over the products that are done; of a sample, the estimate for its whole feed; NaN where more than 30 % of the
        questions were not judged), low, high (its 95 % interval);
        cost_usd (float64, NaN where the model has no known price); comparable (str: rows with the same letters asked
        the same questions by the same engine, of the same feed or of feeds with common products, so that a change
        between them is one of the feed).

    Raises:
        SessionNotFound: There is no such session.
        InputError: A session is no audit, or no audit is left.
    """
    if isinstance(sessions, str | Path):
        folder = SessionFolder.of(sessions)
        known = [Session(sid, folder) for sid in session_ids(folder)]
        found = [session for session in known if _is_readable_audit(session)]
    else:
        found = [as_session(each, output_dir) for each in sessions]
    found = [session for session in dict.fromkeys(found) if feed is None or _is_of(session, str(feed))]
    if not found:
        where = str(sessions) if isinstance(sessions, str | Path) else "the sessions that were given"
        raise InputError(f"there is no audit{'' if feed is None else f' of {feed}'} in {where}")
    found.sort(key=lambda session: session.age_key)
    rows = [_row(session) for session in found]
    frame = pd.DataFrame(rows).assign(session=session_labels(found), comparable=_comparable(found))
    return frame[list(HISTORY_COLUMNS)].astype(HISTORY_COLUMNS)


def _is_readable_audit(session: Session) -> bool:
    try:
        return session.is_audit and not session.stands_aside
    except SessionError:
        # A damaged one is left to `verify`; a listing shows it.
        return False


def feed_of(session: Session) -> str:
    """Return where the products of a session came from: a path, an address without its query, or what it was."""
    source = session.progress.settings.get("source")
    if not isinstance(source, dict):
        return str(source or "")
    if "url" in source:
        return shown_address(source["url"])
    return str(source.get("path") or source.get("kind", ""))


def _is_of(session: Session, wanted: str) -> bool:
    origin = feed_of(session)
    wanted = shown_address(wanted) if "://" in wanted else wanted
    name = origin.rsplit("/", 1)[-1]
    absolute = str(Path(wanted).absolute()) if "://" not in wanted else wanted
    return origin in (wanted, absolute) or fnmatchcase(name, wanted) or fnmatchcase(origin, wanted)


def _row(session: Session) -> dict[str, Any]:
    if not session.is_audit:
        raise InputError(f"session {session.id} is of the kind {session.progress.kind}: a history is one of audits")
    progress = session.progress
    counts = progress.counts
    tried = counts.done + counts.failed
    covered = coverage_of(session)
    return {
        "started": progress.started,
        "feed": feed_of(session),
        "engine": progress.engine,
        "status": session.status.value,
        "products": counts.total,
        "sampled_of": (session.sample or {}).get("of"),
        "done": counts.done,
        "failed": counts.failed,
        "failed_share": counts.failed / tried if tried else np.nan,
        "coverage_pct": round(covered.estimate, 4),
        "low": round(covered.low, 4),
        "high": round(covered.high, 4),
        "cost_usd": progress.cost_usd,
    }


def coverage_of(session: Session) -> Interval:
    """Return the mean coverage of an audit, or the estimate for its feed where a sample was audited.

    Unknown where too little was judged.
    """
    if session.large is not None:
        figures = session.large.figures
        return clustered_interval(figures["coverage_pct"]) if Basis.of(figures).has_figure else UNKNOWN
    values = [result.value for result in _results(session)]
    if not Basis.of_values(values).has_figure:
        return UNKNOWN
    if (whole := session.whole_feed) is not None:
        return whole.coverage_pct
    return clustered_interval([np.nan if v.coverage_pct is None else v.coverage_pct for v in values])


def _results(session: Session) -> list[_Result]:
    with collector_paused():
        return [result for batch in readable_batches(session.batch_files, _Result, Unread) for result in batch.results]


def _keys(session: Session) -> set[str]:
    return {result.key for result in _results(session)}


def _place(session: Session) -> str:
    """Return where a feed can be read again, empty where it was given as it is."""
    source = session.progress.settings.get("source")
    return feed_of(session) if isinstance(source, dict) and source.keys() & {"path", "url"} else ""


def _comparable(sessions: Sequence[Session]) -> list[str]:
    """Return a name for each session, the same for those that asked the same of the same shop by the same judge."""
    lines: list[_Line] = []
    names = []
    for session in sessions:
        fingerprint = session.progress.fingerprint
        judge = tuple(str(fingerprint.get(name)) for name in ("model", "prompts", "temperature", "fields", "locale"))
        asked = {made.category: FrozenQuestions.of(session.id, [made]).digest for made in session.question_sets()}
        line = next((line for line in lines if line.takes(judge, asked, session)), None)
        if line is None:
            lines.append(line := _Line(judge, {}, session))
        line.asked.update(asked)
        line.latest = session
        names.append(_letters(lines.index(line)))
    return names


def _letters(place: int) -> str:
    more, last = divmod(place, 26)
    return (_letters(more - 1) if more else "") + chr(ord("A") + last)
