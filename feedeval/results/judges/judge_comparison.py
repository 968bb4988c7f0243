"""What another judge says, as text for a terminal and as static HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from feedeval.formatting import clip, columns, money, plain
from feedeval.html import Markup, definitions, escape, section, table
from feedeval.results.agreement.agreement import Agreement, percent
from feedeval.results.cases import StoredEffort
from feedeval.results.session import Session
from feedeval.results.stats import Interval

GROUPS_SHOWN = 14
FLIPS_SHOWN = 12
QUOTED_CELLS = 60
_FLIP_HEADS = ("Product", "Question", "Before", "After", "Quoted before", "Quoted after")

Table = tuple[str, Sequence[str], list[tuple[object, ...]]]


@dataclass
class JudgeEffort:
    """What judging the compared products took, whenever it was done and whoever paid for it; copies count once."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    """None where the model has no known price."""
    latency_s: float = 0.0
    """Waiting for replies, added up over all calls, whether or not they were out at the same time."""

    def add(self, effort: StoredEffort) -> None:
        """Count one product's judgement in."""
        priced = self.cost_usd is not None and effort.cost_usd is not None
        self.calls += effort.calls
        self.input_tokens += effort.usage.input_tokens
        self.output_tokens += effort.usage.output_tokens
        self.cost_usd = (self.cost_usd or 0.0) + (effort.cost_usd or 0.0) if priced else None
        self.latency_s += effort.latency_ms / 1000


@dataclass(frozen=True, eq=False)
class JudgeComparison:
    """What another judge says of the questions of an audit; shown as text by `print` and as tables in a notebook.

    `before` is the audit's judge, `after` the other one. Neither is taken to be right.
    """

    before: Session
    """The audit."""
    after: Session
    """The session of the other judge."""
    products: int
    """Products that both have judged."""
    missing: int
    """Products that the other judge was to judge and has not: they failed, or it was stopped."""
    questions: int
    """Judgements compared."""
    agreement: Agreement
    """Kappa, confusion and the rest, with the audit's verdict in the place of the truth; intervals draw products. What
    the audit did not judge is left out; what the other did not judge counts as not the same."""
    flipped: Interval
    """Share of the judgements that differ, with an interval that draws products."""
    flips: pd.DataFrame
    """A row a judgement that differs: product_id, key, title, category (str), number (Int64), question, taxonomy (str),
    required (bool), before, after, evidence_before, evidence_after, reason_before, reason_after (str)."""
    by_taxonomy: pd.DataFrame
    """A row a taxonomy, most flips first: taxonomy (str), n, flips, milder, stricter (int64), rate, low, high (float64,
    0 to 1, drawn by product). Milder: the other judge rates the answer higher."""
    by_category: pd.DataFrame
    """The same, a row a category of products."""
    coverage_before: Interval
    """Mean coverage of the compared products, 0 to 100."""
    coverage_after: Interval
    coverage_change: Interval
    """After minus before, in points, product by product."""
    effort_before: JudgeEffort
    effort_after: JudgeEffort

    def __str__(self) -> str:
        return text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html(self)


def text(found: JudgeComparison) -> str:
    """Return the comparison for a terminal."""
    facts = _facts(found)
    room = max(map(len, facts))
    parts = ["\n".join([plain(_title(found)), *map(plain, _notes(found))])]
    parts.append("\n".join(f"{name:<{room}}  {plain(value)}" for name, value in facts.items()))
    parts += [f"{name}\n" + columns(rows, header, indent="  ") for name, header, rows in _tables(found)]
    return "\n\n".join(parts)


def html(found: JudgeComparison) -> Markup:
    """Return the comparison as static HTML."""
    notes = [Markup(f"<p><em>{escape(note)}</em></p>") for note in _notes(found)]
    tables = [section(name, table(rows, header)) for name, header, rows in _tables(found)]
    return section(_title(found), *notes, definitions(_facts(found)), *tables)


def _title(found: JudgeComparison) -> str:
    return f"Another judge on session {found.before.id}: what differs"


def _notes(found: JudgeComparison) -> list[str]:
    notes = dict.fromkeys(filter(None, (found.before.note, found.after.note)))
    if found.missing:
        whole = found.products + found.missing
        notes[f"Not judged again: {found.missing:,} of {whole:,} products. See the failures of {found.after.id}."] = (
            None
        )
    return list(notes)


def _facts(found: JudgeComparison) -> dict[str, str]:
    kappa = found.agreement.kappa
    return {
        "Before": judge_in_words(found.before),
        "After": judge_in_words(found.after),
        "Compared": f"{found.questions:,} judgements of {found.products:,} products",
        "Differ": f"{len(found.flips):,} judgements, {percent(found.flipped)}",
        "Cohen’s kappa": "not defined" if kappa.estimate != kappa.estimate else f"{kappa:.2f}",
        "Coverage before": _covered(found.coverage_before),
        "Coverage after": _covered(found.coverage_after),
        "Change": "not known" if _unknown(found.coverage_change) else f"{found.coverage_change:+.1f} points",
    }


def _covered(coverage: Interval) -> str:
    return "none: too little was judged" if _unknown(coverage) else percent(coverage.scaled(0.01))


def _unknown(found: Interval) -> bool:
    return found.estimate != found.estimate


def judge_in_words(session: Session) -> str:
    """Return who judged: model, endpoint, version of the instructions, and the session."""
    of = session.progress.fingerprint
    return f"{of['model']} at {of['endpoint']}, instructions {of['prompts']} (session {session.id})"


def _tables(found: JudgeComparison) -> Iterator[Table]:
    efforts = (("before", found.effort_before), ("after", found.effort_after))
    header = ("", "Calls", "Input tokens", "Output tokens", "Cost", "Waiting for replies")
    yield "What judging these products takes", header, [_effort_row(name, effort) for name, effort in efforts]
    counts = found.agreement.confusion
    rows: list[tuple[object, ...]] = [
        (f"before: {label}", *map(int, row)) for label, row in zip(counts.index, counts.to_numpy(), strict=True)
    ]
    yield "Verdicts", ("", *(f"after: {label}" for label in counts.columns)), rows
    if found.flips.empty:
        return
    for name, frame in (("taxonomy", found.by_taxonomy), ("category", found.by_category)):
        heads = (name.capitalize(), "Judgements", "Differ", "After milder", "After stricter", "Share")
        yield f"What differs, by {name}", heads, _group_rows(frame)
    shown = found.flips.head(FLIPS_SHOWN)
    title = f"The first {len(shown)} of {len(found.flips):,} judgements that differ"
    yield title, _FLIP_HEADS, [_flip_row(row) for _, row in shown.iterrows()]


def _effort_row(name: str, effort: JudgeEffort) -> tuple[object, ...]:
    tokens = (f"{effort.input_tokens:,}", f"{effort.output_tokens:,}")
    cost = "not known" if effort.cost_usd is None else money(effort.cost_usd)
    return (name, f"{effort.calls:,}", *tokens, cost, f"{effort.latency_s:,.1f} s")


def _group_rows(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    differing = frame[frame["flips"] > 0].head(GROUPS_SHOWN)
    return [
        (name or "(not stated)", f"{n:,}", f"{flips:,}", f"{milder:,}", f"{stricter:,}", percent(Interval(*share)))
        for name, n, flips, milder, stricter, *share in differing.itertuples(index=False)
    ]


def _flip_row(row: pd.Series[str]) -> tuple[object, ...]:
    quoted = (clip(plain(row[name]), QUOTED_CELLS) for name in ("evidence_before", "evidence_after"))
    return (row["key"], row["question"], row["before"], row["after"], *quoted)
