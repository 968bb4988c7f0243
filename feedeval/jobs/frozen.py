"""The questions of an earlier session, to be asked again as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from feedeval.records import Effort, Question, QuestionSet


@dataclass(frozen=True)
class FrozenQuestions:
    """Question sets that are asked as they stand: no model is asked for questions of their categories."""

    session: str
    """The session that they come from."""
    sets: Mapping[str, QuestionSet]
    """By category."""

    @classmethod
    def of(cls, session: str, sets: Iterable[QuestionSet]) -> FrozenQuestions:
        """Freeze the question sets of a session; what they took was taken there."""
        changes = {"frozen_from": session, "effort": Effort()}
        return cls(session, {made.category: made.model_copy(update=changes) for made in sets})

    @cached_property
    def digest(self) -> str:
        """What the results depend on: categories and questions, whoever wrote them and wherever they come from."""
        asked = [[c, [q.model_dump(mode="json") for q in self.sets[c].questions]] for c in sorted(self.sets)]
        return hashlib.blake2b(orjson.dumps(asked), digest_size=16).hexdigest()

    @property
    def questions(self) -> list[Question]:
        """All questions, of whatever category."""
        return [question for made in self.sets.values() for question in made.questions]

    def description(self) -> dict[str, Any]:
        """Return what a session writes down of them; JSON values."""
        return {"session": self.session, "digest": self.digest, "categories": len(self.sets)}

    def beside(self, made: QuestionSet) -> QuestionSet:
        """Return a set of a category that is not among these, with a note that says so."""
        note = f"Session {self.session} had no questions for this category: new ones were made."
        return made.model_copy(update={"notes": (*made.notes, note)})
