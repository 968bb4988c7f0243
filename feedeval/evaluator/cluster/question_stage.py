"""The questions of all categories: made in a session of their own before the shards start, and then asked by all."""

from __future__ import annotations

from typing import Any

from feedeval.jobs.audit import AuditSettings
from feedeval.jobs.questions import DOCUMENT
from feedeval.records import QuestionSet
from feedeval.storage.batch_files import batch_files, read_batch_file
from feedeval.storage.shards import CATEGORIES, Shards
from feedeval.storage.store import SessionStore

COMPLETE = "complete"
"""What the document says once no category waits for its questions."""


def questions_left(store: SessionStore, shards: Shards, audit: AuditSettings) -> bool:
    """Say whether questions of categories are still to be made."""
    if audit.question_scope == "product" or not store.paths.file_system.exists(shards.categories):
        return False
    return not (store.load(DOCUMENT) or {}).get(COMPLETE)


def keep_questions(store: SessionStore, shards: Shards) -> None:
    """Write the questions that were made beside those that were there before."""
    before: list[dict[str, Any]] = (store.load(DOCUMENT) or {"sets": []})["sets"]
    paths = shards.session(CATEGORIES)
    files = [] if paths is None else [file for _, file in batch_files(paths)]
    values = [result.value for file in files for result in read_batch_file(file).results]
    known = {each["category"] for each in before}
    made = [QuestionSet.model_validate(value).model_dump(mode="json") for value in values]
    store.save(DOCUMENT, {COMPLETE: True, "sets": [*before, *(each for each in made if each["category"] not in known)]})
