"""What is said of parts."""

from __future__ import annotations

from collections.abc import Sequence

from feedeval.formatting import money
from feedeval.records.delivery import Order, Part, PartState

_PROBLEMS_SAID = 3
_BE = {True: "It is", False: "They are"}


def where_parts_stand(parts: Sequence[Part]) -> str:
    """Return where all parts stand together, in one clause."""
    out = [part for part in parts if part.is_out]
    total, answered = sum(part.requests for part in out), sum(part.completed for part in out)
    waiting = sum(part.state in (PartState.WRITTEN, PartState.UPLOADED) for part in parts)
    ended = len(parts) - len(out) - waiting
    said = [f"{len(out):,} at the endpoint ({answered:,} of {total:,} requests answered)"] if out else []
    said += [f"{waiting:,} to be sent"] if waiting else []
    said += [f"{ended:,} through"] if ended else []
    return ", ".join(said)


def what_is_out(parts: Sequence[Part]) -> str:
    """Return how much is out, in one clause."""
    done, total = sum(part.completed for part in parts), sum(part.requests for part in parts)
    one = len(parts) == 1
    return (
        f"{len(parts):,} {'part is' if one else 'parts are'} at the endpoint, {done:,} of {total:,} requests answered"
    )


def what_deleting_loses(session: str, parts: Sequence[Part]) -> str:
    """Return what is said before a session is deleted that has parts at the endpoint; empty where it has none."""
    out = [part for part in parts if part.is_out]
    if not out:
        return ""
    most = [part.most_usd for part in out]
    cost = "" if None in most else f", at most {money(sum(usd for usd in most if usd is not None))}"
    return (
        f"Session {session}: {what_is_out(out)}. {_BE[len(out) == 1]} billed all the same{cost}, and without the "
        "session's files nobody can fetch the answers. Go on with the session to fetch them, or to call "
        "them off with stop()."
    )


def what_stopping_costs(parts: Sequence[Part]) -> str:
    """Return what is said before parts are called off."""
    done_usd: float | None = 0.0
    for part in parts:
        share = part.completed / part.requests if part.requests else 0.0
        done_usd = None if done_usd is None or part.most_usd is None else done_usd + share * part.most_usd
    cost = "" if done_usd is None else f", at most {money(done_usd)},"
    return (
        f"Stopping: {what_is_out(parts)}. What is answered by now is billed{cost} and counts when the run goes on; the "
        "rest is called off."
    )


def what_stays_out(parts: Sequence[Part]) -> str:
    """Return what is said where the run ends and its parts stay where they are."""
    return (
        f"{what_is_out(parts)}, where the work goes on without this program; going on with the session fetches the "
        "answers. What is answered is billed; starting again and then stopping calls the rest off."
    )


def problems_of(part: Part, order: Order) -> str:
    """Return what the endpoint found wrong with a part."""
    if not order.problems:
        return f"Part {part.number} was refused without a reason."
    said = [
        f"{f'line {each.line:,}: ' if each.line is not None else ''}{each.message or each.code}"
        for each in order.problems[:_PROBLEMS_SAID]
    ]
    more = len(order.problems) - len(said)
    return f"Part {part.number} was refused: {'; '.join(said)}{f'; and {more:,} more' if more else ''}"
