"""The frozen records: all that is sent, stored or shown.

Layers below jobs know only those of `work`; questions and verdicts belong to the audit.
"""

from __future__ import annotations

from feedeval.records.audit import (
    Context,
    ContextField,
    Evaluation,
    Judgement,
    Question,
    QuestionSet,
    Taxonomy,
    Verdict,
)
from feedeval.records.work import (
    SCHEMA_VERSION,
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
    "SCHEMA_VERSION",
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
]
