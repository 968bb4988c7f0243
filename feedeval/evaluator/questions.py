"""Questions that somebody else worded, put to a judge: so that its verdicts can be held against people's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict, Unpack

import pandas as pd

from feedeval.errors import InputError
from feedeval.evaluator.audits import ProductFeedEvaluator
from feedeval.evaluator.launching import Showing, launch
from feedeval.feed.text import record_keys
from feedeval.jobs.rejudge import Case, RejudgeJob
from feedeval.records import Context, ContextField, Question, Taxonomy
from feedeval.records.kinds import JobKind
from feedeval.results.session import Session
from feedeval.run.settings import RunSettings

JUDGED = ("verdict", "evidence", "attribute", "reason", "verified")
RUN = ("engine", "cost_usd", "status", "error")


class QuestionOptions(TypedDict, total=False):
    """What can be said of a run over questions."""

    batch_size: int
    resume: bool
    reuse: bool
    budget_usd: float | None
    give_up_after_s: float | None
    keep_calls: bool
    max_in_flight: int | None
    progress: Literal["widgets", "html", "tqdm", "text", "none"] | None


def judge_questions(
    evaluator: ProductFeedEvaluator,
    questions: pd.DataFrame | Iterable[Mapping[str, Any]],
    **options: Unpack[QuestionOptions],
) -> pd.DataFrame:
    """Have given questions judged, each by the text that is given with it, one call a question; blocks.

    With a column of what people say, `fe.agreement(frame, truth="human", prediction="verdict")` tells how good the
    judge is. The verdicts go to a session of their own; the same call goes on where it was stopped, and asks nothing
    twice.

    Args:
        evaluator: Whose judge is asked.
        questions: A row a question: `question` (text) and `context`, what the judge reads: text, or a mapping of field
            names to text. Further columns come back as they are and are not sent. The embedded engine judges only the
            questions of its own bank; a column `facet` says which of them a question is.
        **options: `batch_size`, `resume`, `reuse`, `budget_usd` (hard cap), `keep_calls`, `max_in_flight`, `progress`.

    Returns:
        The rows as they were given, then verdict (`yes`, `partial`, `no`; missing where the call failed), evidence,
        attribute, reason (str), verified (boolean), engine (str), cost_usd (float64), status (`done`, `failed`) and
        error (str).

    Raises:
        InputError: There are no questions, a row has none or no context, a column is in the way of the verdicts, or the
            engine cannot judge a question.
        RunFault: The run had to pause for something that a person has to mend; the same call goes on.
    """
    if isinstance(questions, str) or not isinstance(questions, Iterable):
        raise InputError(f"questions: give a frame, or mappings of question and context, not {questions!r:.60}")
    table = questions if isinstance(questions, pd.DataFrame) else pd.DataFrame(list(questions))
    cases = _cases(table)
    left: dict[str, Any] = {**options}
    running = RunSettings(**{name: left.pop(name) for name in RunSettings.model_fields if name in left})
    showing = Showing(left.pop("progress", None), True)
    engine, client = evaluator.open_engine(left.pop("max_in_flight", None))
    if left:
        raise InputError(f"{', '.join(left)}: no such setting; known are {', '.join(QuestionOptions.__annotations__)}")
    source = {"kind": "questions given by hand"}
    job = RejudgeJob(lambda: cases, engine, locale=evaluator.locale, source=source, kind=JobKind.QUESTIONS)
    run = launch(job, evaluator.output_dir, running, client=client, showing=showing)
    run.block()
    return _beside(table, [case.key for case in cases], run.session())


def _cases(table: pd.DataFrame) -> list[Case]:
    if missing := [name for name in ("question", "context") if name not in table.columns]:
        raise InputError(f"the questions have no column {', '.join(missing)}; their columns are: {_names(table)}")
    if taken := [name for name in (*JUDGED, *RUN) if name in table.columns]:
        raise InputError(f"column {', '.join(taken)}: the result has columns of these names; rename them first")
    if table.empty:
        raise InputError("there is no question to judge: the table has no rows")
    facets = table["facet"] if "facet" in table.columns else [None] * len(table)
    rows = list(zip(table.index, table["question"], table["context"], facets, strict=True))
    asked = [_asked(*row) for row in rows]
    # A key for what is asked, wherever it stands, so that a table in another order costs nothing.
    keys = record_keys({"id": _digest(context, question)} for context, question in asked)
    return [
        Case(key, context, (question,), {"title": question.text[:200]}, shared=False)
        for key, (context, question) in zip(keys, asked, strict=True)
    ]


def _asked(row: Any, question: Any, context: Any, facet: Any) -> tuple[Context, Question]:
    text = " ".join(question.split()) if isinstance(question, str) else ""
    given = {"text": context} if isinstance(context, str) else context if isinstance(context, Mapping) else {}
    fields = [ContextField(name=str(name), text=str(value)) for name, value in given.items() if str(value).strip()]
    if not text or not fields:
        what = "question" if not text else "context: give text, or a mapping of field names to text"
        raise InputError(f"row {row!r} has no {what}")
    known = facet if isinstance(facet, str) and facet else None
    # What a question is about changes no verdict and is not asked for here.
    return Context(category="", fields=tuple(fields)), Question(text=text, taxonomy=Taxonomy.SPECS, facet=known)


def _digest(context: Context, question: Question) -> str:
    return hashlib.blake2b(f"{question.text}\n{context.text}".encode("utf-8", "replace"), digest_size=8).hexdigest()


def _beside(table: pd.DataFrame, keys: list[str], session: Session) -> pd.DataFrame:
    """Return the table with what became of each row."""
    verdicts = session.judgements.set_index("key")[list(JUDGED)].reindex(keys)
    verdicts = verdicts.astype({"verdict": "str", "verified": "boolean"})
    became = session.results[list(RUN)].set_index(pd.Index(session.keys)).reindex(keys)
    found = pd.concat(
        [table.reset_index(drop=True), *(part.reset_index(drop=True) for part in (verdicts, became))], axis=1
    )
    return found.set_index(table.index)


def _names(table: pd.DataFrame) -> str:
    return ", ".join(map(str, table.columns[:20])) or "none"
