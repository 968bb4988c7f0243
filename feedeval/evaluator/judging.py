"""Another judge on a finished audit: another model, another endpoint, other instructions."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from pydantic import SecretStr

from feedeval.errors import InputError
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.evaluator.launching import OFFLINE, Showing, check_key, launch, open_client
from feedeval.evaluator.options import CHANGEABLE, CallOptions, DeliveryOptions, calls_of, delivery_of
from feedeval.jobs.engine import EmbeddedEngine, Engine, ModelEngine
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.jobs.prompts import HOUSE_JUDGE, JudgePrompt
from feedeval.jobs.rejudge import Case, RejudgeJob
from feedeval.model.settings import ModelSettings
from feedeval.records import Status
from feedeval.results.cases import case_of, stored_results
from feedeval.results.judges.compare_judges import compare_judges
from feedeval.results.judges.judge_comparison import JudgeComparison
from feedeval.results.session import Session, load_session
from feedeval.run.settings import CheckedSettings, RunSettings

if TYPE_CHECKING:
    from feedeval.model.client import ModelClient


class JudgeOptions(CallOptions, DeliveryOptions, total=False):
    """What can be said of another judge, beside who it is."""

    api_key: str | None
    base_url: str | None
    limit: int | None
    sample: int | None
    seed: int
    batch_size: int
    resume: bool
    budget_usd: float | None
    give_up_after_s: float | None
    keep_calls: bool
    progress: Literal["widgets", "html", "tqdm", "text", "none"] | None


class Which(CheckedSettings):
    """Which products of an audit are judged again, and how the judge is instructed: what a session writes down."""

    session: str
    limit: int | None = None
    sample: int | None = None
    seed: int = 0
    instructions: JudgePrompt = HOUSE_JUDGE


def shadow_judge(
    session: Session | str | None = None,
    model: str | None = None,
    *,
    prompts: str | JudgePrompt | None = None,
    output_dir: str | Path = "output",
    **options: Unpack[JudgeOptions],
) -> JudgeComparison:
    """Let another judge look at the questions and products of an audit, and compare; blocks.

    The other judge is sent what the audit's judge was sent: the stored context, word by word, and the same questions
    in the same order. Its verdicts go to a session of their own; nothing in the audit's session changes. The same
    call goes on where it was stopped, and costs nothing once it is through.

    A judge can also be tried with other instructions. `prompts="..."` adds them after the house's own;
    `prompts=fe.JudgePrompt(instead="...")` puts them in place of the house's own. The form of question and reply stays,
    and so does the rule that text of a feed is data. The words are part of the session's fingerprint, so that results
    under other instructions are never taken for these.

    Args:
        session: The audit, its name, or None for the latest.
        model: The other model, or `offline` for the embedded engine, which can judge only the questions of audits that
            it made itself. None: the audit's own.
        prompts: Other instructions; None: the house's own.
        output_dir: Folder of the sessions, where `session` is a name or None.
        **options: `base_url` (None: the audit's endpoint; for an audit of the embedded engine the environment's, else
            OpenAI's own), `api_key` (None: the environment's, for the environment's endpoint), `limit` (the first
            products only), `sample` (so many products, drawn with `seed`), `budget_usd` (hard cap), `batch_size`,
            `resume`, `keep_calls`, `progress`, and the settings of calls: `timeout_s`, `max_retries`, `max_in_flight`,
            `temperature` (None is not sent; else the audit's own), `reasoning_effort` and `extra_body` (the audit's
            own where the model is), and the others of `ProductFeedEvaluator` but `seed`.

    Raises:
        InputError: The session is no audit, is still being worked on or has no results, or a setting cannot be used.
        RunFault: The run had to pause for something that a person has to mend; the same call goes on.
    """
    audit = audit_to_judge(session, output_dir)
    left: dict[str, Any] = {**options}
    running = RunSettings(**{name: left.pop(name) for name in RunSettings.model_fields if name in left})
    chosen = {name: left.pop(name) for name in ("limit", "sample", "seed") if name in left}
    which = Which(session=audit.id, instructions=_instructions(prompts), **chosen)
    showing = Showing(left.pop("progress", None), True)
    for name, value in (("model", model), ("base_url", left.pop("base_url", None))):
        if value is not None:
            left[name] = value
    settings = settings_of(audit.progress.fingerprint, left.pop("api_key", None), **left)
    run = launch_judge(audit, which, judge_of(audit, which, settings), running=running, showing=showing)
    run.block()
    return compare_judges(audit, run.session())


def resume_judge(session: Session, *, api_key: str | None, options: Mapping[str, Any]) -> EvaluationRun:
    """Go on with the session of another judge; `shadow_judge` with the same settings compares at no cost then.

    Raises:
        InputError: The audit that it looks at is not there or not what it was, or an option has no place here.
    """
    then = session.progress
    running, showing, calls = sitting(session, options)
    which = Which.model_validate(then.settings["source"])
    audit = load_session(which.session, output_dir=session.output_dir)
    settings = settings_of(then.fingerprint, api_key, **{**then.settings.get("calls", {}), **calls})
    return launch_judge(audit, which, judge_of(audit, which, settings), running=running, showing=showing)


def sitting(session: Session, options: Mapping[str, Any]) -> tuple[RunSettings, Showing, dict[str, Any]]:
    """Return how to go on with a session: the run's settings, how it is shown, and settings of the calls.

    Raises:
        InputError: An option is not one that a session can be gone on with.
    """
    kept = delivery_of(session.progress.settings)
    left = {"budget_usd": session.progress.budget_usd, **kept, **options, "session": session.id}
    running = {name: left.pop(name) for name in RunSettings.model_fields if name in left}
    showing = Showing(left.pop("progress", None))
    changed = ("max_in_flight", *CHANGEABLE)
    calls = {name: left.pop(name) for name in changed if left.get(name) is not None}
    left = {name: value for name, value in left.items() if value is not None}
    if left:
        raise InputError(f"{', '.join(left)}: session {session.id} goes on with what it began with; leave that out")
    return RunSettings(**running), showing, calls


def settings_of(fingerprint: Mapping[str, Any], api_key: str | None, **others: Any) -> ModelSettings | None:
    """Return the settings of the calls that a session began with, or others; None for the embedded engine.

    Raises:
        InputError: There is no key for the endpoint, or a setting cannot be used.
    """
    then: dict[str, Any] = {"model": fingerprint["model"]}
    if then["model"] != OFFLINE:
        then |= calls_of(fingerprint)
        if others.get("base_url", then["base_url"]) != then["base_url"]:
            then = {name: then[name] for name in ("model", "temperature")}
        elif others.get("model", then["model"]) != then["model"]:
            # What one model takes another may refuse.
            kept = ("model", "base_url", "temperature", "api_version")
            then = {name: then[name] for name in kept if name in then}
    key = None if api_key is None else SecretStr(api_key)
    settings = ModelSettings(api_key=key, **{**then, **others})
    if settings.model == OFFLINE:
        return None
    check_key(settings)
    return settings


def open_judge(
    settings: ModelSettings | None, locale: str, instructions: JudgePrompt = HOUSE_JUDGE
) -> tuple[Engine, ModelClient | None]:
    """Return an engine with these settings, and its client where it makes calls."""
    client = open_client(settings)
    if client is None:
        return EmbeddedEngine(OfflineEngine(locale)), None
    return ModelEngine(client, locale, instructions), client


def audit_to_judge(session: Session | str | None, output_dir: str | Path) -> Session:
    """Return the audit that another judge is to look at.

    Raises:
        InputError: It is no audit, is still being worked on or has no results.
    """
    audit = session if isinstance(session, Session) else load_session(session, output_dir=output_dir)
    if not audit.is_audit:
        raise InputError(f"session {audit.id} is of the kind {audit.progress.kind}: another judge looks at an audit")
    if audit.status is Status.RUNNING:
        raise InputError(f"session {audit.id} is still being worked on: wait for its end, or stop it, first")
    if not audit.progress.counts.done:
        raise InputError(f"session {audit.id} has no results yet: nothing to judge again")
    return audit


def _instructions(prompts: str | JudgePrompt | None) -> JudgePrompt:
    if isinstance(prompts, JudgePrompt):
        return prompts
    if prompts is not None and not (isinstance(prompts, str) and prompts.strip()):
        raise InputError(
            f"prompts={prompts!r}: give instructions as text or as a JudgePrompt, or None for the house's own"
        )
    return JudgePrompt(extra=prompts or "")


def judge_of(audit: Session, which: Which, settings: ModelSettings | None) -> tuple[Engine, ModelClient | None]:
    """Return the judge that these settings name, and its client where it makes calls.

    Raises:
        InputError: The embedded engine is to follow instructions.
    """
    if settings is None and which.instructions != HOUSE_JUDGE:
        raise InputError("prompts: the embedded engine follows rules and takes no instructions; name a model")
    engine, client = open_judge(settings, audit.progress.fingerprint["locale"], which.instructions)
    # Two judges are compared on the same words, those of an earlier version where the audit began with them.
    engine.go_on_as(audit.progress.fingerprint)
    return engine, client


def launch_judge(
    audit: Session,
    which: Which,
    judge: tuple[Engine, ModelClient | None],
    *,
    running: RunSettings,
    showing: Showing,
) -> EvaluationRun:
    """Have a judge look at the chosen products of an audit, in a session of its own."""
    engine, client = judge
    job = RejudgeJob(
        cases_of(audit, which),
        engine,
        locale=audit.progress.fingerprint["locale"],
        source=which.model_dump(mode="json"),
    )
    return launch(job, audit.output_dir, running, client=client, showing=showing)


def cases_of(audit: Session, which: Which) -> Callable[[], Iterator[Case]]:
    """Return what yields the chosen products with what was asked about them, as they were put to the audit's judge.

    Raises:
        InputError: `limit` or `sample` is below 1.
    """
    return partial(_cases, audit, which, _drawn(audit, which))


def _drawn(audit: Session, which: Which) -> frozenset[int] | None:
    """Return the positions of the sample among the products that are done; None for all."""
    for name, value in (("limit", which.limit), ("sample", which.sample)):
        if value is not None and value < 1:
            raise InputError(f"{name}={value}: give a whole number from 1, or None for all products")
    if which.sample is None:
        return None
    # Counted, because what a stopped session says it has done may not be in a complete batch yet.
    there = sum(1 for _ in islice(stored_results(audit), which.limit))
    return frozenset(random.Random(which.seed).sample(range(there), min(which.sample, there)))


def _cases(audit: Session, which: Which, drawn: frozenset[int] | None) -> Iterator[Case]:
    shared = audit.progress.fingerprint.get("question_scope") != "product"
    for position, result in enumerate(islice(stored_results(audit), which.limit)):
        if drawn is None or position in drawn:
            yield case_of(result)._replace(shared=shared)
