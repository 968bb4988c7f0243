"""Going on with a session of any kind, on the engine and with the settings that it began with."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from feedeval.errors import InputError
from feedeval.evaluator import probing
from feedeval.evaluator.audits import Feed, ProductFeedEvaluator
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.evaluator.judging import resume_judge
from feedeval.evaluator.launching import OFFLINE
from feedeval.evaluator.options import AuditOptions, ModelOptions
from feedeval.evaluator.shadow import resume_shadow
from feedeval.model.settings import OPENAI_URL
from feedeval.records.kinds import JobKind
from feedeval.results.session import (
    Session,
    load_session,
)


def resume(
    session: Session | str | None = None,
    feed: Feed = None,
    *,
    api_key: str | None = None,
    output_dir: str | Path = "output",
    **options: Unpack[AuditOptions],
) -> EvaluationRun:
    """Go on with a session in the background, on the engine and with the settings that it began with.

    Args:
        session: A session, its name, or None for the latest.
        feed: The feed, or the table of labels; None: read again from where it came.
        api_key: Key of the endpoint; None: the environment's.
        output_dir: Folder of the sessions, where `session` is a name.
        **options: As `ProductFeedEvaluator.start`.

    Raises:
        SessionNotFound: There is no such session.
        InputError: The session had other products, or its feed cannot be read again.
    """
    found = session if isinstance(session, Session) else load_session(session, output_dir=output_dir)
    if found.progress.kind == JobKind.JUDGE:
        return resume_judge(found, api_key=api_key, options=options)
    if found.progress.kind == JobKind.PROBE:
        return probing.resume_probe(found, api_key=api_key, options=options)
    if found.progress.kind == JobKind.QUESTIONS:
        raise InputError(f"session {found.id} judges questions: judge_questions with the same table goes on with it")
    if found.progress.kind == JobKind.SUGGEST:
        raise InputError(
            f"session {found.id} proposes values: the audit's fix_file(..., suggest=True, evaluator=…) goes on with it"
        )
    if found.progress.kind == JobKind.SHADOW:
        return resume_shadow(found, feed, api_key=api_key, options=options)
    then = found.progress.fingerprint
    offline = then["model"] == OFFLINE
    model_options: ModelOptions = {} if offline else {"temperature": then["temperature"]}
    evaluator = ProductFeedEvaluator(
        api_key,
        then["model"],
        locale=then["locale"],
        output_dir=found.output_dir,
        base_url=None if offline or then["endpoint"] == OPENAI_URL else then["endpoint"],
        **model_options,
    )
    return evaluator.resume(found, feed=feed, **options)
