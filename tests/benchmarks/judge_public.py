"""Measure the embedded engine on public feeds: `python -m tests.benchmarks.judge_public --feeds FOLDER …`.

The cases of `tests/labelled/public_cases.csv` were labelled twice, blind; the feeds that they are about are not in the
repository. Prints how far the two labellings agree, which is the ceiling, and how far the engine agrees with what both
say and with each, raw and weighted, for all languages and by language. `held` is looked at once, at the end.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from feedeval.feed.reader import iter_feed
from feedeval.feed.text import content_hash, make_context, record_keys
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.records import Context, Question, Taxonomy
from feedeval.results.agreement.measure import agreement
from tests.benchmarks.judge_agreement import LABELLED, VERDICTS, read_lines

CASES = LABELLED / "public_cases.csv"
PARTS = ("dev", "held", "unseen", "other")
"""Two halves of the first feeds, by which patterns were written; sixteen other feeds, of which nobody read a case."""
BANK_LANGUAGES = ("en", "de", "fr", "es", "nl", "it", "pl", "cs", "pt", "ja")
"""The languages that the bank is to read; cases in others stand in a row of their own and count in no total."""
NOT_APPLICABLE = "not_applicable"
HASH_CHARS = 12
"""How many characters of `content_hash` a case keeps of the text that was labelled."""
Pair = tuple[str, str]


@dataclass(frozen=True)
class Case:
    """One case of the public part, with what two people and the engine said; `engine` is empty until it has judged."""

    case: str
    feed: str
    product: str
    language: str
    facet: str
    half: str
    verdict_a: str
    verdict_b: str
    context: str
    engine: str = ""

    @property
    def agreed(self) -> str:
        """The verdict of both labellings, or an empty string."""
        return self.verdict_a if self.verdict_a == self.verdict_b else ""

    @property
    def sensible(self) -> bool:
        """Whether neither labelling calls the question one that makes no sense for the product."""
        return NOT_APPLICABLE not in {self.verdict_a, self.verdict_b}

    @property
    def judged(self) -> bool:
        """Whether the engine gave one of the three verdicts that say something about the text."""
        return self.engine in VERDICTS


def read_cases(path: Path = CASES) -> list[Case]:
    """Return the cases of the file, with both labellings where they are filled in."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Case(**row) for row in csv.DictReader(file)]


def contexts(feed: Path) -> dict[str, Context]:
    """Return the text of every product of a feed by its key, and by `row N` where it has no id."""
    rows = list(iter_feed(feed))
    named = zip(record_keys(rows), rows, strict=True)
    return {
        key if row.get("id") else f"row {number}": make_context(row, None) for number, (key, row) in enumerate(named)
    }


def judge(cases: Iterable[Case], folders: Sequence[Path], say: Callable[[Context, str], str]) -> Iterator[Case]:
    """Yield the cases with the engine's verdict; where the text is not the one that was labelled, without it.

    Raises:
        FileNotFoundError: No folder holds the feed of a case.
    """
    by_feed = defaultdict(list)
    for case in cases:
        by_feed[case.feed].append(case)
    for name, those in by_feed.items():
        path = next((folder / name for folder in folders if (folder / name).exists()), None)
        if path is None:
            raise FileNotFoundError(f"none of the folders holds {name}")
        products = contexts(path)
        for case in those:
            context = products.get(case.product)
            same = context is not None and content_hash(context)[:HASH_CHARS] == case.context
            yield replace(case, engine=say(context, case.facet)) if context and same else case


def kappa(pairs: Sequence[Pair], weights: Sequence[float] | None = None) -> float:
    """Return Cohen's kappa of (reference, other) pairs, each counted with its weight (all alike without weights)."""
    weights = [1.0] * len(pairs) if weights is None else weights
    total = sum(weights)
    if not total:
        return float("nan")
    references, others = dict.fromkeys(VERDICTS, 0.0), dict.fromkeys(VERDICTS, 0.0)
    observed = 0.0
    for (reference, other), weight in zip(pairs, weights, strict=True):
        references[reference] += weight
        others[other] += weight
        observed += weight * (reference == other)
    expected = sum(references[verdict] * others[verdict] for verdict in VERDICTS) / total**2
    return (observed / total - expected) / (1 - expected) if expected < 1 else float("nan")


def weighted_kappa(pairs: Sequence[Pair], shares: Mapping[str, float]) -> float:
    """Return kappa as it would be if the reference gave its verdicts in `shares`.

    A pair weighs share wanted / share found of the reference's verdict: post-stratification (Holt and Smith 1979,
    doi:10.2307/2344652). So a part that is mostly *no* can be compared with one that is not: kappa falls with a skewed
    prevalence at the same sensitivity (Feinstein and Cicchetti 1990, doi:10.1016/0895-4356(90)90158-L). Verdicts that
    the reference never gives have no weight to carry, and the others share theirs.
    """
    found = Counter(reference for reference, _ in pairs)
    return kappa(pairs, [shares[reference] * len(pairs) / found[reference] for reference, _ in pairs])


def pabak(pairs: Sequence[Pair]) -> float:
    """Return the prevalence- and bias-adjusted kappa: (k · agreement - 1) / (k - 1) for k verdicts.

    Byrt, Bishop and Carlin 1993 (doi:10.1016/0895-4356(93)90018-V), for more than two verdicts Brennan and Prediger
    1981 (doi:10.1177/001316448104100307).
    """
    agreement = sum(a == b for a, b in pairs) / len(pairs) if pairs else float("nan")
    return (len(VERDICTS) * agreement - 1) / (len(VERDICTS) - 1)


def balanced_shares() -> dict[str, float]:
    """Return the shares of the verdicts in the fresh half of the invented products, to which kappa is weighted."""
    found = Counter(case["verdict"] for case in read_lines(LABELLED / "facet_cases_fresh.jsonl"))
    return {verdict: found[verdict] / found.total() for verdict in VERDICTS}


def ratio(hits: Iterable[bool]) -> float:
    """Return the share of true values; not a number where there are none."""
    values = list(hits)
    return sum(values) / len(values) if values else float("nan")


@dataclass(frozen=True)
class Figures:
    """What is measured over some cases; kappas are (raw, weighted, PABAK)."""

    cases: int
    labellings: tuple[float, float, float]
    agreed: tuple[float, float, float]
    with_a: tuple[float, float, float]
    with_b: tuple[float, float, float]
    precision: float
    recall: float
    judged: float


def measure(cases: Sequence[Case], shares: Mapping[str, float]) -> Figures:
    """Measure over the cases that make sense; what is said of the engine, but for `judged`, over what it judged."""
    cases = [case for case in cases if case.sensible]

    def three(pairs: Sequence[Pair]) -> tuple[float, float, float]:
        return kappa(pairs), weighted_kappa(pairs, shares), pabak(pairs)

    both = [(case.verdict_a, case.verdict_b) for case in cases]
    turned = [(b, a) for a, b in both]
    either = (weighted_kappa(both, shares) + weighted_kappa(turned, shares)) / 2  # neither labelling is the reference
    judged = [case for case in cases if case.judged]
    agreed = [(case.agreed, case.engine) for case in judged if case.agreed]
    return Figures(
        cases=len(cases),
        labellings=(kappa(both), either, pabak(both)),
        agreed=three(agreed),
        with_a=three([(case.verdict_a, case.engine) for case in judged]),
        with_b=three([(case.verdict_b, case.engine) for case in judged]),
        precision=ratio(human == "yes" for human, engine in agreed if engine == "yes"),
        recall=ratio(engine == "yes" for human, engine in agreed if human == "yes"),
        judged=ratio(case.judged for case in cases),
    )


def summary(cases: Sequence[Case], shares: Mapping[str, float]) -> str:
    """Return the figures of the bank's languages together, and a table by language."""
    known = [case for case in cases if case.language in BANK_LANGUAGES]
    all_of_them = measure(known, shares)
    lines = [f"{'':28}{'raw κ':>8}{'weighted':>10}{'PABAK':>8}"]
    for name, values in (
        ("the two labellings", all_of_them.labellings),
        ("engine, where both agree", all_of_them.agreed),
        ("engine, labelling a", all_of_them.with_a),
        ("engine, labelling b", all_of_them.with_b),
    ):
        lines.append(f"{name:28}{values[0]:8.2f}{values[1]:10.2f}{values[2]:8.2f}")
    apart = [case for case in known if not case.sensible]
    said = ", ".join(f"{verdict} {count}" for verdict, count in Counter(case.engine for case in apart).most_common())
    lines += [
        f"{all_of_them.cases} cases in the bank's languages; {len(apart)} more are not applicable by a labelling, "
        f"{sum(case.agreed == NOT_APPLICABLE for case in apart)} by both (engine: {said or 'nothing'})",
        f"yes-precision {all_of_them.precision:.3f}, yes-recall {all_of_them.recall:.3f}, "
        f"judged {all_of_them.judged:.1%}",
        "weighted: as if the verdicts came in the shares of the fresh half of the invented products",
        "",
        f"{'language':10}{'cases':>6}{'labellings':>12}{'engine κ':>10}{'weighted':>10}"
        f"{'PABAK':>8}{'precision':>11}{'recall':>8}{'judged':>8}",
    ]
    languages = dict.fromkeys([*BANK_LANGUAGES, *(case.language for case in cases)])
    for language in languages:
        if those := [case for case in cases if case.language == language]:
            one = measure(those, shares)
            lines.append(
                f"{language:10}{one.cases:6}{one.labellings[0]:12.2f}{one.agreed[0]:10.2f}{one.agreed[1]:10.2f}"
                f"{one.agreed[2]:8.2f}{one.precision:11.2f}{one.recall:8.2f}{one.judged:8.0%}"
            )
    return "\n".join(lines)


def in_detail(cases: Iterable[Case]) -> str:
    """Return what `fe.agreement` says where both labellings agree and the engine judged, with intervals by product."""
    rows = [
        (f"{case.feed} {case.product}", case.agreed, case.engine)
        for case in cases
        if case.language in BANK_LANGUAGES and case.sensible and case.agreed and case.judged
    ]
    if not rows:
        return ""
    table = pd.DataFrame(rows, columns=["product", "human", "engine"])
    return str(agreement(table, truth="human", prediction="engine", clusters="product"))


def main(argv: Sequence[str] | None = None) -> int:
    """Judge the cases of a half and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--feeds", type=Path, nargs="+", required=True, help="folders that hold the feeds")
    parser.add_argument("--half", choices=PARTS, default="dev", help="which part of the cases")
    parser.add_argument("--disagreements", action="store_true", help="list the cases of dev that differ")
    options = parser.parse_args(argv)
    cases = [case for case in read_cases() if case.half == options.half]
    if lacking := sum(not (case.verdict_a and case.verdict_b) for case in cases):
        parser.error(f"{lacking} cases of {options.half!r} are not labelled twice yet")
    engine = OfflineEngine()

    def say(context: Context, facet: str) -> str:
        [judgement] = engine.judge(context, [Question(text=facet, taxonomy=Taxonomy.SPECS, facet=facet)])
        return judgement.verdict.value

    try:
        judged = list(judge(cases, options.feeds, say))
    except FileNotFoundError as error:
        parser.error(str(error))
    same = [case for case in judged if case.engine]
    print(f"embedded engine {engine.version}, public feeds, {options.half}\n")
    if changed := [case.case for case in judged if not case.engine]:
        print(f"left out, as the feed is now read otherwise than when it was labelled: {', '.join(changed)}\n")
    print(summary(same, balanced_shares()))
    print(f"\n{in_detail(same)}\n")
    for case in same if options.disagreements and options.half == "dev" else ():
        if case.engine != case.agreed:
            place = f"{case.feed} {case.product}"
            print(f"  {case.case} {case.facet}: {case.verdict_a}/{case.verdict_b} -> {case.engine} ({place})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
