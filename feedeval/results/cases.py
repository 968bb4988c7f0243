"""What a session judged, read back product by product, so that it can be judged again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import msgspec

from feedeval.jobs.rejudge import Case, context_of
from feedeval.records import Context, Question, Taxonomy
from feedeval.results.frames.decoding import Judged, readable_batches
from feedeval.results.stored import StoredSession
from feedeval.storage.batch_shapes import ResultOf, Unread
from feedeval.storage.paths import StoredFile


class StoredUsage(msgspec.Struct, gc=False, frozen=True):
    """The tokens of a judgement's calls."""

    input_tokens: int = 0
    output_tokens: int = 0


class StoredEffort(msgspec.Struct, gc=False, frozen=True):
    """What a judgement took."""

    calls: int = 0
    usage: StoredUsage = StoredUsage()
    cost_usd: float | None = 0.0
    latency_ms: float = 0.0


class StoredEvaluation(msgspec.Struct, gc=False):
    """An `Evaluation`, as far as it is compared or judged again."""

    category: str
    context: str
    context_fields: list[str]
    judgements: list[Judged]
    coverage_pct: float | None
    effort: StoredEffort = StoredEffort()

    @property
    def coverage(self) -> float:
        """The coverage, NaN where there is none."""
        return float("nan") if self.coverage_pct is None else self.coverage_pct


class StoredResult(ResultOf[StoredEvaluation, dict[str, Any]], gc=False):
    """A `Result` with its evaluation."""

    reused_from: str | None = None

    @property
    def is_copy(self) -> bool:
        """Whether a product with the same content was judged in its place."""
        return (self.reused_from or "").startswith("key:")


def stored_results(session: StoredSession) -> Iterator[StoredResult]:
    """Yield what was judged, in the order of the feed, or of each shard; one batch file is held at a time."""
    return results_in(session.batch_files)


def results_in(files: Iterable[StoredFile]) -> Iterator[StoredResult]:
    """Yield what was judged of some batch files; one of them is held at a time."""
    for batch in readable_batches(files, StoredResult, Unread):
        yield from batch.results


def case_of(result: StoredResult) -> Case:
    """Return a product as it was put to the judge: the same words, the same questions in the same order."""
    value = result.value
    questions = tuple(question_of(j.question, j.taxonomy, j.required) for j in value.judgements)
    return Case(result.key, context_in(value), questions, result.meta)


def context_in(value: StoredEvaluation) -> Context:
    """Return the context of an evaluation."""
    return context_of(value.context, value.context_fields, value.category)


@lru_cache(maxsize=4096)
def question_of(text: str, taxonomy: str, required: bool) -> Question:
    """Return a question; the products of a category share theirs."""
    return Question(text=text, taxonomy=Taxonomy(taxonomy), required=required)
