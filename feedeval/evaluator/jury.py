"""Several judges on a finished audit: each in a session of its own, and what they say together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

from feedeval.errors import InputError
from feedeval.evaluator.judging import (
    JudgeOptions,
    Which,
    audit_to_judge,
    cases_of,
    judge_of,
    launch_judge,
    settings_of,
)
from feedeval.evaluator.launching import Showing
from feedeval.evaluator.options import ModelOptions
from feedeval.jobs.engine import Engine
from feedeval.results.judges.jury import JudgePanel, jury_of
from feedeval.results.judges.votes import ASKED, PanelRule
from feedeval.results.session import Session
from feedeval.run.settings import RunSettings

if TYPE_CHECKING:
    from feedeval.model.client import ModelClient

_OF_A_MODEL = frozenset({"model", "base_url", "api_key", *ModelOptions.__annotations__})
_LEAST_USD = 1e-6
"""What is left for a judge where those before it used the budget up: it ends at once, unless it is through already."""


class _Member(NamedTuple):
    """One judge of a panel."""

    name: str
    engine: Engine
    client: ModelClient | None


def panel(
    session: Session | str | None,
    models: Sequence[str | Mapping[str, Any]],
    *,
    rule: str = PanelRule.MAJORITY,
    output_dir: str | Path = "output",
    **options: Unpack[JudgeOptions],
) -> JudgePanel:
    """Put an audit's questions to several models, and show what they say together; blocks.

    Each model is sent what the audit's judge was sent, word by word, and its verdicts go to a session of their own, as
    with `shadow_judge`; nothing in the audit's session changes. The audit's own judge is of the panel where its model
    is named, with the verdicts that it has given already. The same call goes on where it was stopped and pays for
    nothing twice; a model that joins later costs its own calls only.

    Args:
        session: The audit, its name, or None for the latest.
        models: Two or more. A name, `offline` for the embedded engine (which can judge only the questions of audits
            that it made itself), or for a model that is reached in another way a mapping of `model` and its own
            `base_url`, `api_key`, `input_price` and other settings of calls.
        rule: `majority`: the best verdict that more than half reach, so that an even split counts as the stricter one;
            `unanimity`: the best that all reach. A yes reaches partial, and partial reaches no.
        output_dir: Folder of the sessions, where `session` is a name or None.
        **options: As `shadow_judge`, for all models; `budget_usd` is a hard cap on what their sessions cost together.

    Raises:
        InputError: There are fewer than two models or two are the same, the session is no audit, is still being worked
            on or has no results, or a setting cannot be used. It is raised before the first call.
        RunFault: A run had to pause for something that a person has to mend; the same call goes on.
    """
    chosen_rule = PanelRule.of(rule)
    audit = audit_to_judge(session, output_dir)
    left: dict[str, Any] = {**options}
    running = RunSettings(**{name: left.pop(name) for name in RunSettings.model_fields if name in left})
    chosen = {name: left.pop(name) for name in ("limit", "sample", "seed") if name in left}
    which = Which(session=audit.id, **chosen)
    showing = Showing(left.pop("progress", None), True)
    members = _members(audit, which, models, left)
    cases = cases_of(audit, which)
    keys = []
    for case in cases():
        keys.append(case.key)
        for member in members:
            member.engine.check(case.questions)
    _check_budget(running, members)
    sessions: dict[str, Session] = {}
    for member in members:
        if _is_own(audit, member.engine):
            sessions[member.name] = audit
            continue
        within = _within(running, [s for s in sessions.values() if s != audit])
        run = launch_judge(audit, which, (member.engine, member.client), running=within, showing=showing)
        run.block()
        sessions[member.name] = run.session()
    return jury_of(audit, sessions, chosen_rule, keys)


def _members(
    audit: Session, which: Which, models: Sequence[str | Mapping[str, Any]], shared: Mapping[str, Any]
) -> list[_Member]:
    if isinstance(models, str) or not isinstance(models, Sequence) or len(models) < 2:
        raise InputError("models: name two models or more, such as models=['gpt-4o-mini', 'gpt-4o']")
    judges = [_judge(audit, which, each, shared) for each in models]
    seen = [repr(sorted(engine.fingerprint().items(), key=str)) for engine, _ in judges]
    if repeated := [engine.name for n, (engine, _) in enumerate(judges) if seen[n] in seen[:n]]:
        raise InputError(f"models: {repeated[0]!r} is named twice at the same endpoint, which makes no second opinion")
    names = Counter(engine.name for engine, _ in judges)
    return [_Member(_called(engine, names), engine, client) for engine, client in judges]


def _judge(
    audit: Session, which: Which, given: str | Mapping[str, Any], shared: Mapping[str, Any]
) -> tuple[Engine, ModelClient | None]:
    own = {"model": given} if isinstance(given, str) else dict(given) if isinstance(given, Mapping) else {}
    unknown = [str(name) for name in own if name not in _OF_A_MODEL]
    if not isinstance(own.get("model"), str) or not own["model"].strip() or unknown:
        what = f"{', '.join(unknown)}: no such setting" if unknown else f"a model of the kind {type(given).__name__}"
        raise InputError(f"models: {what}; give names, or mappings of model, base_url and settings of its calls")
    told = {**shared, **own}
    if told.get("base_url") is None:
        told.pop("base_url", None)
    return judge_of(audit, which, settings_of(audit.progress.fingerprint, told.pop("api_key", None), **told))


def _called(engine: Engine, names: Counter[str]) -> str:
    """Return what a judge is called: its model, with its endpoint where that does not tell it from the others."""
    # The verdicts of each stand in a column of its name, beside those that say what was asked.
    taken = engine.name in {*ASKED, "verdict", "split"}
    return f"{engine.name} at {engine.fingerprint()['endpoint']}" if names[engine.name] > 1 or taken else engine.name


def _is_own(audit: Session, engine: Engine) -> bool:
    then = audit.progress.fingerprint
    return all(then.get(name) == value for name, value in engine.fingerprint().items())


def _check_budget(running: RunSettings, members: Sequence[_Member]) -> None:
    """Make sure that all can be held to a budget before the first is paid."""
    for member in members:
        if running.budget_usd is not None and member.client is not None and not member.client.price_known:
            raise InputError(
                f"budget_usd={running.budget_usd}: no price is known for the model {member.client.settings.model!r}; "
                "give input_price and output_price (dollars for a million tokens)"
            )


def _within(running: RunSettings, before: Sequence[Session]) -> RunSettings:
    """Return the settings of the next run: its budget is what those before it left."""
    if running.budget_usd is None:
        return running
    spent = sum(session.progress.cost_usd or 0.0 for session in before)
    return running.model_copy(update={"budget_usd": max(running.budget_usd - spent, _LEAST_USD)})
