"""How far the embedded engine agrees with people; `python -m tests.benchmarks.judge_agreement` prints the figures."""

from pathlib import Path

import pytest

from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.records import Context, ContextField, Question, Taxonomy, Verdict
from tests.benchmarks.judge_agreement import judge_half, kappa
from tests.jobs.verdicts import is_wrong

ENGINE = OfflineEngine()
SENTENCES = Path(__file__).parent / "offline_sentences.txt"


@pytest.mark.parametrize(("half", "floor"), [("dev", 0.97), ("held", 0.95), ("fresh", 0.68)])
def test_agreement_does_not_fall(half: str, floor: float) -> None:
    outcomes = judge_half(half, ENGINE)
    # The labels know no "not applicable": what the engine says makes no sense is left out, as in the coverage.
    judged = [outcome for outcome in outcomes if outcome.engine != Verdict.NOT_APPLICABLE]
    assert len(judged) > len(outcomes) * 0.93
    assert kappa((outcome.human, outcome.engine) for outcome in judged) >= floor


@pytest.mark.parametrize("half", ["dev", "held"])
def test_evidence_of_every_verdict_is_in_the_context(half: str) -> None:
    for outcome in judge_half(half, ENGINE):
        assert outcome.judgement is not None
        assert outcome.judgement.evidence in outcome.context.text
        assert bool(outcome.judgement.evidence) == (outcome.engine in (Verdict.YES, Verdict.PARTIAL))


def test_single_sentences_are_judged_as_they_were_before() -> None:
    cases = [line.split("|") for line in SENTENCES.read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    wrong = []
    for facet, expected, text in cases:
        product = Context(category="", fields=(ContextField(name="description", text=text),))
        [judgement] = ENGINE.judge(product, [Question(text=facet, taxonomy=Taxonomy.USE, facet=facet)])
        if is_wrong(judgement.verdict.value, expected):
            wrong.append(f"{facet}: {expected} -> {judgement.verdict.value}: {text}")
    assert len(cases) > 2400
    assert len(wrong) <= len(cases) * 0.01, wrong
