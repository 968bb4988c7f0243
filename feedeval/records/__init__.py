"""The frozen records: all that is sent, stored or shown.

Layers below jobs know only those of `work`; questions and verdicts belong to the audit.

- `audit`: what the audit asks and finds: contexts, questions, judgements, evaluations
- `delivery`: requests that travel in parts: what is sent together, how each part stands, and who carries it
- `kinds`: the kinds of job, in one table: the word that files carry, what a run of it and what its records are called
- `work`: what any job works on and leaves behind: records, calls, results, reports, the state of a session
"""

from __future__ import annotations

from feedeval.records.audit import (
    COUNTED,
    MOST_NOT_JUDGED,
    MOST_NOT_JUDGED_OF_PRODUCT,
    Context,
    ContextField,
    Evaluation,
    Judgement,
    Question,
    QuestionSet,
    Taxonomy,
    Verdict,
    is_enough,
)
from feedeval.records.work import (
    NO_CALLS,
    SCHEMA_VERSION,
    Backend,
    BatchFile,
    BatchReport,
    Call,
    Counts,
    Effort,
    Failure,
    Frozen,
    Gauges,
    Health,
    HealthStatus,
    Ledger,
    Progress,
    Record,
    Result,
    Status,
    Usage,
)

__all__ = [
    "COUNTED",
    "MOST_NOT_JUDGED",
    "MOST_NOT_JUDGED_OF_PRODUCT",
    "NO_CALLS",
    "SCHEMA_VERSION",
    "Backend",
    "BatchFile",
    "BatchReport",
    "Call",
    "Context",
    "ContextField",
    "Counts",
    "Effort",
    "Evaluation",
    "Failure",
    "Frozen",
    "Gauges",
    "Health",
    "HealthStatus",
    "Judgement",
    "Ledger",
    "Progress",
    "Question",
    "QuestionSet",
    "Record",
    "Result",
    "Status",
    "Taxonomy",
    "Usage",
    "Verdict",
    "is_enough",
]
