"""Measure how far the embedded engine agrees with people: `python -m tests.benchmarks.judge_agreement`.

Prints what `fe.agreement` says of each part of the labelled set. The parts `dev` and `held` were looked at while
patterns were written; `fresh` was not: only its figure says how the engine does on products that it has never met.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from feedeval.feed.text import make_context
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.records import Context, Judgement, Question, Taxonomy
from feedeval.results.agreement.measure import agreement

LABELLED = Path(__file__).parent.parent / "labelled"
DEVELOPMENT = ("dev", "held")
"""Parts whose cases may be looked at."""
FRESH = "fresh"
"""The part that is held back; `--disagreements` does not list its cases."""
VERDICTS = ("yes", "partial", "no")


@dataclass(frozen=True)
class Outcome:
    """One case with what people and the engine said."""

    id: str
    product: str
    facet: str
    human: str
    engine: str
    judgement: Judgement | None
    context: Context


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def judge_half(half: str, engine: OfflineEngine) -> list[Outcome]:
    """Judge the cases of `dev`, `held` or `fresh`."""
    products = {p["product_id"]: p["fields"] for p in read_lines(LABELLED / f"products_{half}.jsonl")}
    outcomes = []
    for case in read_lines(LABELLED / f"facet_cases_{half}.jsonl"):
        context = make_context(products[case["product_id"]], None)
        question = Question(text=case["facet"], taxonomy=Taxonomy.SPECS, facet=case["facet"])
        [judgement] = engine.judge(context, [question])
        outcomes.append(
            Outcome(
                *(case["id"], case["product_id"], case["facet"], case["verdict"]),
                *(judgement.verdict.value, judgement, context),
            )
        )
    return outcomes


def is_there(half: str) -> bool:
    """Say whether the files of a part are there."""
    return all((LABELLED / f"{name}_{half}.jsonl").exists() for name in ("products", "facet_cases"))


def kappa(pairs: Iterable[tuple[str, str]]) -> float:
    """Return Cohen's kappa of (human, engine) pairs (Cohen 1960, doi:10.1177/001316446002000104).

    What the engine did not judge is left out.
    """
    pairs = [(human, engine) for human, engine in pairs if engine in VERDICTS]
    total = len(pairs)
    human, engine = Counter(h for h, _ in pairs), Counter(e for _, e in pairs)
    observed = sum(h == e for h, e in pairs) / total
    expected = sum(human[v] * engine[v] for v in VERDICTS) / total**2
    return (observed - expected) / (1 - expected) if expected < 1 else 0.0


def table(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """Return outcomes as a frame with the columns id, product, human, verdict and engine."""
    rows = [(o.id, o.product, o.human, o.engine) for o in outcomes]
    return pd.DataFrame(rows, columns=["id", "product", "human", "verdict"]).assign(engine=OfflineEngine.name)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--half", choices=[*DEVELOPMENT, FRESH, "both", "all"], default="both")
    parser.add_argument("--disagreements", action="store_true", help="list the cases of dev and held that differ")
    options = parser.parse_args(argv)
    engine = OfflineEngine()
    print(f"embedded engine {engine.version}\n")
    parts = {"both": DEVELOPMENT, "all": (*DEVELOPMENT, *((FRESH,) if is_there(FRESH) else ()))}
    for half in parts.get(options.half, (options.half,)):
        if not is_there(half):
            parser.error(f"there are no cases of {half!r} in {LABELLED}")
        outcomes = judge_half(half, engine)
        judged = [outcome for outcome in outcomes if outcome.engine in VERDICTS]
        print(f"{half}: {len(judged):,} of {len(outcomes):,} cases judged")
        print(f"{half}: {agreement(table(judged), truth='human', prediction='verdict', clusters='product')}\n")
        for outcome in outcomes if options.disagreements and half in DEVELOPMENT else ():
            if outcome.human != outcome.engine and outcome.judgement:
                print(f"  {outcome.id}: {outcome.human} -> {outcome.engine}: {outcome.judgement.evidence[:160]!r}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
