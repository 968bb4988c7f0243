"""Measure how far the embedded engine agrees with people: `python -m tests.benchmarks.judge_agreement`.

Prints Cohen's kappa, precision and recall of each verdict and the confusion matrix for each part of the labelled set,
beside what answering "no" to everything would get. The parts `dev` and `held` were looked at while patterns were
written; `fresh` was not: only its figure says how the engine does on products that it has never met.

`--cases FILE` takes freely worded questions (JSON Lines with `product_text` or `passages`, `question`, and `verdict` or
`human_best`). The engine asks only its own questions, so there a question is mapped to a facet by words of its own
wording (here, not in the engine), and one that maps to none counts as "no". The figure says how little rules know
of questions that somebody else worded.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedeval.feed.text import make_context
from feedeval.jobs.offline import OfflineEngine
from feedeval.records import Context, ContextField, Judgement, Question, Taxonomy

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
            Outcome(case["id"], case["facet"], case["verdict"], judgement.verdict.value, judgement, context)
        )
    return outcomes


def is_there(half: str) -> bool:
    """Say whether the files of a part are there."""
    return all((LABELLED / f"{name}_{half}.jsonl").exists() for name in ("products", "facet_cases"))


def kappa(pairs: Iterable[tuple[str, str]]) -> float:
    """Return Cohen's kappa of (human, engine) pairs (Cohen 1960, doi:10.1177/001316446002000104)."""
    pairs = list(pairs)
    total = len(pairs)
    human, engine = Counter(h for h, _ in pairs), Counter(e for _, e in pairs)
    observed = sum(h == e for h, e in pairs) / total
    expected = sum(human[v] * engine[v] for v in VERDICTS) / total**2
    return (observed - expected) / (1 - expected) if expected < 1 else 0.0


def describe(name: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Return the figures of one set as text."""
    hits = sum(h == e for h, e in pairs)
    never = [(h, "no") for h, _ in pairs]
    lines = [
        f"{name}: {len(pairs)} cases, kappa {kappa(pairs):.3f}, agreement {hits / len(pairs):.1%}",
        f"  always 'no': kappa {kappa(never):.3f}, agreement {sum(h == e for h, e in never) / len(pairs):.1%}",
        "            precision  recall   human \\ engine   " + "".join(f"{v:>8}" for v in VERDICTS),
    ]
    counts = Counter(pairs)
    for verdict in VERDICTS:
        said = sum(counts[h, verdict] for h in VERDICTS)
        meant = sum(counts[verdict, e] for e in VERDICTS)
        hit = counts[verdict, verdict]
        row = "".join(f"{counts[verdict, e]:>8}" for e in VERDICTS)
        precision, recall = (hit / said if said else 0.0), (hit / meant if meant else 0.0)
        lines.append(f"  {verdict:<8}  {precision:>8.2f}  {recall:>6.2f}   {verdict:>14}   {row}")
    return "\n".join(lines)


FACET_WORDS: dict[str, str] = {
    "warranty": r"warranty|guarantee",
    "returns": r"\breturn",
    "delivery": r"deliver|shipping|ship\b",
    "cleaning": r"dishwasher|clean",
    "care": r"wash",
    "in_box": r"come with|included?\b|in the box|includ",
    "charge_time": r"charge (?:take|time)|long .*charge|take to charge",
    "battery_life": r"battery last|how long .*battery|battery life",
    "battery_type": r"batter",
    "voltage": r"volt",
    "power": r"\bwatts?\b|powerful",
    "noise": r"\bloud|quiet|noise",
    "water_resistance": r"waterproof|water.?resist|\brain\b",
    "max_load": r"hold .*(?:lbs|kg|pounds)|weight (?:limit|capacity)",
    "weight": r"weigh",
    "screen": r"screen|resolution",
    "memory": r"\bmemory|storage|\bram\b",
    "wireless": r"bluetooth|wi-?fi|wireless",
    "connectors": r"\bports?\b|\busb\b|hdmi|jack|connector",
    "assembly": r"assembl|install",
    "origin": r"where .*made|made in|country",
    "ingredients": r"ingredient|contain",
    "allergens": r"allerg|gluten|nuts",
    "shelf_life": r"expir|shelf life|how long .*keep",
    "spare_parts": r"replacement|spare|refill",
    "certification": r"certifi|approved",
    "age": r"what age|year old|toddler|puppies",
    "wide_fit": r"wide (?:width|feet|fit)",
    "temperature": r"temperature|\bhot\b|\bcold\b|winter",
    "skin_type": r"\bskin|hair type",
    "colour": r"colou?r",
    "material": r"made (?:of|from|out)|material|what kind of (?:wood|metal|fabric)|plastic",
    "compatibility": r"compatible|work with|\bfits?\b|will this",
    "dimensions": r"dimension|how (?:tall|wide|deep|long|big|thick|high)|height|width|diameter|size",
    "capacity": r"how (?:much|many) .*hold|capacity",
    "use": r"can (?:i|it|this|you) (?:be )?use|good for|suitable|used? (?:for|on|as)",
}
"""Words of a freely worded question -> the facet that comes nearest; the first that matches."""


def facet_for(question: str) -> str | None:
    return next((facet for facet, words in FACET_WORDS.items() if re.search(words, question.lower())), None)


def judge_free(path: Path, engine: OfflineEngine) -> tuple[list[tuple[str, str]], int]:
    """Judge freely worded questions; return (human, engine) pairs and how many questions mapped to a facet."""
    pairs, mapped = [], 0
    for case in read_lines(path):
        facet = facet_for(case["question"])
        verdict = "no"
        if facet:
            mapped += 1
            question = Question(text=case["question"], taxonomy=Taxonomy.SPECS, facet=facet)
            verdict = engine.judge(_free_context(case), [question])[0].verdict.value
        pairs.append((case.get("verdict") or case["human_best"], verdict))
    return pairs, mapped


def _free_context(case: dict[str, Any]) -> Context:
    if "product_text" in case:
        lines = [line.partition(": ") for line in case["product_text"].splitlines()]
        fields = [ContextField(name=name, text=text) for name, _, text in lines if text]
    else:
        passages = [ContextField(name="description", text=p["text"]) for p in case["passages"]]
        fields = [ContextField(name="title", text=case["title"]), *passages]
    return Context(category="", fields=tuple(fields))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--half", choices=[*DEVELOPMENT, FRESH, "both", "all"], default="both")
    parser.add_argument("--cases", "--epqa", type=Path, action="append", default=[], help="freely worded questions")
    parser.add_argument("--disagreements", action="store_true", help="list the cases of dev and held that differ")
    options = parser.parse_args(argv)
    engine = OfflineEngine()
    print(f"embedded engine {engine.version}\n")
    parts = {"both": DEVELOPMENT, "all": (*DEVELOPMENT, *((FRESH,) if is_there(FRESH) else ()))}
    for half in parts.get(options.half, (options.half,)):
        if not is_there(half):
            parser.error(f"there are no cases of {half!r} in {LABELLED}")
        outcomes = judge_half(half, engine)
        print(describe(half, [(o.human, o.engine) for o in outcomes]) + "\n")
        for outcome in outcomes if options.disagreements and half in DEVELOPMENT else ():
            if outcome.human != outcome.engine and outcome.judgement:
                print(f"  {outcome.id}: {outcome.human} -> {outcome.engine}: {outcome.judgement.evidence[:160]!r}")
    for path in options.cases:
        pairs, mapped = judge_free(path, engine)
        print(describe(f"{path.name} (freely worded; {mapped} questions mapped to a facet)", pairs) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
