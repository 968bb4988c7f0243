"""Synthetic sessions in the format of the real ones, for tests and benchmarks."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.records import BatchFile, BatchReport, Counts, Failure, Progress, Result, Status
from tests.storage.sessions import new_session

SID = "20261120_101500"
STARTED = "2026-11-20T10:15:00+00:00"

QUESTIONS = (
    ("What is it made of?", "Materials", True),
    ("How much does it weigh?", "Specs", False),
    ("What are its dimensions?", "Specs", True),
    ("Which devices does it work with?", "Compatibility", True),
    ("What is in the box?", "InBox", False),
    ("Does it need assembly?", "Use", False),
    ("How long is the warranty?", "Warranty", False),
    ("What is it meant for?", "Use", True),
    ("How is it cleaned?", "Care", False),
    ("Where is it made?", "Certification", False),
    ("What colour is it?", "Specs", False),
    ("How much power does it use?", "Specs", False),
)
CATEGORIES = ("Home > Kitchen", "Sport & Outdoor > Tents", "Elektronik > Kabel")
_SCORES = {"yes": 1.0, "partial": 0.5, "no": 0.0}


@dataclass(frozen=True)
class Plan:
    """What a synthetic session looks like."""

    products: int = 30
    batch_size: int = 10
    questions: int = 4
    failed: Sequence[int] = ()
    """Indices of the records that failed."""
    sid: str = SID
    engine: str = "offline"
    status: Status = Status.FINISHED
    seed: int = 0
    context_chars: int = 60
    overrides: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    """Meta (title, product_id, product_url) and `evidence` by index."""
    complete: int | None = None
    """Batches that are on disk; all of them by default."""


def judgement(question: tuple[str, str, bool], verdict: str, evidence: str, reason: str) -> dict[str, Any]:
    text, taxonomy, required = question
    return {
        "question": text,
        "taxonomy": taxonomy,
        "required": required,
        "verdict": verdict,
        "evidence": "" if verdict == "no" else evidence,
        "attribute": "product_detail",
        "reason": reason,
        "verified": True,
    }


def evaluation(plan: Plan, index: int, rng: random.Random) -> dict[str, Any]:
    evidence = plan.overrides.get(index, {}).get("evidence", f"{index} g of solid beech, oiled by hand")
    asked = QUESTIONS[: plan.questions]
    # No two alike, as a model writes them: texts that repeat would flatter every measurement.
    reasons = [f"What product {index} says on point {n} was looked at and weighed." for n in range(len(asked))]
    verdicts = rng.choices(("yes", "partial", "no"), (4, 2, 3), k=len(asked))
    judgements = [judgement(q, v, evidence, r) for q, v, r in zip(asked, verdicts, reasons, strict=True)]
    weights = [2 if j["required"] else 1 for j in judgements]
    scored = sum(w * _SCORES[j["verdict"]] for w, j in zip(weights, judgements, strict=True))
    counts = {verdict: sum(j["verdict"] == verdict for j in judgements) for verdict in _SCORES}
    filler = "Sturdy and light, with a finish that lasts for years. "
    return {
        "category": CATEGORIES[index % len(CATEGORIES)],
        "context": (f"description: Product {index}. " + filler * (1 + plan.context_chars // len(filler)))[
            : plan.context_chars + 20
        ],
        "context_fields": ["title", "description", "price"],
        "judgements": judgements,
        "yes_count": counts["yes"],
        "partial_count": counts["partial"],
        "no_count": counts["no"],
        "unverified_count": 0,
        "coverage_pct": round(100 * scored / sum(weights), 1),
        "unanswered_required_count": sum(j["required"] and j["verdict"] == "no" for j in judgements),
        "engine": plan.engine,
        "notes": [OfflineEngine.NOTE, "Read attributes only."][: 1 + index % 2] if plan.engine == "offline" else [],
    }


def meta(plan: Plan, index: int) -> dict[str, Any]:
    base = {
        "product_id": f"SKU-{index:06d}",
        "product_url": f"https://shop.example/p/{index:06d}?colour=oak",
        "title": f"Chopping board no. {index}, solid beech — 30 × 20 cm",
        "missing_core_fields": ["material", "color"][: index % 3],
    }
    return base | {name: value for name, value in plan.overrides.get(index, {}).items() if name != "evidence"}


def batch(plan: Plan, number: int, rng: random.Random) -> BatchFile:
    start = (number - 1) * plan.batch_size
    end = min(start + plan.batch_size, plan.products) - 1
    total = -(-plan.products // plan.batch_size)
    indices = range(start, end + 1)
    failed = [i for i in indices if i in set(plan.failed)]
    results = [
        Result(
            key=f"SKU-{i:06d}",
            index=i,
            content_hash=f"{i:032x}",
            meta=meta(plan, i),
            value=evaluation(plan, i, rng),
            calls=1,
            tokens=900,
            cost_usd=0.0 if plan.engine == "offline" else 0.0004,
            elapsed_ms=12.5,
        )
        for i in indices
        if i not in failed
    ]
    failures = [
        Failure(
            key=f"SKU-{i:06d}",
            index=i,
            content_hash=f"{i:032x}",
            meta=meta(plan, i),
            error_type="ReplyInvalid",
            message="the reply did not fit the schema, twice",
            context={"category": CATEGORIES[i % len(CATEGORIES)]},
            calls=2,
            timestamp=STARTED,
        )
        for i in failed
    ]
    report = BatchReport(
        batch_number=number,
        total_batches=total,
        batch_start_index=start,
        batch_end_index=end,
        batch_size=plan.batch_size,
        processed=len(indices),
        successful=len(results),
        failed=len(failures),
        success_rate=len(results) / len(indices),
        elapsed_ms=250.0,
        average_time_ms=12.5,
        estimated_time_remaining_ms=0.0,
        calls=len(indices),
        retries=0,
        tokens=900 * len(results),
        cost_usd=sum(r.cost_usd or 0.0 for r in results),
        timestamp=STARTED,
    )
    return BatchFile(
        session=plan.sid,
        batch_number=number,
        start_index=start,
        end_index=end,
        report=report,
        results=results,
        failures=failures,
    )


def write_shadow_session(output_dir: Path, kind: str = "shadow") -> str:
    """Write a session of another kind than the audit: one labelled image is predicted, one cannot be read."""
    plan = Plan(products=2, batch_size=2, engine="vision-model", failed=(1,))
    made = batch(plan, 1, random.Random(0))
    result = made.results[0].model_copy(
        update={"meta": {"image": "a.jpg", "label": "=cat"}, "value": {"prediction": "dog", "confidence": 0.75}}
    )
    failure = made.failures[0].model_copy(update={"meta": {"image": "b.jpg", "label": "dog"}, "error_type": "BadImage"})
    with new_session(output_dir, SID) as store:
        store.write_batch(made.model_copy(update={"results": [result], "failures": [failure]}))
        store.write_progress(progress(plan, [made.report], kind=kind))
    return SID


def progress(plan: Plan, reports: Sequence[BatchReport], kind: str = "audit") -> Progress:
    failed = sum(r.failed for r in reports)
    return Progress(
        session=plan.sid,
        kind=kind,
        engine=plan.engine,
        status=plan.status,
        fingerprint={"engine": plan.engine, "locale": "en-GB", "num_questions": plan.questions},
        settings={"source": "feed.xml"},
        records_digest="0" * 32,
        counts=Counts(total=plan.products, done=sum(r.successful for r in reports), failed=failed),
        batch_size=plan.batch_size,
        total_batches=-(-plan.products // plan.batch_size),
        batches_complete=len(reports),
        latest_report=reports[-1] if reports else None,
        calls=sum(r.calls for r in reports),
        cost_usd=sum(r.cost_usd or 0.0 for r in reports),
        elapsed_s=3.0,
        errors_by_type={"ReplyInvalid": failed} if failed else {},
        started=STARTED,
        updated="2026-11-20T10:15:03+00:00",
    )


def write_session(output_dir: Path, plan: Plan | None = None) -> str:
    """Write a whole session and return its id."""
    plan = plan or Plan()
    rng = random.Random(plan.seed)
    total = -(-plan.products // plan.batch_size)
    reports = []
    with new_session(output_dir, plan.sid) as store:
        for number in range(1, (total if plan.complete is None else plan.complete) + 1):
            made = batch(plan, number, rng)
            reports.append(made.report)
            store.write_batch(made)
        store.write_progress(progress(plan, reports))
        store.save("questions", questions_document(plan))
        if plan.failed:
            store.write_errors({"by_type": {"ReplyInvalid": len(plan.failed)}, "latest": []})
    return plan.sid


def questions_document(plan: Plan) -> dict[str, Any]:
    asked = [{"text": t, "taxonomy": x, "required": r, "facet": None} for t, x, r in QUESTIONS[: plan.questions]]
    return {
        "sets": [
            {"category": c, "questions": asked, "engine": plan.engine, "locale": "en-GB", "notes": []}
            for c in CATEGORIES
        ],
    }
