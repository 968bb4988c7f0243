"""Audits whose verdicts are planted, product by product and question by question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from feedeval.jobs.audit import coverage_pct
from feedeval.records import BatchFile, BatchReport, Counts, Failure, Judgement, Progress, Result, Status, Verdict
from feedeval.results.session import Session
from tests.storage.sessions import new_session

QUESTIONS = (
    ("What is it made of?", "Materials", True),
    ("How much does it weigh?", "Specs", False),
    ("How is it cleaned?", "Care", False),
)


@dataclass(frozen=True)
class Planted:
    """A session as it is to be found on disk."""

    verdicts: Mapping[str, Sequence[str]]
    """By key, a verdict a question: `y`, `p` or `n`; an empty one for a product that failed."""
    sid: str = "20261101_090000"
    questions: Mapping[str, Sequence[tuple[str, str, bool]]] = field(default_factory=dict)
    """By category, where they are not `QUESTIONS`."""
    categories: Mapping[str, str] = field(default_factory=dict)
    """By key, where it is not `Home`."""
    engine: str = "some-model"
    fingerprint: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=lambda: {"path": "/feeds/shop.xml"})
    left: int = 0
    cost_usd: float | None = 0.0
    name: str | None = None
    attributes: Sequence[str] = ()
    """Where the judge looked for the answer to each question; empty: nowhere."""

    @property
    def named(self) -> Iterator[str]:
        """An attribute a question."""
        return chain(self.attributes, repeat(""))

    def questions_of(self, key: str) -> Sequence[tuple[str, str, bool]]:
        """The questions that a product is asked."""
        return self.questions.get(self.categories.get(key, "Home"), QUESTIONS)


_VERDICTS = {"y": Verdict.YES, "p": Verdict.PARTIAL, "n": Verdict.NO}


def write(folder: Path, planted: Planted) -> Session:
    """Write the session and return it."""
    done, failed = _results(planted)
    report = _report(len(done), len(failed))
    batch = BatchFile(
        session=planted.sid,
        batch_number=1,
        start_index=0,
        end_index=len(planted.verdicts) - 1,
        report=report,
        results=done,
        failures=failed,
    )
    now = datetime.strptime(planted.sid[:15], "%Y%m%d_%H%M%S").replace(tzinfo=UTC)
    with new_session(folder, planted.sid) as store:
        store.write_batch(batch)
        store.save("questions", _document(planted))
        store.write_progress(_progress(planted, report, now))
    return Session(planted.sid, folder)


def _results(planted: Planted) -> tuple[list[Result], list[Failure]]:
    done, failed = [], []
    for index, (key, letters) in enumerate(planted.verdicts.items()):
        meta = {"product_id": key, "product_url": f"https://shop.example/{key}", "title": f"Product {key}"}
        common: dict[str, Any] = {"key": key, "index": index, "content_hash": f"{index:032x}", "meta": meta}
        if letters:
            done.append(Result(**common, value=_value(planted, key, letters)))
        else:
            failed.append(Failure(**common, error_type="ReplyInvalid", message="twice of the wrong shape"))
    return done, failed


def _value(planted: Planted, key: str, letters: Sequence[str]) -> dict[str, Any]:
    judgements = [
        Judgement(question=asked[0], taxonomy=asked[1], required=asked[2], verdict=_VERDICTS[letter], attribute=name)
        for asked, letter, name in zip(planted.questions_of(key), letters, planted.named, strict=False)
    ]
    return {
        "category": planted.categories.get(key, "Home"),
        "context": f"title: Product {key}",
        "context_fields": ["title"],
        "judgements": [judgement.model_dump(mode="json") for judgement in judgements],
        **{f"{verdict.value}_count": list(letters).count(letter) for letter, verdict in _VERDICTS.items()},
        "coverage_pct": coverage_pct(judgements),
        "engine": planted.engine,
    }


def _report(done: int, failed: int) -> BatchReport:
    return BatchReport(
        **dict.fromkeys(("batch_number", "total_batches"), 1),
        **dict.fromkeys(("batch_start_index", "retries", "tokens"), 0),
        batch_end_index=done + failed - 1,
        **dict.fromkeys(("batch_size", "processed", "calls"), done + failed),
        successful=done,
        failed=failed,
        success_rate=done / (done + failed),
        elapsed_ms=1.0,
        average_time_ms=1.0,
        estimated_time_remaining_ms=0.0,
        cost_usd=0.0,
        timestamp="2026-11-01T09:00:00+00:00",
    )


def _document(planted: Planted) -> dict[str, Any]:
    categories = dict.fromkeys(planted.categories.get(key, "Home") for key in planted.verdicts)
    return {
        "sets": [
            {
                "category": category,
                "questions": [
                    {"text": question, "taxonomy": topic, "required": required}
                    for question, topic, required in planted.questions.get(category, QUESTIONS)
                ],
                "engine": planted.engine,
                "locale": "en-GB",
            }
            for category in categories
        ]
    }


def _progress(planted: Planted, report: BatchReport, now: datetime) -> Progress:
    return Progress(
        session=planted.sid,
        kind="audit",
        engine=planted.engine,
        status=Status.STOPPED if planted.left else Status.FINISHED,
        fingerprint={
            "model": planted.engine,
            "prompts": "1",
            "locale": "en-GB",
            "fields": "descriptive",
            "num_questions": len(QUESTIONS),
            "question_scope": "category",
            **planted.fingerprint,
        },
        settings={"source": dict(planted.source), **({"run": {"name": planted.name}} if planted.name else {})},
        records_digest="0" * 32,
        counts=Counts(total=len(planted.verdicts) + planted.left, done=report.successful, failed=report.failed),
        batch_size=len(planted.verdicts),
        total_batches=1,
        batches_complete=1,
        cost_usd=planted.cost_usd,
        started=now.isoformat(),
        updated=now.isoformat(),
    )
