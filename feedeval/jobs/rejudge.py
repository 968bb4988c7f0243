"""Judging questions that are given, about products that are given: nothing is asked but the verdicts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import orjson

from feedeval.feed.text import content_hash
from feedeval.jobs.audit import Item, evaluation
from feedeval.jobs.effort import EffortLedger
from feedeval.jobs.engine import Engine
from feedeval.records import Backend, Context, ContextField, Ledger, Question, QuestionSet, Record
from feedeval.records.kinds import JobKind
from feedeval.run.job import Documents, Job


class Case(NamedTuple):
    """One product and what is asked about it."""

    key: str
    """Unique among the cases, and the same each time they are gone through."""
    context: Context
    questions: tuple[Question, ...]
    meta: Mapping[str, Any]
    """What identifies the case to a person, such as `product_id` and `title`; no verdict depends on it."""
    shared: bool = True
    """Other products are asked the same questions, as in an audit by category."""


class RejudgeJob(Job):
    """Judges each case with one call; its results are `Evaluation`s, as those of an audit.

    Args:
        cases: Called for each pass; gives the same cases in the same order.
        engine: Whom to ask.
        locale: Language of the reasons that a model gives.
        source: What is written down about where the cases came from.
        kind: The word that the session carries: sessions of one kind take over from each other what still holds.
    """

    def __init__(
        self,
        cases: Callable[[], Iterable[Case]],
        engine: Engine,
        *,
        locale: str,
        source: Mapping[str, Any],
        kind: str = JobKind.JUDGE,
    ) -> None:
        self.kind = kind
        self._cases = cases
        self._engine = engine
        self._locale = locale
        self._source = source

    @property
    def engine(self) -> str:
        """The engine's name."""
        return self._engine.name

    @property
    def backend(self) -> Backend:
        """Who makes the calls."""
        return self._engine.backend

    def fingerprint(self) -> Mapping[str, Any]:
        """Return what verdicts depend on beside context and questions, which are each record's own content."""
        return {**self._engine.fingerprint(), "locale": self._locale}

    def go_on_as(self, fingerprint: Mapping[str, Any]) -> bool:
        """Go on by the rules of the version that a session of this fingerprint began with, where there still are."""
        return self._engine.go_on_as(fingerprint)

    def settings(self) -> Mapping[str, Any]:
        """Return where the cases came from, and how calls are made."""
        calls = {"calls": dict(self._engine.calls)} if self._engine.calls else {}
        return {"source": dict(self._source), **calls}

    def records(self) -> Iterator[Record]:
        """Yield a record a case.

        Raises:
            InputError: The engine cannot judge a question.
        """
        for index, case in enumerate(self._cases()):
            self._engine.check(case.questions)
            yield Record(index, case.key, _digest(case), case, case.meta)

    async def open(self, documents: Documents) -> None:
        """Return: nothing is kept beside the results."""

    async def process(self, record: Record, ledger: Ledger) -> dict[str, Any]:
        """Judge one case."""
        case: Case = record.payload
        context = case.context
        asked = QuestionSet(
            category=context.category, questions=case.questions, engine=self.engine, locale=self._locale
        )
        tally = EffortLedger(ledger)
        judgements = await self._engine.judge(context, asked, tally, shared=case.shared)
        notes = (self._engine.note,) if self._engine.note else ()
        made = evaluation(Item(context, context.category), judgements, engine=self.engine, notes=notes)
        return made.model_copy(update={"effort": tally.effort}).model_dump(mode="json")


def context_of(text: str, names: Sequence[str], category: str) -> Context:
    """Return the context whose text is `text`, from what an `Evaluation` keeps of it.

    The result's `text` is exactly `text`, so that a judge is sent the same words. Where a value has a line that looks
    like the next field, the field ends there; a judge that reads lines sees no difference.

    Args:
        text: `name: value` lines, as `Context.text` gives them.
        names: The fields in their order.
        category: The product's category.
    """
    fields = []
    rest = f"\n{text}"
    for name, following in zip_longest(names, names[1:]):
        value = rest.removeprefix(f"\n{name}: ")
        end = len(value) if following is None else value.index(f"\n{following}: ")
        fields.append(ContextField(name=name, text=value[:end]))
        rest = value[end:]
    return Context(category=category, fields=tuple(fields))


def _digest(case: Case) -> str:
    asked = [(q.text, q.taxonomy, q.required, q.facet) for q in case.questions]
    data = content_hash(case.context).encode() + orjson.dumps(asked)
    return hashlib.blake2b(data, digest_size=16).hexdigest()
