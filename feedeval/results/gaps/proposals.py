"""A file to fill in, with values that a model proposes where the words that each rests on stand in the product."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from feedeval.errors import InputError
from feedeval.feed.checks.check_feed import Severity, check_feed
from feedeval.jobs.suggest import Incomplete, Proposal
from feedeval.results.cases import context_in, stored_results
from feedeval.results.gaps.fixfile import (
    Entry,
    FixFile,
    column_order,
    entries_of,
    table_path,
    write_fix_file,
    write_table,
)
from feedeval.results.gaps.open_questions import OpenQuestions

if TYPE_CHECKING:
    from feedeval.results.stored import StoredSession

HEADER = ("id", "title", "attribute", "value", "quote", "field")


class Suggester(Protocol):
    """Who can be asked for values: `ProductFeedEvaluator` with a model."""

    def suggest_values(
        self, products: Callable[[], Iterable[Incomplete]], *, session: StoredSession, budget_usd: float | None = None
    ) -> StoredSession:
        """Ask about each product once, in a session of its own, and return that session."""


class Asking(NamedTuple):
    """Who is asked, and what that may cost."""

    suggester: Suggester
    budget_usd: float | None = None


class Sources(NamedTuple):
    """Where proposed values come from."""

    copies: Mapping[str, Sequence[Proposal]] = MappingProxyType({})
    """Words of the products' pages, by product id."""
    asking: Asking | None = None


@dataclass(frozen=True)
class Proposed:
    """What came of asking."""

    by_product: Mapping[str, Sequence[Proposal]] = field(default_factory=dict)
    dropped: int = 0
    failed: int = 0
    """Products that could not be asked about."""

    @property
    def values(self) -> dict[str, dict[str, str]]:
        """Values by product id and by attribute or question."""
        return {pid: {each.name: each.value for each in found} for pid, found in self.by_product.items()}

    @property
    def count(self) -> int:
        """Values, over all products."""
        return sum(len(found) for found in self.by_product.values())


def make_fix_file(
    session: StoredSession, found: OpenQuestions, path: str | Path, *, limit: int | None, asking: Sources
) -> FixFile:
    """Write the file to fill in, and the list of proposals where there are any, as `Session.fix_file` says."""
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise InputError(f"limit={limit!r}: give a whole number from 1, or None for all products")
    target = table_path(path)
    if not len(found.judged):
        raise InputError(f"session {session.id} has no product that is done: there is nothing to fill in yet")
    entries, without_id = entries_of(found, limit=limit)
    if not entries:
        some = f" of the products with an id; {without_id:,} have none" if without_id else ""
        raise InputError(f"session {session.id} leaves nothing open{some}: there is nothing to fill in")
    copies = copied(entries, asking.copies)
    suggested = Proposed() if asking.asking is None else propose(session, entries, asking.asking)
    proposed = together(copies, suggested)
    lists = asking.asking is not None or copies.count > 0
    columns = column_order(found, entries)
    write_fix_file(target, entries, columns, proposed.values)
    return FixFile(
        path=target,
        products=len(entries),
        columns=tuple(columns),
        questions=sum(len(entry.questions) for entry in entries),
        without_id=without_id,
        proposals_path=write_proposals(target, entries, proposed) if lists else None,
        proposed=proposed.count,
        copied=copies.count,
        dropped=proposed.dropped,
        failed=proposed.failed,
        not_audited=max((session.sample or {}).get("of", session.progress.counts.total) - len(found.judged), 0),
    )


def copied(entries: Sequence[Entry], copies: Mapping[str, Sequence[Proposal]]) -> Proposed:
    """Return the words of pages that a file asks for."""
    wanted = {entry.product_id: {*entry.columns, *(q.text for q in entry.questions)} for entry in entries}
    kept = {pid: [p for p in copies[pid] if p.name in wanted[pid]] for pid in wanted if pid in copies}
    return Proposed({pid: found for pid, found in kept.items() if found})


def together(first: Proposed, second: Proposed) -> Proposed:
    """Return the proposals of both; where both have one for the same cell, that of the first."""
    by_product: dict[str, Sequence[Proposal]] = dict(first.by_product)
    for pid, found in second.by_product.items():
        names = {each.name for each in first.by_product.get(pid, ())}
        by_product[pid] = [*first.by_product.get(pid, ()), *(each for each in found if each.name not in names)]
    return Proposed(by_product, first.dropped + second.dropped, first.failed + second.failed)


def propose(session: StoredSession, entries: Sequence[Entry], asking: Asking) -> Proposed:
    """Ask what the products' own texts state, and keep what they support and the destination takes.

    Raises:
        InputError: Nobody who can propose values was given.
        RunFault: The run had to pause for something that a person has to mend; the same call goes on.
    """
    incomplete = _incomplete(session, entries)
    made = asking.suggester.suggest_values(lambda: incomplete, session=session, budget_usd=asking.budget_usd)
    kept: dict[str, list[Proposal]] = {}
    dropped = 0
    for row in made.results.to_dict("records"):
        if isinstance(row.get("proposals"), list):
            kept[row["product_id"]] = [Proposal.model_validate(each) for each in row["proposals"]]
            dropped += int(row["dropped"])
    columns = {entry.product_id: entry.columns for entry in entries}
    refused = _refused(kept, columns)
    by_product = {pid: [p for p in found if (pid, p.name) not in refused] for pid, found in kept.items()}
    return Proposed(
        {pid: found for pid, found in by_product.items() if found}, dropped + len(refused), len(made.failures)
    )


def _incomplete(session: StoredSession, entries: Sequence[Entry]) -> list[Incomplete]:
    wanted = {entry.product_id: entry for entry in entries if entry.columns or entry.questions}
    found: dict[str, Incomplete] = {}
    for result in stored_results(session):
        entry = wanted.get(str(result.meta.get("product_id") or ""))
        if entry is not None and entry.product_id not in found:
            questions = tuple(question.text for question in entry.questions)
            context = context_in(result.value)
            found[entry.product_id] = Incomplete(entry.product_id, entry.title, context, entry.columns, questions)
    return [found[pid] for pid in wanted if pid in found]


def _refused(kept: Mapping[str, Sequence[Proposal]], columns: Mapping[str, Sequence[str]]) -> set[tuple[str, str]]:
    """Return the values, by product and attribute, that the destination would refuse in that attribute."""
    rows = [
        {"id": pid, **{p.name: p.value for p in found if p.name in columns.get(pid, ())}} for pid, found in kept.items()
    ]
    if not any(len(row) > 1 for row in rows):
        return set()
    findings = check_feed(rows, supplemental=True)
    errors = findings[(findings["severity"] == Severity.ERROR.value) & (findings["field"] != "id")]
    return set(zip(errors["product_id"], errors["field"].str.split(".").str[0], strict=True))


def write_proposals(path: Path, entries: Sequence[Entry], proposed: Proposed) -> Path:
    """Write the list of proposals beside the file to fill in, and return its path."""
    target = path.with_name(f"{path.stem}.proposals{path.suffix}")
    rows = [
        (entry.product_id, entry.title, each.name, each.value, each.quote, each.field)
        for entry in entries
        for each in proposed.by_product.get(entry.product_id, ())
    ]
    write_table(target, HEADER, rows)
    return target
