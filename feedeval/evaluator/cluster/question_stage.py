"""The questions of all categories: made in a session of their own before the shards start, and then asked by all."""

from __future__ import annotations

from typing import Any

import orjson

from feedeval.jobs.audit import AuditSettings
from feedeval.jobs.questions import DOCUMENT
from feedeval.records import QuestionSet
from feedeval.storage.batch_files import batch_files, read_batch_file
from feedeval.storage.encoding import encode
from feedeval.storage.readers import read_document
from feedeval.storage.shards import CATEGORIES, Shards
from feedeval.storage.store import SessionStore

COMPLETE = "complete"
"""What the document says once no category waits for its questions."""


def questions_left(store: SessionStore, shards: Shards, audit: AuditSettings | None) -> bool:
    """Say whether questions of categories are still to be made."""
    if audit is None or audit.question_scope == "product" or not shards.place.exists(shards.categories):
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


def hand_out_questions(store: SessionStore, shards: Shards) -> None:
    """Put the questions where the workers find them, final as they are now."""
    document = store.load(DOCUMENT)
    if document is not None:
        shards.place.write(shards.questions, encode(document))


def handed_out(shards: Shards) -> list[QuestionSet]:
    """Return the questions that the shards ask."""
    data = shards.place.read(shards.questions)
    document = orjson.loads(data) if data is not None else read_document(shards.paths, DOCUMENT) or {"sets": []}
    return [QuestionSet.model_validate(each) for each in document["sets"]]
