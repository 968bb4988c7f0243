"""The resume rule: which session a run works on, one that is there or a new one, and what a person should know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from feedeval.errors import InputError, SessionDamaged, SessionNotFound
from feedeval.formatting import counted
from feedeval.records import Progress, Status
from feedeval.records.kinds import units
from feedeval.run.job import Job
from feedeval.run.plan import Plan
from feedeval.run.reuse import EarlierResults
from feedeval.run.settings import RunSettings
from feedeval.storage.paths import SessionFolder
from feedeval.storage.readers import read_progress, session_ids
from feedeval.storage.shards import SHARDS

_SOURCES = 8
"""Earlier sessions looked at for results: one that was stopped early stands between this feed and the last full run."""

_SPELT_OUT = 2
"""Settings that differ which are told with what they were and are, where nothing is refused for them."""


@dataclass(frozen=True, slots=True)
class ResumeDecision:
    """The session to work on."""

    sid: str | None
    """None: a new one."""
    finished: Progress | None = None
    """The session is complete: there is nothing to do."""
    sources: tuple[str, ...] = ()
    """Earlier sessions with the same fingerprint, newest first, whose results may still hold."""
    messages: tuple[str, ...] = ()


def decide_session(job: Job, folder: SessionFolder, settings: RunSettings, plan: Plan) -> ResumeDecision:
    """Choose the session for a job and its records.

    Raises:
        InputError: The session that was named has other settings or records.
        SessionNotFound: There is no session of the name that was given.
        SchemaTooNew: A later version of feedeval wrote the newest session.
    """
    if settings.session is None and not settings.resume:
        return ResumeDecision(None)
    now = plain(job.fingerprint())
    named = None
    if settings.session is not None:
        try:
            named = read_progress(folder.session(settings.session))
        except SessionDamaged:
            # Opening the session rebuilds its progress file; it is looked at again then.
            return ResumeDecision(settings.session)
        check_same(job, named, folder, plan)
    related = [p for p in _sessions(folder) if p.kind == job.kind]
    same = named or _found(job, related, plan)
    fingerprint = plain(job.fingerprint())
    alike = [p for p in related if p.fingerprint == fingerprint]
    found = (*_sources(alike, same), *settings.also_from) if settings.reuse else ()
    sources = tuple(dict.fromkeys(found))
    if same is not None:
        return _take_up(same, settings, sources, now)
    if alike or sources:
        return ResumeDecision(None, sources=sources)
    if related:
        differ = _differences(related[0].fingerprint, fingerprint, most=_SPELT_OUT)
        return ResumeDecision(
            None,
            messages=(f"Session {related[0].session} had other settings ({differ}), so a new session starts.",),
        )
    return ResumeDecision(None)


def _found(job: Job, related: Sequence[Progress], plan: Plan) -> Progress | None:
    """Return the latest session with the job's settings and records, else one that only began with earlier rules.

    What was paid for is gone on with, and given back once it is finished, whatever has been thought of since.
    """
    # What is in shards is gone on with shard by shard; here its results are taken over.
    same = [p for p in related if p.records_digest == plan.digest and SHARDS not in p.settings]
    fingerprint = plain(job.fingerprint())
    now = next((p for p in same if p.fingerprint == fingerprint), None)
    return now or next((p for p in same if _goes_on_as(job, p)), None)


def _goes_on_as(job: Job, progress: Progress) -> bool:
    """Say whether the job has the settings of a session, by the rules that it began with if need be."""
    before = plain(job.fingerprint())
    if progress.fingerprint == before:
        return True
    if not job.go_on_as(progress.fingerprint):
        return False
    if plain(job.fingerprint()) == progress.fingerprint:
        return True
    job.go_on_as(before)
    return False


def plain(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """Return a fingerprint as it reads back from a file: tuples are lists there."""
    values: dict[str, Any] = orjson.loads(orjson.dumps(dict(fingerprint)))
    return values


def reuses(progress: Progress) -> bool:
    """Say whether a session began with what earlier ones had done, where there were any; else it was a fresh start."""
    run = progress.settings.get("run", {})
    return bool(run.get("resume", True) and run.get("reuse", True))


def _sources(alike: Sequence[Progress], same: Progress | None) -> tuple[str, ...]:
    """Return the sessions to take results from, of all with the same fingerprint, newest first.

    Whoever starts afresh does not want what was there before. So a fresh start begins a line of its own, and nothing
    crosses from one line to another: the results of a line rest on the same documents, such as question sets.
    """
    line: list[str] = []
    for progress in alike:
        line.append(progress.session)
        if not reuses(progress):
            if same is None or same.session in line:
                break
            line = []
    return tuple(sid for sid in line if same is None or sid != same.session)[:_SOURCES]


def check_same(job: Job, progress: Progress, folder: SessionFolder, plan: Plan) -> None:
    """Refuse to go on with a session of another job, other settings or other records.

    Raises:
        InputError: It names what differs.
    """
    sid = progress.session
    if progress.kind != job.kind:
        raise InputError(f"session {sid} is of kind {progress.kind}, this job is of kind {job.kind}.")
    if not _goes_on_as(job, progress):
        differ = _differences(progress.fingerprint, plain(job.fingerprint()))
        raise InputError(
            f"session {sid} had other settings ({differ}). Give the same ones "
            "to go on with it, or start without naming a session."
        )
    if progress.records_digest != plan.digest:
        changes = EarlierResults([folder.session(sid)], plan).changes
        raise InputError(
            f"session {sid} had other {units(job.kind)[1]}: {progress.counts.total:,} then, {plan.total:,} now; of "
            f"those that are done, {changes}. Start without naming a session: what still holds is taken over."
        )


def _take_up(
    progress: Progress, settings: RunSettings, sources: tuple[str, ...], now: Mapping[str, Any]
) -> ResumeDecision:
    counts, messages = progress.counts, []
    if progress.fingerprint != now:
        messages.append(
            f"Session {progress.session} keeps to what it began with ({_differences(progress.fingerprint, now)}); "
            "resume=False starts afresh."
        )
    if progress.status is Status.FINISHED and counts.failed == 0 and counts.left == 0:
        text = (
            f"Session {progress.session} is complete: nothing was left to do, all "
            f"{counted(counts.total, *units(progress.kind))} had been done before, at no cost now."
        )
        return ResumeDecision(progress.session, finished=progress, messages=(text, *messages))
    if settings.batch_size != progress.batch_size and "batch_size" in settings.model_fields_set:
        messages.append(
            f"Session {progress.session} goes on with its batch size of {progress.batch_size}; {settings.batch_size} "
            "would need a new session."
        )
    return ResumeDecision(progress.session, sources=sources, messages=tuple(messages))


def _sessions(folder: SessionFolder) -> Iterator[Progress]:
    """Yield the sessions of a folder, newest first; those that cannot be read are left to `verify`."""
    for sid in reversed(session_ids(folder)):
        try:
            yield read_progress(folder.session(sid))
        except (SessionDamaged, SessionNotFound):
            continue


def _differences(then: Mapping[str, Any], now: Mapping[str, Any], *, most: int | None = None) -> str:
    """Return which settings differ and how; of more than `most` the others by name alone."""
    names = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    told = [f"{name}: {_short(then.get(name))} then, {_short(now.get(name))} now" for name in names[:most]]
    return ", ".join([*told, *(() if most is None else names[most:])])


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:37] + "..."
