"""What a judge's prompt takes: tokens a product, now and with the prompts of version 1.

Counted with `o200k_base` where `bpe-openai` or `tiktoken` can be loaded, else at four characters a token, as everywhere
in feedeval where an endpoint says nothing. Replies are those that a model would write which judges as the embedded
engine does: its verdicts, its quotes as far as the prompt lets them go (they are longer than a model's), and a reason
of eleven words where one is wanted.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Sequence
from itertools import islice, takewhile
from pathlib import Path
from statistics import fmean

from feedeval.feed.reader import iter_feed
from feedeval.feed.text import make_context
from feedeval.jobs import earlier_prompts, prompts
from feedeval.jobs.engine import Prompts
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.records import Context, Judgement, Question, Verdict
from tests.benchmarks.figures import Figure

SAMPLE_FEED = Path(__file__).parents[2] / "notebooks" / "data" / "sample_feed.xml"
FEEDS = ("importpc_cz_rss_1255.xml", "lecc_us_google_160.tsv")
QUESTIONS = 12
PRODUCTS = 100
MOST_OUTPUT_SHARE = 0.77
"""330 tokens of the 426 that a reply to twelve questions had."""
CACHE_FROM, CACHE_STEP = 1024, 128
"""What OpenAI caches of a prompt: from so many tokens, in such steps (its guide to prompt caching)."""
REASON = "The text says this much, and a buyer would ask further."

Tokens = Callable[[str], Sequence[object]]


def prompt_tokens(*, products: int = PRODUCTS) -> list[Figure]:
    """Measure both prompts on a few feeds."""
    name, tokens = _tokenizer()
    versions: list[tuple[str, Prompts]] = [("before", earlier_prompts), ("now", prompts)]
    figures = []
    engine = OfflineEngine()
    for path in _feeds():
        contexts = [make_context(product, None) for product in islice(iter_feed(path), products)]
        asked = engine.question_set(contexts, category="", num_questions=QUESTIONS).questions
        judged = [engine.judge(context, asked) for context in contexts]
        written = {}
        for when, version in versions:
            figures += _input(f"{path.stem}, {when}", version, contexts, asked, tokens)
            written[when] = fmean(len(tokens(_reply(judgements, version))) for judgements in judged)
            figures.append(Figure(f"{path.stem}, {when}: output", written[when], "tok", note=f"mean; {name}"))
        share = written["now"] / written["before"]
        figures.append(Figure(f"{path.stem}: output now, of that before", share, at_most=MOST_OUTPUT_SHARE))
    return figures


def _input(
    name: str, version: Prompts, contexts: Sequence[Context], asked: Sequence[Question], tokens: Tokens
) -> list[Figure]:
    given = [version.judge_prompt(context, asked, "en-GB") for context in contexts]
    counted = [tokens(prompt.system + prompt.user) for prompt in given]
    first, *others = counted
    shared = min(_common(first, other) for other in others)
    cached = shared // CACHE_STEP * CACHE_STEP if shared >= CACHE_FROM else 0
    whole = fmean(map(len, counted))
    target = CACHE_FROM if version is prompts else None
    return [
        Figure(f"{name}: input shared by the category", shared, "tok", at_least=target),
        Figure(f"{name}: of it billed as cached", cached, "tok"),
        Figure(f"{name}: input of the product's own", whole - shared, "tok", note="mean"),
    ]


def _reply(judgements: Sequence[Judgement], version: Prompts) -> str:
    drafts = [_draft(number, judgement, version) for number, judgement in enumerate(judgements, start=1)]
    return json.dumps({"judgements": drafts}, ensure_ascii=False, separators=(",", ":"))


def _draft(number: int, judged: Judgement, version: Prompts) -> dict[str, object]:
    attribute = re.split(r",| \(", judged.attribute)[0]
    if version is earlier_prompts:
        said = {"number": number, "verdict": judged.verdict, "evidence": _words(judged.evidence, 25)}
        return {**said, "attribute": attribute, "reason": REASON}
    said = {
        "number": number,
        "evidence": _words(judged.evidence, 15),
        "attribute": attribute,
        "verdict": judged.verdict,
    }
    return {**said, "reason": REASON if judged.verdict is Verdict.PARTIAL else ""}


def _words(text: str, most: int) -> str:
    return " ".join(text.split()[:most])


def _common(one: Sequence[object], other: Sequence[object]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _feeds() -> list[Path]:
    folder = Path(__file__).parents[3] / "shared" / "feeds"
    found = [folder / name for name in FEEDS if (folder / name).is_file()]
    return found or [SAMPLE_FEED]


def _tokenizer() -> tuple[str, Tokens]:
    for module in ("bpe_openai", "tiktoken"):
        try:
            encoding = importlib.import_module(module).get_encoding("o200k_base")
        except Exception:  # not installed, or its table of tokens is not on this machine
            continue
        return "o200k_base", encoding.encode
    return "four characters a token", lambda text: [text[at : at + 4] for at in range(0, len(text), 4)]
