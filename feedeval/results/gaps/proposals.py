"""A file to fill in, with values that a model proposes where the words that each rests on stand in the product."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from feedeval.errors import InputError
from feedeval.feed.checks.check_feed import Severity, check_feed
from feedeval.jobs.suggest import Incomplete, Proposal
from feedeval.results.cases import context_in, stored_results
from feedeval.results.gaps.fixfile import (
    Entry,
    FixFile,
    attribute_gains,
    entries_of,
    table_path,
    write_fix_file,
    write_table,
)
from feedeval.results.gaps.open_questions import OpenQuestions
from feedeval.results.large.fitting import ASKED_BYTES, refuse_what_does_not_fit

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


class Wanted(NamedTuple):
    """A product of the file, and the words of its page that can be copied into it."""

    entry: Entry
    copies: Sequence[Proposal] = ()


@dataclass(frozen=True)
class ToFill:
    """What a file to fill in asks for."""

    products: Iterable[Wanted]
    """Those that gain most first; gone through several times."""
    gains: Mapping[str, float]
    """What filling each attribute brings, over all products of the audit."""
    without_id: int
    """Products with something to fill in that have no id."""
    audited: int
    """Products that are done."""

    @classmethod
    def of(cls, found: OpenQuestions, limit: int | None, copies: Mapping[str, Sequence[Proposal]]) -> ToFill:
        """Return what open questions that are held ask for.

        Args:
            found: The open questions.
            limit: Most products.
            copies: Words of the products' pages, by product id.
        """
        entries, without_id = entries_of(found, limit=limit)
        wanted = [Wanted(entry, copied(entry, copies.get(entry.product_id, ()))) for entry in entries]
        return cls(wanted, attribute_gains(found), without_id, len(found.judged))


@dataclass(frozen=True)
class Proposed:
    """What came of asking."""

    by_product: Mapping[str, Sequence[Proposal]] = field(default_factory=dict)
    dropped: int = 0
    failed: int = 0
    """Products that could not be asked about."""


class _Counted:
    """What is in a file, counted as its products go by."""

    def __init__(self, to_fill: ToFill, suggested: Proposed) -> None:
        self.products = self.questions = self.proposed = self.copied = 0
        names: dict[str, None] = {}
        for entry, copies in to_fill.products:
            self.products += 1
            self.questions += len(entry.questions)
            self.copied += len(copies)
            self.proposed += len(_proposals(entry, copies, suggested))
            names.update(dict.fromkeys(entry.columns))
        self.columns = sorted(names, key=lambda name: -to_fill.gains.get(name, 0.0))


def make_fix_file(
    session: StoredSession, to_fill: Callable[[], ToFill], path: str | Path, *, limit: int | None, asking: Asking | None
) -> FixFile:
    """Write the file to fill in, and the list of proposals where there are any, as `Session.fix_file` says.

    Args:
        session: The audit.
        to_fill: Returns what the file asks for.
        path: Where to.
        limit: Most products.
        asking: Who is asked for values.
    """
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise InputError(f"limit={limit!r}: give a whole number from 1, or None for all products")
    target = table_path(path)
    wanted = to_fill()
    if not wanted.audited:
        raise InputError(f"session {session.id} has no product that is done: there is nothing to fill in yet")
    if next(iter(wanted.products), None) is None:
        some = f" of the products with an id; {wanted.without_id:,} have none" if wanted.without_id else ""
        raise InputError(f"session {session.id} leaves nothing open{some}: there is nothing to fill in")
    suggested = Proposed() if asking is None else propose(session, _held(wanted), asking)
    counted = _Counted(wanted, suggested)
    lists = asking is not None or counted.copied > 0
    proposals = ((entry, _proposals(entry, copies, suggested)) for entry, copies in wanted.products)
    filled = ((entry, {each.name: each.value for each in found}) for entry, found in proposals)
    write_fix_file(target, filled, counted.columns, asks=counted.questions > 0)
    return FixFile(
        path=target,
        products=counted.products,
        columns=tuple(counted.columns),
        questions=counted.questions,
        without_id=wanted.without_id,
        proposals_path=write_proposals(target, wanted, suggested) if lists else None,
        proposed=counted.proposed,
        copied=counted.copied,
        dropped=suggested.dropped,
        failed=suggested.failed,
        not_audited=max((session.sample or {}).get("of", session.progress.counts.total) - wanted.audited, 0),
    )


def _held(to_fill: ToFill) -> list[Entry]:
    """Return the products that a model is asked about, if their texts fit in memory.

    Raises:
        InputError: They do not.
    """
    products = sum(1 for _ in to_fill.products)
    refuse_what_does_not_fit(products, "products to ask about", ASKED_BYTES, otherwise="limit= asks about fewer")
    return [entry for entry, _ in to_fill.products]


def copied(entry: Entry, copies: Iterable[Proposal]) -> list[Proposal]:
    """Return those words of a product's page that a file asks for."""
    wanted = {*entry.columns, *(question.text for question in entry.questions)}
    return [each for each in copies if each.name in wanted]


def _proposals(entry: Entry, copies: Sequence[Proposal], suggested: Proposed) -> list[Proposal]:
    """Return the proposals for a product; where a page has words for a cell, those of the page."""
    names = {each.name for each in copies}
    return [*copies, *(each for each in suggested.by_product.get(entry.product_id, ()) if each.name not in names)]


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


def write_proposals(path: Path, to_fill: ToFill, suggested: Proposed) -> Path:
    """Write the list of proposals beside the file to fill in, and return its path."""
    target = path.with_name(f"{path.stem}.proposals{path.suffix}")
    rows = (
        (entry.product_id, entry.title, each.name, each.value, each.quote, each.field)
        for entry, copies in to_fill.products
        for each in _proposals(entry, copies, suggested)
    )
    write_table(target, HEADER, rows)
    return target
