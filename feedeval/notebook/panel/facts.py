"""The figures of a run by their names, in words for people."""

from __future__ import annotations

from feedeval.formatting import duration, money
from feedeval.records import Status
from feedeval.records.kinds import kind_words
from feedeval.run.progress import Snapshot
from feedeval.run.telling.words import what_is_left


def facts(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Return the figures by name, in the order of a person's questions: how far, how fast, how much, how heavy."""
    counts, memory = snapshot.counts, snapshot.memory
    if snapshot.status is Status.PENDING:
        return [("Time spent", duration(snapshot.elapsed_s))]
    taken_over = f" ({counts.reused:,} taken over)" if counts.reused else ""
    unreadable = f" ({snapshot.unreadable:,} unreadable)" if snapshot.unreadable else ""
    found = [("Done", f"{counts.done:,}{taken_over}"), ("Failed", f"{counts.failed:,}{unreadable}")]
    found.append(("Left", f"{counts.left:,}"))
    if not snapshot.done:
        left = what_is_left(snapshot).partition(": ")[2]
        found += [("Rate", rate(snapshot.rate_per_s)), ("Time left", left or duration(snapshot.eta_s))]
    found.append(("Time spent", duration(snapshot.elapsed_s)))
    found.append(_calls(snapshot))
    budget = f" of {money(snapshot.budget_usd)}" if snapshot.budget_usd is not None else ""
    found.append(("Cost", f"{money(snapshot.cost_usd) if snapshot.cost_usd is not None else 'price unknown'}{budget}"))
    if memory.current_mb:
        found.append(("Memory", f"{memory.current_mb:,.0f} MB (peak {memory.peak_mb:,.0f})"))
    return found


def _calls(snapshot: Snapshot) -> tuple[str, str]:
    gauges = snapshot.gauges
    retries = f", {snapshot.retries:,} repeated" if snapshot.retries else ""
    if snapshot.done:
        return "Calls", f"{snapshot.calls:,}{retries}"
    if gauges.limit is None and not gauges.in_flight:
        return "Under way", f"{snapshot.in_hand:,} {kind_words(snapshot.kind).units}"
    limit = f" of {gauges.limit:,}" if gauges.limit is not None else ""
    waiting = f", waiting {duration(gauges.waits_s)}" if gauges.waits_s > 0 else ""
    return "Calls under way", f"{gauges.in_flight:,}{limit}{waiting}"


def rate(per_s: float) -> str:
    """Return a speed for people: a second where that is a number worth reading, else a minute."""
    if per_s >= 10:
        return f"{per_s:,.0f} a second"
    if per_s >= 1:
        return f"{per_s:.1f} a second"
    return f"{60 * per_s:.1f} a minute" if per_s > 0 else "–"
