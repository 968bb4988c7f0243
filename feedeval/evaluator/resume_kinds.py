"""Going on with a session of any kind, on the engine and with the settings that it began with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

from feedeval.errors import InputError
from feedeval.evaluator.audits import Feed, ProductFeedEvaluator
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.evaluator.judging import resume_judge
from feedeval.evaluator.launching import OFFLINE
from feedeval.evaluator.options import CHANGEABLE, ResumeOptions, calls_of
from feedeval.evaluator.probing import resume_probe
from feedeval.evaluator.shadow import resume_shadow
from feedeval.records.kinds import JobKind
from feedeval.results.session import Session, load_session


def resume(
    session: Session | str | None = None,
    feed: Feed = None,
    *,
    api_key: str | None = None,
    output_dir: str | Path = "output",
    **options: Unpack[ResumeOptions],
) -> EvaluationRun:
    """Go on with a session in the background, on the engine and with the settings that it began with.

    Args:
        session: A session, its name, or None for the latest.
        feed: The feed, or the table of labels; None: read again from where it came.
        api_key: Key of the endpoint; None: the environment's.
        output_dir: Folder of the sessions, where `session` is a name.
        **options: As `ProductFeedEvaluator.start`, and `service_tier`, `flex_fallback` and `extra_headers` as
            `ProductFeedEvaluator`: headers stand in no file, so a session that needs them is given them again.

    Raises:
        SessionNotFound: There is no such session.
        InputError: The session had other products, or its feed cannot be read again.
    """
    found = session if isinstance(session, Session) else load_session(session, output_dir=output_dir)
    kind = found.progress.kind
    if kind == JobKind.AUDIT:
        return _resume_audit(found, feed, api_key=api_key, options=options)
    if kind == JobKind.SHADOW:
        return resume_shadow(found, feed, api_key=api_key, options=options)
    if kind == JobKind.JUDGE:
        return resume_judge(found, api_key=api_key, options=options)
    if kind == JobKind.PROBE:
        return resume_probe(found, api_key=api_key, options=options)
    raise InputError(f"session {found.id} {_GONE_ON_WITH_ELSEWHERE.get(kind, _OF_A_JOB.format(kind=kind))}")


_GONE_ON_WITH_ELSEWHERE: Mapping[str, str] = {
    JobKind.QUESTIONS: "judges questions: judge_questions with the same table goes on with it",
    JobKind.PAGES: "puts an audit's questions to its pages: fe.resume of the audit goes on with it",
    JobKind.SUGGEST: "proposes values: the audit's fix_file(..., suggest=True, evaluator=…) goes on with it",
}
_OF_A_JOB = "is of kind {kind}: start the job that it was made by once more"


def _resume_audit(session: Session, feed: Feed, *, api_key: str | None, options: ResumeOptions) -> EvaluationRun:
    then = session.progress.fingerprint
    left: dict[str, Any] = {**options}
    way = {name: left.pop(name) for name in CHANGEABLE if name in left}
    calls: dict[str, Any] = {}
    if then["model"] != OFFLINE:
        calls = {**calls_of(then), **session.progress.settings.get("calls", {}), **way}
    evaluator = ProductFeedEvaluator(
        api_key, then["model"], locale=then["locale"], output_dir=session.output_dir, **calls
    )
    return evaluator.resume(session, feed=feed, **left)
