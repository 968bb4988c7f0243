"""Measure how far any judge agrees with people: `python -m tests.benchmarks.judge_questions CASES.jsonl`.

Each question is put to the judge with the seller's own text, and its verdict is held against the human one by
`fe.agreement`. The engine is the embedded one, or a model by `--model` and `--base-url` (the key comes from
`OPENAI_API_KEY`); a stopped run goes on where it was, and asks nothing twice.

Files are JSON Lines with `id`, `product_id`, `product_text` (`name: value` lines), `question`, and `verdict`, the human
one. Before a figure is believed, see what the file gives away: where the length of a text or the number of its lines
tells the verdict, a judge that reads nothing looks like a good one.

The embedded engine refuses questions that are not its own. Here, and not in the engine, a question is taken for one of
its own by words of its wording; one that resembles none stays unanswered. Its figures are given twice: over all
questions, where no answer is not right, and over those that were answered. A third figure counts no answer as "no",
which is what somebody would get who made of it the judge that it does not want to be.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import feedeval as fe

UNANSWERED = "unanswered"

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
    """Return the embedded engine's question that a question resembles."""
    return next((facet for facet, words in FACET_WORDS.items() if re.search(words, question.lower())), None)


def read_cases(path: Path, limit: int | None = None) -> pd.DataFrame:
    """Return a row a question: id, question, context (field names to text), human, facet."""
    cases = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()][:limit]
    return pd.DataFrame(
        {
            "id": [str(case["id"]) for case in cases],
            "product": [str(case.get("product_id") or case["id"]) for case in cases],
            "question": [case["question"] for case in cases],
            "context": [_context(case) for case in cases],
            "human": [case["verdict"] for case in cases],
            "facet": [facet_for(case["question"]) for case in cases],
        }
    )


def _context(case: dict[str, Any]) -> dict[str, str]:
    lines = [line.partition(": ") for line in case["product_text"].splitlines()]
    return {name: text for name, _, text in lines if text}


def judged(cases: pd.DataFrame, evaluator: fe.ProductFeedEvaluator, **options: Any) -> pd.DataFrame:
    """Return the cases with the verdicts of a judge; what the embedded engine does not judge is `unanswered`."""
    if evaluator.model != "offline":
        return fe.judge_questions(evaluator, cases.drop(columns="facet"), **options)
    known = cases["facet"].notna()
    answered = fe.judge_questions(evaluator, cases[known], **options)
    return pd.concat([answered, cases[~known].assign(verdict=UNANSWERED, engine="offline")]).loc[cases.index]


def report(name: str, frame: pd.DataFrame) -> str:
    """Return the figures of one file."""
    found = fe.agreement(frame, truth="human", prediction="verdict", clusters="product", abstain=UNANSWERED)
    parts = [f"{name}\n{found}"]
    if found.abstained:
        as_no = frame.assign(verdict=frame["verdict"].replace(UNANSWERED, "no"))
        plain = fe.agreement(as_no, truth="human", prediction="verdict", clusters="product")
        parts.append(f"No answer counted as 'no': kappa {plain.kappa:.2f}, {100 * plain.accuracy.estimate:.1f} % right")
    cost = frame["cost_usd"].sum(min_count=1)
    parts.append(f"Cost: ${cost:.4f}" if pd.notna(cost) and cost else "Cost: nothing, or not known")
    return "\n\n".join(parts)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, help="labelled questions (JSON Lines)")
    parser.add_argument("--model", default="offline", help="a model's name; default: the embedded engine")
    parser.add_argument("--base-url", help="an OpenAI-compatible endpoint")
    parser.add_argument("--limit", type=int, help="the first questions of each file only")
    parser.add_argument("--budget-usd", type=float, help="hard cap")
    parser.add_argument("--output-dir", type=Path, help="folder of the sessions; a model's run goes on there")
    parser.add_argument("--to", type=Path, help="also write the verdicts to this CSV")
    options = parser.parse_args(argv)
    if missing := [path for path in options.files if not path.is_file()]:
        parser.error(f"there is no file {missing[0]}")
    with tempfile.TemporaryDirectory() as folder:
        evaluator = fe.ProductFeedEvaluator(
            model=options.model, base_url=options.base_url, output_dir=options.output_dir or folder
        )
        for path in options.files:
            cases = read_cases(path, options.limit)
            frame = judged(cases, evaluator, budget_usd=options.budget_usd, progress="none")
            print(report(f"{path.name}, judged by {evaluator.model}", frame) + "\n")
            if options.to is not None:
                frame.to_csv(options.to, index=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
