"""The embedded engine's verdicts on the labelled products, as they were stored: `python -m tests.labelled.verdicts`.

A change that makes the engine faster must not change one of them; a change of its patterns does, and stores them anew
by that command. Every facet of the bank is judged for every product, beside the facets that the products were labelled
for. Of the part that is held back only a digest is stored, so that a difference shows nothing of its products.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from feedeval.feed.text import make_context
from feedeval.jobs.offline.bank import load_bank
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.records import Question, Verdict
from tests.benchmarks.judge_agreement import DEVELOPMENT, FRESH, LABELLED, read_lines

STORED = Path(__file__).with_name("verdicts.tsv")
_HEADER = "part\tproduct\tfacet\tverdict\tattribute\tdigest of evidence and reason\n"


def verdicts_of(part: str, engine: OfflineEngine) -> Iterator[str]:
    """Yield a line a product and facet on which the engine has anything to say."""
    facets = load_bank().facets.values()
    questions = [Question(text=facet.wording("en"), taxonomy=facet.taxonomy, facet=facet.id) for facet in facets]
    for product in read_lines(LABELLED / f"products_{part}.jsonl"):
        judgements = engine.judge(make_context(product["fields"], None), questions)
        for question, found in zip(questions, judgements, strict=True):
            if found.verdict is not Verdict.NO:
                said = hashlib.blake2b(f"{found.evidence}\0{found.reason}".encode(), digest_size=4).hexdigest()
                told = (part, product["product_id"], question.facet, found.verdict.value, found.attribute, said)
                yield "\t".join(map(str, told))


def verdicts() -> str:
    """Return what the file holds for the engine as it is."""
    engine = OfflineEngine()
    lines = [line for part in DEVELOPMENT for line in verdicts_of(part, engine)]
    held_back = hashlib.blake2b("\n".join(verdicts_of(FRESH, engine)).encode(), digest_size=16).hexdigest()
    return _HEADER + "".join(f"{line}\n" for line in [*lines, f"{FRESH}\tall\tall\tdigest\t\t{held_back}"])


if __name__ == "__main__":
    STORED.write_text(verdicts(), encoding="utf-8")
    print(f"{STORED}: {len(STORED.read_text(encoding='utf-8').splitlines()) - 1:,} verdicts stored")
