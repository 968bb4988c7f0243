"""The parts of an answer about one product: its fields, its findings, its verdicts."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from feedeval.assistant.answers import Answer
from feedeval.formatting import clip
from feedeval.records import Verdict
from feedeval.results.product import ProductEvaluation

MOST_FIELDS = 40
MOST_FINDINGS = 15
MOST_QUESTIONS = 20
_VALUE_CHARS = 240


def fields(answer: Answer, product: dict[str, Any]) -> None:
    """Add the fields that a product fills."""
    filled = {name: _shown(value) for name, value in product.items() if _is_filled(value)}
    answer.say(f"Fields, {len(filled)} of them filled:")
    for name, value in list(filled.items())[:MOST_FIELDS]:
        answer.quote(f"{name}: {clip(value, _VALUE_CHARS)}")
    if len(filled) > MOST_FIELDS:
        answer.say(f"… and {len(filled) - MOST_FIELDS} more fields")


def findings(answer: Answer, found: pd.DataFrame) -> None:
    """Add the findings of a product."""
    answer.say(f"Findings: {len(found):,}." if len(found) else "Findings: none.")
    rows = found.head(MOST_FINDINGS)
    for severity, check, message in rows[["severity", "check", "message"]].itertuples(index=False):
        answer.quote(f"{severity}, {check}: {message}")
    if len(found) > len(rows):
        answer.say(f"… and {len(found) - len(rows):,} more findings")


def verdicts(answer: Answer, session: str, evaluation: ProductEvaluation) -> None:
    """Add the questions of a product and their verdicts, the open ones first."""
    if evaluation.error:
        answer.say("The audit of this product failed:")
        answer.quote(evaluation.error)
        return
    answer.say(f"Questions in session {session}: {evaluation.covered}.")
    if evaluation.note:
        answer.say(evaluation.note)
    order = [Verdict.NO, Verdict.PARTIAL, Verdict.YES, Verdict.NOT_JUDGED, Verdict.NOT_APPLICABLE]
    judged = sorted(evaluation.judgements, key=lambda judgement: order.index(judgement.verdict))
    for judgement in judged[:MOST_QUESTIONS]:
        required = " (required)" if judgement.required else ""
        quote = f" “{clip(judgement.evidence, _VALUE_CHARS)}”" if judgement.evidence and judgement.verified else ""
        is_open = judgement.verdict in (Verdict.NO, Verdict.PARTIAL)
        where = f" → {judgement.attribute}" if judgement.attribute and is_open else ""
        answer.quote(f"{judgement.verdict.words}: {judgement.question}{required}{quote}{where}")


def _is_filled(value: Any) -> bool:
    if isinstance(value, list | dict | str):
        return bool(value)
    return value is not None and value == value


def _shown(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return " · ".join(value)
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)
