from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from feedeval.errors import ContentFiltered, StorageError, WrongKey
from feedeval.jobs.questions import DOCUMENT, QuestionBook, edit_questions
from feedeval.records import Question, QuestionSet, Taxonomy


def question(text: str, *, required: bool = False) -> Question:
    return Question(text=text, taxonomy=Taxonomy.SPECS, required=required)


class Shelf:
    """Documents kept in memory, with every save remembered."""

    def __init__(self) -> None:
        self.saved: list[dict[str, Any]] = []

    def load(self, name: str) -> dict[str, Any] | None:
        assert name == DOCUMENT
        return self.saved[-1] if self.saved else None

    def save(self, name: str, document: Mapping[str, Any]) -> None:
        assert name == DOCUMENT
        self.saved.append(dict(document))


def made(category: str) -> QuestionSet:
    return QuestionSet(category=category, questions=(question("How heavy is it?"),), engine="m", locale="en-GB")


def test_questions_that_say_the_same_are_kept_once() -> None:
    kept = edit_questions(
        [question("How much does it weigh?"), question("How much  does it weigh"), question("What is it made of?")], 12
    )
    assert [q.text for q in kept] == ["How much does it weigh?", "What is it made of?"]


def test_the_wanted_number_is_kept_in_rank_order() -> None:
    drafts = [question(f"Is feature {word} built in?") for word in ("alpha", "beta", "gamma", "delta", "epsilon")]
    assert [q.text for q in edit_questions(drafts, 4)] == [d.text for d in drafts[:4]]


def test_at_least_one_and_at_most_half_are_required() -> None:
    words = ["alpha", "beta", "gamma", "delta"]
    none = edit_questions([question(f"Has it {w}?") for w in words], 4)
    every = edit_questions([question(f"Has it {w}?", required=True) for w in words], 4)
    assert [q.required for q in none] == [True, False, False, False]
    assert [q.required for q in every] == [True, True, False, False]


async def test_a_set_is_made_once_for_all_that_wait_and_saved_before_it_is_used() -> None:
    shelf, book, asked = Shelf(), QuestionBook(), []
    book.open(shelf)

    async def make() -> QuestionSet:
        asked.append(1)
        await asyncio.sleep(0)
        return made("Tents")

    sets = await asyncio.gather(*(book.get("Tents", make) for _ in range(20)))
    assert len(asked) == 1
    assert len({id(s) for s in sets}) == 1
    assert [s["category"] for s in shelf.saved[-1]["sets"]] == ["Tents"]


async def test_sets_of_an_earlier_sitting_are_not_made_again() -> None:
    shelf, first, second = Shelf(), QuestionBook(), QuestionBook()

    async def make() -> QuestionSet:
        return made("Tents")

    async def never() -> QuestionSet:
        raise AssertionError("asked again")

    first.open(shelf)
    kept = await first.get("Tents", make)
    second.open(shelf)
    assert await second.get("Tents", never) == kept


async def test_a_category_that_is_refused_is_asked_for_once() -> None:
    shelf, book, asked = Shelf(), QuestionBook(), []
    book.open(shelf)

    async def make() -> QuestionSet:
        asked.append(1)
        raise ContentFiltered("stopped by the content filter")

    for _ in range(3):
        with pytest.raises(ContentFiltered, match=r"Knives.*content filter"):
            await book.get("Knives", make)
    assert len(asked) == 1


async def test_a_fault_of_the_run_leaves_the_category_to_be_asked_again() -> None:
    shelf, book = Shelf(), QuestionBook()
    book.open(shelf)

    async def wrong_key() -> QuestionSet:
        raise WrongKey("the key is not accepted")

    async def make() -> QuestionSet:
        return made("Tents")

    results = await asyncio.gather(*(book.get("Tents", wrong_key) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(r, WrongKey) for r in results)
    assert (await book.get("Tents", make)).category == "Tents"


async def test_many_categories_do_not_rewrite_the_document_once_each() -> None:
    shelf, book = Shelf(), QuestionBook()
    book.open(shelf)

    async def get(name: str) -> QuestionSet:
        async def make() -> QuestionSet:
            await asyncio.sleep(0)
            return made(name)

        return await book.get(name, make)

    await asyncio.gather(*(get(f"category {n}") for n in range(200)))
    assert len(shelf.saved[-1]["sets"]) == 200
    assert len(shelf.saved) < 20


async def test_products_that_wait_for_a_set_are_put_back_with_the_one_that_was_making_it() -> None:
    shelf, book = Shelf(), QuestionBook()
    book.open(shelf)

    async def stuck() -> QuestionSet:
        await asyncio.Event().wait()
        raise AssertionError("never")

    async def make() -> QuestionSet:
        return made("Tents")

    maker, *waiting = [asyncio.ensure_future(book.get("Tents", stuck)) for _ in range(4)]
    await asyncio.sleep(0)
    maker.cancel()
    await asyncio.wait([maker, *waiting], timeout=60)
    assert all(task.cancelled() for task in (maker, *waiting))
    assert (await book.get("Tents", make)).category == "Tents"


async def test_a_set_that_could_not_be_saved_is_not_used_until_it_is() -> None:
    class Full(Shelf):
        full = True

        def save(self, name: str, document: Mapping[str, Any]) -> None:
            if self.full:
                raise StorageError("the disk is full")
            super().save(name, document)

    shelf, book = Full(), QuestionBook()
    book.open(shelf)

    async def get(name: str) -> QuestionSet:
        async def make() -> QuestionSet:
            return made(name)

        return await book.get(name, make)

    results = await asyncio.gather(*(get(name) for name in ("Tents", "Kettles", "Tents")), return_exceptions=True)
    assert all(isinstance(result, StorageError) for result in results)
    shelf.full = False
    assert (await get("Tents")).category == "Tents"
    assert "Tents" in {s["category"] for s in shelf.saved[-1]["sets"]}
    assert (await get("Kettles")).category == "Kettles"
    assert {s["category"] for s in shelf.saved[-1]["sets"]} == {"Tents", "Kettles"}
