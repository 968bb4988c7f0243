"""How often a judge is right on known cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import pandas as pd

from feedeval.jobs.probes.probes import EXPECTED, Known, Probe, ProbePlan, Variant, is_right
from feedeval.jobs.rejudge import Case
from feedeval.records import Judgement, Verdict
from feedeval.results.cases import StoredResult, context_in, stored_results
from feedeval.results.frames.lazytext import TEXT
from feedeval.results.judges.probe_report import ProbeReport
from feedeval.results.session import Session
from feedeval.results.stats import Interval, clustered_interval, wilson

BARS: Mapping[Probe, float] = {
    Probe.ABLATION: 0.8,
    Probe.INSERTION: 0.8,
    Probe.SWAP: 0.9,
    Probe.SHUFFLE: 0.9,
    Probe.FILLER: 0.9,
    Probe.INJECTION: 0.95,
    Probe.REPEAT: 0.95,
    Probe.RUBRIC: 0.8,
    Probe.LANGUAGE: 0.9,
}
"""The share of right cases from which a judge counts as good. Lower for the first two: some of their cases are no case
after all, because the text answers in other words what was taken out, or what was added says too little by itself.
Lower for the rubric, too: on one statement in five careful readers may differ."""

FEWEST_PRODUCTS = 5
"""Products below which a share says nothing, whatever it is."""

CASE_COLUMNS = (
    *("probe", "product_id", "key", "title", "category", "question", "taxonomy", "changed", "expected"),
    *("before", "after", "right", "evidence_before", "evidence_after", "reason_after"),
)
"""Columns of the cases, in order."""
_RIGHT = CASE_COLUMNS.index("right")


def known_products(baseline: Session) -> list[Known]:
    """Return what the judge said of the products of a baseline."""
    return [_known(result) for result in stored_results(baseline)]


def _known(result: StoredResult) -> Known:
    judgements = tuple(Judgement.model_validate(msgspec.structs.asdict(judged)) for judged in result.value.judgements)
    return Known(result.key, context_in(result.value), judgements, result.meta)


def case_of_variant(variant: Variant) -> Case:
    """Return what is put to the judge."""
    meta = {**variant.product.meta, "probe": variant.probe.value, "changed": variant.planted.changed}
    return Case(variant.key, variant.planted.context, variant.questions, meta)


def probe_report(plan: ProbePlan, probes: Sequence[Probe], baseline: Session, session: Session) -> ProbeReport:
    """Return how often the judge was right.

    Args:
        plan: What was planted.
        probes: The probes that were asked for, in the order of the table.
        baseline: Session of the products as they stand.
        session: Session of the changed ones.
    """
    results = baseline.results
    judged = {result.key: result for result in stored_results(session)}
    rows = [row for v in plan.variants if v.key in judged for row in _case_rows(v, judged[v.key])]
    # Where the judge gave no verdict there is none to be right or wrong.
    silent = Counter(row[0] for row in rows if row[_RIGHT] is None)
    rows = [row for row in rows if row[_RIGHT] is not None]
    kinds: dict[str, Any] = {**dict.fromkeys(CASE_COLUMNS, TEXT), "right": "bool"}
    cases = pd.DataFrame(rows, columns=list(CASE_COLUMNS)).astype(kinds)
    failed = [v.probe for v in plan.variants if v.key not in judged]
    refused = [(p.value, why, n) for p in probes for why, n in plan.refused.get(p, {}).items()]
    table = [
        _table_row(p, cases[cases["probe"] == p.value], plan, {"failed": failed.count(p), "not_judged": silent[p]})
        for p in probes
    ]
    return ProbeReport(
        baseline=baseline,
        session=session,
        products=baseline.progress.counts.done,
        verdicts=_counts(results),
        table=pd.DataFrame(table).astype({"probe": TEXT, "verdict": TEXT}),
        cases=cases,
        refused=pd.DataFrame(refused, columns=["probe", "reason", "products"]).astype({"probe": TEXT, "reason": TEXT}),
    )


def _case_rows(variant: Variant, result: StoredResult) -> Iterator[tuple[Any, ...]]:
    product, planted = variant.product, variant.planted
    who = (product.meta.get("product_id"), product.key, product.meta.get("title"), product.context.category)
    for n in planted.about:
        was, now = product.judgements[n], result.value.judgements[planted.order.index(n)]
        right = is_right(variant.probe, was.verdict, now.verdict)
        asked = (was.question, was.taxonomy.value, planted.changed, EXPECTED[variant.probe])
        verdicts = (was.verdict.value, now.verdict, right)
        yield (variant.probe.value, *who, *asked, *verdicts, was.evidence, now.evidence, now.reason)
    for posed, now in zip(planted.posed, result.value.judgements, strict=False):
        asked = (posed.question.text, posed.question.taxonomy.value, posed.changed, posed.expected)
        said = ("", now.verdict, posed.is_right(now.verdict, now.evidence))
        yield (variant.probe.value, *who, *asked, *said, "", now.evidence, now.reason)


def _counts(results: pd.DataFrame) -> dict[str, int]:
    """Return how many verdicts of each kind there are; those that are rare are named where they occur."""
    counts = {verdict: int(results[f"{verdict}_count"].sum()) for verdict in Verdict}
    return {verdict.value: count for verdict, count in counts.items() if count or verdict.counts}


def _table_row(probe: Probe, cases: pd.DataFrame, plan: ProbePlan, missing: Mapping[str, int]) -> dict[str, Any]:
    products = int(cases["key"].nunique())
    share = _interval(cases)
    return {
        "probe": probe.value,
        "n": len(cases),
        "right": int(cases["right"].sum()),
        "rate": share.estimate,
        "low": share.low,
        "high": share.high,
        "products": products,
        "not_planted": sum(plan.refused.get(probe, {}).values()),
        **missing,
        "bar": BARS[probe],
        "verdict": _verdict(share.estimate, products, BARS[probe]),
    }


def _interval(cases: pd.DataFrame) -> Interval:
    """Return the share of right cases; cases of one product are no independent observations.

    Where all are right, or none, drawing products again says nothing: then it is Wilson's interval over the products,
    of which each is taken as one observation.
    """
    right, products = cases["right"], int(cases["key"].nunique())
    if not products or right.all() or not right.any():
        return wilson(products if products and right.all() else 0, products)
    share = clustered_interval(right, clusters=cases["key"])
    return share if products > 1 else Interval(share.estimate, 0.0, 1.0)


def _verdict(rate: float, products: int, bar: float) -> str:
    if not products:
        return "not tested"
    if products < FEWEST_PRODUCTS:
        return "too few cases"
    return "good" if rate >= bar else "suspect"
