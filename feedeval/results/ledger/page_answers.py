"""What the pages of an audit's products said, read back from the session in which they were asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, NamedTuple

from feedeval.errors import SessionError
from feedeval.jobs.landing_pages import PageSource, source_of, stated_values
from feedeval.jobs.offline.bank import load_bank
from feedeval.jobs.offline.facets import Bank
from feedeval.jobs.offline.patterns import fold
from feedeval.jobs.offline.reading import read
from feedeval.records import Context, Judgement, Verdict
from feedeval.records.kinds import JobKind
from feedeval.results.cases import StoredResult, context_in, stored_results
from feedeval.results.frames.decoding import Judged, StoredFailure, readable_batches
from feedeval.results.gaps.answer_places import answer_place
from feedeval.results.stored import StoredSession
from feedeval.storage.batch_shapes import Unread
from feedeval.storage.paths import SessionFolder
from feedeval.storage.readers import session_ids

_NOTHING = Context(category="", fields=())


@cache
def _bank() -> Bank:
    return load_bank()


class Said(NamedTuple):
    """What a page says on one question."""

    verdict: Verdict
    quote: str
    source: PageSource | None
    reason: str = ""


class Contradicted(NamedTuple):
    """An attribute of which feed and page say different things."""

    field: str
    feed: str
    data: str
    """The words of the page's structured data; empty where it says nothing."""
    text: str
    """Those of its visible text."""


@dataclass(frozen=True)
class PageAnswers:
    """One product's page, as it was asked."""

    key: str
    url: str
    read_at: str
    problem: str = ""
    """Why it was not read; empty where it was."""
    variants: int = 1
    """Products or variants that it is about."""
    said: Mapping[str, Said] = field(default_factory=dict)
    """By the words of the question."""
    stated: Mapping[str, str] = field(default_factory=dict)
    """What its structured data states of the product, by attribute."""
    contradictions: tuple[Contradicted, ...] = ()
    context: Context = _NOTHING
    """What the page says, as its judge saw it."""

    @cached_property
    def named(self) -> dict[str, list[str]]:
        """What the page says under names that stand for an attribute, such as *Gewicht: 1,4 kg*, by attribute.

        The embedded engine's bank knows the names, in its languages; those that mislead are left out.
        """
        bank = _bank()
        found: dict[str, list[str]] = {}
        for pair in read(self.context, bank).pairs:
            if facets := bank.names.facets(pair.name):
                quotes = found.setdefault(answer_place(bank.facets[facets[0]].attribute).label, [])
                if pair.text not in quotes:
                    quotes.append(pair.text)
        return found


def pages_session(audit: StoredSession) -> StoredSession | None:
    """Return the latest session in which the pages of an audit's products were asked; None where there is none.

    One that was begun and judged nothing yet does not hide an earlier one.
    """
    folder = SessionFolder(audit.paths.folder, audit.paths.file_system)
    found: StoredSession | None = None
    for sid in reversed(session_ids(folder)):
        if sid < audit.id:
            break  # it began before the audit did
        session = StoredSession(sid, folder)
        try:
            source = session.progress.settings.get("source")
            if session.progress.kind != JobKind.PAGES or not isinstance(source, dict):
                continue
            if source.get("session") != audit.id:
                continue
            if session.progress.counts.done or session.batch_files:
                return session
        except SessionError:
            continue
        found = found or session
    return found


def stored_answers(session: StoredSession) -> Iterator[PageAnswers]:
    """Yield what the pages said, in the order of the feed; one batch file is held at a time."""
    return map(answers_of, stored_results(session))


def failed_pages(session: StoredSession) -> dict[str, str]:
    """Return why pages that were read could not be judged, by the key of their product."""
    batches = readable_batches(session.batch_files, Unread, StoredFailure)
    return {failure.key: failure.message for batch in batches for failure in batch.failures}


def is_order(quote: str) -> bool:
    """Say whether words speak to whoever reads the page, and order an answer: they are none."""
    folded = fold(quote)
    return any(pattern.search(folded) for pattern in _bank().dropped)


def answers_of(result: StoredResult) -> PageAnswers:
    """Return what a page said, of the result of asking it."""
    value = result.value
    context = context_in(value) if value.context_fields else Context(category=value.category, fields=())
    return answers_in(result.key, result.meta, context, value.judgements)


def answers_in(
    key: str, meta: Mapping[str, Any], context: Context, judged: Iterable[Judged | Judgement]
) -> PageAnswers:
    """Return what a page said.

    Args:
        key: The product's key in the audit.
        meta: What was written down of the page.
        context: What it says.
        judged: The verdicts on it.
    """
    fields = {one.name: one.text for one in context.fields}
    return PageAnswers(
        key=key,
        url=str(meta.get("page_url") or ""),
        read_at=str(meta.get("read_at") or ""),
        problem=str(meta.get("problem") or ""),
        variants=int(meta.get("variants") or 1),
        said={
            each.question: Said(Verdict(each.verdict), each.evidence, _source(each.evidence, fields), each.reason)
            for each in judged
        },
        stated=stated_values(fields),
        contradictions=tuple(_contradictions(meta.get("contradictions"))),
        context=context,
    )


def _source(quote: str, fields: Mapping[str, str]) -> PageSource | None:
    # Words of several places stand in none of them alone.
    return source_of(quote, fields) or PageSource.TEXT if quote else None


def _contradictions(stored: object) -> Iterable[Contradicted]:
    for each in stored if isinstance(stored, list) else ():
        if isinstance(each, list) and len(each) == len(Contradicted._fields):
            yield Contradicted(*map(str, each))
