"""What each worker of a run on a cluster does, in the run's panel."""

from __future__ import annotations

from collections.abc import Sequence

from feedeval import html
from feedeval.formatting import clip
from feedeval.html import Markup
from feedeval.notebook.panel.facts import rate
from feedeval.run.progress import WorkerState

WORKERS_SHOWN = 12
_CLIP_CHARS = 60


def workers_block(workers: Sequence[WorkerState]) -> Markup:
    """Return a row a worker; nothing where the run has none of its own."""
    if not workers:
        return Markup("")
    head = ("Worker", "Works on", "State", "Done", "Rate", "In flight", "Memory")
    table = html.table([_row(each) for each in workers[:WORKERS_SHOWN]], head)
    more = f"<div>and {len(workers) - WORKERS_SHOWN:,} more</div>" if len(workers) > WORKERS_SHOWN else ""
    return Markup(f'<div style="margin:6px 0">{table}{more}</div>')


def workers_lines(workers: Sequence[WorkerState]) -> list[str]:
    """Return a line a worker."""
    names = ("worker {}", "{}", "{}", "{} done", "{}", "{} in flight", "{}")
    return [" · ".join(n.format(v) for n, v in zip(names, _row(each), strict=True)) for each in workers[:WORKERS_SHOWN]]


def _row(each: WorkerState) -> tuple[str, ...]:
    done = f"{each.through:,} of {each.total:,}"
    state = clip(" ".join(each.state.split()), _CLIP_CHARS)
    return each.name, each.task, state, done, rate(each.rate_per_s), f"{each.in_flight:,}", f"{each.memory_mb:,.0f} MB"
