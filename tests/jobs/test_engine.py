from __future__ import annotations

import orjson
import pytest

from feedeval.jobs.engine import checked
from feedeval.jobs.prompts import DraftJudgement
from feedeval.records import Context, ContextField, Question, Taxonomy

CONTEXT = Context(category="Tents", fields=(ContextField(name="material", text="Ripstop nylon, 20D"),))
QUESTION = Question(text="What is it made of?", taxonomy=Taxonomy.MATERIALS, required=True)


def draft(verdict: str, evidence: str) -> DraftJudgement:
    given = {"number": 1, "evidence": evidence, "attribute": " material ", "verdict": verdict, "reason": " said "}
    return DraftJudgement.model_validate_json(orjson.dumps(given))


@pytest.mark.parametrize(
    ("claimed", "evidence", "counts_as", "verified", "shown"),
    [
        ("yes", "ripstop nylon", "yes", True, "ripstop nylon"),
        ("yes", "pure silk", "partial", False, ""),
        ("yes", "", "partial", False, ""),
        ("partial", "nylon", "partial", True, "nylon"),
        ("partial", "pure silk", "partial", True, ""),
        ("no", "", "no", True, ""),
        ("no", "nylon", "no", True, ""),
        ("not_applicable", "", "not_applicable", True, ""),
        ("not_applicable", "nylon", "not_applicable", True, ""),
    ],
)
def test_a_yes_has_to_quote_the_context_and_no_invented_quote_is_shown(
    claimed: str, evidence: str, counts_as: str, verified: bool, shown: str
) -> None:
    judgement = checked(QUESTION, draft(claimed, evidence), CONTEXT)
    assert (judgement.verdict, judgement.verified, judgement.evidence) == (counts_as, verified, shown)
    assert (judgement.attribute, judgement.reason, judgement.required) == ("material", "said", True)
