"""Which earlier audits may be gone on with, and by which settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feedeval.errors import SessionNotFound
from feedeval.evaluator.options import delivery_of
from feedeval.records import Status
from feedeval.results.session import Session, load_session
from feedeval.storage.addresses import shown
from feedeval.storage.readers import session_ids
from feedeval.storage.shards import SHARDS


def latest_audits(output_dir: Path) -> list[Session]:
    """Return the latest audit, and where it is finished the latest that is not; the likelier one first.

    Raises:
        SessionNotFound: There is none.
    """
    latest: list[Session] = []
    for session in (load_session(sid, output_dir=output_dir) for sid in reversed(session_ids(output_dir))):
        if not session.is_audit or session.stands_aside:
            continue
        finished = session.status is Status.FINISHED
        if not finished or not latest:
            latest.append(session)
        if not finished:
            break
    if len(latest) == 2 and latest[0].progress.counts.total < latest[1].progress.counts.total:
        # A trial of a few products is not what an audit of them all that was stopped before waits for.
        latest.reverse()
    if not latest:
        raise SessionNotFound(f"there is no session in {shown(output_dir)}: nothing to go on with")
    return latest


def settings_then(session: Session, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that an audit began with, and in their place those that a person gives now."""
    then = session.progress
    settings = {
        "num_questions": then.fingerprint["num_questions"],
        "question_scope": then.fingerprint["question_scope"],
        "limit": then.settings["source"].get("limit"),
        "pages": then.settings.get("pages"),
        # A hard cap holds until a person sets another one, or None.
        "budget_usd": then.budget_usd,
        **delivery_of(then.settings),
        **options,
        "session": session.id,
    }
    if "question_set" in then.fingerprint:
        settings["question_set"] = session
    if SHARDS in then.settings:
        settings["cluster"] = settings.get("cluster") or then.settings[SHARDS]["cluster"]
    return settings
