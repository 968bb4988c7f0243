"""What probes found of a judge, as text for a terminal and as static HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from feedeval.html import Markup, definitions, escape, section, table
from feedeval.jobs.probes import EXPECTED, Probe
from feedeval.records import Status
from feedeval.results.agreement_words import percent
from feedeval.results.judges_words import judge_in_words
from feedeval.results.plaintext import clip, columns, plain
from feedeval.results.session import counts_in_words, money
from feedeval.results.stats import Interval

if TYPE_CHECKING:
    from feedeval.results.probing import ProbeReport

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
}
_EXPECTED = {"not yes": "yes falls", "not no": "no rises", "no": "is no", "as before": "stays"}

Table = tuple[str, Sequence[str], list[tuple[object, ...]]]


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
