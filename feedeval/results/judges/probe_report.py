"""What probes found of a judge, as text for a terminal and as static HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from feedeval.formatting import clip, columns, counts_in_words, money, plain
from feedeval.html import Markup, definitions, escape, section, table
from feedeval.jobs.probes.probes import EXPECTED, Probe
from feedeval.records import Status
from feedeval.results.agreement.agreement import percent
from feedeval.results.judges.judge_comparison import judge_in_words
from feedeval.results.session import Session
from feedeval.results.stats import Interval

WRONG_SHOWN = 12
CHANGE_CELLS = 60
DONE: dict[Probe, str] = {
    Probe.ABLATION: "the answer’s fields are taken out",
    Probe.INSERTION: "an answer is added",
    Probe.SWAP: "the text is another product’s",
    Probe.SHUFFLE: "another order of fields and questions",
    Probe.FILLER: "marketing words are added",
    Probe.INJECTION: "the text orders a verdict",
    Probe.REPEAT: "the same is asked again",
    Probe.RUBRIC: "vague, half and false answers are added",
    Probe.LANGUAGE: "the answer is in another language",
}
_EXPECTED = {"not yes": "yes falls", "not no": "no rises", "no": "is no", "as before": "stays"} | {
    "as defined": "is as defined",
    "yes, quoted": "is yes, quoted as it stands",
}

Table = tuple[str, Sequence[str], list[tuple[object, ...]]]


@dataclass(frozen=True, eq=False)
class ProbeReport:
    """How often a judge is right on each kind of known case; shown as text by `print` and as tables in a notebook."""

    baseline: Session
    """What the judge said of the products as they stand."""
    session: Session
    """What it said of the changed ones."""
    products: int
    """Products that were probed."""
    verdicts: Mapping[str, int]
    """What the judge said of them as they stand, by verdict: one that always says the same shows here."""
    table: pd.DataFrame
    """A row a probe: probe (str), n (cases), right, products, not_planted (products without such a case), failed
    (changed products that could not be judged), not_judged (cases on which the judge gave no verdict: neither right nor
    wrong; all int64), rate, low, high (float64, 0 to 1; a 95 % interval that
    draws products), bar (the share from which the judge counts as good), verdict (str: good, suspect, too few cases,
    not tested)."""
    cases: pd.DataFrame
    """A row a case: probe, product_id, key, title, category, question, taxonomy, changed (what was done), expected,
    before (empty where a question was not asked before), after (str), right (bool), evidence_before, evidence_after,
    reason_after (str)."""
    refused: pd.DataFrame
    """Why products have no case of a kind: probe, reason (str), products (int64)."""

    @property
    def suspects(self) -> list[str]:
        """The probes on which the judge does not do what it should."""
        return [str(name) for name in self.table.loc[self.table["verdict"] == "suspect", "probe"]]

    def __str__(self) -> str:
        return text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html(self)


def text(found: ProbeReport) -> str:
    """Return the report for a terminal."""
    facts = _facts(found)
    room = max(map(len, facts))
    parts = ["\n".join(["Is the judge any good?", *map(plain, _notes(found))])]
    parts.append("\n".join(f"{name:<{room}}  {plain(value)}" for name, value in facts.items()))
    parts += [f"{name}\n" + columns(rows, header, indent="  ", width=120) for name, header, rows in _tables(found)]
    return "\n\n".join(parts)


def html(found: ProbeReport) -> Markup:
    """Return the report as static HTML."""
    notes = [Markup(f"<p><em>{escape(note)}</em></p>") for note in _notes(found)]
    tables = [section(name, table(rows, header)) for name, header, rows in _tables(found)]
    return section("Is the judge any good?", *notes, definitions(_facts(found)), *tables)


def _notes(found: ProbeReport) -> list[str]:
    notes = [found.session.note] if found.session.note else []
    if failed := int(found.table["failed"].sum()):
        stopped = found.session.status is not Status.FINISHED
        why = "It was stopped; the same call goes on" if stopped else f"See the failures of {found.session.id}"
        notes.append(f"Not judged: {failed:,} changed products, neither right nor wrong. {why}.")
    if silent := int(found.table["not_judged"].sum()):
        notes.append(f"In {silent:,} more cases the judge said that it could not tell: neither right nor wrong.")
    return notes


def _facts(found: ProbeReport) -> dict[str, str]:
    costs = [session.progress.cost_usd for session in (found.baseline, found.session)]
    priced = [cost for cost in costs if cost is not None]
    return {
        "In words": _in_words(found),
        "Judge": judge_in_words(found.session),
        "Baseline": f"{found.products:,} products as they stand (session {found.baseline.id})",
        "Verdicts": ", ".join(f"{n:,} {verdict}" for verdict, n in found.verdicts.items()),
        "Changed": counts_in_words(found.session.progress.counts),
        "Cost": money(sum(priced) if len(priced) == len(costs) else None),
    }


def _in_words(found: ProbeReport) -> str:
    said = [verdict for verdict, count in found.verdicts.items() if count]
    if len(said) == 1:
        return f"suspect: says {said[0]} to every question about every product"
    if found.suspects:
        return f"suspect: does not do what it should on {', '.join(found.suspects)}"
    tested = found.table[found.table["verdict"] == "good"]
    if tested.empty:
        return "nothing can be said: too few cases"
    rest = len(found.table) - len(tested)
    return "good on all probes" if not rest else f"good on {', '.join(tested['probe'])}; too few cases of the others"


def _tables(found: ProbeReport) -> Iterator[Table]:
    header = ("Probe", "What is done", "Verdict should", "Cases", "Products", "Right (95 %)", "Good from", "Judge")
    yield "How often it is right", header, [_row(row) for _, row in found.table.iterrows()]
    if len(found.refused):
        rows: list[tuple[object, ...]] = list(found.refused.itertuples(index=False, name=None))
        yield "Products without such a case", ("Probe", "Why", "Products"), rows
    wrong = found.cases[~found.cases["right"]]
    if len(wrong):
        shown = _spread(wrong)
        heads = ("Probe", "Product", "Question", "Changed", "Before", "After", "Quoted after")
        title = f"Cases that went wrong: {len(shown)} of {len(wrong):,}"
        yield title, heads, [_case(row) for _, row in shown.iterrows()]


def _row(row: pd.Series[str]) -> tuple[object, ...]:
    probe = Probe(row["probe"])
    share = percent(Interval(*(float(row[name]) for name in ("rate", "low", "high"))))
    counts = (f"{int(row['n']):,}", f"{int(row['products']):,}")
    shown = share if int(row["n"]) else "–"
    bar = f"{100 * float(row['bar']):.0f} %"
    return (probe.value, DONE[probe], _EXPECTED[EXPECTED[probe]], *counts, shown, bar, row["verdict"])


def _case(row: pd.Series[str]) -> tuple[object, ...]:
    words = (clip(plain(row[name]), CHANGE_CELLS) for name in ("changed", "evidence_after"))
    changed, quoted = words
    return (row["probe"], row["key"], row["question"], changed, row["before"], row["after"], quoted)


def _spread(wrong: pd.DataFrame) -> pd.DataFrame:
    """Return a few cases of each probe and one of a product, so that what mostly goes wrong hides nothing else."""
    each = max(1, WRONG_SHOWN // wrong["probe"].nunique())
    return wrong.drop_duplicates(["probe", "key"]).groupby("probe", sort=False).head(each)
