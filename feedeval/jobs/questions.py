"""Question sets: one for each category (or product), made once, edited, kept, shared by all who need it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from feedeval.errors import RecordError
from feedeval.jobs.evidence import normalise
from feedeval.jobs.similarity import Likeness
from feedeval.records import Question, QuestionSet
from feedeval.run.job import Documents

DOCUMENT = "questions"
"""Name of the session's document that keeps the sets."""

_WORDS_THAT_ASK = frozenset(
    normalise(
        "a an and any are can do does for has have how i in is it its many much my of on or the this to what which "
        "with you"
    ).split()
)


def edit_questions(drafts: Iterable[Question], num_questions: int) -> tuple[Question, ...]:
    """Return at most `num_questions`, most important first: tidied, deduplicated, with a sensible share required.

    The drafts' order is their rank. At least one question and at most half of them are required; those that come
    first keep the mark.
    """
    tidied = [draft.model_copy(update={"text": re.sub(r"\s+", " ", draft.text).strip()}) for draft in drafts]
    tidied = [draft for draft in tidied if draft.text]
    likeness = Likeness([draft.text for draft in tidied])
    kept: list[int] = []
    for position in range(len(tidied)):
        if not any(likeness.same(position, other) for other in kept):
            kept.append(position)
        if len(kept) == num_questions:
            break
    return _balance_required([tidied[position] for position in kept])


def _balance_required(questions: list[Question]) -> tuple[Question, ...]:
    allowed = max(1, len(questions) // 2)
    required = [n for n, question in enumerate(questions) if question.required][:allowed] or [0]
    return tuple(question.model_copy(update={"required": n in required}) for n, question in enumerate(questions))


def content_words(text: str) -> frozenset[str]:
    """Return the words of an English question that say what it asks for; all of them where it has no others."""
    words = frozenset(normalise(text).split())
    return (words - _WORDS_THAT_ASK) or words


class QuestionBook:
    """The question sets of a run: each made once however many products wait for it, and saved before it is used."""

    def __init__(self) -> None:
        self._sets: dict[str, QuestionSet] = {}
        """Those on disk."""
        self._unsaved: dict[str, QuestionSet] = {}
        self._making: dict[str, asyncio.Task[QuestionSet]] = {}
        self._refused: dict[str, RecordError] = {}
        self._documents: Documents | None = None
        self._saving = asyncio.Lock()

    def open(self, documents: Documents, frozen: Mapping[str, QuestionSet] | None = None) -> None:
        """Take up the sets that the session has already; those that are frozen stand in it from now on."""
        self._documents = documents
        document = documents.load(DOCUMENT) or {"sets": []}
        self._sets = {s["category"]: QuestionSet.model_validate(s) for s in document["sets"]}
        if frozen and any(self._sets.get(category) != made for category, made in frozen.items()):
            self._sets.update(frozen)
            documents.save(DOCUMENT, _document(self._sets.values()))
        self._unsaved.clear()
        self._making.clear()
        self._refused.clear()
        # A lock belongs to the event loop that it was first used on, and every run has one of its own.
        self._saving = asyncio.Lock()

    async def get(self, category: str, make: Callable[[], Awaitable[QuestionSet]]) -> QuestionSet:
        """Return the set of `category`, made by `make` where there is none yet.

        Raises:
            RecordError: The set cannot be made; asking again would cost the same and end the same.
            CancelledError: The product that was making the set was put back.
        """
        if (known := self._sets.get(category)) is not None:
            return known
        if (refusal := self._refused.get(category)) is not None:
            raise _refusal(category, refusal) from refusal
        task = self._making.get(category)
        try:
            if task is not None:
                return await asyncio.shield(task)
            task = asyncio.ensure_future(self._make(category, make))
            self._making[category] = task
            task.add_done_callback(lambda _: self._making.pop(category, None))
            # Not shielded: where this product is put back, so are those that wait for it. Its calls go through its
            # own books, and a run that pauses would otherwise wait for a set that waits for the run to go on.
            return await task
        except RecordError as exc:
            raise _refusal(category, exc) from exc

    async def _make(self, category: str, make: Callable[[], Awaitable[QuestionSet]]) -> QuestionSet:
        try:
            made = await make()
        except RecordError as exc:
            self._refused[category] = exc
            raise
        self._unsaved[category] = made
        await asyncio.shield(self._save(category))
        return made

    async def _save(self, category: str) -> None:
        assert self._documents is not None, "open() comes first"
        async with self._saving:
            # Whoever comes first writes for all that wait: a feed with thousands of categories would otherwise rewrite
            # the growing file once for each.
            if category in self._sets:
                return
            sets = {**self._sets, **self._unsaved}
            await asyncio.to_thread(self._documents.save, DOCUMENT, _document(sets.values()))
            self._sets = sets
            self._unsaved = {name: made for name, made in self._unsaved.items() if name not in sets}


def _refusal(category: str, cause: RecordError) -> RecordError:
    return type(cause)(f"no questions for the category {category or '(not stated)'!r}: {cause}")


def _document(sets: Iterable[QuestionSet]) -> dict[str, Any]:
    return {"sets": [s.model_dump(mode="json") for s in sets]}
