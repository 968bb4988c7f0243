"""The state of a run in plain sentences: how it ended, what is left, what it waits for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from feedeval import formatting
from feedeval.records import Gauges, Status
from feedeval.records.kinds import JobKind, units
from feedeval.run.progress import Snapshot

LONG_WAIT_S = 10.0
"""A shorter wait for an endpoint's limits is part of the pace."""
_ELSEWHERE = ", from another window"
BY_HAND = {
    "paused by hand": "You paused it.",
    "stopped by hand": "You stopped it.",
    f"paused by hand{_ELSEWHERE}": f"You paused it{_ELSEWHERE}.",
    f"stopped by hand{_ELSEWHERE}": f"You stopped it{_ELSEWHERE}.",
}
"""What a run notes of a person's word, and what that person reads."""
_SORTS_NAMED = 3
_MINUTE_S = 60.0

_WORKED_ON = {JobKind.AUDIT: "audited", JobKind.SHADOW: "classified", JobKind.JUDGE: "judged", JobKind.PROBE: "judged"}
_FAULTS = {
    # The name of the error: what one failure by it is, and several.
    "TimedOut": ("timeout", "timeouts"),
    "RateLimited": ("refused by the endpoint's limits", "refused by the endpoint's limits"),
    "NoCapacity": ("refused for want of capacity", "refused for want of capacity"),
    "RequestRejected": ("refused", "refused"),
    "ModelRefused": ("declined by the model", "declined by the model"),
    "ContentFiltered": ("stopped by the endpoint's filter", "stopped by the endpoint's filter"),
    "ReplyTruncated": ("reply cut off", "replies cut off"),
    "ReplyInvalid": ("unusable reply", "unusable replies"),
    "BrokenReply": ("broken reply", "broken replies"),
    "ServerFault": ("fault of the server", "faults of the server"),
    "ConnectionLost": ("connection lost", "connections lost"),
    "BadLabel": ("unreadable row", "unreadable rows"),
    "Unreadable": ("unreadable row", "unreadable rows"),
    "BadImage": ("image that cannot be used", "images that cannot be used"),
}
_FAULTS_OF_RUNS = frozenset(
    [
        "RunFault",
        "WrongKey",
        "AccessDenied",
        "UnknownModel",
        "SettingRefused",
        "QuotaExhausted",
        "BudgetReached",
        "StorageError",
        "WaitedTooLong",
    ]
)
_ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]


def counted(count: int, kind: str) -> str:
    """Return a number of records of a kind of job, such as `1 product` and `160 products`."""
    return formatting.counted(count, *units(kind))


def failures_in_words(errors_by_type: Mapping[str, int]) -> str:
    """Return failures by their causes, most first: `42 timeouts, 9 refused`."""
    ranked = sorted(errors_by_type.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{count:,} {_fault_in_words(name, count)}" for name, count in ranked[:_SORTS_NAMED]]
    rest = sum(count for _, count in ranked[_SORTS_NAMED:])
    return ", ".join([*named, *([f"{rest:,} others"] if rest else [])])


def _fault_in_words(name: str, count: int) -> str:
    known = _FAULTS.get(name)
    return f"× {name}" if known is None else known[count != 1]


def fault_in_words(name: str) -> str:
    """Return what a failure by an error is called, such as `timeout` for `TimedOut`; one that is not known by name."""
    known = _FAULTS.get(name)
    return name if known is None else known[0]


def error_in_words(error: str) -> str:
    """Return what went wrong with a record, by the cause's name for people: `Timeout: no reply in time`."""
    name, colon, message = error.partition(": ")
    known = _FAULTS.get(name)
    return f"{known[0][0].upper()}{known[0][1:]}: {message}" if known and colon else error


def mostly(errors: Iterable[str]) -> str:
    """Return what most of some failures are, such as `mostly timeouts`.

    Args:
        errors: The name of each failure's error; at least one.
    """
    (name, _), *others = Counter(errors).most_common(2)
    known = _FAULTS.get(name)
    return f"{'mostly' if others else 'all'} {name if known is None else known[1]}"


def outcome(snapshot: Snapshot) -> str:
    """Return what came of a run, or has come of it so far: `109 of 160 products audited, 51 failed (42 timeouts, …)`.

    Of a run in which nothing failed it says so by leaving that out; what is not done yet is counted.
    """
    counts = snapshot.counts
    done = _WORKED_ON.get(JobKind(snapshot.kind), "done") if snapshot.kind in _WORKED_ON else "done"
    text = f"{counts.done:,} of {counted(counts.total, snapshot.kind)} {done}"
    if counts.failed:
        text += f", {counts.failed:,} failed"
        if sorts := failures_in_words(snapshot.errors_by_type):
            text += f" ({sorts})"
    if counts.left and snapshot.done:
        text += f", {counts.left:,} not done yet"
    return text


def headline(snapshot: Snapshot) -> str:
    """Return how a run stands in one line: the state, what came of it, and what its figures stand on."""
    text = f"{snapshot.status.words}: {outcome(snapshot)}"
    return f"{text}. {stands_on(snapshot)}" if snapshot.done and stands_on(snapshot) else text


def stands_on(snapshot: Snapshot) -> str:
    """Return what the figures of a run stand on where that is not all of its records; else an empty string."""
    counts = snapshot.counts
    if not counts.done or counts.done == counts.total:
        return ""
    share = min(max(round(100 * counts.done / counts.total), 1), 99)
    return f"The figures are of these {counts.done:,}, {share} % of all."


def reason_in_words(reason: str) -> str:
    """Return why a run is paused or stopped, in words for people: no names of classes."""
    name, colon, rest = reason.partition(": ")
    if colon and name in _FAULTS_OF_RUNS:
        return rest
    return BY_HAND.get(reason, reason[:1].upper() + reason[1:])


def state_in_words(state: str, reason: str = "") -> str:
    """Return a state with its reason, such as `paused by you` and `stopped: The budget is reached`."""
    if reason in BY_HAND:
        return reason.replace("by hand", "by you")
    return f"{state}: {reason_in_words(reason)}" if reason else state


def standing(snapshot: Snapshot) -> str:
    """Return the state of a run in a few words, with the reason where there is one: `paused by you`."""
    if snapshot.leaving:
        return f"{snapshot.leaving}: {snapshot.in_hand:,} under way"
    return state_in_words(snapshot.status.value, snapshot.status_reason)


def until(seconds: float, now: datetime) -> str:
    """Return a time of day so many seconds from now; to the minute where it is more than one away."""
    moment = now + timedelta(seconds=math.ceil(seconds))
    if seconds <= _MINUTE_S:
        return f"{moment:%H:%M:%S}"
    if moment.second:
        moment += timedelta(seconds=_MINUTE_S - moment.second)
    return f"{moment:%H:%M}" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%M}"


def held_back(gauges: Gauges, now: datetime) -> str:
    """Return until when all calls wait, and at whose word; empty where they do not, or only for a moment."""
    if gauges.waits_s < LONG_WAIT_S:
        return ""
    asked = gauges.asked_s >= LONG_WAIT_S
    why = "as the endpoint asked" if asked else "because the endpoint refused earlier calls"
    return f"waiting until {until(max(gauges.waits_s, gauges.asked_s), now)}, {why}"


def ordinal(number: int) -> str:
    """Return `third` for 3."""
    return _ORDINALS[number - 1] if 0 < number <= len(_ORDINALS) else f"{number}th"


def what_is_left(snapshot: Snapshot) -> str:
    """Return what the last records of a run wait for, once all of them are under way; empty before."""
    gauges, left = snapshot.gauges, snapshot.counts.left
    if snapshot.status is not Status.RUNNING or snapshot.leaving or not 0 < left <= snapshot.in_hand:
        return ""
    what = f"{counted(left, snapshot.kind)} left"
    if gauges.retrying and not gauges.in_flight:
        when = f"in {math.ceil(gauges.next_try_s):,} s" if gauges.next_try_s >= 0.5 else "now"
        return f"{what}: {ordinal(gauges.next_try)} try {when}"
    return f"{what}: waiting for the reply" if snapshot.eta_s is None and gauges.in_flight else ""
