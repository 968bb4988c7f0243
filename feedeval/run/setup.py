"""Puts a run together from its settings, its plan and what is on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from feedeval.errors import InputError
from feedeval.records import Call, Progress, Status, Usage
from feedeval.records.kinds import units
from feedeval.run.batches import Batches
from feedeval.run.context import Hooks, RunContext
from feedeval.run.delivery.words import where_parts_stand
from feedeval.run.health import HealthMonitor, batch_size_for
from feedeval.run.job import Job
from feedeval.run.ledger import RunLedger
from feedeval.run.plan import Plan
from feedeval.run.progress import Reporter, RunState
from feedeval.run.progress_writer import ProgressOrigin, ProgressWriter
from feedeval.run.record_queue import RecordQueue
from feedeval.run.reporter_thread import ReporterThread
from feedeval.run.resume import ResumeDecision, check_same, plain, reuses
from feedeval.run.reuse import EarlierResults, copy_documents
from feedeval.run.settings import RunSettings
from feedeval.run.telling.words import counted
from feedeval.run.write_thread import WriteThread
from feedeval.storage.batch_files import Scan
from feedeval.storage.call_log import open_logs, parse_log, read_calls
from feedeval.storage.event_log import EventLog
from feedeval.storage.parts import has_parts, read_parts
from feedeval.storage.paths import SessionFolder, SessionPaths
from feedeval.storage.readers import read_progress
from feedeval.storage.reply_cache import ReplyCache
from feedeval.storage.shards import Shards
from feedeval.storage.store import SessionStore


@dataclass(frozen=True, slots=True)
class RunInputs:
    """All that a run starts from."""

    job: Job
    folder: SessionFolder
    settings: RunSettings
    plan: Plan
    decision: ResumeDecision
    reporters: Sequence[Reporter]
    hooks: Hooks


def set_up(start: RunInputs) -> tuple[RunContext, list[str]]:
    """Take the session's lock, read what is there, and return the run's parts and what a person should know first.

    Raises:
        SessionError: The session is locked, damaged or of a later version.
        StorageError: The folder cannot be written.
        InputError: The session does not fit after all.
    """
    keep_calls = start.settings.keep_calls
    sid = start.decision.sid
    if sid is None:
        store = SessionStore.create(start.folder, now=start.hooks.now(), keep_calls=keep_calls)
    else:
        store = SessionStore.open(start.folder.session(sid), keep_calls=keep_calls)
    try:
        context, messages = _with_store(start, store)
    except BaseException:
        store.close()
        raise
    try:
        # Whoever looks for a session to go on with finds this one from now on.
        context.state.status = Status.RUNNING
        context.progress_writer.write_now()
    except BaseException:
        context.close()
        store.close()
        raise
    return context, messages


def finished_state(progress: Progress, folder: SessionFolder) -> RunState:
    """Return the state of a session in which nothing is left to do."""
    state = _state(progress, folder)
    state.status = Status.FINISHED
    state.done, state.failed, state.reused = progress.counts.done, progress.counts.failed, progress.counts.reused
    state.batches_complete = progress.batches_complete
    state.calls, state.retries = progress.calls, progress.retries
    state.usage, state.cost_usd = progress.usage, progress.cost_usd
    return state


def _with_store(start: RunInputs, store: SessionStore) -> tuple[RunContext, list[str]]:
    before = store.read_progress() if start.decision.sid is not None else None
    if before is not None:
        check_same(start.job, before, start.folder, start.plan)
    scan = store.scan() if before is not None else Scan()
    messages = [*start.decision.messages, *store.repairs]
    earlier = _take_over(start, store, messages, is_new=before is None)
    state = _session_state(start, store, before)
    batches = Batches(
        start.plan.total,
        state.batch_size,
        read=store.read_batch,
        now_s=lambda: state.elapsed_s,
        known=scan.batches.values(),
    )
    _enter_done(start, state, (scan, batches, earlier))
    for number, summary in scan.batches.items():
        if summary.failed:
            state.stands(store.read_batch(number).failures)
    if before is not None:
        messages.append(_going_on(state))
    write_thread = WriteThread(store.sync_calls)
    run_ledger = RunLedger(store, start.hooks.budget(start.settings.budget_usd), on_written=write_thread.line_written)
    _enter_calls(run_ledger, store, scan, before)
    if start.decision.sources:
        run_ledger.look_elsewhere(_calls_of(_places(start)[0]))
    cache = _cache(start)
    if cache is not None:
        run_ledger.use(cache)
    log = EventLog(store.paths)
    context = RunContext(
        job=start.job,
        store=store,
        settings=start.settings,
        state=state,
        run_ledger=run_ledger,
        cache=cache,
        batches=batches,
        queue=RecordQueue(start.job, start.plan, batches, earlier),
        monitor=HealthMonitor(
            start.settings.health,
            total=start.plan.total,
            batch_size=state.batch_size,
            max_workers=start.settings.max_workers,
            clock=start.hooks.now,
        ),
        readers=start.hooks.readers,
        progress_writer=ProgressWriter(
            store,
            state,
            _origin(start, before),
            interval_s=start.settings.progress_interval_s,
            now=lambda: _iso(start.hooks.now()),
        ),
        write_thread=write_thread,
        reporter_thread=ReporterThread(
            start.reporters, state.snapshot, refresh_s=start.settings.refresh_s, on_fault=log.warning
        ),
        log=log,
        now=lambda: _iso(start.hooks.now()),
        courier=start.hooks.courier,
        clock=start.hooks.now,
    )
    return context, messages


def _take_over(start: RunInputs, store: SessionStore, messages: list[str], *, is_new: bool) -> EarlierResults | None:
    sources = start.decision.sources
    places, latest = _places(start)
    if not places:
        return None
    earlier = EarlierResults(places, start.plan, latest=latest)
    if is_new and sources:
        copy_documents(start.folder.session(sources[0]), store)
        others = units(start.job.kind)[1]
        said = f"Session {sources[0]} had the same settings and other {others}: {earlier.changes}"
        if earlier.changes.unrelated:
            said = (
                f"None of these {others} was in session {sources[0]}, the latest with the same settings: all are new."
            )
        messages.append(said)
    for sid in sources:
        if out := [part for part in read_parts(start.folder.session(sid)) if part.is_out]:
            messages.append(
                f"Parts of session {sid} are still out: {where_parts_stand(out)}. They are billed whether they are "
                "fetched or not: go on with that session first, which fetches them; this one then takes them over."
            )
    return earlier if len(earlier) else None


def _places(start: RunInputs) -> tuple[list[SessionPaths], int]:
    """Return the sessions to take results from, each in its shards where it has some, and how many the latest has."""
    found: list[SessionPaths] = []
    latest = 0
    for sid in start.decision.sources:
        paths = start.folder.session(sid)
        shards = Shards.of(paths, read_progress(paths).settings)
        found += [paths] if shards is None else [each for _, each in shards.sessions()]
        latest = latest or len(found)
    return [*found, *start.hooks.also_from], max(latest, 1)


def _cache(start: RunInputs) -> ReplyCache | None:
    if not start.settings.cache:
        return None
    if not start.folder.file_system.works_here:
        raise InputError("cache=True keeps replies in a file on this machine, and the output folder is elsewhere")
    return ReplyCache(start.hooks.cache_folder or start.folder.path, start.settings.cache_limit_mb)


def _state(progress: Progress, folder: SessionFolder) -> RunState:
    return RunState(
        session=progress.session,
        kind=progress.kind,
        engine=progress.engine,
        output_dir=folder.shown,
        total=progress.counts.total,
        batch_size=progress.batch_size,
        total_batches=progress.total_batches,
        started=progress.started,
        budget_usd=progress.budget_usd,
        elapsed_before_s=progress.elapsed_s,
        latest_report=progress.latest_report,
        health=progress.health,
        updated=progress.updated,
    )


def _session_state(start: RunInputs, store: SessionStore, before: Progress | None) -> RunState:
    total = start.plan.total
    size = before.batch_size if before is not None else batch_size_for(start.settings, total)
    return RunState(
        session=store.sid,
        kind=start.job.kind,
        engine=start.job.engine,
        output_dir=start.folder.shown,
        total=total,
        batch_size=size,
        total_batches=-(-total // size),
        started=before.started if before is not None else _iso(start.hooks.now()),
        budget_usd=start.settings.budget_usd,
        monotonic=start.hooks.monotonic,
        elapsed_before_s=before.elapsed_s if before is not None else 0.0,
        latest_report=before.latest_report if before is not None else None,
    )


def _enter_done(start: RunInputs, state: RunState, found: tuple[Scan, Batches, EarlierResults | None]) -> None:
    """Count what is done, and what is left but needs no work."""
    scan, batches, earlier = found
    state.done, state.reused = batches.durable.done, batches.durable.reused
    state.batches_complete = batches.written
    free = np.zeros(start.plan.total, dtype=bool)
    if earlier is not None:
        free |= earlier.rows >= 0
    if start.plan.leaders is not None:
        free |= start.plan.leaders != np.arange(start.plan.total)
    done = np.fromiter(iter(scan.done_hash), dtype=np.int64)
    free[done] = False
    state.reusable = int(free.sum())


def _enter_calls(run_ledger: RunLedger, store: SessionStore, scan: Scan, before: Progress | None) -> None:
    """Enter what earlier sittings were served: complete batches by their sums, open ones call by call."""
    run = run_ledger.run
    for summary in scan.batches.values():
        run.calls += summary.calls
        run.retries += summary.retries
        if summary.cost_usd is None:
            run.unpriced += 1
        else:
            run.priced_usd += summary.cost_usd
    tokens = sum(summary.tokens for summary in scan.batches.values())
    # Of a feed whose replies came in parts all may be there at once, more than memory should hold.
    enter = run_ledger.leave_ashore if has_parts(store.paths) else run_ledger.take_over
    for number, call in _open_calls(store, scan):
        enter(number, call)
        tokens += call.usage.total_tokens
    split = before.usage if before is not None else Usage()
    _split(run_ledger, split, tokens)
    run_ledger.budget.spent_usd = run.priced_usd


def _split(run_ledger: RunLedger, known: Usage, tokens: int) -> None:
    """Split a number of tokens as the progress file last knew it; a kill may have cut off its last word."""
    share = tokens / known.total_tokens if known.total_tokens else 1.0
    exact = known.total_tokens == tokens
    run_ledger.run.output_tokens = known.output_tokens if exact else round(known.output_tokens * share)
    run_ledger.run.cached_tokens = known.cached_tokens if exact else round(known.cached_tokens * share)
    run_ledger.run.input_tokens = tokens - run_ledger.run.output_tokens


def _open_calls(store: SessionStore, scan: Scan) -> Iterator[tuple[int, Call]]:
    """Yield the calls in the logs of batches that are not complete."""
    paths = store.paths
    for number in open_logs(paths):
        summary = scan.batches.get(number)
        if summary is not None and not summary.failed:
            continue
        log = paths.stored(paths.calls(number))
        content = parse_log(log.read() or b"", log.path, all_calls=summary is None)
        for call in content.calls.values():
            yield number, call


def _calls_of(sessions: Sequence[SessionPaths]) -> dict[str, Call]:
    """Return the calls of the open batches of other sessions; those of newer sessions last, so that they win."""
    calls: dict[str, Call] = {}
    for paths in reversed(sessions):
        calls |= read_calls(paths)
    return calls


def _going_on(state: RunState) -> str:
    text = f"Goes on with session {state.session}: {state.done:,} of {counted(state.total, state.kind)} done before"
    return f"{text}, {state.failed:,} that failed are tried again." if state.failed else f"{text}."


def _origin(start: RunInputs, before: Progress | None) -> ProgressOrigin:
    settings = dict(plain(start.job.settings()))
    settings["run"] = start.settings.model_dump(mode="json", exclude={"budget_usd", "session"})
    if before is not None and start.settings.name is None:
        settings["run"]["name"] = before.settings.get("run", {}).get("name")
    if before is not None and not reuses(before):
        settings["run"]["reuse"] = False  # a fresh start stays one, however it is gone on with
    return ProgressOrigin(plain(start.job.fingerprint()), settings, start.plan.digest, _version())


def _version() -> str:
    try:
        return version("feedeval")
    except PackageNotFoundError:
        return ""


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
