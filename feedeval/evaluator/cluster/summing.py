"""The figures of all shards as those of one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from feedeval.evaluator.cluster.messages import ShardNews
from feedeval.records import Counts, Failure, Gauges, Health, HealthStatus, Progress, Status, Usage
from feedeval.run.progress import LATEST_KEPT, Memory, RunState, Snapshot, WorkerState
from feedeval.run.telling.trace import TracePoint
from feedeval.storage.shards import CATEGORIES

QUIET_S = 5.0
"""After so long without a word a worker is shown as silent."""


def live_of(news: Mapping[int, ShardNews]) -> dict[int, ShardNews]:
    """Return the shards that somebody works on."""
    return {number: each for number, each in news.items() if not each.over and each.snapshot is not None}


def sum_up(state: RunState, books: Mapping[int, Progress], news: Mapping[int, ShardNews]) -> None:
    """Bring the state of the whole run up to date.

    Args:
        state: What is shown and written.
        books: What stands on disk of each shard that nobody works on now.
        news: What workers said last.
    """
    shards: dict[int, Progress | Snapshot] = {**books}
    shards.update({number: told.snapshot for number, told in news.items() if told.snapshot is not None})
    live = {number: each.snapshot for number, each in live_of(news).items() if each.snapshot is not None}
    of_products = [each for number, each in shards.items() if number != CATEGORIES]
    counts = _counts(each.counts for each in of_products)
    costs = [each.cost_usd for each in shards.values()]
    with state.lock:
        _count_new(state, counts)
        state.done, state.failed, state.reused = counts.done, counts.failed, counts.reused
        state.batches_complete = sum(each.batches_complete for each in of_products)
        state.calls, state.retries = (sum(getattr(e, name) for e in shards.values()) for name in ("calls", "retries"))
        state.usage = sum((each.usage for each in shards.values()), Usage())
        state.cost_usd = None if None in costs else sum(cost for cost in costs if cost is not None)
        errors: Counter[str] = Counter()
        for shard in of_products:
            errors.update(shard.errors_by_type)
        if errors != state.errors_by_type:
            state.failures_version += 1
        state.errors_by_type = errors
        _take_failures(state, live.values())
        state.gauges = _gauges(list(live.values()))
        state.in_hand = sum(each.in_hand for each in live.values())
        state.memory = _memory({each.worker: each.snapshot for each in live_of(news).values() if each.snapshot})
        state.health = _health([each.health for each in live.values()])
        state.workers = workers_of(news)
        if state.status is Status.RUNNING:
            state.course.note(TracePoint(state.elapsed_s, counts.done + counts.failed, state.cost_usd))


def _count_new(state: RunState, counts: Counts) -> None:
    new = counts.done + counts.failed - counts.reused - (state.done + state.failed - state.reused)
    now_s = state.monotonic()
    for _ in range(max(0, new)):
        state.rate.add(now_s)


def _counts(all_counts: Iterable[Counts]) -> Counts:
    found = list(all_counts)
    return Counts(**{name: sum(getattr(each, name) for each in found) for name in ("done", "failed", "reused")})


def _take_failures(state: RunState, live: Iterable[Snapshot]) -> None:
    known = {(failure.key, failure.timestamp) for failure in state.latest}
    new: list[Failure] = [f for each in live for f in each.latest_failures if (f.key, f.timestamp) not in known]
    for failure in sorted(new, key=lambda each: each.timestamp)[-LATEST_KEPT:]:
        state.latest.append(failure)


def _gauges(live: list[Snapshot]) -> Gauges:
    if not live:
        return Gauges()
    gauges = [each.gauges for each in live]
    limits = [each.limit for each in gauges if each.limit is not None]
    return Gauges(
        in_flight=sum(each.in_flight for each in gauges),
        limit=max(limits) if limits else None,
        retries=sum(each.retries for each in gauges),
        rate_limited=sum(each.rate_limited for each in gauges),
        # One pace for all: each tells the same.
        cooldown_s=max(each.cooldown_s for each in gauges),
        cooled_s=max(each.cooled_s for each in gauges),
        retrying=sum(each.retrying for each in gauges),
        next_try=max(each.next_try for each in gauges),
        next_try_s=min((each.next_try_s for each in gauges if each.retrying), default=0.0),
        asked_s=max(each.asked_s for each in gauges),
    )


_WORSE = tuple(HealthStatus)


def _health(found: list[Health]) -> Health:
    """Return the worst, with all reasons and all advice, each once."""
    return Health(
        overall_status=max((each.overall_status for each in found), key=_WORSE.index, default=HealthStatus.HEALTHY),
        reasons=tuple(dict.fromkeys(reason for each in found for reason in each.reasons)),
        recommendations=tuple(dict.fromkeys(advice for each in found for advice in each.recommendations)),
    )


def _memory(by_worker: Mapping[str, Snapshot]) -> Memory:
    found = [each.memory for each in by_worker.values()]
    return Memory(
        current_mb=sum(each.current_mb for each in found),
        peak_mb=sum(each.peak_mb for each in found),
        available_mb=min((each.available_mb for each in found), default=0.0),
        total_mb=max((each.total_mb for each in found), default=0.0),
    )


def workers_of(news: Mapping[int, ShardNews]) -> tuple[WorkerState, ...]:
    """Return what each worker does, by its name."""
    found = []
    for number, each in sorted(live_of(news).items(), key=lambda item: (item[1].worker, item[0])):
        snapshot = each.snapshot
        assert snapshot is not None  # those that have said nothing are not live
        silent = f"silent for {each.heard_s:.0f} s" if each.heard_s > QUIET_S else snapshot.state_text
        found.append(
            WorkerState(
                name=each.worker,
                task="questions" if number == CATEGORIES else f"shard {number}",
                state=silent,
                through=snapshot.counts.done + snapshot.counts.failed,
                total=snapshot.counts.total,
                rate_per_s=snapshot.rate_per_s,
                in_flight=snapshot.gauges.in_flight,
                memory_mb=snapshot.memory.current_mb,
            )
        )
    return tuple(found)
