"""An audit on the questions of an earlier session: which questions these are, and whose results hold for it too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feedeval.errors import InputError, SessionError
from feedeval.jobs.audit import AuditJob
from feedeval.jobs.frozen import FrozenQuestions
from feedeval.results.session import Session, load_session
from feedeval.storage.addresses import shown

_NAMED = 5
"""Categories that a sentence names."""


def frozen_questions(options: Mapping[str, Any], output_dir: Path) -> tuple[dict[str, Any], FrozenQuestions | None]:
    """Return the options of an audit without `question_set`, and the questions that it names.

    The number of questions is the earlier session's, so that categories which it had not are asked as many.

    Raises:
        SessionNotFound: There is no such session.
        InputError: Its questions cannot be asked again, or another number of questions is wanted.
    """
    left = dict(options)
    named = left.pop("question_set", None)
    if named is None:
        return left, None
    found = named if isinstance(named, Session) else load_session(named, output_dir=output_dir)
    then = found.progress
    if not found.is_audit:
        raise InputError(f"question_set: session {found.id} is of the kind {then.kind}; name an audit")
    if then.fingerprint.get("question_scope") == "product":
        raise InputError(
            f"question_set: session {found.id} asked every product questions of its own; name a session whose "
            "questions are shared by the products of a category (question_scope='category')"
        )
    asked = then.fingerprint.get("num_questions")
    if left.setdefault("num_questions", asked) != asked:
        raise InputError(
            f"num_questions={left['num_questions']}: session {found.id}, whose questions are to be asked, had {asked}; "
            "leave num_questions out"
        )
    # Another folder may have a session of the same name.
    going_on = left.get("session") == found.id and found == Session(found.id, output_dir)
    return left, _refrozen(found) if going_on else _frozen(found)


def _frozen(session: Session) -> FrozenQuestions:
    sets = session.question_sets()
    if not sets:
        raise InputError(f"question_set: session {session.id} has no questions yet; name one that has")
    return FrozenQuestions.of(session.id, sets)


def _refrozen(session: Session) -> FrozenQuestions:
    """Return the questions that a session took from an earlier one, to go on with it."""
    sets = [made for made in session.question_sets() if made.frozen_from]
    if sets:
        return FrozenQuestions.of(sets[0].frozen_from, sets)
    # It was killed before it wrote its questions down.
    frozen = session.progress.settings["question_set"]
    try:
        found = _frozen(load_session(frozen["session"], output_dir=session.output_dir))
    except (SessionError, InputError):
        found = None
    if found is None or found.digest != frozen["digest"]:
        raise InputError(
            f"session {session.id} asks the questions of session {frozen['session']}, which are no longer in "
            f"{shown(session.output_dir)}: give that session with question_set="
        )
    return found


def sources(job: AuditJob, frozen: FrozenQuestions, output_dir: Path) -> tuple[str, ...]:
    """Return the session that the questions come from, where its results hold too: nothing else differs."""
    try:
        origin = load_session(frozen.session, output_dir=output_dir)
        # The name alone says little: another folder may have a session of the same second.
        same_questions = FrozenQuestions.of(origin.id, origin.question_sets()).digest == frozen.digest
        then = {**origin.progress.fingerprint, "question_set": frozen.digest}
    except SessionError:
        return ()
    return (origin.id,) if same_questions and then == job.fingerprint() else ()


def said_of(job: AuditJob, frozen: FrozenQuestions) -> str:
    """Return what a person should know of the questions; the categories are known once the feed was gone through."""
    text = f"The questions of session {frozen.session} are asked again ({len(frozen.sets):,} categories)."
    if not (new := job.unfrozen):
        return text
    names = ", ".join(repr(name or "(not stated)") for name in new[:_NAMED])
    more = f" and {len(new) - _NAMED:,} more" if len(new) > _NAMED else ""
    which = f"{len(new):,} categories" if len(new) > 1 else "1 category"
    return f"{text} It had none for {which}, which get new ones: {names}{more}."
